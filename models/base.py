"""What every model is, wherever it runs: a name, a version, ordered features with units, and one pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One input: its name, its unit, and what it means in a phrase that may go on screen."""

    name: str
    unit: str
    label: str = ""


@runtime_checkable
class Model(Protocol):
    """``predict`` takes (B, F) float64 with NaN for missing and returns (B,) in [0, 1], or (B, C) for C classes.
    It changes nothing: the same rows give the same answer, whatever was asked before."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def features(self) -> tuple[Feature, ...]: ...

    def predict(self, rows: Floats) -> Floats: ...


@runtime_checkable
class Explained(Model, Protocol):
    """A model that can say why. ``attribute`` returns (B, F + 1): the contribution of each feature to the margin (log-odds
    before calibration) and, last, the base value; a row sums to the margin."""

    def attribute(self, rows: Floats) -> Floats: ...


@dataclass(frozen=True)
class Answer:
    """What came of a question: ``values`` as of ``predict``, None when nobody answered, and which model's they are. ``instead``
    says why another than the one asked has answered, or nobody; ``attribute`` explains the values where that can be done."""

    values: Floats | None
    name: str
    version: str
    instead: str = ""
    attribute: Callable[[Floats], Floats] | None = None


@runtime_checkable
class Answering(Model, Protocol):
    """A model that may have no answer, or another's. ``spent_s`` is what has gone already of the time that the asker has."""

    def ask(self, rows: Floats, spent_s: float = 0.0) -> Answer: ...
