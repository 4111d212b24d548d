"""The aims of the players of a running play, and the target of a passer. Everything is in the play's frame, with the slots of
``engine``: positions ``pos`` and velocities ``vel`` are (22, 2), ``plan`` is the play as it was drawn."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from simulators.nfl.bodies import DT, crowd_of, off_m
from simulators.soccer.random_numbers import uniform

#: who may catch a pass
ELIGIBLE: Final = (1, 7, 8, 9, 10)
#: since the end of the stem, s: a receiver who stops stands, another one has turned
SETTLED_S, TURNED_S = 0.9, 0.3


@kernel
def open_man(plan: Any, pos: Any, beaten: Any, rng: Any) -> int:
    """The receiver that the passer prefers of those whose route is far enough; the back when there is none."""
    best, target = -1.0, -1
    for i in range(5):
        n = ELIGIBLE[i]
        # to a receiver who is going to stop, the ball leaves after the stop
        since = SETTLED_S if plan.settles[n] == 1 else TURNED_S
        ready = beaten[n] > since or (plan.settles[n] == 2 and pos[n, 0] > 9.0) or n == 1
        if ready:
            near, _ = crowd_of(pos, n)
            want = uniform(rng, 0) * 4.0 + min(near, 4.0) * 0.5 - 0.20 * max(pos[n, 0], 0.0) + (0.0 if n != 1 else -2.25)
            if want > best:
                best, target = want, n
    if target < 0:
        target = 1
    return target


@kernel
def landing(
    plan: Any, pos: Any, vel: Any, target: int, from_u: float, from_v: float, half_width: float
) -> tuple[float, float, float]:
    """(u, v, s) where and when a pass to ``target`` comes down, led by the receiver's present run."""
    land_u, land_v, took = pos[target, 0], pos[target, 1], 0.5
    for _ in range(3):
        far = np.sqrt((land_u - from_u) ** 2 + (land_v - from_v) ** 2)
        took = np.ceil(max(far / 19.0, 0.3) * 5.0 - 1e-9) / 5.0
        land_u = min(pos[target, 0] + vel[target, 0] * took, plan.to_goal + 8.6)
        land_v = min(max(pos[target, 1] + vel[target, 1] * took, 0.8 - half_width), half_width - 0.8)
    return land_u, land_v, took


@kernel
def lane(plan: Any, pos: Any, stun: Any, n: int, caught: bool, half_width: float) -> tuple[float, float]:
    """Upfield, through the planned lane or from the place of the catch, and away from the nearest defender."""
    side = plan.lane if not caught else pos[n, 1]
    tu, tv = pos[n, 0] + 6.0, side if pos[n, 0] < 2.0 and not caught else pos[n, 1]
    for m in range(11, 22):
        du, dv = pos[m, 0] - pos[n, 0], pos[m, 1] - pos[n, 1]
        if -0.5 < du < 4.0 and abs(dv) < 3.0 and stun[m] <= 0.0:
            tv -= (3.0 - abs(dv)) * (1.0 if dv > 0.0 else -1.0) * 0.8
    return tu, min(max(tv, 1.5 - half_width), half_width - 1.5)


@kernel
def block(plan: Any, pos: Any, free: Any, n: int, carried: bool, carrier: int) -> tuple[float, float, float]:
    """Between the assigned rusher, or the nearest once the ball is carried, and the ball; and how much slower a blocker is past a
    rusher who is free."""
    m = plan.assign[n]
    if m < 0 or carried:
        hub = carrier if carrier >= 0 else 0
        best = 9.0
        for k in range(11, 22):
            if off_m(pos, n, k) < best and plan.assign[n] < 0:
                best, m = off_m(pos, n, k), k
        hub_u, hub_v = pos[hub, 0], pos[hub, 1]
    else:
        hub_u, hub_v = pos[0, 0], pos[0, 1]
    if m < 0:
        return pos[n, 0] + 1.0, pos[n, 1], 1.0
    du, dv = hub_u - pos[m, 0], hub_v - pos[m, 1]
    far = max(np.sqrt(du * du + dv * dv), 0.1)
    return pos[m, 0] + du / far * 0.75, pos[m, 1] + dv / far * 0.75, 0.35 if free[m] > 0.0 else 1.0


@kernel
def held(pos: Any, n: int, run: bool) -> bool:
    """Whether a blocker is close enough to hold rusher ``n``: on a run any of them, else those who do not run routes."""
    near = False
    for k in range(1, 11):
        if off_m(pos, n, k) < 1.15 and (k < 8 or run):
            near = True
    return near


@kernel
def shadow(plan: Any, places: Any, vel: Any, n: int, f: int) -> tuple[float, float]:
    """Man coverage: the receiver's place when last seen, moved on by most of the run since."""
    r = plan.assign[n]
    then = max(f - plan.lag[n], 0)
    tu = places[then, r, 0] + plan.offset[n, 0] + vel[r, 0] * plan.lag[n] * DT * 0.75
    tv = places[then, r, 1] + plan.offset[n, 1] + vel[r, 1] * plan.lag[n] * DT * 0.75
    return tu, tv


@kernel
def zone(plan: Any, pos: Any, n: int) -> tuple[float, float]:
    """Zone coverage: the defender's place, a third of the way towards the nearest receiver within 7 m of it."""
    tu, tv = plan.zone[n, 0], plan.zone[n, 1]
    best, near_u, near_v = 7.0, tu, tv
    for i in range(5):
        r = ELIGIBLE[i]
        off = np.sqrt((pos[r, 0] - tu) ** 2 + (pos[r, 1] - tv) ** 2)
        if off < best:
            best, near_u, near_v = off, pos[r, 0], pos[r, 1]
    return tu + 0.35 * (near_u - tu), tv + 0.35 * (near_v - tv)
