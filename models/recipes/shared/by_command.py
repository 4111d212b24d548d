"""Models of real data that do not ship: whoever has the data trains them by a command, and judges any artefact by the same rows.

The reader of a model gives the rows, and how its forest is grown; what is the same for all is here. Whole games are held out by the
rule of ``models.holdout``. The card says which games taught the model, so that an artefact is judged by the others only, wherever
it was trained: one of simulated games by all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from models.artefact import Card, CardFeature, load
from models.base import Feature, Floats
from models.evaluation_set import EvaluationSet, Groups, Words
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import light
from models.gate import FOLDS, Gate, gate, logistic_of
from models.holdout import folds_of, held_out
from models.home import Home, inputs_of
from models.inputs import columns_of, narrowed
from models.metrics import paired_bootstrap, reliability, scores
from models.specs import ModelSpec, spec_of
from models.training.training import Table, check, profile

Predict = Callable[[Floats], Floats]
Tell = Callable[[str], None]
Ints = npt.NDArray[np.int64]
#: rows that the profile of the inputs is worked out from at most
_SAMPLE: Final = 200_000


@dataclass(frozen=True)
class Outcomes:
    """Real rows (B, F) of all that the live path has (``Known.offered``), NaN where the data have it not, with what came of them,
    ``label`` (B,) 0 or 1, and their ``game`` (B,), an id in words.

    ``reference`` (B,) is the probability that ``versus`` gave, NaN where it gave none; ``together`` (B,) numbers rows of which
    exactly one comes true (the cars of a race at one moment), whose chances are told as shares of their sum; empty where rows stand
    for themselves. ``held_as`` is the source's name in the rule of ``models.holdout``.
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
        """(B,) as it is told on the air: of rows that stand together, the share of each in their sum."""
        if not self.together.size:
            return probability
        _, at = np.unique(self.together, return_inverse=True)
        whole = np.bincount(at, probability)
        return np.asarray(probability / np.maximum(whole[at], 1e-12), np.float64)


@dataclass(frozen=True)
class Course:
    """How the model ``name`` learns: ``fit`` makes the model file from outcomes and a seed. ``limits`` is what the card says
    instead of the simulated model's. ``takes`` names the inputs that the data have, where they are not those of simulated games:
    the artefact is asked about these alone, in a live game, too."""

    name: str
    fit: Callable[[Outcomes, int], bytes]
    limits: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: what else is told of outcomes and the chances said of them (B,), beside the scores: errors in yards
    measures: Callable[[Outcomes, Floats], dict[str, Any]] | None = None
    takes: tuple[str, ...] = ()

    @property
    def model(self) -> ModelSpec:
        """The model, with the inputs that it learns from."""
        return spec_of(self.name).taking(self.takes) if self.takes else spec_of(self.name)


def split(outcomes: Outcomes) -> npt.NDArray[np.bool_]:
    """(B,) whether a row's game is held out; ``ValueError`` when all or none of the games are."""
    kept_out = held_out(outcomes.held_as, outcomes.game)
    if kept_out.all() or not kept_out.any():
        games = len(np.unique(outcomes.game))
        raise ValueError(f"{games} {outcomes.unit} are too few: some are learnt from, and some are held out")
    return kept_out


def train(course: Course, outcomes: Outcomes, seed: int, command: str, tell: Tell) -> tuple[Card, bytes]:
    """The card and the model file, learnt from the games that are not held out; the gate is measured on those that are."""
    model, kept_out = course.model, split(outcomes)
    outcomes = outcomes.taking(course.takes, model)
    learnt, held = outcomes.take(~kept_out), outcomes.take(kept_out)
    games = np.unique(learnt.game)
    source: dict[str, str | float | int] = {
        "source": outcomes.source,
        "rows": len(learnt.label),
        "games": len(games),
        "held_out": f"games by the rule of models.holdout, as {outcomes.held_as}",
    }
    check(model, Table(learnt.rows, learnt.label, np.zeros(len(learnt.label), np.int64), source))
    tell("read")
    blob = light(course.fit(learnt, seed))
    tell("fitted")
    said = held.shares(predictor(blob)(held.rows))
    plain = logistic_of(learnt.rows, learnt.label, held.rows, 2)[:, 1]
    measured = gate(outcomes.source, held.rows, held.label, said, held.game, plain, seed=seed)
    some = np.arange(len(learnt.label))
    if len(some) > _SAMPLE:
        some = np.sort(np.random.default_rng(seed).choice(len(some), _SAMPLE, replace=False))
    metrics: dict[str, Any] = {
        "held_out": scores(held.label, said),
        "held_out_logistic": scores(held.label, plain),
        "held_out_games": len(np.unique(held.game)),
        "profile": profile(model, Table(learnt.rows[some], learnt.label[some], np.zeros(len(some), np.int64), source)),
    }
    if course.measures is not None:
        metrics["held_out_measures"] = course.measures(held, said)
    card = Card(
        name=model.name,
        title=model.title,
        classes=list(model.classes),
        features=[CardFeature(f.name, f.unit, f.label) for f in model.features],
        trained_on=source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters={**course.parameters, "learnt_games": games.tolist()},
        limits=course.limits,
        home=Home("real", outcomes.source, inputs_of(learnt.rows[some]), outcomes.terms, "", measured),
    )
    return card, blob


def judge(course: Course, outcomes: Outcomes, artefact: str | None, seed: int, tell: Tell) -> tuple[EvaluationSet, ...]:
    """What was said of games not seen, beside a simple logistic regression, and once more beside the reference of the rows that
    have one. Without an artefact the recipe in parts, each row by a model that has not seen its game."""
    if artefact is None:
        return _recipe(course, outcomes, seed, tell)
    model = load(artefact)
    if model.name != course.name:
        raise ValueError(f"{artefact} is a model of {model.name}, not of {course.name}")
    seen = np.isin(outcomes.game, np.array(model.card.parameters.get("learnt_games", []), np.str_))
    outcomes = replace(outcomes, rows=narrowed(model, outcomes.rows))
    held = outcomes.take(~seen)
    if not len(held.label):
        raise ValueError(f"{artefact} was trained on every game that is there: there is none left to judge it by")
    if seen.any():
        plain = logistic_of(outcomes.rows[seen], outcomes.label[seen], held.rows, 2)[:, 1]
    else:
        plain = _plain(held, seed)
    said = held.shares(model.predict(held.rows))
    tell("judged")
    # outside of what it was trained on, an artefact that is asked by name may have nothing to say
    answered = np.isfinite(said)
    held, said, plain = held.take(answered), said[answered], plain[answered]

    def attribute(at: Ints) -> Floats:
        return model.attribute(np.ascontiguousarray(held.rows[at]))

    return _judgements(course, held, said, plain, f"artefact {model.version}", attribute, model.features)


def _recipe(course: Course, outcomes: Outcomes, seed: int, tell: Tell) -> tuple[EvaluationSet, ...]:
    outcomes, fold = outcomes.taking(course.takes, course.model), folds_of(outcomes.game, FOLDS, seed)
    said, blobs = np.empty(len(fold)), []
    for k in range(FOLDS):
        mine = fold == k
        blobs.append(course.fit(outcomes.take(~mine), seed))
        said[mine] = predictor(blobs[-1])(outcomes.rows[mine])
        tell(f"part {k + 1} of {FOLDS} held out")

    def attribute(at: Ints) -> Floats:
        out = np.empty((len(at), outcomes.rows.shape[1] + 1))
        for k, blob in enumerate(blobs):
            mine = fold[at] == k
            if mine.any():
                out[mine] = Attribution(read_forest(blob))(np.ascontiguousarray(outcomes.rows[at[mine]]))[:, 0]
        return out

    how = f"{FOLDS} parts, whole games held out"
    return _judgements(course, outcomes, outcomes.shares(said), _plain(outcomes, seed), how, attribute, course.model.features)


def _plain(held: Outcomes, seed: int) -> Floats:
    """The simple logistic regression's chances, each from a fit on other games."""
    fold = folds_of(held.game, FOLDS, seed)
    out = np.empty(len(fold))
    for k in range(FOLDS):
        mine = fold == k
        out[mine] = logistic_of(held.rows[~mine], held.label[~mine], held.rows[mine], 2)[:, 1]
    return out


def _judgements(
    course: Course,
    held: Outcomes,
    said: Floats,
    plain: Floats,
    how: str,
    attribute: Callable[[Ints], Floats],
    features: tuple[Feature, ...],
) -> tuple[EvaluationSet, ...]:
    asked = spec_of(course.name)
    measures = {"measures": course.measures(held, said)} if course.measures is not None else {}

    def of(reading: str, some: npt.NDArray[np.intp], reference: Floats, versus: str) -> EvaluationSet:
        return EvaluationSet(
            course.name,
            how,
            held.label[some],
            said[some],
            held.game[some],
            held.rows[some],
            features,
            asked.classes,
            lambda at: attribute(some[at]),
            {name: words[some] for name, words in held.groups.items()},
            reference[some],
            versus,
            reading,
            held.unit,
            {"source": held.source, **measures},
        )

    out = [of("real outcomes", np.arange(len(held.label)), plain, "logistic")]
    there = np.flatnonzero(np.isfinite(held.reference)) if held.reference.size else np.empty(0, np.intp)
    if len(there):
        out.append(of(f"beside {held.versus}", there, held.reference, held.versus))
    return tuple(out)


class Doors(NamedTuple):
    """What a module of ``models.recipes`` is asked for, of a folder of its data."""

    train: Callable[[Path, int, str, Tell], tuple[Card, bytes]]
    judge: Callable[[Path, str | None, int, Tell], tuple[EvaluationSet, ...]]
    report: Callable[[tuple[EvaluationSet, ...]], dict[str, Any]]
    evaluate: Callable[[Path, str | None, int, Tell], dict[str, Any]]


def doors(course: Course, read: Callable[[Path], Outcomes]) -> Doors:
    """Those of a model of which ``course`` and ``read``, the rows of a folder, say everything."""

    def trained(folder: Path, seed: int, command: str, tell: Tell) -> tuple[Card, bytes]:
        return train(course, read(folder), seed, command, tell)

    def judged(folder: Path, artefact: str | None, seed: int, tell: Tell) -> tuple[EvaluationSet, ...]:
        return judge(course, read(folder), artefact, seed, tell)

    def evaluated(folder: Path, artefact: str | None, seed: int, tell: Tell) -> dict[str, Any]:
        return report(judged(folder, artefact, seed, tell))

    return Doors(trained, judged, report, evaluated)


def report(judged: tuple[EvaluationSet, ...], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Scores of every reading beside the base rate's and the other's, a paired bootstrap over games, and the gate."""
    first = judged[0]
    readings: dict[str, Any] = {}
    for each in judged:
        versus = "logistic" if each.versus == "logistic" else "reference"
        share = np.full(len(each.label), each.label.mean())
        found: dict[str, Any] = {
            "rows": len(each.label),
            each.unit: len(np.unique(each.game)),
            "scores": scores(each.label, each.probability),
            "base_rate": scores(each.label, share),
            versus: scores(each.label, each.reference),
            "versus": each.versus,
            f"ours_minus_{versus}": paired_bootstrap(each.label, each.probability, each.reference, each.game, rounds=300),
            "reliability": reliability(each.label, each.probability),
        }
        if versus == "logistic":
            found["gate"] = gate_of(each)
        readings[each.reading] = found
    return {
        "model": first.model,
        "how": first.how,
        **first.facts,
        "rows": len(first.label),
        first.unit: len(np.unique(first.game)),
        "readings": readings,
        **(more or {}),
        "reliability": {name: found["reliability"] for name, found in readings.items()},
    }


def gate_of(judged: EvaluationSet) -> dict[str, Any]:
    """What the gate measures of a judgement beside a logistic regression, as plain values, and why it is shut."""
    found: Gate = gate(
        str(judged.facts.get("source", "")), judged.rows, judged.label, judged.probability, judged.game, judged.reference
    )
    return {**msgspec.structs.asdict(found), "reason": found.reason}


def predictor(blob: bytes) -> Predict:
    """(B, F) -> (B,) chances by a model file of two classes."""
    walker = Margins(read_forest(blob))

    def of(rows: Floats) -> Floats:
        return np.asarray(1.0 / (1.0 + np.exp(-walker(np.ascontiguousarray(rows))[:, 0])), np.float64)

    return of
