"""The event side of an operator: what happens from an event's arrival until everything it says is final.

An event waits until its watermark has passed, and the frames it may look at. Then it is worked out and goes into the account, in
time order with the ticks: the readings of the account at every second that had rows or events. Until then it is shown as it is
known, with the next tick as it would be if nothing else came.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from features.core.event_context import EventContext
from streaming.errors import BadRecord
from streaming.operator.events.corrections import Corrections
from streaming.operator.events.event_stats import AHEAD_S, EventStage
from streaming.operator.events.reorder_buffer import EventReorderBuffer, order
from streaming.operator.metrics import OperatorMetrics
from streaming.operator.telemetry.framing import Framer
from streaming.operator.telemetry.grid import SECOND_US, Grid
from streaming.operator.telemetry.watermarks import GameClock
from streaming.wire.blocks import Output
from streaming.wire.records import Event, GameRecord

Ints = npt.NDArray[np.int64]


class EventFinalizer:
    """Events and ticks of one game on their way to being final; with ``provisional``, events are shown before.

    Attributes
    ----------
    active : seconds that had rows or events and whose ticks are not issued yet, in order
    ticked : the last second whose tick is
    moments : facts of waiting events as they are shown; nothing final depends on them
    """

    def __init__(
        self,
        game: GameRecord,
        stage: EventStage,
        framer: Framer,
        clock: GameClock,
        grid: Grid,
        meters: OperatorMetrics,
        provisional: bool,
    ) -> None:
        self.stage, self.framer, self.clock, self.meters = stage, framer, clock, meters
        self.t0_us, self.provisional = game.t0_us, provisional
        self.book = EventReorderBuffer()
        self.corrections = Corrections(stage, self.book, clock, grid)
        self.active: list[int] = []
        self.ticked = 0
        self.moments: dict[str, tuple[Event, EventContext]] = {}

    def take(self, event: Event, now_us: int, out: list[Output]) -> bool:
        """An event has arrived; ``BadRecord`` when it cannot be used, False when it says nothing new."""
        if not event.arrival_us:
            event = msgspec.structs.replace(event, arrival_us=now_us)
        self.clock.arrived(event.arrival_us)
        self.meters.arrival_us = self.clock.now_us
        if not self.clock.believes(event.t_us, event.arrival_us):
            raise BadRecord("clock ahead of arrival", f"event {event.id}")
        self.stage.moment(event)  # raises when it names nobody
        limit_us = self._limit_us()
        self.corrections.check(event, limit_us)
        verdict = self.book.offer(event, limit_us)
        if verdict == "late":
            raise BadRecord("late", f"event {event.id}")
        if verdict in ("duplicate", "superseded"):
            self.meters.counts["duplicate", "event"] += 1
            return False
        self.clock.saw_event(event.t_us)
        self.meters.counts["accepted", "event"] += 1
        self.meters.event_us = max(self.meters.event_us, event.t_us)
        shown = self.moments.pop(event.id, None)
        if verdict == "correction":
            out.extend(self.corrections.correct(event, limit_us, self.framer.seen_us))
            return True
        if self.provisional and not event.deleted:
            self._show(event, out)
        if shown is not None:
            # What was on the screen of the event as it was first told, and is not true of it any more.
            now = self.moments.get(event.id)
            kept = {} if now is None else self.stage.issued(now[1])
            gone = {k: v for k, v in self.stage.issued(shown[1]).items() if kept.get(k) != v}
            out.extend(self.stage.again(shown[1], event.arrival_us, 0, gone, empty=True, quality="provisional"))
        self.release(out, self.clock.now_us)
        return True

    def _limit_us(self) -> int:
        """Events up to here are settled: their watermark has passed, and so have the frames they may look at."""
        limit = self.clock.event_watermark_us
        if self.stage.has_tracking:
            limit = min(limit, self.framer.until_us - self.stage.sync_us - int(AHEAD_S * SECOND_US))
        return limit

    def release(self, out: list[Output], ingress_us: int) -> None:
        """Settle events and ticks in time order up to the limit; a tick sees every event at or before it."""
        limit = self._limit_us()
        due = self.book.due(limit)
        first_tick_us = self.t0_us + self.active[0] * SECOND_US if self.active else limit + 1
        if not due and first_tick_us > limit:
            return
        stage, account = self.stage, self.stage.account
        seconds: list[int] = []
        values: list[list[Any]] = []
        for event in [*due, None]:
            bound = event.t_us if event else limit + 1
            while self.active and self.t0_us + self.active[0] * SECOND_US < bound:
                second = self.active.pop(0)
                seconds.append(second)
                values.append(stage.ticks.read(account.ledger, second, account.version))
                account.ticked(second)
                self.ticked = second
            if event is not None:
                self.moments.pop(event.id, None)
                moment = stage.moment(event)
                out.extend(stage.work_out(event, moment, account.ledger, "final", self.corrections.first(event)))
                account.add(moment)
                self.meters.events += 1
                second = -((self.t0_us - event.t_us) // SECOND_US)
                if second > self.ticked:
                    self._activate(second)
        if seconds:
            out.extend(stage.ticks.blocks(seconds, values, ingress_us, "final", self.framer.seen_us))

    def _show(self, event: Event, out: list[Output]) -> None:
        """Provisional stats of an event, and of the next tick as it would be if nothing else came."""
        stage = self.stage
        ledger = stage.account.fork()
        newest_us = event.t_us
        for waiting in sorted((e for e in self.book.waiting.values() if not e.deleted), key=order):
            known = self.moments.get(waiting.id)
            if known is not None and known[0] is waiting:
                moment = known[1]
            else:
                moment = stage.moment(waiting)
                blocks = stage.work_out(waiting, moment, ledger, "provisional")
                moment.frames = None
                self.moments[waiting.id] = (waiting, moment)
                if waiting is event:
                    out.extend(blocks)
            stage.apply(moment, ledger)
            # Later events may have come first: the tick is the one after all that is known.
            newest_us = waiting.t_us
        second = -((self.t0_us - newest_us) // SECOND_US)
        values = stage.ticks.read(ledger, second)
        out.extend(stage.ticks.blocks([second], [values], event.arrival_us, "provisional", self.framer.seen_us))

    def passed(self, t_us: Ints, grid_row: Ints) -> None:
        """The seconds whose rows have just been computed will get their ticks."""
        t0_us = self.t0_us
        if int(grid_row[-1]) - int(grid_row[0]) == len(grid_row) - 1:
            oldest, newest = -((t0_us - int(t_us[0])) // SECOND_US), -((t0_us - int(t_us[-1])) // SECOND_US)
            if oldest == newest == (self.active[-1] if self.active else 0):
                return
            seconds = list(range(oldest, newest + 1))
        else:  # there is a gap in between, and nothing ticks in a gap
            seconds = np.unique(-((t0_us - t_us) // SECOND_US)).tolist()
        for second in seconds:
            if second > self.ticked:
                self._activate(second)

    def _activate(self, second: int) -> None:
        at = bisect_left(self.active, second)
        if at == len(self.active) or self.active[at] != second:
            self.active.insert(at, second)
