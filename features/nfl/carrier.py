"""The ball carrier and the tacklers: ground gained, path, contact, the nearest tacklers, and what lies ahead.

``carry`` holds what was true when the carrier got the ball and is kept until the next play: it is the input of the models of
rushing yards and of yards after the catch. ``crowd`` is the sum over defenders of exp(-distance / 3 m): one right there counts 1.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat, Step
from features.core.steps import filling, kernel_step
from features.nfl.alignment import BOX
from features.nfl.columns import (
    CARRIER,
    CARRY_T,
    EVENT_KEEP_S,
    LOS,
    PASSED,
    PHASE,
    SNAP_T,
    WAY,
    YD,
    apart,
    hold,
)
from features.nfl.vocabulary import CARRIED, SET

CROWD_M: Final = 3.0
#: a defender within five yards may make the tackle
REACH_M: Final = 5.0 * YD
#: how sharply the nearest is preferred, m
SHARE_M: Final = 1.5
AHEAD_M: Final = 10.0 * YD

(
    NEAR,
    CROWD,
    FORWARD,
    START_U,
    CARRY_BOX,
    CAUGHT,
    TO_GOAL,
    SIDELINE,
    GAINED,
    PATH,
    BEHIND_S,
    CLOSE_U,
    NOW_NEAR,
    NOW_CLOSING,
    AHEAD,
    LEAD,
    TOP,
    PURSUIT,
) = range(18)
CARRY = Signal("carry", "mixed", (18,), keep_s=EVENT_KEEP_S)
TACKLE_FEATURES: Final = (
    ("distance_m", "m", "distance to the runner"),
    ("share", "0..1", "nearness among all defenders"),
    ("gained_yd", "yd", "yards gained so far"),
    ("caught", "0..1", "after a catch"),
    ("near_m", "m", "nearest defender when he got the ball"),
    ("crowd", "count", "defenders around when he got the ball"),
    ("forward_mps", "m/s", "speed towards the goal line when he got the ball"),
    ("box", "count", "men in the box"),
)
T_DISTANCE, T_SHARE, T_GAINED, T_CAUGHT, T_NEAR, T_CROWD, T_FORWARD, T_BOX = range(8)
TACKLE = Signal("tackle", "mixed", ("N", 8), keep_s=EVENT_KEEP_S)


@kernel
def begins(play: Any, i: int) -> bool:
    """Whether the ball came into a runner's hands in this row."""
    return bool(play[i, PHASE] == CARRIED and play[i, CARRIER] >= 0.0 and play[i, CARRY_T] != play[i - 1, CARRY_T])


@kernel
def _near(play: Any, xyz: Any, who: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, NEAR, CROWD, play[i, PHASE] == SET)
        if not begins(play, i):
            continue
        n, best, crowd = int(play[i, CARRIER]), np.nan, 0.0
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0:
                off = apart(xyz, i, n, m)
                if not np.isnan(off):
                    crowd += np.exp(-off / CROWD_M)
                    if not off >= best:
                        best = off
        carry[i, NEAR], carry[i, CROWD] = best, crowd


@kernel
def _forward(play: Any, velocity: Any, place: Any, lineup: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, FORWARD, CAUGHT, play[i, PHASE] == SET)
        if begins(play, i):
            n = int(play[i, CARRIER])
            carry[i, FORWARD], carry[i, START_U] = play[i, WAY] * velocity[i, n, 0], place[i, n, 0]
            carry[i, CARRY_BOX], carry[i, CAUGHT] = lineup[i, BOX], play[i, PASSED]


@kernel
def _gained(play: Any, place: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, GAINED, GAINED, play[i, PHASE] == SET)
        if play[i, PHASE] == CARRIED and play[i, CARRIER] >= 0.0:
            u = place[i, int(play[i, CARRIER]), 0]
            carry[i, GAINED] = u if not np.isnan(u) else carry[i, GAINED]


@kernel
def _path(play: Any, speed: Any, t: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, PATH, PATH, play[i, PHASE] == SET)
        if play[i, PHASE] != CARRIED or play[i, CARRIER] < 0.0:
            continue
        v = speed[i, int(play[i, CARRIER])]
        before = carry[i - 1, PATH]
        if np.isnan(before) or begins(play, i):
            carry[i, PATH] = 0.0
        elif not np.isnan(v):
            carry[i, PATH] = before + v * (t[i] - t[i - 1])


@kernel
def _behind(play: Any, place: Any, t: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, BEHIND_S, BEHIND_S, play[i, PHASE] == SET)
        if play[i, PHASE] != CARRIED or play[i, CARRIER] < 0.0:
            continue
        u = place[i, int(play[i, CARRIER]), 0]
        before = 0.0 if np.isnan(carry[i - 1, BEHIND_S]) or begins(play, i) else carry[i - 1, BEHIND_S]
        carry[i, BEHIND_S] = before + (t[i] - t[i - 1] if u < 0.0 and not begins(play, i) else 0.0)


@kernel
def _close(play: Any, place: Any, xyz: Any, who: Any, lo: int, hi: int, carry: Any) -> None:
    """Ground gained when the first defender came within a yard."""
    for i in range(max(lo, 1), hi):
        hold(carry, i, CLOSE_U, CLOSE_U, play[i, PHASE] == SET)
        if play[i, PHASE] != CARRIED or play[i, CARRIER] < 0.0 or not np.isnan(carry[i, CLOSE_U]):
            continue
        n = int(play[i, CARRIER])
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0 and apart(xyz, i, n, m) < YD:
                carry[i, CLOSE_U] = place[i, n, 0]
                break


@kernel
def _tackler(play: Any, xyz: Any, velocity: Any, who: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, NOW_NEAR, NOW_CLOSING, play[i, PHASE] == SET)
        if play[i, PHASE] != CARRIED or play[i, CARRIER] < 0.0:
            continue
        n, best, closing = int(play[i, CARRIER]), np.nan, np.nan
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0:
                off = apart(xyz, i, n, m)
                if not off >= best and not np.isnan(off):
                    dx, dy = xyz[i, n, 0] - xyz[i, m, 0], xyz[i, n, 1] - xyz[i, m, 1]
                    best = off
                    closing = (dx * (velocity[i, m, 0] - velocity[i, n, 0]) + dy * (velocity[i, m, 1] - velocity[i, n, 1])) / max(
                        off, 0.05
                    )
        carry[i, NOW_NEAR], carry[i, NOW_CLOSING] = best, closing


@kernel
def _ahead(play: Any, place: Any, who: Any, lo: int, hi: int, carry: Any) -> None:
    """Defenders and blockers in the ten yards ahead of the runner, within 45 degrees of straight on."""
    for i in range(max(lo, 1), hi):
        hold(carry, i, AHEAD, LEAD, play[i, PHASE] == SET)
        if play[i, PHASE] != CARRIED or play[i, CARRIER] < 0.0:
            continue
        n, ahead, lead = int(play[i, CARRIER]), 0.0, 0.0
        for m in range(who.shape[1]):
            du, dv = place[i, m, 0] - place[i, n, 0], place[i, m, 1] - place[i, n, 1]
            if m != n and 0.0 < du < AHEAD_M and abs(dv) < du:
                ahead += 1.0 if who[i, m, 0] == -1.0 else 0.0
                lead += 1.0 if who[i, m, 0] == 1.0 else 0.0
        carry[i, AHEAD], carry[i, LEAD] = ahead, lead


@kernel
def _fastest(play: Any, speed: Any, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, TOP, TOP, play[i, PHASE] == SET)
        if play[i, PHASE] == CARRIED and play[i, CARRIER] >= 0.0:
            v = speed[i, int(play[i, CARRIER])]
            if not v <= carry[i, TOP] and not np.isnan(v):
                carry[i, TOP] = v


@kernel
def _pursuit(play: Any, xyz: Any, velocity: Any, who: Any, lo: int, hi: int, carry: Any) -> None:
    """How many defenders are gaining on the runner by a metre a second or more."""
    for i in range(max(lo, 1), hi):
        hold(carry, i, PURSUIT, PURSUIT, play[i, PHASE] == SET)
        if play[i, PHASE] != CARRIED or play[i, CARRIER] < 0.0:
            continue
        n, count = int(play[i, CARRIER]), 0.0
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0:
                dx, dy = xyz[i, n, 0] - xyz[i, m, 0], xyz[i, n, 1] - xyz[i, m, 1]
                off = max(np.sqrt(dx * dx + dy * dy), 0.05)
                gain = (dx * (velocity[i, m, 0] - velocity[i, n, 0]) + dy * (velocity[i, m, 1] - velocity[i, n, 1])) / off
                count += 1.0 if gain > 1.0 else 0.0
        carry[i, PURSUIT] = count


@kernel
def _reach(play: Any, xyz: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        n = int(play[i, CARRIER]) if play[i, CARRIER] >= 0.0 else -1
        on = play[i, PHASE] == CARRIED and n >= 0
        for m in range(out.shape[1]):
            off = apart(xyz, i, n, m) if on and who[i, m, 0] == -1.0 else np.nan
            out[i, m, T_DISTANCE] = off if off <= REACH_M else np.nan


@kernel
def _share(play: Any, xyz: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        n = int(play[i, CARRIER]) if play[i, CARRIER] >= 0.0 else -1
        total = 0.0
        if play[i, PHASE] == CARRIED and n >= 0:
            for m in range(out.shape[1]):
                if who[i, m, 0] == -1.0:
                    off = apart(xyz, i, n, m)
                    total += np.exp(-off / SHARE_M) if not np.isnan(off) else 0.0
        for m in range(out.shape[1]):
            off = out[i, m, T_DISTANCE]
            out[i, m, T_SHARE] = np.exp(-off / SHARE_M) / total if not np.isnan(off) and total > 0.0 else np.nan


@kernel
def _inputs(play: Any, carry: Any, lo: int, hi: int, out: Any) -> None:
    """What is true of the runner, beside each defender within reach."""
    for i in range(lo, hi):
        for m in range(out.shape[1]):
            on = not np.isnan(out[i, m, T_DISTANCE])
            from_u = carry[i, START_U] if carry[i, CAUGHT] == 1.0 else 0.0
            out[i, m, T_GAINED] = (carry[i, GAINED] - from_u) / YD if on else np.nan
            out[i, m, T_CAUGHT] = carry[i, CAUGHT] if on else np.nan
            out[i, m, T_NEAR] = carry[i, NEAR] if on else np.nan
            out[i, m, T_CROWD] = carry[i, CROWD] if on else np.nan
            out[i, m, T_FORWARD] = carry[i, FORWARD] if on else np.nan
            out[i, m, T_BOX] = carry[i, CARRY_BOX] if on else np.nan


def to_goal(frames: Frames) -> None:
    """Metres from the line of scrimmage to the goal line (ten yards before the field's end), and the runner's to the sideline."""
    _goal(
        frames["play"],
        frames.xyz,
        frames.field.length_m / 2 - 10.0 * YD,
        frames.field.width_m / 2,
        frames.lo,
        frames.hi,
        frames["carry"],
    )


@kernel
def _goal(play: Any, xyz: Any, half_m: float, half_width_m: float, lo: int, hi: int, carry: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(carry, i, TO_GOAL, SIDELINE, play[i, PHASE] == SET)
        if play[i, PHASE] == SET or np.isnan(play[i, SNAP_T]):
            continue
        carry[i, TO_GOAL] = half_m - play[i, WAY] * play[i, LOS]
        if play[i, PHASE] == CARRIED and play[i, CARRIER] >= 0.0:
            carry[i, SIDELINE] = half_width_m - abs(xyz[i, int(play[i, CARRIER]), 1])


def tackle_features(frames: Frames, ends: Ints) -> Floats:
    """(K, N, F): :data:`TACKLE_FEATURES` of each defender within five yards of the runner; all NaN for the others."""
    value: Floats = frames["tackle"][ends]
    return value


SIGNALS: Final = (CARRY, TACKLE)
STEPS: Final = (
    kernel_step("carrier.near", _near, CARRY, "play", "xyz", "who"),
    filling(kernel_step("carrier.forward", _forward, CARRY, "play", "velocity", "place", "lineup")),
    Step("carrier.to_goal", to_goal),
    filling(kernel_step("carrier.gained", _gained, CARRY, "play", "place")),
    filling(kernel_step("carrier.path", _path, CARRY, "play", "speed", "t")),
    filling(kernel_step("carrier.behind", _behind, CARRY, "play", "place", "t")),
    filling(kernel_step("carrier.close", _close, CARRY, "play", "place", "xyz", "who")),
    filling(kernel_step("carrier.tackler", _tackler, CARRY, "play", "xyz", "velocity", "who")),
    filling(kernel_step("carrier.ahead", _ahead, CARRY, "play", "place", "who")),
    filling(kernel_step("carrier.fastest", _fastest, CARRY, "play", "speed")),
    filling(kernel_step("carrier.pursuit", _pursuit, CARRY, "play", "xyz", "velocity", "who")),
    kernel_step("tackle.reach", _reach, TACKLE, "play", "xyz", "who"),
    filling(kernel_step("tackle.share", _share, TACKLE, "play", "xyz", "who")),
    filling(kernel_step("tackle.asked", _inputs, TACKLE, "play", "carry")),
)
STATS: Final = (
    Stat(
        "nfl.defender.tackle_probability",
        "0..1",
        "chance of each defender within five yards of the runner to make the tackle within the next yard",
        "player",
        tackle_features,
        model="nfl-tackle",
        on_screen_name="Tackle Probability",
    ),
)
