"""Real matches for the win probability: Wyscout's open events, every minute of every match.

The forest is trained on the probabilities of ``models.recipes.teachers.soccer_win`` at the states of real matches, and at drawn
ones around them for rare states. It is evaluated on results.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.game import WIN_FEATURES
from models.artefact import Card, ForestModel, load
from models.base import Floats
from models.data.wyscout import CREDIT, HELD_OUT_AS, SOURCE, TERMS, content_of, read_events, read_matches
from models.data.wyscout_moments import folder_of
from models.data.wyscout_results import XGOALS, Results, results_of
from models.evaluation_set import EvaluationSet, Words
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data
from models.gate import gate, logistic_of, paired_bootstrap_losses
from models.holdout import folds_of, held_out
from models.home import Home, inputs_of
from models.metrics import ece, reliability, scores
from models.recipes.teachers.soccer_win import Winning
from models.specs import Recipe, spec_of
from models.training.training import Table, grow_from_probabilities, profile

MODEL: Final = "soccer-win-probability"
#: the events; the matches are in the file matches.parquet beside them
FILES: Final = ("plays",)
FOLDS: Final = 5
FITS: Final = FOLDS + 3
RECIPE: Final = spec_of(MODEL).real or spec_of(MODEL).recipe
READINGS: Final = ("with xGoals", "without xGoals")
#: minutes between the states of a match; the forest is trained on one state in ``_TAUGHT``
EVERY_MIN: Final = 1.0
_TAUGHT: Final = 3
_DRAWN: Final = 60_000
_COLUMN: Final = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}
_PLAIN: Final = [_COLUMN["time_left_s"], _COLUMN["goal_difference"]]

Predict = Callable[[Floats], Floats]


def train(folder: Path, seed: int, command: str, on_progress: Callable[[str], None]) -> tuple[Card, bytes]:
    results = _read(folder)
    kept_out = held_out(HELD_OUT_AS, results.match)
    train_set, held = results.take(~kept_out), results.take(kept_out)
    if not len(held.label):
        raise ValueError(f"{folder} has too few matches: some are needed for training, some are held out")
    on_progress("read")
    blob, winning, teaching_rows = fit(train_set, seed)
    on_progress("fitted")
    predict = _predict(blob)
    # a fifth of the matches is too few to distinguish a calibration error of 0.01 from luck: the gate is that of the recipe, on all
    parts, score_and_time, _ = _out_of_match(results, seed, on_progress)
    measured = gate(SOURCE, results.rows, results.label, parts[0], results.match, seed=seed)
    rows = np.concatenate([train_set.rows, train_set.without_xgoals()])
    model = spec_of(MODEL)
    metrics: dict[str, Any] = {
        "held_out": _scores(held.label, predict(held.rows)),
        "held_out_without_xgoals": _scores(held.label, predict(held.without_xgoals())),
        "held_out_score_and_time": _scores(held.label, _score_and_time(train_set, held)),
        "held_out_matches": len(np.unique(held.match)),
        "out_of_match": _scores(results.label, parts[0]),
        "out_of_match_without_xgoals": _scores(results.label, parts[1]),
        "out_of_match_score_and_time": _scores(results.label, score_and_time),
    }
    source: dict[str, str | float | int] = {
        "source": SOURCE,
        "rows": len(train_set.label),
        "games": len(np.unique(train_set.match)),
        "content": content_of(np.unique(train_set.match)),
        "held_out": f"matches by the rule of models.holdout, as {HELD_OUT_AS}",
    }
    metrics["profile"] = profile(model, Table(rows, np.tile(train_set.label, 2), np.tile(train_set.match, 2), source))
    on_progress("profile")
    card = Card.of(
        model,
        trained_on=source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters={**RECIPE.as_card(), "goals": winning.as_json()},
        home=Home("real", SOURCE, inputs_of(teaching_rows), TERMS, CREDIT, measured),
    )
    return card, blob


def fit(train_set: Results, seed: int, recipe: Recipe = RECIPE) -> tuple[bytes, Winning, Floats]:
    """The forest, the chain that it follows, and the states (T, F) that it was trained on."""
    winning = Winning.fit(train_set, EVERY_MIN)
    over = train_set.rows[train_set.rows[:, _COLUMN["time_left_s"]] == 0.0]
    part = np.concatenate([train_set.rows[::_TAUGHT], over, drawn(seed)])
    without = part.copy()
    without[:, XGOALS] = np.nan
    rows = np.concatenate([part, without])
    return strip_training_data(grow_from_probabilities(spec_of(MODEL), recipe, rows, winning(rows), seed)), winning, rows


def _out_of_match(results: Results, seed: int, on_progress: Callable[[str], None]) -> tuple[list[Floats], Floats, bytes]:
    """The recipe's probabilities of both readings for all matches in five parts, each by a forest that has not seen its matches;
    those of score and time left alike; and the last of the forests."""
    fold = folds_of(results.match, FOLDS, seed)
    probability, plain = [np.empty((len(fold), 3)) for _ in READINGS], np.empty((len(fold), 3))
    blob = b""
    for k in range(FOLDS):
        in_fold = fold == k
        blob = fit(results.take(~in_fold), seed)[0]
        predict = _predict(blob)
        for out, rows in zip(probability, (results.rows, results.without_xgoals())):
            out[in_fold] = predict(rows[in_fold])
        plain[in_fold] = _score_and_time(results.take(~in_fold), results.take(in_fold))
        on_progress(f"part {k + 1} of {FOLDS} held out")
    return probability, plain, blob


def drawn(seed: int) -> Floats:
    """(D, F) states from the whole space: any time, score and cards, xGoals as of teams of very different strength."""
    generator = np.random.default_rng(seed)
    left = generator.choice([0.0, 30.0], _DRAWN)
    running = generator.random(_DRAWN) < 0.8
    left[running] = generator.uniform(30.0, 5640.0, int(running.sum()))
    played = 1.0 - left / 5640.0
    xgoals = generator.gamma(2.0, 0.7, (_DRAWN, 2)) * played[:, None]
    columns = {
        "time_left_s": left,
        "goal_difference": np.rint(generator.normal(0.0, 2.0, _DRAWN)),
        "red_card_difference": generator.choice([-2, -1, 0, 1, 2], _DRAWN, p=[0.03, 0.12, 0.7, 0.12, 0.03]),
        "xgoals_home": xgoals[:, 0],
        "xgoals_away": xgoals[:, 1],
    }
    return np.stack([columns[name].astype(np.float64) for name, _, _ in WIN_FEATURES], axis=1)


def predict_held_out(
    folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]
) -> tuple[EvaluationSet, ...]:
    """With and without xGoals, beside a logistic regression of score and time left. Without an artefact the recipe on all matches
    in five parts, each by a model that has not seen its matches; an artefact by the matches held out by the rule."""
    results = _read(folder)
    attribute: Callable[[Floats], Floats]
    facts = {"source": SOURCE}
    if artefact is None:
        probability, plain, blob = _out_of_match(results, seed, on_progress)
        last, how, held = Attribution(read_forest(blob)), f"{FOLDS} parts, whole matches held out", results

        def attribute(rows: Floats) -> Floats:
            return last(rows)
    else:
        model = load(artefact)
        if model.name != MODEL:
            raise ValueError(f"{artefact} is a model of {model.name}, not of {MODEL}")
        kept_out = held_out(HELD_OUT_AS, results.match)
        held, train_set = results.take(kept_out), results.take(~kept_out)
        plain, how, attribute = _score_and_time(train_set, held), f"artefact {model.version}", model.attribute
        probability = [model.predict(rows) for rows in (held.rows, held.without_xgoals())]
    spec = spec_of(MODEL)
    out_of: list[EvaluationSet] = []
    for reading, rows, values in zip(READINGS, (held.rows, held.without_xgoals()), probability):

        def of(at: npt.NDArray[np.int64], rows: Floats = rows) -> Floats:
            return attribute(np.ascontiguousarray(rows[at]))

        out_of.append(
            EvaluationSet(
                MODEL,
                how,
                held.label,
                values,
                held.match,
                rows,
                spec.features,
                spec.classes,
                of,
                _groups(held),
                plain,
                "score and time",
                reading,
                "matches",
                facts,
            )
        )
    return tuple(out_of)


def evaluate(folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    return report(predict_held_out(folder, artefact, seed, on_progress))


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores of both readings and of the logistic regression, and a bootstrap over matches. ``ece`` is over all three classes in
    the same bins, ``ece_home`` and so on of one class each."""
    first = predictions[0]
    readings = {}
    for each in predictions:
        readings[each.reading] = {
            "scores": _scores(each.label, each.probability),
            "logistic": _scores(each.label, each.reference),
            "ours_minus_logistic": {"log_loss": paired_bootstrap_losses(each.label, each.probability, each.reference, each.game)},
            "reliability": {
                word: reliability((each.label == c).astype(np.float64), each.probability[:, c])
                for c, word in enumerate(each.classes)
            },
        }
    return {
        "model": MODEL,
        "how": first.how,
        **first.facts,
        "rows": len(first.label),
        "matches": len(np.unique(first.game)),
        "readings": readings,
        "reliability": {name: found["reliability"] for name, found in readings.items()},
    }


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    """The chances at every minute of every match."""
    if model.name != MODEL:
        raise ValueError(f"{model.name} is not {MODEL}")
    results = results_of(read_events(files["plays"].parent), read_matches(files["plays"].parent), 60.0 * EVERY_MIN)
    values = model.predict(results.rows)
    columns = {"match_id": results.match, "period": results.period, "time_left_s": results.rows[:, _COLUMN["time_left_s"]]}
    columns |= {word: values[:, c].copy() for c, word in enumerate(spec_of(MODEL).classes)}
    return columns, f"{len(np.unique(results.match))} matches"


def _groups(held: Results) -> dict[str, Words]:
    lead, reds = held.rows[:, _COLUMN["goal_difference"]], held.rows[:, _COLUMN["red_card_difference"]]
    return {
        "score": np.where(lead > 0, "home leads", np.where(lead < 0, "away leads", "level")),
        "red cards": np.where(reds == 0, "", np.where(reds > 0, "home is short", "away is short")),
        "period": np.array(["before", "first half", "second half", "extra time", "extra time"])[held.period],
    }


def _scores(label: Floats, probability: Floats) -> dict[str, float]:
    outcome = np.eye(3)[label.astype(np.int64)]
    found = scores(label, probability) | {"ece": ece(outcome.ravel(), probability.ravel())}
    return found | {
        f"ece_{word}": ece(outcome[:, c], np.ascontiguousarray(probability[:, c])) for c, word in enumerate(spec_of(MODEL).classes)
    }


def _score_and_time(train_set: Results, held: Results) -> Floats:
    return logistic_of(train_set.rows[:, _PLAIN], train_set.label, held.rows[:, _PLAIN], 3)


def _predict(blob: bytes) -> Predict:
    walker = Margins(read_forest(blob))

    def of(rows: Floats) -> Floats:
        margins = walker(np.ascontiguousarray(rows))
        share = np.exp(margins - margins.max(1, keepdims=True))
        return np.asarray(share / share.sum(1, keepdims=True), np.float64)

    return of


def _read(folder: Path) -> Results:
    at = folder_of(folder)
    return results_of(read_events(at), read_matches(at), 60.0 * EVERY_MIN)
