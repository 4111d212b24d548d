"""The race at the level of its timing loops: when every car passes every loop. Everything that is a matter of chance is decided here.

All cars are taken from loop to loop together, first the one that passed the last loop first. A car takes its own time (pace, tyres,
fuel, a little chance) unless it would come too close to the car ahead; it passes that one only in an overtaking zone, if the draw says
so (see truth.py). What a stop, an excursion, or the safety car costs is added to the time of the loop where it happens. 20 cars over
60 laps of 24 loops take about two milliseconds, so that thousands of races can be played for one question.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.compiled import kernel
from simulators.f1.track import GRID_FIRST_M, GRID_STEP_M, Track, circuit, drive_mps2
from simulators.f1.truth import pass_probability, undercut_probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: loops of a lap, and the loops at whose start a zone of three mini-sectors begins
ZONE_LOOPS: Final = 3
#: time over age by compound (s a lap), and what a compound is slower by when new (s)
WEAR_S: Final = np.array([0.10, 0.06, 0.035])
SLOWER_S: Final = np.array([0.0, 0.45, 0.85])
FUEL_S_PER_LAP: Final = 0.032 * 105.0  #: over the whole race, s a lap from full to empty
SCATTER_S: Final = 0.15
FOLLOW_S: Final = 0.40
FOLLOW_SAFETY_S: Final = 0.9
SAFETY_PACE: Final = 1.45
CATCH_UP_PACE: Final = 1.15
SAFETY_LAPS: Final = 3
REACH_S: Final = 3.0
UNDERCUT_S: Final = 5.0

# kinds of events, one row each: kind, loop index, car, other, time, probability, outcome, four figures
ATTEMPT, UNDERCUT, STOP, OFF, OUT, SAFETY_ON, SAFETY_OFF = range(7)
COLUMNS: Final = 11


@kernel
def _note(
    events: Floats, count: Ints, kind: int, g: int, car: int, other: int, t: float, p: float, outcome: float, a: float, b: float,
    c: float, d: float,
) -> None:  # fmt: skip
    k = count[0]
    if k < events.shape[0]:
        row = events[k]
        row[0], row[1], row[2], row[3], row[4], row[5], row[6] = kind, g, car, other, t, p, outcome
        row[7], row[8], row[9], row[10] = a, b, c, d
        count[0] = k + 1


@kernel
def run(
    first_lap: int, laps: int, loops: int, share: Floats, lap_s: float, zones: Ints, pit_in_s: float, pit_out_s: float,
    grid_s: Floats, skill: Floats, wear: Floats, plan: Ints, fits: Ints, noise: Floats, stand: Floats, u_pass: Floats,
    u_undercut: Floats, u_off: Floats, u_out: Floats, u_safety: Floats, t: Floats, age: Floats, compound: Ints, stops: Ints,
    alive: Ints, safety: Floats, history: Floats, standing: Floats, events: Floats, count: Ints,
) -> None:  # fmt: skip
    """Laps ``first_lap .. laps`` of a race whose state is ``t[:, : first_lap * loops + 1]`` and the arrays after it.

    ``share`` (loops,) of a lap's time that each mini-sector takes; ``grid_s`` (N, S) times of the first mini-sectors from the grid;
    ``plan`` (N, S) laps at whose end a car means to stop, ``fits`` (N, S + 1) its compounds; ``noise``, ``stand``, ``u_...`` are the
    chances, (laps, N) or (laps, zones, N), ``u_safety`` (laps, 2). ``t`` (N, laps * loops + 1) is filled; ``age``, ``compound``,
    ``stops``, ``alive`` (N,) and ``safety`` = [from, until, loop at which it ends] are changed; ``history`` (laps, N, 4) keeps tyre
    age, compound, stops and whether the car runs, as each lap began; ``standing`` (laps, N) s at the box, NaN without a stop.
    """
    cars = len(skill)
    order = np.zeros(cars, np.int64)
    pace = np.zeros(cars)
    stopping = np.zeros(cars, np.int64)
    leaving = np.zeros(cars, np.int64)
    off_at = np.full(cars, -1, np.int64)
    passing = np.full(cars, -1, np.int64)
    from_gap = np.zeros(cars)
    reply = np.full(cars, -1, np.int64)  # whom it answers: the car that tries to undercut it
    reply_lap = np.full(cars, -1, np.int64)
    reply_works = np.zeros(cars, np.int64)
    reply_p = np.zeros(cars)
    reply_features = np.zeros((cars, 3))
    for lap in range(first_lap, laps):
        for k in range(loops):
            g = lap * loops + k + 1
            # the order at the last loop: insertion sort, nearly sorted already
            running = 0
            for n in range(cars):
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
                for n in range(cars):
                    history[lap, n, 0], history[lap, n, 1] = age[n], compound[n]
                    history[lap, n, 2], history[lap, n, 3] = stops[n], alive[n]
                # who stops at the end of this lap
                neutral = safety[0] <= t[leader, g - 1] < safety[1]
                for r in range(running):
                    n = order[r]
                    leaving[n], stopping[n], off_at[n] = stopping[n], 0, -1
                    pace[n] = (
                        lap_s + skill[n] + SLOWER_S[compound[n]] + wear[n] * WEAR_S[compound[n]] * age[n]
                        + FUEL_S_PER_LAP * (1.0 - lap / max(laps, 1)) + SCATTER_S * noise[lap, n]
                    )
                    left = stops[n] < plan.shape[1] and plan[n, stops[n]] < laps
                    if left and lap < laps - 1:
                        if plan[n, stops[n]] <= lap or reply_lap[n] == lap:
                            stopping[n] = 1
                        elif neutral and age[n] >= 6 and plan[n, stops[n]] - lap < 14:
                            stopping[n] = 1
                    if u_off[lap, n] < 0.004:
                        off_at[n] = int(u_off[lap, n] / 0.004 * loops)
                    if lap > 0 and u_out[lap, n] < 0.0009:
                        alive[n] = 0
                        _note(events, count, OUT, g - 1, n, -1, t[n, g - 1] + 0.3 * pace[n] * share[0], 0.0, 1.0, 0, 0, 0, 0)
                # an undercut: the car behind stops, the one ahead of it has a stop to make and answers a lap later
                for r in range(1, running):
                    n, m = order[r], order[r - 1]
                    if alive[n] == 0 or alive[m] == 0 or stopping[n] == 0 or stopping[m] == 1 or neutral or leaving[m] == 1:
                        continue
                    gap = t[n, g - 1] - t[m, g - 1]
                    due = stops[m] < plan.shape[1] and plan[m, stops[m]] < laps and lap + 2 < laps
                    if gap > UNDERCUT_S or not due or reply[m] >= 0 or lap < 1:
                        continue
                    p = undercut_probability(gap, age[m], age[m] - age[n])
                    reply[m], reply_lap[m], reply_p[m] = n, lap + 1, p
                    reply_works[m] = 1 if u_undercut[lap, n] < p else 0
                    reply_features[m, 0], reply_features[m, 1], reply_features[m, 2] = gap, age[m], age[m] - age[n]
                    plan[m, stops[m]] = lap + 1
                if u_safety[lap, 0] < 0.012 and lap > 1 and safety[0] > t[leader, g - 1] and lap + SAFETY_LAPS + 1 < laps:
                    start = t[leader, g - 1] + u_safety[lap, 1] * 0.9 * pace[leader]
                    safety[0], safety[1], safety[2] = start, np.inf, (lap + 1 + SAFETY_LAPS) * loops
                    _note(events, count, SAFETY_ON, g, -1, -1, start, 0.0, 1.0, 0, 0, 0, 0)
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
                    own = was + pit_out_s
                elif in_pit:
                    standing[lap, n] = stand[lap, n]
                    own = was + pit_in_s + stand[lap, n]
                if off_at[n] == k and not neutral and not in_pit:
                    lost = 1.0 + 5.0 * u_pass[lap, 0, n]
                    own += lost
                    _note(events, count, OFF, g, n, -1, 0.5 * (was + own), 0.0, 1.0, lost, 0, 0, 0)
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
                            _note(events, count, ATTEMPT, end, n, before, was, p, 1.0 if works else 0.0, gap, closing, ages, steps)
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
                for n in range(cars):
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
                            events, count, UNDERCUT, g, rival, n, when, reply_p[n], float(reply_works[n]), f[0], f[1], f[2],
                            float(lap - 2),
                        )
                    reply[n] = -1
            if safety[1] == np.inf and g == int(safety[2]):
                first = np.inf
                for n in range(cars):
                    first = min(first, t[n, g])
                safety[1] = first
                _note(events, count, SAFETY_OFF, g, -1, -1, first, 0.0, 1.0, 0, 0, 0, 0)
            if k == loops - 1:
                for n in range(cars):
                    if stopping[n] == 1 and alive[n]:
                        stops[n] += 1
                        compound[n] = fits[n, min(stops[n], fits.shape[1] - 1)]
                        age[n] = 0.0
                        _note(events, count, STOP, g, n, -1, t[n, g], 0.0, 1.0, standing[lap, n], float(compound[n]), 0, 0)
                    else:
                        age[n] += 1.0
        if safety[1] < np.inf and lap * loops > int(safety[2]):
            safety[0], safety[1] = np.inf, np.inf  # another one may come


class Race:
    """A race of ``laps`` laps that ``seed`` stands for, played to its end.

    Attributes
    ----------
    t : (N, laps * loops + 1) s from the lights to every loop; inf after a car has dropped out
    history, standing, events : see :func:`run`
    """

    def __init__(self, seed: int, laps: int, cars: int = 20) -> None:
        rng = np.random.Generator(np.random.Philox(key=seed))
        self.seed, self.laps, self.track, self.cars = seed, laps, circuit(), cars
        self.loops = len(self.track.ends_s)
        team = np.repeat(np.sort(rng.uniform(0.0, 1.1, cars // 2)), 2)
        self.skill = team + rng.normal(0.0, 0.10, cars)
        self.wear = np.exp(rng.normal(0.0, 0.18, cars))
        qualified = np.argsort(self.skill + rng.normal(0.0, 0.22, cars), kind="stable")
        self.slot = np.empty(cars, np.int64)
        self.slot[qualified] = np.arange(cars)
        self.reaction_s = 0.20 + 0.08 * np.abs(rng.normal(0.0, 1.0, cars))
        self.launch = 1.0 + 0.03 * np.abs(rng.normal(0.0, 1.0, cars))
        self.fits, self.first_plan = _strategies(rng, laps, cars)
        self.grid_s = start_times(self.slot) * self.launch[:, None]
        self.grid_s[:, 0] += self.reaction_s
        self.t = np.zeros((cars, laps * self.loops + 1))
        self.history, self.standing = np.zeros((laps, cars, 4)), np.full((laps, cars), np.nan)
        self.age, self.compound = np.zeros(cars), self.fits[:, 0].copy()
        self.stops, self.alive = np.zeros(cars, np.int64), np.ones(cars, np.int64)
        self.safety, self.plan = np.array([np.inf, np.inf, -1.0]), self.first_plan.copy()
        self.events = self._play(rng, 0, self.t, self.age, self.compound, self.stops, self.alive, self.safety, self.plan)

    def _play(
        self, rng: Any, first: int, t: Floats, age: Floats, compound: Ints, stops: Ints, alive: Ints, safety: Floats, plan: Ints,
        keep: bool = True,
    ) -> Floats:  # fmt: skip
        track, cars, laps = self.track, self.cars, self.laps
        share = np.diff(np.concatenate([[0.0], track.ends_s])) / track.lap_s
        zones = np.array(track.zones, np.int64)
        pit_in, pit_out = pit_times(track)
        stand = 2.25 + 0.25 * np.abs(rng.normal(0.0, 1.0, (laps, cars)))
        stand += np.where(rng.random((laps, cars)) < 0.04, rng.uniform(2.0, 8.0, (laps, cars)), 0.0)
        events, count = np.zeros((40 * laps * len(zones) + 1000 if keep else 0, COLUMNS)), np.zeros(1, np.int64)
        history = self.history if keep else np.zeros((laps, cars, 4))
        standing = self.standing if keep else np.full((laps, cars), np.nan)
        run(
            first, laps, self.loops, share, track.lap_s, zones, pit_in, pit_out, self.grid_s, self.skill, self.wear, plan,
            self.fits, rng.normal(0.0, 1.0, (laps, cars)), stand, rng.random((laps, len(zones), cars)), rng.random((laps, cars)),
            rng.random((laps, cars)), rng.random((laps, cars)), rng.random((laps, 2)), t, age, compound, stops, alive, safety,
            history, standing, events, count,
        )  # fmt: skip
        return events[: int(count[0])]

    def winners_from(self, lap: int, rollouts: int, seed: int) -> Floats:
        """(N,) the true chance of each car to win, as seen from the line at which ``lap`` laps are done: the share of ``rollouts``
        continuations with fresh chances and everything else as it was."""
        rng = np.random.Generator(np.random.Philox(key=[seed, lap]))
        end, g = self.laps * self.loops, lap * self.loops
        wins = np.zeros(self.cars)
        state = self.history[lap]
        for _ in range(rollouts):
            t = np.zeros_like(self.t)
            t[:, : g + 1] = self.t[:, : g + 1]
            alive = np.isfinite(t[:, g]).astype(np.int64)
            stops = state[:, 2].astype(np.int64)
            safety = self._safety_at(lap)
            self._play(
                rng, lap, t, state[:, 0].copy(), state[:, 1].astype(np.int64), stops, alive, safety, self.first_plan.copy(), False
            )
            wins[int(np.argmin(t[:, end]))] += 1.0
        return wins / rollouts

    @property
    def pit_loss_s(self) -> float:
        """What a good stop costs against driving on, as race control tells at the start."""
        usual = float(self.track.ends_s[0] + self.track.lap_s - self.track.ends_s[-2])
        return round(sum(pit_times(self.track)) - usual + 2.5, 2)

    def neutral_at(self, t_s: float) -> bool:
        """Whether the safety car is out."""
        kinds = [row[0] for row in self.events if row[4] <= t_s and row[0] in (SAFETY_ON, SAFETY_OFF)]
        return kinds.count(SAFETY_ON) > kinds.count(SAFETY_OFF)

    def _safety_at(self, lap: int) -> Floats:
        """The safety car as it was when the leader began lap ``lap``."""
        now = self.t[:, lap * self.loops].min()
        on = [row for row in self.events if row[0] == SAFETY_ON and row[4] <= now]
        off = [row[4] for row in self.events if row[0] == SAFETY_OFF and row[4] <= now]
        if len(on) > len(off):
            ends = (int(on[-1][1] - 1) // self.loops + 1 + SAFETY_LAPS) * self.loops
            return np.array([on[-1][4], np.inf, float(ends)])
        return np.array([np.inf, np.inf, -1.0])


#: loops after which a car from the grid is as fast as one on a flying lap: before the first corner
LAUNCH_LOOPS: Final = 5


def start_times(slot: Ints) -> Floats:
    """(N, LAUNCH_LOOPS) s that each of the first mini-sectors takes from rest on the grid, driven as hard as power and grip allow."""
    found = np.empty((len(slot), LAUNCH_LOOPS))
    for n, s in enumerate(slot.tolist()):
        where, time, _ = start_profile(s)
        found[n] = np.diff(np.interp(circuit().ends_m[:LAUNCH_LOOPS], where, time), prepend=0.0)
    return found


@cache
def start_profile(slot: int) -> tuple[Floats, Floats, Floats]:
    """Distance from the line (m), time (s) and speed from a slot of the grid to the last loop of the launch."""
    track = circuit()
    back, end = GRID_FIRST_M + GRID_STEP_M * slot, float(track.ends_m[LAUNCH_LOOPS - 1])
    where = np.linspace(-back, end, int(back + end) + 1)
    step = float(where[1] - where[0])
    limit = np.interp(np.mod(where, track.ends_m[-1]), np.arange(len(track.speed_mps)), track.speed_mps)
    speed = np.zeros(len(where))
    for i in range(1, len(where)):
        v = float(speed[i - 1])
        speed[i] = min(float(limit[i]), (v * v + 2.0 * step * drive_mps2(max(v, 3.0))) ** 0.5)
    time = np.concatenate([[0.0], np.cumsum(2.0 * step / (speed[1:] + speed[:-1]))])
    return where, time, speed


def pit_times(track: Track) -> tuple[float, float]:
    """s from the last mini-sector's start to the line through the pit lane, without standing; and from the line to the first loop."""
    to_line = float(track.ends_m[-1] - track.ends_m[-2])
    line = float(np.interp(to_line, track.pit_m, track.pit_s))
    return line, float(track.pit_s[-1]) - line


def _strategies(rng: Any, laps: int, cars: int) -> tuple[Ints, Ints]:
    """Compounds of each stint, and the laps at whose end each car means to stop: one or two stops, scaled to the race."""
    fits, plan = np.zeros((cars, 3), np.int64), np.full((cars, 2), 1 << 30, np.int64)
    for n in range(cars):
        if rng.random() < 0.7 or laps < 24:
            first = int(rng.integers(0, 2))
            fits[n] = (first, 2 if first == 1 or laps >= 40 else 1, 2)
            plan[n, 0] = round(laps * (rng.uniform(0.26, 0.42) if first == 0 else rng.uniform(0.38, 0.58)))
        else:
            fits[n] = (0, 1, 1) if rng.random() < 0.5 else (1, 2, 0)
            plan[n] = (round(laps * rng.uniform(0.22, 0.34)), round(laps * rng.uniform(0.58, 0.72)))
    if laps < 6:
        plan[:] = 1 << 30  # nobody stops in a sprint of a few laps
    return fits, plan
