"""A real Kafka broker and a real Flink cluster for tests, started by the first test that uses them, and helpers around them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cluster import Cluster
from models.registry.store import Store
from streaming.errors import Unavailable
from streaming.flink.rest import ENDED, Rest
from streaming.kafka.broker import MAX_MESSAGE_BYTES, admin, ensure
from streaming.kafka.offsets import committed, end_offsets, short_of
from streaming.kafka.settings import Address, parse
from streaming.wire import topics
from tests.forked import ForkedProcess
from tests.paths import ROOT
from tests.waiting import TIMEOUT_S, contention, until

__all__ = ["contention", "until"]  # beside what is here

PARTITIONS = 4


def started(folder: Path, **shape: Any) -> Iterator[Cluster]:
    """A cluster in ``folder`` on free ports; skips with the reason when a part of it cannot be had."""
    cluster = Cluster(folder, kafka_port=0, flink_port=0, **shape)
    try:
        cluster.up()
    except Unavailable as error:
        pytest.skip(str(error))
    try:
        yield cluster
    finally:
        cluster.wipe()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker for the session."""
    yield from started(tmp_path_factory.mktemp("broker"), only="kafka")


@pytest.fixture(scope="session")
def registry_of_flink(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The registry that the session's workers follow: what ships is live there, unless a test deploys something else."""
    return Store(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def flink_of_the_session(tmp_path_factory: pytest.TempPathFactory, registry_of_flink: Store) -> Iterator[Cluster]:
    """Two TaskManagers of one slot each that run Python beside them and inside them: either profile finds what it needs."""
    folder = tmp_path_factory.mktemp("flink")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TOUCHLINE_REGISTRY", str(registry_of_flink.root))
        yield from started(folder, only="flink", mode="thread", task_managers=2, slots=1)


@pytest.fixture
def flink(flink_of_the_session: Cluster) -> Iterator[Cluster]:
    """The session's cluster, whole and without a job, whatever the test before did to it."""
    cluster = flink_of_the_session
    yield cluster
    for role in cluster.roles:
        cluster.kill(role, signal.SIGCONT)
        cluster.start(role)
    rest = Rest(cluster.rest)
    for found in rest.get("/jobs")["jobs"]:
        if found["status"] not in ENDED:
            rest.cancel(found["id"])
    until(lambda: rest.slots() == 2, "both slots free")


def address_of(cluster: Cluster) -> Address:
    return parse(f"kafka://{cluster.bootstrap}", environment={})


def free_port() -> int:
    """A free port of loopback."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# -- topics ----------------------------------------------------------------------------------------------------------------


def recreate_topics(address: Address, sport: str, partitions: int = PARTITIONS) -> None:
    """The sport's topics, empty."""
    with admin(address) as client:
        ours = [topic for topic in client.list_topics() if topic in topics.every(sport)]
        if ours:
            client.delete_topics(ours)
            until(lambda: not set(ours) & set(client.list_topics()), "deleting topics")
    ensure(address, sport, partitions)


def _consumer(address: Address, **more: Any) -> Any:
    from kafka import KafkaConsumer

    return KafkaConsumer(**address.python(), max_partition_fetch_bytes=MAX_MESSAGE_BYTES, enable_auto_commit=False, **more)


def records(address: Address, topic: str, isolation: str = "read_committed") -> Iterator[Any]:
    """Every record that is in a topic now."""
    from kafka.structs import TopicPartition

    consumer = _consumer(address, isolation_level=isolation, auto_offset_reset="earliest")
    try:
        parts = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        end = end_offsets(consumer, parts)
        while short_of(consumer, end):
            for found in consumer.poll(timeout_ms=200).values():
                yield from found
    finally:
        consumer.close()


def lag(address: Address, sport: str, group: str) -> int:
    """Records of the input that the group has not finally used."""
    from kafka.structs import TopicPartition

    consumer = _consumer(address, group_id=group)
    try:
        parts = [TopicPartition(topics.telemetry(sport), n) for n in consumer.partitions_for_topic(topics.telemetry(sport))]
        end = end_offsets(consumer, parts)
        return sum(end[part] - (committed(consumer, part) or 0) for part in parts)
    finally:
        consumer.close()


def produce(address: Address, sport: str, messages: Iterable[tuple[str, bytes]]) -> None:
    """(game, bytes) to the input topic, in order; returns when the broker has them."""
    from kafka import KafkaProducer

    producer = KafkaProducer(**address.python(), acks="all", compression_type="lz4", max_request_size=MAX_MESSAGE_BYTES)
    sent = [producer.send(topics.telemetry(sport), value, key=game.encode()) for game, value in messages]
    producer.flush(timeout=TIMEOUT_S)
    for future in sent:
        future.get(timeout=1)
    producer.close(timeout=5)


# -- processes -------------------------------------------------------------------------------------------------------------


class Program:
    """``touchline`` with some arguments, as a process of its own; ``output`` is what it has printed so far. It is a fresh process,
    or, where its start is not the point, ``forked`` from one that has done what a start takes (``tests/forked.py``)."""

    def __init__(
        self, *arguments: str, environment: dict[str, str] | None = None, checkout: Path = ROOT, forked: bool = False
    ) -> None:
        variables = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[str] | ForkedProcess
        if forked:
            self.process = ForkedProcess([*arguments], variables, checkout)
        else:
            command = [sys.executable, "-m", "streaming.cli", *arguments]
            self.process = subprocess.Popen(
                command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=variables
            )
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, text: str, timeout_s: float = TIMEOUT_S) -> str:
        until(lambda: text in self.output or self.process.poll() is not None, f"{text!r} in {self.output!r}", timeout_s)
        assert text in self.output, f"ended with {self.process.returncode}: {self.output}"
        return self.output

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(60)

    def stop(self, timeout_s: float = TIMEOUT_S) -> tuple[int, str]:
        """Interrupt it and wait for its end; its exit code and output."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = TIMEOUT_S) -> tuple[int, str]:
        code = self.process.wait(timeout_s)
        self._reader.join(5)
        return code, self.output

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(60)
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


ON_THE_AIR_S = 300.0


def start_operator(address: Address, sport: str, *more: str, ready: bool = True, forked: bool = True) -> Program:
    """A ``touchline run`` in a process of its own, on the air, or (not ``ready``) on its way there."""
    return _on_the_air(Program(*_run(address, sport), *more, forked=forked), ready)


def _run(address: Address, sport: str) -> tuple[str, ...]:
    return "run", "--source", address.text, "--sink", address.text, "--sport", sport


def _on_the_air(program: Program, ready: bool) -> Program:
    if ready:
        program.wait_for("on the air", ON_THE_AIR_S)
    return program


def start_job(
    address: Address, sport: str, cluster: Cluster, profile: str, *more: str, checkout: Path = ROOT, ready: bool = True
) -> Program:
    """The same on Flink."""
    runner = ("--runner", "flink", "--flink", cluster.rest, "--profile", profile)
    return _on_the_air(Program(*_run(address, sport), *runner, *more, checkout=checkout, forked=checkout == ROOT), ready)


def job_id(program: Program) -> str:
    return program.output.split(": job ")[1].split()[0]


def host_of(cluster: Cluster, program: Program) -> str:
    """The TaskManager that runs the job's games (the first, of several)."""
    rest, ident = Rest(cluster.rest), job_id(program)
    (vertex,) = [v["id"] for v in rest.get(f"/jobs/{ident}")["vertices"] if v["name"].startswith("games")]
    found = rest.get(f"/jobs/{ident}/vertices/{vertex}/taskmanagers")["taskmanagers"]
    return str(next(tm["taskmanager-id"] for tm in found if tm["status"] == "RUNNING"))
