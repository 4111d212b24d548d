"""The steps of motion that sports share: each reads places or signals of these names and fills the rows of one more.

``velocity`` (rows, N, 2) and ``ball_velocity`` (rows, 1, 3) m/s, ``speed`` (rows, N) and ``ball_speed`` (rows, 1) m/s,
``acceleration`` (rows, N) m/s2, ``distance`` (rows, N, 1 + Z) m, ``top_speed`` (rows, N) m/s. How long a filter looks back, and
what counts as standing still, is each sport's to say; the formulas are in ``kinematics``.
"""

from __future__ import annotations

from features import kinematics
from features.frames import Floats, Frames


def velocity(frames: Frames, *, window_s: float, curvature: float, least: int, weights: Floats | None = None) -> None:
    """Velocity in the field's plane, of the ball as well; the arguments are those of :func:`features.kinematics.slope`."""
    kinematics.slope(
        frames.xyz, frames.t, frames.lo, frames.hi, frames["velocity"],
        dt_s=frames.dt_s, window_s=window_s, curvature=curvature, least=least, weights=weights,
    )  # fmt: skip


def speed(frames: Frames) -> None:
    """Speed in the field's plane."""
    kinematics.magnitude(frames["velocity"], frames.lo, frames.hi, frames["speed"])


def acceleration(frames: Frames, *, window_s: float, least: int) -> None:
    """Acceleration along the path: the slope of speed. A straight line, since the speeds are smooth already."""
    kinematics.slope(
        frames["speed"][:, :, None], frames.t, frames.lo, frames.hi, frames["acceleration"][:, :, None],
        dt_s=frames.dt_s, window_s=window_s, least=least,
    )  # fmt: skip


def ball_velocity(frames: Frames, *, window_s: float, least: int) -> None:
    """The ball's velocity; height counts where the feed measures it, and is taken as level where it does not. No rows are filled
    in a game without a ball."""
    ball = frames.roster.ball
    if ball < 0:
        return
    out = frames["ball_velocity"]
    kinematics.slope(
        frames.xyz[:, ball : ball + 1], frames.t, frames.lo, frames.hi, out, dt_s=frames.dt_s, window_s=window_s, least=least
    )
    kinematics.level_when_flat(out, frames.lo, frames.hi)


def ball_speed(frames: Frames) -> None:
    """The ball's speed, height included."""
    kinematics.magnitude(frames["ball_velocity"], frames.lo, frames.hi, frames["ball_speed"])


def distance(frames: Frames, *, edges: Floats, still_mps: float, bridge_s: float, fastest_mps: float) -> None:
    """Path in play so far, whole and by zone of speed: :func:`features.kinematics.path_by_zone`, for a step called
    ``motion.distance`` with the state ``last`` (N, 3)."""
    kinematics.path_by_zone(
        frames.xyz, frames["speed"], frames.t, frames.period, frames.lo, frames.hi, edges, still_mps, bridge_s, fastest_mps,
        frames.state["motion.distance.last"], frames["distance"],
    )  # fmt: skip


def top_speed(frames: Frames, *, held_s: float) -> None:
    """Highest speed so far that was held for ``held_s``."""
    rows = round(held_s / frames.dt_s) + 1
    kinematics.held_maximum(frames["speed"], frames.period, frames.lo, frames.hi, rows, frames["top_speed"])
