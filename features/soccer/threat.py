"""Expected threat (xT): what having the ball in a place is worth, in goals before it is lost.

Singh's idea ("Introducing Expected Threat", 2018), on his 16 x 12 grid: from a cell the ball is shot or moved on,

    V(z) = s(z) g(z) + (1 - s(z)) sum over z' of T(z, z') V(z')

and the fixed point is found by iteration. Singh counts s, g and T in event data; the surface here comes from a model of
them with few parameters (our own, below), so that it ships without anybody's data, is smooth, and never falls towards
goal. Values lie between 0 and the chance of the best cell.

Positions are shares of the pitch in attacking direction: depth 0 is the own goal line, 1 the opponents'; across 0 is
the right touchline, 1 the left.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp
from typing import Final

import numpy as np

from features.compiled import kernel
from features.frames import Floats
from features.moments import Moment
from features.soccer.ledger import LENGTH_M, WIDTH_M, Ledger, place
from features.sport import Stat

COLUMNS: Final = 16
ROWS: Final = 12

# the model: chance of a shot, of a goal from it, and of a move's arriving, by distance to the middle of the goal (m)
_SHOT_MOST, _SHOT_MIDDLE_M, _SHOT_SLOPE_M = 0.55, 15.0, 3.5
_GOAL_NEAR, _GOAL_SCALE_M = 0.75, 9.5
_MOVE_SCALE_M = 10.0
_FORWARD_PER_M = 0.012
_ARRIVES_FAR, _ARRIVES_NEAR, _ARRIVES_MIDDLE_M, _ARRIVES_SLOPE_M = 0.84, 0.55, 24.0, 7.0


@kernel
def _iterate(shot: Floats, goal: Floats, moves: Floats, tolerance: float) -> Floats:
    cells = shot.shape[0]
    value, following = np.zeros(cells), np.zeros(cells)
    change = 1.0
    while change > tolerance:
        change = 0.0
        for z in range(cells):
            onward = 0.0
            for y in range(cells):
                onward += moves[z, y] * value[y]
            following[z] = shot[z] * goal[z] + (1.0 - shot[z]) * onward
            change = max(change, abs(following[z] - value[z]))
        value[:] = following
    return value


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


@lru_cache(maxsize=1)
def surface() -> Floats:
    """(16, 12) goals: the value of each cell, first axis depth. Read-only; worked out once, on first use."""
    depth_m = (np.arange(COLUMNS) + 0.5) * LENGTH_M / COLUMNS
    across_m = (np.arange(ROWS) + 0.5) * WIDTH_M / ROWS - WIDTH_M / 2
    x, y = np.repeat(depth_m, ROWS), np.tile(across_m, COLUMNS)
    to_goal = np.hypot(LENGTH_M - x, y)
    shot = np.array([_SHOT_MOST * _sigmoid((_SHOT_MIDDLE_M - d) / _SHOT_SLOPE_M) for d in to_goal])
    goal = np.array([_GOAL_NEAR * exp(-d / _GOAL_SCALE_M) for d in to_goal])
    lost = _ARRIVES_FAR - _ARRIVES_NEAR
    arrives = np.array(
        [_ARRIVES_FAR - lost * _sigmoid((_ARRIVES_MIDDLE_M - d) / _ARRIVES_SLOPE_M) for d in to_goal]
    )
    wanted = np.exp(
        -np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) / _MOVE_SCALE_M
        + _FORWARD_PER_M * (x[None, :] - x[:, None])
    )
    np.fill_diagonal(wanted, 0.0)
    moves = wanted / wanted.sum(axis=1, keepdims=True) * arrives[None, :]
    value: Floats = _iterate(shot, goal, moves, 1e-12).reshape(COLUMNS, ROWS)
    value.setflags(write=False)
    return value


@kernel
def _read(values: Floats, depth: float, across: float) -> float:
    u = min(max(depth * values.shape[0] - 0.5, 0.0), values.shape[0] - 1.0)
    v = min(max(across * values.shape[1] - 0.5, 0.0), values.shape[1] - 1.0)
    i, j = min(int(u), values.shape[0] - 2), min(int(v), values.shape[1] - 2)
    a, b = u - i, v - j
    value: float = (
        (1.0 - a) * ((1.0 - b) * values[i, j] + b * values[i, j + 1])
        + a * ((1.0 - b) * values[i + 1, j] + b * values[i + 1, j + 1])
    )  # fmt: skip
    return value


def value_at(depth: float, across: float) -> float:
    """Goals, bilinear between the centres of cells and flat beyond them; NaN where the position is."""
    if depth != depth or across != across:
        return float("nan")
    return float(_read(surface(), depth, across))


def pass_threat(moment: Moment, ledger: Ledger) -> float:
    """What the pass changed: threat at its end minus threat at its start; a lost ball loses what there was."""
    depth, across, end_depth, end_across = place(moment)
    start = value_at(depth, across)
    return value_at(end_depth, end_across) - start if moment.outcome == "complete" else -start


STATS = (
    Stat(
        "soccer.pass.threat", "goals",
        "Change of expected threat (xT, 16 x 12 grid) from start to end of the pass; a lost ball loses what there was.",
        per="player", compute=pass_threat, on=("pass",), air="xT",
        source="Singh, Introducing Expected Threat, 2018",
    ),
)  # fmt: skip
