"""Is a model as good for every group as for the whole? Calibration and error per group, with intervals, and warnings.

The *gap* of a group is the observed share minus the mean probability. Its *error* is the log loss over the log loss of one who
knows nothing but how often it happens in that group (the entropy of the group's own shares): 1 is no better than that, and
groups of different shares compare, which their bare log losses do not. Whole games are drawn with replacement, the same ones for
group and whole, since rows of one game are not independent.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from models.base import Floats
from models.evaluation_set import EvaluationSet
from models.metrics import row_brier, row_log_loss

#: fewer rows or games than this say nothing of a group
LEAST_ROWS: Final = 50
LEAST_GAMES: Final = 20
_INTERVAL: Final = (0.025, 0.975)
#: rounds drawn at once, so that the weights of many games need little memory
_AT_ONCE: Final = 100
#: of groups that are no worse, one in 20 is called worse in calibration and one in 40 in error
_BY_CHANCE: Final = 1 / 20 + 1 / 40

_GAP, _LOSS, _BRIER, _ERROR = range(4)
_MEASURES: Final = ((_GAP, "gap"), (_LOSS, "log_loss"), (_BRIER, "brier"), (_ERROR, "error"))


def by_group(predictions: EvaluationSet, *, rounds: int = 1000, seed: int = 0) -> dict[str, Any]:
    """``whole``, ``groups`` (column: rows, one per group, the largest first) and ``warnings``.

    A group is *worse* in calibration when its gap is larger than the whole's and the 95 % interval of the difference leaves out 0;
    in error when the interval of the difference of the errors lies above 0. ``expected_by_chance`` says how many of so many
    warnings are to be expected when no group is worse.
    """
    names: list[tuple[str, str]] = [("", "")]
    masks = [np.ones(len(predictions.label), np.bool_)]
    for column, words in predictions.groups.items():
        found, counts = np.unique(words[words != ""], return_counts=True)
        if len(found) < 2:
            continue
        for word in found[np.argsort(-counts, kind="stable")].tolist():
            names.append((column, word))
            masks.append(words == word)
    mean, drawn, games = _bootstrap(predictions, masks, rounds, seed)
    whole = _row(predictions, "", masks[0], mean[0], drawn[:, 0], int(games[0]))
    report: dict[str, Any] = {"whole": whole, "groups": {}, "warnings": []}
    tested = 0
    for g in range(1, len(names)):
        column, word = names[g]
        row = _row(predictions, word, masks[g], mean[g], drawn[:, g], int(games[g]))
        if row["rows"] >= LEAST_ROWS and row["games"] >= LEAST_GAMES:
            tested += 1
            row["worse"] = _worse(mean[g], mean[0], drawn[:, g] - drawn[:, 0])
            report["warnings"] += [_warning(predictions, column, row, whole, what) for what in row["worse"]]
        else:
            row["too_few"] = True
        report["groups"].setdefault(column, []).append(row)
    return report | {"judged": tested, "expected_by_chance": round(tested * _BY_CHANCE, 1)}


def _bootstrap(predictions: EvaluationSet, masks: list[Any], rounds: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Gap, log loss, Brier and error per group (G, 4), the same in every draw (rounds, G, 4), games per group (G,)."""
    classes = np.eye(len(predictions.classes))[predictions.label.astype(np.int64)]
    loss, squared = row_log_loss(predictions.label, predictions.probability), row_brier(predictions.label, predictions.probability)
    each = np.column_stack([predictions.observed - predictions.target_probability, loss, squared, classes, np.ones(len(loss))])
    names, at = np.unique(predictions.game, return_inverse=True)
    sums = np.zeros((len(names), len(masks), each.shape[1]))
    for g, mask in enumerate(masks):
        for k in range(each.shape[1]):
            sums[:, g, k] = np.bincount(at[mask], each[mask, k], minlength=len(names))
    generator = np.random.default_rng(seed)
    drawn = np.empty((rounds, len(masks), len(_MEASURES)))
    flat = sums.reshape(len(names), -1)
    share = np.full(len(names), 1.0 / len(names))
    for first in range(0, rounds, _AT_ONCE):
        count = min(_AT_ONCE, rounds - first)
        weights = generator.multinomial(len(names), share, count).astype(np.float64)
        drawn[first : first + count] = _measures((weights @ flat).reshape(count, len(masks), -1))
    return _measures(sums.sum(0)), drawn, np.asarray((sums[:, :, -1] > 0.0).sum(0), np.float64)


def _measures(sums: Floats) -> Floats:
    """The four of ``_MEASURES`` from sums over rows (..., gap, loss, Brier, classes, rows); NaN for a group that has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums[..., :-1] / sums[..., -1:]
        shares = means[..., 3:]
        knows_nothing = -np.where(shares > 0.0, shares * np.log(shares), 0.0).sum(-1)
        # a group in which always the same happens has nothing to be compared with
        error = np.where(knows_nothing > 0.0, means[..., _LOSS] / knows_nothing, np.nan)
    return np.concatenate([means[..., :3], error[..., None]], -1)


def _row(predictions: EvaluationSet, word: str, mask: Any, mean: Floats, drawn: Floats, games: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "group": word,
        "rows": int(mask.sum()),
        "games": games,
        "observed": float(predictions.observed[mask].mean()),
        "predicted": float(predictions.target_probability[mask].mean()),
    }
    for k, name in _MEASURES:
        # draws without rows of the group are left out; a measure that no draw has is None
        finite = drawn[np.isfinite(drawn[:, k]), k]
        low, high = np.quantile(finite, _INTERVAL).tolist() if len(finite) and np.isfinite(mean[k]) else (None, None)
        row |= {name: float(mean[k]) if np.isfinite(mean[k]) else None, f"{name}_low": low, f"{name}_high": high}
    if predictions.reference.size:
        theirs, label = predictions.reference[mask], predictions.label[mask]
        loss = float(row_log_loss(label, theirs).mean())
        row["reference"] = {
            "gap": float((label - theirs).mean()),
            "log_loss": loss,
            "error": None if row["error"] is None else row["error"] * loss / row["log_loss"],
        }
    return row | {"worse": []}


def _worse(mean: Floats, whole: Floats, difference: Floats) -> list[str]:
    found = []
    low, high = np.nanquantile(difference[:, _GAP], _INTERVAL)
    if abs(mean[_GAP]) > abs(whole[_GAP]) and (low > 0.0 or high < 0.0):
        found.append("calibration")
    error = difference[np.isfinite(difference[:, _ERROR]), _ERROR]
    if len(error) and np.quantile(error, _INTERVAL[0]) > 0.0:
        found.append("error")
    return found


def _warning(predictions: EvaluationSet, column: str, row: dict[str, Any], whole: dict[str, Any], what: str) -> str:
    where = f"{column} {row['group']} ({row['rows']:,} rows of {row['games']:,} {predictions.unit})"
    theirs = row.get("reference")
    if what == "calibration":
        beside = f"; the {predictions.versus}'s is {100 * theirs['gap']:+.1f}" if theirs else ""
        return (
            f"{where}: {predictions.target_class} in {100 * row['observed']:.1f} %, predicted "
            f"{100 * row['predicted']:.1f} %: a gap of "
            f"{100 * row['gap']:+.1f} points, on the whole {100 * whole['gap']:+.1f}{beside}"
        )
    beside = f"; the {predictions.versus}'s is {theirs['error']:.3f}" if theirs else ""
    return (
        f"{where}: the log loss is {row['error']:.3f} of what the group's own share gives, on the whole "
        f"{whole['error']:.3f}{beside}"
    )
