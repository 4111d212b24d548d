"""The input topic of a sport on a broker as a source, and as an ingress."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from features.core.sport import load_sport
from streaming.kafka import tail
from streaming.kafka.broker import ensure
from streaming.kafka.ingress import Ingress
from streaming.kafka.settings import Address, parse
from streaming.sources.base import SourceOptions
from streaming.wire import topics


class KafkaSource:
    """Every game of ``sport`` that is on the broker at ``address`` or starts there, without a consumer group."""

    def __init__(self, address: Address, sport: str) -> None:
        self.address, self.sport, self.text = address, sport, address.text

    def messages(self, stop: threading.Event) -> Iterator[tuple[str, bytes, int]]:
        """As in ``FeedSource``; arrival is the broker's stamp. ``InputLost`` when the topic is deleted meanwhile."""
        return tail.follow(self.address, self.address.topic(topics.telemetry(self.sport)), stop)


def open_kafka(url: str, options: SourceOptions) -> KafkaSource:
    """The source of ``kafka://host:port``, whose topics are made or checked."""
    address = parse(url, options.settings)
    ensure(address, options.sport, options.partitions)
    return KafkaSource(address, options.sport)


def open_ingress(url: str, options: SourceOptions) -> Ingress:
    """The way in at ``kafka://host:port``, whose topics are made or checked."""
    address = parse(url, options.settings)
    ensure(address, options.sport, options.partitions)
    return Ingress(address, load_sport(options.sport), packed=options.packed)
