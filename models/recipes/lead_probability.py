"""Real steal attempts for the lead probability: trained on all of them, evaluated on the last four months.

The split is by time alone. The forest of an evaluation is trained on the plays before the first held-out day, the artefact on all
of them. The records of runners, pitchers and catchers go on from there: a play has the records of earlier days of the same file,
and nothing of its own. The columns of an unknown player are missing, which the model takes as the league's mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.steal_features import COLUMN
from models.artefact import Card, ForestModel, load
from models.base import Floats
from models.curve import curve_of
from models.data.steal_records import Plain, Records, no_records
from models.data.steals import DAYS_A_YEAR, Plays, day_of, feature_rows, held_out_from, read, read_folder
from models.evaluation_set import EvaluationSet, Words, thirds
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data
from models.home import Home, inputs_of
from models.metrics import paired_bootstrap, reliability, scores
from models.specs import Recipe, spec_of
from models.training.training import grow

MODEL: Final = "lead-probability"
FILES: Final = ("plays",)
FITS: Final = 2
TERMS: Final = "Statcast data belong to MLB Advanced Media: personal, non-commercial use; the model is not to be passed on"
READINGS: Final = ("before the pitch", "at release")
_LEAST: Final = 1000
Attribute = Callable[[Floats], Floats]


def _recipe() -> Recipe:
    recipe = spec_of(MODEL).real
    assert recipe is not None
    return recipe


def fit(plays: Plays, until_day: int, seed: int, recipe: Recipe | None = None) -> tuple[bytes, Records, Floats]:
    """A forest for both readings, trained on the attempts before ``until_day``, the records as of then, and the rows (B, F)."""
    columns, records = Records.learn(plays, until_day)
    train_set = plays.counts & (plays.day < until_day)
    priors = {name: values[train_set] for name, values in columns.items()}
    training_plays = plays.take(train_set)
    if len(training_plays) < _LEAST:
        raise ValueError(f"{len(training_plays)} attempts with leads before {day_of(until_day)} are too few to train on")
    rows = np.concatenate([feature_rows(training_plays, priors, late) for late in (False, True)])
    age = np.tile((until_day - training_plays.day) / DAYS_A_YEAR, 2)
    return grow(spec_of(MODEL), recipe or _recipe(), rows, np.tile(training_plays.success, 2), seed, age), records, rows


def train(folder: Path, seed: int, command: str, on_progress: Callable[[str], None]) -> tuple[Card, bytes]:
    plays, model, recipe = read_folder(folder), spec_of(MODEL), _recipe()
    held, _ = _held_out(plays, seed)
    on_progress("evaluated on the months held out")
    after = int(plays.day[-1]) + 1
    blob, records, rows = fit(plays, after, seed)
    on_progress("fitted on everything")
    predictions = {reading: scores(held.label, held.probability[i]) for i, reading in enumerate(READINGS)}
    card = Card.of(
        model,
        trained_on={
            "source": "real steal attempts with leads",
            "rows": int(plays.counts.sum()),
            "from": day_of(plays.day[0]),
            "until": day_of(plays.day[-1]),
        },
        command=command,
        seed=seed,
        metrics={
            "held_out": predictions[READINGS[0]],
            "held_out_at_release": predictions[READINGS[1]],
            "held_out_from": held.first,
        },
        parameters={**recipe.as_card(), "records": records.as_json()},
        home=Home("real", "real steal attempts with leads", inputs_of(rows), TERMS),
    )
    return card, strip_training_data(blob)


class _HeldOut:
    """The last months: what happened, our two readings and those of the plain logistic regression, the day of each play."""

    def __init__(self, plays: Plays, margins: Callable[[Floats], Floats], records: Records | None) -> None:
        start = held_out_from(plays)
        rows = plays.counts & (plays.day >= start)
        late = plays.take(rows)
        if not len(late):
            raise ValueError(f"there is no attempt with leads from {day_of(start)} on to evaluate on")
        priors = {name: values[rows] for name, values in _followed(plays, records).items()}
        self.first, self.last = day_of(start), day_of(plays.day[-1])
        self.label, self.day = late.success, late.day
        self.rows = [feature_rows(late, priors, at) for at in (False, True)]
        self.probability = [margins(each) for each in self.rows]
        self.groups = groups_of(late)
        train_set = plays.counts & (plays.day < start)
        self.plain = [Plain.fit(plays, train_set, at)(late) for at in (False, True)]


def _followed(plays: Plays, records: Records | None) -> dict[str, Floats]:
    return no_records(plays) if records is None else records.follow(plays)


def _held_out(plays: Plays, seed: int, recipe: Recipe | None = None) -> tuple[_HeldOut, Attribute]:
    start = held_out_from(plays)
    blob, records, _ = fit(plays, start, seed, recipe)
    forest = read_forest(blob)
    walker = Margins(forest)
    held = _HeldOut(plays, lambda rows: 1.0 / (1.0 + np.exp(-walker(rows)[:, 0])), records)
    return held, lambda rows: Attribution(forest)(rows)[:, 0]


def groups_of(plays: Plays) -> dict[str, Words]:
    """The groups of an evaluation: speed of runner and catcher, lead, base and count."""
    return {
        "runner": thirds(plays.sprint_mps, ("slowest third", "middle third", "fastest third")),
        "catcher": thirds(plays.pop_s, ("quickest third", "middle third", "slowest third")),
        "lead": thirds(plays.lead_m, ("shortest third", "middle third", "longest third")),
        "target base": np.where(plays.third == 1.0, "third", np.where(plays.third == 0.0, "second", "")).astype(np.str_),
        "count": _count(plays),
    }


def _count(plays: Plays) -> Words:
    ahead = plays.balls - plays.strikes
    words = np.where(ahead > 0.0, "batter ahead", np.where(ahead < 0.0, "pitcher ahead", "even"))
    return np.where(np.isnan(ahead), "", words).astype(np.str_)


def predict_held_out(
    folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]
) -> tuple[EvaluationSet, ...]:
    """Both readings on the last four months beside the plain logistic regression, with a bootstrap over days. With ``artefact``
    that model is evaluated; one that was trained on these months is refused."""
    plays = read_folder(folder)
    start = held_out_from(plays)
    if artefact is None:
        held, attribute = _held_out(plays, seed)
        how = f"trained on the plays before {day_of(start)}"
    else:
        model = load(artefact)
        _is_ours(model)
        until = str(model.card.trained_on.get("until", ""))
        if until >= day_of(start):
            raise ValueError(
                f"the model in {artefact} was trained on plays up to {until}: it has seen the months from {day_of(start)} on"
            )
        held = _HeldOut(plays, model.predict, _records_of(model))
        how, attribute = f"artefact {model.version}", model.attribute
    on_progress("evaluated")
    spec = spec_of(MODEL)

    def of(rows: Floats) -> Callable[[npt.NDArray[np.int64]], Floats]:
        return lambda at: attribute(rows[at])

    return tuple(
        EvaluationSet(
            MODEL,
            how,
            held.label,
            held.probability[i],
            held.day,
            held.rows[i],
            spec.features,
            spec.classes,
            of(held.rows[i]),
            held.groups,
            held.plain[i],
            "logistic",
            reading,
            "days",
            {"from": held.first, "to": held.last},
        )
        for i, reading in enumerate(READINGS)
    )


def evaluate(folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    return report(predict_held_out(folder, artefact, seed, on_progress))


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores of both readings, those of the plain regression, and a bootstrap over days of the difference."""
    first = predictions[0]
    readings = {
        each.reading: {
            "scores": scores(each.label, each.probability),
            "logistic": scores(each.label, each.reference),
            "ours_minus_logistic": paired_bootstrap(each.label, each.probability, each.reference, each.game),
            "reliability": reliability(each.label, each.probability),
        }
        for each in predictions
    }
    return {
        "model": MODEL,
        "how": first.how,
        **first.facts,
        "plays": len(first.label),
        "days": len(np.unique(first.game)),
        "readings": readings,
        "reliability": {reading: readings[reading]["reliability"] for reading in READINGS},
    }


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    """Both readings and the curve of every play of a file, in its order.

    A play without a lead is read at the runner's usual one, or the league's; one without a lead at release has no reading there
    (null), nor has one without any lead.
    """
    _is_ours(model)
    plays = read(files["plays"])
    priors = _followed(plays, _records_of(model))
    before = feature_rows(plays, priors, False)
    beyond, lead = COLUMN["lead_beyond_usual_m"], COLUMN["lead_m"]
    missing = np.isnan(plays.lead_m)
    if missing.any():
        usual = feature_rows(_with_lead(plays, np.zeros(len(plays))), priors, False)
        # a lead of 0 is short of the usual one by just that
        plays = _with_lead(plays, np.where(missing, -usual[:, beyond], plays.lead_m))
        before = feature_rows(plays, priors, False)
    columns: dict[str, Any] = {"play_id": plays.play_id.tolist(), "probability": _predict(model, before)}
    late = feature_rows(plays, priors, True)
    late[missing | np.isnan(plays.gain_m), lead] = np.nan
    columns["probability_at_release"] = _or_null(_predict(model, late))
    curve = curve_of(model).predict(before) if len(before) else np.empty((0, 21))
    columns |= {f"curve_{ft:02d}": curve[:, ft].copy() for ft in range(curve.shape[1])}
    read_as = f", {int(missing.sum())} of them at their usual lead for want of a measured one" if missing.any() else ""
    return columns, f"{len(plays)} plays{read_as}"


def _records_of(model: ForestModel) -> Records | None:
    stored = model.card.parameters.get("records")
    if stored is None and "priors" in model.card.parameters:
        raise ValueError(f"{model.version} has priors that cannot go on from day to day: train it anew")
    return None if stored is None else Records.of_json(stored)


def _with_lead(plays: Plays, lead_m: Floats) -> Plays:
    return replace(plays, lead_m=lead_m)


def _predict(model: ForestModel, rows: Floats) -> npt.NDArray[Any]:
    return model.predict(rows) if len(rows) else np.empty(0)


def _or_null(values: npt.NDArray[Any]) -> list[float | None]:
    return [None if v != v else v for v in values.tolist()]


def _is_ours(model: ForestModel) -> None:
    if model.name != MODEL:
        raise ValueError(f"{model.name} is not {MODEL}")
