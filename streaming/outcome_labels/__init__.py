"""What came of what a model was asked: a module per sport, named like it, with its ``LABELS``: model name -> ``Label``, and
``UNSAID``: model name -> why nothing in a recording says what came of it."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from models.specs import spec_of, sport_of
from streaming.monitoring.labels import Label


def label_of(model: str) -> Label:
    """``ValueError`` with the reason for a model of which nothing says what came of what it was asked."""
    sport = sport_of(spec_of(model).name)
    module = _module(sport)
    labels: dict[str, Label] = getattr(module, "LABELS", {})
    if model not in labels:
        there = ", ".join(sorted(labels)) or "none"
        why = getattr(module, "UNSAID", {}).get(model, f"of {sport} models can be labelled: {there}")
        raise ValueError(f"no event says what came of {model}: {why}")
    return labels[model]


def unlabelled() -> Label:
    """The label of a model of which no event says what came of it: never one."""
    return Label((), lambda said, told: None)


def all_labels() -> dict[str, Label]:
    """Of every model of every sport that has one."""
    import pkgutil

    found: dict[str, Label] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= importlib.import_module(f"{__name__}.{module.name}").LABELS
    return found


def _module(sport: str) -> ModuleType | None:
    name = f"{__name__}.{sport}"
    return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None
