"""From packets to rows: the samples of all tags of a game, checked, ordered and placed on its grid.

A stretch without any sample is framed as empty rows for a little more than one window, so that everything that looks back
sees the break; the rest of it is left out. Half-time costs nothing, and no clock can make an operator count through a year.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from features.core.frames import Roster
from features.core.sport import Sport
from streaming.errors import BadRecord
from streaming.operator.telemetry import tag_buffers
from streaming.operator.telemetry.frame_buffer import FrameBuffer
from streaming.operator.telemetry.grid import SECOND_US, Grid
from streaming.operator.telemetry.watermarks import GameClock
from streaming.wire.records import GameRecord, Telemetry

#: samples are taken in slices of this many, and rows framed after each
SLICE = 2048
#: how far outside the field a position may lie, m
MARGIN_M = 15.0
HIGHEST_M = 120.0


Columns = tuple[
    npt.NDArray[np.int64],
    npt.NDArray[np.uint32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float64],
    npt.NDArray[np.int64],
]


def _own(column: npt.NDArray[Any], kind: Any) -> npt.NDArray[Any]:
    """As compiled code wants it: what is read-only, or lies across word boundaries, is another type there, and is copied."""
    flags = column.flags
    if column.dtype == kind and flags.carray:
        return column
    return np.array(column, kind)


def sample_period_us(game: GameRecord, grid: Grid) -> int:
    """Time between two samples of the slowest tag."""
    rates = [feed.rate_hz for feed in game.feeds if feed.kind == "telemetry" and feed.rate_hz]
    return int(SECOND_US / min(rates, default=grid.hz))


def wait_us(game: GameRecord, grid: Grid) -> int:
    """How long a grid point waits for the sample after it: only where tags keep their own time."""
    aligned = all(feed.aligned for feed in game.feeds if feed.kind == "telemetry")
    return 0 if aligned else 2 * sample_period_us(game, grid)


class Framer:
    """Owns the tags' lines and writes the tape. ``until_us`` is the time up to which whole groups are decided."""

    def __init__(self, sport: Sport, game: GameRecord, roster: Roster, grid: Grid, clock: GameClock, tape: FrameBuffer) -> None:
        self.grid, self.clock, self.tape = grid, clock, tape
        tags = sorted((tag.tag, roster.index[tag.entity]) for tag in game.tags)
        self.lines = tag_buffers.TagBuffers(len(tags), len(sport.channels), SLICE)
        self.tags = np.array([tag for tag, _ in tags], np.uint32)
        self.entity = np.array([row for _, row in tags], np.int64)
        # Channels that keep the place of a tag's mount (x, y), -1 for tags whose place is only part of their entity's.
        mount = {tag.tag: sport.mounts.get(tag.mount) for tag in game.tags}
        kept = [mount[tag] or ("", "") for tag, _ in tags]
        column = {name: c for c, name in enumerate(sport.channels)} | {"": -1}
        self.mount_columns = np.array([[column[x], column[y]] for x, y in kept], np.int64).reshape(-1, 2)
        self.max_speed = np.array([sport.max_speed_mps.get(roster.role[e], np.inf) for e in self.entity])
        period_us = sample_period_us(game, grid)
        self.wait_us = wait_us(game, grid)
        self._gap_us = 4 * period_us
        # one period, and half of one for the jitter of a feed that calls itself aligned
        self._hold_us = period_us * 3 // 2
        field = tape.frames.field
        # A field whose origin is a corner or home plate reaches its full size in every direction.
        reach = 0.5 if field.origin == "centre" else 1.0
        self.reach_m = np.array([reach * field.length_m + MARGIN_M, reach * field.width_m + MARGIN_M, HIGHEST_M])
        self.channel_names = sport.channels
        self.seen_us = np.full(len(roster), np.iinfo(np.int64).max, np.int64)
        self._mounts = np.zeros(len(roster), np.int64)
        starts = sorted(game.periods, key=lambda p: p.start_us)
        self._starts = np.array([p.start_us for p in starts], np.int64)
        self._ends = np.array([np.iinfo(np.int64).max if p.end_us is None else p.end_us for p in starts], np.int64)
        self._numbers = np.array([p.number for p in starts], np.int8)
        self._sides = np.array([p.home_attacks for p in starts], np.int8)
        self.next_row = 1
        self._partial = 0  # rows of the unfinished group that are on the tape
        self._partial_filled = 0
        self.blank_limit = -(-grid.span // grid.hop) + 1
        self.blanks = self.blank_limit  # before the first sample there is nothing to say
        self.until_us = grid.t0_us
        #: whether every row of the latest ``advance`` has a position
        self.all_filled = True

    # -- samples ---------------------------------------------------------------------------------------------------

    def columns(self, packet: Telemetry, now_us: int) -> Columns:
        """The packet as compiled code wants it: writable contiguous arrays of the exact types, channels as one (C, n)."""
        n = len(packet)
        arrivals = packet.arrival_us
        columns = (packet.tag, packet.x_m, packet.y_m, packet.z_m, *packet.channels.values())
        if any(len(column) != n for column in columns) or not (isinstance(arrivals, int) or len(arrivals) == n):
            raise BadRecord("ragged packet", "its columns are not of one length")
        values = np.empty((len(self.channel_names), n))
        for c, name in enumerate(self.channel_names):
            values[c] = packet.channels.get(name, np.nan)
        return (
            _own(packet.t_us, np.int64),
            _own(packet.tag, np.uint32),
            _own(packet.x_m, np.float32),
            _own(packet.y_m, np.float32),
            _own(packet.z_m, np.float32),
            values,
            np.array([arrivals or now_us], np.int64) if isinstance(arrivals, int) else _own(arrivals, np.int64),
        )

    def take_in(self, columns: Columns, at: int, force: bool = False) -> int:
        """First check of up to ``SLICE`` samples from ``at``; returns the index after the last one dealt with."""
        lines, n = self.lines, len(columns[0])
        clock = lines.clock
        clock[0], clock[1] = self.clock.telemetry_us, self.clock.now_us
        at = tag_buffers.take_in(
            at,
            min(n, at + SLICE),
            *columns,
            self.tags,
            self.reach_m,
            self.clock.skew_us,
            self.clock.telemetry_lateness_us,
            lines.t,
            lines.v,
            lines.n,
            lines.checked,
            lines.used,
            clock,
            lines.rejected,
            lines.rejected_v,
            lines.rejected_n,
            force,
        )
        self.clock.arrived(int(clock[1]))
        self.clock.saw_telemetry(int(clock[0]))
        return at

    def rejected(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """What was rejected since the last call: (reason, tag, t_us, arrival_us) rows and their values; forgets them."""
        k = int(self.lines.rejected_n[0])
        self.lines.rejected_n[0] = 0
        return self.lines.rejected[:k].copy(), self.lines.rejected_v[:k].copy()

    # -- rows ------------------------------------------------------------------------------------------------------

    def advance(self, watermark_us: int, budget: int) -> int:
        """Frame up to ``budget`` rows that the watermark has passed; returns how many rows now stand ready for the steps
        (whole groups of ``hop``)."""
        last = self.grid.row_at_or_before(watermark_us - self.wait_us)
        self.all_filled = True
        lines, grid = self.lines, self.grid
        if self.next_row <= last:
            tag_buffers.check_order(
                watermark_us,
                self.tags,
                self.max_speed,
                lines.t,
                lines.v,
                lines.n,
                lines.checked,
                lines.used,
                lines.leap,
                lines.clock,
                lines.rejected,
                lines.rejected_v,
                lines.rejected_n,
            )
        while self.next_row <= last and budget > 0:
            count = min(last - self.next_row + 1, budget)
            if self.blanks >= self.blank_limit and self._partial:
                count = min(count, grid.hop - self._partial)
            elif self.blanks >= self.blank_limit:
                after = tag_buffers.next_sample(grid.t_us(self.next_row - 1), lines.t, lines.n, lines.used)
                first = grid.row_at_or_before(min(int(after), watermark_us) - 1) + 1
                start = (min(first, last + 1) - 1) // grid.hop * grid.hop + 1
                if start > self.next_row:
                    self.next_row = start
                    continue
                count = min(count, grid.hop)
            self._frame(count)
            budget -= count
        group = (self.next_row - 1) // grid.hop * grid.hop + 1
        self.until_us = max(self.until_us, min(watermark_us - self.wait_us, grid.t_us(group) - 1))
        return self.ready

    @property
    def ready(self) -> int:
        return self.tape.framed - self._partial - self.tape.computed

    def _frame(self, count: int) -> None:
        tape, grid, lines = self.tape, self.grid, self.lines
        tape.make_room(count)
        at, frames = tape.framed, tape.frames
        filled = tag_buffers.frame_rows(
            self.next_row,
            count,
            grid.t0_us,
            grid.hz,
            at,
            self.entity,
            self.mount_columns,
            self._mounts,
            self.wait_us,
            self._gap_us,
            self._hold_us,
            self._starts,
            self._ends,
            self._numbers,
            self._sides,
            lines.t,
            lines.v,
            lines.n,
            lines.checked,
            lines.used,
            tape.grid_row,
            tape.t_us,
            frames.t,
            frames.period,
            frames.attack,
            frames.xyz,
            tape.channels,
            self.seen_us,
        )
        tape.framed += count
        self.next_row += count
        self.all_filled &= filled == count
        if filled == count:
            whole = (self._partial + count) // grid.hop
            if whole:
                self.blanks = 0
                self._partial = (self._partial + count) % grid.hop
                self._partial_filled = self._partial
            else:
                self._partial += count
                self._partial_filled += count
        else:
            self._leave_out_blanks(at, count)

    def _leave_out_blanks(self, at: int, count: int) -> None:
        """Group by group: count the empty ones, and take those beyond the limit off the tape again."""
        hop, tape = self.grid.hop, self.tape
        first = at - self._partial
        some = np.isfinite(tape.frames.xyz[at : at + count, :, 0]).any(axis=1)
        keep = np.ones(self._partial + count, bool)
        filled = np.concatenate((np.zeros(self._partial, bool), some))
        if self._partial and self._partial_filled:
            filled[0] = True
        whole = len(filled) // hop * hop
        for group in range(0, whole, hop):
            if filled[group : group + hop].any():
                self.blanks = 0
                continue
            self.blanks += 1
            if self.blanks > self.blank_limit:
                self.blanks = self.blank_limit
                keep[group : group + hop] = False
        self._partial = len(filled) - whole
        self._partial_filled = int(filled[whole:].sum())
        if not keep.all():
            tape.squeeze(first, keep)

    # -- state -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        longest = int(self.lines.n.max(initial=0))
        arrays = {name: getattr(self.lines, name) for name in tag_buffers.TagBuffers.FIELDS}
        arrays["t"], arrays["v"] = arrays["t"][:, :longest], arrays["v"][:, :longest]
        counters = [self.next_row, self.blanks, self._partial, self._partial_filled, self.until_us]
        return {**arrays, "seen_us": self.seen_us, "counters": np.array(counters, np.int64)}

    def load(self, saved: dict[str, Any]) -> None:
        n, checked, used = saved["n"], saved["checked"], saved["used"]
        longest = saved["t"].shape[1] if saved["t"].ndim == 2 else 0
        if not ((used >= 0) & (used <= checked) & (checked <= n) & (n <= longest)).all() or longest > tag_buffers.LINE:
            raise ValueError("its samples do not add up")
        for name in tag_buffers.TagBuffers.FIELDS:
            target = getattr(self.lines, name)
            if name in ("t", "v"):
                target[:, : saved[name].shape[1]] = saved[name]
            else:
                target[...] = saved[name]
        self.seen_us[...] = saved["seen_us"]
        self.next_row, self.blanks, self._partial, self._partial_filled, self.until_us = (int(x) for x in saved["counters"])
