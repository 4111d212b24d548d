"""Real catches for the yards after them: where the nearest defenders were when the ball was caught, and how far the receiver ran.

The folder holds ``yac_2018.parquet``: a row per completed pass with ``gameId``, ``d1_distance`` to ``d5_distance`` (yd, the five
nearest defenders) and ``yac`` (yd). How fast the receiver ran is not in it, and no input of what learns from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from features.nfl.carrier import CROWD_M
from features.nfl.columns import YD
from models.recipes.shared.nfl_yards import Plays, yards_functions
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of

MODEL: Final = "nfl-yac"
FITS: Final = 3
RECIPE: Final = Recipe(
    boosters=(
        (
            {"eta": 0.08, "max_depth": 5, "min_child_weight": 100.0, "subsample": 0.7, "reg_lambda": 5.0},
            150,
        ),
    ),
)
DEFENDERS: Final = 5
LIMITS: Final = (
    "It knows how near the defenders are at the catch, not the receiver's speed, blockers, angles or who catches, and nothing of "
    "fumbles and laterals. It learnt from the completed passes of 2018."
)


def plays(folder: Path) -> Plays:
    """The inputs at the catch, the yards and the game of every completed pass."""
    names = [f"d{i}_distance" for i in range(1, DEFENDERS + 1)]
    table = read_table(folder / "yac_2018.parquet", ("gameId", "yac", *names))
    away_m = np.column_stack([column(table, name) for name in names]) * YD
    found = {"near_m": away_m[:, 0], "crowd": np.exp(-away_m / CROWD_M).sum(1)}
    return found, column(table, "yac"), words_of(table, "gameId")


read, (train, predict_held_out, report, evaluate) = yards_functions(MODEL, "yac", RECIPE, LIMITS, plays, ("near_m", "crowd"))
