"""Thresholds of what is worth saying, worked out by hand from a few events; the written module is what the command writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.data import thresholds
from models.data.wyscout import read_events
from tests.paths import DATA

PASS, CORNER, SHOT = ("Pass", "Simple pass"), ("Free Kick", "Corner"), ("Shot", "Shot")
#: (second, team, player, kind, tags)
MATCH = [
    (10.0, 1, 11, PASS, [1801]), (12.0, 1, 12, PASS, [1801]), (14.0, 1, 11, PASS, [1801]), (16.0, 1, 12, SHOT, [1802]),
    (40.0, 1, 11, CORNER, [1801]), (42.0, 1, 12, SHOT, [1802]),
    (60.0, 1, 11, PASS, [1801]), (62.0, 2, 21, PASS, [1801]), (64.0, 2, 22, PASS, [1802]), (66.0, 2, 22, PASS, [1801]),
    (70.0, 2, 22, SHOT, [101, 1801]), (102.0, 1, 12, SHOT, [1802]),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    n = len(MATCH)
    columns = {
        "match_id": [7] * n,
        "event_id": list(range(n)),
        "period": ["1H"] * n,
        "second": [row[0] for row in MATCH],
        "team_id": [row[1] for row in MATCH],
        "player_id": [row[2] for row in MATCH],
        "event": [row[3][0] for row in MATCH],
        "sub_event": [row[3][1] for row in MATCH],
        "x": [80] * n,
        "y": [50] * n,
        "end_x": [90] * n,
        "end_y": [50] * n,
        "tags": pa.array([row[4] for row in MATCH], pa.list_(pa.int16())),
    }
    pq.write_table(pa.table(columns), tmp_path / "events.parquet")
    return tmp_path


def test_runs_and_counts_by_hand(folder: Path) -> None:
    events = read_events(folder)
    moves, runs = thresholds.runs_before_shots(events)
    # three passes; a corner; one that arrived after one that did not; a shot of the team that had not the ball
    assert moves.tolist() == [3, 1, 1, 0]
    assert runs.tolist() == [1, 2, 1, 1]
    assert sorted(thresholds.between_shots_s(events).tolist()) == [26.0, 60.0]
    shots = events.of(SHOT)
    assert sorted(thresholds.of_team(events, shots).tolist()) == [1.0, 3.0]
    assert sorted(thresholds.of_team(events, events.of(CORNER)).tolist()) == [0.0, 1.0]
    assert sorted(thresholds.of_player(events, shots).tolist()) == [1.0, 3.0]


def test_shares_need_passes_of_both_and_enough_of_them(folder: Path) -> None:
    events = read_events(folder)
    assert thresholds.shares_of_passes(events).size == 0
    at = np.flatnonzero(events.of(PASS))
    many = events.take(np.sort(np.tile(at, 10)))  # 40 passes of one team, 30 of the other
    assert thresholds.shares_of_passes(many).tolist() == [4 / 7]


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["/nowhere"]])
def test_bad_arguments_give_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert thresholds.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.real
@pytest.mark.slow
def test_the_module_is_what_the_command_writes(tmp_path: Path) -> None:
    folder = DATA / "wyscout_events"
    if not folder.is_dir():
        pytest.skip(f"no events in {folder}")
    assert thresholds.main([str(folder), str(tmp_path / "thresholds.py")]) == 0
    assert (tmp_path / "thresholds.py").read_text() == thresholds.TARGET.read_text()
