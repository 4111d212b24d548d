"""How a body moves: towards its aim, no faster than it can, with acceleration that itself changes smoothly.

Acceleration falls with speed (a sprinter at top speed has none left), nothing exceeds 4.6 m/s2, and the acceleration follows its
wish with a time constant of 0.12 s, so that a trace looks like a person and not like a billiard ball.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel
from simulators.soccer.state import CLOCK_S, DT, SLOTS, T_ACCEL, T_SPEED, State

BRAKE_MPS2: Final = 4.6
EASE_S: Final = 0.12
REACT_S: Final = 0.30


@kernel
def reach_s(s: State, k: int, x: float, y: float) -> float:
    """Seconds that slot ``k`` needs to get to (x, y): the player drifts on for a moment, then runs at four fifths of top speed."""
    px = s.pos[k, 0] + s.vel[k, 0] * REACT_S
    py = s.pos[k, 1] + s.vel[k, 1] * REACT_S
    top = 0.80 * s.traits[s.who[k], T_SPEED]
    return float(REACT_S + np.hypot(x - px, y - py) / top + s.stun[k])


@kernel
def move(s: State) -> None:
    """One frame for all players."""
    tired = 1.0 - 0.06 * min(s.f[CLOCK_S] / 5400.0, 1.0)
    for k in range(SLOTS):
        if s.who[k] < 0:
            continue
        top = s.traits[s.who[k], T_SPEED] * tired
        cap = min(s.cap[k], top)
        if s.stun[k] > 0.0:
            s.stun[k] -= DT
            cap = min(cap, 1.8)
        dx, dy = s.aim[k, 0] - s.pos[k, 0], s.aim[k, 1] - s.pos[k, 1]
        gap = np.hypot(dx, dy)
        want = min(cap, np.sqrt(2.0 * 2.6 * max(gap - 0.15, 0.0)))
        wx, wy = 0.0, 0.0
        if gap > 1e-6:
            wx, wy = want * dx / gap, want * dy / gap
        ax, ay = (wx - s.vel[k, 0]) / 0.30, (wy - s.vel[k, 1]) / 0.30
        # players do not run through each other: shoulders push apart within 0.8 m
        for j in range(SLOTS):
            if j != k and s.who[j] >= 0:
                ox, oy = s.pos[k, 0] - s.pos[j, 0], s.pos[k, 1] - s.pos[j, 1]
                if abs(ox) < 0.8 and abs(oy) < 0.8:
                    near = np.hypot(ox, oy)
                    if 1e-6 < near < 0.8:
                        push = 6.0 * (0.8 - near) / near
                        ax += push * ox
                        ay += push * oy
        speed = np.hypot(s.vel[k, 0], s.vel[k, 1])
        if speed > 0.3:
            hx, hy = s.vel[k, 0] / speed, s.vel[k, 1] / speed
            along = ax * hx + ay * hy
            side_x, side_y = ax - along * hx, ay - along * hy
            most = s.traits[s.who[k], T_ACCEL] * min(1.0, 2.1 * (1.0 - speed / top)) + 0.05
            if along > most:
                along = most
            ax, ay = along * hx + side_x, along * hy + side_y
        size = np.hypot(ax, ay)
        limit = BRAKE_MPS2
        if size > limit:
            ax *= limit / size
            ay *= limit / size
        ease = DT / EASE_S
        s.acc[k, 0] += (ax - s.acc[k, 0]) * ease
        s.acc[k, 1] += (ay - s.acc[k, 1]) * ease
        s.vel[k, 0] += s.acc[k, 0] * DT
        s.vel[k, 1] += s.acc[k, 1] * DT
        speed = np.hypot(s.vel[k, 0], s.vel[k, 1])
        if speed > top:
            s.vel[k, 0] *= top / speed
            s.vel[k, 1] *= top / speed
        s.pos[k, 0] += s.vel[k, 0] * DT
        s.pos[k, 1] += s.vel[k, 1] * DT
