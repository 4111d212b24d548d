"""The models of soccer; recipes settled by cross-validation over whole games (results in docs/models.md)."""

from __future__ import annotations

from typing import Any, Final

from models.specs.declaration import ModelSpec, Recipe

_SLOW: Final = {"eta": 0.05, "min_child_weight": 20.0, "subsample": 0.6, "colsample_bytree": 0.3, "reg_lambda": 5.0}
#: with fewer opponents in sight than this, what they hide of the goal is another matter
FEW: Final = 4.0
_MIXED: Final = (
    ({**_SLOW, "max_depth": 3, "eta": 0.15}, 60),
    ({**_SLOW, "max_depth": 4, "eta": 0.15, "min_child_weight": 30.0}, 40),
)
_PARTED: Final[dict[str, Any]] = {"smooth": 0.7, "by": "header", "strength": 0.003, "knots": 4, "own": 1.0}

_MANY: Final = {
    "eta": 0.16, "min_child_weight": 80.0, "subsample": 0.7, "colsample_bytree": 0.7, "reg_lambda": 3.0, "max_bin": 128,
}  # fmt: skip

MODELS: Final = (
    ModelSpec(
        "xgoals", "xGoals: the chance that a shot becomes a goal", ("features.soccer.shots", "SHOT_FEATURES"),
        ("no goal", "goal"), "soccer.shot.xgoals",
        # shots and goals are few: shallow trees, and most of the word to the smooth regression
        Recipe(
            boosters=(({**_SLOW, "max_depth": 3}, 300), ({**_SLOW, "max_depth": 4, "min_child_weight": 30.0}, 200)),
            smooth=0.85, by="header", knots=3,
        ),
        games=420, fresh=60,
        # farther off is never better, a wider or more open goal never worse, all else being equal
        rising=("angle_rad", "mouth_open", "open_goal"), falling=("distance_m",),
        # five forests in one: no player in sight, no opponents, few, the keeper missing, nearly everybody there; each is the
        # average of the smooth regression, whose headers have curves of their own, and of shallow trees
        real=Recipe(
            boosters=_MIXED, **_PARTED, gate_feature="blocked_share",
            present=Recipe(
                boosters=_MIXED, **_PARTED, gate_feature="opponents_seen", gate_below=1.0,
                present=Recipe(
                    boosters=_MIXED, **_PARTED, gate_feature="opponents_seen", gate_below=FEW,
                    present=Recipe(boosters=_MIXED, **_PARTED, gate_feature="keeper_distance_m",
                                   present=Recipe(boosters=_MIXED, **_PARTED)),
                ),
            ),
        ),
        limits="It knows place, body part, how the ball came and, where they are in sight, who stands where, not who shoots, who "
        "keeps goal or how high the ball is: no measure of one player's finishing over a few games. One that learnt from simulated "
        "shots says nothing of real ones.",
    ),
    ModelSpec(
        "pass-completion", "the chance that a pass arrives", ("features.soccer.passes", "PASS_FEATURES"),
        ("incomplete", "complete"), "soccer.pass.completion_probability",
        # the truth is smooth in what is measured; trees for what is not: a player who is offside gets no pass
        Recipe(
            boosters=(({**_SLOW, "max_depth": 3, "min_child_weight": 50.0, "colsample_bytree": 0.8}, 80),),
            smooth=1.0, by="height", strength=0.01, knots=5,
        ),
        games=150, fresh=10,
        # passes are many: deep trees, and three forests in one: for feeds without words, at the kick, and given the end
        real=Recipe(
            boosters=(({**_MANY, "max_depth": 5}, 70),), gate_feature="through_ball",
            present=Recipe(
                boosters=(({**_MANY, "max_depth": 6}, 130),), gate_feature="end_length_m",
                present=Recipe(boosters=(({**_MANY, "max_depth": 6}, 160),)),
            ),
            strip=True,
        ),
        by_game=True,
        limits="It does not know who plays or how hard the ball is struck, nor whether a pass was worth playing. From events "
        "alone it "
        "knows the start, the kind and the move before it, not who stands where, and at the kick nothing of the target: the value "
        "given "
        "where the pass ended is hindsight, for a failed pass ends where it was lost. With tracking the man meant is guessed from "
        "the "
        "direction where the feed does not tell; that reading learnt from simulated games only and is silent in real ones.",
    ),
    ModelSpec(
        "soccer-win-probability", "home win, draw, away win", ("features.soccer.game", "WIN_FEATURES"),
        ("home", "draw", "away"), "soccer.match.win_probability",
        Recipe(
            # leaves light enough to be certain when nothing is left to be played
            boosters=(
                ({**_SLOW, "max_depth": 4, "eta": 0.08, "min_child_weight": 5.0, "reg_lambda": 1.0, "colsample_bytree": 0.8}, 150),
            )
        ),
        games=12_000, fresh=5_000,
        by_game=True,
        # it is trained on the probabilities of a chain (models.recipes.teachers.soccer_win), not single results: as many trees as
        # it takes to follow them
        real=Recipe(
            boosters=(
                (
                    {"eta": 0.15, "max_depth": 5, "min_child_weight": 20.0, "reg_lambda": 0.1, "colsample_bytree": 1.0,
                     "subsample": 1.0}, 120,
                ),
            ),
            strip=True,
        ),
        limits="It knows score, time, red cards and xGoals so far, not how strong the teams are, and takes them as equal at "
        "kick-off: no basis for odds. The result is that of play: in normal time the score when the second half ends, in extra "
        "time "
        "when that ends; a match that goes to a shoot-out is a draw.",
    ),
)  # fmt: skip
