"""Partitions of a topic and their offsets, with a bound on the wait: a partition may be revoked, its topic deleted, or the broker
gone, between any two calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from streaming.kafka.workarounds import refresh_topics

#: how long the broker may take to answer where a partition begins or ends, or where a reader of it is
ANSWER_MS: Final = 5_000


def partitions_of(consumer: Any, names: Iterable[str]) -> dict[str, list[Any]]:
    """The partitions of those of the topics that exist, as the broker has them now; an error of the client, as
    ``KafkaTimeoutError``, when it does not answer."""
    from kafka.structs import TopicPartition

    cluster = refresh_topics(consumer, ANSWER_MS)
    there = {name: cluster.partitions_for_topic(name) for name in sorted(set(names) & set(cluster.topics()))}
    return {name: [TopicPartition(name, number) for number in sorted(found or ())] for name, found in there.items()}


def end_seen(consumer: Any, here: Any) -> int:
    """The end of a partition's log as the newest fetch reported it; 0 where none has, or where the partition is not this reader's
    any more. Makes no request, and may be called by any thread."""
    from kafka.errors import IllegalStateError

    try:
        return int(consumer.highwater(here) or 0)
    except (IllegalStateError, KeyError):  # the second where it goes away while it is looked up
        return 0


def position(consumer: Any, here: Any) -> int | None:
    """The offset of the next record that will be read; None while it is not known, and where the partition is not this reader's
    any more or its topic is gone."""
    from kafka.errors import IllegalStateError, UnknownTopicOrPartitionError

    try:
        found = consumer.position(here, timeout_ms=ANSWER_MS)
    except (IllegalStateError, KeyError, UnknownTopicOrPartitionError):
        return None
    return None if found is None else int(found)


def short_of(consumer: Any, ends: Mapping[Any, int]) -> dict[Any, int]:
    """Of ``ends``, by partition, those that have not been read so far yet."""
    found = {here: position(consumer, here) for here in ends}
    return {here: end for here, end in ends.items() if (at := found[here]) is None or at < end}


def first_offsets(consumer: Any, partitions: Iterable[Any]) -> dict[Any, int]:
    """Where each partition begins; ``KafkaTimeoutError`` when the broker does not answer, as for a deleted topic."""
    wanted = list(partitions)
    return consumer.beginning_offsets(wanted, timeout_ms=ANSWER_MS) if wanted else {}


def end_offsets(consumer: Any, partitions: Iterable[Any]) -> dict[Any, int]:
    """Where each partition ends: the offset that its next record will have. ``KafkaTimeoutError`` as above."""
    wanted = list(partitions)
    return consumer.end_offsets(wanted, timeout_ms=ANSWER_MS) if wanted else {}


def offsets_at(consumer: Any, times_ms: Mapping[Any, int]) -> dict[Any, Any]:
    """By partition the first offset of that time or later, None where there is none. ``KafkaTimeoutError`` as above."""
    return consumer.offsets_for_times(dict(times_ms), timeout_ms=ANSWER_MS) if times_ms else {}


def committed(consumer: Any, here: Any, *, metadata: bool = False) -> Any:
    """What the reader's group has committed of a partition, None where nothing. ``KafkaTimeoutError`` as above."""
    return consumer.committed(here, metadata=metadata, timeout_ms=ANSWER_MS)
