"""What a passer saw: lanes, opponents and the intended receiver, as one compiled function of one frame.

The features must not know how the pass ended. The place where a pass was cut out lies on an opponent and short of its
target, and a reported receiver exists only when it arrived; so neither is used. What is used is the *bearing* of the
pass, and the **target** is a guess that is made the same way for every pass: the teammate closest to that bearing, seen
from the ball, where that teammate will be when the ball can arrive. A feed that tells where each pass was aimed, whatever became
of it, gives more: then it is the teammate closest to that place. Everything else is measured at the moment of the pass.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from features.core.frames import Floats

#: what a pass along the ground does, and what a defender does: round values for times to intercept
BALL_MPS: Final = 15.0
RUN_MPS: Final = 6.0
REACTION_S: Final = 0.4
REACH_M: Final = 1.0
#: a teammate farther off the bearing than this is no target
OFF_BEARING_RAD: Final = 0.6
#: a radian off the bearing weighs as much as this distance: the nearer of two men on one line is meant
TIE_M: Final = 300.0
LANE_HALF_WIDTH_M: Final = 2.0
LANE_POINTS: Final = 12
#: an opponent this far along the lane is as good as twice as near to it: there is that much longer to step in
LATE_M: Final = 12.0
#: only who stands farther along than this, and no more than this beyond the target, stands beside the lane: a ball that is past a
#: player is not cut out
LEVEL_M: Final = 0.5
#: a gap as wide as this is an open lane
OPEN_M: Final = 5.0

PASS_GEOMETRY: Final[tuple[tuple[str, str, str], ...]] = (
    ("target_distance_m", "m", "distance to the target"),
    ("target_forward_m", "m", "ground gained towards goal"),
    ("bearing_rad", "rad", "direction of the pass away from straight ahead"),
    ("start_to_goal_m", "m", "distance of the ball to the goal"),
    ("start_off_centre_m", "m", "distance of the ball from the middle lane"),
    ("target_to_goal_m", "m", "distance of the target to the goal"),
    ("target_off_centre_m", "m", "distance of the target from the middle lane"),
    ("passer_opponent_m", "m", "nearest opponent to the passer"),
    ("passer_pressure", "0..1", "pressure on the passer"),
    ("target_opponent_m", "m", "nearest opponent to the target"),
    ("target_opponents_5m", "count", "opponents within 5 m of the target"),
    ("lane_opponents", "count", "opponents in the passing lane"),
    ("lane_opponent_m", "m", "nearest opponent to the passing lane"),
    ("lane_gap_m", "m", "gap in the passing lane, 5 m at most, less where the ball comes late"),
    ("lane_margin_s", "s", "head start of the ball on the quickest interceptor"),
    ("opponents_between", "count", "opponents between ball and target"),
    ("opponents_goal_side", "count", "opponents between target and goal"),
    ("passer_mps", "m/s", "speed of the passer"),
    ("target_mps", "m/s", "speed of the target"),
    ("teammates_ahead", "count", "teammates ahead of the ball"),
    ("target_beyond_line_m", "m", "target beyond the offside line"),
)


@kernel
def velocities(xyz: Floats, row: int, back: int, dt_s: float) -> Floats:
    """(N, 2) m/s in ``row``, backward over ``back`` rows; 0 for who was not seen then or now."""
    v = np.zeros((xyz.shape[1], 2))
    if row >= back:
        for n in range(xyz.shape[1]):
            for axis in range(2):
                moved = (xyz[row, n, axis] - xyz[row - back, n, axis]) / (back * dt_s)
                v[n, axis] = moved if moved == moved else 0.0
    return v


@kernel
def find_target(
    xy: Floats,
    v: Floats,
    team: npt.NDArray[Any],
    side: int,
    passer: int,
    x: float,
    y: float,
    ux: float,
    uy: float,
    aim_m: float,
) -> int:
    """The teammate meant by a pass from (x, y) along the unit vector (ux, uy); -1 when no teammate is near that bearing.

    ``xy``, ``v`` (N, 2) m, m/s. Each teammate is led to the place at which the ball has come as far as the teammate is away now.
    ``aim_m`` is how far along the bearing the pass was aimed, NaN when only the bearing is known.
    """
    best, best_cost = -1, np.inf
    for n in range(xy.shape[0]):
        if team[n] != side or n == passer or xy[n, 0] != xy[n, 0]:
            continue
        away_s = np.sqrt((xy[n, 0] - x) ** 2 + (xy[n, 1] - y) ** 2) / BALL_MPS
        dx, dy = xy[n, 0] + v[n, 0] * away_s - x, xy[n, 1] + v[n, 1] * away_s - y
        distance = np.sqrt(dx * dx + dy * dy)
        if distance < 1e-6:
            continue
        if aim_m == aim_m:
            cost = np.sqrt((dx - ux * aim_m) ** 2 + (dy - uy * aim_m) ** 2)
        else:
            off = np.arccos(min(max((dx * ux + dy * uy) / distance, -1.0), 1.0))
            cost = off + distance / TIE_M if off <= OFF_BEARING_RAD else np.inf
        if cost < best_cost:
            best, best_cost = n, cost
    return best


@kernel
def pass_geometry(
    xy: Floats,
    v: Floats,
    team: npt.NDArray[Any],
    side: int,
    passer: int,
    x: float,
    y: float,
    ux: float,
    uy: float,
    aim_m: float,
    way: float,
    half_length_m: float,
    out: Floats,
) -> int:
    """Write :data:`PASS_GEOMETRY` into ``out`` (21,), NaN where something is missing; return the target's row or -1.

    Positions in the stadium's orientation, ``way`` +1 when ``side`` attacks towards +x. Opponents are the other team, 0
    or 1. ``ux``, ``uy`` NaN when the bearing is not known: then there is no target. ``aim_m`` as in :func:`find_target`.
    """
    out[:] = np.nan
    if x != x or y != y:
        return -1
    goal_x = way * half_length_m
    out[3] = np.hypot(goal_x - x, y)
    out[4] = abs(y)
    px, py = x, y
    if passer >= 0 and xy[passer, 0] == xy[passer, 0]:
        px, py = xy[passer, 0], xy[passer, 1]
        out[17] = np.sqrt(v[passer, 0] ** 2 + v[passer, 1] ** 2)
    nearest, free, ahead = np.inf, 1.0, 0.0
    for n in range(xy.shape[0]):
        if xy[n, 0] != xy[n, 0]:
            continue
        if team[n] == 1 - side:
            d = np.sqrt((xy[n, 0] - px) ** 2 + (xy[n, 1] - py) ** 2)
            nearest = min(nearest, d)
            free *= 1.0 - 0.8 * np.exp(-d / 2.0)
        elif team[n] == side and n != passer and way * (xy[n, 0] - x) > 0.0:
            ahead += 1.0
    if nearest == np.inf:
        return -1
    out[7], out[8], out[19] = nearest, 1.0 - free, ahead
    if ux != ux or uy != uy:
        return -1
    out[2] = abs(np.arctan2(uy * way, ux * way))
    target = find_target(xy, v, team, side, passer, x, y, ux, uy, aim_m)
    if target < 0:
        return -1
    tx, ty = xy[target, 0], xy[target, 1]
    dx, dy = tx - x, ty - y
    length = max(np.sqrt(dx * dx + dy * dy), 1e-6)
    out[0], out[1] = length, way * dx
    out[5], out[6] = np.hypot(goal_x - tx, ty), abs(ty)
    out[18] = np.sqrt(v[target, 0] ** 2 + v[target, 1] ** 2)
    near, crowd, in_lane, lane, gap, margin, between, goal_side = np.inf, 0.0, 0.0, np.inf, OPEN_M, np.inf, 0.0, 0.0
    last, second = -np.inf, -np.inf
    for n in range(xy.shape[0]):
        if team[n] != 1 - side or xy[n, 0] != xy[n, 0]:
            continue
        ox, oy = xy[n, 0], xy[n, 1]
        d = np.sqrt((ox - tx) ** 2 + (oy - ty) ** 2)
        near = min(near, d)
        crowd += 1.0 if d <= 5.0 else 0.0
        along = ((ox - x) * dx + (oy - y) * dy) / (length * length)
        s = min(max(along, 0.0), 1.0)
        aside = np.sqrt((ox - x - s * dx) ** 2 + (oy - y - s * dy) ** 2)
        lane = min(lane, aside)
        along_m = along * length
        if LEVEL_M < along_m < length + LEVEL_M:
            gap = min(gap, abs((ox - x) * dy - (oy - y) * dx) / length / (1.0 + along_m / LATE_M))
        in_lane += 1.0 if aside <= LANE_HALF_WIDTH_M and 0.0 < along < 1.0 else 0.0
        for k in range(1, LANE_POINTS + 1):
            share = k / LANE_POINTS
            run = np.sqrt((x + share * dx - ox - v[n, 0] * REACTION_S) ** 2 + (y + share * dy - oy - v[n, 1] * REACTION_S) ** 2)
            margin = min(margin, REACTION_S + max(run - REACH_M, 0.0) / RUN_MPS - share * length / BALL_MPS)
        between += 1.0 if way * x < way * ox < way * tx else 0.0
        goal_side += 1.0 if way * ox > way * tx else 0.0
        if way * ox > last:
            last, second = way * ox, last
        elif way * ox > second:
            second = way * ox
    out[9], out[10], out[11], out[12], out[13], out[14] = near, crowd, in_lane, lane, gap, margin
    out[15], out[16] = between, goal_side
    if second > -np.inf:
        out[20] = way * tx - max(second, way * x, 0.0)
    return target


@kernel
def bypassed(xy: Floats, team: npt.NDArray[Any], side: int, way: float, x: float, end_x: float) -> int:
    """Opponents nearer to their goal line than the ball was, and not nearer than it then is: packing. -1 without any
    opponent in sight."""
    seen, count = 0, 0
    for n in range(xy.shape[0]):
        if team[n] == 1 - side and xy[n, 0] == xy[n, 0]:
            seen += 1
            count += 1 if way * x < way * xy[n, 0] < way * end_x else 0
    return count if seen > 0 else -1
