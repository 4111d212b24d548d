"""Samples placed on the grid: one row for each grid point, by interpolation, by holding the last sample, or empty. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from streaming.operator.telemetry.tag_buffers import F8, I8, TagBuffers

I1 = npt.NDArray[np.int8]


class Placement(NamedTuple):
    """How the samples of a game become rows. A point between two samples is interpolated when they are at most ``gap_us`` apart and
    the later one no more than ``wait_us`` after it; else the last sample is held for ``hold_us``; else there is none."""

    t0_us: int
    hz: int
    wait_us: int
    gap_us: int
    hold_us: int
    #: (G,) each tag's row of axis N; the tags of an entity are averaged
    entity: I8
    #: (G, 2) the channels that keep a tag's own x and y, -1 for none
    mount_columns: I8
    #: (P,) periods of play: from, to, number, which way the home team attacks
    starts_us: I8
    ends_us: I8
    periods: I1
    sides: I1


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
def place(first_row: int, count: int, at: int, rules: Placement, buffers: TagBuffers, rows: Rows, seen_us: I8, tags: I8) -> int:
    """Write ``count`` rows from grid row ``first_row`` to ``rows`` from ``at`` on; returns the number of rows with any position.

    ``seen_us`` (N,) is when each entity was first seen; ``tags`` (N,) is scratch: tags with a position at a row.
    """
    t, v, checked, used = buffers.t, buffers.v, buffers.checked, buffers.used
    xyz, channels, columns = rows.xyz, rows.channels, rules.mount_columns
    filled = 0
    for r in range(count):
        row = at + r
        # as Grid.t_us has it
        when = rules.t0_us + (2 * (first_row + r) * 1_000_000 + rules.hz) // (2 * rules.hz)
        rows.grid_row[row] = first_row + r
        rows.t_us[row] = when
        rows.t[row] = (when - rules.t0_us) / 1e6
        rows.period[row] = 0
        rows.attack[row] = 0
        for p in range(len(rules.starts_us)):
            if rules.starts_us[p] <= when <= rules.ends_us[p]:
                rows.period[row] = rules.periods[p]
                rows.attack[row] = rules.sides[p]
        xyz[row] = 0.0
        tags[:] = 0
        for c in range(channels.shape[0]):
            channels[c, row] = np.nan
        for g in range(len(checked)):
            while used[g] < checked[g] and t[g, used[g]] <= when:
                used[g] += 1
            i = used[g] - 1
            if i < 0:
                continue
            e = rules.entity[g]
            before = t[g, i]
            w = 0.0
            if i + 1 < checked[g] and t[g, i + 1] <= when + rules.wait_us and t[g, i + 1] - before <= rules.gap_us:
                w = (when - before) / (t[g, i + 1] - before)
                for d in range(3):
                    xyz[row, e, d] += v[g, i, d] + w * (v[g, i + 1, d] - v[g, i, d])
            elif when - before <= rules.hold_us:
                for d in range(3):
                    xyz[row, e, d] += v[g, i, d]
            else:
                continue
            tags[e] += 1
            for d in range(2):
                if columns[g, d] >= 0:
                    own = v[g, i, d]
                    channels[columns[g, d], row, e] = own + w * (v[g, i + 1, d] - own) if w > 0.0 else own
            for c in range(channels.shape[0]):
                if not np.isnan(v[g, i, 3 + c]):
                    channels[c, row, e] = v[g, i, 3 + c]
        some = 0
        for e in range(len(tags)):
            if tags[e] == 0:
                for d in range(3):
                    xyz[row, e, d] = np.nan
                continue
            some = 1
            if tags[e] > 1:
                for d in range(3):
                    xyz[row, e, d] /= tags[e]
            if seen_us[e] > when:
                seen_us[e] = when
        filled += some
    return filled
