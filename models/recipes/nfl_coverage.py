"""Charted plays for man or zone: situation, formation, number of rushers, and the safeties before the snap.

The folder holds ``plays.parquet``, a row a play: ``gameId, playId, quarter, gameClock, down, yardsToGo, possessionTeam,
yardlineSide, yardlineNumber, homeTeamAbbr, preSnapHomeScore, preSnapVisitorScore, offenseFormation, receiverAlignment`` ("3x1"),
``isDropback, n_rushers`` and the call, ``pff_manZone``; and ``safeties_pre_snap.parquet``, for a part of them one or two safeties
at the snap: ``x_last_p1, x_last_p2`` (yd beyond the line of scrimmage), ``y_last_p1, y_last_p2`` (yd from the middle of the field)
and ``v_x_last_p1, v_x_last_p2`` (yd/s). Dropbacks of the four quarters are read.

Safeties are in it on first and second down only, where man and zone have them equally often (0.65 and 0.66 of plays); on later
downs neither the table nor the live path has them. How defenders move after the snap is in no table with the call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.columns import YD
from features.nfl.defense import EARLY_DOWNS, LOOK_FEATURES
from features.nfl.secondary import SAFETY_DEPTH_M, SAFETY_MIDDLE_M
from models.base import Floats
from models.data.nfl_tracking import TERMS
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "nfl-coverage"
FITS: Final = 3
HELD_OUT_AS: Final = "nfl_charting"
SOURCE: Final = "NFL charting of 2022"
_SLOW: Final[dict[str, Any]] = {
    "eta": 0.05, "max_depth": 4, "min_child_weight": 20.0, "subsample": 0.7, "colsample_bytree": 0.6, "reg_lambda": 5.0,
}  # fmt: skip
RECIPE: Final = Recipe(boosters=((_SLOW, 200), (_SLOW, 200)))
TAKES: Final = tuple(name for name, _, _ in LOOK_FEATURES)
LIMITS: Final = (
    "Man or zone and nothing finer, from the situation, the formation, the number of rushers and, on first and second down, "
    "the safeties at the snap; it does not watch defenders move. It learnt from dropbacks of the first half of 2022 and their "
    "charted calls: a chance, and no more certain than that."
)
#: formations with the passer away from the centre, and with no back beside the passer
_SHOTGUN: Final = ("SHOTGUN", "EMPTY", "PISTOL", "WILDCAT")
_EMPTY: Final = "EMPTY"
_NUMBERS: Final = (
    "quarter", "down", "yardsToGo", "yardlineNumber", "preSnapHomeScore", "preSnapVisitorScore", "isDropback", "n_rushers",
)  # fmt: skip
_WORDS: Final = (
    "gameId", "playId", "gameClock", "possessionTeam", "yardlineSide", "homeTeamAbbr", "offenseFormation", "receiverAlignment",
    "pff_manZone",
)  # fmt: skip
_QUARTER_S: Final = 900.0


def read(folder: Path) -> Outcomes:
    table = read_table(folder / "plays.parquet", (*_NUMBERS, *_WORDS))
    value, word = {name: column(table, name) for name in _NUMBERS}, {name: words_of(table, name) for name in _WORDS}
    columns = _look(value, word) | _safeties(folder, word["gameId"], word["playId"], value["down"])
    rows = np.column_stack([columns.get(f.name, np.full(len(value["down"]), np.nan)) for f in spec_of(MODEL).offered])
    always = np.column_stack([columns[name] for name in TAKES[: TAKES.index("safeties")]])
    some = (value["isDropback"] == 1.0) & np.isin(word["pff_manZone"], ("Man", "Zone")) & np.isfinite(always).all(1)
    some &= (value["quarter"] >= 1.0) & (value["quarter"] <= 4.0) & (value["down"] >= 1.0)
    seen = np.where(np.isfinite(columns["safeties"]), "safeties known", "not known")
    return Outcomes(
        rows[some],
        (word["pff_manZone"] == "Zone").astype(np.float64)[some],
        word["gameId"][some],
        SOURCE,
        HELD_OUT_AS,
        TERMS,
        {"safeties": seen[some], "down": np.array([f"{d:g}" for d in value["down"][some].tolist()], np.str_)},
    )


def _look(value: dict[str, Floats], word: dict[str, Any]) -> dict[str, Floats]:
    """``LOOK_FEATURES`` without the safeties, (B,) by name."""
    sides = np.array([_sides(each) for each in word["receiverAlignment"].tolist()])
    left_s = np.array([_seconds(each) for each in word["gameClock"].tolist()])
    home = np.where(word["possessionTeam"] == word["homeTeamAbbr"], 1.0, -1.0)
    formation = word["offenseFormation"]
    known_formation = np.where(formation == "", np.nan, 1.0)
    return {
        "down": value["down"],
        "to_go_yd": value["yardsToGo"],
        "to_goal_yd": np.where(
            word["yardlineSide"] == word["possessionTeam"], 100.0 - value["yardlineNumber"], value["yardlineNumber"]
        ),
        "clock_s": (4.0 - value["quarter"]) * _QUARTER_S + left_s,
        "lead": home * (value["preSnapHomeScore"] - value["preSnapVisitorScore"]),
        "shotgun": np.isin(formation, _SHOTGUN) * known_formation,
        "empty": (formation == _EMPTY) * known_formation,
        "strong": sides.max(1),
        "weak": sides.min(1),
        "rushers": np.where(value["n_rushers"] >= 1.0, value["n_rushers"], np.nan),
    }


def _sides(alignment: str) -> tuple[float, float]:
    left, _, right = alignment.partition("x")
    return (float(left), float(right)) if left.isdigit() and right.isdigit() else (np.nan, np.nan)


def _seconds(clock: str) -> float:
    minutes, _, seconds = clock.partition(":")
    return float(minutes) * 60.0 + float(seconds[:2]) if minutes.isdigit() and seconds[:2].isdigit() else np.nan


def _safeties(folder: Path, game: Any, play: Any, down: Floats) -> dict[str, Floats]:
    """The safeties of each play (B,) by name, by the rule of ``features.nfl.secondary``; NaN where the table has none of it."""
    names = [f"{what}_last_p{i}" for i in (1, 2) for what in ("x", "y", "v_x")]
    table = read_table(folder / "safeties_pre_snap.parquet", ("gameId", "playId", *names))
    keys = {key: i for i, key in enumerate(zip(words_of(table, "gameId").tolist(), words_of(table, "playId").tolist()))}
    at = np.array([keys.get(key, -1) for key in zip(game.tolist(), play.tolist(), strict=True)], np.int64)
    there = (at >= 0) & np.isin(down, EARLY_DOWNS)
    depth, across, back = (
        np.where(there[:, None], np.column_stack([column(table, f"{what}_last_p{i}") for i in (1, 2)])[at], np.nan) * YD
        for what in ("x", "y", "v_x")
    )
    deep = (depth > SAFETY_DEPTH_M) & (np.abs(across) <= SAFETY_MIDDLE_M)
    depth, across, back = (np.where(deep, each, np.nan) for each in (depth, across, back))
    order = np.argsort(np.where(deep, -depth, np.inf), axis=1, kind="stable")
    depth, across, back = (np.take_along_axis(each, order, 1) for each in (depth, across, back))
    return {
        "safeties": np.where(there, deep.sum(1), np.nan),
        "deepest_m": depth[:, 0],
        "second_m": depth[:, 1],
        "middle_m": np.fmin(np.abs(across[:, 0]), np.abs(across[:, 1])),
        "between_m": np.abs(across[:, 0] - across[:, 1]),
        "deepest_back_mps": back[:, 0],
        "second_back_mps": back[:, 1],
    }


def fit(train_set: Outcomes, seed: int) -> bytes:
    return grow(spec_of(MODEL).taking(TAKES), RECIPE, train_set.rows, train_set.label, seed)


PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card(), takes=TAKES)
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
