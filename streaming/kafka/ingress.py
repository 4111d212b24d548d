"""The way in: records of games become messages of their sport's input topic, keyed by game."""

from __future__ import annotations

from typing import Any, Self

from features.sport import Sport
from streaming import topics
from streaming.errors import Unavailable
from streaming.feed import GameEnd, GameStart, encode_feed
from streaming.kafka.broker import MAX_MESSAGE_BYTES, speaking
from streaming.kafka.settings import Address
from streaming.packing import Packer
from streaming.records import Event, GameRecord, Telemetry, encode


class Ingress:
    """Sends games of one sport. Idempotent, so that a retry doubles nothing; compressed; a batch goes out at once.

    ``packed`` gathers samples to a window (see :mod:`streaming.packing`). A context manager: what was handed over is with the
    broker when it ends well.
    """

    def __init__(self, address: Address, sport: Sport, *, packed: bool = True) -> None:
        from kafka import KafkaProducer

        self.address, self.sport, self.packed = address, sport, packed
        self._topic = topics.telemetry(sport.name)
        self._packers: dict[str, Packer] = {}
        self._failed: BaseException | None = None
        with speaking(address):
            self._producer: Any = KafkaProducer(
                **address.python(), acks="all", compression_type="lz4", linger_ms=0, batch_size=1 << 18,
                max_request_size=MAX_MESSAGE_BYTES, delivery_timeout_ms=60_000,
            )  # fmt: skip

    def start(self, record: GameRecord) -> None:
        """Announce a game: in the compacted topic of records, and as the first record of the game itself."""
        with speaking(self.address):
            sent = self._producer.send(topics.games(self.sport.name), encode(record), key=topics.key(record.game))
            sent.get(timeout=30)
        self._send(record.game, encode_feed(GameStart(record=record)))
        if self.packed:
            self._packers[record.game] = Packer(self.sport, record)

    def send(self, record: Telemetry | Event) -> None:
        """One record, in the order of arrival; returns at once."""
        packer = self._packers.get(record.game)
        if packer is None:
            self._send(record.game, encode_feed(record))
            return
        for packet in packer.add(record) if isinstance(record, Telemetry) else packer.flush():
            self._send(packet.game, encode_feed(packet))
        if isinstance(record, Event):
            self._send(record.game, encode_feed(record))

    def end(self, game: str) -> None:
        """The game is over: all that is still open closes."""
        packer = self._packers.pop(game, None)
        for packet in packer.flush() if packer else ():
            self._send(game, encode_feed(packet))
        self._send(game, encode_feed(GameEnd(game=game)))

    def raw(self, game: str, value: bytes) -> None:
        """Bytes as they are: a dead letter sent again."""
        self._send(game, value)

    def flush(self) -> None:
        """Until the broker has everything; ``Unavailable`` when it does not take it."""
        with speaking(self.address):
            self._producer.flush(timeout=60)
        self._check()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._producer.close(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.close()
        else:
            self._producer.close(timeout=1)

    def _send(self, game: str, value: bytes) -> None:
        self._check()
        with speaking(self.address):
            self._producer.send(self._topic, value, key=topics.key(game)).add_errback(self._note)

    def _note(self, error: BaseException) -> None:
        self._failed = error

    def _check(self) -> None:
        if self._failed is not None:
            raise Unavailable(f"the broker at {self.address.text} did not take a record of {self._topic}: {self._failed}")
