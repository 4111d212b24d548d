"""Waiting events as they are shown before they are final: each with the ledger as it would be if nothing else arrived.

The ledger after all that waits is kept, so that the next event costs what it is itself and not what waits before it. An event that
lies before others makes it necessary to fold them again; while very many wait that is left out, and such an event is shown when it
is final. Nothing final depends on any of this.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from typing import Any, Final

from features.core.event_context import EventContext
from streaming.operator.events.event_stats import EventStage
from streaming.operator.events.reorder_buffer import order
from streaming.operator.telemetry.grid import Grid
from streaming.wire.blocks import Output
from streaming.wire.records import Event

#: so many waiting events are folded again for one that lies before others; a busy minute has some fifty
MOST_FOLDED: Final = 512


class ProvisionalEvents:
    """``shown`` are the ids of waiting events that are shown; ``contexts`` those of all waiting events, with their facts."""

    def __init__(self, stage: EventStage, grid: Grid) -> None:
        self.stage, self.grid = stage, grid
        self.contexts: dict[str, EventContext] = {}
        self.shown: set[str] = set()
        #: (time, id) of what waits and is not withdrawn, in order
        self._order: list[tuple[int, str]] = []
        self._t_us: dict[str, int] = {}
        # the live ledger of ``_version`` with the first ``_folded`` of them applied; None: to be folded again
        self._ledger: Any = None
        self._folded = self._version = 0

    def wait(self, event: Event, context: EventContext) -> None:
        """The event waits from now on, or another version of it."""
        self._remove(event.id)
        self.contexts[event.id] = context
        self._t_us[event.id] = event.t_us
        key = order(event)
        if self._ledger is not None and bisect_left(self._order, key) < self._folded:
            self._ledger = None
        insort(self._order, key)

    def forget(self, event_id: str) -> EventContext | None:
        """An event waits no more, or is replaced by another version of it; its context if it was shown."""
        self._remove(event_id)
        context = self.contexts.pop(event_id, None)
        if event_id not in self.shown:
            return None
        self.shown.remove(event_id)
        return context

    def released(self, until_us: int) -> None:
        """Nothing at or before ``until_us`` waits any more."""
        gone = bisect_right(self._order, until_us, key=lambda key: key[0])
        if gone:
            for _, ident in self._order[:gone]:
                del self._t_us[ident]
            del self._order[:gone]
            self._ledger = None

    def clear(self) -> None:
        self.contexts.clear()
        self.shown.clear()
        self._order.clear()
        self._t_us.clear()
        self._ledger = None

    def show(self, event: Event, waiting: Mapping[str, Event], out: list[Output]) -> None:
        """Provisional stats of an event, and of the next tick as it would be if nothing else arrived."""
        stage = self.stage
        if self._ledger is None or self._version != stage.ledger.version:
            if len(self._order) > MOST_FOLDED:
                return
            self._ledger, self._folded, self._version = stage.ledger.fork(), 0, stage.ledger.version
        ledger = self._ledger
        self._ledger = None  # nothing half folded is kept, should a feature fail
        for _, ident in self._order[self._folded :]:
            one, context = waiting[ident], self.contexts[ident]
            if ident not in self.shown:
                blocks = stage.compute(one, context, ledger, "provisional")
                context.frames = None
                self.shown.add(ident)
                if one is event:
                    out.extend(blocks)
            stage.apply(context, ledger)
        self._ledger, self._folded = ledger, len(self._order)
        # Events that lie later may have arrived first: the tick is the one after all that is known.
        second = self.grid.second_at_or_after(self._order[-1][0])
        values = stage.ticks.read(ledger, second)
        out.extend(stage.ticks.blocks([second], [values], event.arrival_us, "provisional", stage.seen_us))

    def _remove(self, event_id: str) -> None:
        t_us = self._t_us.pop(event_id, None)
        if t_us is None:
            return
        at = bisect_left(self._order, (t_us, event_id))
        del self._order[at]
        if at < self._folded:
            self._ledger = None
        self._folded = min(self._folded, len(self._order))
