"""From how many on a share or a rate has a value, the same in every sport.

One pass that arrives is no accuracy of 100 %, and 89 passes before the second tackle are no pressing of 89. What is counted *below*
the line of such a fraction (passes, tackles, plays, attempts) must have been counted ``LEAST`` times; before that the value is
missing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.frames import Floats

LEAST: Final = 5


def rate(part: float, whole: int) -> float:
    """``part / whole``; NaN while ``whole`` is less than ``LEAST``.

    >>> rate(4, 5), rate(4, 4)
    (0.8, nan)
    """
    return part / whole if whole >= LEAST else float("nan")


def rates(part: list[int], whole: list[int]) -> Floats:
    """(N,) of ``rate`` for N parts and wholes."""
    return np.array([rate(p, w) for p, w in zip(part, whole, strict=True)], np.float64)
