"""Outputs of an operator on the topics of its sport, for a game whose input is not on the broker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

from streaming.errors import BadInput
from streaming.kafka.broker import ensure
from streaming.kafka.producer import Producer
from streaming.kafka.settings import Address, parse
from streaming.operator.health import HEALTH_VERSION, Health, encode_health
from streaming.operator.metrics import OperatorMetrics
from streaming.sinks.base import SinkOptions
from streaming.wire import topics
from streaming.wire.blocks import Output
from streaming.wire.headers import headers
from streaming.wire.messages import messages
from streaming.wire.records import EVENT_VERSION, GAME_VERSION, Event, GameRecord, Telemetry, encode

HEALTH_S: Final = 1.0


class KafkaSink(Producer):
    """A sink for one game. Nothing is a transaction here, since there are no offsets to commit: a run that was interrupted and is
    started again publishes everything again, under the same ids."""

    def __init__(self, address: Address, game: GameRecord, metrics: OperatorMetrics) -> None:
        super().__init__(address)
        self.game, self.metrics = game, metrics
        self._health_s = 0.0
        self.put_and_wait(topics.games(game.sport), game.game, encode(game), headers("game-record", GAME_VERSION, game.game))

    def tee(self, records: Iterable[Telemetry | Event | int]) -> Iterator[Telemetry | Event | int]:
        """The records of a source on their way to a runner: an event that the operator accepted is published after its outputs."""
        for record in records:
            accepted = self.metrics.counts["accepted", "event"]
            yield record
            if isinstance(record, Event) and self.metrics.counts["accepted", "event"] != accepted:
                about = headers("event", EVENT_VERSION, self.game.game)
                self.put(topics.events(self.game.sport), self.game.game, encode(record), about)

    def write(self, outputs: list[Output], published_us: int) -> None:
        for message in messages(self.game.sport, self.game.game, outputs, published_us):
            self.put(message.topic, message.game, message.value, message.headers)
        if time.monotonic() - self._health_s > HEALTH_S:
            self._publish_health()

    def close(self) -> None:
        self._publish_health()
        super().close()

    def abort(self) -> None:
        self._producer.close(timeout=1)

    def _publish_health(self) -> None:
        self._health_s = time.monotonic()
        health = Health.of(self.game.game, self.game.sport, "embedded, from a recording", self.metrics, time.time_ns() // 1000)
        about = headers("health", HEALTH_VERSION, self.game.game)
        self.put(topics.health(self.game.sport), self.game.game, encode_health(health), about)


def open_kafka(url: str, options: SinkOptions) -> KafkaSink:
    """The sink of ``kafka://host:port``, whose topics are made or checked; ``BadInput`` for several games at once."""
    if options.game is None or options.metrics is None:
        raise BadInput("games of a broker are published on the same broker, and those of another source one at a time")
    address = parse(url, options.settings)
    ensure(address, options.game.sport, options.partitions)
    return KafkaSink(address, options.game, options.metrics)
