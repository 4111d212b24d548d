"""The effects of a real deployment: kafka-python's clients, this machine's clocks and threads."""

from __future__ import annotations

import gc
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from streaming.kafka.broker import MAX_MESSAGE_BYTES, TopicGuard
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import (
    add_partitions,
    commit,
    force_close,
    note_unclear,
    patch_moved_generation,
    renew_epoch,
    send_offsets,
)
from streaming.runners.kafka.consumer_group import join
from streaming.runners.kafka.effects import Guard, Signal, Worker
from streaming.runners.kafka.state_store import read_states
from streaming.runners.kafka.transactions import TIMEOUT_MS, TIMEOUT_S
from streaming.threads import WatchedThread
from streaming.wire.headers import Headers


class KafkaEffects:
    """``streaming.runners.kafka.effects.Effects`` on the broker at ``address``."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.monotonic_s = time.monotonic

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def unique(self) -> str:
        return uuid.uuid4().hex[:12]

    def signal(self) -> Signal:
        return threading.Event()

    def spawn(self, work: Callable[[], object], name: str, failed: Callable[[], object]) -> Worker:
        return WatchedThread(work, name, failed).start()

    def hold_memory(self) -> None:
        gc.collect()
        gc.freeze()

    def guard(self, topic: str) -> Guard:
        return TopicGuard(self.address, topic)

    def join(
        self, topic: str, group: str, on_assigned: Callable[[set[int]], None], on_revoked: Callable[[set[int], bool], None]
    ) -> Any:
        return join(self.address, topic, group, on_assigned, on_revoked)

    def producer(self, transactional_id: str) -> ClientProducer:
        return ClientProducer(self.address, transactional_id)

    def read_states(self, topic: str, partition: int, group: str) -> dict[str, bytes]:
        return read_states(self.address, topic, partition, group)


class ClientProducer:
    """kafka-python's producer, ready for its first transaction."""

    def __init__(self, address: Address, transactional_id: str) -> None:
        from kafka import KafkaProducer

        # A request that the broker defers is tried again after retry_backoff: the default, 100 ms, would be seen on air.
        self._producer: Any = KafkaProducer(
            **address.python(),
            acks="all",
            transactional_id=transactional_id,
            compression_type="lz4",
            transaction_timeout_ms=TIMEOUT_MS,
            linger_ms=0,
            batch_size=1 << 18,
            max_request_size=MAX_MESSAGE_BYTES,
            retry_backoff_ms=5,
            max_block_ms=int(2000 * TIMEOUT_S),
        )
        self.begin_transaction = self._producer.begin_transaction
        self._unclear = False
        note_unclear(self._producer, self._note)
        patch_moved_generation()
        try:
            self._producer.init_transactions()
        except BaseException:
            self.force_close()
            raise

    def send(self, topic: str, value: bytes | None, *, key: bytes, partition: int | None = None, headers: Headers = ()) -> object:
        return self._producer.send(topic, value, key=key, partition=partition, headers=list(headers))

    def add_partitions(self, partitions: Iterable[tuple[str, int]]) -> None:
        add_partitions(self._producer, partitions)

    def flush(self, timeout: float) -> None:
        self._producer.flush(timeout=timeout)

    def send_offsets_to_transaction(self, offsets: Mapping[Any, Any], member: Any) -> None:
        send_offsets(self._producer, offsets, member, TIMEOUT_S)

    def commit_transaction(self) -> None:
        commit(self._producer, TIMEOUT_S)

    @property
    def unclear(self) -> bool:
        return self._unclear

    def renew_epoch(self) -> None:
        self._unclear = False  # the request for it may go without an answer itself
        renew_epoch(self._producer, TIMEOUT_S)

    def _note(self, _: BaseException) -> None:
        self._unclear = True

    def force_close(self) -> None:
        force_close(self._producer)
