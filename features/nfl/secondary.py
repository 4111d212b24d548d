"""What a defence shows before the snap of how deep it will play: the safeties, and how the receivers stand against it.

A safety is here a defender who stands deeper than eight yards and no further than thirteen and a half from the middle of the field;
of more than two, the two deepest count. The columns of ``secondary`` move until the snap and are held until the next play.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Step
from features.nfl.alignment import BACKFIELD_M, stands
from features.nfl.columns import EVENT_KEEP_S, PHASE, SNAP_Y, WAY, YD, hold
from features.nfl.vocabulary import SET

#: deeper than a linebacker, and nearer to the middle than a cornerback
SAFETY_DEPTH_M: Final = 8.0 * YD
SAFETY_MIDDLE_M: Final = 13.5 * YD

(STRONG, WEAK, SAFETIES, FIRST_DEPTH, SECOND_DEPTH, MIDDLE, BETWEEN, FIRST_BACK, SECOND_BACK) = range(9)
SECONDARY = Signal("secondary", "mixed", (9,), keep_s=EVENT_KEEP_S)


@kernel
def _sides(play: Any, who: Any, place: Any, lo: int, hi: int, out: Any) -> None:
    """Eligible men at the line on the fuller and on the emptier side of the ball."""
    for i in range(max(lo, 1), hi):
        hold(out, i, STRONG, WEAK, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        left, right = 0.0, 0.0
        for n in range(who.shape[1]):
            if who[i, n, 2] == 1.0 and place[i, n, 0] > -BACKFIELD_M:
                if place[i, n, 1] > 0.0:
                    left += 1.0
                else:
                    right += 1.0
        out[i, STRONG], out[i, WEAK] = max(left, right), min(left, right)


@kernel
def _safeties(play: Any, who: Any, place: Any, velocity: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(out, i, SAFETIES, SECOND_BACK, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        first, second, seen = -1, -1, False
        for n in range(who.shape[1]):
            if who[i, n, 0] != -1.0:
                continue
            seen = True
            across = play[i, SNAP_Y] + play[i, WAY] * place[i, n, 1]
            if not (place[i, n, 0] > SAFETY_DEPTH_M and abs(across) <= SAFETY_MIDDLE_M):
                continue
            if first < 0 or place[i, n, 0] > place[i, first, 0]:
                first, second = n, first
            elif second < 0 or place[i, n, 0] > place[i, second, 0]:
                second = n
        for c in range(SAFETIES, SECOND_BACK + 1):
            out[i, c] = np.nan
        if seen:
            out[i, SAFETIES] = (1.0 if first >= 0 else 0.0) + (1.0 if second >= 0 else 0.0)
        if first >= 0:
            out[i, FIRST_DEPTH] = place[i, first, 0]
            out[i, FIRST_BACK] = play[i, WAY] * velocity[i, first, 0]
            out[i, MIDDLE] = abs(play[i, SNAP_Y] + play[i, WAY] * place[i, first, 1])
        if second >= 0:
            out[i, SECOND_DEPTH] = place[i, second, 0]
            out[i, SECOND_BACK] = play[i, WAY] * velocity[i, second, 0]
            out[i, MIDDLE] = min(out[i, MIDDLE], abs(play[i, SNAP_Y] + play[i, WAY] * place[i, second, 1]))
            out[i, BETWEEN] = abs(place[i, first, 1] - place[i, second, 1])


def sides(frames: Frames) -> None:
    """Receivers at the line on either side of the ball."""
    _sides(frames["play"], frames["who"], frames["place"], frames.lo, frames.hi, frames["secondary"])


def safeties(frames: Frames) -> None:
    """Depth of the safeties, how far they are apart and from the middle of the field, and whether they back off."""
    _safeties(frames["play"], frames["who"], frames["place"], frames["velocity"], frames.lo, frames.hi, frames["secondary"])


SIGNALS: Final = (SECONDARY,)
STEPS: Final = (Step("secondary.sides", sides, (SECONDARY,)), Step("secondary.safeties", safeties))
