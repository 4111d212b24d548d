"""The effects of the Kafka runner in the simulated world, and its topic guard there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from streaming.errors import TouchlineError, Unavailable
from streaming.kafka.broker import TopicGuard, Unread
from streaming.kafka.settings import Address
from streaming.runners.kafka.consumer_group import subscribe
from streaming.runners.kafka.state_store import newest_states
from streaming.simulation.broker import Broker
from streaming.simulation.client import SimulatedMember, SimulatedReader
from streaming.simulation.network import Link
from streaming.simulation.producer import SimulatedProducer
from streaming.simulation.world import EPOCH_US, Process, Signal

ADDRESS: Final = Address(("simulated:9092",))


class SimulatedEffects:
    """``streaming.runners.kafka.effects.Effects`` of one process. ``skew_s`` is how far its wall clock is off."""

    def __init__(self, process: Process, broker: Broker, skew_s: float = 0.0) -> None:
        self.process, self.broker, self.skew_s = process, broker, skew_s

    def monotonic_s(self) -> float:
        return self.process.world.now_s

    def now_us(self) -> int:
        return EPOCH_US + int((self.process.world.now_s + self.skew_s) * 1e6)

    def unique(self) -> str:
        return self.process.name

    def signal(self) -> Signal:
        return self.process.signal()

    def spawn(self, work: Callable[[], object], name: str, failed: Callable[[], object]) -> SimulatedWorker:
        return SimulatedWorker(self.process, work, name, failed)

    def hold_memory(self) -> None: ...

    def guard(self, topic: str) -> SimulatedGuard:
        return SimulatedGuard(self.process, self.broker, topic)

    def join(
        self, topic: str, group: str, on_assigned: Callable[[set[int]], None], on_revoked: Callable[[set[int], bool], None]
    ) -> SimulatedMember:
        member = SimulatedMember(self.process, self.broker, group)
        subscribe(member, topic, on_assigned, on_revoked)
        return member

    def producer(self, transactional_id: str) -> SimulatedProducer:
        return SimulatedProducer(self.process, self.broker, transactional_id)

    def read_states(self, topic: str, partition: int, group: str) -> dict[str, bytes]:
        return newest_states(self.open_reader, self.monotonic_s, topic, partition, group)

    def open_reader(self, isolation_level: str) -> SimulatedReader:
        return SimulatedReader(self.process, self.broker, isolation_level)


class SimulatedWorker:
    """``WatchedThread`` as a task."""

    def __init__(self, process: Process, work: Callable[[], object], name: str, failed: Callable[[], object]) -> None:
        self.error: BaseException | None = None

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 (``check`` raises it)
                self.error = error
                failed()

        process.spawn(run, name)

    def check(self) -> None:
        if self.error is None:
            return
        if isinstance(self.error, TouchlineError):
            raise self.error
        raise TouchlineError(f"a thread failed ({type(self.error).__name__}: {self.error})") from self.error


class SimulatedGuard(TopicGuard):
    """The guard with its requests to the simulated broker."""

    def __init__(self, process: Process, broker: Broker, topic: str, group: str | None = None) -> None:
        self.process, self.broker = process, broker
        self._link = Link(process, broker.weather, "admin")
        super().__init__(ADDRESS, topic, group)

    def _identity(self) -> tuple[str | None, int]:
        try:
            found: tuple[str | None, int] = self._link.call("Metadata", lambda: self.broker.identity(self.topic))
        except KafkaError as error:
            raise Unavailable(f"no broker answers: {error}") from None
        return found

    def _behind(self, group: str, partitions: int) -> dict[int, Unread]:
        reader = SimulatedReader(self.process, self.broker, "read_uncommitted")
        end = reader.end_offsets([TopicPartition(self.topic, n) for n in range(partitions)], timeout_ms=5_000)
        offsets = self._link.call("OffsetFetch", lambda: dict(self.broker.group(group).offsets))
        return {here.partition: Unread(offsets.get((self.topic, here.partition), 0), at) for here, at in end.items()}
