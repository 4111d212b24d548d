"""The games of one Flink task: a game's session, kept in keyed state so that a checkpoint at any moment is exact.

State is written on every record, since a Python function gets no notice of a checkpoint: a list of the
records since the last snapshot, and every so many records a snapshot that begins the list anew. The session in memory is only a
cache of that; it is built from snapshot and list when a key is first met, which is exact because the operator is deterministic.
An append costs what the record weighs; the megabyte of a snapshot is paid once in many records.

Knows nothing of Flink: ``function.py`` gives it the state of the current key and its timers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import lz4.frame

from streaming.operator.health import HEALTH_VERSION, Health, encode_health
from streaming.operator.session import GameSession, Make
from streaming.operator.snapshot import MAX_BYTES
from streaming.wire import topics
from streaming.wire.blocks import Output
from streaming.wire.headers import GROUP, Headers, headers
from streaming.wire.messages import messages
from streaming.wire.records import Event
from streaming.wire.unpacking import lz4_frame

#: period of provisional values of a quiet feed, ms; timers lie on multiples of it, so that after a restore two become one again
TICK_MS: Final = 200
#: a game's health is published on every so many ticks
HEALTH_TICKS: Final = 5

#: how long after its end a game is known: a week, as long as a broker keeps records by default
KEEP_S: Final = 7 * 86_400.0
#: a timer that ends this far behind a multiple of ``TICK_MS`` is for a game's state to expire, ms
EXPIRY_MS: Final = 1

#: topic, key, message, headers; no message removes what a compacted topic has of the key
Row = tuple[str, bytes, bytes | None, dict[str, bytes]]


class SnapshotState(Protocol):
    """Of the current key: its newest snapshot, compressed."""

    def value(self) -> bytes | None: ...
    def update(self, value: bytes) -> None: ...
    def clear(self) -> None: ...


class LogState(Protocol):
    """Of the current key: the records since, with their stamps in microseconds."""

    def get(self) -> Iterable[tuple[int, bytes]] | None: ...
    def add(self, value: tuple[int, bytes]) -> None: ...
    def clear(self) -> None: ...


class KeyedGames:
    """``snapshot_every`` is the number of a game's records between two snapshots, ``runner`` the name on the operator page,
    ``now_us`` the wall clock in microseconds, ``group`` the consumer group that every message names."""

    def __init__(
        self,
        sport: str,
        make: Make,
        snapshot: SnapshotState,
        log: LogState,
        now_us: Callable[[], int],
        snapshot_every: int = 100,
        runner: str = "flink",
        group: str = "",
    ) -> None:
        self.sport, self.make, self.snapshot_every, self.runner = sport, make, snapshot_every, runner
        self._snapshot, self._log, self._now_us = snapshot, log, now_us
        self._group: Headers = ((GROUP, group.encode()),) if group else ()
        self._sessions: dict[str, GameSession] = {}
        self._logged: dict[str, int] = {}
        self._timed: set[str] = set()

    # -- what happens to the current key -----------------------------------------------------------------------------

    def take(
        self,
        game: str,
        raw: bytes,
        now_us: int,
        set_timer: Callable[[], None],
        set_expiry: Callable[[], None] = lambda: None,
    ) -> Iterator[Row]:
        """One record with the broker's stamp. ``set_timer`` sets one for the next multiple of ``TICK_MS``, ``set_expiry`` one for
        when the game, which has ended with this record, need not be known any more."""
        session = self._session(game)
        before, was_over = session.counted, session.phase == "over"
        out = session.take(raw, now_us)
        if session.phase == "waiting":
            self._forget(game)  # a key that never starts a game leaves nothing behind
        elif was_over:
            self._forget(game)  # a late record, which changes nothing
        else:
            self._keep(game, session, raw, now_us)
            if session.phase == "over":
                set_expiry()
            if session.phase == "on" and game not in self._timed:
                self._timed.add(game)
                set_timer()
        if out:
            published_us = self._now_us()
            if session.metrics is not None:
                session.metrics.published(*before, published_us - session.metrics.arrival_us)
            yield from self._rows(game, out, published_us)

    def tick(self, game: str, timestamp_ms: int, set_timer: Callable[[], None]) -> Iterator[Row]:
        """A timer of ``timestamp_ms``: for values of a quiet feed, or for the state of a game that ended long ago to expire. What
        the compacted topics have of such a game goes with it."""
        expiry = timestamp_ms % TICK_MS == EXPIRY_MS
        if not expiry:
            self._timed.discard(game)
        session = self._session(game)
        if session.phase != "on":
            self._forget(game)
            if expiry and session.phase == "over":
                self._snapshot.clear()
                self._log.clear()
                for topic in (topics.games(self.sport), topics.health(self.sport)):
                    yield topic, topics.key(game), None, dict(self._group)
            return
        if expiry:
            return  # of an earlier game of this name
        self._timed.add(game)
        set_timer()
        now_us = self._now_us()
        yield from self._rows(game, session.tick(now_us), now_us)
        if timestamp_ms // TICK_MS % HEALTH_TICKS == 0 and session.metrics is not None:
            health = Health.of(game, self.sport, self.runner, session.metrics, now_us)
            about = dict((*headers("health", HEALTH_VERSION, game), *self._group))
            yield topics.health(self.sport), topics.key(game), encode_health(health), about

    # -- state -------------------------------------------------------------------------------------------------------

    def _session(self, game: str) -> GameSession:
        """The game of the current key: from memory, else from the state."""
        session = self._sessions.get(game)
        if session is None:
            session = self._sessions[game] = GameSession(self.sport, game, self.make)
            snapshot = self._snapshot.value()
            if snapshot is not None:
                session.restore(lz4_frame(snapshot, MAX_BYTES, f"the snapshot of game {game!r}"))
            logged = 0
            for now_us, raw in self._log.get() or ():
                session.take(raw, now_us)  # its outputs have been published
                logged += 1
            self._logged[game] = logged
        return session

    def _forget(self, game: str) -> None:
        """The memory of a game that is not on; its state stays."""
        self._sessions.pop(game, None)
        self._logged.pop(game, None)

    def _keep(self, game: str, session: GameSession, raw: bytes, now_us: int) -> None:
        logged = self._logged.get(game, 0) + 1
        if logged >= self.snapshot_every or session.phase == "over":
            self._snapshot.update(lz4.frame.compress(session.snapshot()))
            self._log.clear()
            logged = 0
        else:
            self._log.add((now_us, raw))
        self._logged[game] = logged

    def _rows(self, game: str, out: Iterable[Output | Event], published_us: int) -> Iterator[Row]:
        for message in messages(self.sport, game, out, published_us):
            yield message.topic, topics.key(game), message.value, dict((*message.headers, *self._group))
