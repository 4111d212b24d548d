"""Changing the settled past: an event is put right, and the finals that it touched are issued again, one revision up."""

from __future__ import annotations

from typing import Any, Final

from features.core.event_context import EventContext
from streaming.errors import BadRecord
from streaming.operator.events.event_stats import EventStage
from streaming.operator.events.reorder_buffer import EventReorderBuffer
from streaming.operator.inference.client import PendingInference, same
from streaming.operator.telemetry.grid import SECOND_US, Grid
from streaming.operator.telemetry.watermarks import GameClock
from streaming.wire.blocks import Output
from streaming.wire.records import Event

#: for so long after it was settled an event's frames may be read again, s; later, what was read from them stands
REREAD_S: Final = 5.0


class Corrections:
    """``events`` and ``ticks`` count how often the finals of an event, or of a tick's second, have been issued again."""

    def __init__(self, stage: EventStage, book: EventReorderBuffer, clock: GameClock, grid: Grid) -> None:
        self.stage, self.book, self.clock, self.grid = stage, book, clock, grid
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
        account = self.stage.account
        settled = event.id in self.book.settled
        if not settled and not (event.id in self.book.waiting and event.t_us <= limit_us):
            return
        if settled and event.revision <= self.book.settled[event.id]:
            return
        old = account.find(event.id)
        moved_back = event.t_us <= limit_us and not account.reaches(self.grid.seconds(event.t_us))
        if event.id in account.aged or moved_back or (old is not None and not account.reaches(old.t_s)):
            raise BadRecord("correction too late", f"event {event.id} lies beyond what can be replayed")

    def correct(self, event: Event, limit_us: int, seen_us: Any) -> list[Output]:
        """Take the event for what it now says it was; ``limit_us`` is how far the game is settled."""
        stage, account = self.stage, self.stage.account
        old = account.find(event.id)
        if event.t_us > limit_us and not event.deleted:
            # It has moved into what is still open: out of the account, and back to those that wait.
            self.book.reopen(event)
            if old is None:
                return []
            revision = self.revision(event.id, 1)
            return [*self._withdraw(old, set(), event, revision), *self._replay(event, None, seen_us)]
        moment = None if event.deleted else stage.moment(event)
        if moment is None and old is None:
            return []
        revision = self.revision(event.id, max(1, event.revision))
        out: list[Output] = []
        if moment is not None:
            recent = event.t_us > self.clock.event_watermark_us - int(REREAD_S * SECOND_US)
            if old is not None and old.type == moment.type and not recent:
                moment.facts, moment.offset_s = dict(old.facts), old.offset_s
                # the frames are not read again, but what the account makes of the event follows from what is reported now
                moment.facts.update(stage.read_account(account.before(moment.t_s, event.id), moment))
                out.extend(stage.again(moment, event.arrival_us, revision, stage.issued(moment)))
            else:
                before = account.before(moment.t_s, event.id)
                out.extend(stage.work_out(event, moment, before, "final", revision, look=recent))
        if old is not None:
            kept = set() if moment is None else set(stage.issued(moment).items())
            out.extend(self._withdraw(old, kept, event, revision))
        out.extend(self._replay(event, moment, seen_us))
        return out

    def _withdraw(self, old: EventContext, kept: set[tuple[str, str]], event: Event, revision: int) -> list[Output]:
        """What the old event said that the new one does not: the same ids, no value."""
        gone = {stat: subject for stat, subject in self.stage.issued(old).items() if (stat, subject) not in kept}
        return self.stage.again(old, event.arrival_us, revision, gone, empty=True)

    def _replay(self, event: Event, moment: EventContext | None, seen_us: Any) -> list[Output]:
        """Put it in the account, and issue again the ticks and the later events' stats that it changes."""
        stage = self.stage
        ticks, others = stage.account.replace(event.id, moment, stage.ticks.read, stage.read_account)
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
        # what else models are to answer is asked in one go, as it was and as it is, so that one model has said both
        stage.ticks.answer([values for pair in pairs for values in pair])
        for (second, _, _), (before, after) in zip(ticks, pairs):
            changed = [b if not same(a, b) else None for a, b in zip(before, after)]
            if any(value is not None for value in changed):
                self.ticks[second] = self.ticks.get(second, 0) + 1
                seconds.append(second)
                values.append(changed)
                revisions.append(self.ticks[second])
        last = ticks[-1][0] if ticks else 0
        out = stage.ticks.blocks(seconds, values, event.arrival_us, "final", seen_us, revisions, last)
        for other, before, after in others:
            changed_stats = {stat for stat in after if not same(before.get(stat), after[stat])}
            if not changed_stats:
                continue
            # what it said before counts too: a value that is gone is taken back
            subjects = stage.issued(other)
            other.facts.update({stat: after[stat] for stat in changed_stats})
            subjects |= stage.issued(other)
            again = {stat: subjects[stat] for stat in changed_stats if stat in subjects}
            out.extend(stage.again(other, event.arrival_us, self.revision(other.id, 1), again))
        return out
