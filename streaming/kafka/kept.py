"""Reading a partition of the snapshot topic to its end, as it is committed."""

from __future__ import annotations

import time
from typing import Any, Final

from streaming.errors import Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.quirks import read_emptied_markers
from streaming.kafka.settings import Address

#: a transaction that somebody left open is ended by the broker well before
PATIENCE_S: Final = 30.0


def read_kept(address: Address, topic: str, partition: int) -> list[tuple[bytes, bytes]]:
    """(key, value) of the newest committed record of each key. Waits for a transaction that is still open: its writer may have
    been let in by the group just before it died, and then its records count. ``Unavailable`` when it never ends."""
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

    read_emptied_markers()
    here = TopicPartition(topic, partition)
    common: dict[str, Any] = {
        **address.python(), "enable_auto_commit": False, "auto_offset_reset": "earliest", "fetch_max_wait_ms": 50,
        "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
    }  # fmt: skip
    consumer = KafkaConsumer(**common)
    try:
        end = consumer.end_offsets([here])[here]
    finally:
        consumer.close()
    newest: dict[bytes, bytes] = {}
    if not end:
        return []
    consumer = KafkaConsumer(**common, isolation_level="read_committed")
    try:
        consumer.assign([here])
        consumer.seek_to_beginning(here)
        until = time.monotonic() + PATIENCE_S
        while consumer.position(here) < end:
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    if record.value is None:
                        newest.pop(record.key, None)
                    else:
                        newest[record.key] = record.value
            if time.monotonic() > until:
                raise Unavailable(f"topic {topic}, partition {partition}: a transaction has been open for {PATIENCE_S:.0f} s")
    finally:
        consumer.close()
    return list(newest.items())
