"""From packets to rows: the samples of all tags of a game, checked, ordered and placed on its grid.

A stretch without any sample is framed as empty rows for a little more than one window, so that everything that looks back
sees the break; the rest of it is left out. Half-time costs nothing, and no clock can make an operator count through a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.frames import Field
from streaming.errors import BadRecord
from streaming.operator.context import GameContext
from streaming.operator.state_checks import FARTHEST_ROW, fitting, times
from streaming.operator.telemetry import placement, tag_buffers
from streaming.operator.telemetry.grid import SECOND_US, Grid, ceil_div
from streaming.operator.telemetry.placement import Rows
from streaming.operator.telemetry.tag_buffers import SLICE, Packet, TagBuffers
from streaming.operator.telemetry.watermarks import NOW, ORDERED, TELEMETRY
from streaming.wire.arrivals import FAR_US
from streaming.wire.records import GameRecord, Telemetry

#: how far outside the field a position may lie, m
MARGIN_M = 15.0
HIGHEST_M = 120.0


#: no end of a period, and no time yet
OPEN_US: Final = int(np.iinfo(np.int64).max)


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


def _tags(game: GameContext) -> tag_buffers.Records:
    """(G,) the tags of a game, sorted by number."""
    sport, roster = game.sport, game.roster
    column = {name: c for c, name in enumerate(sport.channels)}
    found = []
    for tag in sorted(game.record.tags, key=lambda tag: tag.tag):
        entity = roster.index[tag.entity]
        # a tag without a place of its own is only part of its entity's
        mount = [column[name] for name in sport.mounts.get(tag.mount, ())] or [-1, -1]
        found.append((tag.tag, entity, sport.max_speed_mps.get(roster.role[entity], np.inf), mount))
    return np.array(found, tag_buffers.TAG)


def _reach_m(field: Field) -> npt.NDArray[np.float64]:
    """Half sizes (x, y, z) beyond which nothing can be; a field whose origin is a corner or home plate reaches its full size."""
    reach = 0.5 if field.origin == "centre" else 1.0
    return np.array([reach * field.length_m + MARGIN_M, reach * field.width_m + MARGIN_M, HIGHEST_M])


class Framer:
    """Owns the tags' buffers and writes the frame buffer. ``until_us`` is the time up to which whole groups are decided."""

    def __init__(self, game: GameContext) -> None:
        self.grid, self.clock, self.frame_buffer = game.grid, game.clock, game.frame_buffer
        sport, record, roster, grid, clock = game.sport, game.record, game.roster, self.grid, self.clock
        self.channel_names = sport.channels
        self.wait_us = wait_us(record, grid)
        self.tags = _tags(game)
        self.buffers = TagBuffers(len(self.tags), len(sport.channels), SLICE)
        self._limits = np.array(
            [(_reach_m(self.frame_buffer.frames.field), clock.skew_us, clock.telemetry_lateness_us, grid.t0_us - FAR_US)],
            tag_buffers.LIMITS,
        )
        period_us = sample_period_us(record, grid)
        # a sample is held for one period, and half of one for the jitter of a feed that calls itself aligned
        self._placement = np.array([(grid.t0_us, grid.hz, self.wait_us, 4 * period_us, period_us * 3 // 2)], placement.PLACEMENT)
        starts = sorted(record.periods, key=lambda p: p.start_us)
        self._periods = np.array(
            [(p.start_us, OPEN_US if p.end_us is None else p.end_us, p.number, p.home_attacks) for p in starts], placement.PERIOD
        )
        self._seen = np.array([(OPEN_US, 0)] * len(roster), placement.SEEN)
        #: (N,) when each entity was first seen
        self.seen_us: npt.NDArray[np.int64] = self._seen["first_us"]
        frame_buffer, frames = self.frame_buffer, self.frame_buffer.frames
        self._rows = Rows(
            frame_buffer.grid_row, frame_buffer.t_us, frames.t, frames.period, frames.attack, frames.xyz, frame_buffer.channels
        )
        self.next_row = 1
        self._partial = 0  # rows of the unfinished group that are in the frame buffer
        self._partial_filled = 0
        self.blank_limit = ceil_div(grid.span, grid.hop) + 1
        self.blanks = self.blank_limit  # before the first sample there is nothing to say
        self.until_us = grid.t0_us
        #: whether every row of the latest ``advance`` has a position
        self.all_filled = True

    # -- samples ---------------------------------------------------------------------------------------------------

    def packet(self, packet: Telemetry, now_us: int) -> Packet:
        """The packet as compiled code reads it: writable contiguous arrays of the exact types, channels as one (C, n)."""
        n = len(packet)
        arrivals = packet.arrival_us
        columns = (packet.tag, packet.x_m, packet.y_m, packet.z_m, *packet.channels.values())
        if any(len(column) != n for column in columns) or not (isinstance(arrivals, int) or len(arrivals) == n):
            raise BadRecord("ragged packet", "its columns are not of one length")
        values = np.empty((len(self.channel_names), n))
        with np.errstate(invalid="ignore"):  # a NaN of another bit pattern is a NaN
            for c, name in enumerate(self.channel_names):
                values[c] = packet.channels.get(name, np.nan)
        return Packet(
            _own(packet.t_us, np.int64),
            _own(packet.tag, np.uint32),
            _own(packet.x_m, np.float32),
            _own(packet.y_m, np.float32),
            _own(packet.z_m, np.float32),
            values,
            np.array([arrivals or now_us], np.int64) if isinstance(arrivals, int) else _own(arrivals, np.int64),
        )

    def admit(self, packet: Packet, at: int, force: bool = False) -> int:
        """First check of up to ``SLICE`` samples from ``at``; returns the index after the last one dealt with."""
        until, b = min(len(packet.t_us), at + SLICE), self.buffers
        return tag_buffers.admit(
            at,
            until,
            packet,
            self._limits,
            self.tags,
            b.lines,
            b.values,
            self.clock.cells,
            b.rejects,
            b.rejected_values,
            b.rejected_n,
            force,
        )

    # -- rows ------------------------------------------------------------------------------------------------------

    def advance(self, watermark_us: int, budget: int) -> int:
        """Frame up to ``budget`` rows that the watermark has passed; returns how many rows now stand ready for the steps
        (whole groups of ``hop``)."""
        last = self.grid.row_at_or_before(watermark_us - self.wait_us)
        self.all_filled = True
        grid = self.grid
        if self.next_row <= last:
            b, clock = self.buffers, self.clock.cells
            tag_buffers.check_order(watermark_us, self.tags, b.lines, b.values, clock, b.rejects, b.rejected_values, b.rejected_n)
        while self.next_row <= last and budget > 0:
            count = min(last - self.next_row + 1, budget)
            if self.blanks >= self.blank_limit and self._partial:
                count = min(count, grid.hop - self._partial)
            elif self.blanks >= self.blank_limit:
                after = tag_buffers.next_sample(grid.t_us(self.next_row - 1), self.buffers.lines)
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
        return self.frame_buffer.framed - self._partial - self.frame_buffer.computed

    def _frame(self, count: int) -> None:
        frame_buffer, grid = self.frame_buffer, self.grid
        frame_buffer.make_room(count)
        at = frame_buffer.framed
        lines, values = self.buffers.lines, self.buffers.values
        filled = placement.place(
            self.next_row, count, at, self._placement, self._periods, self.tags, lines, values, self._seen, *self._rows
        )
        frame_buffer.framed += count
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
        """Group by group: count the empty ones, and take those beyond the limit out of the frame buffer again."""
        hop, frame_buffer = self.grid.hop, self.frame_buffer
        first = at - self._partial
        some = np.isfinite(frame_buffer.frames.xyz[at : at + count, :, 0]).any(axis=1)
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
            frame_buffer.squeeze(first, keep)

    # -- state -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, npt.NDArray[Any]]:
        """Samples that are still to be framed or recognised, when entities were first seen, and how far framing has come."""
        counters = [self.next_row, self.blanks, self._partial, self._partial_filled, self.until_us]
        return {
            **self.buffers.dump(),
            "clock": self.clock.cells[[TELEMETRY, NOW, ORDERED]],
            "seen_us": self.seen_us,
            "counters": np.array(counters, np.int64),
        }

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """The inverse of :meth:`dump`; ``ValueError`` when a shape does not fit."""
        clock = fitting(saved["clock"], (3,), np.int64, "clock")
        times(clock, "a clock")
        fitting(saved["seen_us"], self.seen_us.shape, np.int64, "seen_us")
        counters = [int(x) for x in fitting(saved["counters"], (5,), np.int64, "counters")]
        self._check_counters(*counters)
        self.buffers.load(saved)
        self.clock.cells[ORDERED] = clock[2]
        self.seen_us[...] = saved["seen_us"]
        self.next_row, self.blanks, self._partial, self._partial_filled, self.until_us = counters

    def _check_counters(self, next_row: int, blanks: int, partial: int, filled: int, until_us: int) -> None:
        """``ValueError`` unless they go with the rows of the frame buffer, which has been loaded by then."""
        buffer = self.frame_buffer
        last = int(buffer.grid_row[buffer.framed - 1])
        if not max(1, last + 1) <= next_row <= FARTHEST_ROW or not 0 <= blanks <= self.blank_limit:
            raise ValueError("its next row is out of range")
        if not 0 <= filled <= partial < self.grid.hop or partial != buffer.framed - buffer.computed:
            raise ValueError("its unfinished window has another number of rows")
        times(until_us, "the time up to which rows are decided")
