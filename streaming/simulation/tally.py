"""A game small enough for a million of them: every record changes one number, and the number goes out with every event.

Behind the real ``GameSession``; the operator is a count and a checksum of all records so far, so that a record that is left out,
taken twice or taken in another order changes every value after it.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec
import numpy as np

from streaming.errors import BadSnapshot
from streaming.operator.metrics import OperatorMetrics
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Team, Telemetry, encode

SPORT: Final = "tally"
TEAM: Final = "home"


class _State(msgspec.Struct, array_like=True):
    records: int
    checksum: int
    last: str = ""


class TallyOperator:
    """Of ``GameOperator``, what a ``GameSession`` calls."""

    strict = True

    def __init__(self, record: GameRecord) -> None:
        self.game = record
        self.metrics = OperatorMetrics(())
        self._state = _State(0, 0)
        self._shown = -1
        #: by the latest call
        self.events_taken: list[Event] = []

    def on_record(self, record: Telemetry | Event, now_us: int = 0) -> list[Output]:
        assert isinstance(record, Event)
        state, self.events_taken = self._state, []
        if record.id == state.last:
            self.metrics.counts["duplicate", "event"] += 1
            return []
        state.records, state.last = state.records + 1, record.id
        state.checksum = zlib.crc32(encode(record) + b"%d" % now_us, state.checksum)
        self.metrics.counts["accepted", "event"] += 1
        self.metrics.arrival_us = now_us
        self.events_taken = [msgspec.structs.replace(record, arrival_us=now_us)]
        return [self._block("tally.sum", record.id, now_us)]

    def on_time(self, now_us: int) -> list[Output]:
        """A provisional value whenever something has changed since the last one."""
        if self._shown == self._state.records:
            return []
        self._shown = self._state.records
        return [self._block("tally.now", None, now_us, "provisional")]

    def finish(self) -> list[Output]:
        self.events_taken = []
        return [self._block("tally.total", "end", 0)]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._state)

    def restore(self, raw: bytes) -> None:
        try:
            self._state = msgspec.msgpack.decode(raw, type=_State)
        except msgspec.DecodeError as error:
            raise BadSnapshot(f"the state of game {self.game.game!r} cannot be read: {error}") from None
        self.metrics.counts["accepted", "event"] = self._state.records

    def _block(self, stat: str, event: str | None, now_us: int, quality: Any = "final") -> StatBlock:
        clock = np.array([now_us], np.int64)
        values = np.array([[self._state.checksum]], np.float64)
        return StatBlock(
            stat=stat,
            game=self.game.game,
            sport=SPORT,
            unit="count",
            subjects=(TEAM,),
            end_us=clock,
            span_us=0,
            values=values,
            quality=quality,
            ingress_us=clock,
            event=event,
        )


def make(record: GameRecord) -> Any:
    """An operator for a game's record: a sum, or where there is tracking, that of ``streaming.simulation.tracked``."""
    if any(feed.kind == "telemetry" for feed in record.feeds):
        from streaming.simulation.tracked import TrackedOperator

        return TrackedOperator(record)
    return TallyOperator(record)


def script(game: str, events: int, t0_us: int) -> list[bytes]:
    """The records of a game, as they go to the input topic: one of them cannot be read, one is sent twice."""
    record = GameRecord(
        game=game,
        sport=SPORT,
        t0_us=t0_us,
        teams=(Team(id=TEAM, name="Home"),),
        entities=[Entity(id="r1", team=TEAM)],
        tags=[],
        feeds=[Feed(name="events", kind="events")],
        periods=[Period(number=1, start_us=t0_us)],
    )
    found = [encode_feed(GameStart(record=record))]
    for number in range(events):
        event = Event(id=f"e{number}", game=game, type="mark", t_us=t0_us + number * 1000, period=1, team=TEAM, player="r1")
        found.append(encode_feed(event))
    middle = events // 2 + 1
    found.insert(middle, b"no record")
    found.insert(middle, found[middle - 1])
    found.append(encode_feed(GameEnd(game=game)))
    return found
