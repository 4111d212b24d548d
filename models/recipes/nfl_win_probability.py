"""Real plays for American football's win probability: scrimmage plays of the four quarters, with how their game ended.

The folder holds ``plays.parquet`` (one row a play: ``game_id, qtr, down, ydstogo, yardline_100, posteam, home, home_score,
away_score`` before the play, ``game_s_left, play_type, home_win``) and, if there is one, ``nflscrapr_postseason.parquet`` with
nflscrapR's ``wp`` of the same plays. Drawn games are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.game import WIN_FEATURES, win_row
from models.base import Floats
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.recipes.teachers.nfl_win import Winning
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "nfl-win-probability"
FITS: Final = 3
HELD_OUT_AS: Final = "nfl_pbp"
SOURCE: Final = "NFL play-by-play"
TERMS: Final = "NFL.com's play-by-play belongs to the NFL: internal use only; the model is not to be passed on"
SCRIMMAGE: Final = ("pass", "run", "sack", "punt", "field_goal", "qb_kneel", "qb_spike")
#: it follows a smooth teacher, so that it may be fine
RECIPE: Final = Recipe(
    boosters=(({"eta": 0.2, "max_depth": 6, "min_child_weight": 40.0, "reg_lambda": 1.0, "max_bin": 256}, 150),),
)
_NEEDED: Final = (
    "game_id", "play_id", "qtr", "down", "ydstogo", "yardline_100", "posteam", "home", "home_score", "away_score", "game_s_left",
    "play_type", "home_win",
)  # fmt: skip


def read(folder: Path) -> Outcomes:
    table = read_table(folder / "plays.parquet", _NEEDED)
    value = {name: column(table, name) for name in _NEEDED if name not in ("game_id", "posteam", "home", "play_type")}
    game, posteam, home, kind = (words_of(table, name) for name in ("game_id", "posteam", "home", "play_type"))
    ours = np.where(posteam == home, 1.0, -1.0)
    lead = ours * (value["home_score"] - value["away_score"])
    state = np.column_stack([value["game_s_left"], lead, value["down"], value["ydstogo"], value["yardline_100"], ours > 0])
    some = np.isin(kind, SCRIMMAGE) & (value["qtr"] <= 4) & (value["qtr"] >= 1) & (value["down"] >= 1) & (value["down"] <= 4)
    some &= np.isfinite(state).all(1) & (value["home_win"] >= 0) & (posteam != "")
    rows = np.array([win_row(*each) for each in state[some].tolist()], np.float64).reshape(-1, len(WIN_FEATURES))
    label = np.where(ours > 0, value["home_win"], 1.0 - value["home_win"])[some]
    reference = _nflscrapr(folder, game[some], value["play_id"][some], posteam[some])
    return Outcomes(
        rows,
        label,
        game[some],
        SOURCE,
        HELD_OUT_AS,
        TERMS,
        {"quarter": np.array([f"{int(q)}" for q in value["qtr"][some]]), "side": np.where(ours > 0, "home", "away")[some]},
        reference,
        "nflscrapR",
    )


def _nflscrapr(folder: Path, game: Any, play: Floats, posteam: Any) -> Floats:
    """(B,) nflscrapR's win probability of the team with the ball; NaN where it has none, or one of the other team."""
    path = folder / "nflscrapr_postseason.parquet"
    if not path.is_file():
        return np.empty(0)
    table = read_table(path, ("game_id", "play_id", "posteam", "wp"))
    keys = zip(words_of(table, "game_id").tolist(), column(table, "play_id").tolist(), words_of(table, "posteam").tolist())
    chance = dict(zip(keys, column(table, "wp").tolist(), strict=True))
    lookup = zip(game.tolist(), play.tolist(), posteam.tolist(), strict=True)
    return np.array([chance.get(key, float("nan")) for key in lookup], np.float64)


def fit(train_set: Outcomes, seed: int) -> bytes:
    """The forest, trained on the probabilities of the regression of ``models.recipes.teachers.nfl_win`` at the states of the
    games."""
    return grow(spec_of(MODEL), RECIPE, train_set.rows, Winning.fit(train_set.rows, train_set.label)(train_set.rows), seed)


LIMITS: Final = (
    "It knows score, clock, down, place and which team is at home, not time-outs, who is hurt or how strong the teams are: no "
    "basis for odds. It learnt from the four quarters of the seasons 2009 to 2019 and says nothing of overtime."
)
PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card())
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
