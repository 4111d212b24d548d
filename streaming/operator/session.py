"""One key of the input topic: bytes in, outputs out. It starts the operator from the game's own record and ends it.

What a runner on Kafka or Flink keeps for a game is one of these, so that both treat a game alike to the byte.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final, Literal

import msgspec

from streaming.errors import BadInput, BadRecord, BadSnapshot, TouchlineError
from streaming.operator.game import GameOperator
from streaming.operator.health import Health, encode_health
from streaming.operator.metrics import OperatorMetrics
from streaming.operator.signing import state_keys
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, Output
from streaming.wire.bounds import game_name
from streaming.wire.feed import FeedRecord, GameEnd, GameStart, decode_feed, encode_feed
from streaming.wire.messages import messages
from streaming.wire.records import Event, GameRecord, Telemetry

VERSION = 1
_MAGIC = b"TLGH"
_log = logging.getLogger(__name__)

Make = Callable[[GameRecord], GameOperator]
Phase = Literal["waiting", "on", "over"]


class _Saved(msgspec.Struct, array_like=True):
    version: int
    phase: Phase
    record: GameRecord | None
    operator: bytes
    given_up: str = ""


class GameSession:
    """The game called ``game``; ``make`` builds its operator from its record.

    ``take`` is a pure function of the records so far and their stamps: a runner that keeps the records keeps the state.
    """

    def __init__(self, sport: str, game: str, make: Make) -> None:
        self.sport, self.game, self._make = sport, game, make
        self.phase: Phase = "waiting"
        self.record: GameRecord | None = None
        self.operator: GameOperator | None = None
        self._about = {"sport": sport, "game": game}
        #: why the game was ended before its end
        self.given_up = ""

    @property
    def metrics(self) -> OperatorMetrics | None:
        return None if self.operator is None else self.operator.metrics

    @property
    def counted(self) -> tuple[int, int]:
        """Windows closed and events taken so far: what :meth:`OperatorMetrics.published` compares with."""
        return (0, 0) if self.metrics is None else (self.metrics.windows, self.metrics.counts["accepted", "event"])

    def take(self, raw: bytes, now_us: int) -> list[Output | Event]:
        """One record of the input topic. ``now_us`` is when the broker got it, for a record without an arrival stamp. An event
        that the operator took comes out again behind what it led to, for those who subscribe to events."""
        try:
            record = decode_feed(raw)
            if isinstance(record, GameStart):
                return self._start(record.record)
            if self.operator is None:
                over = f"it is over: {self.given_up}" if self.given_up else "it is over"
                raise BadRecord("unknown game", "no game record arrived before it" if self.phase == "waiting" else over)
            if isinstance(record, GameEnd):
                return self._end(record)
            return self._pass(self.operator, record, now_us)
        except BadRecord as bad:
            return [self._letter(bad.reason, str(bad), raw, now_us)]
        except Exception as error:
            # Our own mistake. One record must not take every game of its partition off the air, again and again at each restart.
            if self.operator is not None and self.operator.strict:
                raise
            _log.exception("failed on a record, which is set aside", extra=self._about)
            return [self._letter("operator failed", f"{type(error).__name__}: {error}", raw, now_us)]

    def tick(self, now_us: int) -> list[Output]:
        """Arrival time has come to ``now_us``: a quiet feed gets provisional values. The state stays as it is."""
        try:
            return [] if self.operator is None else self.operator.on_time(now_us)
        except Exception:
            if self.operator is not None and self.operator.strict:
                raise
            _log.exception("no provisional values of a quiet feed", extra=self._about)
            return []

    def snapshot(self, where: bytes = b"") -> bytes:
        """All that the next record may depend on, signed where the deployment has a key; ``where`` is what its keeper adds, so that
        it is taken in no other place."""
        inner = b"" if self.operator is None else self.operator.snapshot()
        raw = _MAGIC + msgspec.msgpack.encode(_Saved(VERSION, self.phase, self.record, inner, self.given_up))
        return state_keys().seal(raw, self._place(where))

    def _place(self, where: bytes) -> bytes:
        return b"\0".join((self.sport.encode(), self.game.encode(), where))

    def give_up(self, why: str) -> None:
        """End the game here, without what is still open: the others of its process go on."""
        _log.error("game %s is ended: %s", self.game, why, extra=self._about)
        self.phase, self.operator, self.given_up = "over", None, why

    def restore(self, raw: bytes, where: bytes = b"") -> None:
        """Take over a snapshot; ``BadSnapshot`` with the one reason why it does not fit."""
        raw = state_keys().open(raw, self._place(where), f"the snapshot of game {self.game!r}")
        if raw[:4] != _MAGIC:
            raise BadSnapshot(f"what was kept of game {self.game!r} is not a snapshot")
        try:
            version = msgspec.msgpack.decode(raw[4:], type=list[object])[0]
            if version != VERSION:
                raise BadSnapshot(
                    f"the snapshot of game {self.game!r} has version {version}, this program reads version {VERSION}: "
                    "run the program that wrote it, or a newer one"
                )
            saved = msgspec.msgpack.decode(raw[4:], type=_Saved)
        except (msgspec.DecodeError, UnicodeDecodeError, IndexError, RecursionError) as error:
            raise BadSnapshot(f"the snapshot of game {self.game!r} cannot be read: {error}") from None
        self.operator = None
        if saved.phase == "on":
            if saved.record is None:
                raise BadSnapshot(f"the snapshot of game {self.game!r} has no game record")
            if saved.record.game != self.game:
                raise BadSnapshot(f"the snapshot of game {self.game!r} has the record of game {saved.record.game!r}")
            try:
                operator = self._make(saved.record)
            except BadInput as error:
                raise BadSnapshot(f"the snapshot of game {self.game!r} has a record that no game begins with: {error}") from None
            operator.restore(saved.operator)
            self.operator = operator
        self.phase, self.record, self.given_up = saved.phase, saved.record, saved.given_up

    # -- the kinds of records --------------------------------------------------------------------------------------

    def _start(self, record: GameRecord) -> list[Output | Event]:
        if record.game != self.game:
            raise BadRecord("another game", f"the record of {record.game} under the key {self.game}")
        if self.phase == "over":
            raise BadRecord("after the end", "the game has been played")
        if self.record is not None:
            if record == self.record:
                if self.metrics is not None:
                    self.metrics.counts["duplicate", "game record"] += 1
                return []  # sent twice, which does no harm
            raise BadRecord("changed game record", "the game has started with another one")
        try:
            self.operator = self._make(record)
        except TouchlineError as error:
            raise BadRecord("bad game record", str(error)) from None
        self.record, self.phase = record, "on"
        _log.info("the game has begun", extra=self._about)
        return []

    def _end(self, end: GameEnd) -> list[Output | Event]:
        if end.game != self.game:
            raise BadRecord("another game", f"the end of {end.game} under the key {self.game}")
        assert self.operator is not None
        out: list[Output | Event] = [*self.operator.finish(), *self.operator.events_taken]
        self.phase, self.operator = "over", None
        _log.info("the game is over", extra=self._about)
        return out

    def _pass(self, operator: GameOperator, record: Telemetry | Event, now_us: int) -> list[Output | Event]:
        return [*operator.on_record(record, now_us), *operator.events_taken]

    def _letter(self, reason: str, detail: str, raw: bytes, now_us: int) -> DeadLetter:
        source = topics.events(self.sport) if raw[:1] == b"{" else topics.telemetry(self.sport)
        if self.operator is not None:
            self.operator.metrics.counts["quarantined", reason] += 1
        return DeadLetter.of(source, game_name(self.game), reason, now_us, raw, detail)


#: arrival time goes on by so much between two checks of a quiet feed in a warm-up, us
_QUIET_US: Final = 1_000_000


def warm_up(sport: str, make: Make, record: GameRecord, records: Iterable[Telemetry | Event]) -> None:
    """Play a game without subscribers, from its record to its end, with all that is done to a live one: values of a quiet feed, a
    snapshot and another operator that takes it over, its messages, its health."""
    host, quiet_us = GameSession(sport, record.game, make), 0
    started: list[FeedRecord] = [GameStart(record=record)]
    for item in chain(started, records, [GameEnd(game=record.game)]):
        out = host.take(encode_feed(item), 0)
        messages(sport, record.game, out, 0)
        if host.phase != "on" or host.metrics is None or host.metrics.arrival_us < quiet_us:
            continue
        if not quiet_us:
            host, kept = GameSession(sport, record.game, make), host.snapshot()
            host.restore(kept)
        assert host.metrics is not None
        quiet_us = host.metrics.arrival_us + _QUIET_US
        messages(sport, record.game, host.tick(quiet_us), 0)
        encode_health(Health.of(record.game, sport, "rehearsal", host.metrics, 0))
