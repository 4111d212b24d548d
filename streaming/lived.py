"""From what an operator said in a game to the records that its models are judged by: features as they were on the air, joined with
what the events say came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.known import known
from models.lived import Lived
from streaming.blocks import Output, Prediction
from streaming.errors import BadInput
from streaming.recording import Recording
from streaming.records import Event

LabelOf = Callable[[Event], float | None]


@dataclass(frozen=True)
class Said:
    """One final prediction about an event."""

    event: str
    t_us: int
    version: str
    features: Any
    answer: Any
    took_us: float


def said_by(outputs: Iterable[Output], model: str) -> list[Said]:
    """The final predictions of a model among an operator's outputs."""
    return [
        Said(o.event, o.t_us, o.version, o.features.reshape(-1), o.answer.reshape(-1), o.took_us)
        for o in outputs
        if isinstance(o, Prediction) and o.model == model and o.quality == "final" and o.event is not None
    ]


def said_in(recording: Recording, model: str) -> list[Said]:
    """The same from a recording; empty when it holds no predictions of the model."""
    return [
        Said(r["event"], r["t_us"], r["version"], np.array(r["features"], np.float64), np.array(r["answer"], np.float64),
             np.nan if r.get("took_us") is None else float(r["took_us"]))
        for r in recording.read("predictions")
        if r["model"] == model and r["quality"] == "final" and r["event"] is not None
    ]  # fmt: skip


def lived(model: str, game: str, said: list[Said], events: Iterable[Event], label: LabelOf) -> Lived:
    """Of every event the last that was said of it, with the label of its last revision; an event that was withdrawn is left out.

    The features are untouched: they are what was known when the value went out, and nothing later gets into them.
    """
    asked = known(model)
    count = len(asked.features)
    newest: dict[str, Event] = {}
    for event in events:
        if event.id not in newest or event.revision >= newest[event.id].revision:
            newest[event.id] = event
    last = {each.event: each for each in said}
    kept = [each for each in last.values() if (e := newest.get(each.event)) is not None and not e.deleted]
    kept.sort(key=lambda each: (each.t_us, each.event))
    for each in kept:
        if len(each.features) != count:
            raise BadInput(
                f"{game}: {model} {each.version} was asked about {len(each.features)} features, and has {count} now: "
                "prepare by --replay"
            )
    width = len(asked.classes) if len(asked.classes) > 2 else 1
    labels = [label(newest[each.event]) for each in kept]
    answer = np.array([each.answer for each in kept], np.float64).reshape(len(kept), width)
    return Lived(
        model, np.array([each.features for each in kept], np.float64).reshape(len(kept), count),
        np.array([np.nan if y is None else y for y in labels], np.float64), np.array([game] * len(kept), np.str_),
        np.array([each.event for each in kept], np.str_), np.array([each.version for each in kept], np.str_),
        np.array([each.t_us for each in kept], np.int64), answer[:, 0] if width == 1 else answer,
        np.array([each.took_us for each in kept], np.float64),
    )  # fmt: skip
