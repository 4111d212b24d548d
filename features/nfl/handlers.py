"""Who handles the ball: the passer, the carrier, the targeted receiver, and the first defender to reach the carrier.

A feed names none of them; all four follow from the places of players and ball.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Step
from features.core.steps import filling, kernel_step
from features.nfl.columns import (
    AGE,
    CARRIER,
    CONTACT_T,
    CONTACT_X,
    LIVE,
    PASSER,
    PHASE,
    PLAY,
    SNAP_T,
    TARGET,
    YD,
    apart,
    hold,
)
from features.nfl.play_state import LINE, QB
from features.nfl.vocabulary import CARRIED, DEAD, IN_AIR, SET, SNAPPED

#: who is nearer to the ball than this carries it, m
REACH_M: Final = 2.5
#: a runner keeps the ball unless another player is this much nearer, m
KEEPS_M: Final = 0.8
#: a pass may miss its receiver by so much per second that it has still to fly, and this much more
SURE_S: Final = 0.6


@kernel
def _passer(who: Any, place: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, PASSER, PASSER, False)
        if play[i, PHASE] == SNAPPED and not np.isnan(play[i, PASSER]) and play[i, PASSER] >= 0.0 and play[i, AGE] > 0.15:
            continue
        if play[i, PHASE] != SET and play[i, PHASE] != SNAPPED:
            continue
        best, found = 12.0, -1.0
        for n in range(who.shape[1]):
            if who[i, n, 0] == 1.0 and who[i, n, 1] == QB:
                off = np.sqrt(place[i, n, 0] ** 2 + place[i, n, 1] ** 2)
                if off < best:
                    best, found = off, float(n)
        play[i, PASSER] = found


@kernel
def _carrier(xyz: Any, who: Any, ball: int, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, CARRIER, CARRIER, False)
        now = play[i, PHASE]
        if now == DEAD and play[i, LIVE] == 0.0 and not np.isnan(play[i, SNAP_T]):
            continue
        holder = int(play[i, CARRIER]) if play[i, CARRIER] >= 0.0 else -1
        if now != SNAPPED and now != CARRIED:
            play[i, CARRIER] = -1.0
            continue
        if now == CARRIED and play[i - 1, PHASE] != CARRIED:
            holder = -1
        best, found = REACH_M, -1
        for n in range(who.shape[1]):
            if who[i, n, 0] == 1.0 and who[i, n, 1] != LINE:
                off = apart(xyz, i, n, ball) - (KEEPS_M if n == holder else 0.0)
                if off < best:
                    best, found = off, n
        if found < 0 and holder >= 0 and np.isnan(xyz[i, ball, 0]):
            found = holder
        play[i, CARRIER] = float(found)


def carrier(frames: Frames) -> None:
    """Who has the ball: the offensive player nearest to it, while it is in hands; held after the play."""
    if frames.roster.ball >= 0:
        _carrier(frames.xyz, frames["who"], frames.roster.ball, frames.lo, frames.hi, frames["play"])


@kernel
def _target(xyz: Any, velocity: Any, ball_velocity: Any, who: Any, ball: int, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, TARGET, TARGET, False)
        if play[i, PHASE] == SET:
            play[i, TARGET] = -1.0
        if play[i, PHASE] != IN_AIR:
            continue
        vx, vy = ball_velocity[i, 0, 0], ball_velocity[i, 0, 1]
        fast = np.sqrt(vx * vx + vy * vy)
        if not fast > 4.0:
            continue
        best, found = 12.0, play[i, TARGET]
        # what is still far off in time may yet be missed by more
        for n in range(who.shape[1]):
            if who[i, n, 2] != 1.0:
                continue
            dx, dy = xyz[i, n, 0] - xyz[i, ball, 0], xyz[i, n, 1] - xyz[i, ball, 1]
            left_s = min(max((dx * vx + dy * vy) / (fast * fast), 0.0), 3.0)
            # where the receiver will be by then, against where the ball will be
            off = np.sqrt((dx + (velocity[i, n, 0] - vx) * left_s) ** 2 + (dy + (velocity[i, n, 1] - vy) * left_s) ** 2)
            off /= SURE_S + left_s
            if off < best:
                best, found = off, float(n)
        play[i, TARGET] = found


def target(frames: Frames) -> None:
    """The receiver whom the ball flies to: the eligible player who, at the present velocity, passes nearest to it."""
    if frames.roster.ball >= 0:
        _target(
            frames.xyz,
            frames["velocity"],
            frames["ball_velocity"],
            frames["who"],
            frames.roster.ball,
            frames.lo,
            frames.hi,
            frames["play"],
        )


@kernel
def _contact(xyz: Any, who: Any, t: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, CONTACT_T, CONTACT_X, play[i, PHASE] == SET)
        n = int(play[i, CARRIER]) if play[i, CARRIER] >= 0.0 else -1
        if play[i, PHASE] != CARRIED or n < 0 or not np.isnan(play[i, CONTACT_T]):
            continue
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0 and apart(xyz, i, n, m) < YD:
                play[i, CONTACT_T], play[i, CONTACT_X] = t[i], xyz[i, n, 0]
                break


STEPS: Final = (
    filling(kernel_step("play.passer", _passer, PLAY, "who", "place")),
    Step("play.carrier", carrier),
    Step("play.target", target),
    filling(kernel_step("play.contact", _contact, PLAY, "xyz", "who", "t")),
)
