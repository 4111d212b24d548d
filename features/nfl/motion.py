"""How players and ball move: speed, acceleration, direction, which way a player faces, distance, top speeds.

The velocity filter is causal: a weighted sum of the last six displacements. Its weights are round figures, chosen on real
10 Hz samples because they agree best with the league's own speed column (``touchline bench ngs-speed``): the two newest
displacements count most, and the oldest ones count against the trend, which takes back some of the delay.

Angles are the league's: 0 along +y, growing clockwise, so that +x is 90 degrees.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common import motion
from features.common.plausibility import MEMORY, Body
from features.core.compiled import kernel
from features.core.frames import Floats, Frames
from features.core.sport import WHOLE_GAME, Signal, Stat, Step
from features.core.steps import column
from features.nfl.columns import EVENT_KEEP_S, turned

#: shares of the displacements between the last seven samples, newest first; they sum to 1
DISPLACEMENTS: Final = np.array([0.55, 0.40, 0.15, 0.05, -0.05, -0.10])
#: the grid that the weights were chosen for
FILTER_HZ: Final = 10.0
WINDOW_S: Final = 0.6
LEAST: Final = 2
#: between samples of this age a fit bridges what is missing: see ``kinematics.ragged_slope``
CURVATURE: Final = 0.7
ACCELERATION_S: Final = 0.4
BALL_WINDOW_S: Final = 0.2
BALL_LEAST: Final = 2
HELD_S: Final = 0.3
STILL_MPS: Final = 0.3
BRIDGE_S: Final = 2.0
FASTEST_MPS: Final = 12.5
#: no player runs faster than this, m/s
BEYOND_MPS: Final = 13.0
#: what no player does is a fault of the tracking (features/common/plausibility.py). Hits stop a player faster than braking
#: can: with
#: these limits one velocity in 15,000 of the league's own plays is refused
BODY: Final = Body(jump_m=0.3, jump_mps=2.5, fastest_mps=BEYOND_MPS, push_mps2=14.0, brake_mps2=30.0, noise_mps=1.5)
#: below this a direction of motion means nothing, m/s
MOVING_MPS: Final = 0.5
#: shoulder tags nearer or further apart than this are not on shoulders, m
NARROW_M, WIDE_M = 0.15, 0.90

LEFT: Final = ("left.x", "left.y")
RIGHT: Final = ("right.x", "right.y")

VELOCITY = Signal("velocity", "m/s", ("N", 2), keep_s=EVENT_KEEP_S)
SPEED = Signal("speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)
ACCELERATION = Signal("acceleration", "m/s2", ("N",))
DIRECTION = Signal("direction", "rad", ("N",))
SHOULDERS = Signal("shoulders", "m", ("N",))
ORIENTATION = Signal("orientation", "rad", ("N",), keep_s=EVENT_KEEP_S)
SIDEWAYS = Signal("sideways", "rad", ("N",))
BALL_VELOCITY = Signal("ball_velocity", "m/s", (1, 3), keep_s=EVENT_KEEP_S)
BALL_SPEED = Signal("ball_speed", "m/s", (1,), keep_s=EVENT_KEEP_S)
DISTANCE = Signal("distance", "m", ("N", 2))
TOP_SPEED = Signal("top_speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)


def filter_weights(dt_s: float) -> Floats | None:
    """(W,) 1/s of the last W samples, newest first; None on another grid than the weights were chosen for."""
    if abs(dt_s * FILTER_HZ - 1.0) > 1e-6:
        return None
    weights = np.zeros(len(DISPLACEMENTS) + 1)
    weights[:-1] += DISPLACEMENTS / dt_s
    weights[1:] -= DISPLACEMENTS / dt_s
    return weights


_WEIGHTS: Final = filter_weights(0.1)


def velocity(frames: Frames) -> None:
    """(rows, N, 2) m/s in the field's plane; NaN where no body gets to that from the one before."""
    weights = _WEIGHTS if abs(frames.dt_s - 0.1) < 1e-9 else None
    motion.velocity(frames, window_s=WINDOW_S, curvature=CURVATURE, least=LEAST, weights=weights, body=BODY)


@kernel
def _human(speed: Any, ball: int, lo: int, hi: int) -> None:
    for i in range(lo, hi):
        for n in range(speed.shape[1]):
            if n != ball and speed[i, n] > BEYOND_MPS:
                speed[i, n] = np.nan


def speed(frames: Frames) -> None:
    """(rows, N) m/s; what no player can run is no speed (a feed in the wrong unit, a tag that was mistaken for another)."""
    motion.speed(frames)
    _human(frames["speed"], frames.roster.ball, frames.lo, frames.hi)


def acceleration(frames: Frames) -> None:
    motion.acceleration(frames, window_s=ACCELERATION_S, least=LEAST)


@kernel
def _direction(velocity: Any, speed: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            moves = speed[i, n] >= MOVING_MPS
            angle = np.arctan2(velocity[i, n, 0], velocity[i, n, 1])
            out[i, n] = (angle + 2.0 * np.pi if angle < 0.0 else angle) if moves else np.nan


def direction(frames: Frames) -> None:
    _direction(frames["velocity"], frames["speed"], frames.lo, frames.hi, frames["direction"])


@kernel
def _shoulders(lx: Any, ly: Any, rx: Any, ry: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n] = np.sqrt((rx[i, n] - lx[i, n]) ** 2 + (ry[i, n] - ly[i, n]) ** 2)


def shoulders(frames: Frames) -> None:
    """Distance between the two shoulder tags: where it is no pair of shoulders, there is no orientation."""
    _shoulders(frames[LEFT[0]], frames[LEFT[1]], frames[RIGHT[0]], frames[RIGHT[1]], frames.lo, frames.hi, frames["shoulders"])


@kernel
def _orientation(lx: Any, ly: Any, rx: Any, ry: Any, width: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            if not (NARROW_M <= width[i, n] <= WIDE_M):
                out[i, n] = np.nan
                continue
            # facing is a quarter turn to the left of the line from the left shoulder to the right one
            fx, fy = -(ry[i, n] - ly[i, n]), rx[i, n] - lx[i, n]
            angle = np.arctan2(fx, fy)
            out[i, n] = angle + 2.0 * np.pi if angle < 0.0 else angle


def orientation(frames: Frames) -> None:
    """(rows, N) rad: which way the chest faces, at right angles to the line between the shoulders."""
    _orientation(
        frames[LEFT[0]],
        frames[LEFT[1]],
        frames[RIGHT[0]],
        frames[RIGHT[1]],
        frames["shoulders"],
        frames.lo,
        frames.hi,
        frames["orientation"],
    )


@kernel
def _sideways(orientation: Any, direction: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n] = abs(turned(orientation[i, n] - direction[i, n]))


def sideways(frames: Frames) -> None:
    """Angle between facing and moving: 0 runs forward, pi back-pedals."""
    _sideways(frames["orientation"], frames["direction"], frames.lo, frames.hi, frames["sideways"])


def ball_velocity(frames: Frames) -> None:
    motion.ball_velocity(frames, window_s=BALL_WINDOW_S, least=BALL_LEAST)


_EDGES: Final = np.empty(0)


def distance(frames: Frames) -> None:
    motion.distance(frames, edges=_EDGES, still_mps=STILL_MPS, bridge_s=BRIDGE_S, fastest_mps=FASTEST_MPS)


def top_speed(frames: Frames) -> None:
    motion.top_speed(frames, held_s=HELD_S)


SIGNALS: Final = (
    VELOCITY, SPEED, ACCELERATION, DIRECTION, SHOULDERS, ORIENTATION, SIDEWAYS, BALL_VELOCITY, BALL_SPEED, DISTANCE,
    TOP_SPEED,
)  # fmt: skip
STEPS: Final = (
    Step("motion.velocity", velocity, (VELOCITY,), {"memory": ("N", MEMORY)}),
    Step("motion.speed", speed, (SPEED,)),
    Step("motion.acceleration", acceleration, (ACCELERATION,)),
    Step("motion.direction", direction, (DIRECTION,)),
    Step("motion.shoulders", shoulders, (SHOULDERS,)),
    Step("motion.orientation", orientation, (ORIENTATION,)),
    Step("motion.sideways", sideways, (SIDEWAYS,)),
    Step("motion.ball_velocity", ball_velocity, (BALL_VELOCITY,)),
    Step("motion.ball_speed", motion.ball_speed, (BALL_SPEED,)),
    Step("motion.distance", distance, (DISTANCE,), {"last": ("N", 3)}),
    Step("motion.top_speed", top_speed, (TOP_SPEED,)),
)
STATS: Final = (
    Stat(
        "nfl.player.speed", "mph", "speed in the field's plane, a causal filter over the last 0.6 s", "player", column("speed"),
        on_screen_name="Top Speed",
    ),
    Stat(
        "nfl.player.acceleration", "yd/s2", "change of speed along the path, from the last 0.4 s of speeds", "player",
        column("acceleration"),
    ),
    Stat(
        "nfl.player.top_speed", "mph", "highest speed so far that was held for 0.3 s", "player", column("top_speed"),
        every_s=1.0, on_screen_name="Top Speed", looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "nfl.player.orientation", "deg", "which way the chest faces, from the two shoulder tags: 0 along +y, clockwise",
        "player", column("orientation"),
    ),
    Stat(
        "nfl.player.direction", "deg", "which way the player moves: 0 along +y, clockwise; missing below 0.5 m/s",
        "player", column("direction"),
    ),
)  # fmt: skip
