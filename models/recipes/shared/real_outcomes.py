"""Recipes for real data that do not ship: users with the data train these models by a command, and evaluate any artefact on it.

The module of a model reads the rows and grows its forest; the rest is here. Whole games are held out by the rule of
``models.holdout``. The card lists the games that the model was trained on, so that an artefact is evaluated on the others only; one
of simulated games on all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from models.artefact import Card, load
from models.base import Feature, Floats
from models.evaluation_set import EvaluationSet, Groups, Words
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data
from models.gate import FOLDS, gate, logistic_of
from models.holdout import folds_of, held_out
from models.home import Home, inputs_of
from models.inputs import columns_of, narrowed
from models.metrics import scores
from models.recipes.shared.outcome_report import report
from models.specs import ModelSpec, spec_of
from models.training.training import Table, check, profile

Predict = Callable[[Floats], Floats]
OnProgress = Callable[[str], None]
Ints = npt.NDArray[np.int64]
#: rows that the profile of the inputs is worked out from at most
_SAMPLE: Final = 200_000


@dataclass(frozen=True)
class Outcomes:
    """Real rows (B, F) of all that the live path has (``ModelSpec.offered``), NaN where the data have it not, with their outcomes
    ``label`` (B,) 0 or 1, and their ``game`` (B,), an id in words.

    ``reference`` (B,) is the probability that ``versus`` gave, NaN where it gave none; ``together`` (B,) numbers rows of which
    exactly one comes true (the cars of a race at one moment), whose probabilities are shares of their sum; empty where rows are
    independent. ``held_as`` is the source's name in the rule of ``models.holdout``.
    """

    rows: Floats
    label: Floats
    game: Words
    source: str
    held_as: str
    terms: str
    groups: Groups = field(default_factory=dict)
    reference: Floats = field(default_factory=lambda: np.empty(0))
    versus: str = ""
    together: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    unit: str = "games"
    #: (B,) what was measured and the label was made of (yards); empty where there is nothing but the label
    measured: Floats = field(default_factory=lambda: np.empty(0))

    def take(self, rows: npt.NDArray[Any]) -> Outcomes:
        """Those of the rows that ``rows`` (bool, or indices) picks."""
        return Outcomes(
            self.rows[rows],
            self.label[rows],
            self.game[rows],
            self.source,
            self.held_as,
            self.terms,
            {name: words[rows] for name, words in self.groups.items()},
            self.reference[rows] if self.reference.size else self.reference,
            self.versus,
            self.together[rows] if self.together.size else self.together,
            self.unit,
            self.measured[rows] if self.measured.size else self.measured,
        )

    def taking(self, names: tuple[str, ...], model: ModelSpec) -> Outcomes:
        """The same with the inputs ``names`` alone."""
        columns = columns_of(model.name, model.taking(names).features) if names else None
        return self if columns is None else replace(self, rows=np.ascontiguousarray(self.rows[:, columns]))

    def shares(self, probability: Floats) -> Floats:
        """(B,) as it goes on the air: of rows that belong together, the share of each in their sum."""
        if not self.together.size:
            return probability
        _, at = np.unique(self.together, return_inverse=True)
        whole = np.bincount(at, probability)
        return np.asarray(probability / np.maximum(whole[at], 1e-12), np.float64)


@dataclass(frozen=True)
class TrainingPlan:
    """How the model ``name`` is trained: ``fit`` makes the model file from outcomes and a seed. ``limits`` is the text on the card
    instead of that of the simulated model. ``takes`` names the inputs that the data have, where they are not those of simulated
    games: the artefact takes these alone, in a live game, too."""

    name: str
    fit: Callable[[Outcomes, int], bytes]
    limits: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: further measures of outcomes and their probabilities (B,), beside the scores: errors in yards
    measures: Callable[[Outcomes, Floats], dict[str, Any]] | None = None
    takes: tuple[str, ...] = ()

    @property
    def model(self) -> ModelSpec:
        """The model, with the inputs that it is trained on."""
        return spec_of(self.name).taking(self.takes) if self.takes else spec_of(self.name)


def split(outcomes: Outcomes) -> npt.NDArray[np.bool_]:
    """(B,) whether a row's game is held out; ``ValueError`` when all or none of the games are."""
    kept_out = held_out(outcomes.held_as, outcomes.game)
    if kept_out.all() or not kept_out.any():
        games = len(np.unique(outcomes.game))
        raise ValueError(f"{games} {outcomes.unit} are too few: some are needed for training, some are held out")
    return kept_out


def train(plan: TrainingPlan, outcomes: Outcomes, seed: int, command: str, on_progress: OnProgress) -> tuple[Card, bytes]:
    """The card and the model file, trained on the games that are not held out; the gate is measured on those that are."""
    model, kept_out = plan.model, split(outcomes)
    outcomes = outcomes.taking(plan.takes, model)
    train_set, held = outcomes.take(~kept_out), outcomes.take(kept_out)
    games = np.unique(train_set.game)
    source: dict[str, str | float | int] = {
        "source": outcomes.source,
        "rows": len(train_set.label),
        "games": len(games),
        "held_out": f"games by the rule of models.holdout, as {outcomes.held_as}",
    }
    check(model, Table(train_set.rows, train_set.label, np.zeros(len(train_set.label), np.int64), source))
    on_progress("read")
    blob = strip_training_data(plan.fit(train_set, seed))
    on_progress("fitted")
    probability = held.shares(predictor(blob)(held.rows))
    plain = logistic_of(train_set.rows, train_set.label, held.rows, 2)[:, 1]
    measured = gate(outcomes.source, held.rows, held.label, probability, held.game, plain, seed=seed)
    some = np.arange(len(train_set.label))
    if len(some) > _SAMPLE:
        some = np.sort(np.random.default_rng(seed).choice(len(some), _SAMPLE, replace=False))
    metrics: dict[str, Any] = {
        "held_out": scores(held.label, probability),
        "held_out_logistic": scores(held.label, plain),
        "held_out_games": len(np.unique(held.game)),
        "profile": profile(model, Table(train_set.rows[some], train_set.label[some], np.zeros(len(some), np.int64), source)),
    }
    if plan.measures is not None:
        metrics["held_out_measures"] = plan.measures(held, probability)
    card = Card.of(
        model,
        trained_on=source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters={**plan.parameters, "learnt_games": games.tolist()},
        home=Home("real", outcomes.source, inputs_of(train_set.rows[some]), outcomes.terms, "", measured),
    )
    return msgspec.structs.replace(card, limits=plan.limits), blob


def predict_held_out(
    plan: TrainingPlan, outcomes: Outcomes, artefact: str | None, seed: int, on_progress: OnProgress
) -> tuple[EvaluationSet, ...]:
    """Predictions of held-out games beside a simple logistic regression, and once more beside the reference for the rows that have
    one. Without an artefact the recipe is cross-validated by game."""
    if artefact is None:
        return _recipe(plan, outcomes, seed, on_progress)
    model = load(artefact)
    if model.name != plan.name:
        raise ValueError(f"{artefact} is a model of {model.name}, not of {plan.name}")
    seen = np.isin(outcomes.game, np.array(model.card.parameters.get("learnt_games", []), np.str_))
    outcomes = replace(outcomes, rows=narrowed(model, outcomes.rows))
    held = outcomes.take(~seen)
    if not len(held.label):
        raise ValueError(f"{artefact} was trained on all of these games: none is left to evaluate it on")
    if seen.any():
        plain = logistic_of(outcomes.rows[seen], outcomes.label[seen], held.rows, 2)[:, 1]
    else:
        plain = _plain(held, seed)
    probability = held.shares(model.predict(held.rows))
    on_progress("evaluated")
    # an artefact has no prediction where an input that it needs is missing
    answered = np.isfinite(probability)
    held, probability, plain = held.take(answered), probability[answered], plain[answered]

    def attribute(at: Ints) -> Floats:
        return model.attribute(np.ascontiguousarray(held.rows[at]))

    return _evaluation_sets(plan, held, probability, plain, f"artefact {model.version}", attribute, model.features)


def _recipe(plan: TrainingPlan, outcomes: Outcomes, seed: int, on_progress: OnProgress) -> tuple[EvaluationSet, ...]:
    outcomes, fold = outcomes.taking(plan.takes, plan.model), folds_of(outcomes.game, FOLDS, seed)
    probability, blobs = np.empty(len(fold)), []
    for k in range(FOLDS):
        in_fold = fold == k
        blobs.append(plan.fit(outcomes.take(~in_fold), seed))
        probability[in_fold] = predictor(blobs[-1])(outcomes.rows[in_fold])
        on_progress(f"part {k + 1} of {FOLDS} held out")

    def attribute(at: Ints) -> Floats:
        out = np.empty((len(at), outcomes.rows.shape[1] + 1))
        for k, blob in enumerate(blobs):
            in_fold = fold[at] == k
            if in_fold.any():
                out[in_fold] = Attribution(read_forest(blob))(np.ascontiguousarray(outcomes.rows[at[in_fold]]))[:, 0]
        return out

    how = f"{FOLDS} parts, whole games held out"
    return _evaluation_sets(
        plan, outcomes, outcomes.shares(probability), _plain(outcomes, seed), how, attribute, plan.model.features
    )


def _plain(held: Outcomes, seed: int) -> Floats:
    """The simple logistic regression's chances, each from a fit on other games."""
    fold = folds_of(held.game, FOLDS, seed)
    out = np.empty(len(fold))
    for k in range(FOLDS):
        in_fold = fold == k
        out[in_fold] = logistic_of(held.rows[~in_fold], held.label[~in_fold], held.rows[in_fold], 2)[:, 1]
    return out


def _evaluation_sets(
    plan: TrainingPlan,
    held: Outcomes,
    probability: Floats,
    plain: Floats,
    how: str,
    attribute: Callable[[Ints], Floats],
    features: tuple[Feature, ...],
) -> tuple[EvaluationSet, ...]:
    spec = spec_of(plan.name)
    measures = {"measures": plan.measures(held, probability)} if plan.measures is not None else {}

    def of(reading: str, some: npt.NDArray[np.intp], reference: Floats, versus: str) -> EvaluationSet:
        return EvaluationSet(
            plan.name,
            how,
            held.label[some],
            probability[some],
            held.game[some],
            held.rows[some],
            features,
            spec.classes,
            lambda at: attribute(some[at]),
            {name: words[some] for name, words in held.groups.items()},
            reference[some],
            versus,
            reading,
            held.unit,
            {"source": held.source, **measures},
        )

    out = [of("real outcomes", np.arange(len(held.label)), plain, "logistic")]
    compared = np.flatnonzero(np.isfinite(held.reference)) if held.reference.size else np.empty(0, np.intp)
    if len(compared):
        out.append(of(f"beside {held.versus}", compared, held.reference, held.versus))
    return tuple(out)


class RecipeFunctions(NamedTuple):
    """The functions of a module of ``models.recipes``, for a folder of its data."""

    train: Callable[[Path, int, str, OnProgress], tuple[Card, bytes]]
    predict_held_out: Callable[[Path, str | None, int, OnProgress], tuple[EvaluationSet, ...]]
    report: Callable[[tuple[EvaluationSet, ...]], dict[str, Any]]
    evaluate: Callable[[Path, str | None, int, OnProgress], dict[str, Any]]


def recipe_functions(plan: TrainingPlan, read: Callable[[Path], Outcomes]) -> RecipeFunctions:
    """The recipe functions of a model with this ``plan``, whose rows ``read`` reads from a folder."""

    def trained(folder: Path, seed: int, command: str, on_progress: OnProgress) -> tuple[Card, bytes]:
        return train(plan, read(folder), seed, command, on_progress)

    def predictions(folder: Path, artefact: str | None, seed: int, on_progress: OnProgress) -> tuple[EvaluationSet, ...]:
        return predict_held_out(plan, read(folder), artefact, seed, on_progress)

    def evaluated(folder: Path, artefact: str | None, seed: int, on_progress: OnProgress) -> dict[str, Any]:
        return report(predictions(folder, artefact, seed, on_progress))

    return RecipeFunctions(trained, predictions, report, evaluated)


def predictor(blob: bytes) -> Predict:
    """(B, F) -> (B,) chances by a model file of two classes."""
    walker = Margins(read_forest(blob))

    def of(rows: Floats) -> Floats:
        return np.asarray(1.0 / (1.0 + np.exp(-walker(np.ascontiguousarray(rows))[:, 0])), np.float64)

    return of
