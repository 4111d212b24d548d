"""A broker, and a sport of one's own on it, so that tests on one broker do not see each other."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from streaming import topics
from streaming.kafka.broker import admin, ensure
from streaming.kafka.settings import Address, parse


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Address:
    """The broker that ``TOUCHLINE_BROKER`` names (kafka://host:port), or the suite's own."""
    url = os.environ.get("TOUCHLINE_BROKER")
    if url is None:
        try:
            found: Any = request.getfixturevalue("broker")
        except pytest.FixtureLookupError:
            pytest.skip("there is no broker: set TOUCHLINE_BROKER to kafka://host:port")
        url = found if isinstance(found, str) else str(getattr(found, "bootstrap", found))
        url = url if url.startswith("kafka://") else f"kafka://{url}"
    return parse(url, environment={})


class Ground:
    """A sport that nobody else plays: its topics, and a producer for them."""

    def __init__(self, address: Address) -> None:
        from kafka import KafkaProducer

        self.address, self.name = address, f"test{uuid.uuid4().hex[:10]}"
        self.producer = KafkaProducer(**address.python(), acks="all")

    def make(self, partitions: int = 2) -> None:
        ensure(self.address, self.name, partitions)

    def put(self, topic: str, key: str, value: bytes | None, **more: Any) -> None:
        """One message, and it is there when this returns."""
        self.producer.send(topic, value, key=topics.key(key), **more).get(timeout=20)

    def clear(self) -> None:
        self.producer.close(timeout=5)
        with admin(self.address) as client:
            ours = [topic for topic in client.list_topics() if topic in topics.every(self.name)]
            if ours:
                client.delete_topics(ours)


@pytest.fixture
def ground(kafka: Address) -> Iterator[Ground]:
    found = Ground(kafka)
    yield found
    found.clear()
