"""Expected threat (xT): what having the ball in a place is worth, in goals before it is lost.

Singh's idea ("Introducing Expected Threat", 2018), on his 16 x 12 grid: from a cell the ball is shot or moved on,

    V(z) = s(z) g(z) + (1 - s(z)) sum over z' of T(z, z') V(z')

and the fixed point is found by iteration. s, g and T are counted in real events by `python -m models.data.threat FOLDER`, which
writes the surface into ``threatgrid``, with its source; left and right are one there, and it never falls towards goal.

Positions are shares of the pitch in attacking direction: depth 0 is the own goal line, 1 the opponents'; across 0 is
the right touchline, 1 the left.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import Stat
from features.soccer.ledger import Ledger, place
from features.soccer.threat_grid import GRID

COLUMNS: Final = 16
ROWS: Final = 12


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


def fixed_point(shot: Floats, goal: Floats, moves: Floats, tolerance: float = 1e-12) -> Floats:
    """(Z,) what each of Z cells is worth: ``shot`` (Z,) the chance that the ball is shot from it, ``goal`` (Z,) that such a shot
    goes in, ``moves`` (Z, Z) that a move from one cell arrives in another; what is missing to 1 was lost."""
    value: Floats = _iterate(np.asarray(shot, np.float64), np.asarray(goal, np.float64), np.asarray(moves, np.float64), tolerance)
    return value


@lru_cache(maxsize=1)
def surface() -> Floats:
    """(16, 12) goals: the value of each cell, first axis depth. Read-only."""
    value = np.array(GRID, np.float64)
    value.setflags(write=False)
    return value


@kernel
def _read(values: Floats, depth: float, across: float) -> float:
    u = min(max(depth * values.shape[0] - 0.5, 0.0), values.shape[0] - 1.0)
    v = min(max(across * values.shape[1] - 0.5, 0.0), values.shape[1] - 1.0)
    i, j = min(int(u), values.shape[0] - 2), min(int(v), values.shape[1] - 2)
    a, b = u - i, v - j
    value: float = (1.0 - a) * ((1.0 - b) * values[i, j] + b * values[i, j + 1]) + a * (
        (1.0 - b) * values[i + 1, j] + b * values[i + 1, j + 1]
    )
    return value


def value_at(depth: float, across: float) -> float:
    """Goals, bilinear between the centres of cells and flat beyond them; NaN where the position is."""
    if depth != depth or across != across:
        return float("nan")
    return float(_read(surface(), depth, across))


def pass_threat(event: EventContext, ledger: Ledger) -> float:
    """What the pass changed: threat at its end minus threat at its start; a lost ball loses what there was."""
    depth, across, end_depth, end_across = place(event)
    start = value_at(depth, across)
    return value_at(end_depth, end_across) - start if event.outcome == "complete" else -start


STATS = (
    Stat(
        "soccer.pass.threat",
        "goals",
        "Change of expected threat (xT, 16 x 12 grid) from start to end of the pass; a lost ball loses what there was.",
        per="player",
        compute=pass_threat,
        on=("pass",),
        on_screen_name="xT",
        source="Singh, Introducing Expected Threat, 2018",
    ),
)
