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
from streaming.operator.telemetry.grid import SECOND_US, Grid, ceil_div
from streaming.operator.telemetry.placement import Placement, Rows, place
from streaming.operator.telemetry.tag_buffers import LINE, Limits, Packet, Rejects, TagBuffers, admit, check_order, next_sample
from streaming.operator.telemetry.watermarks import NOW, ORDERED, TELEMETRY
from streaming.wire.records import GameRecord, Telemetry

#: samples are taken in slices of this many, and rows framed after each
SLICE = 2048
#: how far outside the field a position may lie, m
MARGIN_M = 15.0
HIGHEST_M = 120.0


FAR_US: Final = int(np.iinfo(np.int64).max)


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


def _reach_m(field: Field) -> npt.NDArray[np.float64]:
    """Half sizes (x, y, z) beyond which nothing can be; a field whose origin is a corner or home plate reaches its full size."""
    reach = 0.5 if field.origin == "centre" else 1.0
    return np.array([reach * field.length_m + MARGIN_M, reach * field.width_m + MARGIN_M, HIGHEST_M])


class Framer:
    """Owns the tags' lines and writes the tape. ``until_us`` is the time up to which whole groups are decided."""

    def __init__(self, game: GameContext) -> None:
        self.grid, self.clock, self.tape = game.grid, game.clock, game.frame_buffer
        sport, record, roster, grid, clock = game.sport, game.record, game.roster, self.grid, self.clock
        tags = sorted((tag.tag, roster.index[tag.entity]) for tag in record.tags)
        numbers, entity = np.array([tag for tag, _ in tags], np.uint32), np.array([row for _, row in tags], np.int64)
        self.channel_names = sport.channels
        self.buffers = TagBuffers.empty(len(tags), len(sport.channels))
        self.rejects = Rejects.room_for(SLICE + len(tags) * LINE, len(sport.channels))
        max_speed = np.array([sport.max_speed_mps.get(roster.role[e], np.inf) for e in entity])
        self.limits = Limits(numbers, _reach_m(self.tape.frames.field), max_speed, clock.skew_us, clock.telemetry_lateness_us)
        # Channels that keep the place of a tag's mount (x, y), -1 for tags whose place is only part of their entity's.
        mount = {tag.tag: sport.mounts.get(tag.mount) for tag in record.tags}
        kept = [mount[tag] or ("", "") for tag, _ in tags]
        column = {name: c for c, name in enumerate(sport.channels)} | {"": -1}
        period_us = sample_period_us(record, grid)
        self.wait_us = wait_us(record, grid)
        starts = sorted(record.periods, key=lambda p: p.start_us)
        self._placement = Placement(
            grid.t0_us,
            grid.hz,
            self.wait_us,
            gap_us=4 * period_us,
            # one period, and half of one for the jitter of a feed that calls itself aligned
            hold_us=period_us * 3 // 2,
            entity=entity,
            mount_columns=np.array([[column[x], column[y]] for x, y in kept], np.int64).reshape(-1, 2),
            starts_us=np.array([p.start_us for p in starts], np.int64),
            ends_us=np.array([FAR_US if p.end_us is None else p.end_us for p in starts], np.int64),
            periods=np.array([p.number for p in starts], np.int8),
            sides=np.array([p.home_attacks for p in starts], np.int8),
        )
        tape, frames = self.tape, self.tape.frames
        self._rows = Rows(tape.grid_row, tape.t_us, frames.t, frames.period, frames.attack, frames.xyz, tape.channels)
        self.seen_us = np.full(len(roster), FAR_US, np.int64)
        self._tags_seen = np.zeros(len(roster), np.int64)
        self.next_row = 1
        self._partial = 0  # rows of the unfinished group that are on the tape
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
        until = min(len(packet.t_us), at + SLICE)
        return admit(at, until, packet, self.limits, self.buffers, self.clock.cells, self.rejects, force)

    def rejected(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """What was rejected since the last call: (reason, tag, t_us, arrival_us) rows and their values; forgets them."""
        k = int(self.rejects.filled[0])
        self.rejects.filled[0] = 0
        return self.rejects.rows[:k].copy(), self.rejects.values[:k].copy()

    # -- rows ------------------------------------------------------------------------------------------------------

    def advance(self, watermark_us: int, budget: int) -> int:
        """Frame up to ``budget`` rows that the watermark has passed; returns how many rows now stand ready for the steps
        (whole groups of ``hop``)."""
        last = self.grid.row_at_or_before(watermark_us - self.wait_us)
        self.all_filled = True
        grid = self.grid
        if self.next_row <= last:
            check_order(watermark_us, self.limits, self.buffers, self.clock.cells, self.rejects)
        while self.next_row <= last and budget > 0:
            count = min(last - self.next_row + 1, budget)
            if self.blanks >= self.blank_limit and self._partial:
                count = min(count, grid.hop - self._partial)
            elif self.blanks >= self.blank_limit:
                after = next_sample(grid.t_us(self.next_row - 1), self.buffers)
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
        tape, grid = self.tape, self.grid
        tape.make_room(count)
        at = tape.framed
        filled = place(self.next_row, count, at, self._placement, self.buffers, self._rows, self.seen_us, self._tags_seen)
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

    def dump(self) -> dict[str, npt.NDArray[Any]]:
        """Samples that are still to be framed or recognised, when entities were first seen, and how far framing has come."""
        longest = int(self.buffers.n.max(initial=0))
        arrays = self.buffers._asdict()
        arrays["t"], arrays["v"] = arrays["t"][:, :longest], arrays["v"][:, :longest]
        counters = [self.next_row, self.blanks, self._partial, self._partial_filled, self.until_us]
        clock = self.clock.cells[[TELEMETRY, NOW, ORDERED]]
        return {**arrays, "clock": clock, "seen_us": self.seen_us, "counters": np.array(counters, np.int64)}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """The inverse of :meth:`dump`; ``ValueError`` when a shape does not fit."""
        n, checked, used = saved["n"], saved["checked"], saved["used"]
        longest = saved["t"].shape[1] if saved["t"].ndim == 2 else 0
        if not ((used >= 0) & (used <= checked) & (checked <= n) & (n <= longest)).all() or longest > LINE:
            raise ValueError("its samples do not add up")
        for name, target in self.buffers._asdict().items():
            if name in ("t", "v"):
                target[:, : saved[name].shape[1]] = saved[name]
            else:
                target[...] = saved[name]
        self.clock.cells[ORDERED] = saved["clock"][2]
        self.seen_us[...] = saved["seen_us"]
        self.next_row, self.blanks, self._partial, self._partial_filled, self.until_us = (int(x) for x in saved["counters"])
