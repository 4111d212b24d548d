"""StatsBomb shots and freeze frames to feature rows: their 120 x 80 grid to metres, their words to ours.

StatsBomb's grid is tied to the painted lines, and pitches differ, so that one scale per axis would be wrong where it
matters: the goal (y 36 to 44) would be 6.8 m wide on a 68 m pitch. Each span between two lines is scaled by itself.
Both tables are the reduced Parquet form described in docs/models.md; label and reference columns may be absent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_FEATURES, shot_features
from models.base import Floats
from models.judgement import Words
from models.tables import column, read_table
from models.training import Table

#: painted lines: goal line, six-yard, spot, penalty area, halfway (x); post, six-yard, penalty area, touchline (y from the middle)
_X_GRID: Final = np.array([0.0, 6.0, 12.0, 18.0, 60.0, 102.0, 108.0, 114.0, 120.0])
_X_M: Final = np.array([-52.5, -47.0, -41.5, -36.0, 0.0, 36.0, 41.5, 47.0, 52.5])
_Y_GRID: Final = np.array([0.0, 18.0, 30.0, 36.0, 44.0, 50.0, 62.0, 80.0])
_Y_M: Final = np.array([34.0, 20.16, 9.16, 3.66, -3.66, -9.16, -20.16, -34.0])

_BODY: Final = {"Head": "head", "Left Foot": "left_foot", "Right Foot": "right_foot", "Other": "other"}
_TECHNIQUE: Final = {
    "Normal": "normal", "Volley": "volley", "Half Volley": "half_volley", "Lob": "lob", "Overhead Kick": "overhead",
    "Backheel": "backheel", "Diving Header": "diving_header",
}  # fmt: skip
_SET_PIECE: Final = {
    "Open Play": "open_play", "Free Kick": "free_kick", "Corner": "corner", "Penalty": "penalty", "Kick Off": "kick_off",
}  # fmt: skip
_PHASE: Final = {
    "Regular Play": "open_play", "From Counter": "open_play", "From Keeper": "open_play", "From Corner": "corner",
    "From Free Kick": "free_kick", "From Throw In": "throw_in", "From Goal Kick": "goal_kick", "From Kick Off": "kick_off",
}  # fmt: skip
_FLAGS: Final = ("under_pressure", "first_time", "one_on_one", "open_goal", "aerial_won")
_NEEDED: Final = ("shot_id", "match_id", "team", "period", "minute", "second", "x", "y", "shot_type", "body_part",
                  "technique", "play_pattern", *_FLAGS)  # fmt: skip
#: a shot of the same team this soon after another is a rebound
REBOUND_S: Final = 5.0


@dataclass(frozen=True)
class ShotTable:
    """Feature rows of many shots. ``goal`` and ``reference`` (the provider's own xG) are NaN where the file has none."""

    shot_id: npt.NDArray[np.str_]
    match: npt.NDArray[np.int64]
    rows: Floats
    goal: Floats
    reference: Floats
    penalty: npt.NDArray[np.bool_]
    groups: dict[str, Words] = field(default_factory=dict)


def to_metres(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """StatsBomb grid (attacking left to right) to metres in the attacking frame; beyond the lines the last scale goes on.

    >>> x, y = to_metres([120.0, 108.0], [36.0, 40.0])
    >>> x.tolist(), [round(v, 9) + 0.0 for v in y.tolist()]
    ([52.5, 41.5], [3.66, 0.0])
    """
    return _piecewise(np.asarray(x, np.float64), _X_GRID, _X_M), _piecewise(np.asarray(y, np.float64), _Y_GRID, _Y_M)


def _piecewise(v: Floats, grid: Floats, metres: Floats) -> Floats:
    at = np.clip(np.searchsorted(grid, v, side="right") - 1, 0, len(grid) - 2)
    slope = (metres[at + 1] - metres[at]) / (grid[at + 1] - grid[at])
    return np.asarray(metres[at] + slope * (v - grid[at]), np.float64)


def load(shots: Path, frames: Path) -> ShotTable:
    """Read both Parquet files; ``ValueError`` with one sentence when a file or a column is missing or of the wrong type."""
    table = read_table(shots, _NEEDED)
    frame_table = read_table(frames, ("shot_id", "x", "y", "teammate", "goalkeeper"))
    ids = np.array(table["shot_id"].to_pylist(), np.str_)
    x_m, y_m = to_metres(column(table, "x"), column(table, "y"))
    starts, order = _groups(ids, np.array(frame_table["shot_id"].to_pylist(), np.str_))
    fx, fy = to_metres(column(frame_table, "x"), column(frame_table, "y"))
    xy = np.stack([fx, fy], 1)[order]
    mate = column(frame_table, "teammate")[order] > 0.5
    keeper = column(frame_table, "goalkeeper")[order] > 0.5
    attrs = _attributes(table)
    rows = np.empty((len(ids), len(SHOT_FEATURES)))
    for i in range(len(ids)):
        a, b = starts[i]
        rows[i] = shot_features(x_m[i], y_m[i], xy[a:b], mate[a:b], keeper[a:b], attrs[i])
    unknown = np.full(len(ids), np.nan)
    return ShotTable(
        shot_id=ids,
        match=column(table, "match_id").astype(np.int64),
        rows=rows,
        goal=column(table, "is_goal") if "is_goal" in table.column_names else unknown,
        reference=column(table, "statsbomb_xg") if "statsbomb_xg" in table.column_names else unknown,
        penalty=np.array([a["set_piece"] == "penalty" for a in attrs], np.bool_),
        groups=_group_words(table, attrs),
    )


def _group_words(table: Any, attrs: list[dict[str, str | float | bool]]) -> dict[str, Words]:
    """What a model is judged by, group by group: competition, home or away, body part, and how the move began."""
    began = [str(a["set_piece"]) if a["set_piece"] != "open_play" else f"after {a.get('phase', '')}" for a in attrs]
    words = {"after ": "", "after open_play": "open play", "free_kick": "direct free kick", "corner": "direct corner"}
    found = {
        "body part": _told(["" if v is None else str(v) for v in table["body_part"].to_pylist()]),
        "set piece": _told([words.get(word, word.replace("_", " ")) for word in began]),
    }
    if "competition" in table.column_names:
        found["competition"] = _told(["" if v is None else str(v) for v in table["competition"].to_pylist()])
    if "is_home" in table.column_names:
        side = {1.0: "home", 0.0: "away"}
        found["side"] = _told([side.get(v, "") for v in column(table, "is_home").tolist()])
    return found


def _told(words: list[str]) -> Words:
    return np.array(words, np.str_)


def _groups(ids: npt.NDArray[np.str_], keys: npt.NDArray[np.str_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each id the range of its rows after sorting ``keys``: (n, 2) ranges and the sorting order."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    ranked = keys[order]
    return np.stack([np.searchsorted(ranked, ids, "left"), np.searchsorted(ranked, ids, "right")], 1).astype(np.int64), order


def _attributes(table: Any) -> list[dict[str, str | float | bool]]:
    columns = {name: table[name].to_pylist() for name in ("shot_type", "body_part", "technique", "play_pattern", *_FLAGS)}
    rebound = _rebounds(table)
    found: list[dict[str, str | float | bool]] = []
    for i in range(table.num_rows):
        attrs: dict[str, str | float | bool] = {
            "set_piece": _SET_PIECE.get(columns["shot_type"][i], "open_play"),
            "counter": columns["play_pattern"][i] == "From Counter",
            "assist": "rebound" if rebound[i] else "unknown",
        }
        for name, words, source in (
            ("body_part", _BODY, "body_part"), ("technique", _TECHNIQUE, "technique"), ("phase", _PHASE, "play_pattern"),
        ):  # fmt: skip
            word = words.get(columns[source][i])
            if word is not None:
                attrs[name] = word
        for flag in _FLAGS:
            if columns[flag][i] is not None:
                attrs[flag] = bool(columns[flag][i])
        found.append(attrs)
    return found


def _rebounds(table: Any) -> npt.NDArray[np.bool_]:
    """Shots at most ``REBOUND_S`` after another of the same team in the same period: only earlier shots are looked at."""
    teams = {name: i for i, name in enumerate(sorted({str(t) for t in table["team"].to_pylist()}))}
    team = np.array([teams[str(t)] for t in table["team"].to_pylist()], np.int64)
    match, period = column(table, "match_id"), column(table, "period")
    clock_s = column(table, "minute") * 60.0 + column(table, "second")
    order = np.lexsort((np.arange(len(team)), clock_s, period, team, match))
    same = np.ones(len(order) - 1 if len(order) else 0, np.bool_)
    for key in (match, period, team):
        same &= key[order][1:] == key[order][:-1]
    soon = same & (np.diff(clock_s[order]) <= REBOUND_S)
    out = np.zeros(len(team), np.bool_)
    out[order[1:][soon]] = True
    return out


def training_table(shots: ShotTable) -> Table:
    """The rows that can teach: their label must be known."""
    if not np.isfinite(shots.goal).all():
        raise ValueError("the shots have no column is_goal: they can be scored, but not learnt from")
    source: dict[str, str | float | int] = {
        "source": "StatsBomb open data", "games": len(np.unique(shots.match)), "rows": len(shots.rows),
        "content": hashlib.sha256("\n".join(sorted(shots.shot_id.tolist())).encode()).hexdigest()[:12],
    }  # fmt: skip
    return Table(shots.rows, shots.goal, shots.match, source, reference=shots.reference, groups=shots.groups)
