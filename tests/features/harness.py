"""Run a sport's steps and window stats over plain arrays, cut into chunks any way one likes, without the engine.

Every chunk gets buffers of its own: just the rows that readers may look back on, then the new ones. A feature that
looks further, keeps row numbers or reads rows that do not exist yet gives other values here than in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.core.frames import Field, Floats, Frames, Roster
from features.core.sport import Sport, Stat

HOP_ROWS = 5
PITCH = Field(105.0, 68.0)


def roster_of(home: int = 14, away: int = 14, *, keepers: bool = True) -> Roster:
    """``home`` and ``away`` players (the first of each a keeper) and the ball last."""
    rows = [
        (f"{name}{k}", side, "keeper" if keepers and k == 0 else "player")
        for side, (name, size) in enumerate((("h", home), ("a", away)))
        for k in range(size)
    ]
    return Roster.of([*rows, ("ball", -1, "ball")], ("home", "away"))


@dataclass(frozen=True)
class Scene:
    """A game as plain arrays: t (T,), xyz (T, N, 3), period and attack (T,), channels (T, N) by name."""

    roster: Roster
    xyz: Floats
    t: Floats
    period: npt.NDArray[np.int8]
    attack: npt.NDArray[np.int8]
    channels: dict[str, Floats]
    field: Field = PITCH
    dt_s: float = 0.04

    @classmethod
    def of(cls, roster: Roster, xyz: Floats, *, dt_s: float = 0.04, attack: int = 1, in_play: float = np.nan) -> Scene:
        """A scene of one period; ``xyz`` may lack the third axis (NaN heights). Row i is at (i + 1) dt."""
        rows, n = xyz.shape[:2]
        full = np.full((rows, n, 3), np.nan)
        full[..., : xyz.shape[2]] = xyz
        return cls(
            roster,
            full,
            dt_s * np.arange(1, rows + 1),
            np.ones(rows, np.int8),
            np.full(rows, attack, np.int8),
            {"in_play": np.full((rows, n), in_play)},
            dt_s=dt_s,
        )

    def mirrored(self) -> Scene:
        """The same game seen from the other side of the stadium."""
        return replace(self, xyz=self.xyz * np.array([-1.0, -1.0, 1.0]), attack=(-self.attack).astype(np.int8))


class Run:
    """A sport at work on a scene; ``frames`` is the latest view."""

    def __init__(self, sport: Sport, scene: Scene) -> None:
        self.sport, self.scene, self.done = sport, scene, 0
        hz = 1.0 / scene.dt_s
        self.span = round(sport.span_s * hz)
        self.keep = max(self.span, int(np.ceil(max([s.keep_s for s in sport.signals], default=0.0) * hz)))
        #: a signal is there as far back as it was declared to be, and blank before
        self.own_keep = {s.name: max(self.span, int(np.ceil(s.keep_s * hz))) for s in sport.signals}
        self.state = {f"{step.name}.{key}": np.zeros(self._sizes(dims)) for step in sport.steps for key, dims in step.state.items()}
        self.frames = self._frames(self.keep)

    def _sizes(self, dims: tuple[str | int, ...]) -> tuple[int, ...]:
        return tuple(len(self.scene.roster) if d == "N" else int(d) for d in dims)

    def _frames(self, rows: int) -> Frames:
        n = len(self.scene.roster)
        signals = {s.name: np.full((rows, *self._sizes(s.dims)), s.fill).astype(s.dtype) for s in self.sport.signals}
        signals |= {name: np.full((rows, n), np.nan) for name in self.sport.channels}
        return Frames(
            self.scene.roster,
            self.scene.field,
            dt_s=self.scene.dt_s,
            hop=HOP_ROWS,
            span=self.span,
            t=self.scene.dt_s * np.arange(1 - rows, 1),
            xyz=np.full((rows, n, 3), np.nan),
            period=np.zeros(rows, np.int8),
            attack=np.zeros(rows, np.int8),
            signals=signals,
            state=self.state,
            lo=rows,
            hi=rows,
        )

    def advance(self, rows: int, time_step: Callable[[str, Callable[[], None]], None] | None = None) -> Frames:
        """Take the next ``rows`` rows of the scene and run every step on them."""
        old, scene = self.frames, self.scene
        new = slice(self.done, self.done + rows)
        rows = len(scene.t[new])
        frames = self._frames(self.keep + rows)
        held = slice(old.hi - self.keep, old.hi)
        for name, buffer in frames.signals.items():
            own = self.own_keep.get(name, self.keep)
            buffer[self.keep - own : self.keep] = old.signals[name][held][self.keep - own :]
            if name in scene.channels:
                buffer[self.keep :] = scene.channels[name][new]
        for name in ("t", "xyz", "period", "attack"):
            getattr(frames, name)[: self.keep] = getattr(old, name)[held]
            getattr(frames, name)[self.keep :] = getattr(scene, name)[new]
        frames.lo, frames.hi = self.keep, self.keep + rows
        for step in self.sport.steps:
            if time_step is None:
                step.compute(frames)
            else:
                time_step(step.name, lambda step=step: step.compute(frames))
        self.frames, self.done = frames, self.done + rows
        return frames

    def ends(self, stat: Stat) -> npt.NDArray[np.int64]:
        """Rows in which windows of ``stat`` end among the latest chunk's."""
        every = max(HOP_ROWS, round(stat.every_s / self.scene.dt_s))
        rows = np.arange(self.frames.lo, self.frames.hi)
        number = rows - self.frames.lo + self.done - (self.frames.hi - self.frames.lo) + 1
        return rows[(number % every == 0) & (number >= self.span)]


def window_stats(sport: Sport, scene: Scene, chunks: Iterable[int] | None = None) -> dict[str, Floats]:
    """Every window stat of ``sport`` over ``scene``, cut into ``chunks`` of that many rows (one chunk by default), by
    id."""
    run = Run(sport, scene)
    stats = [s for s in sport.stats if s.kind == "window" and s.model is None]
    parts: dict[str, list[Floats]] = {s.id: [] for s in stats}
    for rows in chunks if chunks is not None else [len(scene.t)]:
        run.advance(rows)
        for stat in stats:
            ends = run.ends(stat)
            if len(ends):
                parts[stat.id].append(stat.compute(run.frames, ends))
    return {name: np.concatenate(values) if values else np.empty(0) for name, values in parts.items()}


def signals(sport: Sport, scene: Scene, chunks: Sequence[int] | None = None) -> dict[str, npt.NDArray[np.generic]]:
    """Every signal of ``sport`` over ``scene``, (T, ...) each."""
    run = Run(sport, scene)
    parts: dict[str, list[npt.NDArray[np.generic]]] = {s.name: [] for s in sport.signals}
    for rows in chunks if chunks is not None else [len(scene.t)]:
        frames = run.advance(rows)
        for name, kept in parts.items():
            kept.append(frames[name][frames.lo : frames.hi])
    return {name: np.concatenate(values) for name, values in parts.items()}


def match_scene(seconds: float = 40.0, seed: int = 1, noise_m: float = 0.02, holes: bool = True) -> Scene:
    """Two teams that drift in formation and a ball that goes from player to player, with keepers, a bench that never
    comes on, a break between two periods after which ends change, dead balls, tags that drop out and a second of
    nothing at all."""
    rng = np.random.default_rng(seed)
    roster = roster_of()
    rows, n, dt = round(seconds * 25), len(roster), 0.04
    t = dt * np.arange(1, rows + 1)
    first = t <= seconds / 2
    attack = np.where(first, 1, -1).astype(np.int8)
    xyz = np.full((rows, n, 3), np.nan)
    for side in range(2):
        for k in range(11):
            i = side * 14 + k
            depth, across = (-47.0, 0.0) if k == 0 else (-32.0 + 18.0 * ((k - 1) // 4), -24.0 + 16.0 * ((k - 1) % 4))
            way = (1 if side == 0 else -1) * attack
            rate, phase, size = rng.uniform(0.2, 0.9, 2), rng.uniform(0, 6.3, 2), rng.uniform(2.0, 7.0, 2)
            drift = 14.0 * np.sin(0.12 * t)
            xyz[:, i, 0] = way * depth + drift + size[0] * np.sin(rate[0] * t + phase[0])
            xyz[:, i, 1] = way * across + size[1] * np.sin(rate[1] * t + phase[1])
    ball = np.empty((rows, 2))
    row, holder = 0, 14 * int(rng.integers(2)) + int(rng.integers(1, 11))
    while row < rows:
        held = min(int(rng.integers(15, 60)), rows - row)
        ball[row : row + held] = xyz[row : row + held, holder, :2] + 0.5
        row += held
        if row >= rows:
            break
        same = rng.uniform() < 0.6
        taker = (14 * (holder // 14) if same else 14 * (1 - holder // 14)) + int(rng.integers(1, 11))
        way = np.linalg.norm(xyz[row, taker, :2] - ball[row - 1])
        flight = min(max(int(way / 15.0 / dt), 1), rows - row)
        meet = xyz[min(row + flight, rows - 1), taker, :2] + 0.5
        share = np.linspace(0, 1, flight + 1)[1:, None]
        ball[row : row + flight] = ball[row - 1] * (1 - share) + meet * share
        row, holder = row + flight, taker
    xyz[:, -1, :2] = ball
    xyz[:, -1, 2] = np.abs(0.4 * np.sin(t))
    xyz[..., :2] += rng.normal(0.0, noise_m, (rows, n, 2))
    period = np.where(first, 1, 2).astype(np.int8)
    rest = (t > seconds * 0.48) & (t <= seconds * 0.52)
    period[rest], attack[rest] = 0, 0
    in_play = np.full((rows, n), np.nan)
    dead = (t > seconds * 0.7) & (t < seconds * 0.75)
    in_play[t > seconds * 0.6, -1] = 1.0
    in_play[dead, -1] = 0.0
    if holes:
        xyz[rng.uniform(size=(rows, n)) < 0.01] = np.nan
        xyz[100:130, 5] = np.nan
        xyz[round(rows * 0.3) : round(rows * 0.3) + 26] = np.nan
        xyz[: rows // 4, 17] = np.nan
    return Scene(roster, xyz, t, period, attack, {"in_play": in_play})
