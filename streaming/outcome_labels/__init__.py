"""Outcomes of what models predict: a module per sport, an entry point of the group ``touchline.outcome_labels`` under its name.
It has ``LABELS``: model name -> ``Label``, and ``UNSAID``: model name -> why nothing in a recording shows the outcome."""

from __future__ import annotations

from typing import Final

from features.core.plugins import PluginGroup
from models.specs import spec_of, sport_of
from streaming.monitoring.labels import Label

OUTCOME_LABELS: Final = PluginGroup("touchline.outcome_labels", "module of outcome labels")


def label_of(model: str) -> Label:
    """``ValueError`` with the reason for a model of which nothing says what came of what it was asked."""
    sport = sport_of(spec_of(model).name)
    module = OUTCOME_LABELS.load(sport) if sport in OUTCOME_LABELS else None
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
    """The labels of every sport's models, by model."""
    found: dict[str, Label] = {}
    for sport in OUTCOME_LABELS.names():
        found |= OUTCOME_LABELS.load(sport).LABELS
    return found
