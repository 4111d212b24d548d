"""How an operator asks a model, wherever that is: within the time a record may take, and with word of who answered.

A model in this process always answers. One that is asked elsewhere may be late, away or wrong: then a stand-in has answered, which
the update names, or nobody has, and the update is stale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from models.base import Answering, Model
from streaming.records import ModelUse

Array = npt.NDArray[Any]


class Patience:
    """What the models that are asked elsewhere have cost since the operator was last called: together they get one deadline."""

    __slots__ = ("spent_s",)

    def __init__(self) -> None:
        self.spent_s = 0.0

    def renew(self) -> None:
        self.spent_s = 0.0


@dataclass(slots=True)
class Reading:
    """An answer of (B,) or (B, C), None when there is none, and whose it is."""

    values: Array | None
    use: ModelUse
    attribute: Callable[[Array], Array] | None = None


@dataclass(slots=True)
class Question:
    """The rows (B, F) of a tick that a model will be asked about, with those of other ticks."""

    rows: Array


def ask(model: Model, rows: Array, patience: Patience, use: ModelUse, attribute: Callable[[Array], Array] | None) -> Reading:
    """``use`` and ``attribute`` are those of a model in this process."""
    if not isinstance(model, Answering):
        return Reading(model.predict(rows), use, attribute)
    start = perf_counter()
    answer = model.ask(rows, patience.spent_s)
    patience.spent_s += perf_counter() - start
    return Reading(answer.values, ModelUse(name=answer.name, version=answer.version, instead=answer.instead), answer.attribute)


def same(a: Any, b: Any) -> bool:
    """Whether two values of a stat, answered or not, are the same to whoever reads them."""
    if isinstance(a, Question) and isinstance(b, Question):
        return np.array_equal(a.rows, b.rows, equal_nan=True)
    if isinstance(a, Reading) and isinstance(b, Reading):
        return same(a.values, b.values)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True))
    return bool(a == b)
