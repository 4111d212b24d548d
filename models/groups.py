"""Is a model as good for every group as for the whole? Calibration and error per group, with intervals, and warnings.

Log losses of groups do not compare: headers are easier to call than penalties. What compares is the *excess* of a log loss over
what the model itself expected of it, mean(-ln p(happened)) - mean(entropy of p): its mean is 0 where the probabilities are
true, whatever they are, and grows as they are wrong. The *gap* is the observed share minus the mean probability. Whole
games are drawn with replacement, the same ones for group and whole, since rows of one game are not independent.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from models.base import Floats
from models.judgement import Judgement
from models.metrics import row_brier, row_log_loss

#: fewer rows or games than this say nothing of a group
LEAST_ROWS: Final = 50
LEAST_GAMES: Final = 20
_EDGE: Final = 1e-15
_INTERVAL: Final = (0.025, 0.975)
#: rounds drawn at once, so that the weights of many games need little memory
_AT_ONCE: Final = 100

_GAP, _EXCESS, _LOSS, _BRIER = range(4)


def entropy(probability: Floats) -> Floats:
    """(B,) -sum p ln p, the log loss that a model expects of itself."""
    p = probability if probability.ndim == 2 else np.stack([1.0 - probability, probability], 1)
    return np.asarray(-(p * np.log(np.clip(p, _EDGE, None))).sum(1), np.float64)


def by_group(judged: Judgement, *, rounds: int = 1000, seed: int = 0) -> dict[str, Any]:
    """``whole``, ``groups`` (column: rows, one per group, the largest first) and ``warnings``.

    A group is *worse* in calibration when its gap is larger than the whole's and the 95 % interval of the difference leaves out 0;
    in error when the interval of the difference of the excesses lies above 0. Of every 40 groups that are no worse,
    one is expected to be called worse in error by chance, and about as many in calibration; ``expected_by_chance`` counts them.
    """
    whole = np.ones(len(judged.label), np.bool_)
    names: list[tuple[str, str]] = [("", "")]
    masks = [whole]
    for column, words in judged.groups.items():
        found, counts = np.unique(words[words != ""], return_counts=True)
        if len(found) < 2:
            continue
        for word in found[np.argsort(-counts, kind="stable")].tolist():
            names.append((column, word))
            masks.append(words == word)
    mean, drawn, games = _bootstrap(judged, masks, rounds, seed)
    first = _row(judged, "", masks[0], mean[0], drawn[:, 0], int(games[0]))
    report: dict[str, Any] = {"whole": first, "groups": {}, "warnings": []}
    tested = 0
    for g in range(1, len(names)):
        column, word = names[g]
        row = _row(judged, word, masks[g], mean[g], drawn[:, g], int(games[g]))
        if row["rows"] >= LEAST_ROWS and row["games"] >= LEAST_GAMES:
            tested += 1
            row["worse"] = _worse(mean[g], mean[0], drawn[:, g] - drawn[:, 0])
            report["warnings"] += [_warning(judged, column, row, report["whole"], what) for what in row["worse"]]
        else:
            row["too_few"] = True
        report["groups"].setdefault(column, []).append(row)
    report["judged"] = tested
    report["expected_by_chance"] = round(2 * tested / 40, 1)
    return report


def _bootstrap(judged: Judgement, masks: list[Any], rounds: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Means of gap, excess, log loss and Brier per group (G, 4), the same in every draw (rounds, G, 4), games per group (G,)."""
    loss = row_log_loss(judged.label, judged.probability)
    each = np.stack(
        [judged.happened - judged.chance, loss - entropy(judged.probability), loss, row_brier(judged.label, judged.probability)], 1
    )
    names, at = np.unique(judged.game, return_inverse=True)
    sums = np.zeros((len(names), len(masks), 5))
    for g, mask in enumerate(masks):
        for k in range(4):
            sums[:, g, k] = np.bincount(at[mask], each[mask, k], minlength=len(names))
        sums[:, g, 4] = np.bincount(at[mask], minlength=len(names))
    total = sums.sum(0)
    mean = total[:, :4] / total[:, 4:]
    generator = np.random.default_rng(seed)
    drawn = np.empty((rounds, len(masks), 4))
    flat = sums.reshape(len(names), -1)
    share = np.full(len(names), 1.0 / len(names))
    for first in range(0, rounds, _AT_ONCE):
        count = min(_AT_ONCE, rounds - first)
        weights = generator.multinomial(len(names), share, count).astype(np.float64)
        found = (weights @ flat).reshape(count, len(masks), 5)
        # a group that no drawn game holds says nothing in that draw
        drawn[first : first + count] = np.divide(
            found[..., :4], found[..., 4:], out=np.full_like(found[..., :4], np.nan), where=found[..., 4:] > 0.0
        )
    return mean, drawn, np.asarray((sums[:, :, 4] > 0.0).sum(0), np.float64)


def _row(judged: Judgement, word: str, mask: Any, mean: Floats, drawn: Floats, games: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "group": word, "rows": int(mask.sum()), judged.unit: games, "games": games,
        "observed": float(judged.happened[mask].mean()), "predicted": float(judged.chance[mask].mean()),
    }  # fmt: skip
    for k, name in ((_GAP, "gap"), (_EXCESS, "excess"), (_LOSS, "log_loss"), (_BRIER, "brier")):
        low, high = np.nanquantile(drawn[:, k], _INTERVAL)
        row |= {name: float(mean[k]), f"{name}_low": float(low), f"{name}_high": float(high)}
    if judged.reference.size:
        theirs = judged.reference[mask]
        row["reference"] = {
            "gap": float((judged.happened[mask] - theirs).mean()),
            "log_loss": float(row_log_loss(judged.label[mask], theirs).mean()),
        }  # fmt: skip
    row["worse"] = []
    return row


def _worse(mean: Floats, whole: Floats, difference: Floats) -> list[str]:
    found = []
    low, high = np.nanquantile(difference[:, _GAP], _INTERVAL)
    if abs(mean[_GAP]) > abs(whole[_GAP]) and (low > 0.0 or high < 0.0):
        found.append("calibration")
    if np.nanquantile(difference[:, _EXCESS], _INTERVAL[0]) > 0.0:
        found.append("error")
    return found


def _warning(judged: Judgement, column: str, row: dict[str, Any], whole: dict[str, Any], what: str) -> str:
    where = f"{column} {row['group']} ({row['rows']:,} rows of {row['games']:,} {judged.unit})"
    if what == "calibration":
        return (f"{where}: {judged.asked} in {100 * row['observed']:.1f} %, predicted {100 * row['predicted']:.1f} %; the gap "
                f"{100 * row['gap']:+.1f} points is beyond the whole's {100 * whole['gap']:+.1f}")  # fmt: skip
    return f"{where}: the log loss is {row['excess']:+.4f} over what the model expects, on the whole {whole['excess']:+.4f}"
