"""The ball: gravity, air drag, bounce, rolling; and how hard to strike it so that it arrives.

Drag: a = -k |v| v with k = rho Cd A / 2m = 1.2 x 0.25 x 0.0388 / (2 x 0.43) = 0.0135 1/m (Goff and Carre 2009 give
Cd 0.2 to 0.3 above 12 m/s). Rolling friction on grass 1.0 m/s2. A bounce keeps 0.58 of the vertical and 0.78 of the
horizontal speed.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel
from simulators.soccer.state import DT, PATH, Floats

G: Final = 9.81
DRAG: Final = 0.0135
ROLL: Final = 1.0
BOUNCE: Final = 0.58
SKID: Final = 0.78


@kernel
def fly(b: Floats, dt: float) -> None:
    """Move the ball ``b`` (x, y, z, vx, vy, vz) by ``dt`` seconds, in place."""
    speed = np.sqrt(b[3] * b[3] + b[4] * b[4] + b[5] * b[5])
    if b[2] <= 0.0 and b[5] <= 0.0:
        slow = speed - (ROLL + DRAG * speed * speed) * dt
        if slow <= 0.0:
            b[3] = b[4] = 0.0
        elif speed > 0.0:
            b[3] *= slow / speed
            b[4] *= slow / speed
        b[2] = b[5] = 0.0
    else:
        pull = DRAG * speed * dt
        b[3] -= pull * b[3]
        b[4] -= pull * b[4]
        b[5] -= pull * b[5] + G * dt
    b[0] += b[3] * dt
    b[1] += b[4] * dt
    b[2] += b[5] * dt
    if b[2] < 0.0:
        b[2] = 0.0
        if b[5] < -1.2:
            b[5] *= -BOUNCE
            b[3] *= SKID
            b[4] *= SKID
        else:
            b[5] = 0.0


@kernel
def predict(b: Floats, path: Floats) -> None:
    """Fill ``path`` (PATH, 4) with s ahead, x, y, z."""
    c = b.copy()
    for j in range(PATH):
        path[j, 0] = j * 2 * DT
        path[j, 1] = c[0]
        path[j, 2] = c[1]
        path[j, 3] = c[2]
        fly(c, DT)
        fly(c, DT)


@kernel
def strike_ground(b: Floats, x: float, y: float, arrive_mps: float) -> float:
    """Roll the ball so that it passes (x, y) at ``arrive_mps``; the seconds that takes."""
    dx, dy = x - b[0], y - b[1]
    far = np.sqrt(dx * dx + dy * dy)
    speed, gone, t = arrive_mps, 0.0, 0.0
    while gone < far and speed < 27.0:
        gone += speed * DT
        speed += (ROLL + DRAG * speed * speed) * DT
        t += DT
    if far > 1e-6:
        b[3], b[4] = speed * dx / far, speed * dy / far
    b[2], b[5] = 0.0, 0.0
    return t


@kernel
def _descends_at(b: Floats, far: float, speed: float, rise: float, height_m: float) -> float:
    """Metres flown when a ball struck at ``speed`` comes down to ``height_m``; -1 if it never rose to it."""
    c = np.zeros(6)
    c[2] = b[2]
    c[3] = speed * np.sqrt(1.0 - rise * rise)
    c[5] = speed * rise
    top = c[2]
    for _ in range(150):
        if c[5] < 0.0 and c[2] <= height_m:
            return float(c[0]) if top >= height_m else -1.0
        fly(c, DT)
        if c[2] > top:
            top = c[2]
        if c[0] > far * 1.5 + 5.0:
            return float(c[0])
        if c[2] <= 0.0 and c[5] >= 0.0:
            return float(c[0]) if top >= height_m else -1.0
    return float(c[0])


@kernel
def strike_air(b: Floats, x: float, y: float, height_m: float, rise: float) -> float:
    """Loft the ball so that it comes down to ``height_m`` above (x, y); ``rise`` is the sine of the launch angle. Seconds."""
    dx, dy = x - b[0], y - b[1]
    far = max(np.sqrt(dx * dx + dy * dy), 0.5)
    low, high = 3.0, 36.0
    for _ in range(14):
        speed = 0.5 * (low + high)
        if _descends_at(b, far, speed, rise, height_m) < far:
            low = speed
        else:
            high = speed
    speed = 0.5 * (low + high)
    flat = speed * np.sqrt(1.0 - rise * rise)
    b[3], b[4], b[5] = flat * dx / far, flat * dy / far, speed * rise
    b[2] = max(b[2], 0.02)
    return float(far / (flat * (1.0 - 0.5 * DRAG * far)) if far < 60.0 else far / (0.6 * flat))


@kernel
def strike_at(b: Floats, x: float, y: float, z: float, speed: float) -> float:
    """Shoot so that the ball passes (x, y, z); seconds of flight. The rise is found by flying it and correcting."""
    dx, dy = x - b[0], y - b[1]
    far = max(np.sqrt(dx * dx + dy * dy), 0.5)
    up = max(z - b[2], 0.0) * speed / far + 0.5 * G * far / speed
    t = far / speed
    c = np.zeros(6)
    for _ in range(8):
        c[0], c[1], c[2], c[3], c[4], c[5] = 0.0, 0.0, b[2], speed, 0.0, up
        t = 0.0
        while c[0] < far and t < 4.0:
            pull = DRAG * np.sqrt(c[3] * c[3] + c[5] * c[5]) * DT
            c[3] -= pull * c[3]
            c[5] -= pull * c[5] + G * DT
            c[0] += c[3] * DT
            c[2] += c[5] * DT
            t += DT
        up = min(up + (z - c[2]) / max(t, 0.1), 0.5 * speed)
    b[3], b[4], b[5] = speed * dx / far, speed * dy / far, up
    b[2] = max(b[2], 0.02)
    return float(t)
