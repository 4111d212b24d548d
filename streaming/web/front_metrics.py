"""Metrics of the front: connections, what was refused, and watching that failed."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.serving.front import Front
from streaming.web.hub import Hub


class FrontCollector(Collector):
    """Counts of a gateway's front; without state."""

    def __init__(self, front: Front, hub: Hub) -> None:
        self.front, self.hub = front, hub

    def collect(self) -> Iterator[Metric]:
        """Families by status and by kind of error."""
        refused = CounterMetricFamily("touchline_gateway_refused_requests", "Requests refused, by status.", labels=("status",))
        for status, n in sorted(self.front.refused.items()):
            refused.add_metric((str(status),), float(n))
        yield refused
        if (door := self.front.door) is not None:
            yield GaugeMetricFamily("touchline_gateway_connections", "Connections open.", value=float(len(door.inside)))
            refused_or_cut = float(door.refused + door.cut)
            about = "Connections refused, or cut to make room."
            yield CounterMetricFamily("touchline_gateway_refused_connections", about, value=refused_or_cut)
        failures = CounterMetricFamily("touchline_model_watch_failures", "Watching of models that failed.", labels=("error",))
        if self.hub.models is not None:
            for kind, n in sorted(self.hub.models.failures.items()):
                failures.add_metric((kind,), float(n))
        yield failures
