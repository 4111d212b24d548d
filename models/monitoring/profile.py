"""The distribution of a model's inputs in training, small enough for its card, and the distance of other inputs from it.

The population stability index of a feature over B bins with shares e (training) and a (live), missing counted as a bin of its
own, is sum (a - e) ln(a / e). Of n live and m training rows from one distribution, PSI / (1/n + 1/m) is chi-squared with B - 1
degrees of freedom (Yurdakul and Naranjo 2020), which bounds what chance explains. A drift is both: larger than the
customary 0.2, and larger than chance explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from models.base import Floats

BINS: Final = 10
#: "a major shift" by the customary reading of the index
PSI_ALERT: Final = 0.2
#: probability of a false drift, of all features together
FALSE_SHARE: Final = 0.001


class FeatureProfile(msgspec.Struct, frozen=True):
    """``edges`` are the inner bounds of the bins, ``shares`` those of the rows in them, the last one that of missing values;
    ``low`` and ``high`` are the smallest and the largest value in training."""

    name: str
    edges: list[float]
    shares: list[float]
    low: float | None
    high: float | None


class Profile(msgspec.Struct, frozen=True):
    """Of ``rows`` training rows; ``answer`` is the mean outcome, of two classes."""

    rows: int
    features: list[FeatureProfile]
    answer: float | None = None


def profile_of(rows: Floats, names: Sequence[str], label: Floats | None = None) -> Profile:
    """The profile of training rows (B, F)."""
    features = []
    for j, name in enumerate(names):
        column = rows[:, j]
        present = column[~np.isnan(column)]
        edges = np.unique(np.quantile(present, np.arange(1, BINS) / BINS)) if len(present) else np.empty(0)
        # the bound of a frequent value lies above it, so that the value has a bin of its own
        edges = edges[edges < present.max()] if len(present) else edges
        edges = np.array([float(f"{edge:.7g}") for edge in edges])
        counts = _counts(column, edges)
        low, high = (float(present.min()), float(present.max())) if len(present) else (None, None)
        features.append(FeatureProfile(name, edges.tolist(), [round(c / len(column), 7) for c in counts.tolist()], low, high))
    two = label is not None and set(np.unique(label).tolist()) <= {0.0, 1.0}
    return Profile(len(rows), features, float(np.mean(label)) if two and label is not None else None)


def _counts(column: Floats, edges: Floats) -> Floats:
    """(len(edges) + 2,) rows per bin; a value on a bound belongs below it."""
    present = column[~np.isnan(column)]
    counts = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1).astype(np.float64)
    return np.append(counts, len(column) - len(present))


class Drift(msgspec.Struct, frozen=True):
    """Of one feature: its index and the limit of it, and the shares that are missing now, were in training, and lie outside of the
    range of training."""

    feature: str
    psi: float
    limit: float
    missing: float
    missing_in_training: float
    outside: float

    @property
    def drifted(self) -> bool:
        return self.psi > self.limit


def drift(profile: Profile, rows: Floats, independent: int | None = None) -> list[Drift]:
    """The drift of every feature of live rows (B, F), largest index first; ``independent`` of the rows are independent draws
    (default: all)."""
    n = len(rows)
    if not n:
        return []
    found = []
    for j, feature in enumerate(profile.features):
        column = rows[:, j]
        actual = _counts(column, np.asarray(feature.edges))
        expected = np.asarray(feature.shares) * profile.rows
        used = (actual + expected) > 0
        # half a row in every bin: an empty bin is rare, not impossible
        a = (actual[used] + 0.5) / (n + 0.5 * used.sum())
        e = (expected[used] + 0.5) / (profile.rows + 0.5 * used.sum())
        psi = float(((a - e) * np.log(a / e)).sum())
        chance = _chi_squared(int(used.sum()) - 1, FALSE_SHARE / len(profile.features)) * (
            1 / (independent or n) + 1 / profile.rows
        )
        missing = float(actual[-1]) / n
        outside = 0.0
        if feature.low is not None and feature.high is not None:
            outside = float(((column < feature.low) | (column > feature.high)).mean())
        found.append(Drift(feature.name, psi, max(PSI_ALERT, chance), missing, feature.shares[-1], outside))
    return sorted(found, key=lambda d: -d.psi)


def _chi_squared(freedom: int, tail: float) -> float:
    """The value that chi-squared exceeds with probability ``tail`` (Wilson and Hilferty 1931)."""
    from statistics import NormalDist

    if freedom < 1:
        return 0.0
    z = NormalDist().inv_cdf(1.0 - tail)
    part = 2.0 / (9.0 * freedom)
    return freedom * (1.0 - part + z * math.sqrt(part)) ** 3
