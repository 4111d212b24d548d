"""Recipes for real data in one table: training, and predictions of held-out games beside a simple logistic regression.

For models whose real data are rows of the live features and nothing else; the modules in ``models.recipes`` read the rows. Games
are held out by the rule of ``models.holdout``; where a table has too few of them for that, the recipe is cross-validated in five
parts, and the artefact is trained on all games.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.artefact import Card, load
from models.base import Floats
from models.evaluation.evaluation import against
from models.evaluation_set import EvaluationSet
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data
from models.gate import gate, logistic_held_out, logistic_of
from models.holdout import folds_of, held_out
from models.home import Home, inputs_of
from models.metrics import scores
from models.recipes.shared.real_outcomes import OnProgress, RecipeFunctions
from models.specs import Recipe, spec_of
from models.training.training import Table, grow, profile

#: with fewer games the recipe is cross-validated
LEAST: Final = 50
FOLDS: Final = 5
FITS: Final = FOLDS + 2


def train(name: str, table: Table, held_as: str, seed: int, command: str, on_progress: OnProgress) -> tuple[Card, bytes]:
    """The artefact and its card, with the gate that it passed or did not."""
    model, recipe = spec_of(name), _recipe(name)
    kept_out = _kept_out(table, held_as)
    train_set = table if kept_out is None else _take(table, ~kept_out)
    blob = strip_training_data(grow(model, recipe, train_set.rows, train_set.label, seed))
    on_progress("fitted")
    predictions = _recipe_held_out(name, table, held_as, seed, on_progress)
    measured = gate(
        str(table.source["source"]),
        predictions.rows,
        predictions.label,
        predictions.probability,
        predictions.game,
        predictions.reference,
        seed=seed,
    )
    on_progress("gate measured")
    source = {**table.source, "rows": len(train_set.label), "games": len(np.unique(train_set.game)), "held_out": predictions.how}
    card = Card.of(
        model,
        trained_on=source,
        command=command,
        seed=seed,
        metrics={
            "held_out": scores(predictions.label, predictions.probability),
            "held_out_logistic": scores(predictions.label, predictions.reference),
            "profile": profile(model, train_set),
        },
        parameters=recipe.as_card(),
        home=Home("real", str(table.source["source"]), inputs_of(train_set.rows), table.terms, table.credit, measured),
    )
    return card, blob


def predict_held_out(
    name: str, table: Table, held_as: str, artefact: str | None, seed: int, on_progress: OnProgress
) -> tuple[EvaluationSet, ...]:
    """The recipe on games that it has not seen; or an artefact, by the games held out, or by all where it was trained on simulated
    games. ``ValueError`` for one that may have seen all of them."""
    if artefact is None:
        return (_recipe_held_out(name, table, held_as, seed, on_progress),)
    model = load(artefact)
    if model.name != name:
        raise ValueError(f"{artefact} is a model of {model.name}, not of {name}")
    kept_out = _kept_out(table, held_as)
    home = model.card.home
    if kept_out is None and not (home is not None and home.origin == "simulated"):
        raise ValueError(f"{artefact} may have been trained on all of these games: they are too few to hold any out")
    if kept_out is None:
        held, plain = table, logistic_held_out(_used(table.rows), table.label, table.game, 2, seed)
    else:
        held, train_set = _take(table, kept_out), _take(table, ~kept_out)
        used = ~np.isnan(train_set.rows).all(0)
        plain = logistic_of(train_set.rows[:, used], train_set.label, held.rows[:, used], 2)[:, 1].copy()
    on_progress("predicted")
    return (_evaluation_set(name, f"artefact {model.version}", held, model.predict(held.rows), plain, model.attribute),)


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores, those of the simple logistic regression, a bootstrap over games of the difference, and the gate."""
    (each,) = predictions
    found = against(each)
    reading = {
        "scores": found.pop("scores"),
        "logistic": found.pop("provider"),
        "ours_minus_logistic": found.pop("ours_minus_provider"),
    }
    passed = gate(str(each.facts["source"]), each.rows, each.label, each.probability, each.game, each.reference)
    return found | {"readings": {"all": reading | {"gate": {"passed": passed.passed, "reason": passed.reason}}}}


def recipe_functions(name: str, read: Callable[[Path], Table], held_as: str) -> RecipeFunctions:
    """The recipe functions of a model whose rows ``read`` reads from a folder."""

    def trained(folder: Path, seed: int, command: str, on_progress: OnProgress) -> tuple[Card, bytes]:
        return train(name, read(folder), held_as, seed, command, on_progress)

    def predictions(folder: Path, artefact: str | None, seed: int, on_progress: OnProgress) -> tuple[EvaluationSet, ...]:
        return predict_held_out(name, read(folder), held_as, artefact, seed, on_progress)

    def evaluated(folder: Path, artefact: str | None, seed: int, on_progress: OnProgress) -> dict[str, Any]:
        return report(predictions(folder, artefact, seed, on_progress))

    return RecipeFunctions(trained, predictions, report, evaluated)


def _recipe_held_out(name: str, table: Table, held_as: str, seed: int, on_progress: OnProgress) -> EvaluationSet:
    model, recipe = spec_of(name), _recipe(name)
    kept_out = _kept_out(table, held_as)
    if kept_out is not None:
        fold, parts, how = kept_out.astype(np.int64) - 1, [0], f"whole games, by the rule of models.holdout, as {held_as}"
    else:
        fold, parts = folds_of(table.game, FOLDS, seed), list(range(FOLDS))
        how = f"{FOLDS} parts, whole games held out"
    probability, plain, blob = np.full(len(fold), np.nan), np.full(len(fold), np.nan), b""
    used = ~np.isnan(table.rows).all(0)
    for k in parts:
        in_fold = fold == k
        blob = grow(model, recipe, table.rows[~in_fold], table.label[~in_fold], seed)
        margins = Margins(read_forest(blob))(np.ascontiguousarray(table.rows[in_fold]))[:, 0]
        probability[in_fold] = 1.0 / (1.0 + np.exp(-margins))
        plain[in_fold] = logistic_of(table.rows[~in_fold][:, used], table.label[~in_fold], table.rows[in_fold][:, used], 2)[:, 1]
        on_progress(f"part {k + 1} of {len(parts)} held out")
    predicted, last = fold >= 0, Attribution(read_forest(blob))
    return _evaluation_set(
        name, how, _take(table, predicted), probability[predicted], plain[predicted], lambda rows: last(rows)[:, 0]
    )


def _evaluation_set(
    name: str, how: str, held: Table, probability: Floats, plain: Floats, attribute: Callable[[Floats], Floats]
) -> EvaluationSet:
    def of(at: npt.NDArray[np.int64]) -> Floats:
        return attribute(np.ascontiguousarray(held.rows[at]))

    model = spec_of(name)
    return EvaluationSet(
        name,
        how,
        held.label,
        probability,
        held.game,
        held.rows,
        model.features,
        model.classes,
        of,
        {},
        plain,
        "logistic",
        facts={"source": held.source["source"]},
    )


def _kept_out(table: Table, held_as: str) -> npt.NDArray[np.bool_] | None:
    """(B,) whether each row is held out; None where there are too few games."""
    if len(np.unique(table.game)) < LEAST:
        return None
    return held_out(held_as, table.groups["date"])


def _take(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    return replace(
        table,
        rows=table.rows[chosen],
        label=table.label[chosen],
        game=table.game[chosen],
        groups={name: words[chosen] for name, words in table.groups.items()},
    )


def _used(rows: Floats) -> Floats:
    return rows[:, ~np.isnan(rows).all(0)]


def _recipe(name: str) -> Recipe:
    model = spec_of(name)
    return model.real or model.recipe
