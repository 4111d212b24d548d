"""How long a window's stats take from the arrival of the sample that closed it to a subscriber, through a real broker both
ways, for many games at once; beside it the same messages through the same broker with nothing computed in between."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from features.sport import load_sport
from streaming import topics
from streaming.errors import Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES, admin, ensure, speaking
from streaming.kafka.ingress import Ingress
from streaming.kafka.settings import Address, parse
from streaming.packing import Packer
from streaming.records import Event, GameRecord, Telemetry

#: where the broker is, for the benchmark and whoever else does not ask for it
ENVIRONMENT: Final = "TOUCHLINE_KAFKA"
#: what is thrown away at the start of a run: first allocations, first fetches
WARM_S: Final = 4.0
#: games begin so far apart, so that their windows do not close together
APART_US: Final = 37_000
_START_TIMEOUT_S: Final = 90.0


class Load:
    """One game's records, made once and sent as many games: shifted to now, stamped as they are sent."""

    def __init__(self, record: GameRecord, records: Iterable[Telemetry | Event], seconds: float | None = None) -> None:
        self.record = record
        self.items: list[tuple[int, Telemetry | Event]] = []
        packer = Packer(load_sport(record.sport), record)
        for one in records:
            ready: list[Telemetry | Event] = list(packer.add(one)) if isinstance(one, Telemetry) else [*packer.flush(), one]
            self.items.extend((_arrival_us(item), item) for item in ready)
            if seconds is not None and self.items and self.items[-1][0] > record.t0_us + 1e6 * seconds:
                break
        self.first_us = self.items[0][0]
        self.seconds = (self.items[-1][0] - self.first_us) / 1e6

    def as_game(self, name: str, shift_us: int) -> GameRecord:
        """The game's record under another name, played ``shift_us`` later."""
        periods = [
            msgspec.structs.replace(p, start_us=p.start_us + shift_us, end_us=None if p.end_us is None else p.end_us + shift_us)
            for p in self.record.periods
        ]
        return msgspec.structs.replace(self.record, game=name, t0_us=self.record.t0_us + shift_us, periods=periods)

    def send(self, ingress: Ingress, names: Sequence[str], stop: threading.Event | None = None) -> None:
        """Every game from its start to its end, each record when it is due. ``stop`` ends all games early."""
        began_us = time.time_ns() // 1000 + 200_000
        shifts = {name: began_us + i * APART_US - self.first_us for i, name in enumerate(names)}
        for name, shift_us in shifts.items():
            ingress.start(self.as_game(name, shift_us))
        for due_us, name, item in self._schedule(shifts):
            wait_s = due_us / 1e6 - time.time()
            if stop is not None and stop.wait(max(0.0, wait_s)):
                break
            if stop is None and wait_s > 0:
                time.sleep(wait_s)
            ingress.send(moved(item, name, shifts[name], time.time_ns() // 1000 - due_us))
        for name in names:
            ingress.end(name)
        ingress.flush()

    def _schedule(self, shifts: dict[str, int]) -> Iterator[tuple[int, str, Telemetry | Event]]:
        """In the order in which they are due."""
        rows = [(due_us + shift_us, i, name) for name, shift_us in shifts.items() for i, (due_us, _) in enumerate(self.items)]
        for due_us, i, name in sorted(rows):
            yield due_us, name, self.items[i][1]


def moved(item: Telemetry | Event, name: str, shift_us: int, late_us: int) -> Telemetry | Event:
    """A record of another game and time; ``late_us`` is how much later than planned it is sent, which its stamps tell."""
    came_us = item.arrival_us + (shift_us + late_us)
    if isinstance(item, Event):
        return msgspec.structs.replace(item, game=name, t_us=item.t_us + shift_us, arrival_us=came_us)
    return Telemetry(
        name, item.feed, item.t_us + shift_us, item.tag, item.x_m, item.y_m, item.z_m, came_us, item.channels
    )


def _arrival_us(item: Telemetry | Event) -> int:
    return item.arrival_us if isinstance(item.arrival_us, int) else int(item.arrival_us.max())


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


def _reader(address: Address, topic: str, isolation: str) -> Any:
    """A consumer at the end of every partition of a topic."""
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

    consumer = KafkaConsumer(
        **address.python(), isolation_level=isolation, fetch_max_wait_ms=500, max_partition_fetch_bytes=MAX_MESSAGE_BYTES
    )
    here = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(here)
    consumer.seek_to_end(*here)
    for part in here:
        consumer.position(part)
    return consumer


def _until_told() -> threading.Event:
    """Set when the parent closes our standard input."""
    told = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        told.set()

    threading.Thread(target=wait, daemon=True).start()
    return told


def _listen(url: str, sport: str, prefix: str, isolation: str) -> None:
    """The subscriber: for each message that closes windows, when it was here (us) and how long after their last sample."""
    consumer = _reader(parse(url), topics.stats(sport), isolation)
    decode = msgspec.json.Decoder(_Batch).decode
    found, told, size = [], _until_told(), 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not told.is_set():
        for records in consumer.poll(timeout_ms=200).values():
            now_us = time.time_ns() // 1000
            for record in records:
                if not record.key.startswith(prefix.encode()):
                    continue
                came = [u.clocks.ingress_us for u in decode(record.value).updates if u.quality == "final" and u.event is None]
                if came:
                    found.append((now_us, now_us - max(came)))
                    size += len(record.value)
    consumer.close()
    sys.stdout.write(msgspec.json.encode({"found": found, "size": size // max(1, len(found))}).decode())


def _relay(url: str, came: str, goes: str, size: int) -> None:
    """Where the operator would be: each message is answered at once with ``size`` bytes that begin with its first eight."""
    from kafka import KafkaProducer

    address = parse(url)
    consumer, told = _reader(address, came, "read_uncommitted"), _until_told()
    producer = KafkaProducer(
        **address.python(), acks="all", compression_type="lz4", linger_ms=0, max_request_size=MAX_MESSAGE_BYTES
    )
    body = _filler(size)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not told.is_set():
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                producer.send(goes, record.value[:8] + body, key=record.key)
    consumer.close()
    producer.close(timeout=5)


def _filler(size: int) -> bytes:
    """As compressible as stats are: a number among words."""
    rng = np.random.default_rng(3)
    text = b"".join(b'{"stat":"some.thing.measured","value":%.6f,"quality":"final"},' % v for v in rng.random(1 + size // 62))
    return text[:size]


class _Helper:
    """A process of this module: ready when it says so, ended by closing its input."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "streaming.kafka.benchmark", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            self.process.kill()
            raise Unavailable(f"the helper {arguments[0]} of the benchmark did not start")

    def result(self) -> Any:
        said = self.process.communicate(timeout=30)[0]
        return msgspec.json.decode(said) if said else None

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class _Operator:
    """A real ``touchline run``."""

    def __init__(self, url: str, sport: str, options: Sequence[str]) -> None:
        command = [sys.executable, "-m", "streaming.cli", "run", "--source", url, "--sink", url, "--sport", sport, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if "on the air" not in self.process.stdout.readline():
            raise Unavailable(f"touchline run did not start: {self.process.communicate()[1].strip()[-300:]}")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


# -- the measurement ---------------------------------------------------------------------------------------------------------


def kafka_latency(
    url: str, load: Load, games: int = 10, *, commit_ms: float = 100.0, options: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """p50 and p99 (us) for a subscriber that reads uncommitted, the same for one that reads committed (``committed_...``),
    and of the relay without an operator (``floor_...``)."""
    address, sport = parse(url), load.record.sport
    ensure(address, sport)
    _refuse_company(address)
    prefix = f"bench-{uuid.uuid4().hex[:8]}-"
    operator = _Operator(url, sport, ["--commit-ms", f"{commit_ms:g}", *options])
    helpers: list[_Helper] = []
    try:
        helpers += [_Helper("listen", url, sport, prefix, isolation) for isolation in ("read_uncommitted", "read_committed")]
        began_us = time.time_ns() / 1000
        with Ingress(address, load_sport(sport), packed=False) as ingress:
            load.send(ingress, [f"{prefix}{i}" for i in range(games)])
        seen = [helper.result() for helper in helpers]
    finally:
        operator.end()
        for helper in helpers:
            helper.end()
    figures: dict[str, Any] = {"games": games, "commit_ms": commit_ms}
    for name, told in zip(("", "committed_"), seen, strict=True):
        kept = np.array([us for at_us, us in told["found"] if at_us > began_us + 1e6 * WARM_S], float)
        if not len(kept):
            raise Unavailable("no stats came out of the broker while the benchmark ran")
        figures |= {name + "p50_us": _at(kept, 50), name + "p99_us": _at(kept, 99), name + "max_us": _at(kept, 100)}
        figures[name + "messages"] = len(kept)
    size = seen[0]["size"]
    packets = [len(item) * 24 for _, item in load.items if isinstance(item, Telemetry)]
    floor = _floor(url, address, int(np.median(packets)), size, games)
    figures |= {"message_bytes": size, "floor_p50_us": _at(floor, 50), "floor_p99_us": _at(floor, 99)}
    return figures


def _at(values: Any, percent: float) -> float:
    return round(float(np.percentile(values, percent)), 1)


def _refuse_company(address: Address) -> None:
    """An operator that runs already would take our games too."""
    from streaming.kafka.runner import GROUP

    with admin(address) as client, speaking(address):
        for found in client.describe_groups([GROUP]).values():
            if found.get("members"):
                raise Unavailable(f"an operator is at work on {address.text}: end it first, or measure on another broker")


def _floor(url: str, address: Address, in_bytes: int, out_bytes: int, games: int, seconds: float = 8.0) -> Any:
    """us, there and back, at the pace of ``games`` games whose windows close every 0.2 s."""
    from kafka import KafkaProducer

    mark = uuid.uuid4().hex[:8]
    came, goes = f"floor-in-{mark}", f"floor-out-{mark}"
    with admin(address) as client:
        client.create_topics({t: {"num_partitions": 4, "replication_factor": -1} for t in (came, goes)}, wait_for_metadata=True)
        relay = _Helper("relay", url, came, goes, str(out_bytes))
        found: list[float] = []
        try:
            consumer = _reader(address, goes, "read_uncommitted")
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
            relay.result()
            consumer.close()
            producer.close(timeout=5)
        finally:
            relay.end()
            client.delete_topics([came, goes])
    return np.array(found[len(found) // 4 :])


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        _listen(*sys.argv[2:6])
    else:
        _relay(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
