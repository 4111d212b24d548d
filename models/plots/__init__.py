"""Figures of evaluation and explanation, written as PNG; matplotlib is the ``[plots]`` extra and imported when one is drawn."""

from models.plots.explained import explanation_plots
from models.plots.judged import evaluation_plots
from models.plots.reliability import reliability_plot

__all__ = ["evaluation_plots", "explanation_plots", "reliability_plot"]
