"""How far a ball flies: gravity, drag and the lift of backspin, all with constant coefficients.

The acceleration is -g - k_d v |v| + k_l |v| (v turned upwards by a right angle), as in A. Nathan, "The physics of baseball"
(trajectory calculator); k_d and k_l belong to a drag coefficient of 0.35 and a lift coefficient of 0.17, chosen so that 100 mph
at 28 degrees carries about 400 ft. The steps are fixed, so that a replay gives the same bits.
"""

from __future__ import annotations

from math import cos, sin, sqrt
from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats

G_MPS2: Final = 9.80665
DRAG_PER_M: Final = 0.0062
LIFT_PER_M: Final = 0.0030
CONTACT_M: Final = 0.9
STEP_S: Final = 0.01
LONGEST_S: Final = 12.0


@kernel
def _step(state: Any) -> None:
    """One step (midpoint rule) of (distance, height, horizontal speed, vertical speed), in place."""
    vx, vz = state[2], state[3]
    for half in range(2):
        speed = sqrt(vx * vx + vz * vz)
        ax = -DRAG_PER_M * speed * vx - LIFT_PER_M * speed * vz
        az = -G_MPS2 - DRAG_PER_M * speed * vz + LIFT_PER_M * speed * vx
        dt = 0.5 * STEP_S if half == 0 else STEP_S
        if half == 0:
            vx, vz = state[2] + dt * ax, state[3] + dt * az
        else:
            state[0] += dt * vx
            state[1] += dt * vz
            state[2] += dt * ax
            state[3] += dt * az


@kernel
def carry(speed_mps: float, launch_rad: float) -> Any:
    """(3,) where it would come down if nothing stood in the way: distance m, time in the air s, speed along the ground m/s."""
    state = np.array([0.0, CONTACT_M, speed_mps * cos(launch_rad), speed_mps * sin(launch_rad)])
    out = np.zeros(3)
    t = 0.0
    while state[1] > 0.0 and t < LONGEST_S:
        before, height = state[0], state[1]
        _step(state)
        share = height / (height - state[1]) if state[1] <= 0.0 else 1.0
        out[0] = before + share * (state[0] - before)
        t += share * STEP_S
    out[1], out[2] = t, max(state[2], 0.0)
    return out


@kernel
def height_at(speed_mps: float, launch_rad: float, distance_m: float) -> float:
    """Height of the ball when it is ``distance_m`` away, 0 when it has come down before."""
    state = np.array([0.0, CONTACT_M, speed_mps * cos(launch_rad), speed_mps * sin(launch_rad)])
    t = 0.0
    while state[1] > 0.0 and t < LONGEST_S:
        if state[0] >= distance_m:
            return float(state[1])
        _step(state)
        t += STEP_S
    return 0.0


@kernel
def fly(speed_mps: float, launch_rad: float, times_s: Any, out: Any) -> None:
    """Distance and height (n, 2) at increasing ``times_s`` (n,) after contact; on the ground it rolls on and slows down."""
    state = np.array([0.0, CONTACT_M, speed_mps * cos(launch_rad), speed_mps * sin(launch_rad)])
    t, down_s, down_m, pace = 0.0, -1.0, 0.0, 0.0
    for i in range(times_s.shape[0]):
        while down_s < 0.0 and t + STEP_S <= times_s[i]:
            _step(state)
            t += STEP_S
            if state[1] <= 0.0:
                down_s, down_m, pace = t, state[0], rolling_mps(state[2])
        if down_s < 0.0:
            left = times_s[i] - t
            out[i, 0], out[i, 1] = state[0] + left * state[2], max(state[1] + left * state[3], 0.0)
        else:
            out[i, 0], out[i, 1] = down_m + rolled_m(pace, times_s[i] - down_s), 0.0


#: what of the speed along the ground is left after the first bounce, and how fast it fades, per second
KEPT: Final = 0.75
FADE_PER_S: Final = 0.45


@kernel
def rolling_mps(speed_mps: float) -> float:
    return KEPT * speed_mps


@kernel
def rolled_m(pace_mps: float, seconds: float) -> float:
    """How far a ball that starts to roll at ``pace_mps`` has come."""
    return float(pace_mps * (1.0 - np.exp(-FADE_PER_S * seconds)) / FADE_PER_S)


def carried(speed_mps: float, launch_rad: float) -> Floats:
    """:func:`carry` for one ball, as an array."""
    out: Floats = carry(float(speed_mps), float(launch_rad))
    return out
