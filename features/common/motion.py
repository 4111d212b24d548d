"""The steps of motion that sports share: each reads places or signals of these names and fills the rows of one more.

``velocity`` (rows, N, 2) and ``ball_velocity`` (rows, 1, 3) m/s, ``speed`` (rows, N) and ``ball_speed`` (rows, 1) m/s,
``acceleration`` (rows, N) m/s2, ``distance`` (rows, N, 1 + Z) m, ``top_speed`` (rows, N) m/s. How long a filter looks back, and
what counts as standing still, is each sport's to say; the formulas are in ``kinematics``.
"""

from __future__ import annotations

from typing import Any

from features.common import kinematics
from features.common.plausibility import Body, believe
from features.core.frames import Floats, Frames


def velocity(
    frames: Frames,
    *,
    window_s: float,
    curvature: float,
    least: int,
    weights: Floats | None = None,
    body: Body | None = None,
    memory: str = "motion.velocity.memory",
) -> None:
    """Velocity in the field's plane, of the ball as well; the arguments are those of :func:`features.common.kinematics.slope`. With
    ``body`` those of players are checked by :func:`features.common.plausibility.believe`, with ``memory`` (N,
    :data:`features.common.plausibility.MEMORY`), by default the state of that name of a step called ``motion.velocity``."""
    kinematics.slope(
        frames.xyz,
        frames.t,
        frames.lo,
        frames.hi,
        frames["velocity"],
        kinematics.Fit(frames.dt_s, window_s, curvature, least, weights),
    )
    if body is not None:
        believe(
            frames.xyz,
            frames.xyz.reshape(len(frames.xyz), -1),
            frames.t,
            frames.roster.players,
            kinematics.samples_in(frames.dt_s, window_s),
            kinematics.reach_of(frames.dt_s, window_s),
            curvature,
            least,
            body,
            frames.lo,
            frames.hi,
            frames.state[memory],
            frames["velocity"],
        )


def speed(frames: Frames) -> None:
    """Speed in the field's plane."""
    kinematics.magnitude(frames["velocity"], frames.lo, frames.hi, frames["speed"])


def acceleration(frames: Frames, *, window_s: float, least: int) -> None:
    """Acceleration along the path: the slope of speed. A straight line, since the speeds are smooth already."""
    kinematics.slope(
        frames["speed"][:, :, None],
        frames.t,
        frames.lo,
        frames.hi,
        frames["acceleration"][:, :, None],
        kinematics.Fit(frames.dt_s, window_s, least=least),
    )


def ball_velocity(frames: Frames, *, window_s: float, least: int) -> None:
    """The ball's velocity; height counts where the feed measures it, and is taken as level where it does not. No rows are filled
    in a game without a ball."""
    ball = frames.roster.ball
    if ball < 0:
        return
    out = frames["ball_velocity"]
    kinematics.slope(
        frames.xyz[:, ball : ball + 1], frames.t, frames.lo, frames.hi, out, kinematics.Fit(frames.dt_s, window_s, least=least)
    )
    kinematics.level_when_flat(out, frames.lo, frames.hi)


def ball_speed(frames: Frames) -> None:
    """The ball's speed, height included."""
    kinematics.magnitude(frames["ball_velocity"], frames.lo, frames.hi, frames["ball_speed"])


def distance(frames: Frames, *, edges: Floats, still_mps: float, bridge_s: float, fastest_mps: float, counts: Any = None) -> None:
    """Path in play so far, whole and by zone of speed: :func:`features.common.kinematics.path_by_zone`, for a step called
    ``motion.distance`` with the state ``last`` (N, 3). ``counts`` (rows,) is positive in rows that count; without it those of a
    period do."""
    kinematics.path_by_zone(
        frames.xyz,
        frames["speed"],
        frames.t,
        frames.period if counts is None else counts,
        frames.lo,
        frames.hi,
        edges,
        still_mps,
        bridge_s,
        fastest_mps,
        frames.state["motion.distance.last"],
        frames["distance"],
    )


def top_speed(frames: Frames, *, held_s: float, counts: Any = None) -> None:
    """Highest speed so far that was held for ``held_s``; ``counts`` as for :func:`distance`."""
    rows = kinematics.samples_in(frames.dt_s, held_s, 1)
    where = frames.period if counts is None else counts
    kinematics.held_maximum(frames["speed"], where, frames.lo, frames.hi, rows, frames["top_speed"])
