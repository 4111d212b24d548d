"""A game on Flink: one keyed process function around the same :class:`streaming.operator.session.GameSession` that every runner
keeps.

State is written on every record, since a Python function gets no notice of a checkpoint: a list of the
records since the last snapshot, and every so many records a snapshot that begins the list anew. The session in memory is only a
cache of that; it is built from snapshot and list when a key is first met, which is exact because the operator is deterministic.
An append costs what the record weighs; the megabyte of a snapshot is paid once in many records.
"""

from __future__ import annotations

import calendar
import importlib
import time
from collections.abc import Iterator
from typing import Any, Final

import lz4.frame
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from streaming.operator.health import Health, encode_health
from streaming.operator.session import GameSession
from streaming.operator.snapshot import MAX_BYTES
from streaming.runners.flink.watchdog import end_with_task_manager
from streaming.wire import topics
from streaming.wire.messages import messages
from streaming.wire.unpacking import lz4_frame

#: period of provisional values of a quiet feed, ms; timers lie on multiples of it, so that after a restore two become one again
TICK_MS: Final = 200
#: a game's health is published on every so many ticks
HEALTH_TICKS: Final = 5


class GameFunction(KeyedProcessFunction):  # type: ignore[misc]
    """Keyed by game: rows (key, record, broker's time) in, rows (topic, key, message) out.

    Parameters
    ----------
    factory : name of a module with ``maker()``, which returns a ``streaming.factory.OperatorFactory``, and with ``prepare(sport,
        make)``, which loads all that such an operator calls before a game is on
    snapshot_every : records of a game between two snapshots
    runner : what the operator page calls it
    """

    def __init__(
        self,
        sport: str,
        factory: str,
        snapshot_every: int = 100,
        runner: str = "flink",
    ) -> None:
        self.sport, self.factory = sport, factory
        self.snapshot_every, self.runner = snapshot_every, runner

    def open(self, runtime_context: RuntimeContext) -> None:
        end_with_task_manager()
        factory = importlib.import_module(self.factory)
        self.make = factory.maker()
        factory.prepare(self.sport, self.make)
        # A plain byte array state cannot hold "nothing": pickled ones can.
        self._snapshot = runtime_context.get_state(ValueStateDescriptor("snapshot", Types.PICKLED_BYTE_ARRAY()))
        self._log = runtime_context.get_list_state(ListStateDescriptor("log", Types.PICKLED_BYTE_ARRAY()))
        self._sessions: dict[str, GameSession] = {}
        self._logged: dict[str, int] = {}
        self._timed: set[str] = set()

    def close(self) -> None:
        if (make := getattr(self, "make", None)) is not None:
            make.close()

    # -- what Flink calls ------------------------------------------------------------------------------------------

    def process_element(self, value: Row, ctx: Any) -> Iterator[Row]:
        game, raw, stamp = value[0], bytes(value[1]), value[2]
        session = self._session(game)
        now_us = broker_us(stamp)
        before = session.counted
        out = session.take(raw, now_us)
        if session.phase == "waiting":
            del self._sessions[game]  # a key that never starts a game leaves nothing behind
        else:
            self._keep(game, session, raw, now_us)
            if session.phase == "on" and game not in self._timed:
                self._time(game, ctx)
        if out:
            published_us = time.time_ns() // 1000
            if session.metrics is not None:
                session.metrics.published(*before, published_us - session.metrics.arrival_us)
            yield from self._rows(game, out, published_us)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Row]:
        game = ctx.get_current_key()
        game = game if isinstance(game, str) else game[0]
        self._timed.discard(game)
        session = self._session(game)
        if session.phase != "on":
            self._sessions.pop(game, None)
            return
        self._time(game, ctx)
        now_us = time.time_ns() // 1000
        yield from self._rows(game, session.tick(now_us), now_us)
        if timestamp // TICK_MS % HEALTH_TICKS == 0 and session.metrics is not None:
            health = Health.of(game, self.sport, self.runner, session.metrics, now_us)
            yield Row(topics.health(self.sport), topics.key(game), encode_health(health))

    # -- state -----------------------------------------------------------------------------------------------------

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

    def _keep(self, game: str, session: GameSession, raw: bytes, now_us: int) -> None:
        logged = self._logged.get(game, 0) + 1
        if logged >= self.snapshot_every or session.phase == "over":
            self._snapshot.update(lz4.frame.compress(session.snapshot()))
            self._log.clear()
            logged = 0
        else:
            self._log.add((now_us, raw))
        self._logged[game] = logged

    def _time(self, game: str, ctx: Any) -> None:
        service = ctx.timer_service()
        service.register_processing_time_timer((service.current_processing_time() // TICK_MS + 1) * TICK_MS)
        self._timed.add(game)

    def _rows(self, game: str, out: Any, published_us: int) -> Iterator[Row]:
        for message in messages(self.sport, game, out, published_us):
            yield Row(message.topic, topics.key(game), message.value)


def broker_us(stamp: str | None) -> int:
    """The broker's time of a record, microseconds, from its text in UTC (2026-01-31 12:00:00.123); 0 when it has none."""
    if not stamp:
        return 0
    whole = calendar.timegm(
        (
            int(stamp[0:4]),
            int(stamp[5:7]),
            int(stamp[8:10]),
            int(stamp[11:13]),
            int(stamp[14:16]),
            int(stamp[17:19]),
        )
    )
    return whole * 1_000_000 + int((stamp[20:] + "000000")[:6])
