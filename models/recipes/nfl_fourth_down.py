"""Real fourth downs: what was tried, what came of it, and how the game ended.

The folder is that of ``nfl-win-probability``; of ``plays.parquet`` are read besides ``fourth_conv`` (1 or 0 of tries),
``fg_result`` (good, missed, blocked), ``kick_distance`` (yd), ``next_posteam`` and ``next_yardline_100``, and ``no_play``
(nullified). The forest is trained on the probabilities of ``models.recipes.teachers.nfl_fourth_down`` for all three choices of
every fourth down. It is evaluated on the choices that were made and the results of their games, and its parts on the results of the
attempts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.game import CHOICES, FOURTH_FEATURES, KICK_EXTRA_YD, LONGEST_KICK_YD, fourth_rows
from models.artefact import Card
from models.base import Floats
from models.evaluation_set import EvaluationSet
from models.gate import FOLDS
from models.holdout import folds_of
from models.metrics import log_loss
from models.recipes import nfl_win_probability as winning
from models.recipes.shared import outcome_report, real_outcomes
from models.recipes.shared.real_outcomes import OnProgress, Outcomes, TrainingPlan
from models.recipes.teachers.nfl_fourth_down import Attempts, Parts, kick_terms, worth
from models.recipes.teachers.nfl_win import Winning
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "nfl-fourth-down"
FITS: Final = 3
#: it follows a smooth teacher, so that it may be fine
RECIPE: Final = Recipe(
    boosters=(({"eta": 0.2, "max_depth": 6, "min_child_weight": 5.0, "reg_lambda": 1.0, "max_bin": 256}, 150),),
)
LIMITS: Final = (
    "It compares going, kicking and punting for average teams: kicker, wind, time-outs and overtime are not known to it. It "
    "learnt from 2009 to 2019, when conversions were tried where they were hardest to avoid. Advice to talk about, and not to "
    "be compared closer than a hundredth."
)
_NUMBERS: Final = (
    "qtr", "down", "ydstogo", "yardline_100", "home_score", "away_score", "game_s_left", "home_win", "fourth_conv", "kick_distance",
    "next_yardline_100", "no_play",
)  # fmt: skip
_WORDS: Final = ("game_id", "posteam", "home", "play_type", "fg_result", "next_posteam")


def fourth_downs(folder: Path) -> tuple[dict[str, Floats], dict[str, Any]]:
    """The numbers and the text of every fourth down of a folder, by column (N,)."""
    table = read_table(folder / "plays.parquet", (*_NUMBERS, *_WORDS))
    value, word = {name: column(table, name) for name in _NUMBERS}, {name: words_of(table, name) for name in _WORDS}
    fourth = (value["down"] == 4.0) & (value["no_play"] != 1.0) & (value["ydstogo"] >= 1.0) & np.isfinite(value["yardline_100"])
    return {name: v[fourth] for name, v in value.items()}, {name: v[fourth] for name, v in word.items()}


def attempts_of(value: Mapping[str, Floats], word: Mapping[str, Any]) -> Attempts:
    """Conversions, field goals and punts that were attempted on these fourth downs."""
    kind, game, at = word["play_type"], word["game_id"], value["yardline_100"]
    went = np.isin(kind, ("pass", "run", "sack")) & np.isfinite(value["fourth_conv"])
    ended = np.isin(word["fg_result"], ("good", "missed", "blocked"))
    kicked = (kind == "field_goal") & ended & np.isfinite(value["kick_distance"])
    turned = (word["next_posteam"] != "") & (word["next_posteam"] != word["posteam"]) & np.isfinite(value["next_yardline_100"])
    punted = (kind == "punt") & turned
    net = at - (100.0 - value["next_yardline_100"])
    return Attempts(
        value["ydstogo"][went],
        at[went],
        value["fourth_conv"][went],
        game[went],
        value["kick_distance"][kicked],
        (word["fg_result"][kicked] == "good").astype(np.float64),
        game[kicked],
        at[punted],
        net[punted],
        game[punted],
    )


def read(folder: Path) -> tuple[Outcomes, Attempts, Outcomes]:
    """The choices with the results of their games, the attempts, and the plays that the win probability is trained on."""
    value, word = fourth_downs(folder)
    choice = np.select(
        [np.isin(word["play_type"], ("pass", "run", "sack")), word["play_type"] == "field_goal", word["play_type"] == "punt"],
        [0, 1, 2],
        -1,
    )
    ours = word["posteam"] == word["home"]
    lead = np.where(ours, 1.0, -1.0) * (value["home_score"] - value["away_score"])
    states = np.column_stack([value["game_s_left"], lead, value["ydstogo"], value["yardline_100"], ours])
    some = (choice >= 0) & (value["qtr"] >= 1) & (value["qtr"] <= 4) & np.isfinite(states).all(1) & (value["home_win"] >= 0)
    some &= (choice != 1) | (value["yardline_100"] + KICK_EXTRA_YD <= LONGEST_KICK_YD)
    rows = np.array([fourth_rows(*state)[k] for state, k in zip(states[some].tolist(), choice[some], strict=True)])
    label = np.where(ours, value["home_win"], 1.0 - value["home_win"])[some]
    made = Outcomes(
        rows.reshape(-1, len(FOURTH_FEATURES)),
        label,
        word["game_id"][some],
        winning.SOURCE,
        winning.HELD_OUT_AS,
        winning.TERMS,
        {"choice": np.array(CHOICES)[choice[some]]},
    )
    return made, attempts_of(value, word), winning.read(folder)


def plan(attempts: Attempts, plays: Outcomes) -> TrainingPlan:
    def fit(train_set: Outcomes, seed: int) -> bytes:
        games = np.unique(train_set.game)
        known_plays = plays.take(np.isin(plays.game, games))
        parts, chance = Parts.fit(attempts.of(games)), Winning.fit(known_plays.rows, known_plays.label)
        rows, win_probability = teaching_rows(train_set.rows, parts, chance)
        return grow(spec_of(MODEL), RECIPE, rows, win_probability, seed)

    return TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card())


def teaching_rows(rows: Floats, parts: Parts, chance: Winning) -> tuple[Floats, Floats]:
    """All three choices in the states of ``rows`` (B, F), as rows with the teacher's probabilities; kicks from too far are left
    out."""
    at = {name: i for i, (name, _, _) in enumerate(FOURTH_FEATURES)}
    states = rows[:, [at["clock_s"], at["lead"], at["to_go_yd"], at["to_goal_yd"], at["home"]]]
    every = np.concatenate([fourth_rows(*state) for state in states.tolist()])
    win_probability = worth(parts, chance, states).ravel()
    some = every[:, at["kick_yards"]] <= LONGEST_KICK_YD
    return every[some], np.clip(win_probability[some], 1e-6, 1.0 - 1e-6)


def part_scores(attempts: Attempts, seed: int) -> dict[str, float]:
    """How right the parts are on tries of games that they have not seen, beside those of a constant."""
    every = np.unique(np.concatenate([attempts.went, attempts.kicked, attempts.punted]))
    fold = folds_of(every, FOLDS, seed)
    made, good, net = (np.empty(len(each)) for each in (attempts.converted, attempts.good, attempts.net_yd))
    for k in range(FOLDS):
        parts = Parts.fit(attempts.of(every[fold != k]))
        games = every[fold == k]
        went, kicked, punted = (np.isin(each, games) for each in (attempts.went, attempts.kicked, attempts.punted))
        made[went] = parts.converts(attempts.to_go_yd[went], attempts.to_goal_yd[went])
        good[kicked] = parts.kick(kick_terms(attempts.length_yd[kicked]))
        net[punted] = parts.punts_yd(attempts.from_yd[punted])
    return {
        "conversion_log_loss": log_loss(attempts.converted, made),
        "conversion_log_loss_of_the_rate": log_loss(attempts.converted, np.full(len(made), attempts.converted.mean())),
        "field_goal_log_loss": log_loss(attempts.good, good),
        "field_goal_log_loss_of_the_rate": log_loss(attempts.good, np.full(len(good), attempts.good.mean())),
        "punt_mae_yd": float(np.abs(attempts.net_yd - net).mean()),
        "punt_mae_yd_of_the_median": float(np.abs(attempts.net_yd - np.median(attempts.net_yd)).mean()),
    }


def train(folder: Path, seed: int, command: str, on_progress: OnProgress) -> tuple[Card, bytes]:
    made, attempts, plays = read(folder)
    return real_outcomes.train(plan(attempts, plays), made, seed, command, on_progress)


def predict_held_out(folder: Path, artefact: str | None, seed: int, on_progress: OnProgress) -> tuple[EvaluationSet, ...]:
    made, attempts, plays = read(folder)
    measures = part_scores(attempts, seed)
    on_progress("parts evaluated")
    found = real_outcomes.predict_held_out(plan(attempts, plays), made, artefact, seed, on_progress)
    return tuple(replace(each, facts={**each.facts, "measures": measures}) for each in found)


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    return outcome_report.report(predictions)


def evaluate(folder: Path, artefact: str | None, seed: int, on_progress: OnProgress) -> dict[str, Any]:
    return report(predict_held_out(folder, artefact, seed, on_progress))
