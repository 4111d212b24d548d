"""Which of the inputs that the live path has a model takes: an artefact is trained on those that its data have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.base import Feature, Floats
from models.specs import SPECS

Ints = npt.NDArray[np.int64]


def columns_of(name: str, features: Sequence[Feature]) -> Ints | None:
    """The columns of ``ModelSpec.offered`` that ``features`` are, for a model of this name; None where they are all of them in
    order, or where the model or an input is unknown: rows are then passed on unchanged."""
    spec = SPECS.get(name)
    if spec is None:
        return None
    offered = [feature.name for feature in spec.offered]
    names = [feature.name for feature in features]
    if names == offered or not set(names) <= set(offered):
        return None
    return np.array([offered.index(each) for each in names], np.int64)


def narrowed(model: Any, rows: Floats) -> Floats:
    """(..., F) of rows (..., O) of all that the live path has, for a ``models.base.Model``."""
    columns = columns_of(model.name, model.features)
    return rows if columns is None else np.ascontiguousarray(rows[..., columns])
