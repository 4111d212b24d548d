"""The models of Formula 1; recipes settled on simulated races (results in docs/f1.md)."""

from __future__ import annotations

from typing import Final

from models.specs.declaration import ModelSpec, Recipe

_SLOW: Final = {"eta": 0.06, "min_child_weight": 30.0, "subsample": 0.6, "colsample_bytree": 0.8, "reg_lambda": 5.0}

MODELS: Final = (
    ModelSpec(
        "f1-overtake", "the chance that a car comes out of the next overtaking zone in front of the one ahead",
        ("features.f1.battle", "OVERTAKE_FEATURES"), ("stays behind", "passes"), "f1.battle.overtake_probability",
        Recipe(boosters=(({**_SLOW, "max_depth": 4}, 150),), smooth=0.5, strength=0.1),
        games=80, fresh=20, falling=("gap_s",), rising=("closing_s", "tyre_age_difference", "compound_difference"),
        by_game=True,
        limits="It asks as if the overtaking zone began now and knows gap, closing and tyres, not battery, damage, team orders, "
        "blue flags or rain. It learnt from simulated races on one circuit: others are easier or harder to pass on.",
    ),
    ModelSpec(
        "f1-undercut", "the chance that the car behind gains the place by stopping a lap earlier",
        ("features.f1.strategy", "UNDERCUT_FEATURES"), ("fails", "works"), "f1.strategy.undercut_threat",
        # many gaps are exactly those of a car that cannot get nearer, which a spline's knots do not bear
        Recipe(boosters=(({"eta": 0.05, "max_depth": 2, "min_child_weight": 100.0, "subsample": 0.8, "reg_lambda": 1.0}, 200),)),
        games=2_500, fresh=300, falling=("gap_s",), rising=("tyre_age",),
        by_game=True,
        limits="It asks as if the car behind stopped at the end of this lap and this car a lap later; traffic after the stop, a "
        "slow stop or a safety car are not known to it. It learnt from simulated races on one circuit.",
    ),
    ModelSpec(
        "f1-win-probability", "the chance of a car to win the race", ("features.f1.game", "WIN_FEATURES"), ("does not", "wins"),
        "f1.race.win_probability",
        Recipe(boosters=(({**_SLOW, "max_depth": 4, "eta": 0.1, "min_child_weight": 20.0}, 130),)),
        games=2_500, fresh=40, falling=("place", "projected_place"), rising=("lead_s", "margin_s", "margin_a_lap_s",
        "second_margin_s"),
        by_game=True,
        limits="It knows gaps, pace so far, tyres and stops, not what a car still has in hand, penalties, reliability or rain; "
        "before the pace has shown it is weakest, and the cars' chances need not add up to 1. No basis for odds.",
    ),
)  # fmt: skip
