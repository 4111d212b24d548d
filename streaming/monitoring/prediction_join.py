"""From what an operator said in a game to the records that its models are judged by: features as they were on the air, joined with
what the game says came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from models.specs import spec_of
from models.training.labelled_predictions import LabelledPredictions
from streaming.errors import BadInput
from streaming.monitoring.labels import EventHistory, LoggedPrediction, Outcome
from streaming.recordings.reader import Recording
from streaming.wire.blocks import Output, Prediction

LabelOf = Callable[[LoggedPrediction, EventHistory], Outcome | None]


def said_of(asked: Prediction) -> Iterator[LoggedPrediction]:
    """The rows of one prediction. One that was asked along an axis (a curve of answers) is no single question, and has none."""
    yield from _rows(
        asked.model,
        asked.stat,
        asked.event,
        asked.t_us,
        asked.version,
        np.asarray(asked.features),
        np.asarray(asked.answer),
        asked.subjects,
        asked.took_us,
    )


def said_by(outputs: Iterable[Output], model: str) -> list[LoggedPrediction]:
    """The final predictions of a model among an operator's outputs."""
    return [said for o in outputs if isinstance(o, Prediction) and o.model == model and o.quality == "final" for said in said_of(o)]


def said_in(recording: Recording, model: str) -> list[LoggedPrediction]:
    """The same from a recording; empty when it holds no predictions of the model."""
    return [
        said
        for r in recording.read("predictions")
        if r["model"] == model and r["quality"] == "final"
        for said in _rows(
            model,
            r["stat"],
            r["event"],
            r["t_us"],
            r["version"],
            np.array(r["features"], np.float64),
            np.array(r["answer"], np.float64),
            tuple(r.get("subjects") or ()),
            np.nan if r.get("took_us") is None else float(r["took_us"]),
        )
    ]


def _rows(
    model: str,
    stat: str,
    event: str | None,
    t_us: int,
    version: str,
    features: Any,
    answer: Any,
    subjects: tuple[str, ...],
    took_us: float,
) -> Iterator[LoggedPrediction]:
    asked = spec_of(model)
    count, classes = len(asked.features), len(asked.classes)
    width = classes if classes > 2 else 1
    # each answer is to as many inputs as its model took; of a curve there are more answers than questions
    questions = answer.size // width
    apart = questions > 0 and not features.size % questions and features.size // questions != count
    if features.size % count or (apart and answer.size == questions * width):
        raise BadInput(f"{model} {version} was asked about {features.size} features, and has {count} now: prepare by --replay")
    rows = features.reshape(-1, count)
    if answer.size != len(rows) * width:
        return
    values = answer.reshape(len(rows), *((width,) if width > 1 else ()))
    whom = subjects if len(subjects) == len(rows) else ("",) * len(rows)
    for part, row in enumerate(rows):
        yield LoggedPrediction(stat, event, t_us, whom[part], part, version, row, values[part], took_us if part == 0 else np.nan)


def lived(model: str, said: list[LoggedPrediction], told: EventHistory, label: LabelOf) -> LabelledPredictions:
    """Of every question the last answer, with what came of it in the end; an event that was withdrawn is left out.

    The features are untouched: they are what was known when the value went out, and nothing later gets into them.
    """
    asked, game = spec_of(model), told.game.game
    last = {(e.stat, e.event, e.part) if e.event else (e.stat, e.t_us, e.subject): e for e in said}
    kept = [each for each in last.values() if each.event is None or told.event(each.event) is not None]
    kept.sort(key=lambda each: (each.t_us, each.event or "", each.stat, each.subject, each.part))
    came = [label(each, told) for each in kept]
    width = len(asked.classes) if len(asked.classes) > 2 else 1
    answer = np.array([each.answer for each in kept], np.float64).reshape(len(kept), width)

    def words(values: Iterable[str | None]) -> Any:
        return np.array([value or "" for value in values], np.str_)

    return LabelledPredictions(
        model,
        np.array([each.features for each in kept], np.float64).reshape(len(kept), len(asked.features)),
        np.array([np.nan if c is None else c.label for c in came], np.float64),
        words([game] * len(kept)),
        words(each.event for each in kept),
        words(each.subject for each in kept),
        words(None if c is None else c.fate for c in came),
        words(each.version for each in kept),
        np.array([each.t_us for each in kept], np.int64),
        answer[:, 0] if width == 1 else answer,
        np.array([each.took_us for each in kept], np.float64),
    )
