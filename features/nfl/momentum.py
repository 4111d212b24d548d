"""Momentum: threat is what the ball's place is worth to the offence, for as long as it runs plays from there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common.momentum import MEMORIES, memory, momentum
from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Stat, Step
from features.nfl.columns import LIVE, LOS, OFFENSE, WAY, YD

#: a few drives back counts 1/e, s of tracking; and the threat that begins to tell
MEMORY_S: Final = 180.0
CALM: Final = 8.0
STOP_S: Final = 1.0
#: expected points of a first down at one's own goal line and at the opponents', and what they rise by in between: round figures of
#: the size that public models give
POINTS_FAR: Final = -0.5
POINTS_RISE: Final = 6.5

THREAT = Signal("threat", "points", (2,))
REMEMBERED = Signal("remembered_threat", "points", (2,), fill=0.0)


@kernel
def _threat(play: Any, half_m: float, lo: int, hi: int, out: Any) -> None:
    """Points (at least 0) that the place of the ball is worth, to the offence's side while a play runs."""
    for i in range(lo, hi):
        out[i, 0], out[i, 1] = np.nan, np.nan
        if play[i, LIVE] == 1.0 and not np.isnan(play[i, WAY] * play[i, LOS]):
            share = min(max(play[i, WAY] * play[i, LOS] / (2.0 * half_m) + 0.5, 0.0), 1.0)
            side = int(play[i, OFFENSE])
            out[i, side], out[i, 1 - side] = max(POINTS_FAR + POINTS_RISE * share * share, 0.05), 0.0


def threat(frames: Frames) -> None:
    _threat(frames["play"], frames.field.length_m / 2 - 10.0 * YD, frames.lo, frames.hi, frames["threat"])


SIGNALS: Final = (THREAT, REMEMBERED)
STEPS: Final = (
    Step("momentum.threat", threat, (THREAT,)),
    Step("momentum.memory", memory("threat", "remembered_threat", memory_s=MEMORY_S, stop_s=STOP_S), (REMEMBERED,)),
)
STATS: Final = (
    Stat(
        "game.momentum",
        "-1..1",
        "balance of threat with a memory of three minutes: expected points of the line of scrimmage to "
        "the team that runs plays from it; 1 all home, -1 all away",
        "match",
        momentum("remembered_threat", CALM),
        every_s=1.0,
        on_screen_name="Momentum",
        looks_back_s=MEMORIES * MEMORY_S,
    ),
)
