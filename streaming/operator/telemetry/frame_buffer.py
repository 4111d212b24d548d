"""The running frames of a game: one long buffer per signal, new rows at the end, moved up when full.

Rows are shared by all signals. ``framed`` is one past the last row that has positions, ``computed`` one past the last row
whose steps have run. Moving up keeps the newest ``keep`` rows, which is as far back as any reader may look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.core.frames import Field, Frames, Roster
from features.core.sport import Dim, Sport
from streaming.operator import state_checks
from streaming.operator.telemetry.grid import Grid

Array = npt.NDArray[Any]


class FrameBuffer:
    """Buffers of one game; ``frames`` is the view that steps get."""

    def __init__(self, sport: Sport, roster: Roster, field: Field, grid: Grid, keep: int, batch: int, slack_s: float = 0.0) -> None:
        self.keep, self.batch = keep, batch
        self._sport, self._grid = sport, grid
        self.rows = rows_of(keep, batch)
        n = len(roster)
        self.t_us = np.zeros(self.rows, np.int64)
        self.grid_row = np.zeros(self.rows, np.int64)
        t = np.zeros(self.rows)
        xyz = np.full((self.rows, n, 3), np.nan)
        self.channels = np.full((len(sport.channels), self.rows, n), np.nan)
        signals: dict[str, Array] = {name: self.channels[i] for i, name in enumerate(sport.channels)}
        for signal in sport.signals:
            shape = (self.rows, *_sizes(signal.dims, n))
            signals[signal.name] = np.full(shape, signal.fill if signal.dtype[0] == "f" else int(signal.fill), signal.dtype)
        state = {f"{step.name}.{key}": np.zeros(_sizes(dims, n)) for step in sport.steps for key, dims in step.state.items()}
        self.framed = self.computed = keep
        # the time before the game: rows without positions, so that looking back needs no special case
        before = np.arange(-keep + 1, 1)
        self.grid_row[:keep] = before
        self.t_us[:keep] = grid.t0_us + before * 1_000_000 // grid.hz
        t[:keep] = before / grid.hz
        self.frames = Frames(
            roster,
            field,
            dt_s=1.0 / grid.hz,
            hop=grid.hop,
            span=grid.span,
            t=t,
            xyz=xyz,
            period=np.zeros(self.rows, np.int8),
            attack=np.zeros(self.rows, np.int8),
            signals=signals,
            state=state,
            lo=keep,
            hi=keep,
        )
        #: what moves together, by name: every array whose first axis is rows
        self.columns: dict[str, Array] = {
            "t_us": self.t_us,
            "grid_row": self.grid_row,
            "t": t,
            "xyz": xyz,
            "period": self.frames.period,
            "attack": self.frames.attack,
            **{f"signal.{name}": array for name, array in signals.items()},
        }

        self.reach = reach_of(sport, grid, slack_s)

    def make_room(self, rows: int) -> None:
        """Move up until ``rows`` further rows fit."""
        if self.framed + rows <= self.rows:
            return
        drop = min(self.framed, self.computed) - self.keep
        left = self.framed - drop
        for column in self.columns.values():
            column[:left] = column[drop : self.framed]
        self.framed, self.computed = left, self.computed - drop
        self.frames.lo = self.frames.hi = self.computed

    def squeeze(self, at: int, mask: npt.NDArray[np.bool_]) -> None:
        """Of the rows ``at .. framed`` that have only positions yet, keep those in ``mask``."""
        kept = at + np.flatnonzero(mask)
        frames = self.frames
        for column in (self.t_us, self.grid_row, frames.t, frames.xyz, frames.period, frames.attack):
            column[at : at + len(kept)] = column[kept]
        for channel in self.channels:
            channel[at : at + len(kept)] = channel[kept]
        self.framed = at + len(kept)

    def row_of(self, t_us: int, side: str = "left") -> int:
        """Where ``t_us`` would be inserted among the computed rows."""
        return int(np.searchsorted(self.t_us[: self.computed], t_us, side=side))  # type: ignore[call-overload]

    def dump(self) -> dict[str, Array]:
        """The rows that readers may still look at, each signal as far back as it declares, and the steps' own arrays."""
        out = {
            name: column[max(0, self.computed - self.reach.get(name, self.keep)) : self.framed]
            for name, column in self.columns.items()
        }
        first = max(0, self.computed - self.keep)
        out["pointers"] = np.array([self.framed - first, self.computed - first], np.int64)
        for name, array in self.frames.state.items():
            out[f"state.{name}"] = array
        return out

    def load(self, saved: Mapping[str, Array]) -> None:
        """The inverse of :meth:`dump`; ``ValueError`` when a shape does not fit. Arrays go by their names: one that the writer did
        not have stays as it is before a game's first row, one that only the writer had is let go, and where this program looks
        further back, the time before what was kept is as the time before the game."""
        framed, computed = (int(x) for x in state_checks.fitting(saved["pointers"], (2,), np.int64, "pointers"))
        if not 0 < computed <= framed <= self.rows:
            raise ValueError(f"its rows run to {computed} and {framed}")
        for name, column in self.columns.items():
            if name in saved or not name.startswith("signal."):
                state_checks.fitting(saved[name], (len(saved[name]), *column.shape[1:]), column.dtype, name)
        self._check(saved, min(framed, len(saved["grid_row"])))
        for name, column in self.columns.items():
            if name.startswith("signal.") and name not in saved:
                continue
            rows = saved[name]
            kept = min(framed, len(rows))
            column[framed - kept : framed] = rows[len(rows) - kept :]
        for name, array in self.frames.state.items():
            if f"state.{name}" in saved:
                array[...] = state_checks.fitting(saved[f"state.{name}"], array.shape, array.dtype, name)
        self.framed, self.computed = framed, computed
        self.frames.lo = self.frames.hi = computed

    def _check(self, saved: Mapping[str, Array], kept: int) -> None:
        """``ValueError`` when a row is not at its time, or compiled code would go by a place that is not there."""
        if kept == 0 or any(len(saved[name]) != len(saved["grid_row"]) for name in ("t_us", "t", "xyz", "period", "attack")):
            raise ValueError("its columns are not of one length")
        state_checks.rows(self._grid, saved["grid_row"][-kept:], saved["t_us"][-kept:], saved["t"][-kept:])
        state_checks.positions(saved["xyz"], saved["period"], saved["attack"])
        for signal in self._sport.signals:
            if (name := f"signal.{signal.name}") in saved:
                state_checks.places(signal, saved[name], self.frames.xyz.shape[1])
        for step in self._sport.steps:
            own = f"state.{step.name}."
            state_checks.limits(step, {name.removeprefix(own): array for name, array in saved.items() if name.startswith(own)})


def rows_of(keep: int, batch: int) -> int:
    """Rows of the buffers of a game that keeps ``keep`` and computes up to ``batch`` at a time."""
    return keep + max(12 * batch, keep)


def reach_of(sport: Sport, grid: Grid, slack_s: float) -> dict[str, int]:
    """Rows that a signal's readers may look back on: one window, or further where events read it, on either clock."""
    return {
        f"signal.{signal.name}": grid.span + int(np.ceil((signal.keep_s + slack_s) * grid.hz)) if signal.keep_s else grid.span
        for signal in sport.signals
    }


def _sizes(dims: tuple[Dim, ...], n: int) -> tuple[int, ...]:
    return tuple(n if dim == "N" else int(dim) for dim in dims)
