"""What the server counts, and how Prometheus reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S: Final = (
    25e-6, 50e-6, 75e-6, 100e-6, 150e-6, 200e-6, 300e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 1.0,
)  # fmt: skip


class ServingMetrics:
    """Requests of one model, from the first byte of the request to its answer in the socket's hands."""

    __slots__ = ("errors", "latency", "requests", "rows", "sum_s")

    def __init__(self) -> None:
        self.requests = self.rows = 0
        self.errors: Counter[str] = Counter()
        self.latency = [0] * (len(BUCKETS_S) + 1)
        self.sum_s = 0.0

    def answered(self, rows: int, took_s: float) -> None:
        self.requests += 1
        self.rows += rows
        self.sum_s += took_s
        self.latency[bisect_left(BUCKETS_S, took_s)] += 1

    def refused(self, reason: str) -> None:
        self.requests += 1
        self.errors[reason] += 1


class _Collected(Collector):
    def __init__(self, tallies: Mapping[str, ServingMetrics], gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self.tallies, self.gauges = tallies, gauges

    def collect(self) -> Iterator[Metric]:
        labels = ("model",)
        requests = CounterMetricFamily("touchline_endpoint_requests", "Requests for predictions.", labels=labels)
        rows = CounterMetricFamily("touchline_endpoint_rows", "Rows predicted.", labels=labels)
        errors = CounterMetricFamily(
            "touchline_endpoint_errors",
            "Requests without a prediction, by reason; without a model: asked of none.",
            labels=("model", "reason"),
        )
        latency = HistogramMetricFamily(
            "touchline_endpoint_latency_seconds", "From the first byte of a request to its answer.", labels=labels
        )
        for name, tally in self.tallies.items():
            requests.add_metric((name,), float(tally.requests))
            rows.add_metric((name,), float(tally.rows))
            for reason, n in sorted(tally.errors.items()):
                errors.add_metric((name, reason), float(n))
            total, buckets = 0, []
            for bound, n in zip((*BUCKETS_S, None), tally.latency, strict=True):
                total += n
                buckets.append(("+Inf" if bound is None else repr(bound), float(total)))
            latency.add_metric((name,), buckets, tally.sum_s)
        yield from (requests, rows, errors, latency)
        for name, (what, read) in self.gauges.items():
            gauge = GaugeMetricFamily(f"touchline_endpoint_{name}", what)
            gauge.add_metric((), read())
            yield gauge


def exposition(tallies: Mapping[str, ServingMetrics], gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> bytes:
    """All of it as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(_Collected(tallies, gauges))
    return generate_latest(registry)
