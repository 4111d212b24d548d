"""A forward pass in the air: where and when it comes down, for whom, and who will be there.

The place is foretold from the target's own run and the ball's speed over the ground, and is the ball's own once it is down; the row
of the arrival is the last that changes ``flight``, which is then held until the next play.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Step
from features.core.steps import filling, kernel_step
from features.nfl.columns import (
    ARRIVE_T,
    ARRIVE_X,
    ARRIVE_Y,
    EVENT_KEEP_S,
    PASSER,
    PHASE,
    TARGET,
    THROW_T,
    THROW_X,
    THROW_Y,
    apart,
    hold,
)
from features.nfl.pocket import AT_THROW
from features.nfl.vocabulary import IN_AIR, SET

FAR_M: Final = 8.0
MOST_LEFT_S: Final = 4.0

#: a pass has to fly so long before it shows for whom it is, s
SHOWS_S: Final = 0.39
#: in the air a covering defender makes up this share of the gap a second, down to no less than that share of it: round figures
CLOSES_PER_S: Final = 0.25
CLOSES_TO: Final = 0.5
#: a pass is at least so fast over the ground, m/s, and at most so many rows long
SLOWEST_MPS: Final = 5.0
ROWS_BACK: Final = 45

#: a receiver with this much room is open, a passer and a catch with so much are undisturbed: more says nothing more, m
OPEN_M: Final = 3.0
UNHURRIED_M: Final = 6.0
ROOM_M: Final = 8.0
#: nearer to the sideline than this no ball is caught with both feet inside, m
INSIDE_M: Final = 0.8

COMPLETION_FEATURES: Final = (
    ("air_m", "m", "length of the throw"),
    ("meet_m", "m", "receiver to the nearest defender when the ball is there"),
    ("pressure_m", "m", "nearest rusher at the throw"),
    ("sideline_m", "m", "place of the catch to the sideline"),
)
AIR, MEET, PRESSURE, SIDELINE, LEFT_S, LAND_X, LAND_Y, GAP, RELEASED = range(9)
FLIGHT = Signal("flight", "mixed", (9,), keep_s=EVENT_KEEP_S)


@kernel
def flies(play: Any, i: int) -> bool:
    """Whether the ball is in the air in this row, or has come down in it."""
    down = play[i, ARRIVE_T] != play[i - 1, ARRIVE_T] and not np.isnan(play[i, ARRIVE_T])
    return bool((play[i, PHASE] == IN_AIR or down) and play[i, TARGET] >= 0.0)


@kernel
def fresh(play: Any, i: int) -> bool:
    """Whether nothing of an earlier pass may be left: both teams line up, or the ball has just been thrown."""
    thrown = play[i, PHASE] == IN_AIR and play[i - 1, PHASE] != IN_AIR
    return bool(play[i, PHASE] == SET or thrown)


@kernel
def _left(play: Any, xyz: Any, velocity: Any, t: Any, ball: int, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, LEFT_S, LEFT_S, fresh(play, i))
        if not flies(play, i):
            continue
        if play[i, PHASE] != IN_AIR:
            flight[i, LEFT_S] = 0.0
            continue
        n, flown = int(play[i, TARGET]), t[i] - play[i, THROW_T]
        if not flown > 0.05:
            continue
        # over the ground a ball keeps its speed; the receiver runs on while it comes
        fast = np.sqrt((xyz[i, ball, 0] - play[i, THROW_X]) ** 2 + (xyz[i, ball, 1] - play[i, THROW_Y]) ** 2) / flown
        left = 0.0
        for _ in range(4):
            dx = xyz[i, n, 0] + left * velocity[i, n, 0] - xyz[i, ball, 0]
            dy = xyz[i, n, 1] + left * velocity[i, n, 1] - xyz[i, ball, 1]
            left = min(np.sqrt(dx * dx + dy * dy) / max(fast, SLOWEST_MPS), MOST_LEFT_S)
        if not np.isnan(left):
            flight[i, LEFT_S] = left


def left(frames: Frames) -> None:
    if frames.roster.ball >= 0:
        _left(
            frames["play"],
            frames.xyz,
            frames["velocity"],
            frames.t,
            frames.roster.ball,
            frames.lo,
            frames.hi,
            frames["flight"],
        )


@kernel
def _landing(play: Any, xyz: Any, velocity: Any, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, LAND_X, LAND_Y, fresh(play, i))
        if not flies(play, i):
            continue
        if play[i, PHASE] != IN_AIR:
            flight[i, LAND_X], flight[i, LAND_Y] = play[i, ARRIVE_X], play[i, ARRIVE_Y]
            continue
        n, s = int(play[i, TARGET]), flight[i, LEFT_S]
        x, y = xyz[i, n, 0] + s * velocity[i, n, 0], xyz[i, n, 1] + s * velocity[i, n, 1]
        if not (np.isnan(x) or np.isnan(y)):
            flight[i, LAND_X], flight[i, LAND_Y] = x, y


@kernel
def _air(play: Any, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, AIR, AIR, fresh(play, i))
        if flies(play, i):
            flight[i, AIR] = np.sqrt((flight[i, LAND_X] - play[i, THROW_X]) ** 2 + (flight[i, LAND_Y] - play[i, THROW_Y]) ** 2)


@kernel
def _gap(play: Any, xyz: Any, who: Any, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, GAP, GAP, fresh(play, i))
        if not flies(play, i):
            continue
        n, best = int(play[i, TARGET]), np.nan
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0:
                off = apart(xyz, i, n, m)
                if not off >= best and not np.isnan(off):
                    best = off
        # a defence that is not seen is not far away
        flight[i, GAP] = min(best, FAR_M) if not np.isnan(best) else np.nan


@kernel
def _released(play: Any, gap: Any, lo: int, hi: int, flight: Any) -> None:
    """The receiver's gap when the ball was released, once it is known whom it is for."""
    for i in range(max(lo, 1), hi):
        hold(flight, i, RELEASED, RELEASED, fresh(play, i))
        if not flies(play, i):
            continue
        n, k = int(play[i, TARGET]), i
        while k > 0 and k > i - ROWS_BACK and play[k - 1, PHASE] == IN_AIR:
            k -= 1
        if not np.isnan(gap[k, n, 0]) and play[k, THROW_T] == play[i, THROW_T]:
            flight[i, RELEASED] = min(gap[k, n, 0], FAR_M)


@kernel
def _meet(play: Any, t: Any, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, MEET, MEET, fresh(play, i))
        if not flies(play, i):
            continue
        if play[i, PHASE] != IN_AIR:
            flight[i, MEET] = min(flight[i, GAP], OPEN_M) if not np.isnan(flight[i, GAP]) else np.nan
            continue
        flight_s = t[i] - play[i, THROW_T] + flight[i, LEFT_S]
        flight[i, MEET] = min(flight[i, RELEASED] * max(1.0 - CLOSES_PER_S * flight_s, CLOSES_TO), OPEN_M)


@kernel
def _sideline(play: Any, half_width_m: float, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, SIDELINE, SIDELINE, fresh(play, i))
        if flies(play, i):
            flight[i, SIDELINE] = min(max(half_width_m - abs(flight[i, LAND_Y]), INSIDE_M), ROOM_M)


def sideline(frames: Frames) -> None:
    _sideline(frames["play"], frames.field.width_m / 2, frames.lo, frames.hi, frames["flight"])


@kernel
def _pressure(play: Any, pocket: Any, lo: int, hi: int, flight: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(flight, i, PRESSURE, PRESSURE, fresh(play, i))
        if flies(play, i):
            # no defender arrived: the receiver has all the time there is; unless the receiver is not known
            near = pocket[i, AT_THROW]
            alone = UNHURRIED_M if play[i, PASSER] >= 0.0 else np.nan
            flight[i, PRESSURE] = alone if np.isnan(near) else min(near, UNHURRIED_M)


@kernel
def _inputs(play: Any, flight: Any, t: Any, ends: Any, out: Any) -> None:
    for k in range(ends.shape[0]):
        i = ends[k]
        shows = play[i, PHASE] == IN_AIR and play[i, TARGET] >= 0.0 and t[i] - play[i, THROW_T] >= SHOWS_S
        for c in range(out.shape[2]):
            out[k, 0, c] = flight[i, c] if shows and not np.isnan(flight[i, AIR]) else np.nan


def completion_features(frames: Frames, ends: Ints) -> Floats:
    """(K, 1, F): :data:`COMPLETION_FEATURES` while a pass is in the air and it shows for whom; all NaN otherwise."""
    out = np.empty((len(ends), 1, len(COMPLETION_FEATURES)))
    _inputs(frames["play"], frames["flight"], frames.t, ends, out)
    return out


SIGNALS: Final = (FLIGHT,)
STEPS: Final = (
    Step("flight.left", left, (FLIGHT,)),
    filling(kernel_step("flight.landing", _landing, FLIGHT, "play", "xyz", "velocity")),
    filling(kernel_step("flight.air", _air, FLIGHT, "play")),
    filling(kernel_step("flight.gap", _gap, FLIGHT, "play", "xyz", "who")),
    filling(kernel_step("flight.released", _released, FLIGHT, "play", "gap")),
    filling(kernel_step("flight.meet", _meet, FLIGHT, "play", "t")),
    Step("flight.sideline", sideline),
    filling(kernel_step("flight.pressure", _pressure, FLIGHT, "play", "pocket")),
)
