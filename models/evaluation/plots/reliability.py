"""Reliability on paper: of the shots given 30 %, did 30 % go in?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.evaluation.plots.style import FAINT, OTHER, OURS, bare, contenders, figure, file_name, title, write
from models.evaluation_set import EvaluationSet
from models.metrics import truth_known

Ints = npt.NDArray[np.int64]

_BINS: Final = 10
#: a bin of fewer rows is pale, and no line is drawn to it
_SAYS: Final = 20
_BELOW: Final = f"predicted, bins of 0.1; bars are 95 % intervals, pale: fewer than {_SAYS} rows"
#: a little more than 0 to 1, so that what lies on the edge is not cut in two
_SQUARE: Final = (-0.02, 1.02)
#: 95 % of a normal distribution
_Z: Final = 1.959964


def reliability_plot(predictions: EvaluationSet, path: Path) -> Path:
    """Draw the reliability of one judgement to one PNG file; several readings of a model go to several files."""
    return write(reliability(predictions), path.with_name(file_name(path.stem, predictions.reading)))


def independent_rows(observed: Floats, rows: Floats, outcome: Floats, at: Ints, games: Ints) -> Floats:
    """(bins,) how many independent rows would leave a share as uncertain as these do: those of one game share its result or its
    day. From the variance of a ratio of sums over games (Cochran 1977, 2.11); never more than ``rows``.

    ``at`` (B,) is the bin of each row, 0..bins-1, ``games`` (B,) its game, 0..G-1; bins without rows have none.
    """
    width = int(games.max()) + 1
    off = np.bincount(at * width + games, outcome - observed[at], minlength=len(rows) * width).reshape(len(rows), width)
    between, within = (off**2).sum(1), rows * observed * (1.0 - observed)
    return np.where(between > within, rows * within / np.where(between > within, between, 1.0), rows)


def wilson(observed: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """95 % interval of a share (Wilson 1927): it stays within [0, 1] however few the rows."""
    middle = (observed + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * np.sqrt(observed * (1 - observed) / rows + _Z**2 / (4 * rows**2))
    return middle - half, middle + half


def reliability(predictions: EvaluationSet) -> Any:
    """Shares observed in bins of the prediction, with the mean true probability where a simulator has it; a plot for each class or
    question where there are several."""
    if predictions.probability.ndim == 2:
        return _reliability_apart(predictions, _by_class(predictions))
    if predictions.question.size:
        return _reliability_apart(predictions, _by_question(predictions))
    drawn = figure(6, 7)
    axes, below = drawn.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    bare(axes), bare(below)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, zorder=0)
    rivals = contenders(predictions)
    for i, (name, probability, colour) in enumerate(rivals):
        rows = _reliability_curve(axes, probability, predictions.observed, predictions.game, colour, name)
        width = 0.08 / len(rivals)
        left = np.arange(_BINS) / _BINS + 0.01 + width * i
        below.bar(left, np.where(rows > 0, rows, np.nan), width, align="edge", color=colour)
    shown = _true_shares(axes, predictions.target_probability, predictions.truth, predictions.observed)
    axes.set(
        ylabel="share observed",
        title=title(predictions, f"reliability of {predictions.target_class!r}"),
        xlim=_SQUARE,
        ylim=_SQUARE,
    )
    if shown or len(rivals) > 1:
        _legend(axes)
    # from half a row up, so that a bar for one row can be seen and every bar stands on the same ground
    below.set(xlabel=_BELOW, ylabel="rows", yscale="log", ylim=(0.5, None))
    below.minorticks_off()
    return drawn


@dataclass(frozen=True)
class _Part:
    """One of several pictures: (n,) chance, outcome, true probability (or empty) and game."""

    name: str
    probability: Floats
    outcome: Floats
    truth: Floats
    game: npt.NDArray[Any]


def _by_class(predictions: EvaluationSet) -> list[_Part]:
    truth = predictions.truth if predictions.truth.size else np.empty((0, len(predictions.classes)))
    return [
        _Part(word, predictions.probability[:, c], (predictions.label == c).astype(np.float64), truth[:, c], predictions.game)
        for c, word in enumerate(predictions.classes)
    ]


def _by_question(predictions: EvaluationSet) -> list[_Part]:
    """The likeliest first."""
    truth = predictions.truth if predictions.truth.size else np.full(len(predictions.label), np.nan)
    chosen = [predictions.question == word for word in np.unique(predictions.question)]
    return [
        _Part(
            str(predictions.question[at][0]),
            predictions.target_probability[at],
            predictions.observed[at],
            truth[at],
            predictions.game[at],
        )
        for at in sorted(chosen, key=lambda at: -predictions.target_probability[at].mean())
    ]


def _reliability_apart(predictions: EvaluationSet, parts: list[_Part]) -> Any:
    """Of several classes or questions each has a picture of its own, all on one scale."""
    across = 2 if len(parts) == 4 else min(len(parts), 3)
    down = -(-len(parts) // across)
    drawn = figure(3.4 * across, 3.4 * down + 0.9)
    panels = drawn.subplots(down, across, sharex=True, sharey=True, squeeze=False).flat
    for axes, part in zip(panels, parts, strict=False):
        bare(axes)
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
        _reliability_curve(axes, part.probability, part.outcome, part.game, OURS, "ours")
        if _true_shares(axes, part.probability, part.truth, part.outcome):
            _legend(axes)
        count = f"{int(part.outcome.sum()):,} of {len(part.outcome):,}"
        axes.set(title=f"{part.name} ({count})", xlim=_SQUARE, ylim=_SQUARE)
    for axes in drawn.axes[len(parts) :]:
        axes.set_visible(False)
    drawn.suptitle(
        title(predictions, "reliability" if predictions.probability.ndim == 2 else f"reliability of {predictions.target_class!r}")
    )
    drawn.supxlabel(_BELOW, fontsize=10)
    drawn.supylabel("share observed", fontsize=10)
    return drawn


def _legend(axes: Any) -> None:
    """Ours first."""
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], names[::-1], frameon=False, loc="upper left", fontsize=9)


def _bins(probability: Floats) -> Ints:
    return np.clip((probability * _BINS).astype(np.int64), 0, _BINS - 1)


def _means(at: Ints, values: Floats) -> tuple[Floats, Floats]:
    """Rows of each bin and their mean, NaN where there are none."""
    rows = np.bincount(at, minlength=_BINS).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return rows, np.bincount(at, values, minlength=_BINS) / rows


def _reliability_curve(axes: Any, probability: Floats, outcome: Floats, game: npt.NDArray[Any], colour: str, name: str) -> Floats:
    """Draw the share observed in each bin; returns the rows of all bins."""
    at = _bins(probability)
    (rows, predicted), (_, observed) = _means(at, probability), _means(at, outcome)
    alone = independent_rows(observed, rows, outcome, at, np.unique(game, return_inverse=True)[1])
    says = rows >= _SAYS
    axes.plot(np.where(says, predicted, np.nan), np.where(says, observed, np.nan), color=colour, linewidth=1.4)
    for among, shade, label in ((says, colour, name), ((rows > 0) & ~says, FAINT, None)):
        share = observed[among]
        # where all outcomes are equal their dependence is unknown
        low, high = wilson(share, np.maximum(alone[among], 1.0))
        # lists: of a single bin, matplotlib takes an array for a number
        reach = [np.maximum(reach, 0.0).tolist() for reach in (share - low, high - share)]
        axes.errorbar(
            predicted[among],
            share,
            reach,
            color=shade,
            marker="o",
            markersize=5,
            linestyle="none",
            elinewidth=1.0,
            capsize=2,
            label=label,
            zorder=3 if label else 1,
        )
    return rows


def _true_shares(axes: Any, probability: Floats, truth: Floats, outcome: Floats) -> bool:
    """Draw the mean true probability of each bin, where a simulator has it: it is free of the luck in the outcomes. A
    truth that equals the outcomes adds nothing. Whether something was drawn."""
    if not truth.size:
        return False
    known = truth_known(truth)
    if not known.any() or np.array_equal(truth, outcome):
        return False
    probability, truth = probability[known], truth[known]
    at = _bins(probability)
    axes.plot(
        _means(at, probability)[1],
        _means(at, truth)[1],
        color=OTHER,
        marker="D",
        markersize=7,
        markerfacecolor="none",
        linestyle="none",
        label="true chance",
        zorder=4,
    )
    return True
