"""From times at loops to motion: where every car is at any moment, how fast, and what its driver does.

Between loops a car follows the reference lap, stretched in time by a monotone cubic through its times at the loops (Fritsch and
Carlson, 1980), so that its speed never jumps. The first mini-sector of the race is the launch from the grid, and a stop follows the
pit lane's own profile with the time at the box put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulators.f1.race import LAUNCH_LOOPS, Floats, Race, pit_times, start_profile
from simulators.f1.track import BOX_BEFORE_LINE_M, LAP_M, MOST_DRIVE, PIT_OUT_M, Track

#: highest and lowest crankshaft speed in a gear, rad/s, and the speed at which each gear ends
REVS: Final = (1256.0, 942.0)
GEAR_MPS: Final = np.array([24.0, 33.0, 42.0, 52.0, 62.0, 72.0, 82.0, 200.0])


@dataclass(frozen=True)
class Piece:
    """One stretch of a car's race on one profile: race distance and time at its knots, s and m, for interpolation."""

    start_s: float
    end_s: float
    kind: str
    first: int
    last: int


class Motion:
    """One car of a race. ``at(t)`` are the readings of its sensors at times ``t`` (T,) s from the lights."""

    def __init__(self, race: Race, car: int) -> None:
        self.race, self.car, self.track = race, car, race.track
        self.times = race.t[car]
        finite = np.flatnonzero(np.isfinite(self.times))
        self.last = int(finite[-1])
        loops = race.loops
        starts = [
            lap * loops for lap in range(race.laps) if lap * loops + loops <= self.last and np.isfinite(race.standing[lap, car])
        ]
        self.stops = {lap * loops + loops - 1: float(race.standing[lap, car]) for lap in (s // loops for s in starts)}
        self.launch = start_profile(int(race.slot[car]))
        self._pieces = self._cut()

    def _cut(self) -> list[Piece]:
        at = min(LAUNCH_LOOPS, self.last)
        pieces = [Piece(0.0, float(self.times[at]), "launch", 0, at)]
        for g in sorted(self.stops):
            if g > at:
                pieces.append(Piece(float(self.times[at]), float(self.times[g]), "lap", at, g))
            pieces.append(Piece(float(self.times[g]), float(self.times[min(g + 2, self.last)]), "pit", g, min(g + 2, self.last)))
            at = min(g + 2, self.last)
        if at < self.last:
            pieces.append(Piece(float(self.times[at]), float(self.times[self.last]), "lap", at, self.last))
        return pieces

    @property
    def end_s(self) -> float:
        return float(self.times[self.last])

    def at(self, t: Floats) -> tuple[Floats, Floats]:
        """Race distance (m, negative on the grid) and speed (m/s)."""
        distance, speed = np.full(t.shape, np.nan), np.zeros(t.shape)
        early = t <= 0.0
        distance[early] = self.launch[0][0]
        for piece in self._pieces:
            here = (t > piece.start_s) & (t <= piece.end_s)
            if here.any():
                distance[here], speed[here] = getattr(self, f"_{piece.kind}")(piece, t[here])
        after = t > self.end_s
        if after.any():
            if self.last == len(self.times) - 1:  # past the flag: on at the reference's pace
                distance[after], speed[after] = self._reference(self.last, t[after] - self.end_s)
            else:  # out: it rolls to a stop
                gone = t[after] - self.end_s
                distance[after] = self._distance(self.last) + 40.0 * (1.0 - np.exp(-gone / 2.0))
                speed[after] = 20.0 * np.exp(-gone / 2.0)
        return distance, speed

    def _distance(self, g: int) -> float:
        lap, k = divmod(g, self.race.loops)
        return lap * LAP_M + (float(self.track.ends_m[k - 1]) if k else 0.0)

    def _reference_time(self, g: Any) -> Any:
        lap, k = np.divmod(g, self.race.loops)
        ends = np.concatenate([[0.0], self.track.ends_s])
        return lap * self.track.lap_s + ends[k]

    def _by_time(self, tau: Floats) -> tuple[Floats, Floats]:
        """Race distance and reference speed at reference times since the start."""
        lap = np.floor(tau / self.track.lap_s)
        metres = np.arange(len(self.track.time_s), dtype=np.float64)
        lap_m = np.interp(tau - lap * self.track.lap_s, self.track.time_s, metres)
        return lap * LAP_M + lap_m, np.interp(lap_m, metres, self.track.speed_mps)

    def _reference(self, g: int, gone: Floats) -> tuple[Floats, Floats]:
        return self._by_time(self._reference_time(g) + gone)

    def _launch(self, piece: Piece, t: Floats) -> tuple[Floats, Floats]:
        where, time, speed = self.launch
        reaction = float(self.race.reaction_s[self.car])
        knots = np.concatenate([[0.0], np.interp(self.track.ends_m[: piece.last], where, time)])
        tau, rate = monotone(np.concatenate([[reaction], self.times[1 : piece.last + 1]]), knots, np.maximum(t, reaction))
        # positions from the speeds' own integral: between the posts of the profile acceleration is constant
        i = np.clip(np.searchsorted(time, tau, side="right") - 1, 0, len(time) - 2)
        into = tau - time[i]
        gain = (speed[i + 1] - speed[i]) / (time[i + 1] - time[i])
        moving = t > reaction
        v = np.where(moving, (speed[i] + gain * into) * rate, 0.0)
        return where[i] + (speed[i] + 0.5 * gain * into) * into, v

    def _lap(self, piece: Piece, t: Floats) -> tuple[Floats, Floats]:
        knots = np.arange(piece.first, piece.last + 1)
        x, y = self.times[knots], self._reference_time(knots)
        tau, rate = monotone(x, y, t)
        distance, speed = self._by_time(tau)
        return distance, speed * rate

    def _pit(self, piece: Piece, t: Floats) -> tuple[Floats, Floats]:
        """Into the lane, to the box, still, and out to the first loop; whatever the two stretches took more goes to the box
        before the line, and after it to the way out."""
        track, line_s = self.track, float(self.times[piece.first + 1])
        to_line, out_s = pit_times(track)
        box_m = float(track.ends_m[-1] - track.ends_m[-2]) - BOX_BEFORE_LINE_M
        box_s = float(np.interp(box_m, track.pit_m, track.pit_s))
        still = line_s - piece.start_s - to_line
        tau = np.where(
            t <= line_s,
            np.minimum(t - piece.start_s, box_s) + np.maximum(t - piece.start_s - box_s - still, 0.0),
            to_line + (t - line_s) * (out_s / max(piece.end_s - line_s, 1e-9) if piece.last == piece.first + 2 else 1.0),
        )
        distance = np.interp(tau, track.pit_s, track.pit_m)
        standing = (t > piece.start_s + box_s) & (t < piece.start_s + box_s + still)
        speed = np.where(standing, 0.0, np.interp(distance, track.pit_m, track.pit_mps))
        return self._distance(piece.first) + distance, speed

    def pit_span(self, g: int) -> tuple[float, float]:
        """When a stop that begins after loop ``g`` enters the pit lane and leaves it, s."""
        track = self.track
        to_line, out_s = pit_times(track)
        entry = float(self.times[g]) + float(np.interp(10.0, track.pit_m, track.pit_s))
        rest = float(np.interp(track.ends_m[-1] - track.ends_m[-2] + PIT_OUT_M, track.pit_m, track.pit_s)) - to_line
        end = min(g + 2, self.last)
        share = (float(self.times[end]) - float(self.times[g + 1])) / out_s if end == g + 2 else 1.0
        return entry, float(self.times[g + 1]) + rest * share


def monotone(x: Floats, y: Floats, at: Floats) -> tuple[Floats, Floats]:
    """The monotone cubic through rising points and its slope, at ``at`` within them."""
    if len(x) == 2:
        rate = (y[1] - y[0]) / (x[1] - x[0])
        return y[0] + rate * (at - x[0]), np.full(at.shape, rate)
    h = np.diff(x)
    delta = np.diff(y) / h
    slope = np.empty(len(x))
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    slope[1:-1] = (w1 + w2) / (w1 / delta[:-1] + w2 / delta[1:])
    slope[0], slope[-1] = delta[0], delta[-1]
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(h) - 1)
    u = (at - x[i]) / h[i]
    a, b, da, db = y[i], y[i + 1], slope[i] * h[i], slope[i + 1] * h[i]
    value = a + u * (da + u * (3 * (b - a) - 2 * da - db + u * (2 * (a - b) + da + db)))
    rate = (da + u * (2 * (3 * (b - a) - 2 * da - db) + 3 * u * (2 * (a - b) + da + db))) / h[i]
    return value, rate


def pedals(track: Track, lap_m: Floats, speed: Floats, dt_s: float) -> dict[str, Floats]:
    """Throttle, brake, gear, crankshaft speed and accelerations at lap distances and speeds that lie ``dt_s`` apart."""
    where = np.mod(lap_m, LAP_M)
    metres = np.arange(len(track.speed_mps), dtype=np.float64)
    # where two profiles meet (launch, lap, pit lane) the speed may step by some m/s, which no car does in 20 ms
    forward = np.clip(np.gradient(speed, dt_s), -60.0, MOST_DRIVE)
    bend = np.interp(where, metres, track.curvature)
    throttle = np.clip((forward + 0.00125 * speed**2 + 1.0) / np.minimum(11.0, 950.0 / np.maximum(speed, 1.0)), 0.0, 1.0)
    throttle[forward < -2.0] = 0.0
    gear = np.searchsorted(GEAR_MPS, speed).astype(np.float64) + 1.0
    low = np.where(gear > 1, GEAR_MPS[np.maximum(gear.astype(int) - 2, 0)], 0.0)
    high = np.minimum(GEAR_MPS[gear.astype(int) - 1], 95.0)
    revs = REVS[1] + (REVS[0] - REVS[1]) * np.clip((speed - low) / (high - low), 0.0, 1.0)
    return {
        "speed_mps": speed,
        "throttle_share": throttle,
        "brake_share": np.clip(-(forward + 3.0) / 45.0, 0.0, 1.0),
        "gear": np.where(speed < 0.3, 0.0, gear),
        "engine_radps": np.where(speed < 0.3, 500.0, revs),
        "lateral_mps2": speed**2 * bend,
        "longitudinal_mps2": forward,
    }
