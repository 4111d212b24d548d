"""How far consumer groups are behind the end of a sport's input topic: what a platform operator scales out by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streaming.kafka.broker import broker_errors
from streaming.kafka.settings import Address
from streaming.wire import topics

#: the runner's own group, and the one under which a Flink job commits what its checkpoints hold: shown before they have committed
OWN_GROUPS: Final = ("touchline", "touchline-flink")


class PartitionLag(msgspec.Struct, frozen=True):
    """``committed`` is the next offset that the group has not finally used (null: never any), ``end`` that of the next record."""

    partition: int
    committed: int | None
    end: int
    lag: int


class GroupLag(msgspec.Struct, frozen=True):
    """One group on one sport's input; ``members`` are its processes (a Flink job has none: it reads without a group)."""

    sport: str
    group: str
    members: int
    partitions: list[PartitionLag]

    @property
    def lag(self) -> int:
        return sum(partition.lag for partition in self.partitions)


class LagWatch:
    """Reads lags from a broker; keeps its connection from one look to the next, and makes a new one after an error."""

    def __init__(self, address: Address, sports: Sequence[str]) -> None:
        self.address, self.sports = address, tuple(sports)
        self._own = tuple(map(address.group, OWN_GROUPS))
        self._client: Any = None

    def look(self) -> list[GroupLag]:
        """Every group that has ever committed on a sport's input, and our own as soon as they have members;
        ``Unavailable`` with one sentence."""
        try:
            with broker_errors(self.address):
                return self._look()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _look(self) -> list[GroupLag]:
        from kafka import errors
        from kafka.admin import OffsetSpec
        from kafka.structs import TopicPartition

        client = self._connected()
        wanted = {self.address.topic(topics.telemetry(sport)): sport for sport in self.sports}
        there = [topic for topic in client.list_topics() if topic in wanted]
        here = [
            TopicPartition(found["name"], partition["partition_index"])
            for found in (client.describe_topics(there) if there else ())
            for partition in found["partitions"]
        ]
        if not here:
            return []
        ends = client.list_partition_offsets(dict.fromkeys(here, OffsetSpec.LATEST))
        starts = client.list_partition_offsets(dict.fromkeys(here, OffsetSpec.EARLIEST))
        try:
            # groups that commit offsets: of consumers, or without a protocol, as a Flink job's
            others = (known["group_id"] for known in client.list_groups() if known["protocol_type"] in ("consumer", ""))
            groups = sorted({*self._own, *others})
            committed = client.list_group_offsets(dict.fromkeys(groups, here))
        except errors.CoordinatorNotAvailableError:
            return []  # a new broker: it makes room for groups at the first request, and has none
        # Only groups that read this input are described: others may use another protocol, which would be an error.
        readers = [g for g in groups if g in self._own or any(offset.offset >= 0 for offset in committed[g].values())]
        described = client.describe_groups(readers)
        found = []
        for topic, sport in wanted.items():
            for group in readers:
                partitions = []
                for tp in sorted(tp for tp in here if tp.topic == topic):
                    offset, end = committed[group][tp].offset, ends[tp].offset
                    partitions.append(_lag(tp.partition, offset, starts[tp].offset, end))
                members = len(described[group]["members"])
                if partitions and ((members and group in self._own) or any(p.committed is not None for p in partitions)):
                    found.append(GroupLag(sport, group, members, partitions))
        return found

    def _connected(self) -> Any:
        if self._client is None:
            from kafka.admin import KafkaAdminClient

            self._client = KafkaAdminClient(**self.address.admin(), request_timeout_ms=5_000)
        return self._client


def _lag(partition: int, committed: int, start: int, end: int) -> PartitionLag:
    """A partition that a group never committed on is unread from its ``start``."""
    never = committed < 0
    return PartitionLag(partition, None if never else committed, end, max(0, end - (start if never else committed)))
