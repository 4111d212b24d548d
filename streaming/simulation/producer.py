"""kafka-python's transactional producer on the simulated broker: a sender beside its caller, idempotent retries, one epoch for many
transactions (transaction protocol 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from kafka.errors import (
    CommitFailedError,
    ConcurrentTransactionsError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    UnknownMemberIdError,
)
from kafka.partitioner.default import murmur2

from streaming.runners.kafka.transactions import TIMEOUT_MS, TIMEOUT_S
from streaming.simulation.broker import Broker
from streaming.simulation.coordinator import Here
from streaming.simulation.network import Link
from streaming.simulation.world import Process
from streaming.wire.headers import Headers

#: how long a new producer may wait for the broker
BLOCK_S: Final = 2 * TIMEOUT_S
RETRY_S: Final = 0.005


class SimulatedProducer:
    """Ready for its first transaction."""

    def __init__(self, process: Process, broker: Broker, name: str, timeout_ms: int = TIMEOUT_MS) -> None:
        self.process, self.broker, self.name = process, broker, name
        self._data = Link(process, broker.weather, f"{name} data")
        self._control = Link(process, broker.weather, f"{name} coordinator")
        self._queue: list[tuple[Here, bytes | None, bytes | None]] = []
        self._wanted: list[Here] = []
        self._added: set[Here] = set()
        self._sequences: dict[Here, int] = {}
        self._error: KafkaError | None = None
        self._busy = self._closed = False
        self._unclear = False
        self._work = process.signal()
        self._idle = process.signal()
        self._pid, self._epoch = self._ask(
            "InitProducerId", lambda: broker.transactions.init_producer(name, timeout_ms / 1000), timeout_s=BLOCK_S
        )
        process.spawn(self._send_all, f"sender of {name}")

    # -- the caller --------------------------------------------------------------------------------------------------

    def begin_transaction(self) -> None:
        self._raise()
        self._added.clear()
        self._wanted.clear()

    def add_partitions(self, partitions: Iterable[tuple[str, int]]) -> None:
        self._wanted.extend(partitions)
        self._work.set()

    def send(self, topic: str, value: bytes | None, *, key: bytes, partition: int | None = None, headers: Headers = ()) -> None:
        self.process.breathe()
        self._raise()
        if partition is None:
            partition = (murmur2(key) & 0x7FFFFFFF) % self.broker.identity(topic)[1]
        self._queue.append(((topic, partition), key, value))
        self._idle.clear()
        self._work.set()

    def flush(self, timeout: float) -> None:
        """All messages are with the broker, or have failed: then the next call raises."""
        until_s = self.process.world.now_s + timeout
        while self._queue or self._wanted or self._busy:
            if self._error is not None or self._closed:
                return
            left_s = until_s - self.process.world.now_s
            if left_s <= 0:
                raise KafkaTimeoutError("not flushed in time")
            self._idle.clear()
            self._idle.wait(left_s)

    def send_offsets_to_transaction(self, offsets: Mapping[Any, Any], member: Any) -> None:
        self._raise()
        coordinator, group, name, pid, epoch = self.broker.transactions, member.group_id, self.name, self._pid, self._epoch
        found = {(tp.topic, tp.partition): at.offset for tp, at in offsets.items()}
        self._ask("AddOffsetsToTxn", lambda: coordinator.add_offsets(name, pid, epoch, group))
        try:
            self._ask(
                "TxnOffsetCommit",
                lambda: coordinator.commit_offsets(name, pid, epoch, group, member.generation_id, member.member_id, found),
            )
        except UnknownMemberIdError:
            self._error = CommitFailedError("no longer a member of the group")
            raise self._error from None

    def commit_transaction(self) -> None:
        self.flush(BLOCK_S)
        self._raise()
        name, pid, epoch = self.name, self._pid, self._epoch
        self._ask("EndTxn", lambda: self.broker.transactions.end(name, pid, epoch, True))

    @property
    def unclear(self) -> bool:
        return self._unclear

    def renew_epoch(self) -> None:
        self._raise()
        self._unclear = False
        name, pid, epoch = self.name, self._pid, self._epoch
        self._pid, self._epoch = self._ask("InitProducerId", lambda: self.broker.transactions.renew_epoch(name, pid, epoch))
        self._sequences.clear()

    def force_close(self) -> None:
        self._closed = True
        self._queue.clear()
        self._work.set()
        self._idle.set()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closed:
            raise KafkaError("the producer is closed")

    def _ask(self, what: str, work: Callable[[], Any], link: Link | None = None, timeout_s: float = TIMEOUT_S) -> Any:
        """A request, sent again until it is answered; a refusal is the producer's error from now on."""
        until_s = self.process.world.now_s + timeout_s
        while True:
            try:
                return (link or self._control).call(what, work)
            except (KafkaConnectionError, ConcurrentTransactionsError) as error:
                if isinstance(error, KafkaConnectionError):
                    self._unclear = True
                if self._closed or self.process.world.now_s > until_s:
                    raise KafkaTimeoutError(f"no answer to {what} ({type(error).__name__})") from None
            except KafkaError as error:
                if what != "TxnOffsetCommit":
                    self._error = error
                raise
            self.process.sleep(RETRY_S)

    def _send_all(self) -> None:
        """The sender: what waits goes out in batches, one after another, once the partitions are part of the transaction."""
        while not self._closed:
            if not self._queue and not self._wanted:
                self._busy = False
                self._idle.set()
                self._work.clear()
                self._work.wait()
                continue
            self._busy = True
            queue, self._queue = self._queue, []
            wanted, self._wanted = self._wanted, []
            try:
                self._add({*wanted, *(here for here, _, _ in queue)} - self._added)
                batches: dict[Here, list[tuple[bytes | None, bytes | None]]] = {}
                for here, key, value in queue:
                    batches.setdefault(here, []).append((key, value))
                # The client promises no order from one partition to another.
                order = list(batches)
                self.process.world.random.shuffle(order)
                for here in order:
                    self._produce(here, batches[here])
            except KafkaError as error:
                self._error = error
                self._busy = False
                self._idle.set()
                return

    def _add(self, fresh: set[Here]) -> None:
        name, pid, epoch, partitions = self.name, self._pid, self._epoch, sorted(fresh)
        if partitions:
            self._ask("AddPartitionsToTxn", lambda: self.broker.transactions.add_partitions(name, pid, epoch, partitions))
            self._added.update(fresh)

    def _produce(self, here: Here, batch: list[tuple[bytes | None, bytes | None]]) -> None:
        pid, epoch, at = self._pid, self._epoch, self._sequences.get(here, 0)
        self._ask("Produce", lambda: self.broker.produce(here, batch, pid, epoch, at), self._data)
        self._sequences[here] = at + len(batch)
