"""Membership of the consumer group that shares a sport's games."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.offsets import partitions_of
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import patch_membership

#: a member without a heartbeat for so long is expelled, and its partitions are rebalanced to the others
SESSION_TIMEOUT_MS: Final = 6_000
HEARTBEAT_MS: Final = 1_000


def membership(consumer: Any) -> Any:
    """The consumer's membership of its group, for a transaction; kafka-python's ``CommitFailedError`` when it has none. The broker
    accepts offsets without a membership, whichever member owns the partitions: a process that has lost its membership must hold
    back by itself."""
    from kafka.errors import CommitFailedError

    found = consumer.group_metadata()
    if not found.member_id or found.generation_id < 0:
        raise CommitFailedError("no longer a member of the group")
    return found


def join(
    address: Address,
    topic: str,
    group: str,
    on_assigned: Callable[[set[int]], None],
    on_revoked: Callable[[set[int], bool], None],
) -> Any:
    """A consumer of the partitions of this member. ``on_assigned`` gets the numbers of new partitions, ``on_revoked`` those of
    partitions that it loses, and whether another member may own them already. The consumer's own thread calls both during a
    ``poll``."""
    from kafka import KafkaConsumer
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

    consumer = KafkaConsumer(
        **address.python(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        fetch_max_wait_ms=250,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        partition_assignment_strategy=(CooperativeStickyAssignor,),
    )
    # The first member to join assigns the partitions, from what it knows of the topic by then: so it is looked up first.
    partitions_of(consumer, [topic])
    subscribe(consumer, topic, on_assigned, on_revoked)
    return consumer


def subscribe(
    consumer: Any, topic: str, on_assigned: Callable[[set[int]], None], on_revoked: Callable[[set[int], bool], None]
) -> None:
    """Subscribe a new consumer, with what its membership needs."""
    from kafka.consumer.subscription_state import ConsumerRebalanceListener

    class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_assigned(self, assigned: Any) -> None:
            on_assigned({tp.partition for tp in assigned})

        def on_partitions_revoked(self, revoked: Any) -> None:
            on_revoked({tp.partition for tp in revoked}, False)

        def on_partitions_lost(self, lost: Any) -> None:
            on_revoked({tp.partition for tp in lost}, True)

    patch_membership(consumer)
    consumer.subscribe([topic], listener=Listener())
