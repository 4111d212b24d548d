"""How an operator is doing, told by the process that has it to whoever watches: its meters as a message, and back."""

from __future__ import annotations

from typing import Literal

import msgspec

from streaming.errors import BadRecord
from streaming.operator.latency import Latency
from streaming.operator.metrics import OperatorMetrics


class HistogramSnapshot(msgspec.Struct, frozen=True):
    """A latency histogram: (bucket, count) of the buckets that are not empty, in order (the places of
    ``streaming.operator.latency.BOUNDS_US``, one more for what is beyond), sum and maximum."""

    counts: list[tuple[int, int]]
    sum_us: float
    max_us: float


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """One operator's meters. ``runner`` says where it runs; ``told_us`` is when this was written."""

    v: Literal[2] = 2
    game: str
    sport: str
    runner: str
    told_us: int
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
    def of(cls, game: str, sport: str, runner: str, meters: OperatorMetrics, told_us: int) -> Health:
        return cls(
            game=game,
            sport=sport,
            runner=runner,
            told_us=told_us,
            steps=list(meters.steps),
            step_ns=meters.step_ns.tolist(),
            step_last_ns=meters.step_last_ns.tolist(),
            step_max_ns=meters.step_max_ns.tolist(),
            step_calls=meters.step_calls.tolist(),
            records=[(kind, why, n) for (kind, why), n in sorted(meters.counts.items())],
            windows=meters.windows,
            events=meters.events,
            window_latency=_spread(meters.window_latency),
            event_latency=_spread(meters.event_latency),
            watermark_us=meters.watermark_us,
            arrival_us=meters.arrival_us,
        )

    def meters(self) -> OperatorMetrics:
        """As the operator page and Prometheus read them; ``BadRecord`` where the parts do not fit together."""
        found = OperatorMetrics(tuple(self.steps))
        for name in ("step_ns", "step_last_ns", "step_max_ns", "step_calls"):
            told = getattr(self, name)
            if len(told) != len(self.steps) or not all(-(1 << 62) < n < 1 << 62 for n in told):
                raise BadRecord("bad health", f"{name} does not fit {len(self.steps)} steps")
            getattr(found, name)[:] = told
        found.counts.update({(kind, why): n for kind, why, n in self.records})
        found.windows, found.events = self.windows, self.events
        found.window_latency, found.event_latency = _latency(self.window_latency), _latency(self.event_latency)
        found.watermark_us, found.arrival_us = self.watermark_us, self.arrival_us
        return found


def _spread(latency: Latency) -> HistogramSnapshot:
    return HistogramSnapshot([(i, n) for i, n in enumerate(latency.counts.copy()) if n], latency.sum_us, latency.max_us)


def _latency(spread: HistogramSnapshot) -> Latency:
    found = Latency()
    for place, n in spread.counts:
        if not 0 <= place < len(found.counts) or not 0 < n < 1 << 53:
            raise BadRecord("bad health", f"{n} in latency bucket {place} of {len(found.counts)}")
        found.counts[place] += n
    found.count, found.sum_us, found.max_us = sum(found.counts), spread.sum_us, spread.max_us
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
