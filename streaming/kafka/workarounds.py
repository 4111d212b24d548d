"""What kafka-python 3.0.12 gets wrong where we use it, and what is done about it, in one place so that it can go again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


def mend_membership(consumer: Any) -> None:
    """Call once on a new member of a group that hands partitions over one by one (cooperative).

    A member that the group has given up claims what it had when it joins anew, as if it had it still. Whoever shares out may
    believe it, and then it has partitions that their owner has not given back: both publish their games. And one that is given up
    in the middle of joining is never told that it has lost anything. So with its membership a member loses its claims, and is told.

    A round of joining whose answer comes between two polls is thrown away and begun again, which costs everybody a second or more,
    or many when polls are short: here an answer waits until it is asked for.
    """
    coordinator = consumer._coordinator
    reset, join, answer = coordinator.reset_generation, coordinator.join_group_async, coordinator._do_join_and_sync_async
    waiting = 0

    def reset_generation(*member: Any, **named: Any) -> None:
        reset(*member, **named)
        coordinator.rejoining = False  # what is done before joining, done again, finds that all is lost
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


def keep_joining(consumer: Any) -> None:
    """Call before each short poll of a member of a group. When a poll ends between the group leader's assignment and the broker's
    word on it, the member forgets that it is joining, stays silent, and is thrown out of the group: remind it, and it waits for
    the word that is on its way."""
    from kafka.structs import MemberState

    if consumer.group_metadata().state == MemberState.REBALANCING:
        consumer._coordinator.request_rejoin()


def read_emptied_markers() -> None:
    """A compacted topic keeps the batch of an old transaction's end without the marker that was in it. A reader of committed
    records trips over such a batch; it says nothing any more, and is passed over."""
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


def enlist(producer: Any, partitions: Iterable[tuple[str, int]]) -> None:
    """Have the broker told of partitions that this transaction will write to. Left alone, the producer tells it of each when the
    first record for it comes, and holds all records back for that time."""
    from kafka.structs import TopicPartition

    for topic, number in partitions:
        producer._transaction_manager.maybe_add_partition_to_transaction(TopicPartition(topic, number))
    producer._sender.wakeup()


def drop(producer: Any) -> None:
    """Close a producer whose records are not wanted any more. Its own ``close`` waits for them, raises when they are not through
    in time, and leaves its thread behind, trying."""
    from kafka.errors import KafkaError

    producer._sender.force_close()
    producer._sender.join(1.0)
    with suppress(KafkaError):
        producer.close(timeout=0)


@contextmanager
def overheard() -> Iterator[deque[BaseException]]:
    """What keeps connections from being made while this is on. It tells its log alone, and whoever waits for a broker hears no more
    than that time is up."""
    found: deque[BaseException] = deque(maxlen=100)

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple):
                found.extend(one for one in record.args if isinstance(one, BaseException))

    ear, log = Ear(), logging.getLogger("kafka.net.manager")
    log.addHandler(ear)
    try:
        yield found
    finally:
        log.removeHandler(ear)
