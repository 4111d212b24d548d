"""The runner in the frame of the handoff: motion and place on the field."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Step
from features.nfl.carrier import begins
from features.nfl.columns import CARRIER, EVENT_KEEP_S, LOS, PHASE, WAY, hold
from features.nfl.vocabulary import SET

SPEED, ACCELERATION, OUTWARD, BEHIND, EDGE, TO_GOAL = range(6)
#: (name, unit, label), in the order of the columns: what the model of rushing yards may take besides ``yardage.RUSH_FEATURES``
HANDOFF_FEATURES: Final = (
    ("speed_mps", "m/s", "his speed"),
    ("acceleration_mps2", "m/s2", "his acceleration"),
    ("outward_mps", "m/s", "his speed away from the middle of the field"),
    ("behind_m", "m", "behind the line of scrimmage"),
    ("edge_m", "m", "to the nearer sideline"),
    ("to_goal_m", "m", "line of scrimmage to the goal line"),
)
HANDOFF = Signal("handoff", "mixed", (len(HANDOFF_FEATURES),), keep_s=EVENT_KEEP_S)


@kernel
def _handoff(
    play: Any, xyz: Any, velocity: Any, acceleration: Any, half_m: float, half_width_m: float, lo: int, hi: int, out: Any
) -> None:
    for i in range(max(lo, 1), hi):
        hold(out, i, 0, out.shape[1] - 1, play[i, PHASE] == SET)
        if not begins(play, i):
            continue
        n, way = int(play[i, CARRIER]), play[i, WAY]
        side = 1.0 if xyz[i, n, 1] >= 0.0 else -1.0
        out[i, SPEED] = np.sqrt(velocity[i, n, 0] ** 2 + velocity[i, n, 1] ** 2)
        out[i, ACCELERATION] = abs(acceleration[i, n])
        out[i, OUTWARD] = side * velocity[i, n, 1]
        out[i, BEHIND] = way * (play[i, LOS] - xyz[i, n, 0])
        out[i, EDGE] = half_width_m - abs(xyz[i, n, 1])
        out[i, TO_GOAL] = half_m - way * play[i, LOS]


def handoff(frames: Frames) -> None:
    """Motion and place of the runner at the handoff."""
    half_m, ten_yards_m = frames.field.length_m / 2, frames.field.length_m / 12
    _handoff(
        frames["play"],
        frames.xyz,
        frames["velocity"],
        frames["acceleration"],
        half_m - ten_yards_m,
        frames.field.width_m / 2,
        frames.lo,
        frames.hi,
        frames["handoff"],
    )


SIGNALS: Final = (HANDOFF,)
STEPS: Final = (Step("handoff.runner", handoff, (HANDOFF,)),)
