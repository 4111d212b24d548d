"""From a table of rows to an artefact: forests fitted, evaluated on held-out games, calibrated, and written with a card.

Games, not rows, are held out: shots of one match share teams, weather and keeper. The out-of-game predictions of the
folds choose the calibration and give the metrics on the card; the artefact is then fitted on everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from models.artefact import Card
from models.base import Floats
from models.calibration import Calibration, Kind, choose
from models.calibration import fit as fit_calibration
from models.evaluation_set import Groups, Words
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import LOWEST, add_bias, gate_on_missing, strip_training_data
from models.holdout import folds_of
from models.home import Home, Origin, inputs_of
from models.metrics import scores
from models.monitoring.profile import profile_of
from models.specs import ModelSpec, Recipe
from models.training.gam import SplineLogistic, as_trees, merge

Ints = npt.NDArray[np.int64]
OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class Table:
    """Training rows. ``rows`` (B, F), ``label`` (B,) 0..C-1, ``game`` (B,) what is held out together; ``truth`` (B,) or
    (B, C) the simulator's own probability and ``reference`` (B,) another model's, both NaN where there is none (never features)."""

    rows: Floats
    label: Floats
    game: Ints
    source: dict[str, str | float | int]
    truth: Floats = field(default_factory=lambda: np.empty(0))
    reference: Floats = field(default_factory=lambda: np.empty(0))
    #: by column, the group of each row (B,) in an evaluation; never features
    groups: Groups = field(default_factory=dict)
    #: (B,) which of several questions each row is about (go, kick or punt?), for plots of their own; empty where there is one
    question: Words = field(default_factory=lambda: np.empty(0, np.str_))
    #: whether the rows are of simulated or of real games, and the terms of the owners of real data
    origin: Origin = "simulated"
    terms: str = ""
    credit: str = ""


#: a part is trained on its own rows alone when each class has at least so many
_PART: Final = 20
#: one thread: on few rows the threads of xgboost wait for each other
_COMMON: Final = {"tree_method": "hist", "nthread": 1}


def grow(model: ModelSpec, recipe: Recipe, rows: Floats, label: Floats, seed: int, age_years: Floats | None = None) -> bytes:
    """Fit one forest: xgboost's model file, JSON. ``age_years`` (B,) is the age of each row, for recipes with a half-life."""
    if recipe.gate_feature:
        column = [f.name for f in model.features].index(recipe.gate_feature)
        below = LOWEST if recipe.gate_below is None else recipe.gate_below
        first = ~(rows[:, column] >= below)
        one = replace(recipe, gate_feature="", gate_below=None, present=None)

        def part(among: npt.NDArray[np.bool_], part_recipe: Recipe) -> bytes:
            if min(np.bincount(label[among].astype(np.int64), minlength=len(model.classes))) < _PART:
                among = np.ones(len(rows), np.bool_)  # too few outcomes there to train on them alone
            return grow(model, part_recipe, rows[among], label[among], seed, None if age_years is None else age_years[among])

        return gate_on_missing(part(first, one), part(~first, recipe.present or one), column, below)
    names = [f.name for f in model.features]
    weights = None
    if recipe.half_life_years > 0.0 and age_years is not None:
        weights = np.exp2(-age_years / recipe.half_life_years)
    if len(model.classes) > 2:
        ((parameters, rounds),) = recipe.boosters
        several = {**parameters, "objective": "multi:softprob", "num_class": len(model.classes)}
        return _boost(several, rounds, rows, label, seed, names, weights)
    monotone = {names[j]: sign for j, sign in monotone_constraints_of(model).items()}
    trees: list[dict[str, Any]] = []
    margin, base_margin = 0.0, None
    if recipe.smooth > 0.0:
        curves = curves_of(model, recipe, rows, label, weights)
        trees, margin = as_trees(curves, rows, recipe.smooth, monotone_constraints_of(model))
        base_margin = curves.margin(rows) if recipe.smooth == 1.0 else None
    parts: list[tuple[float, bytes]] = []
    share = 1.0 if base_margin is not None else 1.0 - recipe.smooth
    for i, (parameters, rounds) in enumerate(recipe.boosters):
        chosen = {**parameters, "objective": "binary:logistic"}
        if monotone:
            chosen["monotone_constraints"] = monotone
        blob = _boost(chosen, rounds, rows, label, seed + i, names, weights, base_margin)
        parts.append((share / len(recipe.boosters), blob))
    blob = merge(parts, trees, margin)
    if recipe.level_half_life_years > 0.0 and age_years is not None:
        blob = add_bias(blob, level(blob, rows, label, np.exp2(-age_years / recipe.level_half_life_years)))
    return blob


def grow_from_probabilities(model: ModelSpec, recipe: Recipe, rows: Floats, chance: Floats, seed: int) -> bytes:
    """A forest of several classes that follows the probabilities (B, C) of a teacher: each row counts as every class, weighted by
    its probability."""
    classes = chance.shape[1]
    weights = np.clip(chance, 0.0, 1.0).T.ravel()
    some = weights > 1e-6
    ((parameters, rounds),) = recipe.boosters
    several = {**parameters, "objective": "multi:softprob", "num_class": classes}
    label = np.repeat(np.arange(classes, dtype=np.float64), len(rows))
    names = [f.name for f in model.features]
    return _boost(several, rounds, np.tile(rows, (classes, 1))[some], label[some], seed, names, weights[some])


def monotone_constraints_of(model: ModelSpec) -> dict[int, int]:
    """By feature index, 1 where the prediction may only rise with the feature and -1 where it may only fall."""
    names = [f.name for f in model.features]
    return {names.index(name): sign for among, sign in ((model.rising, 1), (model.falling, -1)) for name in among}


def curves_of(model: ModelSpec, recipe: Recipe, rows: Floats, label: Floats, weights: Floats | None = None) -> SplineLogistic:
    """The spline regression of a recipe, fitted."""
    by = [f.name for f in model.features].index(recipe.by) if recipe.by else -1
    return SplineLogistic(rows, label, by, recipe.strength, weights, recipe.knots, recipe.own, recipe.bend)


def level(blob: bytes, rows: Floats, label: Floats, weights: Floats) -> float:
    """The margin that, added to a forest's, makes its mean prediction that of the weighted ``label`` (B,), by Newton's method."""
    margins, moved = Margins(read_forest(blob))(rows)[:, 0], 0.0
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-(margins + moved)))
        step = float((weights * (label - chance)).sum() / (weights * chance * (1.0 - chance)).sum())
        moved += step
        if abs(step) < 1e-12:
            break
    return moved


def _boost(
    parameters: dict[str, Any],
    rounds: int,
    rows: Floats,
    target: Floats,
    seed: int,
    names: list[str],
    weights: Floats | None = None,
    base_margin: Floats | None = None,
) -> bytes:
    """``base_margin`` (B,) are margins that the trees correct."""
    import xgboost

    matrix = xgboost.DMatrix(rows, target, weight=weights, base_margin=base_margin, feature_names=names)
    if base_margin is not None:
        parameters = {**parameters, "base_score": 0.5}
    booster = xgboost.train({**_COMMON, "seed": seed, "verbosity": 0, **parameters}, matrix, rounds)
    return bytes(booster.save_raw("json"))


@dataclass(frozen=True)
class CrossValidation:
    """Out-of-game margins (B, C), calibrated probabilities (each fold by the calibration of the others), folds, and the
    calibration."""

    margins: Floats
    probability: Floats
    fold: Ints
    calibration: Calibration
    losses: dict[Kind, float]
    #: the model file of each fold, trained without the rows of the fold
    blobs: tuple[bytes, ...] = ()


def cross_validate(
    model: ModelSpec, recipe: Recipe, table: Table, seed: int, on_progress: OnProgress = lambda text: None
) -> CrossValidation:
    """Cross-validate by game."""
    fold = folds_of(table.game, recipe.folds, seed)
    classes = len(model.classes)
    margins = np.empty((len(fold), 1 if classes == 2 else classes))
    blobs = []
    for k in range(recipe.folds):
        held = fold == k
        blob = grow(model, recipe, table.rows[~held], table.label[~held], seed)
        margins[held] = Margins(read_forest(blob))(np.ascontiguousarray(table.rows[held]))
        blobs.append(blob)
        on_progress(f"part {k + 1} of {recipe.folds} held out")
    calibration, losses = choose(margins, table.label, fold, classes)
    probability = np.empty((len(fold), classes) if classes > 2 else len(fold))
    for k in range(recipe.folds):
        held = fold == k
        own = fit_calibration(calibration.kind, margins[~held], table.label[~held], classes)
        probability[held] = own.applier()(margins[held])
    return CrossValidation(margins, probability, fold, calibration, losses, tuple(blobs))


def train(
    model: ModelSpec, recipe: Recipe, table: Table, *, seed: int, command: str, on_progress: OnProgress = lambda text: None
) -> tuple[Card, bytes]:
    """The card (version still empty) and the model file of an artefact."""
    check(model, table)
    validation = cross_validate(model, recipe, table, seed, on_progress)
    blob = grow(model, recipe, table.rows, table.label, seed)
    if recipe.strip:
        blob = strip_training_data(blob)
    on_progress("fitted on everything")
    metrics: dict[str, Any] = {"held_out": scores(table.label, validation.probability), "calibrations": validation.losses}
    metrics["profile"] = profile(model, table)
    if table.truth.size:
        metrics["truth_error"] = float(np.nanmean(np.abs(validation.probability - table.truth)))
    card = Card.of(
        model,
        trained_on=table.source,
        command=command,
        seed=seed,
        metrics=metrics,
        calibration=validation.calibration,
        parameters=recipe.as_card(),
        home=home_of(table),
    )
    return card, blob


def home_of(table: Table) -> Home:
    """The rows for which a model that was trained on ``table`` is valid."""
    return Home(table.origin, str(table.source["source"]), inputs_of(table.rows), table.terms, table.credit)


def renewed(model: ModelSpec, card: Card, table: Table) -> Card:
    """``card`` with profile, home and limits, from the table that the model was trained on, or from the first of its games, which
    the card then records. Predictions do not depend on them. ``ValueError`` for any other table."""
    check(model, table)
    metrics = {**card.metrics, "profile": profile(model, table)}
    if table.source != card.trained_on:
        first = {**table.source, "games": card.trained_on.get("games", 0), "rows": card.trained_on.get("rows", 0)}
        if first != card.trained_on or int(table.source["games"]) >= int(first["games"]):
            raise ValueError(f"{card.name} {card.version} was trained on {card.trained_on}, not on {table.source}")
        metrics["profile_of"] = table.source
    return msgspec.structs.replace(card, limits=model.limits, metrics=metrics, home=home_of(table), version="")


def profile(model: ModelSpec, table: Table) -> Any:
    """The profile of the inputs, as plain values for a card."""
    return msgspec.to_builtins(profile_of(table.rows, [f.name for f in model.features], table.label))


def check(model: ModelSpec, table: Table) -> None:
    """``ValueError`` with one sentence when the table cannot train the model."""
    rows, columns = table.rows.shape
    if columns != len(model.features):
        raise ValueError(f"{model.name} takes {len(model.features)} features, the table has {columns}")
    if rows < 200:
        raise ValueError(f"{rows} rows are too few to train {model.name}")
    found = set(np.unique(table.label).tolist())
    if found != set(range(len(model.classes))):
        raise ValueError(f"the labels {sorted(found)} are not the {len(model.classes)} classes of {model.name}")
    if np.isinf(table.rows).any():
        raise ValueError("the table holds infinite values")
