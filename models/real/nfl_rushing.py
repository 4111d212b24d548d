"""Real runs for the yards they gain: how fast the runner was going upfield at the hand-off.

The folder holds ``rush_2017_2019.parquet``: a row per carry with ``gameId``, ``S`` (yd/s), ``Dir_scaled`` (his direction, 100 for
180 degrees from the left sideline's, so that 50 is straight upfield) and ``Yards``. Of the others on the field there is nothing in
it: nearest defender, crowd and box are missing in every row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.columns import YD
from features.nfl.yardage import RUSH_FEATURES
from models.by_command import Course, Outcomes, doors
from models.known import known
from models.known.declaration import Recipe
from models.nfl_yards import column_index, measures, outcomes
from models.tables import column, read_table, words_of
from models.training import grow

MODEL: Final = "nfl-rushing"
FITS: Final = 3
RECIPE: Final = Recipe(
    boosters=((
        {"eta": 0.1, "max_depth": 4, "min_child_weight": 300.0, "subsample": 0.7, "reg_lambda": 5.0}, 120,
    ),),
)  # fmt: skip
LIMITS: Final = (
    "It knows nothing but the runner's speed upfield at the hand-off: no defender, no blocking, no down, and nothing of "
    "scrambles and laterals. It learnt from the carries of 2017 to 2019."
)  # fmt: skip


def read(folder: Path) -> Outcomes:
    table = read_table(folder / "rush_2017_2019.parquet", ("gameId", "S", "Dir_scaled", "Yards"))
    speed, way, yards = (column(table, name) for name in ("S", "Dir_scaled", "Yards"))
    asked = np.full((len(yards), len(RUSH_FEATURES) - 1), np.nan)
    asked[:, column_index(RUSH_FEATURES)["forward_mps"]] = speed * YD * np.sin(way / 100.0 * np.pi)
    some = np.isfinite(speed) & np.isfinite(way) & np.isfinite(yards)
    return outcomes("rush", asked[some], yards[some], words_of(table, "gameId")[some])


def fit(learnt: Outcomes, seed: int) -> bytes:
    return grow(known(MODEL), RECIPE, learnt.rows, learnt.label, seed)


def in_yards(held: Outcomes, said: Any) -> dict[str, float]:
    return measures("rush", held, said)


COURSE: Final = Course(MODEL, fit, LIMITS, RECIPE.told(), in_yards)
train, judge, report, evaluate = doors(COURSE, read)
