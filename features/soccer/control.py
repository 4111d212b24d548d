"""Pitch control: which team would win the ball at each place, after Spearman, "Beyond Expected Goals" (2018).

A player runs on for a reaction time, then straight to the place at full speed: the time to intercept is tau. By the
time T the player is there with probability f(T - tau), a logistic of spread sigma, and once there brings the ball under
control at the rate lambda. The ball comes at T0, its distance over its speed. The first to have it has the place:

    dP_j/dT = (1 - sum of all P) lambda f(T - tau_j),   from T0 on

With F, the integral of f, the chance that no player has the ball yet is S(T) = exp(-lambda sum_j (F(T - tau_j) - F(T0 -
tau_j))), so a team's share is the integral of S times its players' lambda f: one quadrature by Gauss and Legendre over
the time in which the place is decided. f and F are read from a table of 2.5 ms. Players who come ``BEHIND_S`` later
than could still matter are left out. No cell errs by more than 0.01 against the differential equation in fine steps
(tests/features/soccer/test_control.py).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Stat

#: cells along and across the field
COLUMNS: Final = 50
ROWS: Final = 32
#: cells along the side of a tile
TILE: Final = 4
REACTION_S: Final = 0.7
TOP_MPS: Final = 5.0
SIGMA_S: Final = 0.45
LAMBDA_PER_S: Final = 4.3
BALL_MPS: Final = 15.0

#: a place is decided from this long before the first player is there (or from the ball's coming) till as long after
AROUND_S: Final = 1.25
BEHIND_S: Final = 1.7
NODES: Final = 5

_STEEPNESS: Final = np.pi / (np.sqrt(3.0) * SIGMA_S)
_PER_S: Final = 400
#: the table spans this far on either side of arrival; beyond, f is 0 or 1 and F is 0 or a straight line
_SPAN_S: Final = 2.5


def _table() -> Floats:
    lag = np.arange(-_SPAN_S, _SPAN_S + 0.5 / _PER_S, 1.0 / _PER_S)
    exceeding = np.exp(-_STEEPNESS * lag)
    table: Floats = np.stack([1.0 / (1.0 + exceeding), np.logaddexp(0.0, _STEEPNESS * lag) / _STEEPNESS], axis=1)
    table.setflags(write=False)
    return table


def _quadrature() -> Floats:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    rule: Floats = np.stack([(nodes + 1.0) / 2.0, weights / 2.0], axis=1)
    rule.setflags(write=False)
    return rule


#: f and F (s) at -2.5000 s, -2.4975 s, ..., 2.5 s after arrival
ARRIVED: Final = _table()
#: nodes and weights on 0..1
RULE: Final = _quadrature()


@kernel
def _presence(lag: float, table: Any) -> tuple[float, float]:
    """(f, F) at ``lag`` seconds after arrival."""
    if lag <= -_SPAN_S:
        return 0.0, 0.0
    if lag >= _SPAN_S:
        return 1.0, lag
    k = int((lag + _SPAN_S) * _PER_S + 0.5)
    return table[k, 0], table[k, 1]


@kernel
def _head_start(x: float, y: float, ball_x: float, ball_y: float) -> float:
    """How far (m) a player gets after the reaction time before the ball is at (x, y); negative when the ball is first."""
    ball_s: float = np.sqrt((ball_x - x) ** 2 + (ball_y - y) ** 2) / BALL_MPS
    return (ball_s - REACTION_S) * TOP_MPS


@kernel
def control_at(
    x: float, y: float, start: Any, homes: int, count: int, ball_x: float, ball_y: float, table: Any, rule: Any, reach: Any
) -> float:
    """Share of the home team at (x, y): ``start`` (2, >= count) holds where players are after the reaction time, the
    first ``homes`` of them the home team's; ``reach`` (>= count) is work space."""
    first_home, first_away = np.inf, np.inf
    for j in range(count):
        dx, dy = start[0, j] - x, start[1, j] - y
        reach[j] = dx * dx + dy * dy
        if j < homes:
            first_home = reach[j] if reach[j] < first_home else first_home
        else:
            first_away = reach[j] if reach[j] < first_away else first_away
    first_home, first_away = np.sqrt(first_home), np.sqrt(first_away)
    # all in metres of running after the reaction time, so that only those who matter need a root
    first = first_home if first_home < first_away else first_away
    ball = _head_start(x, y, ball_x, ball_y)
    limit = (first if first > ball else ball) + BEHIND_S * TOP_MPS
    if first_away > limit:
        return 1.0
    if first_home > limit:
        return 0.0
    kept, kept_homes = 0, 0
    for j in range(count):
        if reach[j] <= limit * limit:
            reach[kept] = np.sqrt(reach[j]) / TOP_MPS
            kept += 1
            if j < homes:
                kept_homes += 1
    first, ball = first / TOP_MPS, ball / TOP_MPS
    begin = max(first - AROUND_S, ball)
    length = max(first, ball) + AROUND_S - begin
    before = 0.0
    for j in range(kept):
        before += _presence(begin - reach[j], table)[1]
    home, away = 0.0, 0.0
    for q in range(rule.shape[0]):
        now = begin + rule[q, 0] * length
        here_home, here_away, hazard = 0.0, 0.0, -before
        for j in range(kept):
            f, total = _presence(now - reach[j], table)
            hazard += total
            if j < kept_homes:
                here_home += f
            else:
                here_away += f
        free = rule[q, 1] * np.exp(-LAMBDA_PER_S * hazard)
        home += free * here_home
        away += free * here_away
    return home / (home + away)


@kernel
def control_grid(
    xyz: Any, velocity: Any, row: int, team: Any, ball: int, length: float, width: float, table: Any, rule: Any, out: Any
) -> bool:
    """Home team's share of each cell at ``row`` into ``out`` (columns from -x to +x, rows from -y to +y); False, and
    NaN everywhere, unless the ball and a player of each team are seen. A player whose velocity is unknown stands.

    Cells are done in tiles: only players who could matter anywhere in a tile are looked at in its cells."""
    entities, columns, rows = team.shape[0], out.shape[0], out.shape[1]
    start, near, reach = np.empty((2, entities)), np.empty((2, entities)), np.empty(entities)
    count, homes = 0, 0
    for side in range(2):
        for n in range(entities):
            x, y = xyz[row, n, 0], xyz[row, n, 1]
            if team[n] != side or np.isnan(x) or np.isnan(y):
                continue
            vx, vy = velocity[row, n, 0], velocity[row, n, 1]
            known = not (np.isnan(vx) or np.isnan(vy))
            start[0, count] = x + REACTION_S * vx if known else x
            start[1, count] = y + REACTION_S * vy if known else y
            count += 1
            if side == 0:
                homes += 1
    bx, by = xyz[row, ball, 0], xyz[row, ball, 1]
    if homes == 0 or homes == count or np.isnan(bx) or np.isnan(by):
        out[:, :] = np.nan
        return False
    for left in range(0, columns, TILE):
        right = min(left + TILE, columns)
        for low in range(0, rows, TILE):
            high = min(low + TILE, rows)
            x = ((left + right) / 2.0 / columns - 0.5) * length
            y = ((low + high) / 2.0 / rows - 0.5) * width
            across = np.sqrt((length * (right - left) / columns) ** 2 + (width * (high - low) / rows) ** 2)
            first = np.inf
            for j in range(count):
                reach[j] = np.sqrt((start[0, j] - x) ** 2 + (start[1, j] - y) ** 2)
                first = min(first, reach[j])
            # a cell is half a diagonal from the middle at most: so much nearer may the judged player be, and so much
            # farther the first or the ball
            limit = max(first, _head_start(x, y, bx, by)) + BEHIND_S * TOP_MPS + across
            kept, kept_homes = 0, 0
            for j in range(count):
                if reach[j] <= limit:
                    near[0, kept], near[1, kept] = start[0, j], start[1, j]
                    kept += 1
                    if j < homes:
                        kept_homes += 1
            if kept_homes == 0 or kept_homes == kept:
                # no player of the other side could matter here: what every cell would find for itself
                out[left:right, low:high] = 0.0 if kept_homes == 0 else 1.0
                continue
            for i in range(left, right):
                cx = ((i + 0.5) / columns - 0.5) * length
                for j in range(low, high):
                    cy = ((j + 0.5) / rows - 0.5) * width
                    out[i, j] = control_at(cx, cy, near, kept_homes, kept, bx, by, table, rule, reach)
    return True


@kernel
def shares(
    xyz: Any,
    velocity: Any,
    attack: Any,
    ends: Any,
    team: Any,
    ball: int,
    length: float,
    width: float,
    table: Any,
    rule: Any,
    grid: Any,
    out: Any,
) -> None:
    """Each team's share of the pitch and of the third that it attacks into ``out`` (K, 2, 2), 0..1; NaN if unknown."""
    columns, rows = grid.shape
    for k in range(ends.shape[0]):
        seen = control_grid(xyz, velocity, ends[k], team, ball, length, width, table, rule, grid)
        way = attack[ends[k]]
        whole, left, right, left_weight, right_weight = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(columns):
            column = 0.0
            for j in range(rows):
                column += grid[i, j]
            whole += column
            # how much of this column lies in the third on the left, and in the one on the right
            lw = min(max(columns / 3.0 - i, 0.0), 1.0)
            rw = min(max(i + 1.0 - 2.0 * columns / 3.0, 0.0), 1.0)
            left, left_weight = left + lw * column, left_weight + lw * rows
            right, right_weight = right + rw * column, right_weight + rw * rows
        out[k, 0, 0] = whole / (columns * rows)
        out[k, 1, 0] = 1.0 - out[k, 0, 0]
        out[k, 0, 1], out[k, 1, 1] = np.nan, np.nan
        if seen and way != 0:
            out[k, 0, 1] = right / right_weight if way > 0 else left / left_weight
            out[k, 1, 1] = 1.0 - (left / left_weight if way > 0 else right / right_weight)


def pitch_control(frames: Frames, ends: Ints) -> Floats:
    """(K, 2, 2) of 0..1: share of the whole pitch, and of the final third."""
    out = np.full((len(ends), 2, 2), np.nan)
    if frames.roster.ball >= 0:
        shares(
            frames.xyz,
            frames["velocity"],
            frames.attack,
            ends,
            frames.roster.team,
            frames.roster.ball,
            frames.field.length_m,
            frames.field.width_m,
            ARRIVED,
            RULE,
            np.empty((COLUMNS, ROWS)),
            out,
        )
    return out


STATS: Final = (
    Stat(
        "soccer.team.pitch_control",
        "%",
        "share of the pitch, and of the third that the team attacks, where it would "
        "get to the ball first: time to intercept on a grid of 50 x 32",
        "team",
        pitch_control,
        every_s=1.0,
        components=("pitch", "final_third"),
        on_screen_name="heat map",
        source="Spearman, Beyond Expected Goals, 2018",
    ),
)
