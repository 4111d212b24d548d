"""Yards as a distribution: one row per number of yards, "at least so many?", all for one model at once.

A model of that one question, falling in the number, is a whole distribution without a class for every yard: the mean is the area
under its curve, and a first down or a touchdown is one more number to ask about.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.nfl.columns import YD
from features.nfl.ledger import Ledger, gained_yd

#: (name, unit, label) in the models' order
RUSH_FEATURES: Final = (
    ("yards_yd", "yd", "so many yards"),
    ("near_m", "m", "nearest defender at the hand-off"),
    ("crowd", "count", "defenders around the runner"),
    ("forward_mps", "m/s", "his speed upfield"),
    ("box", "count", "men in the box"),
)
YAC_FEATURES: Final = (
    ("yards_yd", "yd", "so many yards"),
    ("near_m", "m", "nearest defender at the catch"),
    ("crowd", "count", "defenders around the receiver"),
    ("forward_mps", "m/s", "his speed upfield"),
)
LEVELS_YD: Final[dict[str, tuple[float, ...]]] = {
    "rush": (-2, -1, 0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50),
    "yac": (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50),
}
#: what nearly every play reaches, and the furthest that one can go
LEAST_YD: Final = {"rush": -3.0, "yac": 0.0}
MOST_YD: Final = 75.0


def distribution_names(kind: str) -> tuple[str, ...]:
    """Names of the parts: at_least_4 and so on, then first_down and touchdown of a run."""
    names = tuple(f"at_least_{level:g}".replace("-", "minus_") for level in LEVELS_YD[kind])
    return names + (("first_down", "touchdown") if kind == "rush" else ())


def rush_rows(inputs: Floats, to_go_yd: float, to_goal_yd: float) -> Floats:
    """(K, F): ``inputs`` (F - 1,) with each level, then with the yards to a first down and to the goal line (NaN unknown)."""
    levels = np.array([*LEVELS_YD["rush"], to_go_yd, to_goal_yd], np.float64)
    return np.column_stack((levels, np.tile(inputs, (len(levels), 1))))


def yac_rows(inputs: Floats) -> Floats:
    """(K, F): ``inputs`` (F - 1,) with each level."""
    levels = np.array(LEVELS_YD["yac"], np.float64)
    return np.column_stack((levels, np.tile(inputs, (len(levels), 1))))


def expected(kind: str, chances: Sequence[float]) -> float:
    """Mean yards: the least, and the area under "at least" from there on, straight between the levels.

    Between whole numbers the curve is a stair: the yards from k - 1 to k are made with the chance of at least k, so that the
    straight line is half a yard's chance too high at each level, which is taken off.
    """
    levels = LEVELS_YD[kind]
    x = [LEAST_YD[kind], *levels, MOST_YD]
    p = [1.0, *(min(max(float(c), 0.0), 1.0) for c in chances[: len(levels)]), 0.0]
    area = sum(0.5 * (p[k] + p[k + 1]) * (x[k + 1] - x[k]) for k in range(len(x) - 1))
    return x[0] + area - 0.5


def expected_m(event: EventContext, kind: str, distribution: str) -> float | None:
    """m: the mean of the distribution that the stat of that name has found for this event, put down in yards as the fact
    ``<kind>.expected_yd``."""
    chances = event.facts.get(distribution)
    if not isinstance(chances, list):
        return None
    yards = expected(kind, chances)
    event.facts[f"{kind}.expected_yd"] = yards
    return yards * YD


def over_expected_m(event: EventContext, ledger: Ledger) -> float | None:
    """m by which the runner of this play has gained more than was expected when the run began."""
    if ledger.runner < 0 or not isfinite(ledger.expected_yd):
        return None
    over = gained_yd(event, ledger) - ledger.expected_yd
    return over * YD if isfinite(over) else None
