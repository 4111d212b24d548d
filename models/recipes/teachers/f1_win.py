"""The teacher of Formula 1's win probability: a conditional logit over the field (McFadden 1974), so that the chances of one moment
sum to 1 before anything else is learnt.

Some thirty races have thirty winners, however many laps they have: few terms, each drawn towards 0. Places count by their
logarithm, and seconds by the root of the laps that are left to lose them in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.f1.game import WIN_FEATURES
from models.base import Floats

_COLUMN: Final = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}
#: how strongly the weights are drawn towards 0, in moments of a race: moments follow each other closely
RIDGE: Final = 100.0
_STEPS: Final = 50


def design(rows: Floats) -> Floats:
    """(B, K) the terms of rows (B, F) of ``WIN_FEATURES``; what is not known counts nothing."""
    left, place, lead, margin, projected, pace = (
        np.nan_to_num(rows[:, _COLUMN[name]]) for name in ("laps_left", "place", "lead_s", "margin_s", "projected_place", "pace_s")
    )
    root = np.sqrt(left + 1.0)
    depth = np.log(np.maximum(place, 1.0))
    return np.column_stack(
        [
            depth,
            depth / root,
            place == 1.0,
            (place == 1.0) / root,
            np.log(np.maximum(projected, 1.0)),
            np.clip(lead / root, -15.0, 15.0),
            np.clip(lead, -60.0, 60.0) / 10.0,
            np.clip(margin / root, -15.0, 15.0),
            np.clip(pace, -2.0, 2.0),
        ]
    ).astype(np.float64)


@dataclass(frozen=True)
class Winning:
    """The fitted logit: ``winning(rows, moment)`` gives the chance (B,) of each car among those of its moment (B,)."""

    scale: Floats
    weight: Floats

    @classmethod
    def fit(cls, rows: Floats, label: Floats, moment: npt.NDArray[Any]) -> Winning:
        """Newton's method on the penalised likelihood; moments whose winner is not among the rows teach nothing."""
        _, at = np.unique(moment, return_inverse=True)
        has = (np.bincount(at, label) == 1.0)[at]
        rows, label, at = rows[has], label[has], np.unique(at[has], return_inverse=True)[1]
        terms = design(rows)
        scale = np.where(terms.std(0) > 0.0, terms.std(0), 1.0)
        terms = terms / scale
        weight = np.zeros(terms.shape[1])
        for _ in range(_STEPS):
            chance = _softmax(terms @ weight, at)
            mean = np.stack([np.bincount(at, chance * column) for column in terms.T], axis=1)
            off = terms - mean[at]
            slope = off.T @ (label - chance) - RIDGE * weight
            bend = (off * chance[:, None]).T @ off + RIDGE * np.eye(len(weight))
            step = np.linalg.solve(bend, slope)
            step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
            weight = weight + step
            if np.abs(step).max() < 1e-8:
                break
        return cls(scale, weight)

    def __call__(self, rows: Floats, moment: npt.NDArray[Any]) -> Floats:
        return _softmax(design(rows) / self.scale @ self.weight, np.unique(moment, return_inverse=True)[1])


def _softmax(margin: Floats, at: npt.NDArray[np.intp]) -> Floats:
    highest = np.full(int(at.max()) + 1, -np.inf)
    np.maximum.at(highest, at, margin)
    share = np.exp(margin - highest[at])
    return np.asarray(share / np.bincount(at, share)[at], np.float64)
