"""Real undercuts: a car within reach behind another stops first, the other a few laps later, and who is ahead after that.

The folder holds ``undercut_attempts.parquet``: ``race_id, gap_before_s`` (s, the lap before the first stop), ``tyre_life,
tyre_life_ahead`` (laps), ``green`` (no yellow or safety car in between) and ``success``. How many laps apart the two stops were is
known only afterwards, and is no feature; attempts that were not green are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from features.f1.strategy import UNDERCUT_FEATURES, undercut_row
from models.data.f1_laps import HELD_OUT_AS, SOURCE, TERMS
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "f1-undercut"
FITS: Final = 3
#: a few hundred attempts teach little more than smooth curves
RECIPE: Final = Recipe(
    boosters=(
        (
            {"eta": 0.05, "max_depth": 1, "min_child_weight": 10.0, "subsample": 0.6, "colsample_bytree": 0.8, "reg_lambda": 5.0},
            60,
        ),
    ),
    smooth=0.9,
    strength=0.05,
    knots=3,
)
_NUMBERS: Final = ("gap_before_s", "tyre_life", "tyre_life_ahead", "green", "success")
LIMITS: Final = (
    "It means two cars that both stop, the one behind up to six laps earlier, on a clear track; traffic after the stop, a slow "
    "stop or a safety car are not known to it. It learnt from a few hundred undercuts of 2023 and 2024, those that teams chose "
    "to try."
)


def read(folder: Path) -> Outcomes:
    table = read_table(folder / "undercut_attempts.parquet", ("race_id", *_NUMBERS))
    value = {name: column(table, name) for name in _NUMBERS}
    states = np.column_stack([value["gap_before_s"], value["tyre_life_ahead"], value["tyre_life"]])
    some = (value["green"] == 1.0) & np.isfinite(value["success"]) & np.isfinite(states).all(1)
    rows = np.array([undercut_row(*each) for each in states[some].tolist()], np.float64).reshape(-1, len(UNDERCUT_FEATURES))
    return Outcomes(rows, value["success"][some], words_of(table, "race_id")[some], SOURCE, HELD_OUT_AS, TERMS, unit="races")


def fit(train_set: Outcomes, seed: int) -> bytes:
    return grow(spec_of(MODEL), RECIPE, train_set.rows, train_set.label, seed)


PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card())
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
