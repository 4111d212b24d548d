"""The race at the level of its timing loops: when every car passes every loop. Everything that is a matter of chance is decided
here.

All cars are taken from loop to loop together, first the one that passed the last loop first. A car takes its own time (pace, tyres,
fuel, a little chance) unless it would come too close to the car ahead; it passes that one only in an overtaking zone, if the draw
says so (see truth.py). What a stop, an excursion, or the safety car costs is added to the time of the loop where it happens. 20
cars over 60 laps of 24 loops take about two milliseconds, so that thousands of races can be played for one question.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.f1.loops import COLUMNS, SAFETY_LAPS, SAFETY_OFF, SAFETY_ON, Abilities, Cars, Chances, Course, Log, run
from simulators.f1.track import GRID_FIRST_M, GRID_STEP_M, Track, circuit, drive_mps2

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
        self.wear = np.exp(rng.normal(0.0, 0.07, cars))
        qualified = np.argsort(self.skill + rng.normal(0.0, 0.22, cars), kind="stable")
        self.slot = np.empty(cars, np.int64)
        self.slot[qualified] = np.arange(cars)
        self.reaction_s = 0.20 + 0.08 * np.abs(rng.normal(0.0, 1.0, cars))
        self.launch = 1.0 + 0.03 * np.abs(rng.normal(0.0, 1.0, cars))
        self.grid_s = start_times(self.slot) * self.launch[:, None]
        self.grid_s[:, 0] += self.reaction_s
        self.t = np.zeros((cars, laps * self.loops + 1))
        self.history, self.standing = np.zeros((laps, cars, 5)), np.full((laps, cars), np.nan)
        compound, quality = rng.integers(0, 2, cars), rng.normal(0.0, SET_S, cars)
        safety = np.array([np.inf, np.inf, -1.0])
        stops, alive = np.zeros(cars, np.int64), np.ones(cars, np.int64)
        state = Cars(self.t, np.zeros(cars), compound, stops, alive, quality, safety)
        self.events = self._play(rng, 0, state)

    def _play(self, rng: Any, first: int, state: Cars, keep: bool = True) -> Floats:
        """Play on from lap ``first``; the events of it, and none where nothing is to be kept."""
        track, cars, laps = self.track, self.cars, self.laps
        share = np.diff(np.concatenate([[0.0], track.ends_s])) / track.lap_s
        zones = np.array(track.zones, np.int64)
        stand = 2.25 + 0.25 * np.abs(rng.normal(0.0, 1.0, (laps, cars)))
        stand += np.where(rng.random((laps, cars)) < 0.04, rng.uniform(2.0, 8.0, (laps, cars)), 0.0)
        chances = Chances(
            sets=rng.normal(0.0, SET_S, (laps, cars)),
            noise=rng.normal(0.0, 1.0, (laps, cars)),
            stand=stand,
            u_pass=rng.random((laps, len(zones), cars)),
            u_stop=rng.random((laps, cars)),
            u_undercut=rng.random((laps, cars)),
            u_off=rng.random((laps, cars)),
            u_out=rng.random((laps, cars)),
            u_safety=rng.random((laps, 2)),
        )
        log = Log(
            history=self.history if keep else np.zeros((laps, cars, 5)),
            standing=self.standing if keep else self.standing.copy(),
            events=np.zeros((40 * laps * len(zones) + 1000 if keep else 0, COLUMNS)),
            filled=np.zeros(1, np.int64),
        )
        course = Course(laps, self.loops, share, track.lap_s, zones, *pit_times(track), self.grid_s)
        run(first, course, Abilities(self.skill, self.wear), chances, state, log)
        return log.events[: int(log.filled[0])]

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
            age, compound, quality = state[:, 0].copy(), state[:, 1].astype(np.int64), state[:, 4].copy()
            self._play(rng, lap, Cars(t, age, compound, stops, alive, quality, safety), keep=False)
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


#: sets of one compound differ by so much, s a lap
SET_S: Final = 0.05
#: loops after which a car from the grid is as fast as one on a flying lap: before the first corner
LAUNCH_LOOPS: Final = 5


def start_times(slot: Ints) -> Floats:
    """(N, LAUNCH_LOOPS) s that each of the first mini-sectors takes from rest on the grid, driven as hard as power and grip
    allow."""
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
    """s from the last mini-sector's start to the line through the pit lane, without standing; and from the line to the first
    loop."""
    to_line = float(track.ends_m[-1] - track.ends_m[-2])
    line = float(np.interp(to_line, track.pit_m, track.pit_s))
    return line, float(track.pit_s[-1]) - line
