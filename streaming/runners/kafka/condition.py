"""The condition of a runner on Kafka, for its monitor: metric families, and why it is not alive or not ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.latency import prometheus_buckets
from streaming.runners.kafka.metrics import RunnerMetrics

#: a commit takes some ten milliseconds, and never longer than a transaction may be open
COMMIT_US: Final = (1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7)
#: a turn of the loop waits for the broker's answers, each of which has a shorter limit
STUCK_S: Final = 120.0
#: as many restarts within this time are a loop
LOOP_S, LOOP_RESTARTS = 60.0, 3


class Condition:
    """Reads the metrics of a runner. ``now_s`` is the runner's own clock; a runner with more than ``most_behind`` unread records is
    not ready."""

    def __init__(self, metrics: RunnerMetrics, now_s: Callable[[], float], most_behind: int) -> None:
        self.metrics, self.now_s, self.most_behind = metrics, now_s, most_behind

    def not_alive(self) -> list[str]:
        """Why the process should be started again; empty while it works."""
        stuck_s = self.now_s() - self.metrics.polled_s
        if self.metrics.polled_s and stuck_s > STUCK_S:
            return [f"nothing has been read or committed for {stuck_s:.0f} s: a thread is stuck"]
        return []

    def not_ready(self) -> list[str]:
        """Why the process does not deliver; empty while it does."""
        metrics = self.metrics
        found = self.not_alive()
        if not metrics.polled_s:
            return ["starting: models are loaded and compiled code is warmed up"]
        if metrics.trouble:
            found.append(metrics.trouble)
        if not metrics.member:
            found.append("not a member of its consumer group yet, or not any more")
        if (restarts := metrics.restarts_since(self.now_s() - LOOP_S)) >= LOOP_RESTARTS:
            found.append(f"{restarts} restarts from the last commit within {LOOP_S:.0f} s")
        if metrics.records_behind > self.most_behind:
            found.append(f"{metrics.records_behind:,} records behind, more than {self.most_behind:,}")
        return found


class RunnerCollector(Collector):
    """The families of an operator process on Kafka."""

    def __init__(self, metrics: RunnerMetrics, sport: str, group: str) -> None:
        self.metrics, self.place = metrics, (sport, group)

    def collect(self) -> Iterator[Metric]:
        labels, metrics = ("sport", "group"), self.metrics
        for name, text, n in (
            ("touchline_operator_commits", "Transactions that were committed.", metrics.commits),
            ("touchline_operator_failed_commits", "Transactions that failed; a restart follows.", metrics.failed_commits),
            ("touchline_operator_restarts", "Restarts from the last commit.", metrics.restarts),
            ("touchline_operator_rebalances", "Rebalances of partitions.", metrics.rebalances),
            ("touchline_operator_renewed_epochs", "New producer epochs after requests without an answer.", metrics.renewed_epochs),
        ):
            counter = CounterMetricFamily(name, text, labels=labels)
            counter.add_metric(self.place, float(n))
            yield counter
        took = HistogramMetricFamily(
            "touchline_operator_commit_seconds", "From the decision to commit until the broker has committed.", labels=labels
        )
        latency = metrics.commit_latency
        took.add_metric(self.place, prometheus_buckets(latency, COMMIT_US), latency.sum_us / 1e6)
        yield took
        behind = GaugeMetricFamily(
            "touchline_operator_records_behind", "Records of the input that are not read yet.", labels=(*labels, "partition")
        )
        for partition, n in sorted(metrics.behind.copy().items()):
            behind.add_metric((*self.place, str(partition)), float(n))
        yield behind
        for name, text, value in (
            ("touchline_operator_games", "Games that are being played here.", metrics.games),
            ("touchline_operator_member", "1 while this process is a member of its consumer group.", metrics.member),
            ("touchline_operator_broker_up", "Whether the broker answers.", not metrics.trouble),
        ):
            gauge = GaugeMetricFamily(name, text, labels=labels)
            gauge.add_metric(self.place, float(value))
            yield gauge
