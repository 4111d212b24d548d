"""The order of events: waiting ones by time, settled ones by id, so that a correction is no duplicate."""

from __future__ import annotations

import heapq
from typing import Final, Literal

import msgspec

from streaming.wire.bounds import event_bytes
from streaming.wire.records import Event

Verdict = Literal["new", "replaced", "duplicate", "superseded", "correction", "late"]
#: an id among the settled ones, besides its text
_ID_BYTES: Final = 24


class EventReorderBuffer:
    """Events of one game. ``waiting`` are not yet passed by the watermark; ``settled`` maps released ids to revisions;
    ``kept_bytes`` is about what both take in a snapshot."""

    def __init__(self) -> None:
        self.waiting: dict[str, Event] = {}
        self.settled: dict[str, int] = {}
        self.kept_bytes = 0
        #: (time, id) of what waits; what waits no more, or at another time, is passed over when it comes up
        self._heap: list[tuple[int, str]] = []

    def offer(self, event: Event, watermark_us: int) -> Verdict:
        """Note ``event`` and classify it.

        "correction" means that the game has gone on without it: the caller re-issues what it touched. "late" is an
        unknown event whose time has been closed; it is not kept here.
        """
        known = self.settled.get(event.id)
        if known is not None:
            if event.revision <= known:
                return "duplicate"
            self.settled[event.id] = event.revision
            return "correction"
        waiting = self.waiting.get(event.id)
        if waiting is None:
            if event.t_us <= watermark_us:
                return "late"
            self._wait(event)
            return "new"
        if _rank(event) == _rank(waiting):
            return "duplicate"
        if _rank(event) < _rank(waiting):
            return "superseded"
        if event.t_us <= watermark_us:
            # Corrected into the settled past before it was released itself.
            self._settle(event)
            return "correction"
        self._wait(event)
        return "replaced"

    def due(self, until_us: int) -> list[Event]:
        """Release the events at or before ``until_us``, in (time, id) order; withdrawn ones settle without being seen."""
        heap, ready = self._heap, []
        while heap and heap[0][0] <= until_us:
            t_us, ident = heapq.heappop(heap)
            event = self.waiting.get(ident)
            if event is not None and event.t_us == t_us:
                self._settle(event)
                ready.append(event)
        return [event for event in ready if not event.deleted]

    def reopen(self, event: Event) -> None:
        """A settled event has moved into the time that is still open: it waits again."""
        if self.settled.pop(event.id, None) is not None:
            self.kept_bytes -= len(event.id) + _ID_BYTES
        self._wait(event)

    def _wait(self, event: Event) -> None:
        before = self.waiting.get(event.id)
        self.kept_bytes += event_bytes(event) - (0 if before is None else event_bytes(before))
        self.waiting[event.id] = event
        if before is None or before.t_us != event.t_us:
            heapq.heappush(self._heap, order(event))
            if len(self._heap) > 2 * len(self.waiting) + 64:  # an event that is moved again and again leaves its former times
                self._heap = [order(waiting) for waiting in self.waiting.values()]
                heapq.heapify(self._heap)

    def _settle(self, event: Event) -> None:
        self.kept_bytes += len(event.id) + _ID_BYTES - event_bytes(self.waiting.pop(event.id))
        self.settled[event.id] = event.revision

    def dump(self) -> tuple[list[Event], dict[str, int]]:
        return sorted(self.waiting.values(), key=order), self.settled

    def load(self, waiting: list[Event], settled: dict[str, int]) -> None:
        """The inverse of :meth:`dump`; ``ValueError`` when an event waits that is settled, or waits twice."""
        self.waiting = {event.id: event for event in waiting}
        self.settled = dict(settled)
        if len(self.waiting) != len(waiting) or not self.waiting.keys().isdisjoint(self.settled):
            raise ValueError("an event waits twice, or is settled and waits")
        self._heap = [order(event) for event in waiting]
        heapq.heapify(self._heap)
        self.kept_bytes = sum(map(event_bytes, waiting)) + sum(len(ident) + _ID_BYTES for ident in self.settled)


def order(event: Event) -> tuple[int, str]:
    return event.t_us, event.id


def _rank(event: Event) -> tuple[int, bytes]:
    """Which of two versions holds: the higher revision; between two that claim the same one, an order that does not
    depend on arrival."""
    return event.revision, msgspec.json.encode(msgspec.structs.replace(event, arrival_us=0))
