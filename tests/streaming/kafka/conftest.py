"""A broker, and a sport of one's own on it, so that tests on one broker do not see each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from infra.cluster import Cluster
from streaming.kafka.broker import admin, ensure
from streaming.kafka.settings import Address
from streaming.wire import topics
from tests.real_cluster import address_of


@pytest.fixture(scope="session")
def kafka(broker: Cluster) -> Address:
    """The suite's broker."""
    return address_of(broker)


class OwnSport:
    """A sport of one test only: its topics, and a producer for them."""

    def __init__(self, address: Address) -> None:
        from kafka import KafkaProducer

        self.address, self.name = address, f"test{uuid.uuid4().hex[:10]}"
        self.producer = KafkaProducer(**address.python(), acks="all")

    def make(self, partitions: int = 2) -> None:
        ensure(self.address, self.name, partitions)

    def put(self, topic: str, key: str, value: bytes | None, **more: Any) -> None:
        """One message, and it is there when this returns."""
        self.producer.send(topic, value, key=topics.key(key), **more).get(timeout=60)

    def clear(self) -> None:
        self.producer.close(timeout=5)
        with admin(self.address) as client:
            ours = [topic for topic in client.list_topics() if topic in topics.every(self.name)]
            if ours:
                client.delete_topics(ours)


@pytest.fixture
def own_sport(kafka: Address) -> Iterator[OwnSport]:
    found = OwnSport(kafka)
    yield found
    found.clear()
