"""The models of American football. Most truths of the simulator are smooth in what can be measured: the regression on splines
has most of the word, and small forests add what it cannot say."""

from __future__ import annotations

from typing import Any, Final

from models.known.declaration import Known, Recipe

_SMALL: Final[dict[str, Any]] = {
    "eta": 0.08, "max_depth": 3, "min_child_weight": 30.0, "subsample": 0.7, "colsample_bytree": 0.8, "reg_lambda": 5.0,
}
_ROUTES: Final = ("flat", "slant", "comeback", "curl", "out", "dig", "corner", "post", "go")


def _smooth(rounds: int, share: float, **changed: Any) -> Recipe:
    return Recipe(boosters=(({**_SMALL, **changed}, rounds),), smooth=share, strength=0.01, folds=3)


MODELS: Final = (
    Known(
        "nfl-completion", "the chance that a pass in the air is caught", ("features.nfl.flight", "COMPLETION_FEATURES"),
        ("incomplete", "caught"), "nfl.pass.completion_probability",
        _smooth(20, 0.95, max_depth=2, min_child_weight=200.0), games=140, fresh=25,
    ),
    Known(
        "nfl-rushing", "the chance that a run gains at least so many yards", ("features.nfl.yardage", "RUSH_FEATURES"),
        ("less", "at least"), "nfl.rusher.yards_distribution", _smooth(30, 0.9), games=140, fresh=25, falling=("yards_yd",),
    ),
    Known(
        "nfl-yac", "the chance to run at least so many yards after a catch", ("features.nfl.yardage", "YAC_FEATURES"),
        ("less", "at least"), "nfl.receiver.yac_distribution", _smooth(30, 0.9), games=140, fresh=25, falling=("yards_yd",),
    ),
    Known(
        "nfl-pressure", "the chance that a rusher beats his block in the next 0.4 s",
        ("features.nfl.passrush", "PRESSURE_FEATURES"),
        ("held", "free"), "nfl.defender.pressure_probability", _smooth(40, 0.8), games=140, fresh=25,
    ),
    Known(
        "nfl-tackle", "the chance that a defender makes the tackle in the next yard", ("features.nfl.carrier", "TACKLE_FEATURES"),
        ("no", "tackle"), "nfl.defender.tackle_probability", _smooth(60, 0.5), games=140, fresh=25,
    ),
    Known(
        "nfl-coverage", "man or zone", ("features.nfl.defense", "COVERAGE_FEATURES"), ("man", "zone"),
        "nfl.defense.coverage_probability", _smooth(120, 0.0, eta=0.15, min_child_weight=3.0), games=140, fresh=25,
    ),
    Known(
        "nfl-route", "the route of the tree", ("features.nfl.routes", "ROUTE_FEATURES"), _ROUTES,
        "nfl.receiver.route_probability",
        Recipe(boosters=(({**_SMALL, "eta": 0.3, "min_child_weight": 2.0, "max_depth": 3}, 20),), folds=3), games=140, fresh=25,
    ),
    Known(
        "nfl-win-probability", "the chance of the team with the ball to win", ("features.nfl.game", "WIN_FEATURES"),
        ("loss", "win"), "nfl.game.win_probability",
        _smooth(90, 0.3, max_depth=4, min_child_weight=100.0, eta=0.1), games=4_000, fresh=1_000,
    ),
    Known(
        "nfl-fourth-down", "the chance to win after going, kicking or punting", ("features.nfl.game", "FOURTH_FEATURES"),
        ("loss", "win"), "nfl.decision.fourth_down_values",
        _smooth(90, 0.3, max_depth=4, min_child_weight=100.0, eta=0.1), games=4_000, fresh=1_000,
    ),
)  # fmt: skip
