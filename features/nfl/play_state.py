"""The running play: which player has the ball, which way the play goes, when the ball was snapped, thrown, caught and carried.

The ball's channel ``phase`` says what the ball is doing (see ``vocabulary``), its channel ``offense`` whose it is (0 home, 1
away). A feed that has neither gives no plays: all that depends on one is missing, and the stats of motion go on.

A play is one that was seen from before its snap. Of a play whose beginning was missed (a feed that was joined in the middle, a hole
in it) the phase stays dead until the teams line up again, so that nothing is measured from a snap that was not seen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames
from features.core.sport import Signal, Step
from features.core.steps import filling, kernel_step
from features.nfl.columns import (
    AGE,
    ARRIVE_T,
    ARRIVE_X,
    ARRIVE_Y,
    CARRY_T,
    CARRY_X,
    CARRY_Y,
    EVENT_KEEP_S,
    LIVE,
    LOS,
    OFFENSE,
    PASSED,
    PHASE,
    PLAY,
    SEEN,
    SET_T,
    SNAP_T,
    SNAP_Y,
    THROW_T,
    THROW_X,
    THROW_Y,
    WAY,
    hold,
)
from features.nfl.vocabulary import CARRIED, DEAD, ELIGIBLE, IN_AIR, KICKED, ROLES, SET, SNAPPED

#: a phase is believed for this long without news of the ball, s
STALE_S: Final = 1.0

#: both teams have to be seen lined up for so long before the snap that the first speeds that are used, 0.2 s after it, rest on
#: 0.6 s, s
LINED_UP_S: Final = 0.35

#: a ball that is slower than this lies still, m/s
STILL_MPS: Final = 0.7

WHO = Signal("who", "mixed", ("N", 3), fill=0.0, keep_s=EVENT_KEEP_S)
PLACE = Signal("place", "m", ("N", 2), keep_s=EVENT_KEEP_S)
SIDE, ROLE, CATCHES = range(3)
QB: Final = float(ROLES.index("passer"))
RUSHER: Final = float(ROLES.index("rusher"))
BACKER: Final = float(ROLES.index("backer"))
COVER: Final = float(ROLES.index("cover"))
LINE: Final = float(ROLES.index("line"))


@lru_cache(maxsize=64)
def role_codes(role: tuple[str, ...]) -> Floats:
    """(N, 2): the number of each role in ``ROLES``, and 1 where it may catch a forward pass."""
    return np.array([[ROLES.index(r) if r in ROLES else ROLES.index("player"), r in ELIGIBLE] for r in role], np.float64)


@kernel
def _phase(channel: Any, ball: int, t: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, PHASE, PHASE, False)
        hold(play, i, SET_T, SET_T, False)
        reported, before = channel[i, ball], play[i - 1, PHASE]
        hole = not t[i] - t[i - 1] < STALE_S
        if np.isnan(reported):
            if hole or np.isnan(channel[i - 1, ball]):
                play[i, PHASE] = DEAD if not np.isnan(before) else np.nan
        elif reported >= SNAPPED and (hole or not before >= SNAPPED):
            # the player who takes the snap carries the ball at once; after a gap that may as well have come later
            at_once = reported in (SNAPPED, KICKED) or channel[i - 1, ball] == SET
            begins = before == SET and at_once and not hole
            play[i, PHASE] = reported if begins and t[i] - play[i - 1, SET_T] >= LINED_UP_S else DEAD
        else:
            play[i, PHASE] = reported
        if play[i, PHASE] == SET and (before != SET or hole):
            play[i, SET_T] = t[i]


def phase(frames: Frames) -> None:
    if frames.roster.ball >= 0:
        _phase(frames["phase"], frames.roster.ball, frames.t, frames.lo, frames.hi, frames["play"])


@kernel
def _offense(channel: Any, ball: int, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, OFFENSE, OFFENSE, False)
        reported = channel[i, ball]
        if reported == 0.0 or reported == 1.0:
            play[i, OFFENSE] = reported


def offense(frames: Frames) -> None:
    if frames.roster.ball >= 0:
        _offense(frames["offense"], frames.roster.ball, frames.lo, frames.hi, frames["play"])


@kernel
def _way(attack: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        side = play[i, OFFENSE]
        play[i, WAY] = np.nan if np.isnan(side) or attack[i] == 0 else attack[i] * (1.0 - 2.0 * side)


@kernel
def _who(team: Any, codes: Any, xyz: Any, play: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            side = 0.0
            if team[n] >= 0 and not np.isnan(xyz[i, n, 0]) and not np.isnan(play[i, OFFENSE]):
                side = 1.0 if team[n] == play[i, OFFENSE] else -1.0
            out[i, n, 0] = side
            out[i, n, 1] = codes[n, 0]
            out[i, n, 2] = codes[n, 1] if side == 1.0 else 0.0


def who(frames: Frames) -> None:
    """(rows, N, 3): +1 offence, -1 defence, 0 not on the field; the role's number; 1 where the player may catch a pass."""
    roster = frames.roster
    _who(roster.team, role_codes(roster.role), frames.xyz, frames["play"], frames.lo, frames.hi, frames["who"])


@kernel
def _seen(who: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        seen = 0.0
        for n in range(who.shape[1]):
            seen += 1.0 if who[i, n, 0] != 0.0 else 0.0
        play[i, SEEN] = seen


@kernel
def _snap(xyz: Any, ball_speed: Any, ball: int, t: Any, half_m: float, half_width_m: float, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, SNAP_T, SNAP_Y, play[i, PHASE] == SET and play[i - 1, PHASE] != SET)
        now, before = play[i, PHASE], play[i - 1, PHASE]
        x, y = xyz[i, ball, 0], xyz[i, ball, 1]
        # no play begins with a ball that lies beside the field: another one has been tracked
        if not (abs(x) <= half_m and abs(y) <= half_width_m):
            x, y = np.nan, np.nan
        if now == SET:
            # where it lies still, the next play begins: a label of the snap may come a frame or two after the ball has left
            still = ball_speed[i, 0] < STILL_MPS or np.isnan(play[i, LOS])
            if still and not (np.isnan(x) or np.isnan(y)):
                play[i, LOS], play[i, SNAP_Y] = x, y
        elif now >= SNAPPED and before == SET:
            play[i, SNAP_T] = t[i]
            if np.isnan(play[i, LOS]):
                play[i, LOS], play[i, SNAP_Y] = x, y
        play[i, LIVE] = 1.0 if now >= SNAPPED and not np.isnan(play[i, SNAP_T]) else 0.0


def snap(frames: Frames) -> None:
    """Time and place of the snap: the line of scrimmage is where the ball last lay."""
    if frames.roster.ball >= 0:
        _snap(
            frames.xyz,
            frames["ball_speed"],
            frames.roster.ball,
            frames.t,
            frames.field.length_m / 2,
            frames.field.width_m / 2,
            frames.lo,
            frames.hi,
            frames["play"],
        )


@kernel
def _age(t: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        play[i, AGE] = t[i] - play[i, SNAP_T] if play[i, LIVE] == 1.0 else np.nan


@kernel
def _place(xyz: Any, who: Any, play: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        way = play[i, WAY]
        for n in range(out.shape[1]):
            on = who[i, n, 0] != 0.0
            out[i, n, 0] = way * (xyz[i, n, 0] - play[i, LOS]) if on else np.nan
            out[i, n, 1] = way * (xyz[i, n, 1] - play[i, SNAP_Y]) if on else np.nan


@kernel
def _throw(xyz: Any, ball: int, t: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, THROW_T, THROW_Y, play[i, PHASE] == SET)
        hold(play, i, PASSED, PASSED, False)
        if play[i, PHASE] == SET or np.isnan(play[i, PASSED]):
            play[i, PASSED] = 0.0
        if play[i, PHASE] == IN_AIR and play[i - 1, PHASE] != IN_AIR:
            play[i, THROW_T] = t[i]
            play[i, THROW_X], play[i, THROW_Y] = xyz[i, ball, 0], xyz[i, ball, 1]
            play[i, PASSED] = 1.0


def throw(frames: Frames) -> None:
    if frames.roster.ball >= 0:
        _throw(frames.xyz, frames.roster.ball, frames.t, frames.lo, frames.hi, frames["play"])


@kernel
def _arrival(xyz: Any, ball: int, t: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, ARRIVE_X, ARRIVE_T, play[i, PHASE] == SET)
        if play[i, PHASE] != IN_AIR and play[i - 1, PHASE] == IN_AIR:
            play[i, ARRIVE_T], play[i, ARRIVE_X], play[i, ARRIVE_Y] = t[i], xyz[i, ball, 0], xyz[i, ball, 1]


def arrival(frames: Frames) -> None:
    """Time and place at which a pass came down."""
    if frames.roster.ball >= 0:
        _arrival(frames.xyz, frames.roster.ball, frames.t, frames.lo, frames.hi, frames["play"])


@kernel
def _carry(xyz: Any, ball: int, t: Any, lo: int, hi: int, play: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(play, i, CARRY_T, CARRY_Y, play[i, PHASE] == SET)
        if play[i, PHASE] == CARRIED and play[i - 1, PHASE] != CARRIED:
            play[i, CARRY_T], play[i, CARRY_X], play[i, CARRY_Y] = t[i], xyz[i, ball, 0], xyz[i, ball, 1]


def carry(frames: Frames) -> None:
    """Time and place at which the ball came into a runner's hands."""
    if frames.roster.ball >= 0:
        _carry(frames.xyz, frames.roster.ball, frames.t, frames.lo, frames.hi, frames["play"])


SIGNALS: Final = (PLAY, WHO, PLACE)
STEPS: Final = (
    Step("play.phase", phase, (PLAY,)),
    Step("play.offense", offense),
    filling(kernel_step("play.way", _way, PLAY, "attack")),
    Step("play.who", who, (WHO,)),
    filling(kernel_step("play.seen", _seen, PLAY, "who")),
    Step("play.snap", snap),
    filling(kernel_step("play.age", _age, PLAY, "t")),
    kernel_step("play.place", _place, PLACE, "xyz", "who", "play"),
    Step("play.throw", throw),
    Step("play.arrival", arrival),
    Step("play.carry", carry),
)
