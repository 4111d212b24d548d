"""How each model is grown, settled by cross-validation over whole games (docs/models.md says with what result)."""

from __future__ import annotations

from typing import Final

from models.training import Recipe

_SHALLOW: Final = {"max_depth": 3, "eta": 0.05, "min_child_weight": 20.0, "subsample": 0.6, "colsample_bytree": 0.4,
                   "reg_lambda": 5.0}  # fmt: skip

RECIPES: Final[dict[str, Recipe]] = {
    # shots and goals are few: shallow trees, and half the word to the smooth regression
    "xgoals": Recipe(boosters=((_SHALLOW, 400),), smooth=0.5, by=("header", "free_kick")),
    "pass-completion": Recipe(
        boosters=(({**_SHALLOW, "max_depth": 5, "eta": 0.06, "min_child_weight": 10.0, "subsample": 0.8}, 200),), smooth=0.5,
        by=("height", "header"),
    ),
    "soccer-win-probability": Recipe(
        boosters=(({**_SHALLOW, "max_depth": 4, "eta": 0.06, "min_child_weight": 50.0, "colsample_bytree": 0.8}, 80),)
    ),
}  # fmt: skip
