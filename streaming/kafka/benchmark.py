"""How long a window's stats take from the arrival of the sample that closed it to a subscriber, through a real broker both
ways, for many games at once; beside it the same messages through the same broker with nothing computed in between."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from features.sport import load_sport
from streaming import topics
from streaming.errors import Unavailable
from streaming.feed import encode_feed
from streaming.kafka.broker import MAX_MESSAGE_BYTES, admin, ensure, speaking
from streaming.kafka.ingress import Ingress
from streaming.kafka.load import Load
from streaming.kafka.settings import Address, parse
from streaming.records import Telemetry

#: where the broker is, for the benchmark and whoever else does not ask for it
ENVIRONMENT: Final = "TOUCHLINE_KAFKA"
#: what is thrown away at the start of a run: first allocations, first fetches
WARM_S: Final = 4.0
#: how long results are waited for once everything has been sent
DRAIN_S: Final = 20.0
_START_TIMEOUT_S: Final = 150.0


# -- the processes ---------------------------------------------------------------------------------------------------------


class _Clocks(msgspec.Struct):
    ingress_us: int


class _Update(msgspec.Struct):
    quality: str
    clocks: _Clocks
    event: str | None = None


class _Batch(msgspec.Struct):
    game: str
    updates: list[_Update]


def reader_at_end(address: Address, topic: str, isolation: str) -> Any:
    """A consumer at the end of every partition of a topic. It asks the broker to answer after 10 ms though nothing has come:
    kafka-python takes up what one broker has said only when the request before it is over, so that with the usual 500 ms a record
    may lie there for as long as a long poll lasts."""
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

    consumer = KafkaConsumer(
        **address.python(), isolation_level=isolation, fetch_max_wait_ms=10, max_partition_fetch_bytes=MAX_MESSAGE_BYTES
    )
    here = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(here)
    consumer.seek_to_end(*here)
    for part in here:
        consumer.position(part)
    return consumer


def _asked() -> queue.SimpleQueue[str]:
    """The lines that the parent writes to our standard input, and an empty one once it has closed it."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        while line := sys.stdin.readline():
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _listen(url: str, sport: str, prefix: str, isolation: str) -> None:
    """The subscriber. Asked for it, it tells of each message since it was asked last that closes windows: when it was here (us),
    how long after their last sample that was (us), and its size in bytes."""
    consumer = reader_at_end(parse(url), topics.stats(sport), isolation)
    decode, asked, ours = msgspec.json.Decoder(_Batch).decode, _asked(), prefix.encode()
    found: list[tuple[int, int, int]] = []
    _say("ready")
    while True:
        for records in consumer.poll(timeout_ms=50).values():
            now_us = time.time_ns() // 1000
            for record in records:
                if not record.key.startswith(ours):
                    continue
                came = [u.clocks.ingress_us for u in decode(record.value).updates if u.quality == "final" and u.event is None]
                if came:
                    found.append((now_us, now_us - max(came), len(record.value)))
        if not asked.empty():
            if not asked.get():
                break
            _say(msgspec.json.encode(found).decode())
            found = []
    consumer.close()


def _relay(url: str, came: str, goes: str, size: int) -> None:
    """Where the operator would be: each message is answered at once with ``size`` bytes that begin with its first eight."""
    from kafka import KafkaProducer

    address = parse(url)
    consumer, told = reader_at_end(address, came, "read_uncommitted"), _asked()
    producer = KafkaProducer(
        **address.python(), acks="all", compression_type="lz4", linger_ms=0, max_request_size=MAX_MESSAGE_BYTES
    )
    body = _filler(size)
    _say("ready")
    while told.empty():
        for records in consumer.poll(timeout_ms=50).values():
            for record in records:
                producer.send(goes, record.value[:8] + body, key=record.key)
    consumer.close()
    producer.close(timeout=5)


def _filler(size: int) -> bytes:
    """As compressible as stats are: a number among words."""
    rng = np.random.default_rng(3)
    text = b"".join(b'{"stat":"some.thing.measured","value":%.6f,"quality":"final"},' % v for v in rng.random(1 + size // 62))
    return text[:size]


class Helper:
    """A process of this module: ready when it says so, ended by closing its input."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "streaming.kafka.benchmark", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._line() != "ready\n":
            self.end()
            raise Unavailable(f"the helper {arguments[0]} of the benchmark did not start")

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def take(self) -> Any:
        """What it has seen since it was asked last."""
        assert self.process.stdin is not None
        self.process.stdin.write("take\n")
        self.process.stdin.flush()
        return msgspec.json.decode(self._line())

    def end(self) -> None:
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def listener(url: str, sport: str, prefix: str, isolation: str) -> Helper:
    """A subscriber to the stats of games whose names begin with ``prefix``."""
    return Helper("listen", url, sport, prefix, isolation)


class Operator:
    """A real ``touchline run``, on the air; ``said`` is the line that says so."""

    def __init__(self, url: str, sport: str, options: Sequence[str]) -> None:
        command = [sys.executable, "-m", "streaming.cli", "run", "--source", url, "--sink", url, "--sport", sport, *options]
        # Its errors go to a file: a pipe that nobody reads would stop it in the end.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with us)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors, text=True)
        assert self.process.stdout is not None
        patience = threading.Timer(_START_TIMEOUT_S, self.process.kill)
        patience.start()
        self.said = self.process.stdout.readline()
        patience.cancel()
        if "on the air" not in self.said:
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
    url: str, load: Load, games: int = 10, *, commit_ms: float = 100.0, options: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """p50 and p99 (us) for a subscriber that reads uncommitted, the same for one that reads committed (``committed_...``),
    and of the relay without an operator (``floor_...``)."""
    from streaming.kafka.runner import GROUP

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
    """Play ``games`` games to whoever is on the air; figures of both kinds of readers. They are played twice; of the first time
    only ``cold_p99_us`` is told: Java compiles what is called often, and is dear until it has."""
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
    late = np.array([late_us for _, late_us in load.sent])
    size = int(np.median(seen[0][:, 2]))
    return figures | {"messages": len(seen[0]), "message_bytes": size, "sent_late_p99_us": at(late, 99)}


def play(
    address: Address, load: Load, prefix: str, games: int, helpers: Sequence[Helper], warm_s: float = WARM_S,
    sent: Callable[[], None] = lambda: None,
) -> list[Any]:  # fmt: skip
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
            raise Unavailable("no stats came out of the broker while the benchmark ran")
        told = np.array(known, float)
        # By the time of the sample that closed the window: what is late must not fall out of the figures because it is late.
        closed_us = told[:, 0] - told[:, 1]
        found.append(told[(closed_us > began_us) & (closed_us < until_us)])
    return found


def catch_up(address: Address, sport: str, group: str, patience_s: float = 30.0) -> None:
    """Wait until an operator has gone through what others have left in its input, for as long as it gets on with it."""
    least, until = behind(address, sport, group), time.monotonic() + patience_s
    while left := behind(address, sport, group):
        if left < least:
            least, until = left, time.monotonic() + patience_s
        if time.monotonic() > until:
            raise Unavailable(f"the operator does not catch up with {topics.telemetry(sport)}: {left} records are left")
        time.sleep(0.5)


def behind(address: Address, sport: str, group: str, *, skip: bool = False) -> int:
    """Records of the input that ``group`` has not used for good; with ``skip`` it is told that it has."""
    from kafka import KafkaConsumer
    from kafka.structs import OffsetAndMetadata, TopicPartition

    topic = topics.telemetry(sport)
    with speaking(address):
        consumer = KafkaConsumer(**address.python(), group_id=group, enable_auto_commit=False)
        try:
            parts = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
            end = consumer.end_offsets(parts)
            if skip:
                consumer.assign(parts)
                consumer.commit({part: OffsetAndMetadata(end[part]) for part in parts})
            return sum(end[part] - (consumer.committed(part) or 0) for part in parts)
        finally:
            consumer.close()


def at(values: Any, percent: float) -> float:
    """A percentile, rounded to a tenth."""
    return round(float(np.percentile(values, percent)), 1)


def refuse_company(address: Address, group: str, patience_s: float = 15.0) -> None:
    """An operator that runs already would take our games too. A new broker knows of no groups for its first seconds."""
    from kafka.errors import CoordinatorNotAvailableError

    until = time.monotonic() + patience_s
    with admin(address) as client, speaking(address):
        while True:
            try:
                found = client.describe_groups([group]).values()
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
    came, goes = f"floor-in-{mark}", f"floor-out-{mark}"
    with admin(address) as client:
        client.create_topics({t: {"num_partitions": 4, "replication_factor": -1} for t in (came, goes)}, wait_for_metadata=True)
        relay = Helper("relay", url, came, goes, str(out_bytes))
        found: list[float] = []
        try:
            consumer = reader_at_end(address, goes, "read_uncommitted")
            producer = KafkaProducer(**address.python(), acks="all", compression_type="lz4", linger_ms=0)
            body, until = os.urandom(in_bytes), time.monotonic() + seconds
            sent = 0
            due = time.monotonic()
            while time.monotonic() < until or len(found) < sent:
                if time.monotonic() >= due and time.monotonic() < until:
                    due += 0.2 / games
                    producer.send(came, time.time_ns().to_bytes(8, "big") + body, key=str(sent % games).encode())
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
            client.delete_topics([came, goes])
    kept = np.array(found[len(found) // 4 :])
    return {"floor_p50_us": at(kept, 50), "floor_p99_us": at(kept, 99)}


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        _listen(*sys.argv[2:6])
    else:
        _relay(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
