"""Reading a topic from its beginning for as long as wanted, without a group: other readers are not affected."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from streaming.errors import InputLost, Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES, TopicGuard, Unread, broker_errors
from streaming.kafka.offsets import end_offsets, end_seen, first_offsets, partitions_of, short_of
from streaming.kafka.settings import Address

WATCH_S: Final = 2.0
#: how long what is left may keep silent once the end is wanted
TIMEOUT_S: Final = 30.0
_log = logging.getLogger(__name__)


def follow(address: Address, topic: str, stop: threading.Event) -> Iterator[tuple[str, bytes, int]]:
    """(key, value, the broker's stamp in microseconds) of each record, in order within a partition, up to the last one there
    when ``stop`` is set. ``InputLost`` when the topic is deleted meanwhile, ``Unavailable`` when it cannot read."""
    from kafka import KafkaConsumer, errors

    with broker_errors(address):
        watch = TopicGuard(address, topic)
        consumer: Any = KafkaConsumer(
            **address.python(),
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        )
        try:
            here = partitions_of(consumer, [topic]).get(topic, [])
            consumer.assign(here)
            # At the numbers that the beginnings have now: "the beginning" would be looked up anew after an offset is lost.
            unread = {tp.partition: Unread(first, first) for tp, first in first_offsets(consumer, here).items()}
            for tp in here:
                consumer.seek(tp, unread[tp.partition].first)
            looked_s = received_s = time.monotonic()
            end: dict[Any, int] | None = None
            while end is None or short_of(consumer, end):
                if end is None and stop.is_set():
                    end, received_s = end_offsets(consumer, here), time.monotonic()
                if end is not None and time.monotonic() - received_s > TIMEOUT_S:
                    raise Unavailable(f"the broker at {address.text} did not send the rest of {topic}")
                try:
                    polled = consumer.poll(timeout_ms=100)
                except errors.OffsetOutOfRangeError as error:
                    watch.check(unread)
                    raise Unavailable(f"topic {topic} no longer has the records that come next: {error}") from None
                for tp, records in polled.items():
                    received_s = time.monotonic()
                    for record in records:
                        yield (record.key or b"").decode("utf-8", "replace"), record.value or b"", record.timestamp * 1000
                    unread[tp.partition] = Unread(records[-1].offset + 1, max(records[-1].offset + 1, end_seen(consumer, tp)))
                if time.monotonic() - looked_s > WATCH_S:
                    looked_s = time.monotonic()
                    try:
                        watch.check(unread)
                    except InputLost:
                        raise
                    except Unavailable as error:
                        _log.warning("%s", error)  # the broker is away: it is waited for
        finally:
            consumer.close()
