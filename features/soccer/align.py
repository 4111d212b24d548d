"""Which frame did it happen in? People code events by eye and ear, seconds off; the tracking shows when it was.

Every frame of the search window gets a cost, and the cheapest one is taken (the earliest of equals):

    |t offset| / 4 s                                  the clocks are not that far apart
  + min(distance of ball and player, 12 m) / 2 m      the acting player is at the ball
  + min(distance of ball and reported place, 15 m) / 5 m
  + min(distance of player and reported place, 15 m) / 10 m
  - min(kick, 12 m/s) / 12 m/s                      for events that strike the ball

Frames in which the ball was lost from sight are passed over; if it is missing in the whole window, the nearest frame in
time is taken. A missing player costs the cap. The parts are those of ETSY (Van Roy, Cascioli & Davis, "ETSY: a
rule-based approach to event and tracking data synchronization", 2023), the weights are ours. The kick is the change of
the ball's velocity, from the 0.12 s before the frame to the 0.12 s after it, but no more than its speed after: a ball
that is stopped changes as much as one that is struck.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Array, Floats, Frames

#: events in which the ball is struck, and events that are no contact with the ball (matched by time alone)
STRIKES: Final = frozenset({"pass", "shot", "clearance", "own_goal"})
BY_TIME: Final = frozenset({"period_start", "period_end", "substitution", "card", "offside", "out", "foul"})

_OFFSET_S: Final = 4.0
_PLAYER_CAP_M, _PLAYER_M = 12.0, 2.0
_PLACE_CAP_M, _PLACE_M = 15.0, 5.0
_STOOD_M: Final = 10.0
_KICK_MPS: Final = 12.0
_KICK_S: Final = 0.12


@kernel
def _capped(ax: float, ay: float, bx: float, by: float, cap: float) -> float:
    d = np.sqrt((ax - bx) ** 2 + (ay - by) ** 2)
    return min(d, cap) if d == d else cap


@kernel
def cheapest(
    t: Floats,
    xyz: Floats,
    lo: int,
    hi: int,
    t_s: float,
    ball: int,
    player: int,
    x_m: float,
    y_m: float,
    strikes: bool,
    reach: int,
    dt_s: float,
) -> int:
    """The cheapest row of ``lo <= row < hi``, or the nearest in time when the ball is never there; -1 when empty.

    ``xyz`` (rows, N, 3) m; ``player`` -1, ``x_m`` and ``y_m`` NaN when unknown; ``reach`` rows each side of a kick.
    """
    best, best_cost = -1, np.inf
    nearest, nearest_s = -1, np.inf
    for row in range(lo, hi):
        off = abs(t[row] - t_s)
        if off != off:
            continue
        if off < nearest_s:
            nearest, nearest_s = row, off
        bx, by = xyz[row, ball, 0], xyz[row, ball, 1]
        if bx != bx or by != by:
            continue
        cost = off / _OFFSET_S
        if player >= 0:
            px, py = xyz[row, player, 0], xyz[row, player, 1]
            cost += _capped(bx, by, px, py, _PLAYER_CAP_M) / _PLAYER_M
            if x_m == x_m:
                cost += _capped(px, py, x_m, y_m, _PLACE_CAP_M) / _STOOD_M
        if x_m == x_m:
            cost += _capped(bx, by, x_m, y_m, _PLACE_CAP_M) / _PLACE_M
        if strikes and row - reach >= lo and row + reach < hi:
            before_x, before_y = bx - xyz[row - reach, ball, 0], by - xyz[row - reach, ball, 1]
            after_x, after_y = xyz[row + reach, ball, 0] - bx, xyz[row + reach, ball, 1] - by
            jump = np.sqrt((after_x - before_x) ** 2 + (after_y - before_y) ** 2)
            kick = min(jump, np.sqrt(after_x * after_x + after_y * after_y)) / (reach * dt_s)
            if kick == kick:
                cost -= min(kick, _KICK_MPS) / _KICK_MPS
        if cost < best_cost:
            best, best_cost = row, cost
    return best if best >= 0 else nearest


def align(frames: Frames, event: EventContext, lo: int, hi: int) -> int:
    """The row in ``[lo, hi)`` that ``event`` happened in; -1 when there is none.

    Events without a touch of the ball (a card, a substitution) go to the frame nearest in time, and so does an event
    of which neither player nor place is known.
    """
    lo, hi = max(lo, 0), min(hi, frames.hi)
    ball = frames.roster.ball
    placed = np.isfinite(event.x_m) and np.isfinite(event.y_m)
    if ball < 0 or event.type in BY_TIME or not (placed or event.player >= 0):
        return _nearest(frames.t, lo, hi, event.t_s)
    return int(
        cheapest(
            frames.t,
            frames.xyz,
            lo,
            hi,
            event.t_s,
            ball,
            event.player,
            event.x_m if placed else np.nan,
            event.y_m if placed else np.nan,
            event.type in STRIKES,
            max(round(_KICK_S / frames.dt_s), 1),
            frames.dt_s,
        )
    )


def _nearest(t: Array, lo: int, hi: int, t_s: float) -> int:
    off = np.abs(t[lo:hi] - t_s)
    if off.size == 0 or not np.isfinite(off).any():
        return -1
    return lo + int(np.nanargmin(off))
