"""How long a window's stats take from the arrival of the sample that closed it to a subscriber, through a real broker both
ways, for many games at once; beside it the same messages through the same broker with nothing computed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from features.core.sport import load_sport
from streaming.bench.figures import figure
from streaming.bench.kafka_peers import Helper, listener, reader_at_end
from streaming.bench.load_generator import Load
from streaming.errors import Unavailable
from streaming.kafka.broker import admin, broker_errors, ensure
from streaming.kafka.ingress import Ingress
from streaming.kafka.offsets import committed, end_offsets, partitions_of
from streaming.kafka.settings import Address, parse
from streaming.wire import topics
from streaming.wire.feed import encode_feed
from streaming.wire.records import Telemetry

#: where the broker is, by default
ENVIRONMENT: Final = "TOUCHLINE_KAFKA"
#: what is thrown away at the start of a run: first allocations, first fetches
WARM_S: Final = 4.0
#: how long results are waited for once everything has been sent
DRAIN_S: Final = 20.0
_START_TIMEOUT_S: Final = 150.0


class Operator:
    """A real ``touchline run``, on the air; ``first_line`` is its line "on the air"."""

    def __init__(self, url: str, sport: str, options: Sequence[str]) -> None:
        command = [
            sys.executable,
            "-m",
            "streaming.cli",
            "run",
            "--source",
            url,
            "--sink",
            url,
            "--sport",
            sport,
            "--take-over",
            *options,
        ]
        # Its errors go to a file: a pipe without a reader would stop it in the end.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with us)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors, text=True)
        assert self.process.stdout is not None
        patience = threading.Timer(_START_TIMEOUT_S, self.process.kill)
        patience.start()
        self.first_line = self.process.stdout.readline()
        patience.cancel()
        if "on the air" not in self.first_line:
            self.process.kill()
            why = self._why()
            self.end()
            raise Unavailable(f"touchline run did not start: {why}")

    def _why(self) -> str:
        self.process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1].removeprefix("touchline: ") if lines else f"not within {_START_TIMEOUT_S:.0f} s"

    def end(self) -> None:
        """Ctrl-C, which on Flink takes a savepoint."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        self._errors.close()


# -- the measurement ---------------------------------------------------------------------------------------------------------


def kafka_latency(
    url: str,
    load: Load,
    games: int = 10,
    *,
    commit_ms: float = 100.0,
    options: Sequence[str] = (),
) -> dict[str, Any]:
    """p50 and p99 (us) for a subscriber that reads uncommitted, the same for one that reads committed (``committed_...``),
    and of the relay without an operator (``floor_...``)."""
    from streaming.runners.kafka.runner import GROUP

    address, sport = parse(url), load.record.sport
    ensure(address, sport)
    refuse_company(address, GROUP)
    operator = Operator(url, sport, ["--commit-ms", f"{commit_ms:g}", *options])
    try:
        catch_up(address, sport, GROUP)
        figures = both_readers(url, load, games)
    finally:
        operator.end()
    return {"commit_ms": commit_ms} | figures | floor(url, load, figures["message_bytes"], games)


def both_readers(url: str, load: Load, games: int) -> dict[str, Any]:
    """Play ``games`` games to the operator on the air; figures of both kinds of readers. They are played twice; of the first time
    only ``cold_p99_us`` is reported: Java compiles what is called often, and is dear until it has."""
    sport, mark = load.record.sport, f"bench-{uuid.uuid4().hex[:8]}-"
    helpers: list[Helper] = []
    try:
        helpers += [listener(url, sport, mark, isolation) for isolation in ("read_uncommitted", "read_committed")]
        cold = play(parse(url), load, f"{mark}cold-", games, helpers[:1], warm_s=0.0)
        seen = play(parse(url), load, f"{mark}warm-", games, helpers)
    finally:
        for helper in helpers:
            helper.end()
    figures: dict[str, Any] = {"games": games, "cold_p99_us": at(cold[0][:, 1], 99)}
    for name, kept in zip(("", "committed_"), seen, strict=True):
        figures |= {f"{name}p{p}_us": at(kept[:, 1], p) for p in (50, 99)}
    size = int(np.median(seen[0][:, 2]))
    return figures | {"messages": len(seen[0]), "message_bytes": size, "sent_late_p99_us": load.late_us(99)}


def play(
    address: Address,
    load: Load,
    prefix: str,
    games: int,
    helpers: Sequence[Helper],
    warm_s: float = WARM_S,
    sent: Callable[[], None] = lambda: None,
) -> list[Any]:
    """Send ``games`` games and wait until their results have come; by listener an array with a row per message that closes
    windows: when it was there (us), latency (us), bytes. Without the first ``warm_s`` seconds and without the last windows, since
    games end one after another. ``sent`` is called when the last record has been sent."""
    for helper in helpers:
        helper.take()
    with Ingress(address, load_sport(load.record.sport), packed=False) as ingress:
        load.send(ingress, [f"{prefix}{i}" for i in range(games)])
        sent()
    # The first game is through before the others; what its end closes had to wait for that.
    began_us, until_us = load.sent[0][0] + 1e6 * warm_s, load.sent[0][0] + 1e6 * load.seconds - 300_000
    rows: list[list[Any]] = [[] for _ in helpers]
    patience = time.monotonic() + DRAIN_S
    while True:
        time.sleep(1.0)
        fresh = [helper.take() for helper in helpers]
        for known, more in zip(rows, fresh, strict=True):
            known += more
        if not any(fresh) or time.monotonic() > patience:
            break
    found = []
    for known in rows:
        if not known:
            raise Unavailable("the broker delivered no stats while the benchmark ran")
        readings = np.array(known, float)
        # By the time of the sample that closed the window: what is late must not fall out of the figures because it is late.
        closed_us = readings[:, 0] - readings[:, 1]
        found.append(readings[(closed_us > began_us) & (closed_us < until_us)])
    return found


def catch_up(address: Address, sport: str, group: str, patience_s: float = 30.0) -> None:
    """Wait until an operator has gone through what others have left in its input, for as long as it gets on with it."""
    least, until = behind(address, sport, group), time.monotonic() + patience_s
    while left := behind(address, sport, group):
        if left < least:
            least, until = left, time.monotonic() + patience_s
        if time.monotonic() > until:
            raise Unavailable(
                f"the operator does not catch up with {address.topic(topics.telemetry(sport))}: {left} records are left"
            )
        time.sleep(0.5)


def behind(address: Address, sport: str, group: str, *, skip: bool = False) -> int:
    """Records of the input that ``group`` has not used for good; with ``skip`` its offsets move to the end."""
    from kafka import KafkaConsumer
    from kafka.structs import OffsetAndMetadata

    topic = address.topic(topics.telemetry(sport))
    with broker_errors(address):
        consumer = KafkaConsumer(**address.python(), group_id=address.group(group), enable_auto_commit=False)
        try:
            parts = partitions_of(consumer, [topic]).get(topic, [])
            end = end_offsets(consumer, parts)
            if skip:
                consumer.assign(parts)
                consumer.commit({part: OffsetAndMetadata(end[part]) for part in parts})
            return sum(end[part] - (committed(consumer, part) or 0) for part in parts)
        finally:
            consumer.close()


def at(values: Any, percent: float) -> float:
    """A percentile as a figure that is shown."""
    return figure(float(np.percentile(values, percent)))


def refuse_company(address: Address, group: str, patience_s: float = 15.0) -> None:
    """An operator that runs already would take our games too. A new broker knows of no groups for its first seconds."""
    from kafka.errors import CoordinatorNotAvailableError

    until = time.monotonic() + patience_s
    with admin(address) as client, broker_errors(address):
        while True:
            try:
                found = client.describe_groups([address.group(group)]).values()
                break
            except CoordinatorNotAvailableError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
        if any(one.get("members") for one in found):
            raise Unavailable(f"an operator is at work on {address.text}: end it first, or measure on another broker")


def floor(url: str, load: Load, out_bytes: int, games: int, seconds: float = 8.0) -> dict[str, float]:
    """There and back through the same broker with nothing computed in between, for messages as large and as many as those of
    ``games`` games whose windows close every 0.2 s: p50 and p99, us."""
    from kafka import KafkaProducer

    address = parse(url)
    in_bytes = int(np.median([len(encode_feed(item)) for _, item in load.items if isinstance(item, Telemetry)]))
    mark = uuid.uuid4().hex[:8]
    in_topic, out_topic = f"floor-in-{mark}", f"floor-out-{mark}"
    with admin(address) as client:
        client.create_topics(
            {t: {"num_partitions": 4, "replication_factor": -1} for t in (in_topic, out_topic)}, wait_for_metadata=True
        )
        relay = Helper("relay", url, in_topic, out_topic, str(out_bytes))
        found: list[float] = []
        try:
            consumer = reader_at_end(address, out_topic, "read_uncommitted")
            producer = KafkaProducer(**address.python(), acks="all", compression_type="lz4", linger_ms=0)
            body, until = os.urandom(in_bytes), time.monotonic() + seconds
            sent = 0
            due = time.monotonic()
            while time.monotonic() < until or len(found) < sent:
                if time.monotonic() >= due and time.monotonic() < until:
                    due += 0.2 / games
                    producer.send(in_topic, time.time_ns().to_bytes(8, "big") + body, key=str(sent % games).encode())
                    sent += 1
                wait_ms = max(1, int(1000 * (due - time.monotonic())))
                for records in consumer.poll(timeout_ms=min(wait_ms, 20)).values():
                    now_ns = time.time_ns()
                    found += [(now_ns - int.from_bytes(record.value[:8], "big")) / 1000 for record in records]
                if time.monotonic() > until + 10:
                    break
            consumer.close()
            producer.close(timeout=5)
        finally:
            relay.end()
            client.delete_topics([in_topic, out_topic])
    kept = np.array(found[len(found) // 4 :])
    return {"floor_p50_us": at(kept, 50), "floor_p99_us": at(kept, 99)}
