"""Real runs for the yards they gain: how the runner moved at the hand-off, and where on the field.

The folder holds ``rush_2017_2019.parquet``: a row per carry with ``gameId``, ``S`` and ``A`` (yd/s, yd/s2), ``Dir_scaled`` (the
runner's direction, 100 for 180 degrees from the left sideline's, so that 50 is straight upfield), ``X_std`` and ``Y_std`` (yd,
attacking towards larger x, on a field of 120 x 53 1/3), ``YardsToTouchdown`` and ``Yards``. Of the others on the field there is
nothing in it: nearest defender, crowd and box are no inputs of what learns from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from features.nfl.columns import YD
from models.data.nfl_tracking import LENGTH_YD, WIDTH_YD
from models.recipes.shared.nfl_yards import Plays, yards_functions
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of

MODEL: Final = "nfl-rushing"
FITS: Final = 3
RECIPE: Final = Recipe(
    boosters=(
        (
            {"eta": 0.1, "max_depth": 6, "min_child_weight": 150.0, "subsample": 0.7, "colsample_bytree": 0.8, "reg_lambda": 5.0},
            150,
        ),
    ),
)
LIMITS: Final = (
    "It knows how the runner moves at the hand-off and where he is: no defender, no blocking, no down, and nothing of scrambles "
    "and laterals. It learnt from the carries of 2017 to 2019."
)
TAKES: Final = (
    "forward_mps", "speed_mps", "acceleration_mps2", "outward_mps", "behind_m", "edge_m", "to_goal_m",
)  # fmt: skip


def plays(folder: Path) -> Plays:
    """The inputs at the hand-off, the yards and the game of every carry."""
    needed = ("S", "A", "Dir_scaled", "X_std", "Y_std", "YardsToTouchdown", "Yards")
    table = read_table(folder / "rush_2017_2019.parquet", ("gameId", *needed))
    speed, acceleration, way, x_yd, y_yd, to_goal, yards = (column(table, name) for name in needed)
    angle, side = way / 100.0 * np.pi, np.where(y_yd >= WIDTH_YD / 2.0, 1.0, -1.0)
    found = {
        "forward_mps": speed * YD * np.sin(angle),
        "speed_mps": speed * YD,
        "acceleration_mps2": acceleration * YD,
        "outward_mps": side * speed * YD * np.cos(angle),
        "behind_m": (LENGTH_YD - 10.0 - to_goal - x_yd) * YD,
        "edge_m": np.minimum(y_yd, WIDTH_YD - y_yd) * YD,
        "to_goal_m": to_goal * YD,
    }
    return found, yards, words_of(table, "gameId")


read, (train, predict_held_out, report, evaluate) = yards_functions(MODEL, "rush", RECIPE, LIMITS, plays, TAKES)
