"""An explanation on paper: which features count, and how each moves the prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from models.evaluation.explanation import Explained
from models.evaluation.plots.evaluation import residuals
from models.evaluation.plots.style import OTHER, OURS, bare, figure, file_name, write

_MOST_BARS: Final = 20
_MOST_CURVES: Final = 9
_LABEL: Final = 42


def explanation_plots(found: Explained, folder: Path) -> list[Path]:
    """Importance, dependence of the strongest features and, where there are groups, calibration and error per group."""
    drawn = [("importance", _importance(found)), ("dependence", _dependence(found))]
    if found.report["groups"]["groups"]:
        drawn.append(("groups", residuals(found.predictions, found.report["groups"])))
    return [write(each, folder / file_name(stem, found.predictions.reading)) for stem, each in drawn]


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _title(found: Explained, what: str) -> str:
    reading = f", {found.predictions.reading}" if found.predictions.reading else ""
    return f"{found.predictions.model}{reading}: {what}"


def _importance(found: Explained) -> Any:
    rows = found.report["importance"][:_MOST_BARS]
    drawn = figure(8, 1.2 + 0.3 * len(rows))
    axes = bare(drawn.subplots(), "x")
    axes.barh(np.arange(len(rows)), [row["mean_abs"] for row in rows], color=OURS, height=0.7)
    axes.set_yticks(np.arange(len(rows)), [_short(row["label"]) for row in rows], fontsize=9)
    axes.invert_yaxis()
    axes.set(xlabel="mean |contribution| to the log-odds", title=_title(found, "what counts"))
    return drawn


def _dependence(found: Explained) -> Any:
    rows = found.report["importance"][:_MOST_CURVES]
    across = 3
    down = -(-len(rows) // across)
    drawn = figure(11, 0.6 + 2.9 * down)
    names = [f.name for f in found.predictions.features]
    for cell, row in zip(drawn.subplots(down, across, squeeze=False).flat, rows, strict=False):
        bare(cell)
        j = names.index(row["feature"])
        value, adds = found.values[:, j], found.adds[:, j]
        present = np.isfinite(value)
        few = len(np.unique(value[present])) <= 12
        spread = (np.random.default_rng(0).random(present.sum()) - 0.5) * (0.3 if few else 0.0)
        cell.scatter(value[present] + spread, adds[present], s=4, alpha=0.25, color=OURS, linewidths=0)
        curve = row["curve"]
        cell.plot([point["value"] for point in curve], [point["adds"] for point in curve], color=OTHER, linewidth=1.8)
        cell.axhline(0.0, color="0.6", linewidth=0.8)
        if few:
            cell.set_xticks(np.unique(value[present]))
        cell.set_title(_short(row["label"]), fontsize=9)
        cell.set_xlabel(row["unit"], fontsize=8)
        cell.tick_params(labelsize=8)
    for cell in drawn.axes[len(rows) :]:
        cell.set_visible(False)
    drawn.supylabel("contribution to the log-odds; the line is the mean", fontsize=9)
    drawn.suptitle(_title(found, "how a feature moves the prediction"), fontsize=11)
    return drawn
