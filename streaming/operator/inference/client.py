"""Inference, in this process or elsewhere: within the time a record may take, and with the name of the model that answered.

A model in this process always answers. A remote one may be late, down or wrong: then a fallback has answered, which the update
names, or none has, and the update is stale. Outside of a model's home there is no inference at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from models.base import Model, PredictionResult
from models.guard import Guard
from streaming.wire.records import ModelUse

Array = npt.NDArray[Any]


class DeadlineBudget:
    """What remote models have cost since the operator was last called: together they get one deadline."""

    __slots__ = ("spent_s",)

    def __init__(self) -> None:
        self.spent_s = 0.0

    def renew(self) -> None:
        self.spent_s = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Of rows (B,), or windows and subjects (K, S), that lie outside of a model's home: what a ``Guard`` found, 0 for the others,
    and which input that is about."""

    codes: Array
    which: Array

    def reshaped(self, *shape: int) -> Refused:
        return Refused(self.codes.reshape(shape), self.which.reshape(shape))

    def columns(self, chosen: Any) -> Refused:
        return Refused(self.codes[:, chosen], self.which[:, chosen])

    def reasons(self, guard: Guard) -> dict[str, int]:
        """How many rows there are by reason."""
        pairs, counts = np.unique(
            np.stack([self.codes.ravel(), self.which.ravel()])[:, self.codes.ravel() != 0], axis=1, return_counts=True
        )
        return {guard.reason(int(c), int(w)): int(n) for (c, w), n in zip(pairs.T.tolist(), counts.tolist(), strict=True)}


@dataclass(slots=True)
class InferenceResult:
    """An answer of (B,) or (B, C), None when there is none, and the model that made it. ``refused`` are the rows without inference,
    which have no answer; None where there are none."""

    values: Array | None
    use: ModelUse
    attribute: Callable[[Array], Array] | None = None
    #: how long it took
    took_us: float = float("nan")
    #: the rows (B, F) of a tick that it answers
    rows: Array | None = None
    refused: Refused | None = None


@dataclass(slots=True)
class PendingInference:
    """The rows (B, F) of a tick that a model will answer, with those of other ticks."""

    rows: Array


def infer(
    model: Model, rows: Array, budget: DeadlineBudget, use: ModelUse, attribute: Callable[[Array], Array] | None, guard: Guard
) -> InferenceResult:
    """``use`` and ``attribute`` are those of a model in this process. Where ``guard`` refuses any of the rows (B, F), which are
    parts of one answer, there is none."""
    refused = guard.check(rows)
    if refused is not None:
        return InferenceResult(None, use, refused=Refused(*refused))
    return _infer(model, rows, budget, use, attribute)


def _infer(
    model: Model, rows: Array, budget: DeadlineBudget, use: ModelUse, attribute: Callable[[Array], Array] | None
) -> InferenceResult:
    remote: Callable[[Array, float], PredictionResult] | None = getattr(
        model, "try_predict", None
    )  # isinstance would cost more than many a model
    start = perf_counter()
    if remote is None:
        values = model.predict(rows)
        return InferenceResult(values, use, attribute, (perf_counter() - start) * 1e6)
    answer = remote(rows, budget.spent_s)
    took_s = perf_counter() - start
    budget.spent_s += took_s
    answered_by = ModelUse(
        name=answer.name, version=answer.version, fallback_reason=answer.fallback_reason, experimental=use.experimental
    )
    return InferenceResult(answer.values, answered_by, answer.attribute, took_s * 1e6)


def infer_rows(model: Model, rows: Array, budget: DeadlineBudget, use: ModelUse, classes: int, guard: Guard) -> InferenceResult:
    """The same, (B,), or (B, C) with ``classes``, where each row has an answer of its own: one without a single feature (the model
    is not about this subject) is left out, and so is one that ``guard`` refuses; their answers are NaN."""
    chosen = _some(rows)
    answer = np.full((len(rows), classes) if classes else len(rows), np.nan)
    if not len(chosen):
        return InferenceResult(answer, use)
    whole = None
    refused = guard.check(rows[chosen])
    if refused is not None:
        whole = Refused(np.zeros(len(rows), np.int64), np.full(len(rows), -1, np.int64))
        whole.codes[chosen], whole.which[chosen] = refused
        chosen = chosen[refused[0] == 0]
        if not len(chosen):
            return InferenceResult(answer, use, refused=whole)
    result = _infer(model, rows[chosen], budget, use, None)
    if result.values is not None:
        answer[chosen] = result.values
        result.values = answer
    return replace(result, refused=whole)


@kernel
def _some(rows: Array) -> Array:
    """The rows (B, F) that hold a finite value."""
    out = np.empty(rows.shape[0], np.int64)
    count = 0
    for b in range(rows.shape[0]):
        for f in range(rows.shape[1]):
            if np.isfinite(rows[b, f]):
                out[count] = b
                count += 1
                break
    return out[:count]


def same(a: Any, b: Any) -> bool:
    """Whether two values of a stat, answered or not, look the same to a reader."""
    if isinstance(a, PendingInference) and isinstance(b, PendingInference):
        return np.array_equal(a.rows, b.rows, equal_nan=True)
    if isinstance(a, InferenceResult) and isinstance(b, InferenceResult):
        return same(a.values, b.values)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True))
    return bool(a == b)
