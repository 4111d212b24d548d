"""One group publishes a sport's outputs: a second one on the same topics would publish every final value once more.

The group's name is a record in the compacted topic of states, under a key of its own, written before the group's first process or
job starts. Records of one partition have one order, so of two groups that begin at the same moment the first in the log has it, and
both see that. It stays until another group takes over, since the next process of a group may start at any time.
"""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

from streaming.errors import BadInput, Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES, admin, broker_errors
from streaming.kafka.offsets import end_offsets, first_offsets, short_of
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import patch_emptied_markers
from streaming.wire import topics

#: of the partition's records; reading a few hundred megabytes takes seconds
TIMEOUT_S: Final = 60.0
#: begins the key of a group's name; no group and no game has a name that begins with it
_KEY: Final = b"\0publisher\0"
_PARTITION: Final = 0


class Publishers(NamedTuple):
    """Groups that have claimed a sport, the first of them first, and groups that have stored how far they have used the input."""

    claimed: tuple[str, ...]
    seen: frozenset[str]

    def other_than(self, group: str) -> str:
        """The group that publishes instead of ``group``; empty where that may publish. Groups of before there were claims publish,
        too."""
        if self.claimed:
            return "" if self.claimed[0] == group else self.claimed[0]
        return "" if group in self.seen else min(self.seen, default="")


def claim(address: Address, sport: str, group: str, *, take_over: bool = False) -> None:
    """Make sure that ``group`` (its name on the broker) is the one that publishes the sport. ``BadInput`` with one sentence when
    another is; with ``take_over`` it takes its place, unless it still has processes. The sport's topics exist (``ensure``)."""
    found = read_publishers(address, sport)
    if take_over:
        others = sorted({*found.claimed, *found.seen} - {group})
        _check_ended(address, others)
        _write(address, sport, dict.fromkeys(others, False) | {group: True})
        return
    _check(found, address, sport, group)
    if group not in found.claimed:
        _write(address, sport, {group: True})
        try:
            _check(read_publishers(address, sport), address, sport, group)
        except BadInput:
            _write(address, sport, {group: False})
            raise


def release(address: Address, sport: str, group: str) -> None:
    """Take the group's claim away: it has ended for good."""
    _write(address, sport, {group: False})


def _check(found: Publishers, address: Address, sport: str, group: str) -> None:
    if other := found.other_than(group):
        raise BadInput(
            f"group {other} publishes {sport} at {address.text}: a second group, {group}, would publish every final stat again. "
            f"Use --group {other}, a topic_prefix of its own, or, once all of {other} has ended, --take-over"
        )


def _check_ended(address: Address, groups: list[str]) -> None:
    if not groups:
        return
    with admin(address) as client:
        described = client.describe_groups(groups)
    for group in groups:
        if members := len(described[group]["members"]):
            raise BadInput(f"group {group} still has processes ({members}): end them before another group takes over")


def _write(address: Address, sport: str, claims: dict[str, bool]) -> None:
    """Claim for a group, or (False) take its claim away; they are with the broker when this returns, in this order."""
    from kafka import KafkaProducer

    topic = address.topic(topics.snapshots(sport))
    with broker_errors(address):
        producer = KafkaProducer(**address.python(), acks="all", max_block_ms=10_000, delivery_timeout_ms=30_000)
        try:
            for group, holds in claims.items():
                value = b"%d" % time.time_ns() if holds else None
                producer.send(topic, value, key=_KEY + group.encode(), partition=_PARTITION).get(timeout=30)
        finally:
            producer.close(timeout=5)


def read_publishers(address: Address, sport: str) -> Publishers:
    """Who publishes a sport; ``Unavailable`` with one sentence."""
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

    patch_emptied_markers()
    topic = address.topic(topics.snapshots(sport))
    here, claimed, seen = TopicPartition(topic, _PARTITION), dict[str, int](), set[str]()
    with broker_errors(address):
        consumer: Any = KafkaConsumer(
            **address.python(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        )
        try:
            consumer.assign([here])
            end, until_s = end_offsets(consumer, [here]), time.monotonic() + TIMEOUT_S
            consumer.seek(here, first_offsets(consumer, [here])[here])
            while short_of(consumer, end):
                for records in consumer.poll(timeout_ms=100).values():
                    for record in records:
                        _note(record, claimed, seen)
                if time.monotonic() > until_s:
                    raise Unavailable(f"the broker at {address.text} did not send topic {topic} within {TIMEOUT_S:.0f} s")
        finally:
            consumer.close()
    return Publishers(tuple(sorted(claimed, key=claimed.__getitem__)), frozenset(seen))


def _note(record: Any, claimed: dict[str, int], seen: set[str]) -> None:
    key: bytes = record.key or b""
    if key.startswith(_KEY):
        group = key[len(_KEY) :].decode("utf-8", "replace")
        if record.value is None:
            claimed.pop(group, None)
        else:
            claimed.setdefault(group, record.offset)
    elif key.endswith(b"\0") and key.count(b"\0") == 1 and record.value is not None:  # how far a group has used a partition
        seen.add(key[:-1].decode("utf-8", "replace"))
