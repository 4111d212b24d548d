"""The models of baseball; docs/models.md and docs/mlb.md say how their recipes were found."""

from __future__ import annotations

from typing import Final

from features.mlb.steal_features import FALLING, RISING
from models.specs.declaration import ModelSpec, Recipe

_REAL: Final = {
    "eta": 0.03, "max_depth": 2, "min_child_weight": 30.0, "subsample": 0.5, "colsample_bytree": 0.3, "reg_lambda": 20.0,
}  # fmt: skip
_SMALL: Final = {
    "eta": 0.25, "max_depth": 5, "min_child_weight": 40.0, "subsample": 0.8, "colsample_bytree": 0.8, "reg_lambda": 2.0,
}  # fmt: skip

#: states of a game have few inputs, of which one explains nearly all: shallow trees, with many rows each
_STATES: Final = {
    "eta": 0.1, "max_depth": 3, "min_child_weight": 400.0, "subsample": 0.8, "colsample_bytree": 1.0, "reg_lambda": 2.0,
}  # fmt: skip

_BALLS: Final = {
    "eta": 0.1, "max_depth": 6, "min_child_weight": 100.0, "subsample": 0.7, "colsample_bytree": 0.8, "reg_lambda": 5.0,
}  # fmt: skip
_FEW_FLIES: Final = {
    "eta": 0.03, "max_depth": 3, "min_child_weight": 10.0, "subsample": 0.6, "colsample_bytree": 0.6, "reg_lambda": 5.0,
}  # fmt: skip

_AT_RELEASE: Final = Recipe(
    boosters=((_REAL, 600),),
    smooth=0.6,
    by="third",
    strength=0.033,
    knots=4,
    bend=0.17,
    half_life_years=5.0,
    level_half_life_years=0.5,
)

MODELS: Final = (
    ModelSpec(
        "lead-probability", "Lead Probability: the chance that a steal succeeds", ("features.mlb.steal_features", "STEAL_FEATURES"),
        ("caught", "stolen"), "mlb.runner.steal_probability",
        Recipe(boosters=((_SMALL, 50),), gate_feature="gain_m", strip=True), games=5_000, fresh=400,
        rising=RISING, falling=FALLING, needs=("lead_m",), curve=("features.mlb.steal_features", "CURVE"),
        # attempts are few and noisy: most of the word to the smooth regression, whose features are mostly lines, and trees for
        # what it cannot say
        real=Recipe(
            boosters=((_REAL, 150),), smooth=0.85, by="third", strength=0.033, knots=3, bend=0.17, half_life_years=5.0,
            level_half_life_years=0.5, gate_feature="gain_m", present=_AT_RELEASE,
        ),
        by_game=True,
        limits="It is the chance of a steal that is tried, not of whether it will be or should be; pick-offs, pitch-outs and "
        "double steals are not in it. The one that ships learnt from simulated races: train it on real attempts before it "
        "judges them.",
    ),
    ModelSpec(
        "hit-probability", "Hit Probability: how often a ball hit like this is a hit", ("features.mlb.batted", "HIT_FEATURES"),
        ("out", "hit"), "mlb.batted_ball.hit_probability",
        Recipe(boosters=(({**_SMALL, "eta": 0.15, "min_child_weight": 60.0}, 150),), strip=True), games=14_000, fresh=800,
        real=Recipe(boosters=((_BALLS, 150),)),
        limits="It knows the ball off the bat and the batter's speed, not where the fielders stood or what the park and the wind "
        "do: no measure of one ball's luck against a shift. It learnt from simulated balls in play.",
    ),
    ModelSpec(
        "catch-probability", "Catch Probability: how often such a ball is caught", ("features.mlb.fielding", "CATCH_FEATURES"),
        ("fell", "caught"), "mlb.fielder.catch_probability", Recipe(boosters=((_SMALL, 40),), strip=True), games=3_000, fresh=800,
        rising=("hang_s",), falling=("distance_m", "needed_mps"), real=Recipe(boosters=((_FEW_FLIES, 250),)),
        limits="It knows the straight way and the time, not walls, wind, sun or a second fielder who calls for the ball, and asks "
        "only about balls in the air that stay in the park. It learnt from simulated flies.",
    ),
    ModelSpec(
        "mlb-win-probability", "the chance that the home team wins", ("features.mlb.game", "WIN_FEATURES"),
        ("away", "home"), "mlb.game.win_probability", Recipe(boosters=((_STATES, 80),), strip=True), games=20_000, fresh=4_000,
        rising=("lead_runs", "balance", "odds"),
        by_game=True,
        # it is trained on a teacher's probabilities, not on results, which would add luck
        real=Recipe(boosters=(({**_STATES, "max_depth": 5, "min_child_weight": 5.0, "reg_lambda": 0.1, "subsample": 1.0}, 150),)),
        limits="It knows inning, outs, bases and score, not who bats, pitches or is still in the bullpen, and takes the teams as "
        "equal but for the home team's advantage, if it learnt from real games: no basis for odds. The one for simulated games "
        "learnt from games in which every plate appearance has the same odds.",
    ),
)  # fmt: skip
