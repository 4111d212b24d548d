"""Samples placed on the grid: one row for each grid point, by interpolation, by holding the last sample, or empty. Compiled."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from streaming.operator.telemetry.tag_buffers import F8, I8, Records

I1 = npt.NDArray[np.int8]


#: how the samples of a game become rows, one record. A point between two samples is interpolated when they are at most ``gap_us``
#: apart and the later one no more than ``wait_us`` after it; else the last sample is held for ``hold_us``; else there is none
PLACEMENT: Final = np.dtype([("t0_us", "i8"), ("hz", "i8"), ("wait_us", "i8"), ("gap_us", "i8"), ("hold_us", "i8")])

#: a period of play, one record each, in order: from, to, and which way the home team attacks
PERIOD: Final = np.dtype([("start_us", "i8"), ("end_us", "i8"), ("number", "i1"), ("home_attacks", "i1")], align=True)

#: an entity, one record each, along axis N: when it was first seen, and scratch: its tags with a position at a row
SEEN: Final = np.dtype([("first_us", "i8"), ("tags", "i8")])


class Rows(NamedTuple):
    """The frame buffer's columns that placing fills."""

    grid_row: I8
    t_us: I8
    #: seconds since t0
    t: F8
    period: I1
    attack: I1
    #: (rows, N, 3)
    xyz: F8
    #: (C, rows, N)
    channels: F8


@kernel
def place(
    first_row: int,
    count: int,
    at: int,
    placement: Records,
    periods: Records,
    tags: Records,
    lines: Records,
    values: F8,
    seen: Records,
    grid_row: I8,
    t_us: I8,
    t: F8,
    period: I1,
    attack: I1,
    xyz: F8,
    channels: F8,
) -> int:
    """Write ``count`` rows from grid row ``first_row`` to the frame buffer (see :class:`Rows`) from ``at`` on; returns the
    number of rows with any position. The tags of an entity are averaged."""
    rules = placement[0]
    filled = 0
    for r in range(count):
        row = at + r
        # as Grid.t_us has it
        when = rules.t0_us + (2 * (first_row + r) * 1_000_000 + rules.hz) // (2 * rules.hz)
        grid_row[row] = first_row + r
        t_us[row] = when
        t[row] = (when - rules.t0_us) / 1e6
        period[row] = 0
        attack[row] = 0
        for p in range(len(periods)):
            if periods[p].start_us <= when <= periods[p].end_us:
                period[row] = periods[p].number
                attack[row] = periods[p].home_attacks
        xyz[row] = 0.0
        for e in range(len(seen)):
            seen[e].tags = 0
        for c in range(channels.shape[0]):
            channels[c, row] = np.nan
        for g in range(len(lines)):
            line, tag = lines[g], tags[g]
            while line.used < line.checked and line.t[line.used] <= when:
                line.used += 1
            i = line.used - 1
            if i < 0:
                continue
            e = tag.entity
            before = line.t[i]
            w = 0.0
            if i + 1 < line.checked and line.t[i + 1] <= when + rules.wait_us and line.t[i + 1] - before <= rules.gap_us:
                w = (when - before) / (line.t[i + 1] - before)
                for d in range(3):
                    xyz[row, e, d] += values[g, i, d] + w * (values[g, i + 1, d] - values[g, i, d])
            elif when - before <= rules.hold_us:
                for d in range(3):
                    xyz[row, e, d] += values[g, i, d]
            else:
                continue
            seen[e].tags += 1
            for d in range(2):
                if tag.mount[d] >= 0:
                    own = values[g, i, d]
                    channels[tag.mount[d], row, e] = own + w * (values[g, i + 1, d] - own) if w > 0.0 else own
            for c in range(channels.shape[0]):
                if not np.isnan(values[g, i, 3 + c]):
                    channels[c, row, e] = values[g, i, 3 + c]
        some = 0
        for e in range(len(seen)):
            if seen[e].tags == 0:
                for d in range(3):
                    xyz[row, e, d] = np.nan
                continue
            some = 1
            if seen[e].tags > 1:
                for d in range(3):
                    xyz[row, e, d] /= seen[e].tags
            if seen[e].first_us > when:
                seen[e].first_us = when
        filled += some
    return filled
