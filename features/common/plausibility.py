"""Which velocities of a human body to believe: tracking swaps and loses people, and a place that jumps makes a speed that no body
runs.

Two checks, both causal. A *place* is a break when it is further from where the last believed velocity would have taken the body
than noise and a change of pace explain: what lies before a break is another track, and a slope is fitted to what lies after it
alone. A *speed* is believed when it can be reached from the last believed one: upwards along the curve of a sprint, v(t) = V - (V -
v0) exp(-a t / V) (Furusawa, Hill and Parkinson 1927; Samozino et al. 2016), downwards at a constant braking. What is not believed
is NaN: it is not bent to what would be possible.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from features.common.kinematics import ragged_slope
from features.core.compiled import kernel


class Body(NamedTuple):
    """Limits of a body: metres that a place may be off, m/s that a fitted pace may lag behind, the fastest it runs (m/s), what it
    starts with and brakes with (m/s2), and m/s of noise in a speed."""

    jump_m: float
    jump_mps: float
    fastest_mps: float
    push_mps2: float
    brake_mps2: float
    noise_mps: float


#: state of an entity: seen, time, x, y; where the track began; believed, time, vx, vy
MEMORY: Final = 9


@kernel
def believe(
    xyz: Any,
    flat: Any,
    t: Any,
    who: Any,
    samples: int,
    reach_s: float,
    curvature: float,
    least: int,
    body: Any,
    lo: int,
    hi: int,
    memory: Any,
    velocity: Any,
) -> None:
    """Check rows ``lo..hi`` of ``velocity`` (rows, N, 2), m/s, of the entities ``who``, in place: fitted again after a break, NaN
    where not believed.

    ``flat`` (rows, 3 N) are the same places as ``xyz`` (rows, N, 3); ``samples``, ``reach_s``, ``curvature`` and ``least`` are
    those of the fit; ``memory`` (N, :data:`MEMORY`) carries what the next rows need.
    """
    jump_m, jump_mps, fastest, push, brake, noise = body
    for i in range(lo, hi):
        for k in range(who.shape[0]):
            n = who[k]
            x, y = xyz[i, n, 0], xyz[i, n, 1]
            if np.isnan(x) or np.isnan(y) or np.isnan(t[i]):
                continue
            m = memory[n]
            fresh = m[5] > 0.0 and t[i] - m[6] <= reach_s
            dt = t[i] - m[1]
            if m[0] == 0.0 or dt > reach_s:
                m[4] = t[i]
            else:
                px, py, off = m[2], m[3], jump_m + fastest * dt
                if fresh:
                    change = jump_mps + push * (t[i] - m[6] - dt)  # the velocity may be older than the place
                    px, py, off = px + m[7] * dt, py + m[8] * dt, jump_m + change * dt
                if (x - px) ** 2 + (y - py) ** 2 > off * off:
                    m[4] = t[i]
            m[0], m[1], m[2], m[3] = 1.0, t[i], x, y
            vx, vy = velocity[i, n, 0], velocity[i, n, 1]
            if t[i] - m[4] < reach_s:
                age = t[i] - m[4] + 1e-6
                vx = ragged_slope(flat, t, i, 3 * n, samples, age, curvature, least)
                vy = ragged_slope(flat, t, i, 3 * n + 1, samples, age, curvature, least)
            v = np.sqrt(vx * vx + vy * vy)
            good = v <= fastest  # a NaN is not
            if good and m[5] > 0.0:
                gone = t[i] - m[6]
                before = np.sqrt(m[7] * m[7] + m[8] * m[8])
                most = fastest - (fastest - before) * np.exp(-push * gone / fastest) + noise
                good = before - brake * gone - noise <= v <= most
            if good:
                m[5], m[6], m[7], m[8] = 1.0, t[i], vx, vy
            else:
                vx, vy = np.nan, np.nan
            velocity[i, n, 0], velocity[i, n, 1] = vx, vy
