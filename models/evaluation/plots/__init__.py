"""Figures of evaluation and explanation, written as PNG; matplotlib is the ``[plots]`` extra and imported when one is drawn."""

from models.evaluation.plots.evaluation import evaluation_plots
from models.evaluation.plots.explanation import explanation_plots
from models.evaluation.plots.reliability import reliability_plot

__all__ = ["evaluation_plots", "explanation_plots", "reliability_plot"]
