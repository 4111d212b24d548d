"""Events of a real match, never synchronised with its tracking, find their frames."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from features.core.event_context import EventContext
from features.core.frames import Field, Frames, Roster
from features.soccer.align import align
from tests.features.soccer.events import NAN
from tests.paths import DATA

FOLDER = DATA / "soccer_tracab_opta"
SEARCH_S = 5.0


@pytest.mark.real
@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no real match in {FOLDER}")
def test_most_real_events_are_found_at_the_ball() -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(FOLDER / "tracking.parquet")
    names = [c[:-2] for c in table.column_names if c.endswith("_x") and c != "ball_x"]
    roster = Roster.of([(n, int(n[:4] == "away"), "player") for n in names] + [("ball", -1, "ball")], ("home", "away"))
    xyz = np.full((len(table), len(roster), 3), np.nan)
    for n, name in enumerate(roster.ids):
        xyz[:, n, 0], xyz[:, n, 1] = table[f"{name}_x"].to_numpy(), table[f"{name}_y"].to_numpy()
    t = table["time_s"].to_numpy()
    ones = np.ones(len(t), np.int8)
    frames = Frames(
        roster,
        Field(104.9, 67.8),
        dt_s=0.04,
        hop=5,
        span=10,
        t=t,
        xyz=xyz,
        period=ones,
        attack=ones,
        signals={},
        state={},
        lo=0,
        hi=len(t),
    )

    def to_ball(player: int, row: int) -> float:
        return float(np.hypot(*(xyz[row, player, :2] - xyz[row, -1, :2])))

    with (FOLDER / "events.csv").open(encoding="utf-8") as lines:
        events = [
            e for e in csv.DictReader(lines) if e["databallpy_event"] and e["player_name"] and 0.0 <= float(e["time_s"]) < 355.0
        ]
    offsets, reported, found = [], [], []
    for e in events:
        player, t_s = roster.index[e["player_name"]], float(e["time_s"])
        moment = EventContext(
            id=e["event_id"],
            type=e["databallpy_event"],
            t_s=t_s,
            period=1,
            team=int(roster.team[player]),
            player=player,
            x_m=float(e["start_x"]),
            y_m=float(e["start_y"]),
            end_x_m=NAN,
            end_y_m=NAN,
            outcome="",
            attack=1,
            attrs={},
        )
        lo, hi = int(np.searchsorted(t, t_s - SEARCH_S)), int(np.searchsorted(t, t_s + SEARCH_S))
        row = align(frames, moment, lo, hi)
        offsets.append(t[row] - t_s)
        reported.append(to_ball(player, frames.row_at(t_s)))
        found.append(to_ball(player, row))
    assert len(events) == 75
    # the event clock runs some 2.6 s ahead: at the reported time hardly anybody is at the ball
    assert np.mean(np.array(reported) < 2.0) < 0.1
    assert np.mean(np.array(found) < 2.0) > 0.94
    assert -2.8 < np.median(offsets) < -2.4
    assert (np.quantile(offsets, [0.1, 0.9]) < [-3.0, -1.2]).all()
