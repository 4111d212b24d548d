"""Real passes for pass completion: Wyscout's open events, or with positions those of the MLSA18 challenge
(``models.recipes.shared.mlsa_passes``).

Of events there are two readings by one artefact: as the ball is kicked, which is what goes on the air, and given where the pass
ended, which is hindsight. Matches held out by the rule of ``models.holdout`` are for evaluation only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.artefact import Card, ForestModel, load
from models.base import Floats
from models.data.wyscout import CREDIT, HELD_OUT_AS, SOURCE, TERMS, content_of, read_events, read_matches
from models.data.wyscout_moments import folder_of
from models.data.wyscout_passes import Passes, passes_of, wordless
from models.evaluation_set import EvaluationSet
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data
from models.gate import gate, logistic_of
from models.holdout import held_out
from models.home import Home, inputs_of
from models.metrics import paired_bootstrap, reliability, scores
from models.recipes.shared import mlsa_passes
from models.specs import Recipe, spec_of
from models.training.training import Table, grow, profile

MODEL: Final = "pass-completion"
#: the events; the matches are in the file matches.parquet beside them
FILES: Final = ("plays",)
FITS: Final = 4
READINGS: Final = ("at the kick", "at the kick, without the kind of pass", "given where it ended")
RECIPE: Final = spec_of(MODEL).real or spec_of(MODEL).recipe
#: one row in so many is used a second time without its words
_ONE_IN: Final = 3
#: rows that the profile of the inputs and the logistic regression are worked out from
_SAMPLE: Final = 200_000

Predict = Callable[[Floats], Floats]


def train(folder: Path, seed: int, command: str, on_progress: Callable[[str], None]) -> tuple[Card, bytes]:
    if mlsa_passes.is_here(folder):
        return mlsa_passes.train(folder, seed, command, on_progress)
    passes = _read(folder)
    kept_out = held_out(HELD_OUT_AS, passes.match)
    train_set, held = passes.take(~kept_out), passes.take(kept_out)
    if not len(train_set) or not len(held):
        raise ValueError(f"{folder} has too few matches: some are needed for training, some are held out")
    on_progress("read")
    blob, rows, label = fit(train_set, seed)
    on_progress("fitted")
    predict = _predict(blob)
    plain = _plain(train_set, seed)
    measured = gate(SOURCE, held.rows, held.label, predict(held.rows), held.match, plain(held.rows), seed=seed)
    on_progress("gate measured")
    ended = np.isfinite(held.end).all(1)
    given, own = predict(held.given_end()), held.open_play
    model = spec_of(MODEL)
    metrics: dict[str, Any] = {
        "held_out": scores(held.label, predict(held.rows)),
        "held_out_open_play": scores(held.label[own], predict(held.rows[own])),
        "held_out_without_words": scores(held.label, predict(wordless(held.rows))),
        "held_out_given_end": scores(held.label[ended], given[ended]),
        "held_out_given_end_open_play": scores(held.label[ended & own], given[ended & own]),
        "held_out_matches": len(np.unique(held.match)),
    }
    some = np.random.default_rng(seed).choice(len(rows), min(len(rows), 2 * _SAMPLE), replace=False)
    home = Home("real", SOURCE, inputs_of(rows[some]), TERMS, CREDIT, measured)
    source: dict[str, str | float | int] = {
        "source": SOURCE,
        "rows": len(train_set),
        "games": len(np.unique(train_set.match)),
        "content": content_of(train_set.id),
        "held_out": f"matches by the rule of models.holdout, as {HELD_OUT_AS}",
    }
    metrics["profile"] = profile(model, Table(rows[some], label[some], np.zeros(len(some), np.int64), source))
    on_progress("profile")
    card = Card.of(
        model,
        trained_on=source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters=RECIPE.as_card(),
        home=home,
    )
    return card, blob


def fit(train_set: Passes, seed: int, recipe: Recipe = RECIPE) -> tuple[bytes, Floats, Floats]:
    """The forest of both readings, and the rows and labels that it was grown on: every pass at the kick and given its end, and
    one in three of each again as from a feed without words."""
    ended = np.isfinite(train_set.end).all(1)
    parts = [(train_set.rows, train_set.label), (train_set.given_end()[ended], train_set.label[ended])]
    parts += [(wordless(rows[::_ONE_IN]), label[::_ONE_IN]) for rows, label in parts]
    rows, label = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return strip_training_data(grow(spec_of(MODEL), recipe, rows, label, seed)), rows, label


def predict_held_out(
    folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]
) -> tuple[EvaluationSet, ...]:
    """The readings on the matches held out, beside a plain logistic regression of the same inputs. An artefact that was not
    trained on Wyscout's events has seen none of them."""
    if mlsa_passes.is_here(folder):
        return mlsa_passes.predict_held_out(folder, artefact, seed, on_progress)
    passes = _read(folder)
    kept_out = held_out(HELD_OUT_AS, passes.match)
    train_set, held = passes.take(~kept_out), passes.take(kept_out)
    if not len(train_set) or not len(held):
        raise ValueError(f"{folder} has too few matches: some are needed for training, some are held out")
    attribute: Predict
    if artefact is None:
        blob, _, _ = fit(train_set, seed)
        predict, how = _predict(blob), "trained on the other matches"

        def attribute(rows: Floats) -> Floats:
            return Attribution(read_forest(blob))(rows)[:, 0]
    else:
        model = load(artefact)
        _is_ours(model)
        predict, how, attribute = model.predict, f"artefact {model.version}", model.attribute
    on_progress("predicted")
    plain = _plain(train_set, seed)
    spec, ended = spec_of(MODEL), np.isfinite(held.end).all(1)
    out = []
    for reading, rows, some in zip(
        READINGS, (held.rows, wordless(held.rows), held.given_end()), (np.ones(len(held), np.bool_),) * 2 + (ended,)
    ):
        reading_rows = rows[some]

        def of(at: npt.NDArray[np.int64], reading_rows: Floats = reading_rows) -> Floats:
            return attribute(np.ascontiguousarray(reading_rows[at]))

        reference = plain(reading_rows) if reading != READINGS[2] else _plain(train_set, seed, given_end=True)(reading_rows)
        out.append(
            EvaluationSet(
                MODEL,
                how,
                held.label[some],
                predict(reading_rows),
                held.match[some],
                reading_rows,
                spec.features,
                spec.classes,
                of,
                {"kind": held.words[some], "play": np.where(held.open_play, "open play", "set piece")[some]},
                reference,
                "logistic",
                reading,
                "matches",
                {"source": SOURCE},
            )
        )
    return tuple(out)


def evaluate(folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    return report(predict_held_out(folder, artefact, seed, on_progress))


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores of every reading, also of open play alone, those of the logistic regression, and a bootstrap over matches."""
    first = predictions[0]
    readings = {each.reading: _of(each) for each in predictions}
    return {
        "model": MODEL,
        "how": first.how,
        **first.facts,
        "rows": len(first.label),
        first.unit: len(np.unique(first.game)),
        "readings": readings,
        "reliability": {name: found["reliability"] for name, found in readings.items()},
    }


def _of(each: EvaluationSet) -> dict[str, Any]:
    found = {
        "scores": scores(each.label, each.probability),
        "logistic": scores(each.label, each.reference),
        "ours_minus_logistic": paired_bootstrap(each.label, each.probability, each.reference, each.game, rounds=300),
        "reliability": reliability(each.label, each.probability),
    }
    play = each.groups.get("play")
    if play is not None and (play == "open play").any():
        own = play == "open play"
        found["open play"] = scores(each.label[own], each.probability[own])
    return found


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    """Both readings of every pass with an outcome; null where its end was not reported."""
    _is_ours(model)
    passes = passes_of(read_events(files["plays"].parent), read_matches(files["plays"].parent))
    given = model.predict(passes.given_end())
    given[~np.isfinite(passes.end).all(1)] = np.nan
    columns = {
        "match_id": passes.match,
        "event_id": passes.id,
        "probability": model.predict(passes.rows),
        "probability_given_end": [None if v != v else v for v in given.tolist()],
    }
    return columns, f"{len(passes)} passes"


def _read(folder: Path) -> Passes:
    return _read_once(folder_of(folder).resolve())


@lru_cache(maxsize=1)
def _read_once(folder: Path) -> Passes:
    return passes_of(read_events(folder), read_matches(folder))


def _predict(blob: bytes) -> Predict:
    walker = Margins(read_forest(blob))

    def of(rows: Floats) -> Floats:
        return np.asarray(1.0 / (1.0 + np.exp(-walker(np.ascontiguousarray(rows))[:, 0])), np.float64)

    return of


def _plain(train_set: Passes, seed: int, given_end: bool = False) -> Predict:
    """The simple logistic regression of the gate, fitted on a part of the training matches."""
    some = np.random.default_rng(seed).choice(len(train_set), min(len(train_set), _SAMPLE), replace=False)
    part = train_set.take(some)
    rows = part.given_end() if given_end else part.rows
    used = ~np.isnan(rows).all(0)
    return lambda spec: logistic_of(rows[:, used], part.label, spec[:, used], 2)[:, 1]


def _is_ours(model: ForestModel) -> None:
    if model.name != MODEL:
        raise ValueError(f"{model.name} is not {MODEL}")
