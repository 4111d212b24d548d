"""Samples in order of arrival, per tag: checked, put in time order, freed of duplicates and of leaps. Compiled.

Each tag has a short line of samples sorted by time. A sample is checked twice: on arrival against what is known of it alone
(tag, finiteness, field, clock, lateness, duplicates), and again when the watermark has passed it, in time order, against its
predecessor (a leap faster than anything on the field is not a position). The second check waits for order because its answer
must not depend on the order of arrival.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from streaming.operator.telemetry.watermarks import NOW, ORDERED, TELEMETRY

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]
I8 = npt.NDArray[np.int64]
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


class Packet(NamedTuple):
    """n samples as compiled code reads them: writable contiguous columns."""

    t_us: I8
    tag: U4
    x_m: F4
    y_m: F4
    z_m: F4
    #: (C, n), NaN where a sample does not carry the channel
    channels: F8
    #: one for all samples, or (n,)
    arrival_us: I8


class Limits(NamedTuple):
    """What a sample of a game is held against."""

    #: (G,) tag numbers, sorted, line by line
    tags: U4
    #: (3,) half sizes (x, y, z) beyond which nothing can be
    reach_m: F8
    #: (G,)
    max_speed_mps: F8
    #: how far a sample's time may lie after its arrival
    skew_us: int
    lateness_us: int


class TagBuffers(NamedTuple):
    """The lines of all tags of a game: G tags, C channels."""

    #: (G, LINE) us
    t: I8
    #: (G, LINE, 3 + C) m and channel values
    v: F8
    #: (G,) samples in the line
    n: I8
    #: (G,) how many of them have passed the second check
    checked: I8
    #: (G,) how many lie at or before the last framed row
    used: I8
    #: (G, 5) the last leap (t, x, y, z) and how many agreed
    leap: F8

    @classmethod
    def empty(cls, tags: int, channels: int) -> TagBuffers:
        return cls(
            t=np.zeros((tags, LINE), np.int64),
            v=np.zeros((tags, LINE, 3 + channels)),
            n=np.zeros(tags, np.int64),
            checked=np.zeros(tags, np.int64),
            used=np.zeros(tags, np.int64),
            leap=np.zeros((tags, 5)),
        )


class Rejects(NamedTuple):
    """Samples rejected since they were last read."""

    #: (room, 4) reason, tag, t_us, arrival_us
    rows: I8
    #: (room, 3 + C)
    values: F8
    #: (1,) how many of these rows are filled
    filled: I8

    @classmethod
    def room_for(cls, samples: int, channels: int) -> Rejects:
        return cls(np.zeros((samples, 4), np.int64), np.zeros((samples, 3 + channels)), np.zeros(1, np.int64))


@kernel
def _reject(reason: int, tag: int, t_us: int, arrival_us: int, rejects: Rejects) -> int:
    """Note a rejected sample; returns the row that its values go to."""
    k = rejects.filled[0]
    row = rejects.rows[k]
    row[0], row[1], row[2], row[3] = reason, tag, t_us, arrival_us
    rejects.filled[0] = k + 1
    return int(k)


@kernel
def _reject_sample(reason: int, packet: Packet, i: int, arrival_us: int, rejects: Rejects) -> None:
    """Reject sample ``i`` of a packet, channels and all."""
    row = rejects.values[_reject(reason, packet.tag[i], packet.t_us[i], arrival_us, rejects)]
    _write(packet, i, row)


@kernel
def _write(packet: Packet, i: int, row: F8) -> None:
    """Values (3 + C,) of sample ``i``."""
    row[0], row[1], row[2] = packet.x_m[i], packet.y_m[i], packet.z_m[i]
    for c in range(packet.channels.shape[0]):
        row[3 + c] = packet.channels[c, i]


@kernel
def _make_room(g: int, buffers: TagBuffers) -> bool:
    """Drop the oldest used samples of line ``g``, all but ``KEPT``; returns whether there is room now."""
    t, v, n = buffers.t, buffers.v, buffers.n
    drop = buffers.used[g] - KEPT
    if drop > 0:
        for j in range(drop, n[g]):
            t[g, j - drop] = t[g, j]
            v[g, j - drop] = v[g, j]
        n[g] -= drop
        buffers.checked[g] -= drop
        buffers.used[g] -= drop
    return bool(n[g] < t.shape[1])


@kernel
def _rank(held: F8, packet: Packet, i: int) -> int:
    """Two samples of one tag and instant: 0 when they are equal, 1 when the new one stands, -1 when the held one does."""
    for d in range(3 + packet.channels.shape[0]):
        if d < 3:
            new = np.float64(packet.x_m[i] if d == 0 else packet.y_m[i] if d == 1 else packet.z_m[i])
        else:
            new = packet.channels[d - 3, i]
        old = held[d]
        if new == old or (np.isnan(new) and np.isnan(old)):
            continue
        return 1 if np.isnan(old) or new > old else -1
    return 0


@kernel
def admit(
    at: int, until: int, packet: Packet, limits: Limits, buffers: TagBuffers, clock: I8, rejects: Rejects, force: bool
) -> int:
    """First check of samples ``at..until``; returns the index after the last one dealt with. ``clock`` are the cells of the
    game's clock, which the samples move. Stops early when a line is full, unless ``force``: then that sample is rejected.
    """
    many = len(packet.arrival_us) > 1
    tags, reach_m = limits.tags, limits.reach_m
    t, v, n, checked = buffers.t, buffers.v, buffers.n, buffers.checked
    for i in range(at, until):
        arrival = packet.arrival_us[i] if many else packet.arrival_us[0]
        ts = packet.t_us[i]
        x, y, z = np.float64(packet.x_m[i]), np.float64(packet.y_m[i]), np.float64(packet.z_m[i])
        clock[NOW] = max(clock[NOW], arrival)
        tag = packet.tag[i]
        g = np.searchsorted(tags, tag)
        if g == len(tags) or tags[g] != tag:
            _reject_sample(UNKNOWN_TAG, packet, i, arrival, rejects)
            continue
        if not (np.isfinite(x) and np.isfinite(y)) or np.isinf(z):
            _reject_sample(NOT_FINITE, packet, i, arrival, rejects)
            continue
        if abs(x) > reach_m[0] or abs(y) > reach_m[1] or abs(z) > reach_m[2]:
            _reject_sample(OFF_FIELD, packet, i, arrival, rejects)
            continue
        if ts > arrival + limits.skew_us:
            _reject_sample(AHEAD, packet, i, arrival, rejects)
            continue
        j = n[g]
        while j > 0 and t[g, j - 1] > ts:
            j -= 1
        if j > 0 and t[g, j - 1] == ts:
            o = j - 1
            rank = _rank(v[g, o], packet, i)
            if rank == 0:
                _reject_sample(DUPLICATE, packet, i, arrival, rejects)
            elif o >= checked[g] and rank > 0:
                # Two samples of one instant: which of them stays must not depend on the order of arrival.
                rejects.values[_reject(CONFLICT, tag, ts, arrival, rejects)] = v[g, o]
                _write(packet, i, v[g, o])
            else:
                _reject_sample(CONFLICT, packet, i, arrival, rejects)
            continue
        # By the watermark of this very sample's arrival, and not by what has been closed: a stream in long packets must not
        # be kinder than the same stream in short ones.
        if ts <= max(clock[ORDERED], min(clock[TELEMETRY], clock[NOW]) - limits.lateness_us):
            _reject_sample(LATE, packet, i, arrival, rejects)
            continue
        if n[g] == t.shape[1]:
            before = n[g]
            room = _make_room(g, buffers)
            if not room:
                if not force:
                    return i
                _reject_sample(OVERFLOW, packet, i, arrival, rejects)
                continue
            j -= before - n[g]
        for m in range(n[g], j, -1):
            t[g, m] = t[g, m - 1]
            v[g, m] = v[g, m - 1]
        t[g, j] = ts
        _write(packet, i, v[g, j])
        n[g] += 1
        clock[TELEMETRY] = max(clock[TELEMETRY], ts)
    return until


@kernel
def _possible(t0: Real, x0: Real, y0: Real, t1: Real, x1: Real, y1: Real, max_speed_mps: Real) -> bool:
    """Whether a body could have moved from one to the other: its top speed, and half a metre of measurement noise."""
    far = max_speed_mps * (t1 - t0) * 1e-6 + 0.5
    return bool((x1 - x0) ** 2 + (y1 - y0) ** 2 <= far * far)


@kernel
def check_order(until_us: int, limits: Limits, buffers: TagBuffers, clock: I8, rejects: Rejects) -> None:
    """Second check, in time order, of all samples at or before ``until_us``."""
    t, v, n, checked, leap = buffers.t, buffers.v, buffers.n, buffers.checked, buffers.leap
    for g in range(len(n)):
        fastest = limits.max_speed_mps[g]
        while checked[g] < n[g] and t[g, checked[g]] <= until_us:
            i = checked[g]
            ts, x, y, z = t[g, i], v[g, i, 0], v[g, i, 1], v[g, i, 2]
            good = i == 0 or _possible(t[g, i - 1], v[g, i - 1, 0], v[g, i - 1, 1], ts, x, y, fastest)
            if not good:
                if leap[g, 4] > 0 and _possible(leap[g, 0], leap[g, 1], leap[g, 2], np.float64(ts), x, y, fastest):
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
            rejects.values[_reject(TELEPORT, limits.tags[g], ts, clock[NOW], rejects)] = v[g, i]
            for m in range(i, n[g] - 1):
                t[g, m] = t[g, m + 1]
                v[g, m] = v[g, m + 1]
            n[g] -= 1
    clock[ORDERED] = max(clock[ORDERED], until_us)


@kernel
def next_sample(after_us: int, buffers: TagBuffers) -> int:
    """Time of the first sample after ``after_us`` on any line; the largest integer when there is none."""
    first = np.int64((1 << 63) - 1)
    for g in range(len(buffers.n)):
        for i in range(max(0, buffers.used[g] - 1), buffers.n[g]):
            if buffers.t[g, i] > after_us:
                first = min(first, buffers.t[g, i])
                break
    return int(first)
