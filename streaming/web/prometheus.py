"""Prometheus: the metrics of the operators and of the hub, collected on request, rendered beside the event loop."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool

from models.latency import prometheus_buckets
from models.registry.live_metrics import live_metrics
from streaming.flink import metrics
from streaming.flink.poller import Cluster
from streaming.observability.disk import DiskCollector
from streaming.operator.metrics import OperatorMetrics
from streaming.web.cluster_poller import ClusterPoller
from streaming.web.condition import silences
from streaming.web.hub import Hub
from streaming.web.model_metrics import model_metrics
from streaming.web.shown_games import Rows, ShownGames, summed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

GAME = ("sport", "game")
#: how old a rendered text may be, s: any number of scrapers cost one rendering
AGE_S = 1.0


@dataclass(frozen=True)
class HubState:
    """What ``/metrics`` reads of a hub, taken on the event loop, so that it can be rendered in another thread."""

    rows: list[tuple[tuple[str, str], list[OperatorMetrics]]]
    silent_s: dict[tuple[str, str], float]
    games: Counter[str]
    subscribers: Counter[str]
    dead_letters: Counter[tuple[str, str]]
    skipped: int

    @classmethod
    def of(cls, hub: Hub, shown: ShownGames) -> HubState:
        return cls(
            rows=shown.choose(hub.games.values()),
            silent_s=silences(hub),
            games=Counter(c.record.sport for c in hub.games.values() if c.record is not None),
            subscribers=hub.subscribers(),
            dead_letters=hub.dead_letter_counts.copy(),
            skipped=hub.skipped + sum(s.skipped for members in hub.groups.values() for s in members),
        )


class HubCollector(Collector):
    """Turns operator metrics into metric families. ``state`` is what the next collection reads of the hub."""

    def __init__(self, hub: Hub, shown: ShownGames | None = None) -> None:
        self.hub, self.shown = hub, shown or ShownGames(hub.metrics_keep_s)
        self.state: HubState | None = None

    def collect(self) -> Iterator[Metric]:
        """Families per game, then the gateway's own."""
        state = self.state or HubState.of(self.hub, self.shown)
        rows = [(game, several[0] if len(several) == 1 else summed(several)) for game, several in state.rows]
        yield from self._latencies(rows)
        yield from self._steps(rows)
        yield from self._counts(rows)
        yield from self._silence(state)
        yield from self._gateway(state)
        if self.hub.models is not None:
            yield from model_metrics(self.hub.models.recent_report())
        yield from live_metrics()

    def _silence(self, state: HubState) -> Iterator[Metric]:
        games = GaugeMetricFamily("touchline_games", "Games in the gateway's memory.", labels=("sport",))
        for sport, n in sorted(state.games.items()):
            games.add_metric((sport,), float(n))
        silent = GaugeMetricFamily(
            "touchline_game_silent_seconds",
            "Since the newest record of a game arrived; of games whose operator reports, and with series of their own.",
            labels=GAME,
        )
        for game, _ in state.rows:
            if game in state.silent_s:
                silent.add_metric(game, state.silent_s[game])
        yield from (games, silent)

    def _latencies(self, running: Rows) -> Iterator[Metric]:
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
            window.add_metric(labels, prometheus_buckets(measured.window_latency), measured.window_latency.sum_us / 1e6)
            event.add_metric(labels, prometheus_buckets(measured.event_latency), measured.event_latency.sum_us / 1e6)
            lag.add_metric(labels, measured.watermark_lag_us / 1e6)
        yield from (window, event, lag)

    def _steps(self, running: Rows) -> Iterator[Metric]:
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

    def _counts(self, running: Rows) -> Iterator[Metric]:
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

    def _gateway(self, state: HubState) -> Iterator[Metric]:
        hub = self.hub
        subscribers = GaugeMetricFamily("touchline_subscribers", "Subscribers connected.", labels=("transport",))
        for transport in ("websocket", "sse"):
            subscribers.add_metric((transport,), float(state.subscribers[transport]))
        yield subscribers
        socket = HistogramMetricFamily(
            "touchline_gateway_latency_seconds", "From the operator's hand-over to a client's socket.", labels=()
        )
        socket.add_metric((), prometheus_buckets(hub.socket_latency), hub.socket_latency.sum_us / 1e6)
        yield socket
        dead = CounterMetricFamily("touchline_dead_letters", "Dead letters.", labels=("topic", "reason"))
        for (source, reason), n in sorted(state.dead_letters.items()):
            dead.add_metric((source, reason), float(n))
        yield dead
        yield CounterMetricFamily(
            "touchline_gateway_shed_blocks", "Blocks of windowed values dropped because the gateway was behind.", value=hub.shed
        )
        yield CounterMetricFamily(
            "touchline_gateway_skipped_values",
            "Values replaced by newer ones before a slow client got them.",
            value=state.skipped,
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
        delay.add_metric((), prometheus_buckets(reader.delay), reader.delay.sum_us / 1e6)
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
        by_job = ("job", "id")
        up = GaugeMetricFamily("touchline_flink_job_up", "1 while the job runs.", labels=(*by_job, "state"))
        age = GaugeMetricFamily(
            "touchline_flink_checkpoint_age_seconds", "Time since the newest completed checkpoint.", labels=by_job
        )
        took = GaugeMetricFamily(
            "touchline_flink_checkpoint_duration_seconds", "Duration of the newest completed checkpoint.", labels=by_job
        )
        size = GaugeMetricFamily("touchline_flink_checkpoint_size_bytes", "Size of the newest completed checkpoint.", labels=by_job)
        failed = CounterMetricFamily("touchline_flink_checkpoint_failed", "Checkpoints that failed.", labels=by_job)
        restarts = CounterMetricFamily("touchline_flink_restarts", "Restarts of the job.", labels=by_job)
        lost = CounterMetricFamily(
            "touchline_flink_lost_commits",
            "Transactions that the broker had aborted before their commit, since the job last started.",
            labels=by_job,
        )
        for job in cluster.jobs:
            place = (job.name, job.id)
            up.add_metric((*place, job.state), float(job.state == "RUNNING"))
            failed.add_metric(place, float(job.failed))
            if job.restarts is not None:
                restarts.add_metric(place, float(job.restarts))
            if job.lost_commits is not None:
                lost.add_metric(place, float(job.lost_commits))
            if (checkpoint := job.checkpoint) is not None:
                age.add_metric(place, checkpoint.age_s)
                took.add_metric(place, checkpoint.duration_ms / 1000)
                size.add_metric(place, float(checkpoint.size_bytes))
        yield from (up, age, took, size, failed, restarts, lost)
        yield from _measures(cluster)


def _measures(cluster: Cluster) -> Iterator[Metric]:
    """Metrics that Flink reports."""
    for quantities, labels in ((metrics.TASK, ("job", "id", "task", "subtask")), (metrics.MANAGER, ("taskmanager",))):
        for quantity in quantities:
            family = GaugeMetricFamily(quantity.name, quantity.help, labels=labels)
            for found in cluster.measures:
                if found.name == quantity.name:
                    family.add_metric(found.place, found.value)
            yield family


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


class Exposition:
    """The text of ``/metrics``."""

    def __init__(
        self, hub: Hub, cluster: ClusterPoller | None = None, shown: ShownGames | None = None, folders: Iterable[Path] = ()
    ) -> None:
        self._hub = HubCollector(hub, shown)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self._hub)
        if cluster is not None:
            self._registry.register(ClusterCollector(cluster))
        self._registry.register(DiskCollector(folders))
        self._lock = threading.Lock()
        self._text, self._at_s = b"", -AGE_S

    def register(self, collector: Collector) -> None:
        """Add the metrics of another part."""
        self._registry.register(collector)

    def __call__(self) -> bytes:
        """As it is now."""
        return self._render(HubState.of(self._hub.hub, self._hub.shown), 0.0)

    async def text(self) -> bytes:
        """As it was at most ``AGE_S`` ago. To be awaited on the hub's event loop, which only takes what is to be rendered."""
        if time.monotonic() - self._at_s <= AGE_S:
            return self._text
        return await run_in_threadpool(self._render, HubState.of(self._hub.hub, self._hub.shown), AGE_S)

    def _render(self, state: HubState, age_s: float) -> bytes:
        with self._lock:
            if time.monotonic() - self._at_s > age_s:
                self._hub.state = state
                self._text, self._at_s = generate_latest(self._registry), time.monotonic()
            return self._text


def exposition(
    hub: Hub, cluster: ClusterPoller | None = None, shown: ShownGames | None = None, folders: Iterable[Path] = ()
) -> Exposition:
    """What renders ``/metrics`` of a gateway; of the disks under ``folders`` it has the free space."""
    return Exposition(hub, cluster, shown, folders)
