"""The running ledger of a game, and how to change its past.

The live ledger has every released event applied. Behind it stands an older one and the events since, so that a correction
can be replayed over the last ten minutes without keeping the whole game.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Container
from typing import Any, Final

import msgspec

from features.core.event_context import EventContext
from features.core.frames import Roster
from streaming.operator.limits import FACTS_BYTES
from streaming.operator.state_checks import FARTHEST_ROW, increasing


class _Everything:
    def __contains__(self, item: object) -> bool:
        return True


#: any type of event
EVERYTHING: Final = _Everything()
#: how far back a correction may reach, s
HORIZON_S: Final = 600.0

_encode = msgspec.msgpack.Encoder().encode


class _Entry(msgspec.Struct):
    """An event without its frames."""

    id: str
    type: str
    t_s: float
    period: int
    team: int
    player: int
    at: list[float]
    outcome: str
    attack: int
    attrs: dict[str, str | float | bool]
    offset_s: float
    facts: dict[str, Any]
    #: absent in snapshots of version 2, which had it among the facts
    answered_by: dict[str, tuple[str, str, str]] = {}


class ReplayableLedger:
    """``apply(context, ledger)`` folds one event in; it must be a pure function of the two. ``live`` has every released event."""

    def __init__(
        self,
        new: Callable[[], Any],
        apply: Callable[[EventContext, Any], None],
        roster: Roster,
        types: Container[str] = EVERYTHING,
    ) -> None:
        self._new, self._apply, self._types = new, apply, types
        self._roster = roster
        self.live = new()
        self._base = new()
        self._decoder = msgspec.msgpack.Decoder(type(self.live))
        self.log: list[EventContext] = []
        #: events that have left the log: what is too old to be changed
        self.aged: set[str] = set()
        #: changes with every change of the live ledger
        self.version = 0
        #: times (whole seconds) of the ticks that were issued within the horizon
        self.ticks: list[int] = []
        #: about what the log and the ids of what has left it take in a snapshot
        self.kept_bytes = 0

    def fork(self) -> Any:
        """A copy of the live ledger."""
        return self._decoder.decode(_encode(self.live))

    def add(self, context: EventContext) -> None:
        """Fold in the next event in order."""
        self._apply(context, self.live)
        self.version += 1
        context.frames = None
        self.log.append(context)
        self.kept_bytes += _size(context)
        self._age(context.t_s)

    def ticked(self, second: int) -> None:
        self.ticks.append(second)
        if len(self.ticks) > 2 * HORIZON_S:
            del self.ticks[: -int(HORIZON_S)]

    def find(self, event_id: str) -> EventContext | None:
        return next((m for m in self.log if m.id == event_id), None)

    def reaches(self, t_s: float) -> bool:
        """Whether an event at ``t_s`` can still be put in order."""
        return not self.log or t_s >= self.log[-1].t_s - HORIZON_S

    def before(self, t_s: float, event_id: str) -> Any:
        """The ledger as it was before the event ``event_id`` at ``t_s``, which is left out if it is there."""
        ledger = self._decoder.decode(_encode(self._base))
        for context in self.log:
            if (context.t_s, context.id) >= (t_s, event_id):
                break
            if context.id != event_id:
                self._apply(context, ledger)
        return ledger

    def replace(
        self,
        event_id: str,
        new: EventContext | None,
        read_tick: Callable[[Any, int], Any],
        read_event: Callable[[Any, EventContext], Any],
    ) -> tuple[list[tuple[int, Any, Any]], list[tuple[EventContext, Any, Any]]]:
        """Put ``new`` (None: nothing) in the place of the event ``event_id`` and replay.

        Returns, from the change on, (tick second, value before, value after) of ``read_tick(ledger, second)`` and, for the
        other events, (context, value before, value after) of ``read_event(ledger before it, context)``.
        """
        old = self.find(event_id)
        changed = min(m.t_s for m in (old, new) if m is not None)
        revised = [m for m in self.log if m.id != event_id]
        if new is not None:
            new.frames = None
            insort(revised, new, key=lambda m: (m.t_s, m.id))
        ticks = [second for second in self.ticks if second >= changed]
        _, ticks_before, events_before = self._replay(self.log, changed, ticks, read_tick, read_event)
        self.live, ticks_after, events_after = self._replay(revised, changed, ticks, read_tick, read_event)
        self.log = revised
        self.kept_bytes = self._kept()
        self.version += 1
        others = [m for m in revised if m.id in events_before and m.id in events_after and m.id != event_id]
        return (
            list(zip(ticks, ticks_before, ticks_after)),
            [(m, events_before[m.id], events_after[m.id]) for m in others],
        )

    def _replay(
        self,
        log: list[EventContext],
        since_s: float,
        ticks: list[int],
        read_tick: Callable[[Any, int], Any],
        read_event: Callable[[Any, EventContext], Any],
    ) -> tuple[Any, list[Any], dict[str, Any]]:
        ledger = self._decoder.decode(_encode(self._base))
        tick_values: list[Any] = []
        event_values: dict[str, Any] = {}
        at = 0
        for second in [*ticks, None]:
            while at < len(log) and (second is None or log[at].t_s <= second):
                if log[at].t_s >= since_s:
                    event_values[log[at].id] = read_event(ledger, log[at])
                self._apply(log[at], ledger)
                at += 1
            if second is not None:
                tick_values.append(read_tick(ledger, second))
        return ledger, tick_values, event_values

    def _age(self, now_s: float) -> None:
        old = 0
        while old < len(self.log) and self.log[old].t_s < now_s - HORIZON_S:
            self._apply(self.log[old], self._base)
            self.aged.add(self.log[old].id)
            self.kept_bytes += len(self.log[old].id) + _ID_BYTES - _size(self.log[old])
            old += 1
        if old:
            del self.log[:old]

    def _check(self, entries: list[_Entry]) -> None:
        """``ValueError`` when an entry is of nobody in the game, or is not in its place."""
        increasing(self.ticks, -FARTHEST_ROW, "its ticks")
        if len(self.ticks) > 2 * HORIZON_S + 1:
            raise ValueError("it has more ticks than can be replayed")
        order = [(entry.t_s, entry.id) for entry in entries]
        if order != sorted(order) or len({ident for _, ident in order}) != len(order):
            raise ValueError("its events are not in order")
        if not self.aged.isdisjoint(ident for _, ident in order):
            raise ValueError("an event is both in its log and out of it")
        teams, players = len(self._roster.teams), len(self._roster)
        for entry in entries:
            if not (-1 <= entry.team < teams and -1 <= entry.player < players and -1 <= entry.attack <= 1):
                raise ValueError(f"event {entry.id} is of nobody in the game")
            if entry.type not in self._types or len(entry.at) != 4 or not abs(entry.t_s) < FARTHEST_ROW:
                raise ValueError(f"event {entry.id} is none of this sport")

    def _kept(self) -> int:
        return sum(map(_size, self.log)) + sum(len(ident) + _ID_BYTES for ident in self.aged)

    def _filled(self, saved: dict[str, msgspec.Raw]) -> Any:
        """A ledger with what is known of it by name: a field that its writer did not have begins as in a new one."""
        ledger = self._new()
        for field in msgspec.structs.fields(type(ledger)):
            if field.name in saved:
                setattr(ledger, field.name, msgspec.msgpack.decode(saved[field.name], type=field.type))
        return ledger

    def dump(self) -> bytes:
        """Both ledgers by the names of their fields, and the events between them."""
        entries = [
            _Entry(
                m.id,
                m.type,
                m.t_s,
                m.period,
                m.team,
                m.player,
                [m.x_m, m.y_m, m.end_x_m, m.end_y_m],
                m.outcome,
                m.attack,
                dict(m.attrs),
                m.offset_s,
                m.facts,
                m.answered_by,
            )
            for m in self.log
        ]
        return _encode((_by_name(self.live), _by_name(self._base), entries, self.ticks, sorted(self.aged)))

    def load(self, raw: bytes) -> None:
        """The inverse of :meth:`dump`; ``msgspec.DecodeError`` where it is none."""
        self.version += 1
        ledger, base, entries, self.ticks, self.aged = msgspec.msgpack.decode(
            raw, type=tuple[dict[str, msgspec.Raw], dict[str, msgspec.Raw], list[_Entry], list[int], set[str]]
        )
        self._check(entries)
        self.live, self._base = self._filled(ledger), self._filled(base)
        self.log = [
            EventContext(
                id=e.id,
                type=e.type,
                t_s=e.t_s,
                period=e.period,
                team=e.team,
                player=e.player,
                x_m=e.at[0],
                y_m=e.at[1],
                end_x_m=e.at[2],
                end_y_m=e.at[3],
                outcome=e.outcome,
                attack=e.attack,
                attrs=e.attrs,
                offset_s=e.offset_s,
                facts={name: fact for name, fact in e.facts.items() if not name.endswith(_OLD_MODEL)},
                answered_by=e.answered_by or _old_models(e.facts),
                roster=self._roster,
            )
            for e in entries
        ]
        self.kept_bytes = self._kept()


#: an id among those that have left the log, besides its text
_ID_BYTES: Final = 8


def _size(context: EventContext) -> int:
    """About how many bytes an event in the log takes in a snapshot."""
    texts = (*context.attrs, *(value for value in context.attrs.values() if isinstance(value, str)))
    return FACTS_BYTES + len(context.id) + len(context.outcome) + sum(map(len, texts)) + 10 * len(context.attrs)


#: what version 2 called the fact that named the model of a stat: name, version and reason in three lines
_OLD_MODEL: Final = "/model"


def _old_models(facts: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    found: dict[str, tuple[str, str, str]] = {}
    for fact, lines in facts.items():
        if fact.endswith(_OLD_MODEL):
            name, version, reason = str(lines).split("\n")
            found[fact.removesuffix(_OLD_MODEL)] = name, version, reason
    return found


def _by_name(ledger: Any) -> dict[str, Any]:
    return {name: getattr(ledger, name) for name in ledger.__struct_fields__}
