"""Warm-up: the one-time work of a first prediction is done before a model is used."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from models.base import Explained, Model

M = TypeVar("M", bound=Model)


def ready(model: M, *, explained: bool) -> M:
    """Have compiled code loaded, for one row and for several, with values and without any; and, where its answers will be
    ``explained``, the tables of its attributions laid out, which takes a tenth of a second for a large forest.

    ``ValueError`` when a model that is to be explained cannot be.
    """
    width = len(model.features)
    for rows in (np.full((1, width), np.nan), np.zeros((1, width)), np.zeros((2, width))):
        model.predict(rows)
        if explained and isinstance(model, Explained):
            model.attribute(rows)
    return model
