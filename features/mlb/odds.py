"""The chances of a game from its state, in closed form: a chain of plate appearances.

Every plate appearance ends in one of ten ways, with the same shares for everybody (round figures of our own, of the size that the
major leagues have shown for years); runners move by simple rules. From that follow the distribution of runs in the rest of a half
inning, and backwards from the last inning the chance that the home team wins. Extra innings begin with empty bases.

*Leverage* is how much the next plate appearance can be expected to move that chance, divided by what it is on average over a game
(T. Tango, "Crucial situations", 2006).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats

#: out; productive out; double play; walk; single, runner on second scores or stops; double, runner on first stops or scores;
#: triple; home run
SHARES: Final[Floats] = np.array([0.575, 0.080, 0.030, 0.085, 0.090, 0.060, 0.028, 0.017, 0.004, 0.031])
MOST_RUNS: Final = 20
MOST_LEAD: Final = 25
INNINGS: Final = 9
#: bases (bits 1, 2, 4) as a half of an extra inning begins: MLB rule 7.01(b), regular seasons since 2020
AUTOMATIC_RUNNER: Final = 2
#: mean change of the chance in a plate appearance, over whole simulated games (a test keeps it true)
AVERAGE_SWING: Final = 0.0337


@kernel
def next_state(outs: int, bases: int, outcome: int, out: Any) -> None:
    """``out`` (3,) gets outs, bases (bits 1, 2, 4) and runs after a plate appearance."""
    one, two, three = bases & 1, (bases >> 1) & 1, (bases >> 2) & 1
    runs, after = 0, bases
    if outcome == 2 and (one == 0 or outs >= 2):
        outcome = 0
    if outcome == 0:
        outs += 1
    elif outcome == 1:
        outs += 1
        if outs < 3:
            runs, after = three, (two << 2) | (one << 1)
    elif outcome == 2:
        outs += 2
        after = (two << 2) | 0
        runs = three if outs < 3 else 0
        if outs >= 3:
            after = 0
    elif outcome == 3:
        if one and two and three:
            runs = 1
        after = bases | 1
        if one:
            after |= 2
            if two:
                after |= 4
    elif outcome == 4:
        runs, after = two + three, 1 | (one << 1)
    elif outcome == 5:
        runs, after = three, 1 | (one << 1) | (two << 2)
    elif outcome == 6:
        runs, after = two + three, 2 | (one << 2)
    elif outcome == 7:
        runs, after = one + two + three, 2
    elif outcome == 8:
        runs, after = one + two + three, 4
    else:
        runs, after = 1 + one + two + three, 0
    out[0], out[1], out[2] = outs, after, runs


@kernel
def _half_innings(shares: Any) -> Any:
    """(24, MOST_RUNS + 1) distribution of the runs still to come in a half inning, by 8 * outs + bases."""
    dist = np.zeros((24, MOST_RUNS + 1))
    three = np.zeros(3, np.int64)
    for _ in range(120):
        new = np.zeros((24, MOST_RUNS + 1))
        for state in range(24):
            for k in range(shares.shape[0]):
                next_state(state // 8, state % 8, k, three)
                if three[0] >= 3:
                    new[state, min(three[2], MOST_RUNS)] += shares[k]
                    continue
                for r in range(MOST_RUNS + 1):
                    new[state, min(r + three[2], MOST_RUNS)] += shares[k] * dist[8 * three[0] + three[1], r]
        dist = new
    return dist


@kernel
def _starts(dist: Any, placed: int) -> Any:
    """(INNINGS + 2, 2, 2 MOST_LEAD + 1) chance of the home team at the start of each half (0 top), by its lead; innings from 1, the
    one after the last is any extra inning."""
    starts = np.zeros((INNINGS + 2, 2, 2 * MOST_LEAD + 1))
    win, tie = 0.0, 0.0
    for r in range(MOST_RUNS + 1):
        for s in range(MOST_RUNS + 1):
            if s > r:
                win += dist[placed, r] * dist[placed, s]
            elif s == r:
                tie += dist[placed, r] * dist[placed, s]
    extra = win / (1.0 - tie)
    for inning in range(INNINGS + 1, 0, -1):
        runs = dist[placed] if inning > INNINGS else dist[0]
        for half in range(1, -1, -1):
            for i in range(2 * MOST_LEAD + 1):
                total = 0.0
                for r in range(MOST_RUNS + 1):
                    lead = i - MOST_LEAD + (r if half == 1 else -r)
                    lead = min(max(lead, -MOST_LEAD), MOST_LEAD)
                    if half == 0:
                        after = 1.0 if inning >= INNINGS and lead > 0 else starts[inning, 1, lead + MOST_LEAD]
                    elif inning >= INNINGS:
                        after = 1.0 if lead > 0 else extra if lead == 0 else 0.0
                    else:
                        after = starts[inning + 1, 0, lead + MOST_LEAD]
                    total += runs[r] * after
                starts[inning, half, i] = total
    starts[0, 0, 0] = extra
    return starts


@kernel
def home_odds(inning: int, half: int, outs: int, bases: int, lead: int, placed: int, dist: Any, starts: Any) -> float:
    """Chance that the home team, ``lead`` runs ahead, wins; ``half`` 0 top, 1 bottom. A half that is over (three outs) is the
    beginning of the next one, in an extra inning with ``placed`` on base."""
    inning = min(max(inning, 1), INNINGS + 1)
    if half == 1 and inning >= INNINGS and lead > 0:
        return 1.0
    if outs >= 3:
        if half == 1:
            if inning >= INNINGS and lead != 0:
                return 1.0 if lead > 0 else 0.0
            half, inning = 0, min(inning + 1, INNINGS + 1)
        elif inning >= INNINGS and lead > 0:
            return 1.0
        else:
            half = 1
        outs, bases = 0, placed if inning > INNINGS else 0
    total = 0.0
    for r in range(MOST_RUNS + 1):
        now = lead + (r if half == 1 else -r)
        if half == 0:
            i = min(max(now, -MOST_LEAD), MOST_LEAD) + MOST_LEAD
            after = 1.0 if inning >= INNINGS and now > 0 else starts[inning, 1, i]
        elif inning >= INNINGS:
            after = 1.0 if now > 0 else starts[0, 0, 0] if now == 0 else 0.0
        else:
            after = starts[inning + 1, 0, min(max(now, -MOST_LEAD), MOST_LEAD) + MOST_LEAD]
        total += dist[8 * outs + bases, r] * after
    return total


@kernel
def expected_swing(
    inning: int, half: int, outs: int, bases: int, lead: int, placed: int, shares: Any, dist: Any, starts: Any
) -> float:
    """Mean absolute change of :func:`home_odds` by the next plate appearance."""
    now = home_odds(inning, half, outs, bases, lead, placed, dist, starts)
    three = np.zeros(3, np.int64)
    total = 0.0
    for k in range(shares.shape[0]):
        next_state(outs, bases, k, three)
        ahead = lead + (three[2] if half == 1 else -three[2])
        then = home_odds(inning, half, three[0], three[1], ahead, placed, dist, starts)
        total += shares[k] * abs(then - now)
    return total


@lru_cache(maxsize=8)
def tables(placed: int) -> tuple[Floats, Floats]:
    """Run distributions, and chances at the start of each half where extra innings begin with ``placed``, worked out once."""
    dist = _half_innings(SHARES) if placed == 0 else tables(0)[0]
    return dist, _starts(dist, placed)


def home_win(inning: int, half: int, outs: int, bases: int, lead: int, placed: int = AUTOMATIC_RUNNER) -> float:
    """:func:`home_odds` by the league's shares."""
    return float(home_odds(inning, half, outs, bases, lead, placed, *tables(placed)))


def leverage(inning: int, half: int, outs: int, bases: int, lead: int, placed: int = AUTOMATIC_RUNNER) -> float:
    return float(expected_swing(inning, half, outs, bases, lead, placed, SHARES, *tables(placed))) / AVERAGE_SWING


def run_expectancy(outs: int, bases: int) -> float:
    """Mean runs in the rest of the half inning."""
    if outs >= 3:
        return 0.0
    dist = tables(0)[0][8 * outs + bases]
    total = 0.0
    for r in range(MOST_RUNS + 1):
        total += r * float(dist[r])
    return total
