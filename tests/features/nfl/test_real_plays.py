"""Three named real plays, worked out again from the file without anything of ours, beside what the operator says of them; and all
plays of the file through import and operator."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulators.providers import read
from streaming.factory import operator_for
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event
from tests.streaming import helpers

pytestmark = pytest.mark.real

#: game, play, passer, receiver: Cousins to Thielen, 2018; Goff to Kupp, 2018; Roethlisberger to McDonald, 2018
PLAYS = (
    (2018091602, 3925, "Kirk Cousins", "Adam Thielen"),
    (2018092310, 2372, "Jared Goff", "Cooper Kupp"),
    (2018092400, 539, "Ben Roethlisberger", "Vance McDonald"),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    return real_data / "nfl_ngs_highlights"


@lru_cache
def shown(folder: Path, game: int, play: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Event values by stat, last window values by (stat, subject), names by id."""
    imported = read("ngs", [folder / "plays.parquet", folder / "tracking.parquet"], f"{game}/{play}")
    out = helpers.play(operator_for(imported.record), list(imported.stream()))
    events: dict[str, Any] = {}
    windows: dict[str, Any] = {}
    for update in helpers.updates(out, "final"):
        if update.event is not None:
            events.setdefault(update.stat, update)
        elif isinstance(update.value, float):
            windows[f"{update.stat} {update.subject}"] = update.value
    return events, windows, {e.id: e.name for e in imported.record.entities}


@lru_cache
def by_hand(folder: Path, game: int, play: int) -> dict[str, Any]:
    """Straight from the file: frames in the order of time, one row per man."""
    rows = pq.read_table(
        folder / "tracking.parquet",
        filters=[("gameId", "=", game), ("playId", "=", play)],
        columns=["time", "event", "displayName", "position", "possessionFlag", "x", "y"],
    ).to_pylist()
    stamps = sorted({row["time"] for row in rows})
    at = {stamp: k for k, stamp in enumerate(stamps)}
    place: dict[str, dict[int, tuple[float, float]]] = {}
    label: dict[str, int] = {}
    for row in rows:
        place.setdefault(row["displayName"], {})[at[row["time"]]] = (row["x"], row["y"])
        if row["event"]:
            label.setdefault(row["event"], at[row["time"]])
    attack = {row["displayName"] for row in rows if row["possessionFlag"] == 1.0}
    defend = {row["displayName"] for row in rows if row["possessionFlag"] == 0.0}
    return {"place": place, "label": label, "attack": attack, "defend": defend, "stamps": stamps}


def way(game: int) -> float:
    """Goff's Rams went to the left of the picture, the others to the right."""
    return -1.0 if game == 2018092310 else 1.0


def nearest(play: dict[str, Any], who: str, frame: int) -> float:
    x, y = play["place"][who][frame]
    return min(np.hypot(play["place"][d][frame][0] - x, play["place"][d][frame][1] - y) for d in play["defend"])


@pytest.mark.parametrize(("game", "play", "passer", "receiver"), PLAYS, ids=lambda v: str(v))
def test_a_pass_by_hand(folder: Path, game: int, play: int, passer: str, receiver: str) -> None:
    events, _windows, names = shown(folder, game, play)
    hand = by_hand(folder, game, play)
    snap, throw, arrive = (hand["label"][word] for word in ("ball_snap", "pass_forward", "pass_arrived"))
    took = (hand["stamps"][throw] - hand["stamps"][snap]).total_seconds()
    assert names[events["nfl.passer.time_to_throw"].subject] == passer
    assert events["nfl.passer.time_to_throw"].value == pytest.approx(took, abs=1e-6)
    # a second and more before the label of the snap the ball lies on the line
    ball = hand["place"]["ball"]
    line = ball[snap - 12][0]
    air = way(game) * (ball[arrive][0] - line)
    assert events["nfl.pass.air_yards"].value == pytest.approx(air, abs=0.15)
    far = np.hypot(ball[arrive][0] - ball[throw][0], ball[arrive][1] - ball[throw][1])
    assert events["nfl.pass.air_distance"].value == pytest.approx(far, abs=1e-3)
    assert names[events["nfl.receiver.separation_at_arrival"].subject] == receiver
    assert events["nfl.receiver.separation_at_arrival"].value == pytest.approx(nearest(hand, receiver, arrive), abs=1e-3)
    assert events["nfl.receiver.separation_at_throw"].value == pytest.approx(nearest(hand, receiver, throw), abs=1e-3)
    tight = nearest(hand, receiver, arrive) < 1.0
    assert events["nfl.pass.tight_window"].value == float(tight)


@pytest.mark.parametrize(("game", "play", "passer", "receiver"), PLAYS, ids=lambda v: str(v))
def test_get_off_and_cushion_by_hand(folder: Path, game: int, play: int, passer: str, receiver: str) -> None:
    _events, windows, names = shown(folder, game, play)
    hand = by_hand(folder, game, play)
    snap = hand["label"]["ball_snap"]
    end = hand["label"]["pass_forward"]
    line = hand["place"]["ball"][snap - 12][0]
    ours = {names[key.split()[1]]: value for key, value in windows.items() if key.startswith("nfl.defender.get_off ")}
    found = 0
    for who in hand["defend"]:
        depth = [way(game) * (hand["place"][who][k][0] - line) for k in range(snap, end + 1)]
        crossed = next((k for k in range(1, len(depth)) if depth[k - 1] > 0.0 >= depth[k]), None)
        if crossed is None:
            continue
        # straight between two frames a tenth apart; the line may be a few inches off, and a slow man takes his time over them
        slope = depth[crossed - 1] - depth[crossed]
        expected = 0.1 * (crossed - 1 + depth[crossed - 1] / slope)
        assert ours[who] == pytest.approx(expected, abs=0.02 + 0.015 / slope), who
        found += 1
    assert found >= 2
    cushions = {names[key.split()[1]]: value for key, value in windows.items() if key.startswith("nfl.receiver.cushion ")}
    assert cushions[receiver] == pytest.approx(nearest(hand, receiver, snap), abs=1e-3)


@pytest.mark.slow
def test_all_plays_run_clean(folder: Path) -> None:
    imported = read("ngs", [folder / "plays.parquet", folder / "tracking.parquet"])
    operator = operator_for(imported.record, draw=False, provisional=False)
    records = list(imported.stream())
    out = helpers.play(operator, records)
    snaps = sum(isinstance(r, Event) and r.type == "ball_snap" for r in records)
    assert snaps >= 155
    reasons = helpers.dead(out)
    assert set(reasons) <= {"outside the field", "teleport", "conflicting sample"}, reasons
    assert sum(reasons.values()) < 0.001 * imported.samples
    counted: dict[str, int] = {}
    for block in out:
        if isinstance(block, StatBlock) and block.quality == "final" and block.event is not None:
            known = sum(update.value is not None for update in block.updates(0))
            counted[block.stat] = counted.get(block.stat, 0) + known
    passes = sum(isinstance(r, Event) and r.type == "pass_forward" for r in records)
    assert counted["nfl.passer.time_to_throw"] >= 0.95 * passes
    assert counted["nfl.pass.air_yards"] >= 0.9 * passes
    assert counted["nfl.defense.men_in_box"] >= 0.95 * snaps
