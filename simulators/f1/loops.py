"""The kernel of a race: all cars from loop to loop. See race.py for what it plays, truth.py for the chances."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from simulators.f1.truth import pass_probability, undercut_probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: loops of a lap, and the loops at whose start a zone of three mini-sectors begins
ZONE_LOOPS: Final = 3
#: time over age by compound (s a lap), and what a compound is slower by when new (s)
WEAR_S: Final = np.array([0.10, 0.06, 0.035])
SLOWER_S: Final = np.array([0.0, 0.45, 0.85])
FUEL_S_PER_LAP: Final = 0.032 * 105.0  #: over the whole race, s a lap from full to empty
SCATTER_S: Final = 0.12
FOLLOW_S: Final = 0.40
FOLLOW_SAFETY_S: Final = 0.9
SAFETY_PACE: Final = 1.45
CATCH_UP_PACE: Final = 1.15
SAFETY_LAPS: Final = 3
#: how long a compound lasts, as a share of the race; beyond this times it a car stops again
LIFE_SHARE: Final = np.array([0.32, 0.46, 0.72])
OVERDUE: Final = 1.3
LEAST_LAPS: Final = 6  #: in a race of fewer laps no car stops
REACH_S: Final = 3.0
UNDERCUT_S: Final = 5.0

# kinds of events, one row each: kind, loop index, car, other, time, probability, outcome, four figures
ATTEMPT, UNDERCUT, STOP, OFF, OUT, SAFETY_ON, SAFETY_OFF = range(7)
COLUMNS: Final = 11


class Course(NamedTuple):
    """What a race is driven on: a track of so many loops, and how the field got away."""

    laps: int
    loops: int
    #: (loops,) of a lap's time that each mini-sector takes
    share: Floats
    lap_s: float
    #: loops at whose end a zone ends
    zones: Ints
    pit_in_s: float
    pit_out_s: float
    #: (N, S) times of the first mini-sectors from the grid
    grid_s: Floats


class Abilities(NamedTuple):
    """(N,) what the cars are worth: s a lap, and how fast they use their tyres."""

    skill: Floats
    wear: Floats


class Chances(NamedTuple):
    """Everything in a race that is a matter of chance, drawn before it: (laps, N), but for two."""

    #: what a set fitted in a lap is slower by, s
    sets: Floats
    noise: Floats
    #: s at the box
    stand: Floats
    #: (laps, zones, N)
    u_pass: Floats
    u_stop: Floats
    u_undercut: Floats
    u_off: Floats
    u_out: Floats
    #: (laps, 2)
    u_safety: Floats


class Cars(NamedTuple):
    """The state of a race: it is changed."""

    #: (N, laps * loops + 1) s at every loop
    t: Floats
    #: (N,) laps
    age: Floats
    compound: Ints
    stops: Ints
    alive: Ints
    #: (N,) s a lap that its set is slower by
    quality: Floats
    #: from, until, loop at which it ends
    safety: Floats


class Log(NamedTuple):
    """What is written down of a race."""

    #: (laps, N, 5) tyre age, compound, stops, whether the car runs and its set's quality, as each lap began
    history: Floats
    #: (laps, N) s at the box, NaN without a stop
    standing: Floats
    #: (room, COLUMNS) one row an event
    events: Floats
    #: (1,) how many of these rows are filled
    filled: Ints


@kernel
def _note(
    log: Log, kind: int, g: int, car: int, other: int, t: float, p: float, outcome: float, a: float, b: float, c: float, d: float
) -> None:
    k = log.filled[0]
    if k < log.events.shape[0]:
        row = log.events[k]
        row[0], row[1], row[2], row[3], row[4], row[5], row[6] = kind, g, car, other, t, p, outcome
        row[7], row[8], row[9], row[10] = a, b, c, d
        log.filled[0] = k + 1


@kernel
def wants_stop(laps: int, lap: int, compound: int, age: float, stops: int) -> bool:
    """Whether a car has a stop to make: it has not run a second compound yet, or the tyres will not last."""
    left = laps - lap - 1
    return bool(stops == 0 or age + left > OVERDUE * LIFE_SHARE[compound] * laps) and left >= 1


@kernel
def stop_chance(laps: int, lap: int, compound: int, age: float, stops: int, neutral: bool) -> float:
    """Of stopping at the end of a lap that begins with tyres ``age`` laps old: a matter of their life, of the safety car, and of
    the rule that two compounds are to be used."""
    if not wants_stop(laps, lap, compound, age, stops):
        return 0.0
    if stops == 0 and lap == laps - 2:
        return 1.0
    if neutral and age >= 6:
        return 0.8
    return float(1.0 / (1.0 + np.exp(-(age + 1.0 - LIFE_SHARE[compound] * laps) / 1.5)))


@kernel
def next_compound(laps: int, lap: int, compound: int, first_stop: bool) -> int:
    """The hardest that the rest of the race asks for; at the first stop another than the one that comes off."""
    share = (laps - lap - 1) / laps
    new = 2 if share > 0.42 else 1 if share > 0.22 else 0
    if first_stop and new == compound:
        new = 1 if compound == 2 else 2
    return new


@kernel
def run(first_lap: int, course: Course, abilities: Abilities, chances: Chances, cars: Cars, log: Log) -> None:
    """Laps ``first_lap .. laps`` of a race whose state is ``cars.t[:, : first_lap * loops + 1]`` and the arrays after it."""
    laps, loops, share, zones = course.laps, course.loops, course.share, course.zones
    lap_s, grid_s = course.lap_s, course.grid_s
    skill, wear = abilities.skill, abilities.wear
    u_pass, u_safety = chances.u_pass, chances.u_safety
    t, age, compound, stops, alive, quality, safety = (
        cars.t,
        cars.age,
        cars.compound,
        cars.stops,
        cars.alive,
        cars.quality,
        cars.safety,
    )
    history, standing = log.history, log.standing
    count = len(skill)
    order = np.zeros(count, np.int64)
    pace = np.zeros(count)
    stopping = np.zeros(count, np.int64)
    leaving = np.zeros(count, np.int64)
    off_at = np.full(count, -1, np.int64)
    passing = np.full(count, -1, np.int64)
    from_gap = np.zeros(count)
    reply = np.full(count, -1, np.int64)  # whom it answers: the car that tries to undercut it
    reply_lap = np.full(count, -1, np.int64)
    reply_works = np.zeros(count, np.int64)
    reply_p = np.zeros(count)
    reply_features = np.zeros((count, 3))
    if first_lap > 0:
        for n in range(count):
            stopping[n] = 0 if np.isnan(standing[first_lap - 1, n]) else 1
    for lap in range(first_lap, laps):
        for k in range(loops):
            g = lap * loops + k + 1
            # the order at the last loop: insertion sort, nearly sorted already
            running = 0
            for n in range(count):
                if alive[n] == 0:
                    t[n, g] = np.inf
                    continue
                j = running
                while j > 0 and t[order[j - 1], g - 1] > t[n, g - 1]:
                    order[j] = order[j - 1]
                    j -= 1
                order[j] = n
                running += 1
            if running == 0:
                return
            leader = order[0]
            if k == 0:
                for n in range(count):
                    history[lap, n, 0], history[lap, n, 1] = age[n], compound[n]
                    history[lap, n, 2], history[lap, n, 3], history[lap, n, 4] = stops[n], alive[n], quality[n]
                # who stops at the end of this lap
                neutral = safety[0] <= t[leader, g - 1] < safety[1]
                for r in range(running):
                    n = order[r]
                    leaving[n], stopping[n], off_at[n] = stopping[n], 0, -1
                    pace[n] = (
                        lap_s
                        + skill[n]
                        + quality[n]
                        + SLOWER_S[compound[n]]
                        + wear[n] * WEAR_S[compound[n]] * age[n]
                        + FUEL_S_PER_LAP * (1.0 - lap / max(laps, 1))
                        + SCATTER_S * chances.noise[lap, n]
                    )
                    if reply_lap[n] == lap or chances.u_stop[lap, n] < stop_chance(
                        laps, lap, int(compound[n]), age[n], int(stops[n]), neutral
                    ):
                        stopping[n] = 1 if lap < laps - 1 and laps >= LEAST_LAPS else 0
                    if chances.u_off[lap, n] < 0.004:
                        off_at[n] = int(chances.u_off[lap, n] / 0.004 * loops)
                    if lap > 0 and chances.u_out[lap, n] < 0.0009:
                        alive[n] = 0
                        _note(log, OUT, g - 1, n, -1, t[n, g - 1] + 0.3 * pace[n] * share[0], 0.0, 1.0, 0, 0, 0, 0)
                # an undercut: the car behind stops, the one ahead of it has a stop to make and answers a lap later
                for r in range(1, running):
                    n, m = order[r], order[r - 1]
                    if alive[n] == 0 or alive[m] == 0 or stopping[n] == 0 or stopping[m] == 1 or neutral or leaving[m] == 1:
                        continue
                    gap = t[n, g - 1] - t[m, g - 1]
                    due = lap + 2 < laps and wants_stop(laps, lap + 1, int(compound[m]), age[m] + 1.0, int(stops[m]))
                    if gap > UNDERCUT_S or not due or reply[m] >= 0 or lap < 1:
                        continue
                    p = undercut_probability(gap, age[m], age[m] - age[n])
                    reply[m], reply_lap[m], reply_p[m] = n, lap + 1, p
                    reply_works[m] = 1 if chances.u_undercut[lap, n] < p else 0
                    reply_features[m, 0], reply_features[m, 1], reply_features[m, 2] = gap, age[m], age[m] - age[n]
                if u_safety[lap, 0] < 0.012 and lap > 1 and safety[0] > t[leader, g - 1] and lap + SAFETY_LAPS + 1 < laps:
                    start = t[leader, g - 1] + u_safety[lap, 1] * 0.9 * pace[leader]
                    safety[0], safety[1], safety[2] = start, np.inf, (lap + 1 + SAFETY_LAPS) * loops
                    _note(log, SAFETY_ON, g, -1, -1, start, 0.0, 1.0, 0, 0, 0, 0)
                # those who have just dropped out
                kept = 0
                for r in range(running):
                    if alive[order[r]]:
                        order[kept] = order[r]
                        kept += 1
                    else:
                        t[order[r], g] = np.inf
                running = kept
                if running == 0:
                    return
            zone = -1
            for z in range(len(zones)):
                if k == zones[z] - ZONE_LOOPS + 1:
                    zone = z
            last, before = -np.inf, -1
            for r in range(running):
                n = order[r]
                was = t[n, g - 1]
                neutral = safety[0] <= was < safety[1]
                own = was + pace[n] * share[k]
                if neutral:
                    own = was + pace[n] * share[k] * (SAFETY_PACE if r == 0 else CATCH_UP_PACE)
                if lap == 0 and k < grid_s.shape[1]:
                    own = was + grid_s[n, k]
                in_pit = (k == loops - 1 and stopping[n] == 1) or (k == 0 and leaving[n] == 1)
                if in_pit and k == 0:
                    own = was + course.pit_out_s
                elif in_pit:
                    standing[lap, n] = chances.stand[lap, n]
                    own = was + course.pit_in_s + chances.stand[lap, n]
                if off_at[n] == k and not neutral and not in_pit:
                    lost = 1.0 + 5.0 * u_pass[lap, 0, n]
                    own += lost
                    _note(log, OFF, g, n, -1, 0.5 * (was + own), 0.0, 1.0, lost, 0, 0, 0)
                if in_pit:
                    t[n, g] = own
                    continue
                # a decision, where a zone begins
                if zone >= 0 and lap > 0 and before >= 0 and not neutral and off_at[n] != k:
                    gap = was - t[before, g - 1]
                    if 0.0 <= gap <= REACH_S:
                        old = g - 1 - loops
                        closing = t[n, old] - t[before, old] - gap
                        ages = age[before] - age[n]
                        steps = float(compound[before] - compound[n])
                        p = pass_probability(gap, closing, ages, steps)
                        works = u_pass[lap, zone, n] < p and passing[before] < 0
                        if passing[before] < 0:
                            end = g + ZONE_LOOPS - 1
                            _note(log, ATTEMPT, end, n, before, was, p, 1.0 if works else 0.0, gap, closing, ages, steps)
                        if works:
                            passing[n], from_gap[n] = before, gap
                target = passing[n]
                follow = FOLLOW_SAFETY_S if neutral else FOLLOW_S
                if lap == 0 and k < 6:
                    follow = 0.15 + 0.04 * k
                done = -1
                for z in range(len(zones)):
                    if zones[z] - ZONE_LOOPS + 1 <= k <= zones[z]:
                        done = k - (zones[z] - ZONE_LOOPS)
                if target >= 0 and alive[target] and done > 0:
                    if done < ZONE_LOOPS:
                        t[n, g] = t[target, g] + max(from_gap[n] * (1.0 - done / ZONE_LOOPS), 0.05)
                    else:
                        new = t[target, g] - 0.15
                        for q in range(r):
                            other = order[q]
                            if other != target and t[other, g] <= t[target, g] and new < t[other, g] + 0.05:
                                new = t[other, g] + 0.05
                        t[n, g] = new
                        t[target, g] = max(t[target, g], new + 0.15)
                        passing[n] = -1
                else:
                    passing[n] = -1
                    t[n, g] = own if before < 0 else max(own, last + follow)
                if t[n, g] > last:
                    last, before = t[n, g], n
                if target >= 0 and t[target, g] > last:
                    last, before = t[target, g], target
            # undercuts end where the car that answered is out of the pit lane
            if k == 0:
                for n in range(count):
                    rival = reply[n]
                    if rival < 0 or reply_lap[n] >= lap:
                        continue
                    if alive[n] and alive[rival] and leaving[n] == 1:
                        if reply_works[n] == 1 and t[n, g] < t[rival, g] + 0.3:
                            t[n, g] = t[rival, g] + 0.3
                        elif reply_works[n] == 0 and t[rival, g] < t[n, g] + 0.3:
                            t[rival, g] = t[n, g] + 0.3
                        f = reply_features[n]
                        when = max(t[n, g], t[rival, g])
                        _note(
                            log,
                            UNDERCUT,
                            g,
                            rival,
                            n,
                            when,
                            reply_p[n],
                            float(reply_works[n]),
                            f[0],
                            f[1],
                            f[2],
                            float(lap - 2),
                        )
                    reply[n] = -1
            if safety[1] == np.inf and g == int(safety[2]):
                first = np.inf
                for n in range(count):
                    first = min(first, t[n, g])
                safety[1] = first
                _note(log, SAFETY_OFF, g, -1, -1, first, 0.0, 1.0, 0, 0, 0, 0)
            if k == loops - 1:
                for n in range(count):
                    if stopping[n] == 1 and alive[n]:
                        stops[n] += 1
                        compound[n] = next_compound(laps, lap, int(compound[n]), int(stops[n]) == 1)
                        quality[n] = chances.sets[lap, n]
                        age[n] = 0.0
                        _note(log, STOP, g, n, -1, t[n, g], 0.0, 1.0, standing[lap, n], float(compound[n]), 0, 0)
                    else:
                        age[n] += 1.0
        if safety[1] < np.inf and lap * loops > int(safety[2]):
            safety[0], safety[1] = np.inf, np.inf  # another one may come
