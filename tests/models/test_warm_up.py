"""A model that is ready has its attributions laid out where they will be asked for, and nowhere else."""

from __future__ import annotations

import numpy as np

from models.artefact import load
from models.curve import curve_of
from models.warm_up import ready


def test_attributions_are_laid_out_where_they_will_be_asked_for():
    plain, explained = ready(load("xgoals"), explained=False), ready(load("xgoals"), explained=True)
    assert plain._attribution is None
    laid_out = explained._attribution
    assert laid_out is not None
    explained.attribute(np.zeros((1, len(explained.features))))
    assert explained._attribution is laid_out


def test_a_view_is_ready_too():
    curve = curve_of(load("lead-probability"))
    assert ready(curve, explained=True) is curve
