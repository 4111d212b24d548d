"""The processes that stand beside a benchmark on a broker: one that listens as a subscriber does, one that counts final values, and
one that answers at once where the operator would be. ``python -m streaming.bench.kafka_peers`` is such a process."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from typing import Any

import msgspec
import numpy as np

from streaming.bench.finals import FinalBatch, FinalCounts
from streaming.errors import Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.offsets import partitions_of, position
from streaming.kafka.settings import Address, parse
from streaming.wire import topics


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
    """A consumer at the end of every partition of a topic. It lets the broker answer after 10 ms even without records:
    kafka-python processes the answer of one broker only when the request before it is over, so that with the usual 500 ms a record
    may lie there for as long as a long poll lasts."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        **address.python(), isolation_level=isolation, fetch_max_wait_ms=10, max_partition_fetch_bytes=MAX_MESSAGE_BYTES
    )
    here = partitions_of(consumer, [topic]).get(topic, [])
    consumer.assign(here)
    consumer.seek_to_end(*here)
    for part in here:
        if position(consumer, part) is None:
            consumer.close()
            raise Unavailable(f"the broker at {address.text} does not report the end of topic {topic}")
    return consumer


def _input_lines() -> queue.SimpleQueue[str]:
    """The lines that the parent writes to our standard input, and an empty one once it has closed it."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        while line := sys.stdin.readline():
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _listen(url: str, sport: str, prefix: str, isolation: str) -> None:
    """The subscriber. On request it prints, for each message since the last request that closes windows: its time here (us), the
    time since their last sample (us), and its size in bytes."""
    address = parse(url)
    consumer = reader_at_end(address, address.topic(topics.stats(sport)), isolation)
    decode, input_lines, ours = msgspec.json.Decoder(_Batch).decode, _input_lines(), prefix.encode()
    found: list[tuple[int, int, int]] = []
    _print("ready")
    while True:
        for records in consumer.poll(timeout_ms=50).values():
            now_us = time.time_ns() // 1000
            for record in records:
                if not record.key.startswith(ours):
                    continue
                ingress_us = [u.clocks.ingress_us for u in decode(record.value).updates if u.quality == "final" and u.event is None]
                if ingress_us:
                    found.append((now_us, now_us - max(ingress_us), len(record.value)))
        if not input_lines.empty():
            if not input_lines.get():
                break
            _print(msgspec.json.encode(found).decode())
            found = []
    consumer.close()


def _count(url: str, sport: str, prefix: str) -> None:
    """The reader of committed records. On request it prints how many final values of each game and stat it has received, and how
    many it received twice."""
    address = parse(url)
    consumer = reader_at_end(address, address.topic(topics.stats(sport)), "read_committed")
    decode, input_lines, ours = msgspec.json.Decoder(FinalBatch).decode, _input_lines(), prefix.encode()
    found = FinalCounts()
    _print("ready")
    while True:
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                if record.key.startswith(ours):
                    found.take(decode(record.value))
        if not input_lines.empty():
            if not input_lines.get():
                break
            _print(msgspec.json.encode({"counts": found.counts, "doubled": found.doubled}).decode())
    consumer.close()


def _relay(url: str, in_topic: str, out_topic: str, size: int) -> None:
    """Where the operator would be: each message is answered at once with ``size`` bytes that begin with its first eight."""
    from kafka import KafkaProducer

    address = parse(url)
    consumer, input_lines = reader_at_end(address, in_topic, "read_uncommitted"), _input_lines()
    producer = KafkaProducer(
        **address.python(), acks="all", compression_type="lz4", linger_ms=0, max_request_size=MAX_MESSAGE_BYTES
    )
    body = _filler(size)
    _print("ready")
    while input_lines.empty():
        for records in consumer.poll(timeout_ms=50).values():
            for record in records:
                producer.send(out_topic, record.value[:8] + body, key=record.key)
    consumer.close()
    producer.close(timeout=5)


def _filler(size: int) -> bytes:
    """As compressible as stats are: a number among words."""
    rng = np.random.default_rng(3)
    text = b"".join(b'{"stat":"some.thing.measured","value":%.6f,"quality":"final"},' % v for v in rng.random(1 + size // 62))
    return text[:size]


class Helper:
    """A process of this module: ready when it prints so, ended by closing its input."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "streaming.bench.kafka_peers", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._line() != "ready\n":
            self.end()
            raise Unavailable(f"the helper {arguments[0]} of the benchmark did not start")

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def take(self) -> Any:
        """What it has seen since the last call."""
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


def counter(url: str, sport: str, prefix: str) -> Helper:
    """A reader of committed records that counts the final values of games whose names begin with ``prefix``."""
    return Helper("count", url, sport, prefix)


def listener(url: str, sport: str, prefix: str, isolation: str) -> Helper:
    """A subscriber to the stats of games whose names begin with ``prefix``."""
    return Helper("listen", url, sport, prefix, isolation)


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        _listen(*sys.argv[2:6])
    elif sys.argv[1] == "count":
        _count(*sys.argv[2:5])
    else:
        _relay(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
