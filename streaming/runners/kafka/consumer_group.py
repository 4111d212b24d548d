"""Being a member of the group that shares a sport's games."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import mend_membership

#: who has not been heard of for so long is thought dead, and the others take over
SESSION_TIMEOUT_MS: Final = 6_000


def join(
    address: Address,
    topic: str,
    group: str,
    given: Callable[[set[int]], None],
    taken: Callable[[set[int], bool], None],
) -> Any:
    """A consumer of what falls to this member. ``given`` is told of partitions that have come, ``taken`` of those that have gone,
    and whether somebody else may have them already; both by the consumer's own thread, during a ``poll``."""
    from kafka import KafkaConsumer
    from kafka.consumer.subscription_state import ConsumerRebalanceListener
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

    class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_assigned(self, assigned: Any) -> None:
            given({tp.partition for tp in assigned})

        def on_partitions_revoked(self, revoked: Any) -> None:
            taken({tp.partition for tp in revoked}, False)

        def on_partitions_lost(self, lost: Any) -> None:
            taken({tp.partition for tp in lost}, True)

    consumer = KafkaConsumer(
        **address.python(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=1_000,
        fetch_max_wait_ms=250,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        partition_assignment_strategy=(CooperativeStickyAssignor,),
    )
    mend_membership(consumer)
    # The first to join works out who gets what, from what it knows of the topic by then: it had better know it.
    consumer.partitions_for_topic(topic)
    consumer.subscribe([topic], listener=Listener())
    return consumer
