"""The health of an operator: its metrics as a message, and back."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from models.latency import Latency
from streaming.errors import BadRecord
from streaming.operator.metrics import OperatorMetrics

HEALTH_VERSION: Final = 2


class HistogramSnapshot(msgspec.Struct, frozen=True):
    """A latency histogram: (bucket, count) of the buckets that are not empty, in order (the places of
    ``models.latency.BOUNDS_US``, one more for what is beyond), sum and maximum."""

    counts: list[tuple[int, int]]
    sum_us: float
    max_us: float


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """One operator's metrics. ``runner`` is where it runs; ``reported_us`` (``told_us`` on the wire) is when this was written."""

    v: Literal[2] = 2
    game: str
    sport: str
    runner: str
    reported_us: int = msgspec.field(name="told_us")
    steps: list[str]
    step_ns: list[int]
    step_last_ns: list[int]
    step_max_ns: list[int]
    step_calls: list[int]
    records: list[tuple[str, str, int]]
    windows: int
    events: int
    window_latency: HistogramSnapshot
    event_latency: HistogramSnapshot
    watermark_us: int
    arrival_us: int

    @classmethod
    def of(cls, game: str, sport: str, runner: str, metrics: OperatorMetrics, reported_us: int) -> Health:
        return cls(
            game=game,
            sport=sport,
            runner=runner,
            reported_us=reported_us,
            steps=list(metrics.steps),
            step_ns=metrics.step_ns.tolist(),
            step_last_ns=metrics.step_last_ns.tolist(),
            step_max_ns=metrics.step_max_ns.tolist(),
            step_calls=metrics.step_calls.tolist(),
            records=[(kind, why, n) for (kind, why), n in sorted(metrics.counts.items())],
            windows=metrics.windows,
            events=metrics.events,
            window_latency=_snapshot(metrics.window_latency),
            event_latency=_snapshot(metrics.event_latency),
            watermark_us=metrics.watermark_us,
            arrival_us=metrics.arrival_us,
        )

    def metrics(self) -> OperatorMetrics:
        """As the operator page and Prometheus read them; ``BadRecord`` where the parts do not fit together."""
        found = OperatorMetrics(tuple(self.steps))
        for name in ("step_ns", "step_last_ns", "step_max_ns", "step_calls"):
            times = getattr(self, name)
            if len(times) != len(self.steps) or not all(-(1 << 62) < n < 1 << 62 for n in times):
                raise BadRecord("bad health", f"{name} does not fit {len(self.steps)} steps")
            getattr(found, name)[:] = times
        found.counts.update({(kind, why): n for kind, why, n in self.records})
        found.windows, found.events = self.windows, self.events
        found.window_latency, found.event_latency = _latency(self.window_latency), _latency(self.event_latency)
        found.watermark_us, found.arrival_us = self.watermark_us, self.arrival_us
        return found


def _snapshot(latency: Latency) -> HistogramSnapshot:
    return HistogramSnapshot([(i, n) for i, n in enumerate(latency.counts.copy()) if n], latency.sum_us, latency.max_us)


def _latency(snapshot: HistogramSnapshot) -> Latency:
    found = Latency()
    for place, n in snapshot.counts:
        if not 0 <= place < len(found.counts) or not 0 < n < 1 << 53:
            raise BadRecord("bad health", f"{n} in latency bucket {place} of {len(found.counts)}")
        found.counts[place] += n
    found.count, found.sum_us, found.max_us = sum(found.counts), snapshot.sum_us, snapshot.max_us
    return found


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Health)


def encode_health(health: Health) -> bytes:
    return _encode(health)


def decode_health(raw: bytes) -> Health:
    """``BadRecord`` when it is not one of ours."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord("bad health", str(error)) from None
