"""A model on paper: of the shots given 30 %, did 30 % go in? How soon are the goals found? Which groups are off?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from models.base import Floats
from models.judgement import Judgement
from models.plots.paper import FAINT, OTHER, OURS, WORSE, bare, figure, file_name, write

_BINS: Final = 10
#: a bin of fewer rows is a point of its own: no line is drawn to it
_SAYS: Final = 20
#: 95 % of a normal distribution
_Z: Final = 1.959964


def reliability_plot(report: dict[str, Any], path: Path) -> None:
    """Draw the reliability of an evaluation report, bins of equal size, to one PNG file."""
    bins = report["reliability"]
    curves = bins if isinstance(bins, dict) else {report["model"]: bins}
    drawn = figure(5, 5)
    axes = bare(drawn.subplots())
    top = max(max(row["predicted"], row["observed"]) for rows in curves.values() for row in rows) * 1.05
    axes.plot([0, top], [0, top], color="0.7", linewidth=1, zorder=0)
    for word, rows in curves.items():
        axes.plot([row["predicted"] for row in rows], [row["observed"] for row in rows], marker="o", label=word)
    axes.set(xlabel="predicted", ylabel="observed", title=f"{report['model']}: reliability, bins of equal size")
    axes.set_aspect("equal")
    axes.legend()
    write(drawn, path)


def evaluation_plots(judged: Judgement, grouped: dict[str, Any], folder: Path) -> list[Path]:
    """Reliability, lift and residuals by group of one judgement; ``grouped`` is what ``models.groups.by_group`` found."""
    drawn = [("reliability", _reliability(judged)), ("lift", _lift(judged))]
    if grouped["groups"]:
        drawn.append(("residuals", residuals(judged, grouped)))
    return [write(each, folder / file_name(stem, judged.reading)) for stem, each in drawn]


def _title(judged: Judgement, what: str) -> str:
    return f"{judged.model}{', ' + judged.reading if judged.reading else ''}: {what}"


def _contenders(judged: Judgement) -> list[tuple[str, Floats, str]]:
    found = [("ours", judged.chance, OURS)]
    if judged.reference.size:
        found.insert(0, (judged.versus, judged.reference, OTHER))
    return found


def wilson(observed: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """95 % interval of a share (Wilson 1927): it stays within [0, 1] however few the rows."""
    middle = (observed + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * np.sqrt(observed * (1 - observed) / rows + _Z**2 / (4 * rows**2))
    return middle - half, middle + half


def _reliability(judged: Judgement) -> Any:
    drawn = figure(6, 7)
    axes, below = drawn.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    bare(axes), bare(below)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
    contenders = _contenders(judged)
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for i, (name, chance, colour) in enumerate(contenders):
        at = np.clip((chance * _BINS).astype(np.int64), 0, _BINS - 1)
        rows = np.bincount(at, minlength=_BINS).astype(np.float64)
        full = rows > 0
        predicted = np.bincount(at, chance, minlength=_BINS)[full] / rows[full]
        observed = np.bincount(at, judged.happened, minlength=_BINS)[full] / rows[full]
        low, high = wilson(observed, rows[full])
        axes.plot(predicted[rows[full] >= _SAYS], observed[rows[full] >= _SAYS], color=colour, linewidth=1.4)
        axes.errorbar(
            predicted, observed, (np.maximum(observed - low, 0.0), np.maximum(high - observed, 0.0)), color=colour, marker="o",
            markersize=5, linestyle="none", elinewidth=1.0, capsize=2, label=name,
        )
        width = 0.08 / len(contenders)
        below.bar(edges[:-1] + 0.01 + width * (i + 0.5), np.where(full, rows, np.nan), width, color=colour)
    axes.set(ylabel="share observed", title=_title(judged, f"reliability of {judged.asked!r}"), xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False, loc="upper left")
    below.set(xlabel="predicted, bins of 0.1; bars are 95 % intervals", ylabel="rows", yscale="log")
    return drawn


def _lift(judged: Judgement) -> Any:
    drawn = figure(10, 4.6)
    gains, deciles = drawn.subplots(1, 2)
    bare(gains), bare(deciles, "y")
    share = np.arange(1, len(judged.label) + 1) / len(judged.label)
    happened, base = judged.happened, judged.happened.mean()
    gains.plot([0, 1], [0, 1], color=FAINT, linewidth=1, label="at random")
    gains.plot([0, base, 1], [0, 1, 1], color=FAINT, linewidth=1, linestyle=":", label="all known")
    contenders = _contenders(judged)
    for i, (name, chance, colour) in enumerate(contenders):
        order = np.argsort(-chance, kind="stable")
        gains.plot(share, np.cumsum(happened[order]) / max(happened.sum(), 1.0), color=colour, linewidth=1.6, label=name)
        parts = [happened[part].mean() / base if base > 0.0 else np.nan for part in np.array_split(order, _BINS) if len(part)]
        width = 0.8 / len(contenders)
        deciles.bar(np.arange(len(parts)) + 0.6 + width * (i + 0.5), parts, width, color=colour, label=name)
    deciles.axhline(1.0, color="0.4", linewidth=1)
    gains.set(xlabel="share of rows, the most likely first", ylabel=f"share of all {judged.asked!r} among them", xlim=(0, 1),
              ylim=(0, 1.01), title=_title(judged, "gains"))  # fmt: skip
    deciles.set(xlabel="tenth of the rows, the most likely first", ylabel="lift: share observed / share on the whole", title="lift",
                xticks=np.arange(1, _BINS + 1))  # fmt: skip
    gains.legend(frameon=False, loc="lower right")
    deciles.legend(frameon=False)
    return drawn


def residuals(judged: Judgement, grouped: dict[str, Any]) -> Any:
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
    left.set(xlabel="observed - predicted", title=_title(judged, f"calibration of {judged.asked!r}"))
    right.set(xlabel="log loss / log loss of the group's own share", title="error")
    drawn.supxlabel("grey band: the whole; red: worse than the whole beyond its 95 % interval; pale: too few to say", fontsize=9)
    return drawn
