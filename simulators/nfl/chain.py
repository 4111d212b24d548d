"""A game at the level of downs and score, small enough that its truth can be worked out: a Markov chain, solved backwards.

A play takes half a minute and gains a number of steps of 2.5 yards drawn from one distribution; fourth downs are gone for, kicked
or punted with known chances. The state of the team with the ball (time left, lead, place, down, steps to go) has one true chance
to win, V, which is an average over what can happen next; a fourth down has one for each choice. ``play_games`` plays the same chain
forward, so that what happens is drawn from exactly those chances. It is a model of its own: the games of ``match`` are made of
players, and their V is not known.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from simulators.soccer.random_numbers import uniform

Floats = npt.NDArray[np.float64]

STEP_YD: Final = 2.5
PLAY_S: Final = 30.0
PLAYS: Final = 120  #: of a whole game
MOST_LEAD: Final = 28
PLACES: Final = 40  #: steps to the goal line: 1..39
MOST_TO_GO: Final = 8
FIRST: Final = 4  #: steps to a first down: 10 yd
START: Final = 30  #: after a score: 75 yd to go
GO, KICK, PUNT = 0, 1, 2
LONGEST_KICK: Final = 18  #: steps to the goal line from which a field goal can be tried

#: gains in steps, and how likely each is; with the rest the ball is lost on the spot
GAINS: Final = np.array([-2, -1, 0, 1, 2, 3, 4, 6, 8, 12, 20])
CHANCES: Final = np.array([0.035, 0.055, 0.335, 0.175, 0.14, 0.085, 0.06, 0.045, 0.025, 0.015, 0.005])


@kernel
def kick_good(place: int) -> float:
    """Chance of a field goal: 17 yards longer than the way to the goal line."""
    return float(1.0 / (1.0 + np.exp(-(5.2 - 0.105 * (STEP_YD * place + 17.0)))))


@kernel
def choices(place: int, to_go: int, out: Any) -> None:
    """Chances with which a coach goes, kicks or punts, into ``out`` (3,)."""
    out[GO] = 0.45 if to_go <= 1 else 0.3 if to_go <= 3 else 0.2
    out[KICK] = 0.6 * (1.0 - out[GO]) + 0.1 if place <= LONGEST_KICK else 0.0
    out[PUNT] = 1.0 - out[GO] - out[KICK]


@kernel
def _clip(lead: int) -> int:
    return min(max(lead, -MOST_LEAD), MOST_LEAD)


@kernel
def _value(v: Any, left: int, lead: int, place: int, down: int, to_go: int) -> float:
    """Chance to win of the team with the ball, read from ``v`` (PLAYS + 1, leads, PLACES, 4, MOST_TO_GO)."""
    if left <= 0:
        return 1.0 if lead > 0 else 0.5 if lead == 0 else 0.0
    return float(v[left, _clip(lead) + MOST_LEAD, min(max(place, 1), PLACES - 1), down - 1, min(to_go, MOST_TO_GO) - 1])


@kernel
def _lost(v: Any, left: int, lead: int, place: int) -> float:
    """What is left to a team that has just lost the ball, with ``place`` for the others."""
    place = min(max(place, 1), PLACES - 1)
    return 1.0 - _value(v, left, -lead, place, 1, min(FIRST, place))


@kernel
def _played(v: Any, left: int, lead: int, place: int, down: int, to_go: int, gain: int) -> float:
    """After a play from scrimmage that gained ``gain`` steps."""
    there = place - gain
    if there <= 0:
        return _lost(v, left, lead + 7, START)
    there = min(there, PLACES - 1)
    if gain >= to_go:
        return _value(v, left, lead, there, 1, min(FIRST, there))
    if down == 4:
        return _lost(v, left, lead, PLACES - there)
    return _value(v, left, lead, there, down + 1, min(to_go - gain, MOST_TO_GO))


@kernel
def choice_value(v: Any, left: int, lead: int, place: int, down: int, to_go: int, choice: int) -> float:
    """Chance to win after this choice, ``left`` plays being left before it."""
    after = left - 1
    if choice == KICK:
        good = kick_good(place)
        return good * _lost(v, after, lead + 3, START) + (1.0 - good) * _lost(v, after, lead, PLACES - min(place + 3, PLACES - 1))
    if choice == PUNT:
        there = place - 16
        return _lost(v, after, lead, 32 if there <= 0 else PLACES - there)
    total, rest = 0.0, 1.0
    for k in range(GAINS.shape[0]):
        total += CHANCES[k] * _played(v, after, lead, place, down, to_go, GAINS[k])
        rest -= CHANCES[k]
    return total + rest * _lost(v, after, lead, PLACES - place)


@kernel
def _solve(v: Any) -> None:
    p = np.empty(3)
    for left in range(1, PLAYS + 1):
        for lead in range(-MOST_LEAD, MOST_LEAD + 1):
            for place in range(1, PLACES):
                for down in range(1, 5):
                    for to_go in range(1, MOST_TO_GO + 1):
                        if down < 4:
                            value = choice_value(v, left, lead, place, down, to_go, GO)
                        else:
                            choices(place, to_go, p)
                            value = 0.0
                            for c in range(3):
                                if p[c] > 0.0:
                                    value += p[c] * choice_value(v, left, lead, place, down, to_go, c)
                        v[left, lead + MOST_LEAD, place, down - 1, to_go - 1] = value


@lru_cache(maxsize=1)
def solved() -> npt.NDArray[np.float32]:
    """V of every state, (121, 57, 40, 4, 8); read-only, worked out once a process (some seconds)."""
    v = np.zeros((PLAYS + 1, 2 * MOST_LEAD + 1, PLACES, 4, MOST_TO_GO), np.float32)
    _solve(v)
    v.setflags(write=False)
    return v


@kernel
def _play(v: Any, rng: Any, every: float, rows: Any, game: int, count: int) -> int:
    """One game forward; states are noted into ``rows`` (R, 12) with chance ``every``, fourth downs always: game, side with the
    ball, plays left, lead, place, down, to go, choice (-1: none), V, value of the choice, and room for who won."""
    p = np.empty(3)
    side = 0 if uniform(rng, 0) < 0.5 else 1
    receives = 1 - side
    points = np.zeros(2, np.int64)
    place, down, to_go, first = START, 1, FIRST, count
    for left in range(PLAYS, 0, -1):
        if left == PLAYS // 2:
            side, place, down, to_go = receives, START, 1, FIRST
        lead = points[side] - points[1 - side]
        choice = GO
        if down == 4:
            choices(place, to_go, p)
            u = uniform(rng, 0)
            choice = GO if u < p[GO] else KICK if u < p[GO] + p[KICK] else PUNT
        if count < rows.shape[0] and (down == 4 or uniform(rng, 0) < every) and abs(lead) <= MOST_LEAD:
            row = rows[count]
            row[0], row[1], row[2], row[3], row[4], row[5], row[6] = game, side, left, lead, place, down, to_go
            row[7] = float(choice) if down == 4 else -1.0
            row[8] = _value(v, left, lead, place, down, to_go)
            row[9] = choice_value(v, left, lead, place, down, to_go, choice)
            count += 1
        lost, scored = -1, 0
        if choice == KICK:
            if uniform(rng, 0) < kick_good(place):
                scored = 3
            else:
                lost = PLACES - min(place + 3, PLACES - 1)
        elif choice == PUNT:
            lost = 32 if place - 16 <= 0 else PLACES - (place - 16)
        else:
            u, k = uniform(rng, 0), 0
            while k < GAINS.shape[0] and u >= CHANCES[k]:
                u -= CHANCES[k]
                k += 1
            if k == GAINS.shape[0]:
                lost = PLACES - place
            else:
                gain = GAINS[k]
                there = place - gain
                if there <= 0:
                    scored = 7
                else:
                    there = min(there, PLACES - 1)
                    if gain >= to_go:
                        place, down, to_go = there, 1, min(FIRST, there)
                    elif down == 4:
                        lost = PLACES - there
                    else:
                        place, down, to_go = there, down + 1, min(to_go - gain, MOST_TO_GO)
        if scored > 0:
            points[side] += scored
            lost = START
        if lost >= 0:
            side, place = 1 - side, min(max(lost, 1), PLACES - 1)
            down, to_go = 1, min(FIRST, place)
    won = 0 if points[0] > points[1] else 1 if points[1] > points[0] else (0 if uniform(rng, 0) < 0.5 else 1)
    for k in range(first, count):
        rows[k, 10] = 1.0 if rows[k, 1] == won else 0.0
    return count


def play_games(seed: int, games: int, every: float = 0.1) -> Floats:
    """(R, 12) noted states of ``games`` games, see :func:`_play`; column 10 is 1 where the team with the ball won."""
    v = solved()
    rows = np.zeros((int(games * (PLAYS * every + 30) + 100), 12))
    count = 0
    for game in range(games):
        state = np.array([np.uint64(seed) * np.uint64(1_000_003) + np.uint64(game), 0], np.uint64)
        count = _play(v, state, every, rows, game, count)
    return rows[:count]
