"""Changing the settled past: an event is put right, and the finals that it touched are issued again, one revision up."""

from __future__ import annotations

from features.core.event_context import EventContext
from streaming.errors import BadRecord
from streaming.operator.context import REREAD_S, GameContext
from streaming.operator.events.event_stats import EventStage
from streaming.operator.events.periodic_stats import Reissue
from streaming.operator.events.reorder_buffer import EventReorderBuffer
from streaming.operator.inference.client import PendingInference, same
from streaming.operator.telemetry.grid import SECOND_US
from streaming.wire.blocks import Output
from streaming.wire.records import Event


class Corrections:
    """``events`` and ``ticks`` count how often the finals of an event, or of a tick's second, have been issued again."""

    def __init__(self, game: GameContext, stage: EventStage, buffer: EventReorderBuffer) -> None:
        self.stage, self.buffer, self.clock, self.grid = stage, buffer, game.clock, game.grid
        self.events: dict[str, int] = {}
        self.ticks: dict[int, int] = {}

    def revision(self, event_id: str, at_least: int = 0) -> int:
        """The next revision of an event's finals."""
        self.events[event_id] = max(at_least, self.events.get(event_id, -1) + 1)
        return self.events[event_id]

    def first(self, event: Event) -> int:
        """The revision under which a released event goes out: 0, unless it has been out before."""
        return self.revision(event.id) if event.id in self.events else 0

    def check(self, event: Event, limit_us: int) -> None:
        """``BadRecord`` when the event would change what can no longer be replayed; nothing has been noted by then."""
        ledger = self.stage.ledger
        settled = event.id in self.buffer.settled
        if not settled and not (event.id in self.buffer.waiting and event.t_us <= limit_us):
            return
        if settled and event.revision <= self.buffer.settled[event.id]:
            return
        old = ledger.find(event.id)
        moved_back = event.t_us <= limit_us and not ledger.reaches(self.grid.seconds(event.t_us))
        if event.id in ledger.aged or moved_back or (old is not None and not ledger.reaches(old.t_s)):
            raise BadRecord("correction too late", f"event {event.id} lies beyond what can be replayed")

    def correct(self, event: Event, context: EventContext, limit_us: int) -> list[Output]:
        """Replace the event by what is reported now, ``context``; ``limit_us`` is how far the game is settled."""
        stage, ledger = self.stage, self.stage.ledger
        old = ledger.find(event.id)
        if event.t_us > limit_us and not event.deleted:
            # It has moved into what is still open: out of the ledger, and back to those that wait.
            self.buffer.reopen(event)
            if old is None:
                return []
            revision = self.revision(event.id, 1)
            return [*self._withdraw(old, set(), event, revision), *self._replay(event, None)]
        new = None if event.deleted else context
        if new is None and old is None:
            return []
        revision = self.revision(event.id, max(1, event.revision))
        out: list[Output] = []
        if new is not None:
            recent = event.t_us > self.clock.event_watermark_us - int(REREAD_S * SECOND_US)
            before = ledger.before(new.t_s, event.id)
            if old is not None and old.type == new.type and not recent:
                new.facts, new.answered_by, new.offset_s = dict(old.facts), dict(old.answered_by), old.offset_s
                # the frames are not read again, but what the ledger makes of the event follows from what is reported now
                new.facts.update(stage.ledger_stats(before, new))
                out.extend(stage.reissue(new, event.arrival_us, revision, stage.issued(new)))
            else:
                out.extend(stage.compute(event, new, before, "final", revision, read_frames=recent))
        if old is not None:
            kept = set() if new is None else set(stage.issued(new).items())
            out.extend(self._withdraw(old, kept, event, revision))
        out.extend(self._replay(event, new))
        return out

    def _withdraw(self, old: EventContext, kept: set[tuple[str, str]], event: Event, revision: int) -> list[Output]:
        """Values that the old event had and the new one has not: the same ids, no value."""
        gone = {stat: subject for stat, subject in self.stage.issued(old).items() if (stat, subject) not in kept}
        return self.stage.reissue(old, event.arrival_us, revision, gone, empty=True)

    def _replay(self, event: Event, new: EventContext | None) -> list[Output]:
        """Put it in the ledger, and issue again the ticks and the later events' stats that it changes."""
        stage = self.stage
        ticks, others = stage.ledger.replace(event.id, new, stage.ticks.read, stage.ledger_stats)
        seconds, values, revisions = [], [], []
        pairs = [(list(before), list(after)) for _, before, after in ticks]
        # A held value stands for the ticks after it, too: the first one after a change is issued again, though it is as it was.
        changing = [False] * len(stage.ticks.items)
        for before, after in pairs:
            for j, value in enumerate(after):
                if value is None:
                    continue
                if not same(before[j], value):
                    changing[j] = stage.ticks.items[j].rows.held
                elif changing[j]:
                    before[j], changing[j] = None, False
                elif isinstance(value, PendingInference):
                    before[j] = after[j] = None
        # what else models are to answer is inferred together, as it was and as it is, so that one model has answered both
        stage.ticks.resolve([values for pair in pairs for values in pair])
        for (second, _, _), (before, after) in zip(ticks, pairs):
            changed = [b if not same(a, b) else None for a, b in zip(before, after)]
            if any(value is not None for value in changed):
                self.ticks[second] = self.ticks.get(second, 0) + 1
                seconds.append(second)
                values.append(changed)
                revisions.append(self.ticks[second])
        last = ticks[-1][0] if ticks else 0
        out = stage.ticks.blocks(seconds, values, event.arrival_us, "final", stage.seen_us, Reissue(revisions, last))
        for other, before, after in others:
            changed_stats = {stat for stat in after if not same(before.get(stat), after[stat])}
            if not changed_stats:
                continue
            # its earlier values count too: a value that is gone is taken back
            subjects = stage.issued(other)
            other.facts.update({stat: after[stat] for stat in changed_stats})
            subjects |= stage.issued(other)
            again = {stat: subjects[stat] for stat in changed_stats if stat in subjects}
            out.extend(stage.reissue(other, event.arrival_us, self.revision(other.id, 1), again))
        return out
