"""NGS plays: a small file made here, with the dirt that real ones have; and what is wrong with a file, in one sentence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.nfl.columns import YD
from simulators.providers import read
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.factory import operator_for
from streaming.wire.records import Event, Telemetry
from tests.streaming import helpers

ROLES = ("QB", "RB", "T", "G", "C", "G", "T", "TE", "WR", "WR", "WR")
DEFENCE = ("DE", "DT", "DT", "DE", "OLB", "MLB", "OLB", "CB", "CB", "SS", "FS")
LABELS = {0: "line_set", 10: "ball_snap", 30: "pass_forward", 45: "pass_arrived", 48: "pass_outcome_caught", 60: "tackle"}


def frames_of(game: int, play: int, direction: str = "right", rows: int = 70) -> dict[str, list[Any]]:
    """A pass to the first receiver, from the 40 of the field towards ``direction``; yards."""
    way = 1.0 if direction == "right" else -1.0
    out: dict[str, list[Any]] = {
        name: []
        for name in (
            "gameId",
            "playId",
            "time",
            "event",
            "nflId",
            "displayName",
            "jerseyNumber",
            "position",
            "teamAbbr",
            "homeTeamFlag",
            "possessionFlag",
            "x",
            "y",
            "s",
        )
    }
    for k in range(rows):
        stamp = np.datetime64("2018-09-09T20:00:00") + np.timedelta64(100 * k, "ms")
        run_yd = max(k - 10, 0) * 0.7
        catcher = (60.0 + way * (run_yd - 0.5), 45.0)
        if k < 10:
            ball = (60.0, 26.0)
        elif k < 30:
            ball = (60.0 - way * 5.0, 26.0)
        else:
            share = min((k - 30) / 15.0, 1.0)
            ball = (60.0 - way * 5.0 + share * (catcher[0] - 60.0 + way * 5.0), 26.0 + share * 19.0)
        for side in range(2):
            for n in range(11):
                u, v = (-5.0 if n == 0 else -1.0, 26.0 + 2.0 * (n - 3)) if side == 0 else (4.0, 26.0 + 2.0 * (n - 5))
                x, y = catcher if (side, n) == (0, 8) else (60.0 + way * u, v if (side, n) != (0, 0) else 26.0)
                _row(out, game, play, stamp, k, 1000 * side + n + 1, f"Man {side}{n}", (ROLES, DEFENCE)[side][n], side, x, y)
        _row(out, game, play, stamp, k, None, "ball", None, None, *ball)
    return out


def _row(
    out: dict[str, list[Any]],
    game: int,
    play: int,
    stamp: Any,
    k: int,
    ident: int | None,
    name: str,
    position: str | None,
    side: int | None,
    x: float,
    y: float,
) -> None:
    values = (
        game,
        play,
        stamp,
        LABELS.get(k),
        ident,
        name,
        None if ident is None else ident % 100,
        position,
        None if side is None else ("HOM", "AWY")[side],
        None if side is None else float(side == 0),
        None if side is None else float(side == 0),
        x,
        y,
        0.0,
    )
    for column, value in zip(out, values, strict=True):
        out[column].append(value)


def plays_of(rows: list[tuple[int, int, str]]) -> dict[str, list[Any]]:
    return {
        "gameId": [r[0] for r in rows],
        "playId": [r[1] for r in rows],
        "preSnapHomeScore": [7] * len(rows),
        "preSnapVisitorScore": [3] * len(rows),
        "playDirection": [r[2] for r in rows],
        "quarter": [2] * len(rows),
        "gameClock": ["05:30"] * len(rows),
        "down": [2] * len(rows),
        "yardsToGo": [8] * len(rows),
        "absoluteYardlineNumber": [60] * len(rows),
    }


def write(folder: Path, plays: dict[str, list[Any]], frames: dict[str, list[Any]]) -> list[Path]:
    files = [folder / "plays.parquet", folder / "tracking.parquet"]
    for path, columns in zip(files, (plays, frames), strict=True):
        pq.write_table(pa.table(columns), path)
    return files


def event_values(out: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for update in helpers.updates(out, "final"):
        if update.event is not None:
            found.setdefault(update.stat, []).append(update.value)
    return found


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two plays of two games, one towards either end, the second with a frame in two rows, a player missing and one far away."""
    one, two = frames_of(1, 10), frames_of(2, 20, "left")
    for column in two:
        two[column] += two[column][23 * 20 : 23 * 21]  # frame 20 again
    lost = [i for i, name in enumerate(two["displayName"]) if name == "Man 15" and 30 <= i // 23 < 50]
    two = {name: [v for i, v in enumerate(values) if i not in set(lost)] for name, values in two.items()}
    two["x"][two["displayName"].index("Man 17")] = 300.0
    return write(tmp_path, plays_of([(1, 10, "right"), (2, 20, "left")]), {c: one[c] + two[c] for c in one})


def test_all_plays_stand_one_after_the_other(files: list[Path]) -> None:
    imported = read("ngs", files)
    record = imported.record
    assert [p.home_attacks for p in record.periods] == [1, -1]
    assert record.periods[1].start_us - (record.periods[0].end_us or 0) >= 5_000_000
    assert {e.role for e in record.entities} == {"passer", "back", "line", "end", "receiver", "rusher", "backer", "cover", "ball"}
    records = list(imported.stream())
    assert sum(len(r) for r in records if isinstance(r, Telemetry)) == imported.samples == 2 * 70 * 23 + 23 - 20
    kinds = Counter(r.type for r in records if isinstance(r, Event))
    assert kinds["down"] == kinds["ball_snap"] == kinds["pass_arrived"] == kinds["tackle"] == 2
    arrivals = [r.arrival_us if isinstance(r, Event) else int(r.arrival_us[-1]) for r in records]
    assert arrivals == sorted(arrivals)


def test_positions_state_and_players_of_a_play(files: list[Path]) -> None:
    imported = read("ngs", files, "2/20")
    assert {e.name for e in imported.record.entities} >= {"Man 08", "Man 17", "Ball"}
    by_type = {r.type: r for r in imported.stream() if isinstance(r, Event)}
    assert by_type["down"].attrs["to_goal_yd"] == 50.0
    assert by_type["down"].attrs["clock_s"] == 330.0 + 1800.0
    assert by_type["ball_snap"].player == "1"
    assert by_type["pass_arrived"].player == "9"
    assert by_type["tackle"].team == "home"
    assert by_type["ball_snap"].x_m == pytest.approx(5.0 * YD, abs=0.01), "five yards behind the middle, the other way"


def test_an_operator_accepts_the_recording_and_counts_what_it_rejects(files: list[Path]) -> None:
    imported = read("ngs", files)
    operator = operator_for(imported.record)
    out = helpers.play(operator, list(imported.stream()))
    assert operator.metrics.counts["duplicate", "duplicate"] == 23
    assert helpers.dead(out) == {"outside the field": 1}
    shown = event_values(out)
    assert shown["nfl.passer.time_to_throw"] == pytest.approx([2.0, 2.0])
    # the catch: 45 frames in, 35 of them running 0.7 yd, from half a yard behind the line
    assert shown["nfl.pass.air_yards"] == pytest.approx([35 * 0.7 - 0.5] * 2, abs=0.01)
    assert shown["nfl.pass.air_yards_to_sticks"] == pytest.approx([35 * 0.7 - 0.5 - 8.0] * 2, abs=0.01)


@pytest.mark.parametrize(
    ("pick", "sentence"),
    [("9", "has no play 9"), ("1/99", "has no play 1/99"), ("one", "GAME or GAME/PLAY")],
)
def test_an_unknown_pick_is_bad_input(files: list[Path], pick: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read("ngs", files, pick)


def test_a_bad_file_is_one_sentence(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"ngs needs the tracking \(tracking.parquet\), and got plays.parquet"):
        read("ngs", files[:1])
    empty = tmp_path / "bad"
    empty.mkdir()
    lame = frames_of(1, 10)
    del lame["x"]
    with pytest.raises(BadInput, match="no ngs file: it has no column x"):
        read("ngs", write(empty, plays_of([(1, 10, "right")]), lame))
    with pytest.raises(BadInput, match="has no frames of the play 5/5"):
        read("ngs", write(empty, plays_of([(5, 5, "right")]), frames_of(1, 10)))


def test_the_command_takes_a_pick_and_others_refuse_one(
    files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "REC"
    assert run(["import", "ngs", *map(str, files), "--pick", "1", "--out", str(out)]) == 0
    assert "AWY at HOM, 1 play, 1,610 samples" in capsys.readouterr().out
    assert run(["import", "zxy", str(files[0]), "--pick", "1", "--out", str(tmp_path / "no")]) == 2
    assert "nothing to pick" in capsys.readouterr().err
