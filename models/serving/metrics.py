"""The metrics of the server, as Prometheus reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.latency import Latency
from models.registry.live_metrics import live_metrics

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
#: as Prometheus gets them, us; among the bounds of ``models.latency``
EXPOSED_US: Final = (
    25, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
)  # fmt: skip


class ServingMetrics:
    """Requests of one model; latency is from the first byte of a request to its response in the socket."""

    __slots__ = ("errors", "latency", "requests", "rows")

    def __init__(self) -> None:
        self.requests = self.rows = 0
        self.errors: Counter[str] = Counter()
        self.latency = Latency()

    def answered(self, rows: int, took_s: float) -> None:
        self.requests += 1
        self.rows += rows
        self.latency.add(took_s * 1e6)

    def refused(self, reason: str) -> None:
        self.requests += 1
        self.errors[reason] += 1


class _Collected(Collector):
    def __init__(self, metrics: Mapping[str, ServingMetrics], gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self.metrics, self.gauges = metrics, gauges

    def collect(self) -> Iterator[Metric]:
        labels = ("model",)
        requests = CounterMetricFamily("touchline_endpoint_requests", "Requests for predictions.", labels=labels)
        rows = CounterMetricFamily("touchline_endpoint_rows", "Rows predicted.", labels=labels)
        errors = CounterMetricFamily(
            "touchline_endpoint_errors",
            "Requests without a prediction, by reason; without a model: of no model.",
            labels=("model", "reason"),
        )
        latency = HistogramMetricFamily(
            "touchline_endpoint_latency_seconds", "From the first byte of a request to its response.", labels=labels
        )
        for name, metrics in self.metrics.items():
            requests.add_metric((name,), float(metrics.requests))
            rows.add_metric((name,), float(metrics.rows))
            for reason, n in sorted(metrics.errors.items()):
                errors.add_metric((name, reason), float(n))
            total, buckets = 0, []
            for bound_us, n in zip((*EXPOSED_US, None), metrics.latency.summed(EXPOSED_US), strict=True):
                total += n
                buckets.append(("+Inf" if bound_us is None else repr(bound_us / 1e6), float(total)))
            latency.add_metric((name,), buckets, metrics.latency.sum_us / 1e6)
        yield from (requests, rows, errors, latency)
        for name, (what, read) in self.gauges.items():
            gauge = GaugeMetricFamily(f"touchline_endpoint_{name}", what)
            gauge.add_metric((), read())
            yield gauge
        yield from live_metrics()


def exposition(metrics: Mapping[str, ServingMetrics], gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> bytes:
    """All metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Collected(metrics, gauges))
    return generate_latest(registry)
