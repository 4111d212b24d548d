"""What every model has, wherever it runs: a name, a version, ordered features with units, and one pure function."""

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
    It keeps no state: the same rows always give the same values."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def features(self) -> tuple[Feature, ...]: ...

    def predict(self, rows: Floats) -> Floats: ...


def digest_of(model: Model) -> str:
    """What tells a model from every other: the whole hash of its artefact, or its version where it has none."""
    return getattr(model, "digest", "") or model.version


@runtime_checkable
class Explained(Model, Protocol):
    """A model that explains its predictions. ``attribute`` returns (B, F + 1): the contribution of each feature to the margin
    (log-odds before calibration) and, last, the base value; a row sums to the margin."""

    def attribute(self, rows: Floats) -> Floats: ...


@dataclass(frozen=True)
class PredictionResult:
    """``values`` as of ``predict``, None where there are none, and the ``name`` and ``version`` of the model that computed them.
    ``fallback_reason`` is why the model itself did not; ``attribute`` explains the values where that is possible."""

    values: Floats | None
    name: str
    version: str
    fallback_reason: str = ""
    attribute: Callable[[Floats], Floats] | None = None


@runtime_checkable
class FallibleModel(Model, Protocol):
    """A model that may have no values, or those of its fallback. ``spent_s`` is the part of the deadline that is used up
    already."""

    def try_predict(self, rows: Floats, spent_s: float = 0.0) -> PredictionResult: ...
