"""Real pairs of cars for the overtake probability: one right behind the other at the end of a lap, and whether it is ahead a lap
later.

The folder holds ``overtake_pairs.parquet``: a row per pair within 3 s, without stops and on a clear track, with ``race_id, gap_s,
closing_s`` (s gained in the lap), ``tyre_life, tyre_life_ahead`` (laps), ``compound, compound_ahead`` and ``overtake``. A lap has
one to four overtaking zones: the chance learnt here is that of a whole lap, not of the next zone alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.f1.battle import MOST_CLOSING_S, OVERTAKE_FEATURES, WITHIN_S
from models.data.f1_laps import HELD_OUT_AS, SOURCE, TERMS, compound_of
from models.evaluation_set import Words
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "f1-overtake"
FITS: Final = 3
RECIPE: Final = Recipe(
    boosters=(
        (
            {"eta": 0.05, "max_depth": 3, "min_child_weight": 20.0, "subsample": 0.6, "colsample_bytree": 0.8, "reg_lambda": 5.0},
            150,
        ),
    ),
)
_NUMBERS: Final = ("gap_s", "closing_s", "tyre_life", "tyre_life_ahead", "overtake")
LIMITS: Final = (
    "It means a whole lap, with one to four overtaking zones, on a clear track and without a stop of either car; it knows gap, "
    "closing and tyres, not the circuit, battery, damage, team orders, blue flags or rain. It learnt from the races of 2023 and "
    "2024."
)


def read(folder: Path) -> Outcomes:
    table = read_table(folder / "overtake_pairs.parquet", ("race_id", "compound", "compound_ahead", *_NUMBERS))
    value = {name: column(table, name) for name in _NUMBERS}
    own, ahead = (compound_of(words_of(table, name)) for name in ("compound", "compound_ahead"))
    columns = {
        "gap_s": value["gap_s"],
        "closing_s": np.clip(value["closing_s"], -MOST_CLOSING_S, MOST_CLOSING_S),
        "tyre_age_difference": value["tyre_life_ahead"] - value["tyre_life"],
        "compound_difference": ahead - own,
    }
    rows = np.column_stack([columns[name] for name, _, _ in OVERTAKE_FEATURES])
    some = (value["gap_s"] >= 0.0) & (value["gap_s"] <= WITHIN_S) & np.isfinite(value["overtake"])
    groups = {"gap": _gap(value["gap_s"])[some]}
    return Outcomes(
        rows[some], value["overtake"][some], words_of(table, "race_id")[some], SOURCE, HELD_OUT_AS, TERMS, groups, unit="races"
    )


def _gap(gap_s: Any) -> Words:
    return np.select([gap_s < 0.5, gap_s < 1.0, gap_s < 1.5], ["under 0.5 s", "0.5 to 1 s", "1 to 1.5 s"], "1.5 to 3 s")


def fit(train_set: Outcomes, seed: int) -> bytes:
    return grow(spec_of(MODEL), RECIPE, train_set.rows, train_set.label, seed)


PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card())
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
