"""Real fourth downs: what was tried, what came of it, and how the game ended.

The folder is that of ``nfl-win-probability``; of ``plays.parquet`` are read besides ``fourth_conv`` (1 or 0 of tries),
``fg_result`` (good, missed, blocked), ``kick_distance`` (yd), ``next_posteam`` and ``next_yardline_100``, and ``no_play``
(nullified). The forest is taught by ``models.recipes.teachers.nfl_fourth_down`` all three choices of every fourth down; it is
judged by the choice that
was made and how the game ended, and its parts by what came of the try.
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
from models.recipes.shared import by_command
from models.recipes.shared.by_command import Course, Outcomes, Tell
from models.recipes.teachers.nfl_fourth_down import Parts, Tries, kick_terms, worth
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


def _table(folder: Path) -> tuple[dict[str, Floats], dict[str, Any]]:
    table = read_table(folder / "plays.parquet", (*_NUMBERS, *_WORDS))
    value, word = {name: column(table, name) for name in _NUMBERS}, {name: words_of(table, name) for name in _WORDS}
    fourth = (value["down"] == 4.0) & (value["no_play"] != 1.0) & (value["ydstogo"] >= 1.0) & np.isfinite(value["yardline_100"])
    return {name: v[fourth] for name, v in value.items()}, {name: v[fourth] for name, v in word.items()}


def tries(value: Mapping[str, Floats], word: Mapping[str, Any]) -> Tries:
    kind, game, at = word["play_type"], word["game_id"], value["yardline_100"]
    went = np.isin(kind, ("pass", "run", "sack")) & np.isfinite(value["fourth_conv"])
    ended = np.isin(word["fg_result"], ("good", "missed", "blocked"))
    kicked = (kind == "field_goal") & ended & np.isfinite(value["kick_distance"])
    turned = (word["next_posteam"] != "") & (word["next_posteam"] != word["posteam"]) & np.isfinite(value["next_yardline_100"])
    punted = (kind == "punt") & turned
    net = at - (100.0 - value["next_yardline_100"])
    return Tries(
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


def read(folder: Path) -> tuple[Outcomes, Tries, Outcomes]:
    """The choices that were made with how the game ended, what was tried, and the plays that the chance to win is learnt from."""
    value, word = _table(folder)
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
    return made, tries(value, word), winning.read(folder)


def course(tried: Tries, plays: Outcomes) -> Course:
    def fit(learnt: Outcomes, seed: int) -> bytes:
        games = np.unique(learnt.game)
        known_plays = plays.take(np.isin(plays.game, games))
        parts, chance = Parts.fit(tried.of(games)), Winning.fit(known_plays.rows, known_plays.label)
        rows, said = taught(learnt.rows, parts, chance)
        return grow(spec_of(MODEL), RECIPE, rows, said, seed)

    return Course(MODEL, fit, LIMITS, RECIPE.told())


def taught(rows: Floats, parts: Parts, chance: Winning) -> tuple[Floats, Floats]:
    """All three choices in the states of ``rows`` (B, F), as rows and what the teacher says of each; kicks from too far left
    out."""
    at = {name: i for i, (name, _, _) in enumerate(FOURTH_FEATURES)}
    states = rows[:, [at["clock_s"], at["lead"], at["to_go_yd"], at["to_goal_yd"], at["home"]]]
    every = np.concatenate([fourth_rows(*state) for state in states.tolist()])
    said = worth(parts, chance, states).ravel()
    some = every[:, at["kick_yards"]] <= LONGEST_KICK_YD
    return every[some], np.clip(said[some], 1e-6, 1.0 - 1e-6)


def part_scores(tried: Tries, seed: int) -> dict[str, float]:
    """How right the parts are on tries of games that they have not seen, beside those of a constant."""
    every = np.unique(np.concatenate([tried.went, tried.kicked, tried.punted]))
    fold = folds_of(every, FOLDS, seed)
    made, good, net = (np.empty(len(each)) for each in (tried.converted, tried.good, tried.net_yd))
    for k in range(FOLDS):
        parts = Parts.fit(tried.of(every[fold != k]))
        games = every[fold == k]
        went, kicked, punted = (np.isin(each, games) for each in (tried.went, tried.kicked, tried.punted))
        made[went] = parts.converts(tried.to_go_yd[went], tried.to_goal_yd[went])
        good[kicked] = parts.kick(kick_terms(tried.length_yd[kicked]))
        net[punted] = parts.punts_yd(tried.from_yd[punted])
    return {
        "conversion_log_loss": log_loss(tried.converted, made),
        "conversion_log_loss_of_the_rate": log_loss(tried.converted, np.full(len(made), tried.converted.mean())),
        "field_goal_log_loss": log_loss(tried.good, good),
        "field_goal_log_loss_of_the_rate": log_loss(tried.good, np.full(len(good), tried.good.mean())),
        "punt_mae_yd": float(np.abs(tried.net_yd - net).mean()),
        "punt_mae_yd_of_the_median": float(np.abs(tried.net_yd - np.median(tried.net_yd)).mean()),
    }


def train(folder: Path, seed: int, command: str, tell: Tell) -> tuple[Card, bytes]:
    made, tried, plays = read(folder)
    return by_command.train(course(tried, plays), made, seed, command, tell)


def judge(folder: Path, artefact: str | None, seed: int, tell: Tell) -> tuple[EvaluationSet, ...]:
    made, tried, plays = read(folder)
    measures = part_scores(tried, seed)
    tell("parts judged")
    found = by_command.judge(course(tried, plays), made, artefact, seed, tell)
    return tuple(replace(each, facts={**each.facts, "measures": measures}) for each in found)


def report(judged: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    return by_command.report(judged)


def evaluate(folder: Path, artefact: str | None, seed: int, tell: Tell) -> dict[str, Any]:
    return report(judge(folder, artefact, seed, tell))
