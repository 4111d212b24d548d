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
from features.soccer.trail import REBOUND_S
from models.base import Floats
from models.evaluation_set import Words
from models.training.tables import column, read_table
from models.training.training import Table

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
    "Open Play": "open_play",
    "Free Kick": "free_kick",
    "Corner": "corner",
    "Penalty": "penalty",
    "Kick Off": "kick_off",
}
_PHASE: Final = {
    "Regular Play": "open_play", "From Counter": "open_play", "From Keeper": "open_play", "From Corner": "corner",
    "From Free Kick": "free_kick", "From Throw In": "throw_in", "From Goal Kick": "goal_kick", "From Kick Off": "kick_off",
}  # fmt: skip
_FLAGS: Final = ("under_pressure", "first_time", "one_on_one", "open_goal", "aerial_won")
_NEEDED: Final = ("shot_id", "match_id", "team", "period", "minute", "second", "x", "y", "shot_type", "body_part",
                  "technique", "play_pattern", *_FLAGS)  # fmt: skip
#: period of the kicks from the penalty mark that decide a drawn match
SHOOTOUT: Final = 5
#: the terms of the owners of the data
TERMS: Final = "StatsBomb public data user agreement: state StatsBomb as the source, and use its logo where results are published"
CREDIT: Final = "data provided by StatsBomb (StatsBomb open data)"


@dataclass(frozen=True)
class Picture:
    """Who was seen at B shots: of shot i the players ``of[i, 0]`` to ``of[i, 1]`` of P; ``xy`` (P, 2) metres in the attacking
    frame, NaN where the file has no place."""

    of: npt.NDArray[np.int64]
    xy: Floats
    mate: npt.NDArray[np.bool_]
    keeper: npt.NDArray[np.bool_]

    @property
    def goalkeeper(self) -> npt.NDArray[np.bool_]:
        """(P,) whether the player keeps the goal that is shot at."""
        return self.keeper & ~self.mate


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
    #: (B, 2) where it was struck, its words, who was seen, and whether it belongs to a shoot-out: for rows with less known
    place: Floats = field(default_factory=lambda: np.empty((0, 2)))
    attrs: list[dict[str, str | float | bool]] = field(default_factory=list)
    picture: Picture | None = None
    shootout: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))

    def seen(self, players: npt.NDArray[np.bool_], shots: npt.NDArray[Any] | None = None) -> Floats:
        """Rows of ``shots`` (all by default) as they would be with only ``players`` (P,) of the picture in sight."""
        assert self.picture is not None
        return _rows(self.place, self.attrs, self.picture, players, range(len(self.goal)) if shots is None else shots.tolist())


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


def load(shots: Path, frames: Path | None = None) -> ShotTable:
    """Read both Parquet files, or shots alone; ``ValueError`` with one sentence when a file or a column is
    missing or of the wrong type. A player who is there twice is taken once."""
    table = read_table(shots, _NEEDED)
    ids = np.array(table["shot_id"].to_pylist(), np.str_)
    place = np.stack(to_metres(column(table, "x"), column(table, "y")), 1)
    attrs = _attributes(table)
    unknown = np.full(len(ids), np.nan)
    penalty = np.array([a["set_piece"] == "penalty" for a in attrs], np.bool_)
    picture = _picture(ids, frames)
    all_players = np.ones(len(picture.mate), np.bool_)
    return ShotTable(
        shot_id=ids,
        match=column(table, "match_id").astype(np.int64),
        rows=_rows(place, attrs, picture, all_players, range(len(ids))),
        goal=column(table, "is_goal") if "is_goal" in table.column_names else unknown,
        reference=column(table, "statsbomb_xg") if "statsbomb_xg" in table.column_names else unknown,
        penalty=penalty,
        groups=_group_words(table, attrs),
        place=place,
        attrs=attrs,
        picture=picture,
        shootout=column(table, "period") == SHOOTOUT,
    )


def _picture(ids: npt.NDArray[np.str_], frames: Path | None) -> Picture:
    if frames is None:
        return Picture(np.zeros((len(ids), 2), np.int64), np.empty((0, 2)), np.empty(0, np.bool_), np.empty(0, np.bool_))
    table = read_table(frames, ("shot_id", "x", "y", "teammate", "goalkeeper"))
    keys = np.array(table["shot_id"].to_pylist(), np.str_)
    x_m, y_m = to_metres(column(table, "x"), column(table, "y"))
    mate, keeper = column(table, "teammate") > 0.5, column(table, "goalkeeper") > 0.5
    # sorted by shot and place, two of one place and side are neighbours
    order = np.lexsort((keeper, mate, y_m, x_m, keys))
    again = np.zeros(len(order), np.bool_)
    if len(order):
        same = [values[order][1:] == values[order][:-1] for values in (keys, x_m, y_m, mate, keeper)]
        again[1:] = np.logical_and.reduce(same)
    order = order[~again]
    ranked = keys[order]
    of = np.stack([np.searchsorted(ranked, ids, "left"), np.searchsorted(ranked, ids, "right")], 1).astype(np.int64)
    return Picture(of, np.stack([x_m, y_m], 1)[order], mate[order], keeper[order])


def _rows(place: Floats, attrs: Any, picture: Picture, players: npt.NDArray[np.bool_], shots: Any) -> Floats:
    """A shot that has no place has no row: all of it is NaN, unless it is a penalty, of which the place is known."""
    rows = np.full((len(shots), len(SHOT_FEATURES)), np.nan)
    xy = np.where(players[:, None], picture.xy, np.nan)
    for i, shot in enumerate(shots):
        if not np.isfinite(place[shot]).all() and attrs[shot]["set_piece"] != "penalty":
            continue
        a, b = picture.of[shot]
        x_m, y_m = place[shot].tolist()
        rows[i] = shot_features(x_m, y_m, xy[a:b], picture.mate[a:b], picture.keeper[a:b], attrs[shot])
    return rows


def _group_words(table: Any, attrs: list[dict[str, str | float | bool]]) -> dict[str, Words]:
    """The groups of an evaluation: competition, home or away, body part, and how the move began."""
    began = [str(a["set_piece"]) if a["set_piece"] != "open_play" else f"after {a.get('phase', '')}" for a in attrs]
    words = {"after ": "", "after open_play": "open play", "free_kick": "direct free kick", "corner": "direct corner"}
    found = {
        "body part": _text_array(["" if v is None else str(v) for v in table["body_part"].to_pylist()]),
        "set piece": _text_array([words.get(word, word.replace("_", " ")) for word in began]),
    }
    if "competition" in table.column_names:
        found["competition"] = _text_array(["" if v is None else str(v) for v in table["competition"].to_pylist()])
    if "is_home" in table.column_names:
        side = {1.0: "home", 0.0: "away"}
        found["side"] = _text_array([side.get(v, "") for v in column(table, "is_home").tolist()])
    return found


def _text_array(words: list[str]) -> Words:
    return np.array(words, np.str_)


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
            ("body_part", _BODY, "body_part"),
            ("technique", _TECHNIQUE, "technique"),
            ("phase", _PHASE, "play_pattern"),
        ):
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
    """The rows that can teach: their label must be known, and kicks of a shoot-out are no shots of a match."""
    if not np.isfinite(shots.goal).all():
        raise ValueError("the shots have no column is_goal: they can be scored, but not used for training")
    kept = ~shots.shootout if len(shots.shootout) else np.ones(len(shots.goal), np.bool_)
    kept &= np.isfinite(shots.rows[:, 0])
    source: dict[str, str | float | int] = {
        "source": "StatsBomb open data",
        "games": len(np.unique(shots.match[kept])),
        "rows": int(kept.sum()),
        "content": hashlib.sha256("\n".join(sorted(shots.shot_id[kept].tolist())).encode()).hexdigest()[:12],
    }
    return Table(
        shots.rows[kept],
        shots.goal[kept],
        shots.match[kept],
        source,
        reference=shots.reference[kept],
        groups={name: words[kept] for name, words in shots.groups.items()},
        origin="real",
        terms=TERMS,
        credit=CREDIT,
    )
