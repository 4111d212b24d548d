"""Yards of real plays as rows of the models of a distribution: one row for every play and level ("at least so many?"),
and how far off the mean and the whole distribution are in yards. A module of ``models.recipes`` reads the plays, and gets its
functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from features.nfl.yardage import LEAST_YD, LEVELS_YD, MOST_YD, expected
from models.base import Floats
from models.data.nfl_tracking import HELD_OUT_AS, TERMS
from models.recipes.shared.real_outcomes import Outcomes, RecipeFunctions, TrainingPlan, recipe_functions
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.training import grow

SOURCE: Final = "NFL tracking features of 2017 to 2019"
#: thresholds of the Big Data Bowl's measure: yards from -99 to 99
_THRESHOLDS: Final = np.arange(-99, 100)


#: of each play (B,): the inputs that the data have, by name; the yards; the game
Plays = tuple[Mapping[str, Floats], Floats, npt.NDArray[np.str_]]


def yards_functions(
    model: str, kind: str, recipe: Recipe, limits: str, plays: Callable[[Path], Plays], takes: tuple[str, ...]
) -> tuple[Callable[[Path], Outcomes], RecipeFunctions]:
    """The reader of a folder's rows and the recipe functions of the model of yards ``kind``, which is trained on ``takes`` and the
    level."""
    spec = spec_of(model).taking(("yards_yd", *takes))

    def read(folder: Path) -> Outcomes:
        columns, yards, game = plays(folder)
        names = [feature.name for feature in spec.offered[1:]]
        rows = np.full((len(yards), len(names)), np.nan)
        for name, values in columns.items():
            rows[:, names.index(name)] = values
        some = np.isfinite(yards) & np.isfinite(rows[:, [names.index(name) for name in takes]]).all(1)
        return outcomes(kind, rows[some], yards[some], game[some])

    def fit(train_set: Outcomes, seed: int) -> bytes:
        return grow(spec, recipe, train_set.rows, train_set.label, seed)

    def in_yards(held: Outcomes, probability: Floats) -> dict[str, float]:
        return measures(kind, held, probability)

    return read, recipe_functions(TrainingPlan(model, fit, limits, recipe.as_card(), in_yards, spec.takes), read)


def outcomes(kind: str, spec: Floats, yards: Floats, game: npt.NDArray[np.str_]) -> Outcomes:
    """Rows (B * K, F) of plays (B, F - 1) at the K levels of ``kind``, play by play, with the label whether it gained so many."""
    levels = np.array(LEVELS_YD[kind], np.float64)
    rows = np.column_stack([np.tile(levels, len(spec)), np.repeat(spec, len(levels), axis=0)])
    gained = np.repeat(yards, len(levels))
    return Outcomes(
        rows, (gained >= rows[:, 0]).astype(np.float64), np.repeat(game, len(levels)), SOURCE, HELD_OUT_AS, TERMS, measured=gained
    )


def measures(kind: str, held: Outcomes, probability: Floats) -> dict[str, float]:
    """Root mean square error of the mean, yd, and the continuous ranked probability score over 199 thresholds (that of the Big Data
    Bowl of 2020), each beside those of one distribution for all plays."""
    levels = len(LEVELS_YD[kind])
    chances, yards = probability.reshape(-1, levels), held.measured.reshape(-1, levels)[:, 0]
    # a gain of twelve is a gain of ten
    chances = np.minimum.accumulate(np.clip(chances, 0.0, 1.0), axis=1)
    constant = (yards[:, None] >= np.array(LEVELS_YD[kind])).mean(0)
    mean = np.array([expected(kind, row) for row in chances.tolist()])
    return {
        "rmse_yd": float(np.sqrt(np.mean((mean - yards) ** 2))),
        "rmse_yd_of_the_mean": float(yards.std()),
        "crps": _crps(kind, chances, yards),
        "crps_of_one_distribution": _crps(kind, constant[None, :], yards),
    }


def _crps(kind: str, chances: Floats, yards: Floats) -> float:
    at = np.array([LEAST_YD[kind], *LEVELS_YD[kind], MOST_YD])
    total, below = 0.0, None
    for row, gained in zip(np.broadcast_to(chances, (len(yards), chances.shape[1])), yards.tolist(), strict=True):
        if below is None or len(chances) > 1:
            # P(Y <= n) is 1 - P(at least n + 1)
            below = 1.0 - np.interp(_THRESHOLDS + 1.0, at, np.array([1.0, *row, 0.0]))
        total += float(np.mean((below - (gained <= _THRESHOLDS)) ** 2))
    return total / len(yards)
