"""Paths over the seconds of one pitch: players who run to places, and a ball that is held, thrown, pitched or hit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.flight import fly
from simulators.mlb.truth import run_s

Floats = npt.NDArray[np.float64]
Place = tuple[float, float]

JOG_MPS: Final = 3.6
TAKEN_MPS: Final = 30.0


def covered(seconds: Floats, speed_mps: float, k_s: float) -> Floats:
    """(n,) m; :func:`simulators.mlb.truth.covered_m` for many times."""
    s = np.maximum(seconds, 0.0)
    return np.asarray(speed_mps * (s - k_s * (1.0 - np.exp(-s / k_s))), np.float64)


class Path:
    """The path of one player, who stands at ``start`` until the first move. Moves come in order of time; a later one interrupts."""

    def __init__(self, start: Place) -> None:
        self._start = np.array(start, np.float64)
        self._moves: list[tuple[float, Floats, float, float, float]] = []

    def go(self, t_s: float, to: Place, speed_mps: float = JOG_MPS, k_s: float = 0.4, bend_m: float = 0.0) -> float:
        """Run to ``to`` from ``t_s`` on, ``bend_m`` to the side half-way; returns the time of arrival, s."""
        here = self.at(np.array([t_s]))[0]
        self._moves = [m for m in self._moves if m[0] < t_s]
        self._moves.append((t_s, np.array(to, np.float64), speed_mps, k_s, bend_m))
        return t_s + run_s(float(np.hypot(*(self._moves[-1][1] - here))), speed_mps, k_s)

    def at(self, times: Floats) -> Floats:
        """(n, 2) m."""
        out = np.repeat(self._start[None], len(times), 0)
        here = self._start
        for i, (t, to, speed, k, bend) in enumerate(self._moves):
            until = self._moves[i + 1][0] if i + 1 < len(self._moves) else np.inf
            way = to - here
            length = float(np.hypot(*way))

            def along(
                when: Floats,
                t: float = t,
                here: Floats = here,
                way: Floats = way,
                length: float = length,
                speed: float = speed,
                k: float = k,
                bend: float = bend,
            ) -> Floats:
                share = np.minimum(covered(when - t, speed, k) / length, 1.0) if length > 1e-9 else np.ones(len(when))
                side = np.array([-way[1], way[0]]) / max(length, 1e-9)
                place: Floats = here + share[:, None] * way + (4.0 * bend * share * (1.0 - share))[:, None] * side
                return place

            now = times >= t
            out[now] = along(times[now])
            if until < np.inf:
                here = along(np.array([until]))[0]
        return out


class BallPath:
    """Pieces ``(from, phase, where)`` in order of time; ``where(times) -> (n, 3)``, or None while the ball is out of sight."""

    def __init__(self) -> None:
        self._pieces: list[tuple[float, int, Callable[[Floats], Floats] | None]] = []

    def then(self, t_s: float, phase: int, where: Callable[[Floats], Floats] | None) -> None:
        self._pieces.append((t_s, phase, where))

    def held(self, t_s: float, phase: int, by: Path, height_m: float = 1.3) -> None:
        """In a hand, which it reaches from where it is at no more than ``TAKEN_MPS``."""
        before = self.at(np.array([t_s]))[0][0]
        gap = before - np.array([*by.at(np.array([t_s]))[0], height_m])
        far = float(np.sqrt((gap * gap).sum()))
        takes = max(far / TAKEN_MPS, 1e-6) if np.isfinite(far) else 0.0

        def where(times: Floats) -> Floats:
            hand = np.column_stack([by.at(times), np.full(len(times), height_m)])
            if takes == 0.0:
                return hand
            share = np.clip((times - t_s) / takes, 0.0, 1.0)[:, None]
            out: Floats = before + share * (hand - before)
            return out

        self.then(t_s, phase, where)

    def thrown(self, t_s: float, until_s: float, phase: int, start: Any, end: Any) -> None:
        """A throw from ``start`` (x, y, z) to ``end``: even pace over the ground, a parabola in height."""
        a, b, whole = np.asarray(start, np.float64), np.asarray(end, np.float64), until_s - t_s

        def where(times: Floats) -> Floats:
            share = np.clip((times - t_s) / whole, 0.0, 1.0)
            out: Floats = a + share[:, None] * (b - a)
            out[:, 2] += 4.9 * whole * whole * share * (1.0 - share)
            return out

        self.then(t_s, phase, where)

    def batted(self, t_s: float, phase: int, speed_mps: float, launch_rad: float, spray_rad: float, stop_m: float) -> None:
        """Off the bat; the fence, or the fielder who stops it, is ``stop_m`` away."""

        def where(times: Floats) -> Floats:
            flown = np.zeros((len(times), 2))
            fly(speed_mps, launch_rad, np.maximum(times - t_s, 0.0), flown)
            r = np.minimum(flown[:, 0], stop_m)
            return np.column_stack([r * np.cos(spray_rad), -r * np.sin(spray_rad), flown[:, 1]])

        self.then(t_s, phase, where)

    def at(self, times: Floats) -> tuple[Floats, Floats]:
        """(n, 3) m, NaN out of sight, and (n,) phase."""
        xyz, phase = np.full((len(times), 3), np.nan), np.full(len(times), np.nan)
        for i, (t, code, where) in enumerate(self._pieces):
            until = self._pieces[i + 1][0] if i + 1 < len(self._pieces) else np.inf
            now = (times >= t) & (times < until)
            if where is not None and now.any():
                xyz[now], phase[now] = where(times[now]), code
        return xyz, phase
