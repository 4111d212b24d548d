"""States of games in the snapshot topic: their keys, and reading a partition of it to its committed end.

Groups share the topic and nothing in it: each has keys of its own, and never sees another's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from streaming.errors import Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.offsets import end_offsets, short_of
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import patch_emptied_markers
from streaming.runners.kafka.effects import Reader

#: the broker ends an abandoned transaction well before
TIMEOUT_S: Final = 30.0
#: in the place of a game: how far the partition is used. No game can have this name
PROGRESS: Final = ""


def state_key(group: str, game: str = PROGRESS) -> bytes:
    """Key of a game's state, or of how far the group has used the partition."""
    return f"{group}\0{game}".encode()


def read_states(address: Address, topic: str, partition: int, group: str) -> dict[str, bytes]:
    """``newest_states`` of the broker at ``address``."""
    from kafka import KafkaConsumer

    patch_emptied_markers()

    def open_reader(isolation_level: str) -> Any:
        return KafkaConsumer(
            **address.python(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            isolation_level=isolation_level,
        )

    return newest_states(open_reader, time.monotonic, topic, partition, group)


def newest_states(
    open_reader: Callable[[str], Reader], monotonic_s: Callable[[], float], topic: str, partition: int, group: str
) -> dict[str, bytes]:
    """The newest committed value of each of the group's games, and of ``PROGRESS``. Waits for a transaction that is still open: its
    writer may have been let in by the group just before it died, and then its records count. ``Unavailable`` when it never ends.

    ``open_reader`` opens a reader of an isolation level.
    """
    from kafka.structs import TopicPartition

    here = TopicPartition(topic, partition)
    consumer = open_reader("read_uncommitted")
    try:
        end = end_offsets(consumer, [here])
    finally:
        consumer.close()
    newest: dict[str, bytes] = {}
    if not end[here]:
        return newest
    prefix = state_key(group, "")
    consumer = open_reader("read_committed")
    try:
        consumer.assign([here])
        consumer.seek_to_beginning(here)
        until = monotonic_s() + TIMEOUT_S
        while short_of(consumer, end):
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    if not (record.key or b"").startswith(prefix):
                        continue
                    name = record.key[len(prefix) :].decode()
                    if record.value is None:
                        newest.pop(name, None)
                    else:
                        newest[name] = record.value
            if monotonic_s() > until:
                raise Unavailable(f"topic {topic}, partition {partition}: a transaction has been open for {TIMEOUT_S:.0f} s")
    finally:
        consumer.close()
    return newest
