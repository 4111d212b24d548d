"""Workarounds for faults of kafka-python 3.0.12, in one place, to be removed with a version that has them mended."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


def patch_membership(consumer: Any) -> None:
    """Call once on a new member of a group that hands partitions over one by one (cooperative).

    A member that the group has expelled claims its former partitions when it joins again. The group leader may believe it, and
    then it owns partitions that their owner has not given back: both publish their games. A member that is expelled while it joins
    gets no notice of its loss. With this, a member that loses its membership loses its claims, and gets the notice.

    A round of joining whose answer arrives between two polls is discarded and started again, which costs the group a second or
    more, or many when polls are short: with this, an answer waits for the next poll.
    """
    coordinator = consumer._coordinator
    reset, join, answer = coordinator.reset_generation, coordinator.join_group_async, coordinator._do_join_and_sync_async
    waiting = 0

    def reset_generation(*member: Any, **named: Any) -> None:
        reset(*member, **named)
        coordinator.rejoining = False  # the preparation of a join, done again, finds that all is lost
        for assignor in coordinator._assignors.values():
            assignor.member_assignment = None

    async def join_group_async(timeout_ms: float | None = None) -> Any:
        nonlocal waiting
        waiting += 1
        try:
            return await join(timeout_ms=timeout_ms)
        finally:
            waiting -= 1

    async def do_join_and_sync_async() -> Any:
        found = await answer()
        while not waiting:
            await coordinator._net.sleep(0.005)
        return found

    coordinator.reset_generation = reset_generation
    coordinator.join_group_async = join_group_async
    coordinator._do_join_and_sync_async = do_join_and_sync_async


def resume_joining(consumer: Any) -> None:
    """Call before each short poll of a member of a group. When a poll ends between the group leader's assignment and the broker's
    answer, the member forgets that it is joining, stays silent, and is expelled: this makes it wait for the answer."""
    from kafka.structs import MemberState

    if consumer.group_metadata().state == MemberState.REBALANCING:
        consumer._coordinator.request_rejoin()


def patch_emptied_markers() -> None:
    """A compacted topic keeps the batch of an old transaction's end without its marker. A reader of committed records fails on such
    a batch; it has no content, and is skipped."""
    from kafka.consumer.fetcher import Fetcher

    records: Any = Fetcher.PartitionRecords
    plain = records._contains_abort_marker
    if getattr(plain, "tolerant", False):
        return

    def tolerant(self: Any, batch: Any) -> bool:
        if batch.is_control_batch and not batch.records_count:
            return False
        return bool(plain(self, batch))

    tolerant.tolerant = True  # type: ignore[attr-defined]
    records._contains_abort_marker = tolerant


def add_partitions(producer: Any, partitions: Iterable[tuple[str, int]]) -> None:
    """Register with the broker the partitions that this transaction will write to. By itself the producer registers each with its
    first record, and holds all records back for that time."""
    from kafka.structs import TopicPartition

    for topic, number in partitions:
        producer._transaction_manager.maybe_add_partition_to_transaction(TopicPartition(topic, number))
    producer._sender.wakeup()


def force_close(producer: Any) -> None:
    """Close a producer and discard its records. Its own ``close`` waits for them, raises when they are not delivered in time, and
    leaves its thread running."""
    from kafka.errors import KafkaError

    producer._sender.force_close()
    producer._sender.join(1.0)
    with suppress(KafkaError):
        producer.close(timeout=0)


@contextmanager
def connection_errors() -> Iterator[deque[BaseException]]:
    """The errors that prevent connections meanwhile. The client only logs them, and a caller that waits for a broker gets no more
    than a timeout."""
    found: deque[BaseException] = deque(maxlen=100)

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple):
                found.extend(one for one in record.args if isinstance(one, BaseException))

    collector, log = Collector(), logging.getLogger("kafka.net.manager")
    log.addHandler(collector)
    try:
        yield found
    finally:
        log.removeHandler(collector)
