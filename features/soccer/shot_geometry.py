"""The geometry of a shot, compiled: angles, shadows, lanes, the keeper and the nearest opponents, attacking frame, metres.

Goal mouth: the segment from (52.5, -3.66) to (52.5, 3.66) (Laws of the Game, law 1: 7.32 m between the posts).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Array, Floats

#: (name, unit, label) of each number that ``geometry`` writes, in order
GEOMETRY: Final[tuple[tuple[str, str, str], ...]] = (
    ("distance_m", "m", "distance to goal"),
    ("angle_rad", "rad", "angle of the goal mouth"),
    ("lateral_m", "m", "distance from the middle of the pitch"),
    ("depth_m", "m", "distance to the goal line"),
    ("blocked_share", "0..1", "share of the goal mouth hidden by outfield opponents"),
    ("open_share", "0..1", "share of the goal mouth that nobody covers"),
    ("widest_gap_rad", "rad", "widest uncovered gap"),
    ("defenders_in_cone", "count", "opponents between ball and posts"),
    ("teammates_in_cone", "count", "team-mates between ball and posts"),
    ("blocker_distance_m", "m", "distance to the nearest opponent in the way"),
    ("lane_open", "0..1", "chance that the way to goal is clear of blocks"),
    ("keeper_beaten", "0..1", "part of the goal out of the keeper's reach"),
    ("mouth_open", "0..1", "part of the goal both clear and out of reach"),
    ("best_target", "0..1", "openness of the best place to aim at"),
    ("keeper_distance_m", "m", "distance to the keeper"),
    ("keeper_off_line_m", "m", "keeper's distance from the goal line"),
    ("keeper_to_goal_m", "m", "keeper's distance from the goal centre"),
    ("keeper_off_axis_m", "m", "keeper's distance from the line between ball and goal centre"),
    ("keeper_shift_rad", "rad", "keeper's angle off the middle of the goal mouth"),
    ("keeper_ahead_m", "m", "how much nearer to goal the keeper is than the ball"),
    ("nearest_defender_m", "m", "distance to the nearest opponent"),
    ("second_defender_m", "m", "distance to the second nearest opponent"),
    ("nearest_goal_side_m", "m", "distance to the nearest opponent on the goal side"),
    ("pressure", "0..1", "pressure on the shooter"),
    ("defenders_within_3m", "count", "opponents within 3 m"),
    ("defenders_goal_side", "count", "opponents nearer to goal than the ball"),
    ("teammates_goal_side", "count", "team-mates nearer to goal than the ball"),
    ("defenders_in_box", "count", "opponents in the penalty area"),
    ("nearest_teammate_m", "m", "distance to the nearest team-mate"),
    ("defenders_near_line", "count", "opponents covering the goal line"),
    # how much of the picture there is: with two opponents in sight, an empty way says little
    ("opponents_seen", "count", "outfield opponents in sight"),
    ("teammates_seen", "count", "team-mates in sight"),
)

GOAL_X: Final = 52.5
POST_Y: Final = 3.66
_COUNT: Final = len(GEOMETRY)
#: a standing body hides this much to either side; a keeper's spread arms and first step this much
_BODY_M: Final = 0.45
_KEEPER_M: Final = 0.95
_RAYS: Final = 25


def geometry(x_m: float, y_m: float, xy: Floats, teammate: Array, keeper: Array, out: Floats) -> None:
    """Fill ``out`` (len(GEOMETRY),) for a ball at (x, y) and the other players ``xy`` (P, 2); NaN where unknown.

    With no player in sight (no finite row in ``xy``) everything that depends on bodies is NaN; with players in sight an
    absent keeper makes the keeper's numbers NaN, and counts are counts.
    """
    _geometry(x_m, y_m, xy, np.asarray(teammate, np.bool_), np.asarray(keeper, np.bool_), out)


@kernel
def mouth_angle(x_m: float, y_m: float) -> float:
    """Angle between the posts as seen from (x, y), radians in [0, pi]: the difference of the two bearings."""
    dx = GOAL_X - x_m
    return abs(math.atan2(POST_Y - y_m, dx) - math.atan2(-POST_Y - y_m, dx))


@kernel
def in_cone(x_m: float, y_m: float, px: float, py: float) -> bool:
    """Whether (px, py) lies inside the triangle of the ball and the two posts (edges included)."""
    if px < min(x_m, GOAL_X) or px > GOAL_X:
        return False
    share = (px - x_m) / (GOAL_X - x_m) if x_m < GOAL_X else 1.0
    low, high = y_m + share * (-POST_Y - y_m), y_m + share * (POST_Y - y_m)
    return low <= py <= high


@kernel
def _uncovered(lo: Floats, hi: Floats, count: int, left: float, right: float) -> tuple[float, float]:
    """Total and widest part of [left, right] outside the intervals lo[i]..hi[i]; sorts them by ``lo`` in place."""
    for i in range(1, count):
        a, b = lo[i], hi[i]
        j = i - 1
        while j >= 0 and lo[j] > a:
            lo[j + 1], hi[j + 1] = lo[j], hi[j]
            j -= 1
        lo[j + 1], hi[j + 1] = a, b
    total, widest, at = 0.0, 0.0, left
    for i in range(count):
        if lo[i] > at:
            gap = min(lo[i], right) - at
            if gap > 0.0:
                total += gap
                widest = max(widest, gap)
        at = max(at, hi[i])
        if at >= right:
            break
    if at < right:
        total += right - at
        widest = max(widest, right - at)
    return total, widest


@kernel
def _geometry(x: float, y: float, xy: Floats, teammate: Array, keeper: Array, out: Floats) -> None:
    out[:_COUNT] = np.nan
    gx, gy = GOAL_X - x, -y
    distance = math.sqrt(gx * gx + gy * gy)
    out[0] = distance
    angle = mouth_angle(x, y)
    out[1] = angle
    out[2] = abs(y)
    out[3] = gx
    players = xy.shape[0]
    seen, goalie = 0, -1
    best = np.inf
    for i in range(players):
        px, py = xy[i, 0], xy[i, 1]
        if not (math.isfinite(px) and math.isfinite(py)):
            continue
        seen += 1
        if keeper[i] and not teammate[i]:
            away = (px - GOAL_X) ** 2 + py**2
            if away < best:
                best, goalie = away, i
    if seen == 0:
        return
    ux, uy = (gx / distance, gy / distance) if distance > 1e-9 else (1.0, 0.0)
    # bearings relative to the way to the goal centre, so that no interval wraps around
    right = math.atan2(ux * (-POST_Y - y) - uy * gx, ux * gx + uy * (-POST_Y - y))
    left = math.atan2(ux * (POST_Y - y) - uy * gx, ux * gx + uy * (POST_Y - y))
    lo, hi = np.empty(players), np.empty(players)
    shadows = 0
    cone, mates_in_cone, within, goal_side, mates_goal_side, in_box, on_line = 0, 0, 0, 0, 0, 0, 0
    opponents, mates = 0, 0
    nearest, second, nearest_goal_side, nearest_mate, blocker = np.inf, np.inf, np.inf, np.inf, np.inf
    calm = 1.0
    for i in range(players):
        px, py = xy[i, 0], xy[i, 1]
        if not (math.isfinite(px) and math.isfinite(py)):
            continue
        rx, ry = px - x, py - y
        apart = math.sqrt(rx * rx + ry * ry)
        to_goal = math.sqrt((GOAL_X - px) ** 2 + py * py)
        if teammate[i]:
            mates += 1
            nearest_mate = min(nearest_mate, apart)
            mates_goal_side += to_goal < distance
            mates_in_cone += in_cone(x, y, px, py)
            continue
        if i == goalie:
            continue
        opponents += 1
        if apart < nearest:
            nearest, second = apart, nearest
        elif apart < second:
            second = apart
        if to_goal < distance:
            goal_side += 1
            nearest_goal_side = min(nearest_goal_side, apart)
        within += apart <= 3.0
        in_box += GOAL_X - px <= 16.5 and abs(py) <= 20.16
        on_line += GOAL_X - px <= 3.0 and abs(py) <= POST_Y + 0.5
        # direction-aware oval of Andrienko et al. (2017): 9 m in front (towards goal), 3 m behind, exponent 1.75
        facing = (rx * ux + ry * uy) / apart if apart > 1e-9 else 1.0
        z = (1.0 - facing) / 2.0
        reach = 3.0 + (9.0 - 3.0) * ((1.0 - z) ** 3 + 0.3 * (1.0 - z)) / 1.3
        if apart < reach:
            calm *= 1.0 - (1.0 - apart / reach) ** 1.75
        ahead, across = rx * ux + ry * uy, ux * ry - uy * rx
        if in_cone(x, y, px, py):
            cone += 1
            blocker = min(blocker, apart)
        if ahead > 0.0 and to_goal < distance + 1.0:
            half = math.asin(min(1.0, _BODY_M / max(apart, _BODY_M)))
            at = math.atan2(across, ahead)
            if at + half > right and at - half < left:
                lo[shadows], hi[shadows] = at - half, at + half
                shadows += 1
    mouth = max(left - right, 1e-9)
    uncovered, widest = _uncovered(lo, hi, shadows, right, left)
    out[4] = 1.0 - uncovered / mouth
    if goalie >= 0:
        kx, ky = xy[goalie, 0] - x, xy[goalie, 1] - y
        ahead, across = kx * ux + ky * uy, ux * ky - uy * kx
        apart = math.sqrt(kx * kx + ky * ky)
        at = math.atan2(across, ahead)
        if ahead > 0.0:
            half = math.asin(min(1.0, _KEEPER_M / max(apart, _KEEPER_M)))
            lo[shadows], hi[shadows] = at - half, at + half
            uncovered, widest = _uncovered(lo, hi, shadows + 1, right, left)
        out[14] = apart
        out[15] = GOAL_X - xy[goalie, 0]
        out[16] = math.sqrt(best)
        out[17] = abs(across)
        out[18] = abs(at - 0.5 * (left + right))
        out[19] = distance - math.sqrt(best)
    out[5] = uncovered / mouth
    out[6] = widest
    out[7], out[8] = cone, mates_in_cone
    if blocker < np.inf:
        out[9] = blocker
    _lanes(x, y, xy, teammate, goalie, out)
    if nearest < np.inf:
        out[20] = nearest
    if second < np.inf:
        out[21] = second
    if nearest_goal_side < np.inf:
        out[22] = nearest_goal_side
    out[23] = 1.0 - calm
    out[24], out[25], out[26], out[27] = within, goal_side, mates_goal_side, in_box
    if nearest_mate < np.inf:
        out[28] = nearest_mate
    out[29] = on_line
    out[30], out[31] = opponents, mates


@kernel
def _lanes(x: float, y: float, xy: Floats, teammate: Array, goalie: int, out: Floats) -> None:
    """Ray by ray across the goal mouth: is the lane clear of blocks, and is it out of the keeper's reach?

    A body within about half a metre of the lane blocks it, a little more when it stands farther off and has time to
    stick out a leg. The keeper moves at 4 m/s after 0.25 s, the ball at 22 m/s; a soft edge of 0.35 m.
    """
    clear_sum, beaten_sum, both_sum, best = 0.0, 0.0, 0.0, 0.0
    for k in range(_RAYS):
        ty = -POST_Y + (2.0 * POST_Y) * (k + 0.5) / _RAYS
        dx, dy = GOAL_X - x, ty - y
        length = max(math.sqrt(dx * dx + dy * dy), 1e-9)
        dx, dy = dx / length, dy / length
        clear, beaten = 1.0, 1.0
        for i in range(xy.shape[0]):
            rx, ry = xy[i, 0] - x, xy[i, 1] - y
            if teammate[i] or not (math.isfinite(rx) and math.isfinite(ry)):
                continue
            along, off = rx * dx + ry * dy, abs(dx * ry - dy * rx)
            if along <= 0.0 or along > length + 1.0:
                continue
            if i == goalie:
                reach = 0.7 + 4.0 * max(0.0, along / 22.0 - 0.25)
                beaten = 1.0 / (1.0 + math.exp(min(50.0, (reach - off) / 0.35)))
            else:
                width = 0.45 + 0.03 * along
                clear *= 1.0 - 0.9 * math.exp(-((off / width) ** 2))
        clear_sum += clear
        beaten_sum += beaten
        both_sum += clear * beaten
        best = max(best, clear * beaten)
    out[10] = clear_sum / _RAYS
    if goalie >= 0:
        out[11] = beaten_sum / _RAYS
        out[12] = both_sum / _RAYS
        out[13] = best
