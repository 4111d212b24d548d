"""The laps of one car, from the messages of a feed: a sector's time, the number of laps done, the last lap's time.

These arrive in one message or in several, in any order and some of them twice; a lap ends where the third sector does, and the rest
belongs to the end of a lap that it comes with, follows, or comes shortly before. Official times chain the ends of sectors from the
first one seen; where the chain and the messages part by more than ``CHAIN_US`` it is set anew by the message.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

#: how far a chain of official sector times may part from the messages before it is set anew, us
CHAIN_US: Final = 3_000_000
#: a message is assumed to be sent this long after its event
SENT_US: Final = 1_000_000
#: a sector that was driven cannot end later than its message was sent, but for the feed's own jitter, us
JITTER_US: Final = 1_500_000
#: a message about a lap arrives at most so long before the end of its third sector, us
EARLY_US: Final = 2_000_000
#: messages within this time belong together, us
TOGETHER_US: Final = 2_500_000
#: the same sector in the same time is another lap's when so much of a lap lies between
AROUND: Final = 0.8
SECTORS: Final = 3


@dataclass
class End:
    """The end of a sector: which (0..2), when, when the message was sent, its official time, s (None when only the lap's end is
    known), and of a lap's end its values. ``arrival_us`` is when the last message was sent that it rests on; a later message
    about it arrived at ``later_us``, 0 without one."""

    sector: int
    at_us: int
    sent_us: int
    took_s: float | None
    lap: int = 0
    own: bool = False
    lap_s: float | None = None
    personal: bool | None = None
    overall: bool | None = None
    arrival_us: int = 0
    later_us: int = 0


@dataclass
class LastLap:
    """``fresh``: it arrived with the number of a new lap."""

    sent_us: int
    took_s: float
    personal: bool | None
    overall: bool | None
    fresh: bool = False


@dataclass
class Segment:
    sent_us: int
    sector: int
    part: int


@dataclass
class CarLog:
    """The messages about one car, in the order of sending. ``done`` laps were in the snapshot, None without one."""

    done: int | None = None
    sectors: list[tuple[int, int, float]] = field(default_factory=list)
    numbers: list[tuple[int, int]] = field(default_factory=list)
    laps: list[LastLap] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    ignored: int = 0

    def at(self, sent_us: int) -> bool:
        """Whether a lap was reported as done then."""
        return bool(self.numbers) and self.numbers[-1][0] == sent_us

    def ends(self) -> list[End]:
        """The ends of sectors that were driven, in order, with the numbers of their laps."""
        found = self._driven()
        self._timed(found)
        self._numbered(found)
        self._anchored(found)
        return found

    def _driven(self) -> list[End]:
        found: list[End] = []
        for sent_us, sector, took_s in self.sectors:
            if not found:
                found.append(End(sector, sent_us - SENT_US, sent_us, took_s, arrival_us=sent_us))
                continue
            before = found[-1]
            at_us = before.at_us + round(took_s * 1e6)
            if at_us > sent_us + JITTER_US:
                self.ignored += 1  # reported before: it cannot have been driven since
                continue
            if sector != (before.sector + 1) % SECTORS:
                known = next((end for end in reversed(found[-SECTORS:]) if end.sector == sector), None)
                usual_us = sum(round((end.took_s or 0.0) * 1e6) for end in found[-SECTORS:])
                if known is not None and known.took_s == took_s and sent_us - known.sent_us < AROUND * usual_us:
                    self.ignored += 1
                    continue
                at_us = max(sent_us - SENT_US, before.at_us + 1)  # an end between was not seen
            elif abs(at_us + SENT_US - sent_us) > CHAIN_US:
                at_us = max(sent_us - SENT_US, before.at_us + 1)
            found.append(End(sector, at_us, sent_us, took_s, arrival_us=sent_us))
        return found

    def _timed(self, found: list[End]) -> None:
        """Give each lap's time to the end that it belongs to; where there is none, because the third sector was not seen, make
        one."""
        for last in self.laps:
            lines = [end for end in found if end.sector == SECTORS - 1]
            end = _belongs(lines, last.sent_us, lambda end: end.lap_s is not None)
            if end is None:
                line = next((one for one in reversed(lines) if one.sent_us <= last.sent_us), None)
                if line is not None and line.lap_s == last.took_s and not last.fresh:
                    continue  # repeated
                if line is not None and not last.fresh and line.at_us + last.took_s * 1e6 > last.sent_us + JITTER_US:
                    line.lap_s = last.took_s  # put right
                    continue
                end = End(SECTORS - 1, last.sent_us - SENT_US, last.sent_us, None, arrival_us=last.sent_us)
                found.insert(bisect_right([one.sent_us for one in found], last.sent_us), end)
            end.lap_s, end.personal, end.overall = last.took_s, last.personal, last.overall
            if last.sent_us <= end.sent_us + TOGETHER_US:
                end.arrival_us = max(end.arrival_us, last.sent_us)
            else:
                end.later_us = last.sent_us

    def _numbered(self, found: list[End]) -> None:
        lines = [end for end in found if end.sector == SECTORS - 1]
        done: dict[int, int] = {}  # laps done by the words between two ends, by the index of the later
        for sent_us, number in self.numbers:
            end = _belongs(lines, sent_us, lambda end: end.own)
            if end is not None:
                end.lap, end.own = number, True
                if sent_us <= end.sent_us + TOGETHER_US:
                    end.arrival_us = max(end.arrival_us, sent_us)
            else:
                done[bisect_right([line.sent_us for line in lines], sent_us)] = number
        # what has no number counts on from the one before, or back from the one after
        before = self.done
        for k, line in enumerate(lines):
            if not line.own:
                count = done.get(k, before)
                line.lap = count + 1 if count is not None else 0
            before = line.lap or None
        after = None
        for line in reversed(lines):
            if not line.lap and after is not None:
                line.lap = after - 1
            after = line.lap or None
        if lines and not lines[0].lap:
            for k, line in enumerate(lines, 1):
                line.lap = k
        # an end that was reported twice, or a lap before the first
        gone = {id(b) for a, b in pairwise(lines) if b.lap <= a.lap and b.own and a.own}
        gone |= {id(line) for line in lines if line.lap < 1}
        self.ignored += len(gone)
        found[:] = [end for end in found if id(end) not in gone]
        lap = next((end.lap for end in found if end.sector == SECTORS - 1), (self.done or 0) + 1)
        for end in found:
            if end.sector == SECTORS - 1:
                lap = end.lap + 1
            else:
                end.lap = lap

    def _anchored(self, found: list[End]) -> None:
        """Set the end of a lap by the one before and the lap's official time, where the messages agree."""
        before: End | None = None
        for k, end in enumerate(found):
            if end.sector != SECTORS - 1:
                continue
            if before is not None and end.lap_s is not None and before.lap == end.lap - 1:
                at_us = before.at_us + round(end.lap_s * 1e6)
                if abs(at_us + SENT_US - end.sent_us) <= CHAIN_US and at_us > found[k - 1].at_us:
                    _move(found, k, at_us)
            before = end

    def passed(self, found: list[End], lengths: list[int]) -> list[tuple[int, int, int, int]]:
        """(at, sent, lap, loop) of the segments that end no sector. A segment counts once a lap, while its sector is being
        driven."""
        if not all(lengths):
            return []
        sent = [end.sent_us for end in found]
        made: list[tuple[int, int, int, int]] = []
        latest = (0, 0)
        for segment in self.segments:
            if segment.part + 1 >= lengths[segment.sector]:
                continue
            k = bisect_right(sent, segment.sent_us)
            before = found[k - 1] if k else None
            if before is not None and segment.sector != (before.sector + 1) % SECTORS:
                continue
            lap = (before.lap + (before.sector == SECTORS - 1)) if before else found[0].lap if found else (self.done or 0) + 1
            loop, at_us = sum(lengths[: segment.sector]) + segment.part + 1, segment.sent_us - SENT_US
            late = k < len(found) and at_us >= found[k].at_us
            if (lap, loop) > latest and not late and (before is None or at_us > before.at_us):
                made.append((at_us, segment.sent_us, lap, loop))
                latest = lap, loop
        return made


def _move(found: list[End], k: int, at_us: int) -> None:
    """Set end ``k`` to another time; what was chained to it, up to the next line, goes with it."""
    before_us, by_us = found[k].at_us, at_us - found[k].at_us
    found[k].at_us = at_us
    for end in found[k + 1 :]:
        if end.sector == SECTORS - 1 or end.took_s is None or end.at_us != before_us + round(end.took_s * 1e6):
            return
        before_us = end.at_us
        end.at_us += by_us


def _belongs(lines: list[End], sent_us: int, has: Callable[[End], bool]) -> End | None:
    """The end of a lap that something sent then belongs to: the one that comes with it or within a moment, else the last one
    before; None when that has its own already."""
    k = bisect_right([line.sent_us for line in lines], sent_us)
    with_it = lines[k - 1] if k and lines[k - 1].sent_us == sent_us else None
    if with_it is not None:
        return None if has(with_it) else with_it
    if k and not has(lines[k - 1]):
        return lines[k - 1]
    if k < len(lines) and lines[k].sent_us - sent_us <= EARLY_US and not has(lines[k]):
        return lines[k]
    return None
