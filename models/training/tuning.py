"""A recipe found by search (optuna: tree-structured Parzen estimators, Bergstra et al. 2011), checked on games outside of the
search.

A fifth of the games is set aside before the search begins. On the others each trial is cross-validated, and pruned when after
a fold it is behind the median of the trials so far. The best recipe and the known one are then trained on the same games and
compared on those set aside: the best is used only when its log loss there is lower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from models.base import Floats
from models.calibration import logistic
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.holdout import folds_of
from models.metrics import log_loss
from models.specs import ModelSpec, Recipe
from models.training.training import Ints, Table, check, curves_of, grow

_ASIDE: Final = 5
_FOLDS: Final = 3
#: trials before any is pruned, and before the search stops being random
_STARTUP: Final = 5


@dataclass(frozen=True)
class Tuned:
    """``recipe`` is the one to train by; ``accepted`` whether the search beat the recipe that was known; log losses on the games
    set aside."""

    recipe: Recipe
    accepted: bool
    loss: float
    loss_before: float
    trials: int
    pruned: int

    @property
    def as_card(self) -> dict[str, Any]:
        """The search as plain values, for the card."""
        counts = {"trials": self.trials, "pruned": self.pruned}
        return counts | {"aside": self.loss, "aside_before": self.loss_before, "taken": self.accepted}


def tune(model: ModelSpec, recipe: Recipe, table: Table, trials: int, seed: int, on_progress: Callable[[str], None]) -> Tuned:
    """Search ``trials`` recipes; ``on_progress`` is called once a trial. Of a gated recipe the innermost is searched, that of the
    rows with most inputs. ``ValueError`` for models of several classes, or gated recipes without ``present``."""
    import optuna

    check(model, table)
    if len(model.classes) > 2 or (recipe.gate_feature and recipe.present is None):
        raise ValueError(f"--tune searches recipes of two classes in one part; that of {model.name} is another")
    if recipe.present is not None:
        last = tune(model, recipe.present, table, trials, seed, on_progress)
        return replace(last, recipe=replace(recipe, present=last.recipe))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    aside = folds_of(table.game, _ASIDE, seed) == 0
    rows, label = table.rows[~aside], table.label[~aside]
    fold = folds_of(table.game[~aside], _FOLDS, seed + 1)
    smooth = _Smooth(model, recipe, rows, label, fold)

    def objective(trial: Any) -> float:
        candidate = _suggest(trial, recipe)
        losses: list[float] = []
        for k in range(_FOLDS):
            held = fold == k
            blob = grow(model, replace(candidate, smooth=0.0), rows[~held], label[~held], seed)
            margin = Margins(read_forest(blob))(np.ascontiguousarray(rows[held]))[:, 0]
            if candidate.smooth > 0.0:
                margin = candidate.smooth * smooth(candidate.strength, k) + (1.0 - candidate.smooth) * margin
            losses.append(log_loss(label[held], _probability(margin)))
            trial.report(float(np.mean(losses)), k)
            if k + 1 < _FOLDS and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(losses))

    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP),
    )
    study.enqueue_trial(_as_it_is(recipe))
    study.optimize(objective, n_trials=trials, callbacks=[lambda _, trial: on_progress(f"trial {trial.number + 1}")])
    best = _suggest(optuna.trial.FixedTrial(study.best_params), recipe)
    best_loss, recipe_loss = (_held_out_loss(model, each, table, aside, seed) for each in (best, recipe))
    pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
    return Tuned(
        best if best_loss < recipe_loss else recipe, best_loss < recipe_loss, best_loss, recipe_loss, len(study.trials), pruned
    )


class _Smooth:
    """Margins of the spline regression on held-out rows, fitted once per strength and fold."""

    def __init__(self, model: ModelSpec, recipe: Recipe, rows: Floats, label: Floats, fold: Ints) -> None:
        self._model, self._recipe = model, recipe
        self._rows, self._label, self._fold = rows, label, fold
        self._margins: dict[tuple[float, int], Floats] = {}

    def __call__(self, strength: float, k: int) -> Floats:
        if (strength, k) not in self._margins:
            held = self._fold == k
            recipe = replace(self._recipe, strength=strength)
            curves = curves_of(self._model, recipe, self._rows[~held], self._label[~held])
            self._margins[strength, k] = curves.margin(self._rows[held])
        return self._margins[strength, k]


#: C of the spline regression: few, since each costs a fit a fold
STRENGTHS: Final = (0.001, 0.002, 0.004, 0.008, 0.016)
_SHARES: Final = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)


def _suggest(trial: Any, recipe: Recipe) -> Recipe:
    parameters = {
        "eta": trial.suggest_float("eta", 0.02, 0.2, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 6),
        "min_child_weight": trial.suggest_float("min_child_weight", 2.0, 80.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.4, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.15, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.5, 50.0, log=True),
    }
    rounds = trial.suggest_int("rounds", 50, 500, log=True)
    return replace(
        recipe,
        boosters=((parameters, rounds),),
        smooth=trial.suggest_categorical("smooth", _SHARES),
        strength=trial.suggest_categorical("strength", STRENGTHS),
    )


def _as_it_is(recipe: Recipe) -> dict[str, Any]:
    """The known recipe as the first trial: its first booster, and the nearest values of the search space."""
    parameters, rounds = recipe.boosters[0]
    start = {
        key: parameters[key]
        for key in parameters
        if key in ("eta", "max_depth", "min_child_weight", "subsample", "colsample_bytree", "reg_lambda")
    }
    nearest = {
        name: min(among, key=lambda v: abs(v - value))
        for name, among, value in (("smooth", _SHARES, recipe.smooth), ("strength", STRENGTHS, recipe.strength))
    }
    return start | {"rounds": rounds} | nearest


def _probability(margin: Floats) -> Floats:
    return np.array([logistic(m) for m in margin.tolist()])


def _held_out_loss(model: ModelSpec, recipe: Recipe, table: Table, aside: Any, seed: int) -> float:
    blob = grow(model, recipe, table.rows[~aside], table.label[~aside], seed)
    margin = Margins(read_forest(blob))(np.ascontiguousarray(table.rows[aside]))[:, 0]
    return log_loss(table.label[aside], _probability(margin))
