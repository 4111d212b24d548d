"""What the tables taken from American football's tracking have in common: whose they are, and how their directions are read."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.nfl.columns import YD
from models.base import Floats

#: what games of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "nfl_tracking"
TERMS: Final = (
    "Big Data Bowl tracking under Kaggle's competition rules, belongs to the NFL: internal use only; "
    "the model is not to be passed on"
)
#: the field, yd: with both end zones, and across
LENGTH_YD: Final = 120.0
WIDTH_YD: Final = 160.0 / 3.0


def velocity_mps(speed_yd_s: Floats, direction_deg: Floats) -> tuple[Floats, Floats]:
    """(B,) along x and y, m/s, of a direction that is 0 along +y and grows clockwise."""
    angle = np.radians(direction_deg)
    return speed_yd_s * YD * np.sin(angle), speed_yd_s * YD * np.cos(angle)
