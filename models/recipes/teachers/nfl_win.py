"""The teacher of American football's win probability: a logistic regression in which what is worth points counts for as much as
there is still time for it.

A lead of n points, and a place on the field, weigh by the root of the time left (Stern 1994, "A Brownian Motion Model for the
Progress of Sports Scores"), taken with several least times, because near the end a lead counts for more than any root. In the
last minutes come terms of their own: leads of up to one score, what a field goal would still turn, and what none would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.nfl.game import WIN_FEATURES
from models.base import Floats

_COLUMN: Final = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}
#: scikit-learn's C on standardised columns
STRENGTH: Final = 0.05
#: near enough for a field goal, yd to the goal line
IN_RANGE_YD: Final = 38.0


def design(rows: Floats) -> Floats:
    """(B, K) the terms of rows (B, F) of ``WIN_FEATURES``, all known."""
    clock_s, lead, down, to_go, to_goal, home = (
        rows[:, _COLUMN[name]] for name in ("clock_s", "lead", "down", "to_go_yd", "to_goal_yd", "home")
    )
    left = np.maximum(clock_s, 0.0) / 60.0
    place = (50.0 - to_goal) / 50.0
    near = to_goal < IN_RANGE_YD
    worth = np.column_stack(
        [
            place,
            place**2,
            place**3,
            down == 2,
            down == 3,
            down == 4,
            np.log1p(to_go),
            np.log1p(to_go) * (down == 3),
            (down == 4) * place,
            (down == 4) & near,
            np.ones(len(rows)),
        ]
    ).astype(np.float64)
    minutes, minute = np.exp(-left / 3.0), np.exp(-left)
    parts: list[npt.NDArray[Any]] = [lead / np.sqrt(left + least) for least in (0.35, 3.0, 15.0)]
    parts += [np.tanh(lead / 10.0) / np.sqrt(left / 60.0 + 0.1)]
    parts += [worth / np.sqrt(left + least)[:, None] for least in (0.35, 6.0)]
    parts += [
        minutes * np.sign(lead),
        minutes * np.tanh(lead / 3.0),
        minutes * np.tanh(lead / 8.0),
        minute * np.sign(lead),
        minutes * (lead == 0),
        minute * np.tanh((lead + 3.0) / 2.0) * near,
        minute * ((lead <= 0) & (lead >= -2)) * near,
        minute * (lead < -8),
        minutes * (lead < -8),
    ]
    side = 2.0 * home - 1.0
    parts += [side, side * np.sqrt(left), side * left]
    return np.column_stack(parts)


@dataclass(frozen=True)
class Winning:
    """The fitted regression: ``winning(rows)`` gives the chance (B,) of the team with the ball."""

    mean: Floats
    scale: Floats
    weight: Floats
    intercept: float

    @classmethod
    def fit(cls, rows: Floats, label: Floats) -> Winning:
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        terms = design(rows)
        mean, scale = terms.mean(0), terms.std(0)
        scale[scale == 0.0] = 1.0
        with threadpool_limits(1):
            found = LogisticRegression(C=STRENGTH, max_iter=500).fit((terms - mean) / scale, label > 0.5)
        return cls(mean, scale, found.coef_[0], float(found.intercept_[0]))

    def __call__(self, rows: Floats) -> Floats:
        margin = (design(rows) - self.mean) / self.scale @ self.weight + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-margin)), np.float64)
