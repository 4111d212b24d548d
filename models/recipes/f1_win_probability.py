"""Real races for Formula 1's win probability: every lap of the leader, every car still in it, and who won.

The folder holds ``laps.parquet`` (a row per car and lap: ``race_id, driver, lap, position, end_s`` on one clock for all cars,
``lap_time_s, compound, tyre_life, pit_in_s, pit_out_s, track_status``) and ``results.parquet`` (``race_id, driver,
finish_position``). The forest is trained on the probabilities of ``models.recipes.teachers.f1_win``; the evaluation uses the shares
in the field's sum, as they go on the air.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from features.f1.game import WIN_FEATURES
from models.data.f1_laps import HELD_OUT_AS, SOURCE, TERMS
from models.data.f1_races import states_of
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.recipes.teachers.f1_win import Winning
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.training import grow

MODEL: Final = "f1-win-probability"
FITS: Final = 3
RECIPE: Final = Recipe(boosters=(({"eta": 0.2, "max_depth": 5, "min_child_weight": 3.0, "reg_lambda": 1.0}, 120),))
_LEFT: Final = [name for name, _, _ in WIN_FEATURES].index("laps_left")
LIMITS: Final = (
    "It knows gaps, pace so far, tyres and stops, not what a car still has in hand, grid penalties, reliability or rain, and "
    "takes a stop's cost as that of other circuits until stops have been made. It learnt from the few dozen races of 2023 and "
    "2024, most of them won by one driver: no basis for odds."
)


def read(folder: Path) -> Outcomes:
    states = states_of(folder)
    left = states.rows[:, _LEFT]
    phase = np.select([left <= 10, left <= 30], ["last 10 laps", "10 to 30 laps left"], "more than 30 laps left")
    return Outcomes(
        states.rows,
        states.label,
        states.race,
        SOURCE,
        HELD_OUT_AS,
        TERMS,
        {"laps left": phase},
        together=states.moment,
        unit="races",
    )


def fit(train_set: Outcomes, seed: int) -> bytes:
    chance = Winning.fit(train_set.rows, train_set.label, train_set.together)(train_set.rows, train_set.together)
    return grow(spec_of(MODEL), RECIPE, train_set.rows, chance, seed)


PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card())
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
