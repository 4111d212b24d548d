"""Charted pass rushes for the chance of pressure within the next 0.4 s: when each rusher crossed the line, and when pressure
was charted.

The folder holds ``player_play.parquet``, a row per player and play: ``gameId, playId, wasInitialPassRusher, causedPressure,
timeToPressureAsPassRusher, getOffTimeAsPassRusher`` (s after the snap) and ``position``; and ``plays.parquet`` with ``gameId,
playId, timeToThrow, timeToSack`` (s). Each initial rusher has a row every 0.4 s from the snap until the throw, the
sack or the pressure, with the get-off time once the line is crossed. The place of the rusher is in no
table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.pass_rush import LONGEST_S
from models.base import Floats
from models.data.nfl_tracking import TERMS
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "nfl-pressure"
FITS: Final = 3
HELD_OUT_AS: Final = "nfl_charting"
SOURCE: Final = "NFL charting of 2022"
STEP_S: Final = 0.4
TAKES: Final = ("age_s", "get_off_s", "lineman", "back")
RECIPE: Final = Recipe(
    boosters=(
        (
            {"eta": 0.1, "max_depth": 4, "min_child_weight": 20.0, "subsample": 0.7, "reg_lambda": 5.0},
            80,
        ),
    ),
)
LIMITS: Final = (
    "It means the charters' pressure, first reached by this rusher within 0.4 s, and knows the time since the snap, get-off time "
    "and the position (lineman, linebacker or back): not places or blockers. It learnt from the first half of 2022."
)
_LINE: Final = ("DE", "DT", "NT", "DL", "EDGE")
_BACKS: Final = ("CB", "FS", "SS", "S", "DB", "SAF")


def read(folder: Path) -> Outcomes:
    table = read_table(
        folder / "player_play.parquet",
        (
            "gameId",
            "playId",
            "wasInitialPassRusher",
            "causedPressure",
            "timeToPressureAsPassRusher",
            "getOffTimeAsPassRusher",
            "position",
        ),
    )
    rushed = column(table, "wasInitialPassRusher") == 1.0
    game, play, position = (words_of(table, name)[rushed] for name in ("gameId", "playId", "position"))
    caused, after_s, get_off_s = (
        column(table, name)[rushed] for name in ("causedPressure", "timeToPressureAsPassRusher", "getOffTimeAsPassRusher")
    )
    away_s = _away_s(folder, game, play)
    # pressure without a time, or a play without an end, cannot be put on the clock
    some = np.isfinite(away_s) & (away_s <= LONGEST_S) & ((caused != 1.0) | np.isfinite(after_s))
    until_s = np.fmin(away_s, after_s)
    steps = np.where(some, np.ceil(until_s / STEP_S), 0.0).astype(np.int64)
    at = np.repeat(np.arange(len(game)), steps)
    age_s = STEP_S * (np.arange(len(at)) - np.repeat(np.cumsum(steps) - steps, steps))
    columns: dict[str, Any] = {
        "age_s": age_s,
        "get_off_s": np.where(get_off_s[at] <= age_s, get_off_s[at], np.nan),
        "lineman": np.isin(position, _LINE)[at],
        "back": np.isin(position, _BACKS)[at],
    }
    rows = np.column_stack([columns.get(f.name, np.full(len(at), np.nan)) for f in spec_of(MODEL).offered]).astype(np.float64)
    label = ((after_s[at] > age_s) & (after_s[at] <= age_s + STEP_S)).astype(np.float64)
    return Outcomes(rows, label, game[at], SOURCE, HELD_OUT_AS, TERMS, {"position": position[at]}, unit="games")


def _away_s(folder: Path, game: Any, play: Any) -> Floats:
    """The seconds from the snap to the throw or the sack of the play of each rusher (B,)."""
    table = read_table(folder / "plays.parquet", ("gameId", "playId", "timeToThrow", "timeToSack"))
    throw_s, sack_s = column(table, "timeToThrow"), column(table, "timeToSack")
    keys = zip(words_of(table, "gameId").tolist(), words_of(table, "playId").tolist(), strict=True)
    index = {key: i for i, key in enumerate(keys)}
    at = np.array([index.get(key, -1) for key in zip(game.tolist(), play.tolist(), strict=True)], np.int64)
    return np.where(at >= 0, np.where(np.isfinite(throw_s), throw_s, sack_s)[at], np.nan)


def fit(train_set: Outcomes, seed: int) -> bytes:
    return grow(spec_of(MODEL).taking(TAKES), RECIPE, train_set.rows, train_set.label, seed)


PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card(), takes=TAKES)
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
