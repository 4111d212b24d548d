"""The periods of a DFL match, from its kick-offs and whistles: each begins with a KickOff of its GameSection, which names the
team on the left, and is open until its FinalWhistle. Penalties after the last whistle are a shoot-out, with or without a section of
its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from features.soccer.ledger import SHOOTOUT
from simulators.providers._stream import Side
from streaming.errors import BadInput

_SECTIONS = {"firsthalf": 1, "secondhalf": 2, "firsthalfextra": 3, "secondhalfextra": 4}


def number_of(section: str, path: Path) -> int:
    """The number of a GameSection; ``BadInput`` for a word that is none."""
    word = section.lower()
    if word in _SECTIONS:
        return _SECTIONS[word]
    if "shoot" in word or "penalt" in word:
        return SHOOTOUT
    raise BadInput(f"{path} has the GameSection {section!r}, which is no part of a match")


@dataclass
class Mark:
    """A kick-off or a whistle: its period (0: not given), and for a kick-off the team on the left."""

    t_us: int
    whistle: bool
    period: int
    left: str = ""
    right: str = ""


@dataclass
class Clock:
    """``start_us`` and ``end_us`` by period, in order; a period without an end is open. ``left`` is the team on the left of those
    that say it, ``guessed`` the periods whose start or end is that of their first or last event."""

    start_us: dict[int, int] = field(default_factory=dict)
    end_us: dict[int, int] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    guessed: list[int] = field(default_factory=list)

    def period_at(self, t_us: int) -> int:
        """The period that was on, or that had just been; before the first one, the first."""
        on = [number for number, start in self.start_us.items() if start <= t_us]
        return on[-1] if on else next(iter(self.start_us))

    def attacks(self, home: str) -> dict[int, Side]:
        """Where home attacked by the kick-offs: +1 from the left."""
        return {number: 1 if left == home else -1 for number, left in self.left.items() if number < SHOOTOUT}


def read_clock(
    marks: Sequence[Mark], others_us: Sequence[int], kicks: Sequence[tuple[int, str]], home_away: tuple[str, str], path: Path
) -> Clock:
    """``kicks`` are the penalties (time, team), ``others_us`` the times of all other events of play, both in order."""
    times_us = sorted([*others_us, *(t for t, _ in kicks)])
    clock = Clock()
    marks = sorted(marks, key=lambda mark: mark.t_us)
    open_period = 0
    starts: dict[int, int] = {}
    for mark in marks:
        if not mark.whistle:
            open_period = mark.period or open_period + 1
            starts.setdefault(open_period, mark.t_us)
            home, away = home_away
            left = mark.left if mark.left in home_away else {home: away, away: home}.get(mark.right, "")
            if left:
                clock.left.setdefault(open_period, left)
        else:
            number = mark.period or open_period
            if number:
                clock.end_us[number] = mark.t_us
    for number in sorted(clock.end_us.keys() - starts.keys() - {SHOOTOUT}):
        # its kick-off is missing: it began with its first event after the period before
        before = max((end for other, end in clock.end_us.items() if other < number), default=-(1 << 62))
        inside = [t for t in times_us if before < t <= clock.end_us[number]]
        if inside:
            starts[number] = inside[0]
            clock.guessed.append(number)
        else:
            del clock.end_us[number]
    _shoot_out(clock, starts, others_us, kicks)
    if SHOOTOUT not in starts:
        clock.end_us.pop(SHOOTOUT, None)
    if not starts:
        raise BadInput(f"{path} holds no KickOff with a GameSection: the start of the match is unknown")
    clock.start_us = {number: starts[number] for number in sorted(starts)}
    numbers = list(clock.start_us)
    for number, after in pairwise(numbers):
        if clock.start_us[number] >= clock.start_us[after]:
            raise BadInput(f"{path} contradicts itself: period {after} begins before period {number}")
        if number not in clock.end_us or clock.end_us[number] > clock.start_us[after]:
            # what comes after has begun, so it was over with its last event
            inside = [t for t in times_us if clock.start_us[number] <= t < clock.start_us[after]]
            clock.end_us[number] = inside[-1] if inside else clock.start_us[after] - 1
            clock.guessed.append(number)
    return clock


def _shoot_out(clock: Clock, starts: dict[int, int], others_us: Sequence[int], kicks: Sequence[tuple[int, str]]) -> None:
    """A shoot-out without a kick-off of its own: penalties after the last whistle of play, or, where that is missing too, the last
    events of all when they are penalties of both teams."""
    last = max((number for number in starts if number < SHOOTOUT), default=0)
    if last < 2:
        return
    ended = clock.end_us.get(last)
    over = ended if ended is not None else max(others_us, default=starts[last])
    late = [(t, team) for t, team in kicks if t > over]
    if late and (ended is not None or len({team for _, team in late}) == 2) and starts.get(SHOOTOUT, late[0][0] + 1) > late[0][0]:
        starts[SHOOTOUT] = late[0][0]
        clock.guessed.append(SHOOTOUT)
