"""The report of predictions of real outcomes: scores beside the base rate and a reference, a bootstrap over games, and the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from models.evaluation_set import EvaluationSet
from models.gate import Gate, gate
from models.metrics import paired_bootstrap, reliability, scores


def report(predictions: tuple[EvaluationSet, ...], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Scores of every reading beside the base rate's and the other's, a paired bootstrap over games, and the gate."""
    first = predictions[0]
    readings: dict[str, Any] = {}
    for each in predictions:
        versus = "logistic" if each.versus == "logistic" else "reference"
        share = np.full(len(each.label), each.label.mean())
        found: dict[str, Any] = {
            "rows": len(each.label),
            each.unit: len(np.unique(each.game)),
            "scores": scores(each.label, each.probability),
            "base_rate": scores(each.label, share),
            versus: scores(each.label, each.reference),
            "versus": each.versus,
            f"ours_minus_{versus}": paired_bootstrap(each.label, each.probability, each.reference, each.game, rounds=300),
            "reliability": reliability(each.label, each.probability),
        }
        if versus == "logistic":
            found["gate"] = gate_of(each)
        readings[each.reading] = found
    return {
        "model": first.model,
        "how": first.how,
        **first.facts,
        "rows": len(first.label),
        first.unit: len(np.unique(first.game)),
        "readings": readings,
        **(more or {}),
        "reliability": {name: found["reliability"] for name, found in readings.items()},
    }


def gate_of(predictions: EvaluationSet) -> dict[str, Any]:
    """What the gate measures of a judgement beside a logistic regression, as plain values, and why it is shut."""
    found: Gate = gate(
        str(predictions.facts.get("source", "")),
        predictions.rows,
        predictions.label,
        predictions.probability,
        predictions.game,
        predictions.reference,
    )
    return {**msgspec.structs.asdict(found), "reason": found.reason}
