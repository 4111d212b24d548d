"""Real catches for the yards after them: where the nearest defenders were when the ball was caught, and how far he ran.

The folder holds ``yac_2018.parquet``: a row per completed pass with ``gameId``, ``d1_distance`` to ``d5_distance`` (yd, the five
nearest defenders) and ``yac`` (yd). How fast the receiver ran is not in it, and is missing in every row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.carrier import CROWD_M
from features.nfl.columns import YD
from features.nfl.yardage import YAC_FEATURES
from models.by_command import Course, Outcomes, doors
from models.known import known
from models.known.declaration import Recipe
from models.nfl_yards import column_index, measures, outcomes
from models.tables import column, read_table, words_of
from models.training import grow

MODEL: Final = "nfl-yac"
FITS: Final = 3
RECIPE: Final = Recipe(
    boosters=((
        {"eta": 0.08, "max_depth": 5, "min_child_weight": 100.0, "subsample": 0.7, "reg_lambda": 5.0}, 150,
    ),),
)  # fmt: skip
DEFENDERS: Final = 5
LIMITS: Final = (
    "It knows how near the defenders are when he catches, not how fast he runs, blockers, angles or who he is, and nothing of "
    "fumbles and laterals. It learnt from the completed passes of 2018."
)  # fmt: skip


def read(folder: Path) -> Outcomes:
    names = [f"d{i}_distance" for i in range(1, DEFENDERS + 1)]
    table = read_table(folder / "yac_2018.parquet", ("gameId", "yac", *names))
    away_m = np.column_stack([column(table, name) for name in names]) * YD
    yards, at = column(table, "yac"), column_index(YAC_FEATURES)
    asked = np.full((len(yards), len(YAC_FEATURES) - 1), np.nan)
    asked[:, at["near_m"]] = away_m[:, 0]
    asked[:, at["crowd"]] = np.exp(-away_m / CROWD_M).sum(1)
    some = np.isfinite(away_m).all(1) & np.isfinite(yards)
    return outcomes("yac", asked[some], yards[some], words_of(table, "gameId")[some])


def fit(learnt: Outcomes, seed: int) -> bytes:
    return grow(known(MODEL), RECIPE, learnt.rows, learnt.label, seed)


def in_yards(held: Outcomes, said: Any) -> dict[str, float]:
    return measures("yac", held, said)


COURSE: Final = Course(MODEL, fit, LIMITS, RECIPE.told(), in_yards)
train, judge, report, evaluate = doors(COURSE, read)
