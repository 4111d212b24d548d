"""How each model is grown, settled by cross-validation over whole games (docs/models.md says with what result)."""

from __future__ import annotations

from typing import Final

from models.training import Recipe

_SLOW: Final = {"eta": 0.05, "min_child_weight": 20.0, "subsample": 0.6, "colsample_bytree": 0.3, "reg_lambda": 5.0}

RECIPES: Final[dict[str, Recipe]] = {
    # shots and goals are few: shallow trees, and most of the word to the smooth regression
    "xgoals": Recipe(
        boosters=(({**_SLOW, "max_depth": 3}, 300), ({**_SLOW, "max_depth": 4, "min_child_weight": 30.0}, 200)),
        smooth=0.7, by="header",
    ),
    "pass-completion": Recipe(
        boosters=(({**_SLOW, "max_depth": 4, "eta": 0.06, "colsample_bytree": 0.5}, 250),),
        smooth=0.4, by="height", strength=0.01,
    ),
    "soccer-win-probability": Recipe(
        boosters=(({**_SLOW, "max_depth": 4, "eta": 0.08, "min_child_weight": 50.0, "colsample_bytree": 0.8}, 120),)
    ),
}  # fmt: skip
