"""Wyscout's shots from made-up events: what is read, what never is, and that live and training have one row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.soccer.shots import SHOT_INDEX
from models.data import wyscout
from models.data.wyscout_shots import load

#: (second, team, player, event, sub-event, x, y, tags)
MOVE: list[tuple[float, int, int, str, str, int, int, list[int]]] = [
    (1.0, 1, 11, "Pass", "Simple pass", 50, 50, [1801]),
    (20.0, 2, 22, "Free Kick", "Throw in", 60, 0, [1802]),
    (30.0, 1, 11, "Free Kick", "Corner", 100, 0, [801, 1801]),
    (32.0, 1, 12, "Shot", "Shot", 94, 45, [403, 1201, 1801]),
    (32.5, 2, 99, "Save attempt", "Reflexes", 0, 0, [1801]),
    (34.0, 1, 13, "Shot", "Shot", 96, 50, [402, 101, 1801]),
    (35.0, 2, 99, "Save attempt", "Reflexes", 100, 100, [101, 1802]),
    (80.0, 2, 22, "Pass", "Smart pass", 70, 40, [901, 1801]),
    (82.0, 2, 23, "Duel", "Ground attacking duel", 85, 45, [503, 703, 1801]),
    (83.0, 2, 23, "Shot", "Shot", 88, 40, [401, 1901, 1210, 1802]),
    (99.0, 2, 22, "Free Kick", "Penalty", 90, 50, [402, 101, 1801]),
]  # fmt: skip


def written(folder: Path, move: list[Any], period: str = "1H") -> Path:
    names = ("second", "team_id", "player_id", "event", "sub_event", "x", "y", "tags")
    columns: dict[str, Any] = {name: [row[i] for row in move] for i, name in enumerate(names)}
    columns |= {"match_id": [7] * len(move), "event_id": list(range(100, 100 + len(move))), "period": [period] * len(move)}
    columns |= {"end_x": columns["x"], "end_y": columns["y"], "tags": pa.array(columns["tags"], pa.list_(pa.int16()))}
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / "events.parquet")
    return folder


def of(row: np.ndarray, *names: str) -> list[float]:
    return [float(row[SHOT_INDEX[name]]) for name in names]


def test_rows_have_the_events_before_each_shot(tmp_path: Path) -> None:
    shots = load(written(tmp_path, MOVE))
    assert shots.id.tolist() == [103, 105, 109, 110]
    assert shots.goal.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert shots.penalty.tolist() == [False, False, False, True]
    header, rebound, low, penalty = shots.rows
    assert of(header, "header", "from_cross", "after_corner", "rebound", "pass_high") == [1, 1, 1, 0, 1]
    assert of(rebound, "header", "rebound", "from_cross", "after_corner", "since_touch_s") == [0, 1, 0, 1, 1.5]
    assert of(low, "from_through_ball", "after_corner", "counter", "dribbled", "rebound") == [1, 0, 1, 1, 0]
    assert of(low, "depth_m", "lateral_m", "foot_side_m") == pytest.approx([0.12 * 105, 0.1 * 68, -0.1 * 68])
    assert of(penalty, "penalty", "distance_m") == [1, 11]
    assert np.isnan(low[SHOT_INDEX["keeper_distance_m"]])


def test_later_events_change_no_row(tmp_path: Path) -> None:
    """Neither tags that are given in hindsight, nor where a shot ended, nor anything that comes after it."""
    first = load(written(tmp_path / "a", MOVE)).rows
    hindsight = [(*row[:7], sorted({*row[7], 201, 301, 302, 2101})) for row in MOVE]
    np.testing.assert_array_equal(load(written(tmp_path / "b", hindsight)).rows, first)
    np.testing.assert_array_equal(load(written(tmp_path / "c", MOVE[:4])).rows, first[:1])


def test_shootouts_are_no_shots_of_the_match(tmp_path: Path) -> None:
    assert len(load(written(tmp_path, MOVE, "P")).goal) == 0


def test_malformed_tables_give_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no file"):
        load(tmp_path)
    with pytest.raises(ValueError, match="'3H' as a period"):
        load(written(tmp_path, MOVE, "3H"))
    table = pq.read_table(tmp_path / "events.parquet").drop_columns(["tags"])
    pq.write_table(table, tmp_path / "events.parquet")
    with pytest.raises(ValueError, match="lacks the column tags"):
        load(tmp_path)


def test_events_are_ordered_and_unknown_kinds_kept(tmp_path: Path) -> None:
    """Rows in any order are one match; an unknown kind or tag changes nothing."""
    first = load(written(tmp_path / "a", MOVE)).rows
    events = wyscout.read_events(written(tmp_path / "b", [*MOVE, (31.0, 1, 1, "Mystery", "", 1, 1, [9999])]))
    assert (events.kind == wyscout.UNKNOWN).sum() == 1
    table = pq.read_table(tmp_path / "b" / "events.parquet")
    pq.write_table(table.take(list(range(len(MOVE), -1, -1))), tmp_path / "b" / "events.parquet")
    np.testing.assert_array_equal(load(tmp_path / "b").rows, first)
