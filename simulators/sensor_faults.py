"""What sensors do to a perfect stream: noise, loss, duplicates, late and disordered packets, wandering clocks, silent tags.

Everything is drawn from the seed: the same stream and the same seed give the same faults. Nothing is ever invented: each
sample that comes out is one that went in, moved, delayed, repeated or left out.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import msgspec
import numpy as np
import numpy.typing as npt

from features.core.units import factor
from streaming.errors import BadInput
from streaming.wire.records import Event, GameRecord, Telemetry

Record = Telemetry | Event
Mask = npt.NDArray[np.bool_]

METRES_PER_INCH = 1.0 / factor("in")
#: share of the samples that take the slow way when there is disorder
SLOW_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How bad the sensors are; all zero is perfect.

    Attributes
    ----------
    noise_in : standard deviation of each coordinate, inches
    jitter_ms : packets wait up to this long, in order
    loss : share of samples that never arrive
    duplicates : share of samples, and of events, that arrive twice
    disorder_ms : up to this long after their packet some samples arrive, overtaken by others; events too
    clock_skew_ppm : standard deviation over the tags of how fast a tag's clock runs, parts per million
    clock_offset_ms : standard deviation over the tags of how far a tag's clock is off at the start
    dropout_per_minute : how often a tag falls silent
    dropout_s : mean length of such a silence, seconds
    """

    noise_in: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    duplicates: float = 0.0
    disorder_ms: float = 0.0
    clock_skew_ppm: float = 0.0
    clock_offset_ms: float = 0.0
    dropout_per_minute: float = 0.0
    dropout_s: float = 3.0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not (math.isfinite(value) and value >= 0):
                raise BadInput(f"{f.name.replace('_', ' ')} is a number from 0 up, not {value}")
        for name in ("loss", "duplicates"):
            if getattr(self, name) > 1:
                raise BadInput(f"{name} is a share from 0 to 1, not {getattr(self, name)}")

    @property
    def any(self) -> bool:
        return any(getattr(self, f.name) > 0 for f in fields(self) if f.name != "dropout_s")

    @property
    def own_clocks(self) -> bool:
        """Whether samples leave the common grid of time."""
        return self.clock_skew_ppm > 0 or self.clock_offset_ms > 0


def check_lateness(record: GameRecord, faults: Faults) -> None:
    """``BadInput`` when delays would exceed what the record's telemetry feeds allow: such samples would be dropped as late."""
    most = min((f.lateness_ms for f in record.feeds if f.kind == "telemetry"), default=0)
    worst = faults.jitter_ms + faults.disorder_ms + 4.0 * faults.clock_offset_ms + 20.0
    if (faults.jitter_ms or faults.disorder_ms or faults.clock_offset_ms) and worst > most:
        raise BadInput(
            f"delays of up to {worst:.0f} ms (20 ms of them the tracking's own) exceed the lateness of {most} ms "
            "that the game allows"
        )


def declare(record: GameRecord, faults: Faults) -> GameRecord:
    """The game record of the faulty stream: feeds are no longer aligned when clocks are off, and provenance names the faults."""
    named = {f"fault.{f.name}": f"{getattr(faults, f.name):g}" for f in fields(faults) if getattr(faults, f.name) > 0}
    if faults.dropout_per_minute == 0:
        named.pop("fault.dropout_s", None)
    feeds = [
        msgspec.structs.replace(feed, aligned=False) if feed.kind == "telemetry" and faults.own_clocks else feed
        for feed in record.feeds
    ]
    return msgspec.structs.replace(record, feeds=feeds, provenance={**record.provenance, **named})


def apply(stream: Iterable[Record], seed: int, faults: Faults) -> Iterator[Record]:
    """``stream`` as sensors with these faults would deliver it, in the order of arrival."""
    if not faults.any:
        yield from stream
        return
    queue = _Queue()
    sensors = _Sensors(seed, faults)
    for record in stream:
        if isinstance(record, Event):
            at = record.arrival_us
            yield from queue.until(at)
            for delay in sensors.event_delays():
                queue.put(at + delay, msgspec.structs.replace(record, arrival_us=at + delay))
            continue
        for packet in _single_arrivals(record):
            yield from queue.until(_arrival(packet))
            for part in sensors.deliver(packet):
                queue.put(_arrival(part), part)
    yield from queue.until(None)


class _Queue:
    """Records that still travel."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Record]] = []
        self._count = 0

    def put(self, at: int, record: Record) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, record))

    def until(self, at: int | None) -> Iterator[Record]:
        """Those that arrive before ``at``; all when None."""
        while self._heap and (at is None or self._heap[0][0] < at):
            yield heapq.heappop(self._heap)[2]


class _Sensors:
    def __init__(self, seed: int, faults: Faults) -> None:
        self.faults = faults
        self._seed = seed
        self._rng = np.random.Generator(np.random.Philox(key=_key(seed, 1 << 40)))
        self._clocks: dict[int, tuple[float, float]] = {}
        self._silences: dict[int, _Silences] = {}
        self._first_us: int | None = None
        self._last_arrival = -(1 << 62)

    def event_delays(self) -> list[int]:
        """One delay, or two when it comes twice; microseconds."""
        times = 2 if self._rng.random() < self.faults.duplicates else 1
        return [int(self._rng.random() * self.faults.disorder_ms * 1000) for _ in range(times)]

    def deliver(self, packet: Telemetry) -> Iterator[Telemetry]:
        """What becomes of one packet: none, one or several."""
        w, rng = self.faults, self._rng
        n = len(packet)
        if self._first_us is None and n:
            self._first_us = int(packet.t_us[0])
        arrival = _arrival(packet) + int(rng.random() * w.jitter_ms * 1000)
        arrival = self._last_arrival = max(arrival, self._last_arrival)
        keep = rng.random(n) >= w.loss
        if w.dropout_per_minute > 0:
            keep &= ~self._silent(packet)
        twice = rng.random(n) < w.duplicates
        slow = rng.random(n) < (SLOW_SHARE if w.disorder_ms > 0 else 0.0)
        moved = self._measured(packet)
        for rows, longest_ms in (
            (keep & ~slow, 0.0),
            (keep & slow, w.disorder_ms),
            (keep & twice, w.disorder_ms or 0.0),
        ):
            if rows.any():
                part = moved if rows.all() else moved.take(rows)
                yield _at(part, arrival + int(rng.random() * longest_ms * 1000))

    def _measured(self, packet: Telemetry) -> Telemetry:
        """The same samples with noise and on their tags' clocks."""
        w = self.faults
        n = len(packet)
        x, y, z, t = packet.x_m, packet.y_m, packet.z_m, packet.t_us
        if w.noise_in > 0:
            off = self._rng.normal(0.0, w.noise_in * METRES_PER_INCH, (3, n))
            x, y, z = ((c + o).astype(np.float32) for c, o in zip((x, y, z), off, strict=True))
        if w.own_clocks and n:
            clocks = np.array([self._clock(tag) for tag in packet.tag.tolist()])
            since = (t - (self._first_us or 0)).astype(np.float64)
            t = t + np.rint(clocks[:, 0] * 1000.0 + since * clocks[:, 1] * 1e-6).astype(np.int64)
        return Telemetry(packet.game, packet.feed, t, packet.tag, x, y, z, packet.arrival_us, channels=packet.channels)

    def _clock(self, tag: int) -> tuple[float, float]:
        """(offset ms, skew ppm) of a tag, cut at three standard deviations."""
        if tag not in self._clocks:
            a, b = np.clip(np.random.Generator(np.random.Philox(key=_key(self._seed, tag))).normal(size=2), -3.0, 3.0)
            self._clocks[tag] = (float(a) * self.faults.clock_offset_ms, float(b) * self.faults.clock_skew_ppm)
        return self._clocks[tag]

    def _silent(self, packet: Telemetry) -> Mask:
        out = np.zeros(len(packet), np.bool_)
        for row, (tag, t) in enumerate(zip(packet.tag.tolist(), packet.t_us.tolist(), strict=True)):
            if tag not in self._silences:
                self._silences[tag] = _Silences(_key(self._seed, tag + (1 << 33)), t, self.faults)
            out[row] = self._silences[tag].at(t)
        return out


class _Silences:
    """The silences of one tag: exponential waits and lengths."""

    def __init__(self, key: npt.NDArray[np.uint64], t_us: int, faults: Faults) -> None:
        self._rng = np.random.Generator(np.random.Philox(key=key))
        self._wait_us = min(60e6 / faults.dropout_per_minute, 1e16)  # an age, and still a whole number of microseconds
        self._long_us = faults.dropout_s * 1e6
        self._from = t_us + int(self._rng.exponential(self._wait_us))
        self._to = self._from + int(self._rng.exponential(self._long_us))

    def at(self, t_us: int) -> bool:
        while t_us >= self._to:
            self._from = self._to + int(self._rng.exponential(self._wait_us)) + 1
            self._to = self._from + int(self._rng.exponential(self._long_us))
        return t_us >= self._from


def unsynchronised(
    record: GameRecord, stream: Iterable[Record], seed: int = 0, *, rate_hz: float | None = None
) -> tuple[GameRecord, Iterator[Record]]:
    """Aligned frames as radio tags would sample them: each tag at its own phase, and at a rate off by up to 50 ppm.

    A sample between two frames is interpolated; none is made across a gap longer than one and a half frames. The ball's and
    players' channels hold the value of the earlier frame. Returns the record (its telemetry no longer aligned) and the stream.
    """
    old = next(feed for feed in record.feeds if feed.kind == "telemetry")
    rate = rate_hz or old.rate_hz
    feeds = [msgspec.structs.replace(f, aligned=False, rate_hz=rate) if f.kind == "telemetry" else f for f in record.feeds]
    return msgspec.structs.replace(record, feeds=feeds), _resampled(stream, seed, rate, 1.5e6 / old.rate_hz)


def _resampled(stream: Iterable[Record], seed: int, rate_hz: float, longest_us: float) -> Iterator[Record]:
    period_us = 1e6 / rate_hz
    due: dict[int, tuple[float, float]] = {}  # tag -> (next sample, its period), microseconds
    before: Telemetry | None = None
    for record in stream:
        if isinstance(record, Event):
            yield record
            continue
        for frame in _single_arrivals(record):
            if before is not None and 0 < frame.t_us[0] - before.t_us[0] <= longest_us:
                part = _between(before, frame, due, seed, period_us)
                if part is not None:
                    yield part
            before = frame


def _between(a: Telemetry, b: Telemetry, due: dict[int, tuple[float, float]], seed: int, period_us: float) -> Telemetry | None:
    """The samples of all tags in (a, b], in the order of their time; None when there are none."""
    start, end = int(a.t_us[0]), int(b.t_us[0])
    place = {tag: row for row, tag in enumerate(b.tag.tolist())}
    rows: list[tuple[int, int, int]] = []
    for row, tag in enumerate(a.tag.tolist()):
        if tag not in due:
            u = np.random.Generator(np.random.Philox(key=_key(seed, tag + (1 << 34)))).random(2)
            due[tag] = (start + float(u[0]) * period_us, period_us * (1.0 + (2.0 * float(u[1]) - 1.0) * 50e-6))
        t, every = due[tag]
        if t <= start:
            t += every * (math.floor((start - t) / every) + 1)
        while t <= end:
            if tag in place:
                rows.append((round(t), row, place[tag]))
            t += every
        due[tag] = (t, every)
    if not rows:
        return None
    rows.sort()
    t_us, i, j = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    share = ((t_us - start) / (end - start)).astype(np.float32)
    x, y, z = (p[i] + share * (q[j] - p[i]) for p, q in ((a.x_m, b.x_m), (a.y_m, b.y_m), (a.z_m, b.z_m)))
    channels = {name: column[i] for name, column in a.channels.items()}
    return Telemetry(a.game, a.feed, t_us, a.tag[i], x, y, z, _arrival(b), channels=channels)


def _key(seed: int, stream: int) -> npt.NDArray[np.uint64]:
    return np.array([seed, stream], np.uint64)


def _arrival(packet: Telemetry) -> int:
    return packet.arrival_us if isinstance(packet.arrival_us, int) else int(packet.arrival_us[0])


def _at(packet: Telemetry, arrival_us: int) -> Telemetry:
    return Telemetry(
        packet.game, packet.feed, packet.t_us, packet.tag, packet.x_m, packet.y_m, packet.z_m, arrival_us, channels=packet.channels
    )


def _single_arrivals(packet: Telemetry) -> Iterator[Telemetry]:
    """One packet per arrival."""
    stamps = packet.arrival_us
    if isinstance(stamps, int):
        yield packet
        return
    cuts = np.flatnonzero(np.diff(stamps)) + 1
    for rows in np.split(np.arange(len(packet)), cuts):
        if len(rows):
            yield _at(packet.take(slice(int(rows[0]), int(rows[-1]) + 1)), int(stamps[rows[0]]))
