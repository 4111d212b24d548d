"""What came of what a model was asked: a module per sport, named like it, with its ``LABELS``: model name -> ``Label``.

An event that a model is asked about says itself what came of it, at the latest by a correction: the label is that of its last
revision."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from models.known import known, sport_of
from streaming.records import Event


@dataclass(frozen=True)
class Label:
    """Events of the ``types`` are labelled by ``of``: 0.0 to C - 1 as in the model's classes, None when the event does not say."""

    types: tuple[str, ...]
    of: Callable[[Event], float | None]

    def __call__(self, event: Event) -> float | None:
        return None if event.deleted or event.type not in self.types else self.of(event)


def outcome(*good: str) -> Callable[[Event], float | None]:
    """1.0 for these outcomes, 0.0 for others, None for none."""

    def of(event: Event) -> float | None:
        return None if not event.outcome else float(event.outcome in good)

    return of


def label_of(model: str) -> Label:
    """``ValueError`` for a model whose events do not say what came of them."""
    sport = sport_of(known(model).name)
    name = f"{__name__}.{sport}"
    labels: dict[str, Label] = {}
    if importlib.util.find_spec(name) is not None:
        labels = importlib.import_module(name).LABELS
    if model not in labels:
        there = ", ".join(sorted(labels)) or "none"
        raise ValueError(f"no event says what came of {model}: of {sport} models can be labelled: {there}")
    return labels[model]
