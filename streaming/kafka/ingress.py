"""The way in: records of games become messages of their sport's input topic, keyed by game."""

from __future__ import annotations

from features.core.sport import Sport
from streaming.kafka.batching import WindowBatcher
from streaming.kafka.producer import Producer
from streaming.kafka.settings import Address
from streaming.observability import traces
from streaming.wire import topics
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.headers import headers, input_headers
from streaming.wire.records import GAME_VERSION, Event, GameRecord, Telemetry, encode


class Ingress(Producer):
    """Sends games of one sport. ``packed`` gathers samples to a window (see :mod:`streaming.kafka.batching`)."""

    def __init__(self, address: Address, sport: Sport, *, packed: bool = True) -> None:
        super().__init__(address)
        self.sport, self.packed = sport, packed
        self._topic = topics.telemetry(sport.name)
        self._packers: dict[str, WindowBatcher] = {}

    def start(self, record: GameRecord) -> None:
        """Announce a game: in the compacted topic of records, and as the first record of the game itself."""
        self.put_and_wait(
            topics.games(self.sport.name), record.game, encode(record), headers("game-record", GAME_VERSION, record.game)
        )
        self._send(record.game, encode_feed(GameStart(record=record)))
        if self.packed:
            self._packers[record.game] = WindowBatcher(self.sport, record)

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

    def _send(self, game: str, value: bytes) -> None:
        about = input_headers(game, value)
        if traces.active is None or (span := traces.active.begin("ingress", None, game=game, bytes=len(value))) is None:
            self.put(self._topic, game, value, about)
            return
        followed = span
        sent = self.put(self._topic, game, value, (*about, *followed.headers))
        sent.add_callback(lambda place: followed.end(partition=place.partition, offset=place.offset))
