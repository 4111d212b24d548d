"""Outcomes of predictions: a module per sport, an entry point of the group ``touchline.outcome_labels`` under its name. It has
``LABELS``: model name -> ``Label``, and ``UNLABELLED``: model name -> why a recording has no label source for it."""

from __future__ import annotations

from typing import Final

from features.core.plugins import PluginGroup
from models.specs import spec_of, sport_of
from streaming.monitoring.labels import Label

OUTCOME_LABELS: Final = PluginGroup("touchline.outcome_labels", "module of outcome labels")


def label_of(model: str) -> Label:
    """``ValueError`` with the reason for a model without a label source."""
    sport = sport_of(spec_of(model).name)
    module = OUTCOME_LABELS.load(sport) if sport in OUTCOME_LABELS else None
    labels: dict[str, Label] = getattr(module, "LABELS", {})
    if model not in labels:
        there = ", ".join(sorted(labels)) or "none"
        why = getattr(module, "UNLABELLED", {}).get(model, f"of {sport} models can be labelled: {there}")
        raise ValueError(f"no label source for {model}: {why}")
    return labels[model]


def unlabelled() -> Label:
    """For a model without a label source: never a label."""
    return Label((), lambda prediction, history: None)


def all_labels() -> dict[str, Label]:
    """The labels of every sport's models, by model."""
    found: dict[str, Label] = {}
    for sport in OUTCOME_LABELS.names():
        found |= OUTCOME_LABELS.load(sport).LABELS
    return found
