"""The running account of a game, and how to change its past.

The live ledger has every released event applied. Behind it stands an older one and the events since, so that a correction
can be replayed over the last ten minutes without keeping the whole game.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from features.frames import Roster
from features.moments import Moment

#: how far back a correction may reach, s
HORIZON_S: Final = 600.0

_encode = msgspec.msgpack.Encoder().encode


class _Entry(msgspec.Struct):
    """A moment without its frames."""

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


class Account:
    """``apply(moment, ledger)`` folds one event in; it must be a pure function of the two."""

    def __init__(self, new: Callable[[], Any], apply: Callable[[Moment, Any], None], roster: Roster) -> None:
        self._apply = apply
        self._roster = roster
        self.ledger = new()
        self._base = new()
        self._decoder = msgspec.msgpack.Decoder(type(self.ledger))
        self.log: list[Moment] = []
        #: changes with every change of the live ledger
        self.version = 0
        #: times (whole seconds) of the ticks that were issued within the horizon
        self.ticks: list[int] = []

    def fork(self) -> Any:
        """A copy of the live ledger."""
        return self._decoder.decode(_encode(self.ledger))

    def add(self, moment: Moment) -> None:
        """Fold in the next event in order."""
        self._apply(moment, self.ledger)
        self.version += 1
        moment.frames = None
        self.log.append(moment)
        self._age(moment.t_s)

    def ticked(self, second: int) -> None:
        self.ticks.append(second)
        if len(self.ticks) > 2 * HORIZON_S:
            del self.ticks[: -int(HORIZON_S)]

    def find(self, event_id: str) -> Moment | None:
        return next((m for m in self.log if m.id == event_id), None)

    def reaches(self, t_s: float) -> bool:
        """Whether an event at ``t_s`` can still be put in order."""
        return not self.log or t_s >= self.log[-1].t_s - HORIZON_S

    def replace(self, event_id: str, moment: Moment | None, read: Callable[[Any, int], Any]) -> Iterator[tuple[int, Any, Any]]:
        """Put ``moment`` (None: nothing) in the place of the event ``event_id`` and replay.

        Yields (tick second, value before, value after) of ``read(ledger, second)`` for every tick from the change on.
        """
        old = self.find(event_id)
        changed = min(m.t_s for m in (old, moment) if m is not None)
        revised = [m for m in self.log if m.id != event_id]
        if moment is not None:
            moment.frames = None
            insort(revised, moment, key=lambda m: (m.t_s, m.id))
        ticks = [second for second in self.ticks if second >= changed]
        before = self._replay(self.log, ticks, read)
        after = self._replay(revised, ticks, read, keep=True)
        self.log = revised
        yield from zip(ticks, before, after)

    def _replay(self, log: list[Moment], ticks: list[int], read: Callable[[Any, int], Any], keep: bool = False) -> list[Any]:
        ledger = self._decoder.decode(_encode(self._base))
        values, at = [], 0
        for second in ticks:
            while at < len(log) and log[at].t_s <= second:
                self._apply(log[at], ledger)
                at += 1
            values.append(read(ledger, second))
        for moment in log[at:]:
            self._apply(moment, ledger)
        if keep:
            self.ledger = ledger
            self.version += 1
        return values

    def _age(self, now_s: float) -> None:
        old = 0
        while old < len(self.log) and self.log[old].t_s < now_s - HORIZON_S:
            self._apply(self.log[old], self._base)
            old += 1
        if old:
            del self.log[:old]

    def dump(self) -> bytes:
        entries = [
            _Entry(
                m.id, m.type, m.t_s, m.period, m.team, m.player, [m.x_m, m.y_m, m.end_x_m, m.end_y_m], m.outcome,
                m.attack, dict(m.attrs), m.offset_s, m.facts,
            )
            for m in self.log
        ]  # fmt: skip
        return _encode((self.ledger, self._base, entries, self.ticks))

    def load(self, raw: bytes) -> None:
        kind = type(self.ledger)
        self.version += 1
        self.ledger, self._base, entries, self.ticks = msgspec.msgpack.decode(
            raw, type=tuple[kind, kind, list[_Entry], list[int]]  # type: ignore[valid-type]
        )
        self.log = [
            Moment(
                e.id, e.type, e.t_s, e.period, e.team, e.player, e.at[0], e.at[1], e.at[2], e.at[3], e.outcome, e.attack,
                e.attrs, offset_s=e.offset_s, facts=e.facts, roster=self._roster,
            )
            for e in entries
        ]  # fmt: skip
