"""Figures of a measurement as they are shown and compared: as many digits as it bears out, however small it is."""

from __future__ import annotations

import math
from typing import Final

#: no time that is measured here is known better
DIGITS: Final = 4


def figure(value: float, digits: int = DIGITS) -> float:
    """``value`` to so many significant digits. What is not zero stays so: a floor of 2.3 ms in seconds is no floor of 0.0.

    >>> figure(0.0023456), figure(1234567.8), figure(0.0)
    (0.002346, 1235000.0, 0.0)
    """
    if not value or not math.isfinite(value):
        return float(value)
    return float(round(value, digits - 1 - math.floor(math.log10(abs(value)))))
