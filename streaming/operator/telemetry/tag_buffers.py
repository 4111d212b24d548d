"""Samples as they come, per tag: checked, put in time order, freed of duplicates and of leaps. Compiled.

Each tag has a short line of samples sorted by time. A sample is checked twice: on arrival against what is known of it alone
(tag, finiteness, field, clock, lateness, duplicates), and again when the watermark has passed it, in time order, against its
predecessor (a leap faster than anything on the field is not a position). The second check waits for order because its answer
must not depend on who arrived first.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]
I8 = npt.NDArray[np.int64]
I1 = npt.NDArray[np.int8]
U4 = npt.NDArray[np.uint32]
Real = float | np.floating[Any]

ACCEPTED, UNKNOWN_TAG, NOT_FINITE, OFF_FIELD, AHEAD, LATE, DUPLICATE, CONFLICT, TELEPORT, OVERFLOW = range(10)

#: code -> (kind, reason) as counted and as written on dead letters
REASONS: Final = (
    ("accepted", "accepted"),
    ("quarantined", "unknown tag"),
    ("quarantined", "not a finite position"),
    ("quarantined", "outside the field"),
    ("quarantined", "clock ahead of arrival"),
    ("late", "late"),
    ("duplicate", "duplicate"),
    ("quarantined", "conflicting sample"),
    ("quarantined", "teleport"),
    ("dropped", "too many samples"),
)

LINE: Final = 256  # samples a tag's line holds
KEPT: Final = 64  # used ones that stay, so that a duplicate is still known as one
REANCHOR: Final = 12  # so many leaps in a row that agree with each other are a new position


class TagBuffers:
    """State of all tags of a game: G tags, C channels.

    ``t`` (G, LINE) us; ``v`` (G, LINE, 3 + C) m and channel values; ``n`` (G,) samples in the line; ``checked`` (G,) how many
    of them have passed the second check; ``used`` (G,) how many lie at or before the last framed row; ``leap`` (G, 5) the last
    leap (t, x, y, z) and how many agreed; ``clock`` = [newest believed time, newest arrival, second check done up to].
    """

    __slots__ = ("checked", "clock", "leap", "n", "rejected", "rejected_n", "rejected_v", "t", "used", "v")
    FIELDS = ("t", "v", "n", "checked", "used", "leap", "clock")

    def __init__(self, tags: int, channels: int, slice_samples: int) -> None:
        self.t = np.zeros((tags, LINE), np.int64)
        self.v = np.zeros((tags, LINE, 3 + channels), np.float64)
        self.n = np.zeros(tags, np.int64)
        self.checked = np.zeros(tags, np.int64)
        self.used = np.zeros(tags, np.int64)
        self.leap = np.zeros((tags, 5), np.float64)
        self.clock = np.full(3, -(1 << 62), np.int64)
        # what the last calls rejected: reason, tag row, t, arrival; and the values
        room = slice_samples + tags * LINE
        self.rejected = np.zeros((room, 4), np.int64)
        self.rejected_v = np.zeros((room, 3 + channels), np.float64)
        self.rejected_n = np.zeros(1, np.int64)


@kernel
def _reject(
    reason: int,
    tag: int,
    t: int,
    arrival: int,
    rejected: I8,
    rejected_n: I8,
) -> int:
    """Book a rejected sample; returns the row that its values go to."""
    k = rejected_n[0]
    rejected[k, 0] = reason
    rejected[k, 1] = tag
    rejected[k, 2] = t
    rejected[k, 3] = arrival
    rejected_n[0] = k + 1
    return int(k)


@kernel
def _reject_new(
    reason: int,
    tag: int,
    t: int,
    arrival: int,
    x: Real,
    y: Real,
    z: Real,
    s_c: F8,
    i: int,
    rejected: I8,
    rejected_v: F8,
    rejected_n: I8,
) -> None:
    """Set aside sample ``i`` of a packet, channels and all."""
    k = _reject(reason, tag, t, arrival, rejected, rejected_n)
    rejected_v[k, 0] = x
    rejected_v[k, 1] = y
    rejected_v[k, 2] = z
    for c in range(s_c.shape[0]):
        rejected_v[k, 3 + c] = s_c[c, i]


@kernel
def _make_room(
    g: int,
    t: I8,
    v: F8,
    n: I8,
    checked: I8,
    used: I8,
) -> bool:
    """Drop the oldest used samples of line ``g``, all but ``KEPT``; returns whether there is room now."""
    drop = used[g] - KEPT
    if drop > 0:
        for j in range(drop, n[g]):
            t[g, j - drop] = t[g, j]
            v[g, j - drop] = v[g, j]
        n[g] -= drop
        checked[g] -= drop
        used[g] -= drop
    return bool(n[g] < t.shape[1])


@kernel
def _rank(held: F8, x: Real, y: Real, z: Real, s_c: F8, i: int) -> int:
    """Two claims about one instant: 0 when they say the same, 1 when the new one stands, -1 when the held one does."""
    for d in range(3 + s_c.shape[0]):
        new = x if d == 0 else y if d == 1 else z if d == 2 else s_c[d - 3, i]
        old = held[d]
        if new == old or (np.isnan(new) and np.isnan(old)):
            continue
        return 1 if np.isnan(old) or new > old else -1
    return 0


@kernel
def take_in(
    at: int,
    until: int,
    s_t: I8,
    s_tag: U4,
    s_x: F4,
    s_y: F4,
    s_z: F4,
    s_c: F8,
    arrivals: I8,
    known: U4,
    reach_m: F8,
    skew_us: int,
    lateness_us: int,
    t: I8,
    v: F8,
    n: I8,
    checked: I8,
    used: I8,
    clock: I8,
    rejected: I8,
    rejected_v: F8,
    rejected_n: I8,
    force: bool,
) -> int:
    """First check of samples ``at..until``; returns the index after the last one dealt with.

    ``known`` (G,) tag numbers, sorted, line by line; ``s_c`` (C, n) channels; ``arrivals`` has one entry or one
    per sample; ``reach_m`` the half sizes (x, y, z) beyond which nothing can be. Stops early when a line is full, unless
    ``force``: then that sample is rejected.
    """
    many = len(arrivals) > 1
    channels = s_c.shape[0]
    for i in range(at, until):
        arrival = arrivals[i] if many else arrivals[0]
        ts = s_t[i]
        x = np.float64(s_x[i])
        y = np.float64(s_y[i])
        z = np.float64(s_z[i])
        clock[1] = max(clock[1], arrival)
        tag = s_tag[i]
        g = np.searchsorted(known, tag)
        if g == len(known) or known[g] != tag:
            _reject_new(UNKNOWN_TAG, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            continue
        if not (np.isfinite(x) and np.isfinite(y)) or np.isinf(z):
            _reject_new(NOT_FINITE, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            continue
        if abs(x) > reach_m[0] or abs(y) > reach_m[1] or abs(z) > reach_m[2]:
            _reject_new(OFF_FIELD, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            continue
        if ts > arrival + skew_us:
            _reject_new(AHEAD, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            continue
        j = n[g]
        while j > 0 and t[g, j - 1] > ts:
            j -= 1
        if j > 0 and t[g, j - 1] == ts:
            o = j - 1
            rank = _rank(v[g, o], x, y, z, s_c, i)
            if rank == 0:
                _reject_new(DUPLICATE, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            elif o >= checked[g] and rank > 0:
                # Two claims about one instant: which of them stays must not depend on who came first.
                rejected_v[_reject(CONFLICT, tag, ts, arrival, rejected, rejected_n)] = v[g, o]
                v[g, o, 0] = x
                v[g, o, 1] = y
                v[g, o, 2] = z
                for c in range(channels):
                    v[g, o, 3 + c] = s_c[c, i]
            else:
                _reject_new(CONFLICT, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            continue
        # By the watermark of this very sample's arrival, and not by what has been closed: a stream in long packets must not
        # be kinder than the same stream in short ones.
        if ts <= max(clock[2], min(clock[0], clock[1]) - lateness_us):
            _reject_new(LATE, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
            continue
        if n[g] == t.shape[1]:
            before = n[g]
            room = _make_room(g, t, v, n, checked, used)
            if not room:
                if not force:
                    return i
                _reject_new(OVERFLOW, tag, ts, arrival, x, y, z, s_c, i, rejected, rejected_v, rejected_n)
                continue
            j -= before - n[g]
        for m in range(n[g], j, -1):
            t[g, m] = t[g, m - 1]
            v[g, m] = v[g, m - 1]
        t[g, j] = ts
        v[g, j, 0] = x
        v[g, j, 1] = y
        v[g, j, 2] = z
        for c in range(channels):
            v[g, j, 3 + c] = s_c[c, i]
        n[g] += 1
        clock[0] = max(clock[0], ts)
    return until


@kernel
def _possible(
    t0: Real,
    x0: Real,
    y0: Real,
    t1: Real,
    x1: Real,
    y1: Real,
    max_speed: Real,
) -> bool:
    """Whether a body could have got from one to the other: its top speed, and half a metre of measurement noise."""
    far = max_speed * (t1 - t0) * 1e-6 + 0.5
    return bool((x1 - x0) ** 2 + (y1 - y0) ** 2 <= far * far)


@kernel
def check_order(
    until_us: int,
    tags: U4,
    max_speed: F8,
    t: I8,
    v: F8,
    n: I8,
    checked: I8,
    used: I8,
    leap: F8,
    clock: I8,
    rejected: I8,
    rejected_v: F8,
    rejected_n: I8,
) -> None:
    """Second check, in time order, of all samples at or before ``until_us``; ``max_speed`` (G,) m/s."""
    for g in range(len(n)):
        while checked[g] < n[g] and t[g, checked[g]] <= until_us:
            i = checked[g]
            ts, x, y, z = t[g, i], v[g, i, 0], v[g, i, 1], v[g, i, 2]
            good = i == 0 or _possible(t[g, i - 1], v[g, i - 1, 0], v[g, i - 1, 1], ts, x, y, max_speed[g])
            if not good:
                if leap[g, 4] > 0 and _possible(leap[g, 0], leap[g, 1], leap[g, 2], np.float64(ts), x, y, max_speed[g]):
                    leap[g, 4] += 1
                else:
                    leap[g, 4] = 1
                leap[g, 0] = ts
                leap[g, 1] = x
                leap[g, 2] = y
                leap[g, 3] = z
                good = leap[g, 4] >= REANCHOR
            if good:
                leap[g, 4] = 0
                checked[g] += 1
                continue
            rejected_v[_reject(TELEPORT, tags[g], ts, clock[1], rejected, rejected_n)] = v[g, i]
            for m in range(i, n[g] - 1):
                t[g, m] = t[g, m + 1]
                v[g, m] = v[g, m + 1]
            n[g] -= 1
    clock[2] = max(clock[2], until_us)


@kernel
def frame_rows(
    first_row: int,
    count: int,
    t0_us: int,
    hz: int,
    at: int,
    entity: I8,
    columns: I8,
    mounts: I8,
    wait_us: int,
    gap_us: int,
    hold_us: int,
    starts: I8,
    ends: I8,
    numbers: I1,
    sides: I1,
    t: I8,
    v: F8,
    n: I8,
    checked: I8,
    used: I8,
    grid_row: I8,
    row_t: I8,
    seconds: F8,
    period: I1,
    attack: I1,
    xyz: F8,
    channels: F8,
    seen_us: I8,
) -> int:
    """Place the samples on the grid: ``count`` rows from grid row ``first_row``, written to the tape from row ``at`` on.

    A point between two samples is interpolated when they are at most ``gap_us`` apart and the later one no more than
    ``wait_us`` after it; else the last sample is held for ``hold_us``; else NaN. The tags of an entity are averaged
    (``entity`` (G,) is their row of axis N, ``mounts`` (N,) scratch); ``columns`` (G, 2) names the channels in which a tag's
    own x and y are kept as well, -1 for none. ``starts``, ``ends``, ``numbers`` and ``sides`` are the
    periods of play. Returns the number of rows with any position.
    """
    filled = 0
    for r in range(count):
        row = at + r
        when = t0_us + (2 * (first_row + r) * 1_000_000 + hz) // (2 * hz)
        grid_row[row] = first_row + r
        row_t[row] = when
        seconds[row] = (when - t0_us) / 1e6
        period[row] = 0
        attack[row] = 0
        for p in range(len(starts)):
            if starts[p] <= when <= ends[p]:
                period[row] = numbers[p]
                attack[row] = sides[p]
        xyz[row] = 0.0
        mounts[:] = 0
        for c in range(channels.shape[0]):
            channels[c, row] = np.nan
        for g in range(len(n)):
            while used[g] < checked[g] and t[g, used[g]] <= when:
                used[g] += 1
            i = used[g] - 1
            if i < 0:
                continue
            e = entity[g]
            before = t[g, i]
            w = 0.0
            if i + 1 < checked[g] and t[g, i + 1] <= when + wait_us and t[g, i + 1] - before <= gap_us:
                w = (when - before) / (t[g, i + 1] - before)
                for d in range(3):
                    xyz[row, e, d] += v[g, i, d] + w * (v[g, i + 1, d] - v[g, i, d])
            elif when - before <= hold_us:
                for d in range(3):
                    xyz[row, e, d] += v[g, i, d]
            else:
                continue
            mounts[e] += 1
            for d in range(2):
                if columns[g, d] >= 0:
                    own = v[g, i, d]
                    channels[columns[g, d], row, e] = own + w * (v[g, i + 1, d] - own) if w > 0.0 else own
            for c in range(channels.shape[0]):
                if not np.isnan(v[g, i, 3 + c]):
                    channels[c, row, e] = v[g, i, 3 + c]
        some = 0
        for e in range(len(mounts)):
            if mounts[e] == 0:
                for d in range(3):
                    xyz[row, e, d] = np.nan
                continue
            some = 1
            if mounts[e] > 1:
                for d in range(3):
                    xyz[row, e, d] /= mounts[e]
            if seen_us[e] > when:
                seen_us[e] = when
        filled += some
    return filled


@kernel
def next_sample(
    after_us: int,
    t: I8,
    n: I8,
    used: I8,
) -> int:
    """Time of the first sample after ``after_us`` on any line; the largest integer when there is none."""
    first = np.int64((1 << 63) - 1)
    for g in range(len(n)):
        for i in range(max(0, used[g] - 1), n[g]):
            if t[g, i] > after_us:
                first = min(first, t[g, i])
                break
    return int(first)
