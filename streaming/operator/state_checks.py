"""A snapshot is checked before it is used: a right checksum says that nobody damaged it on the way, not that its numbers are right.

Compiled code goes by indices without looking whether they are there, and a wrong clock makes an operator count through a year. So
every index is compared with its axis, every order with what it must be, and every number that says how long something takes with a
bound. ``ValueError`` with one sentence is what a reader turns into ``BadSnapshot``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.sport import Dim, Signal, Step
from streaming.operator.telemetry.grid import Grid

Array = npt.NDArray[Any]

FARTHEST_US: Final = 1 << 62
#: a row, or a second, of any game: at 200 Hz more than three hundred years from its t0
FARTHEST_ROW: Final = 1 << 41


def fitting(array: Array, shape: tuple[int, ...], dtype: npt.DTypeLike, name: str) -> Array:
    """The array itself; ``ValueError`` when it has another shape or type."""
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"{name} has shape {array.shape} of {array.dtype}, not {shape} of {np.dtype(dtype)}")
    return array


def within(values: Array | Sequence[int] | int, low: float, high: float, name: str) -> None:
    """``ValueError`` when a value lies outside of ``low`` to ``high``; a NaN does."""
    if isinstance(values, np.ndarray):
        right = bool(((values >= low) & (values <= high)).all())
    else:  # of any size
        right = all(low <= value <= high for value in ([values] if isinstance(values, int) else values))
    if not right:
        raise ValueError(f"{name} is out of range")


def times(t_us: Array | Sequence[int] | int, name: str) -> None:
    within(t_us, -FARTHEST_US, FARTHEST_US, name)


def increasing(values: Sequence[int], low: int, name: str) -> None:
    """``ValueError`` unless whole seconds rise, and the first is not below ``low``."""
    if any(b <= a for a, b in pairwise(values)) or (values and values[0] < low):
        raise ValueError(f"{name} are not in order")
    within([values[0], values[-1]] if values else [], -FARTHEST_ROW, FARTHEST_ROW, name)


def rows(grid: Grid, grid_row: Array, t_us: Array, t: Array) -> None:
    """Of the kept rows of a frame buffer: ``ValueError`` unless they rise and each has the time that the grid gives it."""
    within(grid_row, -FARTHEST_ROW, FARTHEST_ROW, "a row")
    if (np.diff(grid_row) <= 0).any():
        raise ValueError("its rows are not in order")
    on_grid = grid.t0_us + (2 * grid_row * 1_000_000 + grid.hz) // (2 * grid.hz)
    # the time before the game is rounded down, as FrameBuffer lays it out
    before = grid.t0_us + grid_row * 1_000_000 // grid.hz
    if not np.array_equal(np.where(grid_row > 0, on_grid, before), t_us):
        raise ValueError("its rows are not at their times")
    if not np.isfinite(t).all() or (np.abs(t - (t_us - grid.t0_us) / 1e6) > 1e-3).any():
        raise ValueError("its rows have other times in seconds")


def positions(xyz: Array, period: Array, attack: Array) -> None:
    with np.errstate(invalid="ignore"):
        if (np.abs(xyz) > 1e6).any():
            raise ValueError("a position is out of range")
    within(period, 0, 127, "a period")
    within(attack, -1, 1, "a direction of attack")


def places(signal: Signal, values: Array, entities: int) -> None:
    """``ValueError`` when a signal that names rows of an axis names one that is not there."""
    for column, dim in signal.places:
        found = values if column is None else values[..., column]
        there = found[~np.isnan(found)] if found.dtype.kind == "f" else found
        within(there, -1, _size(dim, entities) - 1, f"signal {signal.name}")
        if there.dtype.kind == "f" and (there != np.floor(there)).any():
            raise ValueError(f"signal {signal.name} has a place that is no whole number")


def limits(step: Step, arrays: Mapping[str, Array]) -> None:
    """``ValueError`` when an array of a step (by its own name) has a column outside of what the step declares."""
    for name, columns in step.limits.items():
        for column, low, high in columns if name in arrays else ():
            within(arrays[name][..., column], low, high, f"{step.name}.{name}")


def _size(dim: Dim, entities: int) -> int:
    return entities if dim == "N" else int(dim)
