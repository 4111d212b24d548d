"""How much of a game goes on air, and when: a budget for highlights and one for sentences, decided event by event.

What must go on air (a goal) always does. Everything else competes with what this very game has offered so far: the longer nothing
was on air, the lower its place among the latest candidates may be, and a purse of tokens bounds the sum. So a dull match gets its
highlights as a wild one does, and neither gets hundreds. The state is part of the account: it is a pure function of the events
before, forked with the ledger and replayed with it when one of them is corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, NamedTuple

import msgspec

#: among the best tenth of the latest candidates one may go on air on a token that is still to be earned
BEST: Final = 0.9
#: what is better by so much does not wait for a distance to the last
CLEARLY: Final = 0.25
#: strengths of so many of the latest candidates are compared with
MEMORY: Final = 48


@dataclass(frozen=True)
class Budget:
    """``every_s``: a token is earned in so long, and at most ``purse`` are kept; nothing goes on air within ``spacing_s`` of the
    last but what is clearly better, nor of one topic within ``repeat_s``; after ``patience_s`` of silence any candidate will do. A
    topic that was on air n times is worth ``again`` to the n-th as much. ``usual`` are the strengths of candidates in a game
    as they come, for as long as this one has offered few. Seconds are of play."""

    every_s: float
    purse: float
    spacing_s: float
    patience_s: float
    repeat_s: float
    again: float
    usual: tuple[float, ...]

    def new(self) -> Airtime:
        """Before the game: one token in the purse."""
        return Airtime(tokens=1.0, strengths=list(self.usual))


class Airtime(msgspec.Struct, array_like=True):
    """What was on air. ``until_s``: when the tokens were last counted; ``last_s``: when something was last on air (0: the
    beginning) and how strong that was; ``last_event`` which event that was, ``last_end_s`` where its clip ends; ``topics``: when
    each was last on air, and how often."""

    tokens: float = 0.0
    until_s: float = 0.0
    last_s: float = 0.0
    last_strength: float = 0.0
    last_event: str = ""
    last_end_s: float = float("-inf")
    strengths: list[float] = []
    topics: dict[str, tuple[float, int]] = {}


class Candidate(NamedTuple):
    """A highlight or sentence that could go on air: how strong it is, 0..1, its topic, and whether it must."""

    strength: float
    topic: str
    must: bool = False


def tokens(airtime: Airtime, budget: Budget, now_s: float) -> float:
    """What is in the purse at ``now_s``."""
    return min(airtime.tokens + max(now_s - airtime.until_s, 0.0) / budget.every_s, budget.purse)


def place(airtime: Airtime, strength: float) -> float:
    """0..1: the share of the latest candidates that were weaker; equals count half, and 1 where there are none."""
    if not airtime.strengths:
        return 1.0
    below = 0.0
    for other in airtime.strengths:
        below += 1.0 if other < strength else 0.5 if other == strength else 0.0
    return below / len(airtime.strengths)


def grants(airtime: Airtime, budget: Budget, now_s: float, candidate: Candidate) -> bool:
    """Whether it goes on air. ``airtime`` is as it was before the event; it is not changed."""
    if candidate.must:
        return True
    strength = worth(airtime, budget, now_s, candidate)
    if not strength > 0.0:
        return False
    silence_s = now_s - airtime.last_s
    at = place(airtime, strength)
    if tokens(airtime, budget, now_s) < (0.0 if at >= BEST else 1.0):
        return False
    if airtime.topics and silence_s < budget.spacing_s:
        return strength >= airtime.last_strength + CLEARLY
    return at >= 1.0 - silence_s / budget.patience_s


def worth(airtime: Airtime, budget: Budget, now_s: float, candidate: Candidate) -> float:
    """The strength of a candidate by what was on air of its topic: 0 when that was not long ago, less with every time."""
    said_s, times = airtime.topics.get(candidate.topic, (0.0, 0))
    if times and now_s - said_s < budget.repeat_s:
        return 0.0
    return candidate.strength * budget.again**times


def chosen(airtime: Airtime, budget: Budget, now_s: float, candidates: Sequence[Candidate]) -> int:
    """Which of an event's candidates goes on air: the first that must, else the strongest that is granted; -1 for none."""
    best, best_strength = -1, 0.0
    for i, candidate in enumerate(candidates):
        if candidate.must:
            return i
        strength = worth(airtime, budget, now_s, candidate)
        if strength > best_strength and grants(airtime, budget, now_s, candidate):
            best, best_strength = i, strength
    return best


def note(
    airtime: Airtime, budget: Budget, now_s: float, candidates: Sequence[Candidate], selected: int, event_id: str, end_s: float
) -> None:
    """Record an event with its candidates, ``selected`` of them (-1: none); ``end_s``: where the clip ends, if there is one."""
    offered = max((worth(airtime, budget, now_s, c) for c in candidates if not c.must), default=0.0)
    if offered > 0.0:
        airtime.strengths.append(offered)
        del airtime.strengths[:-MEMORY]
    if selected < 0:
        return
    purse = tokens(airtime, budget, now_s)
    airtime.tokens = max(purse - 1.0, min(purse, 0.0)) if candidates[selected].must else purse - 1.0
    airtime.until_s = max(now_s, airtime.until_s)
    airtime.last_s, airtime.last_event = max(now_s, airtime.last_s), event_id
    topic, airtime.last_strength = candidates[selected].topic, candidates[selected].strength
    airtime.topics[topic] = now_s, airtime.topics.get(topic, (0.0, 0))[1] + 1
    if isfinite(end_s):
        airtime.last_end_s = end_s
