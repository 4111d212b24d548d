"""Real games for baseball's win probability: Retrosheet's play-by-play, the state before every event and who won.

A few thousand games teach trees the luck of single games. So the forest's teacher is a regression of five numbers on the closed
form (``features.mlb.odds``): by how much more or less the odds count than if every plate appearance were alike, how that depends on
the outs left, and what playing at home is worth. The forest is trained on the teacher's probabilities, at states of real games and
at drawn ones around them, and evaluated on results. Games held out by the rule of ``models.holdout`` are not used for training.

Plate appearances of recent seasons (``models.data.plate_appearances``) are for evaluation under today's rules only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.game import WIN_FEATURES, over_row
from features.mlb.odds import AUTOMATIC_RUNNER
from models.artefact import Card, ForestModel, load
from models.base import Floats
from models.data import plate_appearances, retrosheet
from models.data.retrosheet import CREDIT, HELD_OUT_AS, SOURCE, TERMS, States, rows_of
from models.evaluation_set import EvaluationSet, Words
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data
from models.gate import gate, logistic_of
from models.holdout import folds_of, held_out
from models.home import Home, inputs_of
from models.metrics import paired_bootstrap, reliability, scores
from models.specs import Recipe, spec_of
from models.training.training import Table, grow, profile

MODEL: Final = "mlb-win-probability"
FILES: Final = ("plays",)
FOLDS: Final = 5
FITS: Final = FOLDS + 3
RECIPE: Final = spec_of(MODEL).real or spec_of(MODEL).recipe
_COLUMN: Final = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}
#: what the simple logistic regression is given: lead, lead over what is left, runs to be expected, who bats
PLAIN: Final = [_COLUMN[name] for name in ("lead_runs", "balance", "runs_expected", "bottom")]
_ODDS, _HALF = _COLUMN["odds"], _COLUMN["bottom"]
_LEFT: Final = [_COLUMN["outs_left_home"], _COLUMN["outs_left_away"]]
_MOST_LEFT: Final = 54.0
_DRAWN: Final = 40_000
#: the forest is trained on one in so many of the states that the teacher was fitted on
_ONE_IN: Final = 3
_OVER: Final = 300

Predict = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Teacher:
    """Margin = odds (a + b left) + (c + d left + e bottom) / cosh(odds / 2), ``left`` the share of the game's outs that are left:
    what is worth nothing where the game is decided weighs by how open it is."""

    coefficients: Floats

    @classmethod
    def fit(cls, train_set: States) -> Teacher:
        from sklearn.linear_model import LogisticRegression

        found = LogisticRegression(C=1e3, fit_intercept=False, max_iter=2000).fit(_design(train_set.rows), train_set.label)
        return cls(np.asarray(found.coef_[0], np.float64))

    def __call__(self, rows: Floats) -> Floats:
        """(B,) chance of the home team."""
        return np.asarray(1.0 / (1.0 + np.exp(-_design(rows) @ self.coefficients)), np.float64)


def _design(rows: Floats) -> Floats:
    odds, left = rows[:, _ODDS], rows[:, _LEFT].sum(1) / _MOST_LEFT
    open_ = 1.0 / np.cosh(odds / 2.0)
    return np.stack([odds, odds * left, open_, open_ * left, open_ * rows[:, _HALF]], axis=1)


def drawn(seed: int) -> Floats:
    """(D, F) states from the whole space, extra innings of both rules among them, and a few of games that are over."""
    generator = np.random.default_rng(seed)
    inning = generator.integers(1, 13, _DRAWN)
    half = generator.integers(0, 2, _DRAWN)
    lead = np.rint(generator.normal(0.0, 1.0 + inning / 3.0)).astype(np.int64)
    # a game in which the home team is ahead in the last of the ninth is over, and one in extra innings was tied before
    lead = np.where((inning >= 9) & (half == 1), np.minimum(lead, 0), lead)
    lead = np.where((inning > 9) & (half == 0), np.minimum(lead, 0), lead)
    state = np.stack(
        [
            inning,
            half,
            generator.integers(0, 3, _DRAWN),
            generator.integers(0, 8, _DRAWN),
            lead,
            AUTOMATIC_RUNNER * generator.integers(0, 2, _DRAWN),
        ],
        axis=1,
    )
    return np.concatenate([rows_of(state), np.repeat([over_row(1.0), over_row(0.0)], _OVER, axis=0)])


def fit(train_set: States, seed: int, recipe: Recipe = RECIPE) -> tuple[bytes, Teacher, Floats]:
    """The forest, its teacher, and the states (T, F) that the forest was trained on."""
    teacher = Teacher.fit(train_set)
    rows = np.concatenate([train_set.rows[::_ONE_IN], drawn(seed)])
    chance = teacher(rows)
    chance[-2 * _OVER :] = np.repeat([1.0, 0.0], _OVER)
    return strip_training_data(grow(spec_of(MODEL), recipe, rows, chance, seed)), teacher, rows


def train(folder: Path, seed: int, command: str, on_progress: Callable[[str], None]) -> tuple[Card, bytes]:
    """Train on the games that are not held out. The gate is that of the recipe, cross-validated on all games: a fifth of them is
    too few to distinguish a calibration error of 0.01 from luck."""
    states = _retrosheet(folder)
    kept_out = held_out(HELD_OUT_AS, states.game)
    train_set, held = states.take(~kept_out), states.take(kept_out)
    if not len(train_set) or not len(held):
        raise ValueError(f"{folder} has too few games: some are needed for training, some are held out")
    on_progress("read")
    blob, teacher, rows = fit(train_set, seed)
    on_progress("fitted")
    probability, plain, _ = _out_of_game(states, seed, on_progress)
    measured = gate(SOURCE, states.rows, states.label, probability, states.game, plain, seed=seed)
    model, predict = spec_of(MODEL), _predict(blob)
    metrics: dict[str, Any] = {
        "held_out": scores(held.label, predict(held.rows)),
        "held_out_games": len(np.unique(held.game)),
        "held_out_logistic": scores(held.label, _logistic(train_set, held.rows)),
        "out_of_game": scores(states.label, probability),
        "out_of_game_logistic": scores(states.label, plain),
    }
    source: dict[str, str | float | int] = {
        "source": SOURCE,
        "rows": len(train_set),
        "games": len(np.unique(train_set.game)),
        "held_out": f"games by the rule of models.holdout, as {HELD_OUT_AS}",
    }
    metrics["profile"] = profile(model, Table(train_set.rows, train_set.label, np.zeros(len(train_set), np.int64), source))
    on_progress("profile")
    card = Card.of(
        model,
        trained_on=source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters={**RECIPE.as_card(), "teacher": teacher.coefficients.tolist()},
        home=Home("real", SOURCE, inputs_of(rows), TERMS, CREDIT, measured),
    )
    return card, blob


def _out_of_game(states: States, seed: int, on_progress: Callable[[str], None]) -> tuple[Floats, Floats, bytes]:
    """The recipe's probabilities of all states in five parts, each by a forest that has not seen its games; those of the simple
    logistic regression alike; and the last of the forests."""
    fold = folds_of(states.game, FOLDS, seed)
    probability, plain, blob = np.empty(len(fold)), np.empty(len(fold)), b""
    for k in range(FOLDS):
        in_fold = fold == k
        train_set = states.take(~in_fold)
        blob = fit(train_set, seed)[0]
        probability[in_fold], plain[in_fold] = _predict(blob)(states.rows[in_fold]), _logistic(train_set, states.rows[in_fold])
        on_progress(f"part {k + 1} of {FOLDS} held out")
    return probability, plain, blob


def predict_held_out(
    folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]
) -> tuple[EvaluationSet, ...]:
    """Predictions of Retrosheet's games beside the simple logistic regression: of an artefact, of the games held out by the rule;
    without one, by the recipe in five parts. In a folder with ``plate_appearances.parquet`` an artefact is evaluated on all of
    them, and the logistic regression is fitted on four fifths of their games at a time."""
    spec = spec_of(MODEL)
    model = None if artefact is None else load(artefact)
    if model is not None:
        _is_ours(model)
    at = _folder_of(folder)
    recent = plate_appearances.is_here(at)
    if recent and model is None:
        raise ValueError(f"{folder} can only evaluate a model: name one by --model")
    attribute: Predict
    if model is None:
        states = held = _retrosheet(at)
        probability, plain, blob = _out_of_game(states, seed, on_progress)
        how, last = f"{FOLDS} parts, whole games held out", Attribution(read_forest(blob))

        def attribute(rows: Floats) -> Floats:
            return last(rows)[:, 0]
    else:
        how, attribute = f"artefact {model.version}", model.attribute
        if recent:
            held = plate_appearances.read(at / plate_appearances.FILE)
            fold = folds_of(held.game, FOLDS, seed)
            plain = np.empty(len(held))
            for k in range(FOLDS):
                plain[fold == k] = _logistic(held.take(fold != k), held.rows[fold == k])
        else:
            states = _retrosheet(at)
            kept_out = held_out(HELD_OUT_AS, states.game)
            held = states.take(kept_out)
            if not len(held):
                raise ValueError(f"no game in {folder} is held out: there is nothing to evaluate {MODEL} on")
            plain = _logistic(states.take(~kept_out), held.rows)
        probability = model.predict(held.rows)
    on_progress("predicted")

    def of(at: npt.NDArray[np.int64]) -> Floats:
        return attribute(np.ascontiguousarray(held.rows[at]))

    source = plate_appearances.SOURCE if recent else SOURCE
    return (
        EvaluationSet(
            MODEL,
            how,
            held.label,
            probability,
            held.game,
            held.rows,
            spec.features,
            spec.classes,
            of,
            _groups(held),
            plain,
            "logistic",
            facts={"source": source},
        ),
    )


def evaluate(folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    return report(predict_held_out(folder, artefact, seed, on_progress))


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores, those of the logistic regression, a bootstrap over games of the difference, and the gate."""
    (each,) = predictions
    found = gate(str(each.facts["source"]), each.rows, each.label, each.probability, each.game, each.reference)
    reading = {
        "scores": scores(each.label, each.probability),
        "logistic": scores(each.label, each.reference),
        "ours_minus_logistic": paired_bootstrap(each.label, each.probability, each.reference, each.game),
        "gate": {"passed": found.passed, "reason": found.reason},
    }
    return {
        "model": MODEL,
        "how": each.how,
        **each.facts,
        "rows": len(each.label),
        "games": len(np.unique(each.game)),
        "readings": {"before every event": reading},
        "reliability": reliability(each.label, each.probability),
    }


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    """The chance of the home team before every event of Retrosheet's play-by-play."""
    _is_ours(model)
    states = retrosheet.read(files["plays"])
    columns = {"game_id": states.game.tolist(), "seq": states.seq, "probability": model.predict(states.rows)}
    return columns, f"{len(states)} events of {len(np.unique(states.game))} games"


def _groups(held: States) -> dict[str, Words]:
    inning, lead = held.state[:, 0], held.state[:, 4]
    return {
        "score": np.where(lead > 0, "home leads", np.where(lead < 0, "away leads", "tied")),
        "inning": np.where(inning > 9, "extra innings", np.where(inning > 6, "7 to 9", np.where(inning > 3, "4 to 6", "1 to 3"))),
    }


def _logistic(train_set: States, rows: Floats) -> Floats:
    return logistic_of(train_set.rows[:, PLAIN], train_set.label, rows[:, PLAIN], 2)[:, 1].copy()


def _predict(blob: bytes) -> Predict:
    walker = Margins(read_forest(blob))

    def of(rows: Floats) -> Floats:
        return np.asarray(1.0 / (1.0 + np.exp(-walker(np.ascontiguousarray(rows))[:, 0])), np.float64)

    return of


def _folder_of(folder: Path) -> Path:
    named = folder / "mlb_retrosheet_pbp"
    return named if (named / retrosheet.FILE).is_file() else folder


def _retrosheet(folder: Path) -> States:
    return retrosheet.read(_folder_of(folder) / retrosheet.FILE)


def _is_ours(model: ForestModel) -> None:
    if model.name != MODEL:
        raise ValueError(f"{model.name} is not {MODEL}")
