"""Games on Flink: a keyed process function around :class:`streaming.runners.flink.keyed_game.KeyedGames`, which has their state
and their outputs.
"""

from __future__ import annotations

import calendar
import importlib
import time
from collections.abc import Iterator
from typing import Any

from pyflink.common import Row, TypeInformation, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from streaming.runners.flink.keyed_game import EXPIRY_MS, KEEP_S, TICK_MS, KeyedGames
from streaming.runners.flink.state_bytes import LogBytes, SnapshotBytes
from streaming.runners.flink.watchdog import end_with_task_manager


class RawBytes(TypeInformation):  # type: ignore[misc]
    """Bytes as they are, where Python runs inside the TaskManager. Flink's own array of bytes becomes a tuple of numbers there, and
    fails on a state without a value; a type that its converters do not know is passed through. In Java it is an array of bytes."""


def raw_bytes(profile: str) -> TypeInformation:
    """The type of a state of bytes that are not pickled: ``profile`` is process or thread."""
    return RawBytes() if profile == "thread" else Types.PRIMITIVE_ARRAY(Types.BYTE())


class GameFunction(KeyedProcessFunction):  # type: ignore[misc]
    """Keyed by game: rows (key, record, broker's time) in, rows (topic, key, message, headers) out.

    Parameters
    ----------
    factory : name of a module with ``maker()``, which returns a ``streaming.factory.OperatorFactory``, and with ``prepare(sport,
        make)``, which loads all that such an operator calls before a game is on
    snapshot_every : records of a game between two snapshots
    profile : where Python runs: process, beside the TaskManager, or thread, inside it
    keep_s : how long after its end a game is known, so that its late records are refused as such
    group : consumer group of the job, which every message names
    """

    def __init__(
        self,
        sport: str,
        factory: str,
        snapshot_every: int = 100,
        profile: str = "process",
        keep_s: float = KEEP_S,
        group: str = "",
    ) -> None:
        self.sport, self.factory = sport, factory
        self.snapshot_every, self.profile, self.keep_s, self.group = snapshot_every, profile, keep_s, group

    def open(self, runtime_context: RuntimeContext) -> None:
        end_with_task_manager()
        factory = importlib.import_module(self.factory)
        self.make = factory.maker()
        factory.prepare(self.sport, self.make)
        self._games = KeyedGames(
            self.sport,
            self.make,
            SnapshotBytes(runtime_context.get_state(ValueStateDescriptor("snapshot", raw_bytes(self.profile)))),
            LogBytes(runtime_context.get_list_state(ListStateDescriptor("log", raw_bytes(self.profile)))),
            lambda: time.time_ns() // 1000,
            self.snapshot_every,
            f"flink, {self.profile} mode",
            self.group,
        )

    def close(self) -> None:
        if (make := getattr(self, "make", None)) is not None:
            make.close()

    # -- what Flink calls ------------------------------------------------------------------------------------------

    def process_element(self, value: Row, ctx: Any) -> Iterator[Row]:
        game, raw, stamp = value[0], bytes(value[1]), value[2]
        for row in self._games.take(game, raw, broker_us(stamp), lambda: _set_timer(ctx), lambda: self._set_expiry(ctx)):
            yield Row(*row)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Row]:
        game = ctx.get_current_key()
        game = game if isinstance(game, str) else game[0]
        for row in self._games.tick(game, timestamp, lambda: _set_timer(ctx)):
            yield Row(*row)

    def _set_expiry(self, ctx: Any) -> None:
        service = ctx.timer_service()
        due_ms = service.current_processing_time() + int(1000 * self.keep_s)
        service.register_processing_time_timer(due_ms // TICK_MS * TICK_MS + EXPIRY_MS)


def _set_timer(ctx: Any) -> None:
    service = ctx.timer_service()
    service.register_processing_time_timer((service.current_processing_time() // TICK_MS + 1) * TICK_MS)


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
