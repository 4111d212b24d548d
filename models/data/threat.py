"""Expected threat from real events: `python -m models.data.threat FOLDER` writes ``features/soccer/threat_grid.py``.

``FOLDER`` is that of Wyscout's open events (``models.data.wyscout``). Singh's fixed point ("Introducing Expected Threat", 2018)
on his
16 x 12 grid: in every cell are counted the shots, their goals, and the passes of open play to every other cell; a pass that failed
goes nowhere. Left and right are counted as one, the chance of a goal is shrunk to that of the cell's distance where shots are few,
and a cell is never worth less than the one behind it (isotonic along the length, weighted by how often the ball is played there).
Matches held out by the rule of ``models.holdout`` are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from features.soccer.ledger import LENGTH_M, WIDTH_M
from features.soccer.threat import COLUMNS, ROWS, fixed_point
from models.base import Floats
from models.data.wyscout import ACCURATE, GOAL, HELD_OUT_AS, SHOOTOUT, SOURCE, TERMS, Events, read_events
from models.holdout import held_out

#: shots that a cell's own share of goals weighs as much as its distance's
SHRINK_SHOTS: Final = 100.0
_BINS_M: Final = np.array([0.0, 8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 40.0, 200.0])
_PASSES: Final = ("Simple pass", "High pass", "Head pass", "Hand pass", "Launch", "Smart pass", "Cross")
TARGET: Final = Path(__file__).parents[2] / "features" / "soccer" / "threatgrid.py"


def surface_of(events: Events) -> Floats:
    """(16, 12) goals, first axis depth, second from the right touchline to the left. ``ValueError`` without shots or passes."""
    passes = events.of(*(("Pass", kind) for kind in _PASSES)) & (events.period < SHOOTOUT)
    shots = events.of(("Shot", "Shot")) & (events.period < SHOOTOUT)
    if not passes.any() or not shots.any():
        raise ValueError("there are no passes or no shots to work the threat out from")
    cells = COLUMNS * ROWS
    start, end = _cell(events.x, events.y), _cell(events.end_x, events.end_y)
    moved, shot = _counts(start[passes]), _counts(start[shots])
    goals = _counts(start[shots & events.has(GOAL)])
    arrived = passes & events.has(ACCURATE)
    moves = np.zeros((cells, cells))
    for a, b in ((start, end), (_mirror(start), _mirror(end))):
        np.add.at(moves, (a[arrived], b[arrived]), 0.5)
    depth = (np.arange(cells) // ROWS + 0.5) * LENGTH_M / COLUMNS
    across = (np.arange(cells) % ROWS + 0.5) * WIDTH_M / ROWS - WIDTH_M / 2
    band = np.digitize(np.hypot(LENGTH_M - depth, across), _BINS_M) - 1
    usual = np.bincount(band, goals, len(_BINS_M)) / np.maximum(np.bincount(band, shot, len(_BINS_M)), 1.0)
    chance = (goals + SHRINK_SHOTS * usual[band]) / (shot + SHRINK_SHOTS)
    played = np.maximum(moved + shot, 1.0)
    value = fixed_point(shot / played, chance, moves / np.maximum(moved, 1.0)[:, None]).reshape(COLUMNS, ROWS)
    weight = played.reshape(COLUMNS, ROWS)
    return np.stack([_never_falling(value[:, j], weight[:, j]) for j in range(ROWS)], axis=1)


def _cell(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Of places 0..100, y from the left."""
    i = np.clip(np.nan_to_num(x) / 100.0 * COLUMNS, 0, COLUMNS - 1).astype(np.int64)
    j = np.clip((1.0 - np.nan_to_num(y) / 100.0) * ROWS, 0, ROWS - 1).astype(np.int64)
    return np.asarray(i * ROWS + j, np.int64)


def _mirror(cell: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.asarray(cell // ROWS * ROWS + ROWS - 1 - cell % ROWS, np.int64)


def _counts(cell: npt.NDArray[np.int64]) -> Floats:
    """How many are in each cell and in its mirror image, halved."""
    found = np.bincount(cell, minlength=COLUMNS * ROWS) + np.bincount(_mirror(cell), minlength=COLUMNS * ROWS)
    return np.asarray(found / 2.0, np.float64)


def _never_falling(value: Floats, weight: Floats) -> Floats:
    from sklearn.isotonic import IsotonicRegression

    place = np.arange(len(value), dtype=np.float64)
    return np.asarray(IsotonicRegression().fit(place, value, sample_weight=weight).predict(place), np.float64)


def as_module(surface: Floats, matches: int, passes: int) -> str:
    """The text of ``features/soccer/threat_grid.py``."""
    rows = "\n".join("    (" + ", ".join(f"{v:.5f}" for v in row) + ")," for row in surface)
    return f'''"""The xT surface in goals, 16 x 12, counted in real events: written by `python -m models.data.threat FOLDER`, not by
    hand.

Source: {SOURCE} ({TERMS}); {matches:,} matches, {passes:,} passes of open play.
"""

from __future__ import annotations

from typing import Final

#: first axis depth from the own goal line, second across from the right touchline
GRID: Final[tuple[tuple[float, ...], ...]] = (
{rows}
)
'''


def main(arguments: list[str]) -> int:
    if not arguments or len(arguments) > 2:
        sys.stderr.write("usage: python -m models.data.threat FOLDER [MODULE.py]\n")
        return 2
    try:
        events = read_events(Path(arguments[0]))
        events = events.take(~held_out(HELD_OUT_AS, events.match))
        surface = surface_of(events)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    passes = int(events.of(*(("Pass", kind) for kind in _PASSES)).sum())
    target = Path(arguments[1]) if len(arguments) > 1 else TARGET
    target.write_text(as_module(surface, len(np.unique(events.match)), passes))
    sys.stdout.write(f"wrote {target}: {surface.min():.4f} to {surface.max():.4f} goals\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
