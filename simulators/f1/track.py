"""An invented circuit: a closed curve through control points, and how fast a car of this formula can go round it.

The reference lap is a point-mass lap: in corners the speed at which the tyres' grip and the downforce hold the car, between them as
much drive as power and grip allow, before them as much braking; a forward and a backward pass over 1 m steps (the usual
quasi-steady-state method, for instance Brayshaw and Harrison, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: where the road goes, in no particular unit; scaled so that the lap has LAP_M. A long straight, a hairpin, esses, a fast sweep,
#: a chicane, a second straight into a slow corner, and the last corner on to the line
_POINTS: Final = np.array(
    [
        (0, 0), (260, 2), (520, 4), (780, 2), (905, 25), (925, 95), (870, 140), (760, 150), (690, 190), (700, 260), (770, 300),
        (880, 320), (960, 380), (985, 480), (940, 560), (830, 590), (700, 575), (600, 600), (540, 660), (450, 680), (370, 640),
        (350, 560), (290, 500), (170, 480), (20, 475), (-130, 470), (-260, 450), (-300, 390), (-255, 335), (-170, 315), (-130, 260),
        (-165, 205), (-260, 180), (-330, 130), (-335, 60), (-270, 10), (-140, -2),
    ],
    np.float64,
)  # fmt: skip
LAP_M: Final = 5280.0
MINI_SECTORS: Final = 24
SECTOR_ENDS: Final = (8, 16, 24)

# a car: grip and how downforce adds to it, drive, drag, brakes
GRIP_MPS2: Final = 17.0
DOWNFORCE: Final = 0.0052  #: more lateral acceleration per (m/s)^2
MOST_LATERAL: Final = 48.0
MOST_DRIVE: Final = 11.0
POWER_W_PER_KG: Final = 950.0
DRAG: Final = 0.00125
TOP_MPS: Final = 92.0
BRAKE_MPS2: Final = 13.0
BRAKE_DOWNFORCE: Final = 0.0036
#: pit lane: where it begins before the line and ends after it, where the boxes are, the limit
PIT_IN_M: Final = 210.0
PIT_OUT_M: Final = 200.0
BOX_BEFORE_LINE_M: Final = 60.0
PIT_LIMIT_MPS: Final = 80.0 / 3.6
PIT_BRAKE_MPS2: Final = 12.0
GRID_FIRST_M: Final = 16.0
GRID_STEP_M: Final = 8.0


@dataclass(frozen=True)
class Corner:
    """``braking_m`` where the car begins to brake, ``apex_m`` where it is slowest, ``exit_m`` where it is well out of it: lap
    distances; the exit of the last corner may lie beyond the line."""

    number: int
    braking_m: float
    apex_m: float
    exit_m: float
    apex_mps: float
    drop_mps: float


@dataclass(frozen=True)
class Track:
    """At every metre of the lap: place (x, y, z) m, curvature 1/m (left positive), reference speed and acceleration, and the
    reference time since the line; the last row is the line again. ``pit_s`` is the time from the start of the last mini-sector
    through the pit lane, without standing."""

    place_m: Floats
    curvature: Floats
    speed_mps: Floats
    forward_mps2: Floats
    time_s: Floats
    corners: tuple[Corner, ...]
    #: lap distances of the ends of the mini-sectors, and the reference times there
    ends_m: Floats
    ends_s: Floats
    #: mini-sectors (from 0) in which cars pass each other
    zones: tuple[int, ...]
    #: the pit lane, from the start of the last mini-sector to the end of the first: distance since there, speed, time
    pit_m: Floats
    pit_mps: Floats
    pit_s: Floats

    @property
    def lap_s(self) -> float:
        return float(self.time_s[-1])

    def at(self, lap_m: Floats) -> Floats:
        """(..., 3) m on the map at lap distances, which may lie a lap off."""
        where = np.mod(lap_m, LAP_M)
        return np.stack([np.interp(where, np.arange(len(self.time_s)), self.place_m[:, k]) for k in range(3)], axis=-1)


def _curve() -> Floats:
    """(M, 2) points at every metre of a closed Catmull-Rom spline through the control points."""
    before, start, end, after = (np.roll(_POINTS, k, axis=0) for k in (1, 0, -1, -2))
    u = np.linspace(0.0, 1.0, 200, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)
        for a, b, c, d in zip(before, start, end, after, strict=True)
    ]
    line = np.concatenate(parts)
    line = np.concatenate([line, line[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    every = np.arange(0.0, LAP_M + 0.5) * (way[-1] / LAP_M)
    points = np.stack([np.interp(every, way, line[:, k]) for k in range(2)], axis=1) * (LAP_M / way[-1])
    return np.asarray(points - points.mean(axis=0), np.float64)


def _smooth(values: Floats, width: int) -> Floats:
    """A running mean round a closed lap."""
    kernel = np.ones(width) / width
    padded = np.concatenate([values[-width:], values, values[:width]])
    return np.asarray(np.convolve(padded, kernel, "same")[width:-width], np.float64)


def _curvature(points: Floats) -> Floats:
    lap = points[:-1]
    first = (np.roll(lap, -4, axis=0) - np.roll(lap, 4, axis=0)) / 8.0
    second = (np.roll(first, -4, axis=0) - np.roll(first, 4, axis=0)) / 8.0
    bend = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / np.hypot(first[:, 0], first[:, 1]) ** 3
    return _smooth(bend, 25)


def drive_mps2(speed: float) -> float:
    return min(MOST_DRIVE, POWER_W_PER_KG / max(speed, 1.0)) - DRAG * speed * speed


def brake_mps2(speed: float) -> float:
    return BRAKE_MPS2 + BRAKE_DOWNFORCE * speed * speed + DRAG * speed * speed


def _reference(bend: Floats) -> Floats:
    """Speed at every metre of a flying lap."""
    free = np.maximum(np.abs(bend), 1e-6)
    grip = np.where(free > DOWNFORCE, GRIP_MPS2 / np.maximum(free - DOWNFORCE, 1e-9), 1e9)
    speed = np.minimum(np.sqrt(np.minimum(grip, MOST_LATERAL / free)), TOP_MPS)
    metres = len(speed)
    for _ in range(2):  # twice round, so that the end of a lap knows of its beginning
        for i in range(metres):
            v = speed[i - 1]
            speed[i] = min(speed[i], np.sqrt(max(v * v + 2.0 * drive_mps2(v), 1.0)))
        for i in range(metres - 1, -1, -1):
            v = speed[(i + 1) % metres]
            speed[i] = min(speed[i], np.sqrt(v * v + 2.0 * brake_mps2(v)))
    return np.asarray(speed, np.float64)


def _times(speed: Floats) -> Floats:
    """Time at every point, from speeds at points 1 m apart."""
    return np.concatenate([[0.0], np.cumsum(2.0 / (speed[1:] + speed[:-1]))])


def _corners(speed: Floats) -> tuple[Corner, ...]:
    """Where the reference speed has a low of at least 4 m/s below the highs on both sides."""
    metres = len(speed) - 1
    found: list[Corner] = []
    i = 40
    while i < metres - 20:
        window = speed[max(i - 40, 0) : i + 41]
        if speed[i] > window.min() or speed[i] > 80.0:
            i += 1
            continue
        high = i
        while high > 0 and speed[high - 1] >= speed[high]:
            high -= 1
        out = i
        while out < i + 160 and speed[(out + 1) % metres] >= speed[out % metres]:
            out += 1
        drop = float(speed[high] - speed[i])
        if drop >= 4.0:
            leave = i + max((out - i) * 6 // 10, 20)
            found.append(Corner(len(found) + 1, float(high), float(i), float(leave), float(speed[i]), drop))
            i = out
        i += 1
    return tuple(found)


def _pit(speed: Floats, ends_m: Floats) -> tuple[Floats, Floats, Floats]:
    """Distance, speed and time through the pit lane, from the start of the last mini-sector to the end of the first."""
    start = ends_m[-2]
    length = round(float(LAP_M - start + ends_m[0]))
    where = start + np.arange(length + 1)
    limit = speed[(where.astype(int)) % (len(speed) - 1)].copy()
    lane = (where >= LAP_M - PIT_IN_M) & (where <= LAP_M + PIT_OUT_M)
    limit[lane] = np.minimum(limit[lane], PIT_LIMIT_MPS)
    box = round(float(LAP_M - BOX_BEFORE_LINE_M - start))
    limit[box] = 1.0
    for i in range(1, len(limit)):
        v = limit[i - 1]
        limit[i] = min(limit[i], np.sqrt(v * v + 2.0 * max(drive_mps2(v), 0.5)))
    for i in range(len(limit) - 2, -1, -1):
        v = limit[i + 1]
        limit[i] = min(limit[i], np.sqrt(v * v + 2.0 * PIT_BRAKE_MPS2))
    return np.arange(length + 1, dtype=np.float64), limit, _times(limit)


@cache
def circuit() -> Track:
    """The circuit; the same every time."""
    points = _curve()
    bend = _curvature(points)
    lap = _reference(bend)
    speed = np.concatenate([lap, lap[:1]])
    time = _times(speed)
    forward = np.gradient(speed, time)
    metres = np.arange(len(speed), dtype=np.float64)
    height = 6.0 * np.sin(2 * np.pi * metres / LAP_M) + 3.0 * np.sin(6 * np.pi * metres / LAP_M + 1.0)
    place = np.column_stack([points, height])
    ends_m = np.round(np.arange(1, MINI_SECTORS + 1) * LAP_M / MINI_SECTORS)
    corners = _corners(speed)
    hardest = sorted(corners, key=lambda c: -c.drop_mps)[:2]
    zones = tuple(sorted(int(c.apex_m * MINI_SECTORS / LAP_M) for c in hardest))
    return Track(
        place,
        np.concatenate([bend, bend[:1]]),
        speed,
        forward,
        time,
        corners,
        ends_m,
        np.interp(ends_m, metres, time),
        zones,
        *_pit(speed, ends_m),
    )
