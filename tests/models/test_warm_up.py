"""A warmed-up model has its attributions prepared where they are needed, and only there."""

from __future__ import annotations

import numpy as np

from models.artefact import load
from models.curve import curve_of
from models.warm_up import ready


def test_warm_up_prepares_attributions_of_explained_models():
    plain, explained = ready(load("xgoals"), explained=False), ready(load("xgoals"), explained=True)
    assert plain._attribution is None
    laid_out = explained._attribution
    assert laid_out is not None
    explained.attribute(np.zeros((1, len(explained.features))))
    assert explained._attribution is laid_out


def test_warm_up_prepares_views():
    curve = curve_of(load("lead-probability"))
    assert ready(curve, explained=True) is curve
