"""Yards of real plays as the models of a distribution are asked about them: one row for every play and level, "at least so many?",
and how far off the mean and the whole distribution are in yards. A reader in ``models.recipes`` says what a play is, and gets its
doors here.
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
from models.recipes.shared.by_command import Course, Doors, Outcomes, doors
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.training import grow

SOURCE: Final = "NFL tracking features of 2017 to 2019"
#: thresholds of the Big Data Bowl's measure: yards from -99 to 99
_THRESHOLDS: Final = np.arange(-99, 100)


#: of each play (B,): the inputs that the data have, by name; the yards; the game
Plays = tuple[Mapping[str, Floats], Floats, npt.NDArray[np.str_]]


def doors_of(
    model: str, kind: str, recipe: Recipe, limits: str, plays: Callable[[Path], Plays], takes: tuple[str, ...]
) -> tuple[Callable[[Path], Outcomes], Doors]:
    """How the rows of a folder are read, and the doors, of the model of yards ``kind``, which learns from ``takes`` and the yards
    asked about."""
    asked = spec_of(model).taking(("yards_yd", *takes))

    def read(folder: Path) -> Outcomes:
        columns, yards, game = plays(folder)
        names = [feature.name for feature in asked.offered[1:]]
        rows = np.full((len(yards), len(names)), np.nan)
        for name, values in columns.items():
            rows[:, names.index(name)] = values
        some = np.isfinite(yards) & np.isfinite(rows[:, [names.index(name) for name in takes]]).all(1)
        return outcomes(kind, rows[some], yards[some], game[some])

    def fit(learnt: Outcomes, seed: int) -> bytes:
        return grow(asked, recipe, learnt.rows, learnt.label, seed)

    def in_yards(held: Outcomes, said: Floats) -> dict[str, float]:
        return measures(kind, held, said)

    return read, doors(Course(model, fit, limits, recipe.told(), in_yards, asked.takes), read)


def outcomes(kind: str, asked: Floats, yards: Floats, game: npt.NDArray[np.str_]) -> Outcomes:
    """Rows (B * K, F) of plays (B, F - 1) at the K levels of ``kind``, play by play, with the label whether it gained so many."""
    levels = np.array(LEVELS_YD[kind], np.float64)
    rows = np.column_stack([np.tile(levels, len(asked)), np.repeat(asked, len(levels), axis=0)])
    gained = np.repeat(yards, len(levels))
    return Outcomes(
        rows, (gained >= rows[:, 0]).astype(np.float64), np.repeat(game, len(levels)), SOURCE, HELD_OUT_AS, TERMS, measured=gained
    )


def measures(kind: str, held: Outcomes, said: Floats) -> dict[str, float]:
    """Root mean square error of the mean, yd, and the continuous ranked probability score over 199 thresholds (that of the Big Data
    Bowl of 2020), each beside those of one distribution for all plays."""
    levels = len(LEVELS_YD[kind])
    chances, yards = said.reshape(-1, levels), held.measured.reshape(-1, levels)[:, 0]
    # nobody gains twelve without gaining ten
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
