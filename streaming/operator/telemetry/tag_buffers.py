"""Samples in order of arrival, per tag: checked, put in time order, freed of duplicates and of leaps. Compiled.

Each tag has a short line of samples sorted by time. A sample is checked twice: on arrival against what is known of it alone
(tag, finiteness, field, clock, lateness, duplicates), and again when the watermark has passed it, in time order, against its
predecessor (a leap faster than anything on the field is not a position). The second check waits for order because its answer
must not depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from streaming.operator.state_checks import fitting, times
from streaming.operator.telemetry.watermarks import NOW, ORDERED, TELEMETRY

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]
I8 = npt.NDArray[np.int64]
U4 = npt.NDArray[np.uint32]
Real = float | np.floating[Any]

ACCEPTED, UNKNOWN_TAG, NOT_FINITE, OFF_FIELD, AHEAD, LATE, DUPLICATE, CONFLICT, TELEPORT, OVERFLOW, TOO_EARLY, WILD_CHANNEL = range(
    12
)

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
    ("quarantined", "long before the game"),
    ("quarantined", "channel out of range"),
)

SLICE: Final = 2048  # samples are taken in slices of this many, and rows framed after each
#: no channel has such a value in its unit; what is not measured is NaN
MOST_CHANNEL: Final = 1e9
LINE: Final = 256  # samples a tag's line holds
KEPT: Final = 64  # used ones that stay, so that a duplicate is still known as one
REANCHOR: Final = 12  # so many leaps in a row that agree with each other are a new position


#: the limits of a game, one record: half sizes (x, y, z) beyond which nothing can be, how far a sample's time may lie after its
#: arrival, how long after the newest one it may arrive, and before what time nothing of the game can have happened
LIMITS: Final = np.dtype([("reach_m", "f8", (3,)), ("skew_us", "i8"), ("lateness_us", "i8"), ("earliest_us", "i8")])

#: a tag, one record each, sorted by number
TAG: Final = np.dtype(
    [
        ("number", "u4"),
        ("entity", "i8"),  # row of axis N
        ("max_speed_mps", "f8"),
        ("mount", "i8", (2,)),  # channels that keep the tag's own x and y, -1 for none
    ],
    align=True,
)

#: the line of a tag, one record each; its values stand beside it, (G, LINE, 3 + C) m and channel values
BUFFER: Final = np.dtype(
    [
        ("t", "i8", (LINE,)),  # us
        ("n", "i8"),  # samples in the line
        ("checked", "i8"),  # how many of them have passed the second check
        ("used", "i8"),  # how many lie at or before the last framed row
        ("leap", "f8", (5,)),  # the last leap (t, x, y, z) and how many agreed
    ]
)

#: a rejected sample; its values stand beside it, (room, 3 + C)
REJECT: Final = np.dtype([("reason", "i8"), ("tag", "i8"), ("t_us", "i8"), ("arrival_us", "i8")])

Records = npt.NDArray[np.void]


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


class TagBuffers:
    """The samples of all tags of a game: G tags, C channels.

    ``lines`` (G,) :data:`BUFFER` and their ``values``; of ``rejects`` :data:`REJECT` and ``rejected_values`` the first
    ``rejected_n`` (1,) have not been read yet.
    """

    #: what a snapshot keeps of the lines, by name
    FIELDS: Final = ("t", "n", "checked", "used", "leap")

    def __init__(self, tags: int, channels: int, slice_samples: int) -> None:
        self.lines: Records = np.zeros(tags, BUFFER)
        self.values = np.zeros((tags, LINE, 3 + channels))
        room = slice_samples + tags * LINE
        self.rejects: Records = np.zeros(room, REJECT)
        self.rejected_values = np.zeros((room, 3 + channels))
        self.rejected_n = np.zeros(1, np.int64)

    def take_rejected(self) -> tuple[Records, F8]:
        """What was rejected since the last call, and its values."""
        k = int(self.rejected_n[0])
        self.rejected_n[0] = 0
        return self.rejects[:k].copy(), self.rejected_values[:k].copy()

    def dump(self) -> dict[str, npt.NDArray[Any]]:
        """Lines up to the longest one, by the names of their fields."""
        longest = int(self.lines["n"].max(initial=0))
        arrays = {name: self.lines[name] for name in self.FIELDS}
        values = self.values[:, :longest]
        # What comes over the wire is float32, and half of it is enough to keep; a packet made in this process may hold more.
        with np.errstate(over="ignore", invalid="ignore"):
            single = values.astype(np.float32)
        exact = np.array_equal(single, values, equal_nan=True)
        return {**arrays, "t": arrays["t"][:, :longest], "v": single if exact else values}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """The inverse of :meth:`dump`; ``ValueError`` when a shape does not fit."""
        tags, width = self.values.shape[0], self.values.shape[2]
        n, checked, used = (fitting(saved[name], (tags,), np.int64, name) for name in ("n", "checked", "used"))
        longest = saved["t"].shape[1] if saved["t"].ndim == 2 else 0
        if not ((used >= 0) & (used <= checked) & (checked <= n) & (n <= longest)).all() or longest > LINE:
            raise ValueError("its samples do not add up")
        t = fitting(saved["t"], (tags, longest), np.int64, "t")
        kept = np.arange(longest) < n[:, None]
        if (kept[:, 1:] & (t[:, 1:] <= t[:, :-1])).any():
            raise ValueError("its samples are not in order")
        times(t[kept], "a sample")
        fitting(saved["leap"], (tags, 5), np.float64, "leap")
        kind = saved["v"].dtype if saved["v"].dtype in (np.float32, np.float64) else np.float64
        fitting(saved["v"], (tags, longest, width), kind, "v")
        self.values[:, : saved["v"].shape[1]] = saved["v"]
        self.lines["t"][:, :longest] = saved["t"]
        for name in self.FIELDS[1:]:
            self.lines[name] = saved[name]


@kernel
def _reject(reason: int, tag: int, t_us: int, arrival_us: int, rejects: Records, rejected_n: I8) -> int:
    """Note a rejected sample; returns the row that its values go to."""
    k = rejected_n[0]
    row = rejects[k]
    row.reason, row.tag, row.t_us, row.arrival_us = reason, tag, t_us, arrival_us
    rejected_n[0] = k + 1
    return int(k)


@kernel
def _reject_sample(reason: int, packet: Packet, i: int, arrival_us: int, rejects: Records, values: F8, rejected_n: I8) -> None:
    """Reject sample ``i`` of a packet, channels and all."""
    k = _reject(reason, packet.tag[i], packet.t_us[i], arrival_us, rejects, rejected_n)
    values[k, 0], values[k, 1], values[k, 2] = packet.x_m[i], packet.y_m[i], packet.z_m[i]
    for c in range(packet.channels.shape[0]):
        values[k, 3 + c] = packet.channels[c, i]


@kernel
def _write(packet: Packet, i: int, values: F8, g: int, j: int) -> None:
    """Sample ``i`` to place ``j`` of line ``g``: no view is made of it, which would be counted."""
    values[g, j, 0], values[g, j, 1], values[g, j, 2] = packet.x_m[i], packet.y_m[i], packet.z_m[i]
    for c in range(packet.channels.shape[0]):
        values[g, j, 3 + c] = packet.channels[c, i]


@kernel
def _make_room(line: Any, values: F8) -> bool:
    """Drop the oldest used samples of a line, all but ``KEPT``; returns whether there is room now."""
    drop = line.used - KEPT
    if drop > 0:
        for j in range(drop, line.n):
            line.t[j - drop] = line.t[j]
            values[j - drop] = values[j]
        line.n -= drop
        line.checked -= drop
        line.used -= drop
    return bool(line.n < LINE)


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
def _wild(packet: Packet, i: int) -> bool:
    """Whether a channel of sample ``i`` has a value that nothing has: features go by channels, and count on their size."""
    wild = False
    for c in range(packet.channels.shape[0]):
        wild = wild or abs(packet.channels[c, i]) > MOST_CHANNEL
    return wild


@kernel
def _line_of(number: int, tags: Records) -> int:
    """The place of a tag among ``tags``, -1 where it is not there."""
    low, high = 0, len(tags)
    while low < high:
        middle = (low + high) // 2
        if tags[middle].number < number:
            low = middle + 1
        else:
            high = middle
    return low if low < len(tags) and tags[low].number == number else -1


@kernel
def admit(
    at: int,
    until: int,
    packet: Packet,
    limits: Records,
    tags: Records,
    lines: Records,
    values: F8,
    clock: I8,
    rejects: Records,
    rejected_values: F8,
    rejected_n: I8,
    force: bool,
) -> int:
    """First check of samples ``at..until``; returns the index after the last one dealt with. ``clock`` are the cells of the
    game's clock, which the samples move. Stops early when a line is full, unless ``force``: then that sample is rejected.
    """
    many = len(packet.arrival_us) > 1
    limit = limits[0]
    for i in range(at, until):
        arrival = packet.arrival_us[i] if many else packet.arrival_us[0]
        ts = packet.t_us[i]
        x, y, z = np.float64(packet.x_m[i]), np.float64(packet.y_m[i]), np.float64(packet.z_m[i])
        clock[NOW] = max(clock[NOW], arrival)
        g = _line_of(packet.tag[i], tags)
        reason = ACCEPTED
        if g < 0:
            reason = UNKNOWN_TAG
        elif not (np.isfinite(x) and np.isfinite(y)) or np.isinf(z):
            reason = NOT_FINITE
        elif abs(x) > limit.reach_m[0] or abs(y) > limit.reach_m[1] or abs(z) > limit.reach_m[2]:
            reason = OFF_FIELD
        elif ts > arrival + limit.skew_us:
            reason = AHEAD
        elif ts < limit.earliest_us:
            reason = TOO_EARLY
        elif _wild(packet, i):
            reason = WILD_CHANNEL
        if reason != ACCEPTED:
            _reject_sample(reason, packet, i, arrival, rejects, rejected_values, rejected_n)
            continue
        line = lines[g]
        j = line.n
        while j > 0 and line.t[j - 1] > ts:
            j -= 1
        if j > 0 and line.t[j - 1] == ts:
            o = j - 1
            rank = _rank(values[g, o], packet, i)
            if o >= line.checked and rank > 0:
                # Two samples of one instant: which of them stays must not depend on the order of arrival.
                rejected_values[_reject(CONFLICT, packet.tag[i], ts, arrival, rejects, rejected_n)] = values[g, o]
                _write(packet, i, values, g, o)
            else:
                reason = DUPLICATE if rank == 0 else CONFLICT
                _reject_sample(reason, packet, i, arrival, rejects, rejected_values, rejected_n)
            continue
        # By the watermark of this very sample's arrival, and not by what has been closed: a stream in long packets must not
        # be kinder than the same stream in short ones.
        if ts <= max(clock[ORDERED], min(clock[TELEMETRY], clock[NOW]) - limit.lateness_us):
            _reject_sample(LATE, packet, i, arrival, rejects, rejected_values, rejected_n)
            continue
        if line.n == LINE:
            before = line.n
            room = _make_room(line, values[g])
            if not room:
                if not force:
                    return i
                _reject_sample(OVERFLOW, packet, i, arrival, rejects, rejected_values, rejected_n)
                continue
            j -= before - line.n
        for m in range(line.n, j, -1):
            line.t[m] = line.t[m - 1]
            values[g, m] = values[g, m - 1]
        line.t[j] = ts
        _write(packet, i, values, g, j)
        line.n += 1
        clock[TELEMETRY] = max(clock[TELEMETRY], ts)
    return until


@kernel
def _possible(t0: Real, x0: Real, y0: Real, t1: Real, x1: Real, y1: Real, max_speed_mps: Real) -> bool:
    """Whether a body could have moved from one to the other: its top speed, and half a metre of measurement noise."""
    far = max_speed_mps * (t1 - t0) * 1e-6 + 0.5
    return bool((x1 - x0) ** 2 + (y1 - y0) ** 2 <= far * far)


@kernel
def check_order(
    until_us: int, tags: Records, lines: Records, values: F8, clock: I8, rejects: Records, rejected_values: F8, rejected_n: I8
) -> None:
    """Second check, in time order, of all samples at or before ``until_us``."""
    for g in range(len(lines)):
        line, fastest, leap = lines[g], tags[g].max_speed_mps, lines[g].leap
        while line.checked < line.n and line.t[line.checked] <= until_us:
            i = line.checked
            ts, x, y, z = line.t[i], values[g, i, 0], values[g, i, 1], values[g, i, 2]
            good = i == 0 or _possible(line.t[i - 1], values[g, i - 1, 0], values[g, i - 1, 1], ts, x, y, fastest)
            if not good:
                if leap[4] > 0 and _possible(leap[0], leap[1], leap[2], np.float64(ts), x, y, fastest):
                    leap[4] += 1
                else:
                    leap[4] = 1
                leap[0] = ts
                leap[1] = x
                leap[2] = y
                leap[3] = z
                good = leap[4] >= REANCHOR
            if good:
                leap[4] = 0
                line.checked += 1
                continue
            rejected_values[_reject(TELEPORT, tags[g].number, ts, clock[NOW], rejects, rejected_n)] = values[g, i]
            for m in range(i, line.n - 1):
                line.t[m] = line.t[m + 1]
                values[g, m] = values[g, m + 1]
            line.n -= 1
    clock[ORDERED] = max(clock[ORDERED], until_us)


@kernel
def next_sample(after_us: int, lines: Records) -> int:
    """Time of the first sample after ``after_us`` on any line; the largest integer when there is none."""
    first = np.int64((1 << 63) - 1)
    for g in range(len(lines)):
        line = lines[g]
        for i in range(max(0, line.used - 1), line.n):
            if line.t[i] > after_us:
                first = min(first, line.t[i])
                break
    return int(first)
