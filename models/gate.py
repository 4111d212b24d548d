"""The gate that a model must pass before it may predict in real games: better than the base rate and than a simple logistic
regression on real outcomes of games that it has not seen, and calibrated (ECE <= 0.03). The same for every model.

The simple logistic regression is fitted here, on other games than those it is compared on: every input standardised, a missing one
at its mean with an indicator beside it, weakly regularised. A model that does not beat it is no better than a line.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.holdout import folds_of
from models.metrics import ece, log_loss, paired_bootstrap, row_log_loss

ECE_LIMIT: Final = 0.03
#: parts of the games that the logistic regression is held out by
FOLDS: Final = 5
_STRENGTH: Final = 1.0


class Gate(msgspec.Struct, frozen=True):
    """The result of the gate on ``rows`` rows of ``games`` games. Losses are mean log losses; ``low`` and ``high`` bound the
    difference ours minus the logistic's in 95 % of paired draws of games; in a share ``better`` of the draws ours is smaller."""

    data: str
    rows: int
    games: int
    log_loss: float
    base_rate_log_loss: float
    logistic_log_loss: float
    ece: float
    low: float
    high: float
    better: float

    @property
    def passed(self) -> bool:
        return not self.reason

    @property
    def reason(self) -> str:
        """Why the gate failed; empty when it passed."""
        if self.log_loss >= self.base_rate_log_loss:
            return f"log loss {self.log_loss:.4f} on real outcomes is no better than the base rate's {self.base_rate_log_loss:.4f}"
        if self.log_loss >= self.logistic_log_loss:
            return f"log loss {self.log_loss:.4f} on real outcomes is no better than a logistic's {self.logistic_log_loss:.4f}"
        if self.ece > ECE_LIMIT:
            return f"calibration error {self.ece:.3f} on real outcomes is more than {ECE_LIMIT:g}"
        return ""


def gate(
    data: str,
    rows: Floats,
    label: Floats,
    probability: Floats,
    game: npt.NDArray[Any],
    logistic: Floats | None = None,
    *,
    seed: int = 0,
) -> Gate:
    """Measure ``probability`` (B,) or (B, C) of real rows (B, F) with ``label`` (B,) 0..C-1 of ``game`` (B,), which the model has
    not seen. ``logistic`` are the probabilities of the simple logistic regression where its training rows are elsewhere; by
    default it is fitted on the other games of these rows. ``ValueError`` when there are too few games to hold any out."""
    classes = probability.shape[1] if probability.ndim == 2 else 2
    if logistic is None:
        logistic = logistic_held_out(rows, label, game, classes, seed)
    share = np.array([(label == c).mean() for c in range(classes)])
    base = np.broadcast_to(share, (len(label), classes)) if classes > 2 else np.full(len(label), share[1])
    if classes > 2:
        # calibration of every class, weighted alike: the largest counts
        error = max(ece((label == c).astype(np.float64), np.ascontiguousarray(probability[:, c])) for c in range(classes))
        found = paired_bootstrap_losses(label, probability, logistic, game, seed)
    else:
        error = ece(label, probability)
        found = paired_bootstrap(label, probability, logistic, game, seed=seed)["log_loss"]
    return Gate(
        data,
        len(label),
        len(np.unique(game)),
        log_loss(label, probability),
        log_loss(label, base),
        log_loss(label, logistic),
        error,
        found["low"],
        found["high"],
        found["better"],
    )


def narrowest(gates: list[Gate]) -> Gate:
    """Of what the gate measured in each of several cases: a failed one, or else the one with the smallest lead over the
    logistic."""
    return min(gates, key=lambda gate: (gate.passed, gate.logistic_log_loss - gate.log_loss))


def logistic_held_out(rows: Floats, label: Floats, game: npt.NDArray[Any], classes: int, seed: int = 0) -> Floats:
    """The simple logistic regression's probabilities of every row (B,) or (B, C), each from a fit on other games."""
    fold = folds_of(game, FOLDS, seed)
    out = np.empty((len(label), classes))
    for k in range(FOLDS):
        held = fold == k
        out[held] = logistic_of(rows[~held], label[~held], rows[held], classes)
    return out if classes > 2 else out[:, 1].copy()


def logistic_of(rows: Floats, label: Floats, held_rows: Floats, classes: int) -> Floats:
    """(K, C) probabilities of the rows ``held_rows`` (K, F) by the simple logistic regression fitted on ``rows`` (B, F)."""
    from sklearn.linear_model import LogisticRegression

    present = ~np.isnan(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present.any(0), np.nansum(rows, 0) / present.sum(0), 0.0)
    spread = np.sqrt(np.where(present, (np.nan_to_num(rows) - mean) ** 2, 0.0).sum(0) / np.maximum(present.sum(0), 1))
    spread[spread == 0.0] = 1.0
    sometimes = ~present.all(0)

    def design(values: Floats) -> Floats:
        missing = np.isnan(values)
        filled = np.where(missing, 0.0, (np.nan_to_num(values) - mean) / spread)
        return np.concatenate([np.clip(filled, -8.0, 8.0), missing[:, sometimes].astype(np.float64)], axis=1)

    model = LogisticRegression(C=_STRENGTH, max_iter=2000).fit(design(rows), label.astype(np.int64))
    found = model.predict_proba(design(held_rows))
    out = np.full((len(held_rows), classes), 1e-9)
    out[:, model.classes_] = found
    return np.asarray(out / out.sum(1, keepdims=True), np.float64)


def paired_bootstrap_losses(
    label: Floats, ours: Floats, theirs: Floats, game: npt.NDArray[Any], seed: int = 0, rounds: int = 1000
) -> dict[str, float]:
    """The difference of mean log losses, ours minus theirs, of several classes, by draws of whole games with replacement."""
    generator = np.random.default_rng(seed)
    _, at = np.unique(game, return_inverse=True)
    games = int(at.max()) + 1
    row = row_log_loss(label, ours) - row_log_loss(label, theirs)
    total, count = np.bincount(at, row, games), np.bincount(at, minlength=games).astype(np.float64)
    draws = np.empty(rounds)
    for i in range(rounds):
        drawn = np.bincount(generator.integers(0, games, games), minlength=games)
        draws[i] = (drawn * total).sum() / (drawn * count).sum()
    low, high = np.quantile(draws, (0.025, 0.975))
    return {"difference": float(row.mean()), "low": float(low), "high": float(high), "better": float((draws < 0.0).mean())}
