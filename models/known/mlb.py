"""The models of baseball; docs/models.md and docs/mlb.md say how their recipes were found."""

from __future__ import annotations

from typing import Final

from features.mlb.stealrow import FALLING, RISING
from models.known.declaration import Known, Recipe

_REAL: Final = {"eta": 0.03, "max_depth": 2, "min_child_weight": 30.0, "subsample": 0.5, "colsample_bytree": 0.3, "reg_lambda": 20.0}
_KNOWN_TRUTH: Final = {"eta": 0.2, "max_depth": 5, "min_child_weight": 40.0, "subsample": 0.8, "colsample_bytree": 0.8, "reg_lambda": 2.0}

MODELS: Final = (
    Known(
        "lead-probability", "Lead Probability: the chance that a steal succeeds", ("features.mlb.stealrow", "STEAL_FEATURES"),
        ("caught", "stolen"), "mlb.runner.steal_probability",
        Recipe(boosters=((_KNOWN_TRUTH, 40),), apart="gain_m", smooth=0.0),
        games=60_000, fresh=20_000,
        rising=RISING, falling=FALLING, needs=("lead_m",), curve=("features.mlb.stealrow", "CURVE"),
        # attempts are few and noisy: most of the word to the smooth regression, trees for what it cannot say
        real=Recipe(boosters=((_REAL, 500),), smooth=0.75, by="third", strength=0.003, apart="gain_m", repeats=2, half_life_years=5.0),
    ),
)  # fmt: skip
