"""A model on paper: is it reliable? How soon are the goals found? Which groups are off?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from models.evaluation.plots.reliability import reliability
from models.evaluation.plots.style import FAINT, OURS, WORSE, bare, contenders, figure, file_name, title, write
from models.evaluation_set import EvaluationSet

_TENTHS: Final = 10


def evaluation_plots(predictions: EvaluationSet, grouped: dict[str, Any], folder: Path) -> list[Path]:
    """Reliability, lift and residuals by group of one judgement; ``grouped`` is what ``models.evaluation.slices.by_group``
    found."""
    drawn = [("reliability", reliability(predictions)), ("lift", _lift(predictions))]
    if grouped["groups"]:
        drawn.append(("residuals", residuals(predictions, grouped)))
    return [write(each, folder / file_name(stem, predictions.reading)) for stem, each in drawn]


def _lift(predictions: EvaluationSet) -> Any:
    drawn = figure(10, 4.6)
    gains, deciles = drawn.subplots(1, 2)
    bare(gains), bare(deciles, "y")
    share = np.arange(1, len(predictions.label) + 1) / len(predictions.label)
    observed, base = predictions.observed, predictions.observed.mean()
    gains.plot([0, 1], [0, 1], color=FAINT, linewidth=1, label="at random")
    gains.plot([0, base, 1], [0, 1, 1], color=FAINT, linewidth=1, linestyle=":", label="all known")
    rivals = contenders(predictions)
    for i, (name, probability, colour) in enumerate(rivals):
        order = np.argsort(-probability, kind="stable")
        gains.plot(share, np.cumsum(observed[order]) / max(observed.sum(), 1.0), color=colour, linewidth=1.6, label=name)
        parts = [observed[part].mean() / base if base > 0.0 else np.nan for part in np.array_split(order, _TENTHS) if len(part)]
        width = 0.8 / len(rivals)
        deciles.bar(np.arange(len(parts)) + 0.6 + width * (i + 0.5), parts, width, color=colour, label=name)
    deciles.axhline(1.0, color="0.4", linewidth=1)
    gains.set(
        xlabel="share of rows, the most likely first",
        ylabel=f"share of all {predictions.target_class!r} among them",
        xlim=(0, 1),
        ylim=(0, 1.01),
        title=title(predictions, "gains"),
    )
    deciles.set(
        xlabel="tenth of the rows, the most likely first",
        ylabel="lift: share observed / share on the whole",
        title="lift",
        xticks=np.arange(1, _TENTHS + 1),
    )
    gains.legend(frameon=False, loc="lower right")
    deciles.legend(frameon=False)
    return drawn


def residuals(predictions: EvaluationSet, grouped: dict[str, Any]) -> Any:
    """Observed minus predicted per group with its 95 % interval, beside its error; worse groups are red."""
    rows = [(column, row) for column, found in grouped["groups"].items() for row in found]
    heights, at, last = [], 0.0, ""
    for column, _ in rows:
        at += 1.6 if column != last else 1.0
        last = column
        heights.append(at)
    drawn = figure(11, 1.4 + 0.27 * at)
    left, right = drawn.subplots(1, 2, sharey=True)
    whole = grouped["whole"]
    for axes, name, worse in ((left, "gap", "calibration"), (right, "error", "error")):
        bare(axes, "x")
        axes.axvline(whole[name] if name == "error" else 0.0, color="0.6", linewidth=1)
        axes.axvspan(whole[f"{name}_low"], whole[f"{name}_high"], color="0.93", zorder=0)
        spread = []
        for y, (_, row) in zip(heights, rows, strict=True):
            if row[name] is None:
                continue
            colour = WORSE if worse in row["worse"] else FAINT if row.get("too_few") else OURS
            axes.plot([row[f"{name}_low"], row[f"{name}_high"]], [y, y], color=colour, linewidth=1.6)
            axes.plot([row[name]], [y], color=colour, marker="o", markersize=5)
            if not row.get("too_few"):
                spread += [row[f"{name}_low"], row[f"{name}_high"]]
        if spread:
            middle = whole[name] if name == "error" else 0.0
            edge = 1.1 * max(abs(each - middle) for each in spread)
            axes.set_xlim(middle - edge, middle + edge)
            axes.locator_params(axis="x", nbins=6)
    last = ""
    for y, (column, _) in zip(heights, rows, strict=True):
        if column != last:
            left.text(0.0, y - 0.75, column, transform=left.get_yaxis_transform(), fontsize=9, fontweight="bold", va="center")
        last = column
    left.set_yticks(heights, [f"{row['group']} ({row['rows']:,})" for _, row in rows], fontsize=9)
    left.set_ylim(at + 0.8, -0.1)
    left.set(xlabel="observed - predicted", title=title(predictions, f"calibration of {predictions.target_class!r}"))
    right.set(xlabel="log loss / log loss of the group's own share", title="error")
    drawn.supxlabel("grey band: the whole; red: worse than the whole beyond its 95 % interval; pale: too few to say", fontsize=9)
    return drawn
