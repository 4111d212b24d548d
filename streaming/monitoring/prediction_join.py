"""From an operator's predictions in a game to the records that its models are judged by: features as they were on the air, joined
with their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from models.specs import spec_of
from models.training.labelled_predictions import LabelledPredictions
from streaming.errors import BadInput
from streaming.monitoring.labels import EventHistory, LoggedPrediction, Outcome
from streaming.recordings.reader import Recording
from streaming.wire.blocks import Output, Prediction

LabelOf = Callable[[LoggedPrediction, EventHistory], Outcome | None]


def logged(prediction: Prediction) -> Iterator[LoggedPrediction]:
    """The rows of one prediction. A curve (one row along an axis, many answers) has none: it is no single prediction."""
    spec = spec_of(prediction.model)
    count, classes = len(spec.features), len(spec.classes)
    width = classes if classes > 2 else 1
    features, answer = prediction.features, prediction.answer
    # each answer is to as many inputs as its model took; of a curve there are more answers than rows
    answers = answer.size // width
    other = answers > 0 and not features.size % answers and features.size // answers != count
    if features.size % count or (other and answer.size == answers * width):
        model = f"{prediction.model} {prediction.version}"
        raise BadInput(f"{model} predicted from {features.size} features, and has {count} now: prepare by --replay")
    rows = features.reshape(-1, count)
    if answer.size != len(rows) * width:
        return
    values = answer.reshape(len(rows), *((width,) if width > 1 else ()))
    subjects = prediction.subjects if len(prediction.subjects) == len(rows) else ("",) * len(rows)
    for part, row in enumerate(rows):
        yield LoggedPrediction(
            stat=prediction.stat,
            event=prediction.event,
            t_us=prediction.t_us,
            subject=subjects[part],
            part=part,
            version=prediction.version,
            features=row,
            answer=values[part],
            took_us=prediction.took_us if part == 0 else np.nan,
        )


def logged_by(outputs: Iterable[Output], model: str) -> list[LoggedPrediction]:
    """The final predictions of a model among an operator's outputs."""
    return [row for o in outputs if isinstance(o, Prediction) and o.model == model and o.quality == "final" for row in logged(o)]


def logged_in(recording: Recording, model: str) -> list[LoggedPrediction]:
    """The same from a recording; empty when it holds no predictions of the model. Times that a replay has measured are left
    out: what counts is how long it took on the air."""
    live = recording.contents.timed == "live"
    return [
        row
        for r in recording.read("predictions")
        if r["model"] == model and r["quality"] == "final"
        for row in logged(_recorded(recording.game.game, r, live))
    ]


def untimed(predictions: Iterable[LoggedPrediction]) -> list[LoggedPrediction]:
    """Those of a replay, without the times that it took."""
    return [replace(each, took_us=float("nan")) for each in predictions]


def _recorded(game: str, row: dict[str, Any], timed: bool) -> Prediction:
    return Prediction(
        game=game,
        stat=row["stat"],
        event=row["event"],
        t_us=row["t_us"],
        model=row["model"],
        version=row["version"],
        features=np.array(row["features"], np.float64),
        answer=np.array(row["answer"], np.float64),
        quality=row["quality"],
        took_us=float(row["took_us"]) if timed and row.get("took_us") is not None else np.nan,
        subjects=tuple(row.get("subjects") or ()),
    )


def join_outcomes(model: str, predictions: list[LoggedPrediction], history: EventHistory, label: LabelOf) -> LabelledPredictions:
    """The last prediction of each row, with its outcome in the end; an event that was withdrawn is left out.

    The features are untouched: they are what was known when the value went out, and nothing later gets into them.
    """
    spec, game = spec_of(model), history.game.game
    last = {(e.stat, e.event, e.part) if e.event else (e.stat, e.t_us, e.subject): e for e in predictions}
    kept = [each for each in last.values() if each.event is None or history.event(each.event) is not None]
    kept.sort(key=lambda each: (each.t_us, each.event or "", each.stat, each.subject, each.part))
    outcomes = [label(each, history) for each in kept]
    width = len(spec.classes) if len(spec.classes) > 2 else 1
    answer = np.array([each.answer for each in kept], np.float64).reshape(len(kept), width)

    def words(values: Iterable[str | None]) -> Any:
        return np.array([value or "" for value in values], np.str_)

    return LabelledPredictions(
        model,
        np.array([each.features for each in kept], np.float64).reshape(len(kept), len(spec.features)),
        np.array([np.nan if c is None else c.label for c in outcomes], np.float64),
        words([game] * len(kept)),
        words(each.event for each in kept),
        words(each.subject for each in kept),
        words(None if c is None else c.label_event for c in outcomes),
        words(each.version for each in kept),
        np.array([each.t_us for each in kept], np.int64),
        answer[:, 0] if width == 1 else answer,
        np.array([each.took_us for each in kept], np.float64),
    )
