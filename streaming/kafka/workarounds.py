"""Workarounds for faults of kafka-python 3.0.12, in one place, to be removed with a version that has them mended."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
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


def refresh_topics(consumer: Any, timeout_ms: int) -> Any:
    """What the client knows of the cluster once it has asked for all topics; ``KafkaTimeoutError`` where no broker answers. Its own
    ``topics`` and ``partitions_for_topic`` wait for a broker without an end."""
    cluster = consumer._cluster
    all_topics, cluster.need_all_topic_metadata = cluster.need_all_topic_metadata, True
    try:
        for _ in range(1 + cluster.metadata_refresh_in_progress):  # one that is under way may be about fewer topics
            consumer._net.run(consumer._manager.wait_for, cluster.request_update(), timeout_ms)
    finally:
        cluster.need_all_topic_metadata = all_topics
    return cluster


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


def note_unclear(producer: Any, note: Callable[[BaseException], object]) -> None:
    """Call ``note``, in the producer's thread, with the error of each request that got no answer, because its connection ended or
    its time. The client sends such a request again, and the first copy may still arrive."""
    client = producer._sender._client
    send = client.send

    def noted(*request: Any, **named: Any) -> Any:
        return send(*request, **named).add_errback(note)

    client.send = noted


def renew_epoch(producer: Any, timeout_s: float) -> None:
    """Between two transactions: a new epoch of the producer. The broker refuses every request of the old one from now on, whenever
    it arrives. The client does this by itself for some errors of the broker, but not for requests that it sends again."""
    from kafka.errors import KafkaTimeoutError
    from kafka.producer.transaction_manager import InitProducerIdHandler

    manager = producer._transaction_manager
    with manager._lock:
        manager._maybe_fail_with_error()
        manager.bump_producer_id_and_epoch()
        handler = next(request for *_, request in manager._pending_requests if isinstance(request, InitProducerIdHandler))
    producer._sender.wakeup()
    if not handler.result.wait(1000 * timeout_s):
        raise KafkaTimeoutError(f"no new epoch of {manager.transactional_id} within {timeout_s:g} s")


def patch_moved_generation() -> None:
    """Offsets of a generation that the group has just left are refused, as when a process joins. The client gives up the
    transaction for that; the broker does not, and takes the offsets once they name the new generation. With this, ``send_offsets``
    raises ``IllegalGenerationError`` and may be called again."""
    from kafka import errors
    from kafka.producer.transaction_manager import TxnOffsetCommitHandler

    plain = TxnOffsetCommitHandler.handle_response
    if getattr(plain, "tolerant", False):
        return

    def handle_response(self: Any, response: Any) -> None:
        found = {code for _, partitions in response.topics for _, code in partitions}
        if found & {errors.IllegalGenerationError.errno, errors.RebalanceInProgressError.errno}:
            self.transaction_manager._pending_txn_offset_commits.clear()
            self.fail(errors.IllegalGenerationError("the group has moved on"))
        else:
            plain(self, response)

    handle_response.tolerant = True  # type: ignore[attr-defined]
    TxnOffsetCommitHandler.handle_response = handle_response


def send_offsets(producer: Any, offsets: Mapping[Any, Any], member: Any, timeout_s: float) -> None:
    """The producer's ``send_offsets_to_transaction``, which itself waits without an end."""
    _await(producer, producer._transaction_manager.send_offsets_to_transaction(offsets, member), "take the offsets", timeout_s)


def commit(producer: Any, timeout_s: float) -> None:
    """The producer's ``commit_transaction``, which itself waits without an end."""
    _await(producer, producer._transaction_manager.begin_commit(), "end a transaction", timeout_s)


def _await(producer: Any, result: Any, what: str, timeout_s: float) -> None:
    from kafka.errors import KafkaTimeoutError

    producer._sender.wakeup()
    if not result.wait(1000 * timeout_s):
        raise KafkaTimeoutError(f"the broker did not {what} within {timeout_s:g} s")


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
