"""The true probabilities: of a goal given the shot, of a completed pass given the pass. Outcomes are drawn from exactly these.

Both are logistic in quantities that can be measured in the frame of the event, so that a model can recover them.

Shot (open play)::

    logit = -0.52 - 0.115 distance + 1.45 angle - 0.42 defenders - 0.55 exp(-nearest / 1.2) + 0.30 keeper_offset
            - 1.05 [head]

with distance (m, to the goal's centre), angle (rad, that the posts subtend), defenders (outfield opponents inside the
triangle of ball and posts), nearest (m, closest outfield opponent), keeper_offset (m, at most 4, of the keeper from the
line between the ball and the goal's centre). A direct free kick has -2.45 - 0.09 (distance - 20), a penalty 0.76. A season in which
players finish better or worse than that adds its ``finishing`` to every logit but that of a penalty.

Pass::

    ground  logit = -0.50 - 0.045 distance + 0.95 lane + 0.24 space - 1.0 exp(-pressure / 1.2) - 0.9 [through ball]
    high    logit = -0.35 - 0.022 distance + 0.10 lane + 0.26 space - 0.7 exp(-pressure / 1.2) - 0.9 [through ball]
            - 0.9 [cross]

with distance (m, ball to the receiver at the moment of the kick), lane (m, at most 2.5: the least of sideways distance /
(1 + along / 12) over opponents beside the way), space (m, at most 8: receiver to the nearest opponent) and pressure (m,
passer to the nearest opponent).
Throw-ins count 1.3 more. A pass to a player in an offside position is not drawn: its probability is 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel
from simulators.soccer.state import (
    FREE_KICK,
    HALF_LENGTH_M,
    HEAD,
    PENALTY,
    POST_M,
    THROW_IN,
    Floats,
    Ints,
)

PENALTY_P: Final = 0.76


@kernel
def logistic(z: float) -> float:
    return float(1.0 / (1.0 + np.exp(-z)))


@kernel
def nearest_opponent(pos: Floats, who: Ints, team: int, x: float, y: float, keepers: bool) -> float:
    """m from (x, y) to the closest opponent of ``team``; with ``keepers`` their keeper counts."""
    best = 1e9
    lo = 11 if team == 0 else 0
    for k in range(lo if keepers else lo + 1, lo + 11):
        if who[k] >= 0:
            d = np.hypot(pos[k, 0] - x, pos[k, 1] - y)
            if d < best:
                best = d
    return best


@kernel
def shot_terms(pos: Floats, who: Ints, team: int, attack: int, x: float, y: float, out: Floats) -> None:
    """Fill ``out`` (5,): distance, angle, defenders in the triangle, nearest opponent, keeper's offset from the line."""
    gx = HALF_LENGTH_M * attack
    out[0] = np.hypot(gx - x, y)
    ax, ay = gx - x, POST_M - y
    bx, by = gx - x, -POST_M - y
    out[1] = abs(np.arctan2(ax * by - ay * bx, ax * bx + ay * by))
    lo = 11 if team == 0 else 0
    inside = 0
    for k in range(lo + 1, lo + 11):
        if who[k] < 0:
            continue
        px, py = pos[k, 0] - x, pos[k, 1] - y
        ahead = px * attack
        if ahead <= 0.0 or ahead >= (gx - x) * attack:
            continue
        share = ahead / ((gx - x) * attack)
        low, high = min(ay, by) * share, max(ay, by) * share
        if low <= py <= high:
            inside += 1
    out[2] = inside
    out[3] = nearest_opponent(pos, who, team, x, y, False)
    px, py = pos[lo, 0] - x, pos[lo, 1] - y
    out[4] = min(abs(px * (-y) - py * (gx - x)) / max(out[0], 0.1), 4.0)


@kernel
def shot_probability(terms: Floats, body: int, set_piece: int) -> float:
    """Of a goal, from :func:`shot_terms`."""
    if set_piece == PENALTY:
        return PENALTY_P
    if set_piece == FREE_KICK:
        return logistic(-2.45 - 0.09 * (terms[0] - 20.0))
    z = -0.52 - 0.115 * terms[0] + 1.45 * terms[1] - 0.42 * terms[2] - 0.55 * np.exp(-terms[3] / 1.2) + 0.30 * terms[4]
    if body == HEAD:
        z -= 1.05
    return logistic(z)


@kernel
def finished(p: float, finishing: float) -> float:
    """The probability of a goal when players finish better (or worse) by ``finishing`` on the log-odds; 0 changes no bit of it."""
    if finishing == 0.0:
        return p
    return logistic(np.log(p / (1.0 - p)) + finishing)


@kernel
def pass_terms(pos: Floats, who: Ints, team: int, x: float, y: float, receiver: int, out: Floats) -> None:
    """Fill ``out`` (4,): distance, lane, the receiver's space, pressure on the passer."""
    rx, ry = pos[receiver, 0], pos[receiver, 1]
    dx, dy = rx - x, ry - y
    far = max(np.hypot(dx, dy), 0.1)
    ux, uy = dx / far, dy / far
    lane = 2.5
    lo = 11 if team == 0 else 0
    for k in range(lo, lo + 11):
        if who[k] < 0:
            continue
        px, py = pos[k, 0] - x, pos[k, 1] - y
        along = px * ux + py * uy
        if 0.5 < along < far + 0.5:
            wide = abs(px * uy - py * ux) / (1.0 + along / 12.0)
            if wide < lane:
                lane = wide
    out[0], out[1] = far, lane
    out[2] = min(nearest_opponent(pos, who, team, rx, ry, True), 8.0)
    out[3] = nearest_opponent(pos, who, team, x, y, True)


@kernel
def pass_probability(terms: Floats, high: bool, through: bool, cross: bool, set_piece: int) -> float:
    """Of a completed pass, from :func:`pass_terms`."""
    press = np.exp(-terms[3] / 1.2)
    if high:
        z = -0.35 - 0.022 * terms[0] + 0.10 * terms[1] + 0.26 * terms[2] - 0.7 * press
        if cross:
            z -= 0.9
    else:
        z = -0.50 - 0.045 * terms[0] + 0.95 * terms[1] + 0.24 * terms[2] - 1.0 * press
    if through:
        z -= 0.9
    if set_piece == THROW_IN:
        z += 1.3
    return logistic(z)
