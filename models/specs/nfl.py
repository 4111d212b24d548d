"""The models of American football. Most truths of the simulator are smooth in what can be measured: the regression on splines
has most of the word, and small forests add what it cannot say."""

from __future__ import annotations

from typing import Any, Final

from models.specs.declaration import ModelSpec, Recipe

_SMALL: Final[dict[str, Any]] = {
    "eta": 0.08,
    "max_depth": 3,
    "min_child_weight": 30.0,
    "subsample": 0.7,
    "colsample_bytree": 0.8,
    "reg_lambda": 5.0,
}
_ROUTES: Final = ("flat", "slant", "comeback", "curl", "out", "dig", "corner", "post", "go")


def _smooth(rounds: int, share: float, **changed: Any) -> Recipe:
    return Recipe(boosters=(({**_SMALL, **changed}, rounds),), smooth=share, strength=0.01, folds=3)


MODELS: Final = (
    ModelSpec(
        "nfl-completion", "the chance that a pass in the air is caught", ("features.nfl.flight", "COMPLETION_FEATURES"),
        ("incomplete", "caught"), "nfl.pass.completion_probability",
        _smooth(20, 0.95, max_depth=2, min_child_weight=200.0), games=140, fresh=25,
        by_game=True, more=("features.nfl.thrown", "THROW_FEATURES"),
        limits="It knows distances when the ball is thrown and where it comes down, not who throws or catches, the weather, or a "
        "drop; a ball that is thrown away is a pass to it. It has not been fitted to real outcomes: not for judging real "
        "passers.",
    ),
    ModelSpec(
        "nfl-rushing", "the chance that a run gains at least so many yards", ("features.nfl.yardage", "RUSH_FEATURES"),
        ("less", "at least"), "nfl.rusher.yards_distribution", _smooth(30, 0.9), games=140, fresh=25, falling=("yards_yd",),
        by_game=True, more=("features.nfl.handoff", "HANDOFF_FEATURES"),
        limits="It knows the nearest defenders, the box and the runner's speed at the hand-off, not blocking, down or who runs, "
        "and nothing of scrambles and laterals. It has not been fitted to real outcomes: not for judging real runners.",
    ),
    ModelSpec(
        "nfl-yac", "the chance to run at least so many yards after a catch", ("features.nfl.yardage", "YAC_FEATURES"),
        ("less", "at least"), "nfl.receiver.yac_distribution", _smooth(30, 0.9), games=140, fresh=25, falling=("yards_yd",),
        by_game=True,
        limits="It knows who is near and how fast the receiver runs when he catches, not blockers, angles or who he is, and "
        "nothing of fumbles and laterals. It has not been fitted to real outcomes: not for judging real receivers.",
    ),
    ModelSpec(
        "nfl-pressure", "the chance that a rusher beats his block in the next 0.4 s",
        ("features.nfl.pass_rush", "PRESSURE_FEATURES"),
        ("held", "free"), "nfl.defender.pressure_probability", _smooth(40, 0.8), games=140, fresh=25,
        by_game=True, more=("features.nfl.pass_rush", "RUSHER_FEATURES"),
        limits="It means a rusher who beats his block within 0.4 s, as the simulator draws it; no real feed says when that "
        "happens, so that it cannot be checked on real games: a picture of the moment, no count of pressures.",
    ),
    ModelSpec(
        "nfl-tackle", "the chance that a defender makes the tackle in the next yard", ("features.nfl.carrier", "TACKLE_FEATURES"),
        ("no", "tackle"), "nfl.defender.tackle_probability", _smooth(60, 0.5), games=140, fresh=25,
        by_game=True,
        limits="It means the runner's very next yard and the defenders within five yards of him, and does not know angles or "
        "blockers between them; the chances of several defenders need not add up. It has not been fitted to real outcomes.",
    ),
    ModelSpec(
        "nfl-coverage", "man or zone", ("features.nfl.defense", "COVERAGE_FEATURES"), ("man", "zone"),
        "nfl.defense.coverage_probability", _smooth(120, 0.0, eta=0.15, min_child_weight=3.0), games=140, fresh=25,
        more=("features.nfl.defense", "LOOK_FEATURES"),
        limits="Man or zone and nothing finer; a coverage that is disguised until the throw, or mixed, is not known to it. It is "
        "nearly always right in simulated games, whose defenders hide nothing: do not take its certainty for granted on "
        "real ones.",
    ),
    ModelSpec(
        "nfl-route", "the route of the tree", ("features.nfl.routes", "ROUTE_FEATURES"), _ROUTES,
        "nfl.receiver.route_probability",
        Recipe(boosters=(({**_SMALL, "eta": 0.3, "min_child_weight": 2.0, "max_depth": 3}, 20),), folds=3), games=140, fresh=25,
        limits="Nine branches, of the receiver whom the pass was for; option routes, double moves and broken plays are forced into "
        "one of them. It is nearly always right in simulated games: do not take its certainty for granted on real ones.",
    ),
    ModelSpec(
        "nfl-win-probability", "the chance of the team with the ball to win", ("features.nfl.game", "WIN_FEATURES"),
        ("loss", "win"), "nfl.game.win_probability",
        _smooth(90, 0.3, max_depth=4, min_child_weight=100.0, eta=0.1), games=4_000, fresh=1_000,
        by_game=True,
        limits="It knows score, clock, down and place, not time-outs, who is hurt or how strong the teams are, and takes them as "
        "equal: no basis for odds. It learnt from a chain of downs without overtime, kick-offs and two-point tries.",
    ),
    ModelSpec(
        "nfl-fourth-down", "the chance to win after going, kicking or punting", ("features.nfl.game", "FOURTH_FEATURES"),
        ("loss", "win"), "nfl.decision.fourth_down_values",
        _smooth(90, 0.3, max_depth=4, min_child_weight=100.0, eta=0.1), games=4_000, fresh=1_000,
        by_game=True,
        limits="It compares going, kicking and punting for average teams in a chain of downs; kicker, wind, time-outs and overtime "
        "are not known to it. Advice to talk about, and not to be compared closer than its error of 0.018.",
    ),
)  # fmt: skip
