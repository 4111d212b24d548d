"""How players and ball move: speed, acceleration, distance by zone, sprints, top speeds, and how hard a shot was
struck.

Velocities come from :func:`features.common.kinematics.slope`. Window and curvature were chosen on real samples: of the causal
fits, a 0.44 s window with curvature 0.75 agrees best with a radio-belt vendor's own speed while inches of tag noise are
added (20 Hz belts on a 25 Hz grid: 0.12 m/s RMSE clean, 0.19 with 2.5 cm, 0.32 with 5 cm). The ball changes speed at a
kick, so its window is short. Every window is in seconds and holds what samples the rate has: at 10 Hz three for the ball.

A velocity that no body can have is missing (:mod:`features.common.plausibility`): optical tracking swaps people, and one swap is
60 km/h.
Nothing that is measured in a penalty shoot-out counts.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common import kinematics, motion
from features.common.plausibility import MEMORY, Body
from features.core.event_context import EventContext
from features.core.frames import Frames
from features.core.sport import WHOLE_GAME, Signal, Stat, Step
from features.core.steps import column
from features.soccer.ledger import SHOOTOUT

WINDOW_S: Final = 0.44
CURVATURE: Final = 0.75
#: what a player's fit needs after a hole, s, and no fewer samples than three
LEAST_S: Final = 0.16
LEAST: Final = 3
BALL_WINDOW_S: Final = 0.16
BALL_LEAST_S: Final = 0.08
#: faster than any shot that was measured (59 m/s): a ball that was lost and found elsewhere
BALL_FASTEST_MPS: Final = 60.0
#: how long an event may lag behind the frame it happened in and still find it
EVENT_KEEP_S: Final = 8.0
STRIKE_S: Final = 0.5

#: walking | jogging | running | high-speed | sprinting, in m/s
ZONE_EDGES_MPS: Final = np.array([7.0, 14.4, 19.8, 25.2]) / 3.6
ZONES: Final = ("walking", "jogging", "running", "high_speed", "sprinting")
SPRINT_MPS: Final = 25.2 / 3.6
SPRINT_S: Final = 1.0
HELD_S: Final = 0.4
STILL_MPS: Final = 0.2
BRIDGE_S: Final = 2.0
FASTEST_MPS: Final = 12.5
#: no soccer player was measured at more than 10.5 m/s; the limits leave room for noise: see features/common/plausibility.py
BODY: Final = Body(jump_m=0.25, jump_mps=2.0, fastest_mps=FASTEST_MPS, push_mps2=10.0, brake_mps2=12.0, noise_mps=1.0)

VELOCITY = Signal("velocity", "m/s", ("N", 2), keep_s=EVENT_KEEP_S)
SPEED = Signal("speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)
ACCELERATION = Signal("acceleration", "m/s2", ("N",))
BALL_VELOCITY = Signal("ball_velocity", "m/s", (1, 3), keep_s=EVENT_KEEP_S)
BALL_SPEED = Signal("ball_speed", "m/s", (1,), keep_s=EVENT_KEEP_S)
DISTANCE = Signal("distance", "m", ("N", 1 + len(ZONES)))
TOP_SPEED = Signal("top_speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)
SPRINTS = Signal("sprints", "count", ("N", 2))


def played(frames: Frames) -> Any:
    """(rows,): the period where the match is played, 0 outside and in a shoot-out."""
    return np.where(frames.period < SHOOTOUT, frames.period, np.int8(0))


def velocity(frames: Frames) -> None:
    least = kinematics.samples_in(frames.dt_s, LEAST_S, LEAST)
    motion.velocity(frames, window_s=WINDOW_S, curvature=CURVATURE, least=least, body=BODY)


def acceleration(frames: Frames) -> None:
    motion.acceleration(frames, window_s=WINDOW_S, least=kinematics.samples_in(frames.dt_s, LEAST_S, LEAST))
    kinematics.forget_faster(frames["acceleration"][:, :, None], frames.lo, frames.hi, BODY.brake_mps2)


def ball(frames: Frames) -> None:
    motion.ball_velocity(frames, window_s=BALL_WINDOW_S, least=kinematics.samples_in(frames.dt_s, BALL_LEAST_S))
    if frames.roster.ball >= 0:
        kinematics.forget_faster(frames["ball_velocity"], frames.lo, frames.hi, BALL_FASTEST_MPS)
        motion.ball_speed(frames)


def distance(frames: Frames) -> None:
    motion.distance(
        frames, edges=ZONE_EDGES_MPS, still_mps=STILL_MPS, bridge_s=BRIDGE_S, fastest_mps=FASTEST_MPS, counts=played(frames)
    )


def top_speed(frames: Frames) -> None:
    motion.top_speed(frames, held_s=HELD_S, counts=played(frames))


def sprints(frames: Frames) -> None:
    kinematics.spells(frames["speed"], frames.t, played(frames), frames.lo, frames.hi, SPRINT_MPS, SPRINT_S, frames["sprints"])


def shot_speed(event: EventContext, ledger: Any) -> float | None:
    """Highest ball speed within 0.5 s of the strike, from frames of the flight alone: the first speeds still look back on
    how the ball came. None without tracking of the ball there."""
    frames = event.frames
    if frames is None or event.row < 0 or frames.roster.ball < 0:
        return None
    first = event.row + round(BALL_WINDOW_S / frames.dt_s)
    last = min(event.row + round(STRIKE_S / frames.dt_s), frames.hi - 1)
    speeds = frames["ball_speed"][first : last + 1, 0]
    near = np.abs(frames.t[first : last + 1] - frames.t[event.row]) <= STRIKE_S + frames.dt_s / 2
    seen = speeds[near & np.isfinite(speeds)]
    return float(seen.max()) if seen.size else None


SIGNALS: Final = (VELOCITY, SPEED, ACCELERATION, BALL_VELOCITY, BALL_SPEED, DISTANCE, TOP_SPEED, SPRINTS)
STEPS: Final = (
    Step("motion.velocity", velocity, (VELOCITY,), {"memory": ("N", MEMORY)}),
    Step("motion.speed", motion.speed, (SPEED,)),
    Step("motion.acceleration", acceleration, (ACCELERATION,)),
    Step("motion.ball", ball, (BALL_VELOCITY, BALL_SPEED)),
    Step("motion.distance", distance, (DISTANCE,), {"last": ("N", 3)}),
    Step("motion.top_speed", top_speed, (TOP_SPEED,)),
    Step("motion.sprints", sprints, (SPRINTS,)),
)
STATS: Final = (
    Stat(
        "soccer.player.speed", "km/h", "speed in the field's plane, from the last 0.44 s; null where no body gets to that speed "
        "from the one before", "player", column("speed"),
        on_screen_name="lower third",
    ),
    Stat(
        "soccer.player.top_speed", "km/h", "highest speed so far that was held for 0.4 s", "player", column("top_speed"),
        on_screen_name="Speed Alert", looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.player.acceleration", "m/s2", "change of speed along the path, from the last 0.44 s of speeds",
        "player", column("acceleration"),
    ),
    Stat(
        "soccer.player.distance", "km", "distance covered in play so far, and its parts walking < 7, jogging < 14.4, "
        "running < 19.8, high-speed < 25.2 and sprinting >= 25.2 km/h", "player", column("distance"), every_s=1.0,
        components=("total", *ZONES), looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.player.sprints", "count", "spells at 25.2 km/h or more that lasted 1 s", "player", column("sprints", 0),
        every_s=1.0, looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.ball.speed", "km/h", "speed of the ball, height included, from the last 0.16 s", "ball",
        column("ball_speed"),
    ),
    Stat(
        "soccer.shot.speed", "km/h", "highest speed of the ball within 0.5 s of the strike", "player", shot_speed,
        on=("shot",), on_screen_name="Shot Speed",
    ),
)  # fmt: skip
