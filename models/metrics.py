"""How good a probability is: proper scores, ranking, calibration error, and whether a difference is luck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats

_EDGE: Final = 1e-15


def log_loss(labels: Floats, probability: Floats) -> float:
    """Mean of -ln p(what happened). ``probability`` (B,) for labels 0/1, or (B, C) for labels 0..C-1."""
    return float(np.mean(row_log_loss(labels, probability)))


def row_log_loss(labels: Floats, probability: Floats) -> Floats:
    """(B,) -ln p(what happened)."""
    if probability.ndim == 2:
        likelihood = probability[np.arange(len(labels)), labels.astype(np.int64)]
    else:
        likelihood = np.where(labels > 0.5, probability, 1.0 - probability)
    return np.asarray(-np.log(np.clip(likelihood, _EDGE, None)), np.float64)


def brier(labels: Floats, probability: Floats) -> float:
    """Mean squared error of the probability (Brier 1950); over all classes when there are several."""
    return float(np.mean(row_brier(labels, probability)))


def row_brier(labels: Floats, probability: Floats) -> Floats:
    """(B,) squared error."""
    if probability.ndim == 2:
        truth = np.eye(probability.shape[1])[labels.astype(np.int64)]
        return np.asarray(((probability - truth) ** 2).sum(1), np.float64)
    return np.asarray((probability - labels) ** 2, np.float64)


def auc(labels: Floats, probability: Floats) -> float:
    """Chance that a random goal is ranked above a random miss, ties half: the Mann-Whitney statistic; NaN without both."""
    return weighted_auc(labels, probability)(np.ones(len(labels)))


def weighted_auc(labels: Floats, probability: Floats) -> Callable[[Floats], float]:
    """:func:`auc` of rows of which there are as many as weights (B,) say; what does not depend on them is worked out once."""
    positive = labels > 0.5
    _, tie, counts = np.unique(probability, return_inverse=True, return_counts=True)

    def of(weights: Floats) -> float:
        goals = np.bincount(tie, weights * positive, len(counts))
        misses = np.bincount(tie, weights * ~positive, len(counts))
        below = np.cumsum(misses) - misses / 2.0
        pairs = goals.sum() * misses.sum()
        return float(goals @ below / pairs) if pairs > 0.0 else float("nan")

    return of


def ece(labels: Floats, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean |observed - predicted| over ``bins`` equal bins of [0, 1], weighted by their rows."""
    at = np.clip((probability * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(at, minlength=bins)
    observed = np.bincount(at, labels, minlength=bins)
    predicted = np.bincount(at, probability, minlength=bins)
    return float(np.abs(observed - predicted)[count > 0].sum() / len(labels))


def reliability(labels: Floats, probability: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Bins of equal numbers of rows, lowest first: mean prediction, share observed, rows."""
    order = np.argsort(probability, kind="stable")
    return [
        {"predicted": float(probability[part].mean()), "observed": float(labels[part].mean()), "rows": len(part)}
        for part in np.array_split(order, bins)
        if len(part)
    ]


def scores(labels: Floats, probability: Floats) -> dict[str, float]:
    """All of the above that apply."""
    found = {"log_loss": log_loss(labels, probability), "brier": brier(labels, probability)}
    if probability.ndim == 1:
        found |= {"auc": auc(labels, probability), "ece": ece(labels, probability)}
    return found


def truth_known(truth: Floats) -> npt.NDArray[np.bool_]:
    """(B,) the rows whose true chances (B,) or (B, C) are known: where they take thousands of continuations, not all are."""
    return np.asarray(np.isfinite(truth.reshape(len(truth), -1)).all(axis=1))


def paired_bootstrap(
    labels: Floats, ours: Floats, theirs: Floats, game: npt.NDArray[Any], *, rounds: int = 1000, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Ours minus theirs, drawing whole games with replacement: difference, 95 % interval, share of rounds we are better.

    Shots of one game are not independent, so games are drawn, not shots. A draw is how often each game is in it.
    """
    generator = np.random.default_rng(seed)
    _, at = np.unique(game, return_inverse=True)
    games = int(at.max()) + 1
    by_row = {
        name: score(labels, ours) - score(labels, theirs) for name, score in (("log_loss", row_log_loss), ("brier", row_brier))
    }
    ranked = weighted_auc(labels, ours), weighted_auc(labels, theirs)
    draws: dict[str, list[float]] = {name: [] for name in (*by_row, "auc")}
    for _ in range(rounds):
        weights = np.bincount(generator.integers(0, games, games), minlength=games)[at].astype(np.float64)
        for name, differences in by_row.items():
            draws[name].append(float(weights @ differences / weights.sum()))
        draws["auc"].append(ranked[0](weights) - ranked[1](weights))
    every = np.ones(len(labels))
    whole = {name: float(differences.mean()) for name, differences in by_row.items()}
    whole["auc"] = ranked[0](every) - ranked[1](every)
    found = {}
    for name, values in draws.items():
        better = np.array(values) * (-1.0 if name == "auc" else 1.0) < 0.0
        low, high = np.quantile(values, (0.025, 0.975))
        found[name] = {"difference": whole[name], "low": float(low), "high": float(high), "better": float(better.mean())}
    return found
