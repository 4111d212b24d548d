"""The order of events: waiting ones by time, settled ones by id, so that a correction is no duplicate."""

from __future__ import annotations

from typing import Literal

import msgspec

from streaming.wire.records import Event

Verdict = Literal["new", "replaced", "duplicate", "superseded", "correction", "late"]


class EventReorderBuffer:
    """Events of one game. ``waiting`` are not yet passed by the watermark; ``settled`` maps released ids to revisions."""

    def __init__(self) -> None:
        self.waiting: dict[str, Event] = {}
        self.settled: dict[str, int] = {}

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
            self.waiting[event.id] = event
            return "new"
        if _rank(event) == _rank(waiting):
            return "duplicate"
        if _rank(event) < _rank(waiting):
            return "superseded"
        if event.t_us <= watermark_us:
            # Corrected into the settled past before it was released itself.
            del self.waiting[event.id]
            self.settled[event.id] = event.revision
            return "correction"
        self.waiting[event.id] = event
        return "replaced"

    def due(self, until_us: int) -> list[Event]:
        """Release the events at or before ``until_us``, in (time, id) order; withdrawn ones settle without being seen."""
        if not self.waiting:
            return []
        ready = sorted((e for e in self.waiting.values() if e.t_us <= until_us), key=order)
        for event in ready:
            del self.waiting[event.id]
            self.settled[event.id] = event.revision
        return [event for event in ready if not event.deleted]

    def reopen(self, event: Event) -> None:
        """A settled event has moved into the time that is still open: it waits again."""
        self.settled.pop(event.id, None)
        self.waiting[event.id] = event

    def dump(self) -> tuple[list[Event], dict[str, int]]:
        return sorted(self.waiting.values(), key=order), self.settled

    def load(self, waiting: list[Event], settled: dict[str, int]) -> None:
        self.waiting = {event.id: event for event in waiting}
        self.settled = dict(settled)


def order(event: Event) -> tuple[int, str]:
    return event.t_us, event.id


def _rank(event: Event) -> tuple[int, bytes]:
    """Which of two versions holds: the higher revision; between two that claim the same one, an order that does not
    depend on arrival."""
    return event.revision, msgspec.json.encode(msgspec.structs.replace(event, arrival_us=0))
