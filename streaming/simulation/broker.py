"""The simulated broker: topics with partitions, transactions, groups. Everything it has acknowledged survives its restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from streaming.simulation.coordinator import Here, TransactionCoordinator
from streaming.simulation.group import Group
from streaming.simulation.log import PartitionLog, Record
from streaming.simulation.network import Later, Weather
from streaming.simulation.world import EPOCH_US, World


class Fetched(NamedTuple):
    """Of one partition: the records, the offset that comes next, and the end of the log."""

    records: list[Record]
    next: int
    end: int


class _Topic:
    def __init__(self, ident: int, partitions: int) -> None:
        self.id = ident
        self.logs = [PartitionLog() for _ in range(partitions)]


class Broker:
    """One broker with everything on it."""

    def __init__(self, world: World, weather: Weather) -> None:
        self.world, self.weather = world, weather
        self.topics: dict[str, _Topic] = {}
        self.groups: dict[str, Group] = {}
        self.transactions = TransactionCoordinator(world, self.log, self.group)
        self._made = 0
        #: called after the next request for the id of a topic
        self.after_identity: Callable[[], object] | None = None
        self._waiting: list[tuple[set[Here], Any]] = []

    # -- topics ------------------------------------------------------------------------------------------------------

    def create(self, topic: str, partitions: int) -> None:
        self._made += 1
        self.topics[topic] = _Topic(self._made, partitions)

    def delete(self, topic: str) -> None:
        self.world.note("broker", f"topic {topic} is deleted")
        self.topics.pop(topic, None)

    def identity(self, topic: str) -> tuple[str | None, int]:
        """Id and number of partitions of a topic; None when there is none."""
        found = self.topics.get(topic)
        if self.after_identity is not None and found is not None:
            call, self.after_identity = self.after_identity, None
            self.world.at(0.0, call)
        return (None, 0) if found is None else (f"id-{found.id}", len(found.logs))

    def log(self, here: Here) -> PartitionLog | None:
        found = self.topics.get(here[0])
        return found.logs[here[1]] if found is not None and here[1] < len(found.logs) else None

    def _log(self, here: Here) -> PartitionLog:
        found = self.log(here)
        if found is None:
            raise UnknownTopicOrPartitionError(f"{here[0]}-{here[1]}")
        return found

    def group(self, name: str) -> Group:
        if name not in self.groups:
            self.groups[name] = Group(self.world, name)
        return self.groups[name]

    # -- requests ----------------------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        return EPOCH_US // 1000 + int(self.world.now_s * 1000)

    def produce(
        self, here: Here, batch: list[tuple[bytes | None, bytes | None]], pid: int = -1, epoch: int = 0, sequence: int = 0
    ) -> int:
        """A batch; the offset of its first record."""
        log = self._log(here)
        if pid >= 0 and not log.has_open(pid, epoch):
            self.transactions.verify(pid, epoch, here)
        at = log.append(self.now_ms(), batch, pid, epoch, sequence)
        self._wake(here)
        return at

    def fetch(self, positions: dict[Here, int], committed: bool, wait_s: float) -> Any:
        """By partition a ``Fetched`` or an error, at once when there are records, else after ``wait_s`` at most."""
        found = self._read(positions, committed)
        if wait_s <= 0 or any(isinstance(one, Exception) or one.records for one in found.values()):
            return found
        later = Later()
        waiting = (set(positions), lambda: later.answer(self._read(positions, committed)))
        self._waiting.append(waiting)

        def time_out() -> None:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
                waiting[1]()

        self.world.at(wait_s, time_out)
        return later

    def _read(self, positions: dict[Here, int], committed: bool) -> dict[Here, Fetched | Exception]:
        found: dict[Here, Fetched | Exception] = {}
        for here, offset in positions.items():
            try:
                log = self._log(here)
                records, following = log.read(offset, committed)
                found[here] = Fetched(records, following, log.end)
            except Exception as error:  # noqa: BLE001 (the answer of this partition)
                found[here] = error
        return found

    def _wake(self, here: Here) -> None:
        if not self._waiting:
            return
        ready = [one for one in self._waiting if here in one[0]]
        self._waiting = [one for one in self._waiting if here not in one[0]]
        for one in ready:
            self.world.at(0.0, one[1])

    def offsets(self, partitions: list[Here], end: bool) -> dict[Here, int]:
        """Where each partition ends or begins. A client asks for those of a deleted topic again and again, without an answer:
        ``KafkaTimeoutError`` stands for that."""
        try:
            return {here: self._log(here).end if end else self._log(here).start for here in partitions}
        except UnknownTopicOrPartitionError as error:
            raise KafkaTimeoutError(f"no offsets of {error}") from None

    # -- faults ------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        self.world.note("broker", "is killed")
        self.weather.stop_broker()

    def start(self) -> None:
        self.world.note("broker", "is back")
        self.weather.down = False
        for group in self.groups.values():
            group.restart()
