"""The event side of an operator: what happens from an event's arrival until everything that follows from it is final.

An event waits until its watermark has passed, and the frames it may look at. Then its stats are computed and it goes into the
ledger, in time order with the ticks: the readings of the ledger at every second that had rows or events. Until then it is shown
as it is known, with the next tick as it would be if nothing else arrived.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from features.core.event_context import EventContext
from streaming.errors import BadRecord
from streaming.operator.context import AHEAD_S, GameContext
from streaming.operator.events.corrections import Corrections
from streaming.operator.events.event_stats import EventStage
from streaming.operator.events.provisional import ProvisionalEvents
from streaming.operator.events.reorder_buffer import EventReorderBuffer
from streaming.operator.limits import MAX_CORRECTIONS, check_event
from streaming.operator.state_checks import FARTHEST_ROW, increasing, times, within
from streaming.operator.telemetry.framing import Framer
from streaming.operator.telemetry.grid import SECOND_US
from streaming.operator.telemetry.watermarks import NEVER
from streaming.wire.arrivals import FAR_US
from streaming.wire.blocks import Output
from streaming.wire.records import Event

Ints = npt.NDArray[np.int64]
#: where more than so many events wait, those that are so much older than the newest (no feed may be later than a minute) wait no
#: longer for tracking. In a pause like half-time there are far fewer, and they wait for the tracking after it
MOST_SILENT: Final = 256
SILENT_S: Final = 120.0


class FinalizerState(msgspec.Struct):
    """What the next record may depend on."""

    waiting: list[Event]
    settled: dict[str, int]
    active: list[int]
    ticked: int
    tick_revisions: dict[int, int]
    event_revisions: dict[str, int]
    silent_us: int = NEVER
    corrected: int = 0


class EventFinalizer:
    """Events and ticks of one game on their way to being final; with ``provisional``, events are shown before.

    Attributes
    ----------
    active : seconds that had rows or events and whose ticks are not issued yet, in order
    ticked : the last second whose tick is
    waiting : waiting events, each with the facts under which it is shown; nothing final depends on those
    silent_us : events up to here are settled without tracking, which has been silent for longer
    corrected : how many settled events have been replaced
    """

    def __init__(self, game: GameContext, stage: EventStage, framer: Framer, provisional: bool) -> None:
        self.stage, self.framer, self.clock, self.grid, self.metrics = stage, framer, game.clock, game.grid, game.metrics
        self.game, self.provisional, self._most_bytes = game.game, provisional, game.events_bytes
        self.buffer = EventReorderBuffer()
        self.corrections = Corrections(game, stage, self.buffer)
        self.waiting = ProvisionalEvents(stage, game.grid)
        self.active: list[int] = []
        self.ticked = 0
        self.silent_us = NEVER
        self.corrected = 0

    def admit(self, event: Event, now_us: int, out: list[Output]) -> bool:
        """An event has arrived; ``BadRecord`` when it cannot be used, False when it brings nothing new."""
        if not event.arrival_us:
            event = msgspec.structs.replace(event, arrival_us=now_us)
        self.clock.arrived(event.arrival_us)
        self.metrics.arrival_us = self.clock.now_us
        if event.t_us < self.grid.t0_us - FAR_US:
            raise BadRecord("long before the game", f"event {event.id}")
        context = self.stage.context(event)
        limit_us = self._limit_us()
        self._check_room(event)
        self.corrections.check(event, limit_us)
        verdict = self.buffer.offer(event, limit_us)
        if verdict == "late":
            raise BadRecord("late", f"event {event.id}")
        if verdict in ("duplicate", "superseded"):
            self.metrics.counts["duplicate", "event"] += 1
            return False
        self.clock.saw_event(event.t_us)
        self.metrics.counts["accepted", "event"] += 1
        self.metrics.event_us = max(self.metrics.event_us, event.t_us)
        before = self.waiting.forget(event.id)
        if verdict == "correction":
            self.corrected += 1
            out.extend(self.corrections.correct(event, context, limit_us))
        if event.id in self.buffer.waiting and not event.deleted:
            self.waiting.wait(event, context)
        if verdict == "correction":
            return True
        if self.provisional and not event.deleted:
            self.waiting.show(event, self.buffer.waiting, out)
        if before is not None:
            # What was on the screen of the event's earlier version, and does not hold any more.
            kept = self.stage.issued(context) if event.id in self.waiting.shown else {}
            gone = {k: v for k, v in self.stage.issued(before).items() if kept.get(k) != v}
            out.extend(self.stage.reissue(before, event.arrival_us, 0, gone, empty=True, quality="provisional"))
        self.release(out, self.clock.now_us)
        return True

    def _context(self, event: Event) -> EventContext:
        """Of a waiting event: built when it arrived, or when this operator took over a snapshot in which it waits."""
        return self.waiting.contexts.get(event.id) or self.stage.context(event)

    def _limit_us(self) -> int:
        """Events up to here are settled: their watermark has passed, and so have the frames they may look at."""
        limit = self.clock.event_watermark_us
        return min(limit, max(self._tracked_us(), self.silent_us)) if self.stage.has_tracking else limit

    def _tracked_us(self) -> int:
        """Up to here an event has every frame that it may look at."""
        return self.framer.until_us - self.stage.sync_us - int(AHEAD_S * SECOND_US)

    def silence(self) -> bool:
        """Whether many events wait for tracking that is not to be expected any more: then they are settled without it, by the next
        ``release``. To be asked when all tracking that has arrived is framed."""
        if len(self.buffer.waiting) <= MOST_SILENT:
            return False
        silent_us = self.clock.event_watermark_us - int(SILENT_S * SECOND_US)
        if not self.stage.has_tracking or silent_us <= max(self._tracked_us(), self.silent_us):
            return False
        self.silent_us = silent_us
        return True

    def _check_room(self, event: Event) -> None:
        """``BadRecord`` when the event is one more than a game takes."""
        buffer = self.buffer
        if event.id in buffer.settled:
            if event.revision > buffer.settled[event.id] and self.corrected >= MAX_CORRECTIONS:
                raise BadRecord("too many corrections", f"event {event.id}: {self.corrected:,} were made in this game")
            waiting = 0
        else:
            waiting = len(buffer.waiting) - (event.id in buffer.waiting)
        check_event(event, waiting, buffer.kept_bytes + self.stage.ledger.kept_bytes, self._most_bytes)

    def release(self, out: list[Output], ingress_us: int) -> None:
        """Settle events and ticks in time order up to the limit; a tick sees every event at or before it."""
        limit = self._limit_us()
        due = self.buffer.due(limit)
        first_tick_us = self.grid.second_us(self.active[0]) if self.active else limit + 1
        if not due and first_tick_us > limit:
            return
        self.waiting.released(limit)
        stage, ledger = self.stage, self.stage.ledger
        seconds: list[int] = []
        values: list[list[Any]] = []
        for event in [*due, None]:
            bound = event.t_us if event else limit + 1
            while self.active and self.grid.second_us(self.active[0]) < bound:
                second = self.active.pop(0)
                seconds.append(second)
                values.append(stage.ticks.read(ledger.live, second, ledger.version))
                ledger.ticked(second)
                self.ticked = second
            if event is not None:
                context = self._context(event)
                self.waiting.forget(event.id)
                context.reset()
                out.extend(stage.compute(event, context, ledger.live, "final", self.corrections.first(event)))
                ledger.add(context)
                self.metrics.events += 1
                second = self.grid.second_at_or_after(event.t_us)
                if second > self.ticked:
                    self._activate(second)
        if seconds:
            out.extend(stage.ticks.blocks(seconds, values, ingress_us, "final", stage.seen_us))

    def rows_computed(self, t_us: Ints, grid_row: Ints) -> None:
        """The seconds whose rows have just been computed will get their ticks."""
        if int(grid_row[-1]) - int(grid_row[0]) == len(grid_row) - 1:
            oldest, newest = self.grid.second_at_or_after(int(t_us[0])), self.grid.second_at_or_after(int(t_us[-1]))
            if oldest == newest == (self.active[-1] if self.active else 0):
                return
            seconds = list(range(oldest, newest + 1))
        else:  # there is a gap in between, and nothing ticks in a gap
            seconds = [self.grid.second_at_or_after(t) for t in t_us.tolist()]
        for second in seconds:
            if second > self.ticked:
                self._activate(second)

    def _activate(self, second: int) -> None:
        at = bisect_left(self.active, second)
        if at == len(self.active) or self.active[at] != second:
            self.active.insert(at, second)

    def dump(self) -> FinalizerState:
        """All but the contexts, which follow from the events."""
        waiting, settled = self.buffer.dump()
        return FinalizerState(
            waiting,
            settled,
            self.active,
            self.ticked,
            self.corrections.ticks,
            self.corrections.events,
            self.silent_us,
            self.corrected,
        )

    def load(self, state: FinalizerState) -> None:
        """The inverse of :meth:`dump`."""
        increasing(state.active, state.ticked + 1, "its open ticks")
        times([state.silent_us], "the end of silence")
        within([state.ticked, *state.tick_revisions], -FARTHEST_ROW, FARTHEST_ROW, "a tick")
        within([state.corrected], 0, FARTHEST_ROW, "the number of corrections")
        for event in state.waiting:
            if event.game != self.game:
                raise ValueError(f"event {event.id} is of another game")
        self.buffer.load(state.waiting, state.settled)
        self.active, self.ticked = state.active, state.ticked
        self.corrections.ticks, self.corrections.events = state.tick_revisions, state.event_revisions
        self.silent_us, self.corrected = state.silent_us, state.corrected
        self.waiting.clear()
        for event in state.waiting:
            if not event.deleted:
                self.waiting.wait(event, self.stage.context(event))
