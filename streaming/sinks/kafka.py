"""What an operator outside of the broker gives out, on the sport's topics: for a game that comes from a recording."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

from streaming.kafka.producer import Producer
from streaming.kafka.settings import Address
from streaming.operator.health import Health, encode_health
from streaming.operator.metrics import OperatorMetrics
from streaming.wire import topics
from streaming.wire.blocks import Output
from streaming.wire.messages import messages
from streaming.wire.records import Event, GameRecord, Telemetry, encode

HEALTH_S: Final = 1.0


class KafkaSink(Producer):
    """A sink for one game. Nothing is a transaction here, since there are no offsets to commit: a run that was broken off and is
    made again publishes all again, under the same ids."""

    def __init__(self, address: Address, game: GameRecord, meters: OperatorMetrics) -> None:
        super().__init__(address)
        self.game, self.meters = game, meters
        self._told_s = 0.0
        self.put_and_wait(topics.games(game.sport), game.game, encode(game))

    def overhear(self, records: Iterable[Telemetry | Event | int]) -> Iterator[Telemetry | Event | int]:
        """The records of a source on their way to a runner: an event that the operator took is published behind what it led to."""
        for record in records:
            taken = self.meters.counts["accepted", "event"]
            yield record
            if isinstance(record, Event) and self.meters.counts["accepted", "event"] != taken:
                self.put(topics.events(self.game.sport), self.game.game, encode(record))

    def write(self, outputs: list[Output], published_us: int) -> None:
        for message in messages(self.game.sport, self.game.game, outputs, published_us):
            self.put(message.topic, message.game, message.value)
        if time.monotonic() - self._told_s > HEALTH_S:
            self._tell()

    def close(self) -> None:
        self._tell()
        super().close()

    def abort(self) -> None:
        self._producer.close(timeout=1)

    def _tell(self) -> None:
        self._told_s = time.monotonic()
        told = Health.of(self.game.game, self.game.sport, "embedded, from a recording", self.meters, time.time_ns() // 1000)
        self.put(topics.health(self.game.sport), self.game.game, encode_health(told))
