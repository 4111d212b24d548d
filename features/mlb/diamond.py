"""The diamond, in metres from the back tip of home plate: x runs to second base and centre field, y to the left of a person
who looks that way (third base), z up.

Distances are those of the Official Baseball Rules (2.01): bases 90 ft apart, the rubber 60 ft 6 in from the back tip. The
fence is a round figure of our own, 330 ft down the lines and 400 ft in centre field; every park has another one.
"""

from __future__ import annotations

from math import atan2, cos, sqrt
from typing import Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Field

FT_M: Final = 0.3048
MPH_MPS: Final = 0.44704
BASE_M: Final = 90.0 * FT_M
RUBBER_M: Final = 60.5 * FT_M
_HALF: Final = BASE_M / sqrt(2.0)
#: (4, 2) home, first, second, third
BAGS: Final = np.array([[0.0, 0.0], [_HALF, -_HALF], [2.0 * _HALF, 0.0], [_HALF, _HALF]])
FIELD: Final = Field(130.0, 110.0, "back tip of home plate")

LINE_FENCE_M: Final = 330.0 * FT_M
CENTRE_FENCE_M: Final = 400.0 * FT_M
FENCE_HEIGHT_M: Final = 2.5

#: where fielders usually stand: distance from home, m, and spray angle, rad (positive towards first base)
PLACES: Final[dict[str, tuple[float, float]]] = {
    "P": (RUBBER_M, 0.0), "C": (-1.4, 0.0), "1B": (34.0, 0.63), "2B": (44.5, 0.24), "3B": (34.0, -0.63), "SS": (44.5, -0.24),
    "LF": (90.0, -0.47), "CF": (97.0, 0.0), "RF": (90.0, 0.47),
}  # fmt: skip


@kernel
def fence_m(spray_rad: float) -> float:
    """Distance of the fence in the direction ``spray_rad`` (0 centre, 45 degrees the lines)."""
    return LINE_FENCE_M + (CENTRE_FENCE_M - LINE_FENCE_M) * max(cos(2.0 * spray_rad), 0.0)


def spray_of(x_m: float, y_m: float) -> float:
    """rad; 0 towards centre field, positive towards first base, as Statcast's horizontal angle."""
    return atan2(-y_m, x_m)
