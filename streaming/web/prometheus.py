"""Prometheus: the metrics of the operators and of the hub, collected on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.latency import EXPOSED_US, Latency
from models.registry.live_metrics import live_metrics
from streaming.flink import metrics
from streaming.flink.poller import Cluster
from streaming.operator.metrics import OperatorMetrics
from streaming.web.cluster_poller import ClusterPoller
from streaming.web.hub import Hub
from streaming.web.model_metrics import model_metrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

GAME = ("sport", "game")


def _buckets(latency: Latency) -> list[tuple[str, float]]:
    total, out = 0, []
    for bound, n in zip((*EXPOSED_US, None), latency.summed(EXPOSED_US), strict=True):
        total += n
        out.append(("+Inf" if bound is None else repr(bound / 1e6), float(total)))
    return out


class HubCollector(Collector):
    """Turns operator metrics into metric families; without state."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def collect(self) -> Iterator[Metric]:
        """Families per game, then the gateway's own."""
        running = [
            ((cache.record.sport, game), cache.metrics)
            for game, cache in self.hub.games.items()
            if cache.record is not None and cache.metrics is not None
        ]
        yield from self._latencies(running)
        yield from self._steps(running)
        yield from self._counts(running)
        yield from self._gateway()
        if self.hub.models is not None:
            yield from model_metrics(self.hub.models.recent_report())
        yield from live_metrics()

    def _latencies(self, running: list[tuple[tuple[str, str], OperatorMetrics]]) -> Iterator[Metric]:
        window = HistogramMetricFamily(
            "touchline_window_latency_seconds",
            "From the arrival of the record that closed a window until its stats are with the sink.",
            labels=GAME,
        )
        event = HistogramMetricFamily(
            "touchline_event_latency_seconds",
            "From the arrival of an event until its stats are with the sink.",
            labels=GAME,
        )
        lag = GaugeMetricFamily("touchline_watermark_lag_seconds", "Newest arrival less the watermark.", labels=GAME)
        for labels, measured in running:
            window.add_metric(labels, _buckets(measured.window_latency), measured.window_latency.sum_us / 1e6)
            event.add_metric(labels, _buckets(measured.event_latency), measured.event_latency.sum_us / 1e6)
            lag.add_metric(labels, measured.watermark_lag_us / 1e6)
        yield from (window, event, lag)

    def _steps(self, running: list[tuple[tuple[str, str], OperatorMetrics]]) -> Iterator[Metric]:
        labels = (*GAME, "step")
        spent = CounterMetricFamily("touchline_step_seconds", "Time in a processing step.", labels=labels)
        calls = CounterMetricFamily("touchline_step_calls", "How often a processing step ran.", labels=labels)
        last = GaugeMetricFamily("touchline_step_last_seconds", "The latest run of a processing step.", labels=labels)
        worst = GaugeMetricFamily("touchline_step_max_seconds", "The slowest run of a processing step.", labels=labels)
        for game, measured in running:
            for i, step in enumerate(measured.steps):
                where = (*game, step)
                spent.add_metric(where, float(measured.step_ns[i]) / 1e9)
                calls.add_metric(where, float(measured.step_calls[i]))
                last.add_metric(where, float(measured.step_last_ns[i]) / 1e9)
                worst.add_metric(where, float(measured.step_max_ns[i]) / 1e9)
        yield from (spent, calls, last, worst)

    def _counts(self, running: list[tuple[tuple[str, str], OperatorMetrics]]) -> Iterator[Metric]:
        records = CounterMetricFamily(
            "touchline_records",
            "Records by outcome: accepted, late, duplicate, dropped, quarantined.",
            labels=(*GAME, "kind", "reason"),
        )
        unavailable = CounterMetricFamily(
            "touchline_values_unavailable",
            "Values that are unavailable because the model does not apply to the game.",
            labels=(*GAME, "stat"),
        )
        windows = CounterMetricFamily("touchline_windows", "Windows closed.", labels=GAME)
        events = CounterMetricFamily("touchline_events", "Events processed.", labels=GAME)
        for game, measured in running:
            for kind, reason, n in measured.records():
                records.add_metric((*game, kind, reason), float(n))
            missing = Counter[str]()
            for stat, _, n in measured.unavailable():
                missing[stat] += n
            for stat, n in missing.items():
                unavailable.add_metric((*game, stat), float(n))
            windows.add_metric(game, float(measured.windows))
            events.add_metric(game, float(measured.events))
        yield from (records, unavailable, windows, events)

    def _gateway(self) -> Iterator[Metric]:
        hub = self.hub
        subscribers = GaugeMetricFamily("touchline_subscribers", "Subscribers connected.", labels=("transport",))
        connected = hub.subscribers()
        for transport in ("websocket", "sse"):
            subscribers.add_metric((transport,), float(connected[transport]))
        yield subscribers
        socket = HistogramMetricFamily(
            "touchline_gateway_latency_seconds", "From the operator's hand-over to a client's socket.", labels=()
        )
        socket.add_metric((), _buckets(hub.socket_latency), hub.socket_latency.sum_us / 1e6)
        yield socket
        dead = CounterMetricFamily("touchline_dead_letters", "Dead letters.", labels=("topic", "reason"))
        for (source, reason), n in sorted(hub.dead_letter_counts.items()):
            dead.add_metric((source, reason), float(n))
        yield dead
        yield CounterMetricFamily(
            "touchline_gateway_shed_blocks", "Blocks of windowed values dropped because the gateway was behind.", value=hub.shed
        )
        skipped = hub.skipped + sum(s.skipped for members in hub.groups.values() for s in members)
        yield CounterMetricFamily(
            "touchline_gateway_skipped_values", "Values replaced by newer ones before a slow client got them.", value=skipped
        )


class ClusterCollector(Collector):
    """Metrics of the broker and of Flink; a part that does not answer is down and has no others."""

    def __init__(self, cluster: ClusterPoller) -> None:
        self.cluster = cluster

    def collect(self) -> Iterator[Metric]:
        """Families of the gateway's reading, the broker, and the Flink cluster."""
        yield from self._reader()
        yield from self._kafka()
        if self.cluster.flink is not None:
            yield from self._flink(self.cluster.flink.current)

    def _reader(self) -> Iterator[Metric]:
        reader = self.cluster.reader
        behind = GaugeMetricFamily(
            "touchline_gateway_lag_records", "Messages of stats that the gateway has not read yet.", labels=("sport",)
        )
        for sport, n in reader.lag.items():
            behind.add_metric((sport,), float(n))
        delay = HistogramMetricFamily("touchline_gateway_delay_seconds", "From published to read by the gateway.", labels=())
        delay.add_metric((), _buckets(reader.delay), reader.delay.sum_us / 1e6)
        yield from (behind, delay)
        yield CounterMetricFamily("touchline_gateway_unreadable", "Messages that cannot be decoded.", value=reader.unreadable)

    def _kafka(self) -> Iterator[Metric]:
        groups = self.cluster.kafka.current
        yield _one("touchline_kafka_up", "Whether the broker answers.", groups is not None)
        if groups is None:
            return
        labels = ("sport", "group")
        lag = GaugeMetricFamily(
            "touchline_kafka_lag_records", "Records of the input that a group has not committed.", labels=(*labels, "partition")
        )
        members = GaugeMetricFamily("touchline_kafka_group_members", "Members of the group.", labels=labels)
        for group in groups:
            members.add_metric((group.sport, group.group), float(group.members))
            for found in group.partitions:
                lag.add_metric((group.sport, group.group, str(found.partition)), float(found.lag))
        yield from (lag, members)

    def _flink(self, cluster: Cluster | None) -> Iterator[Metric]:
        yield _one("touchline_flink_up", "Whether the Flink cluster answers.", cluster is not None)
        if cluster is None:
            return
        yield _one("touchline_flink_taskmanagers", "TaskManagers.", cluster.taskmanagers)
        yield _one("touchline_flink_slots", "Slots of all TaskManagers.", cluster.slots)
        yield _one("touchline_flink_slots_free", "Free slots.", cluster.slots_free)
        by_job = ("job",)
        up = GaugeMetricFamily("touchline_flink_job_up", "1 while the job runs.", labels=("job", "state"))
        age = GaugeMetricFamily(
            "touchline_flink_checkpoint_age_seconds", "Time since the newest completed checkpoint.", labels=by_job
        )
        took = GaugeMetricFamily(
            "touchline_flink_checkpoint_duration_seconds", "Duration of the newest completed checkpoint.", labels=by_job
        )
        size = GaugeMetricFamily("touchline_flink_checkpoint_size_bytes", "Size of the newest completed checkpoint.", labels=by_job)
        failed = CounterMetricFamily("touchline_flink_checkpoint_failed", "Checkpoints that failed.", labels=by_job)
        restarts = CounterMetricFamily("touchline_flink_restarts", "Restarts of the job.", labels=by_job)
        for job in cluster.jobs:
            up.add_metric((job.name, job.state), float(job.state == "RUNNING"))
            failed.add_metric((job.name,), float(job.failed))
            if job.restarts is not None:
                restarts.add_metric((job.name,), float(job.restarts))
            if (checkpoint := job.checkpoint) is not None:
                age.add_metric((job.name,), checkpoint.age_s)
                took.add_metric((job.name,), checkpoint.duration_ms / 1000)
                size.add_metric((job.name,), float(checkpoint.size_bytes))
        yield from (up, age, took, size, failed, restarts)
        yield from _measures(cluster)


def _measures(cluster: Cluster) -> Iterator[Metric]:
    """Metrics that Flink reports."""
    for quantities, labels in ((metrics.TASK, ("job", "task", "subtask")), (metrics.MANAGER, ("taskmanager",))):
        for quantity in quantities:
            family = GaugeMetricFamily(quantity.name, quantity.help, labels=labels)
            for found in cluster.measures:
                if found.name == quantity.name:
                    family.add_metric(found.place, found.value)
            yield family


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def exposition(hub: Hub, cluster: ClusterPoller | None = None) -> Callable[[], bytes]:
    """A function that returns the text of ``/metrics``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HubCollector(hub))
    if cluster is not None:
        registry.register(ClusterCollector(cluster))
    return lambda: generate_latest(registry)
