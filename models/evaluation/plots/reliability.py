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


def reliability_plot(judged: EvaluationSet, path: Path) -> Path:
    """Draw the reliability of one judgement to one PNG file; several readings of a model go to several files."""
    return write(reliability(judged), path.with_name(file_name(path.stem, judged.reading)))


def independent_rows(observed: Floats, rows: Floats, happened: Floats, at: Ints, games: Ints) -> Floats:
    """(bins,) how many independent rows would leave a share as uncertain as these do: those of one game share its result or its
    day. From the variance of a ratio of sums over games (Cochran 1977, 2.11); never more than ``rows``.

    ``at`` (B,) is the bin of each row, 0..bins-1, ``games`` (B,) its game, 0..G-1; bins without rows have none.
    """
    width = int(games.max()) + 1
    off = np.bincount(at * width + games, happened - observed[at], minlength=len(rows) * width).reshape(len(rows), width)
    between, within = (off**2).sum(1), rows * observed * (1.0 - observed)
    return np.where(between > within, rows * within / np.where(between > within, between, 1.0), rows)


def wilson(observed: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """95 % interval of a share (Wilson 1927): it stays within [0, 1] however few the rows."""
    middle = (observed + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * np.sqrt(observed * (1 - observed) / rows + _Z**2 / (4 * rows**2))
    return middle - half, middle + half


def reliability(judged: EvaluationSet) -> Any:
    """Shares observed in bins of the prediction, with the mean true chance where a simulator tells it; a picture for each class or
    question where there are several."""
    if judged.probability.ndim == 2:
        return _reliability_apart(judged, _by_class(judged))
    if judged.question.size:
        return _reliability_apart(judged, _by_question(judged))
    drawn = figure(6, 7)
    axes, below = drawn.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    bare(axes), bare(below)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, zorder=0)
    rivals = contenders(judged)
    for i, (name, chance, colour) in enumerate(rivals):
        rows = _reliability_curve(axes, chance, judged.happened, judged.game, colour, name)
        width = 0.08 / len(rivals)
        left = np.arange(_BINS) / _BINS + 0.01 + width * i
        below.bar(left, np.where(rows > 0, rows, np.nan), width, align="edge", color=colour)
    shown = _true_shares(axes, judged.chance, judged.truth, judged.happened)
    axes.set(ylabel="share observed", title=title(judged, f"reliability of {judged.asked!r}"), xlim=_SQUARE, ylim=_SQUARE)
    if shown or len(rivals) > 1:
        _legend(axes)
    # from half a row up, so that a bar for one row can be seen and every bar stands on the same ground
    below.set(xlabel=_BELOW, ylabel="rows", yscale="log", ylim=(0.5, None))
    below.minorticks_off()
    return drawn


@dataclass(frozen=True)
class _Part:
    """One of several pictures: (n,) chance, what happened, true chance (or empty) and game."""

    name: str
    chance: Floats
    happened: Floats
    truth: Floats
    game: npt.NDArray[Any]


def _by_class(judged: EvaluationSet) -> list[_Part]:
    truth = judged.truth if judged.truth.size else np.empty((0, len(judged.classes)))
    return [
        _Part(word, judged.probability[:, c], (judged.label == c).astype(np.float64), truth[:, c], judged.game)
        for c, word in enumerate(judged.classes)
    ]


def _by_question(judged: EvaluationSet) -> list[_Part]:
    """The likeliest first."""
    truth = judged.truth if judged.truth.size else np.full(len(judged.label), np.nan)
    asked = [judged.question == word for word in np.unique(judged.question)]
    return [
        _Part(str(judged.question[at][0]), judged.chance[at], judged.happened[at], truth[at], judged.game[at])
        for at in sorted(asked, key=lambda at: -judged.chance[at].mean())
    ]


def _reliability_apart(judged: EvaluationSet, parts: list[_Part]) -> Any:
    """Of several classes or questions each has a picture of its own, all on one scale."""
    across = 2 if len(parts) == 4 else min(len(parts), 3)
    down = -(-len(parts) // across)
    drawn = figure(3.4 * across, 3.4 * down + 0.9)
    panels = drawn.subplots(down, across, sharex=True, sharey=True, squeeze=False).flat
    for axes, part in zip(panels, parts, strict=False):
        bare(axes)
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
        _reliability_curve(axes, part.chance, part.happened, part.game, OURS, "ours")
        if _true_shares(axes, part.chance, part.truth, part.happened):
            _legend(axes)
        count = f"{int(part.happened.sum()):,} of {len(part.happened):,}"
        axes.set(title=f"{part.name} ({count})", xlim=_SQUARE, ylim=_SQUARE)
    for axes in drawn.axes[len(parts) :]:
        axes.set_visible(False)
    drawn.suptitle(title(judged, "reliability" if judged.probability.ndim == 2 else f"reliability of {judged.asked!r}"))
    drawn.supxlabel(_BELOW, fontsize=10)
    drawn.supylabel("share observed", fontsize=10)
    return drawn


def _legend(axes: Any) -> None:
    """Ours first."""
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], names[::-1], frameon=False, loc="upper left", fontsize=9)


def _bins(chance: Floats) -> Ints:
    return np.clip((chance * _BINS).astype(np.int64), 0, _BINS - 1)


def _means(at: Ints, values: Floats) -> tuple[Floats, Floats]:
    """Rows of each bin and their mean, NaN where there are none."""
    rows = np.bincount(at, minlength=_BINS).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return rows, np.bincount(at, values, minlength=_BINS) / rows


def _reliability_curve(axes: Any, chance: Floats, happened: Floats, game: npt.NDArray[Any], colour: str, name: str) -> Floats:
    """Draw the share observed in each bin; returns the rows of all bins."""
    at = _bins(chance)
    (rows, predicted), (_, observed) = _means(at, chance), _means(at, happened)
    alone = independent_rows(observed, rows, happened, at, np.unique(game, return_inverse=True)[1])
    says = rows >= _SAYS
    axes.plot(np.where(says, predicted, np.nan), np.where(says, observed, np.nan), color=colour, linewidth=1.4)
    for among, shade, label in ((says, colour, name), ((rows > 0) & ~says, FAINT, None)):
        share = observed[among]
        # where always the same happened the rows do not tell how they go together
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


def _true_shares(axes: Any, chance: Floats, truth: Floats, happened: Floats) -> bool:
    """Draw the mean true chance of each bin, where a simulator tells it: it is free of the luck that moves what was observed. A
    truth that is what happened has nothing to add. Whether something was drawn."""
    if not truth.size:
        return False
    known = truth_known(truth)
    if not known.any() or np.array_equal(truth, happened):
        return False
    chance, truth = chance[known], truth[known]
    at = _bins(chance)
    axes.plot(
        _means(at, chance)[1],
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
