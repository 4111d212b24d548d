"""Scenes of football by hand: eleven against eleven as plain arrays, and every step run over them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from features.core.frames import Field, Frames, Roster
from features.nfl import SPORT
from features.nfl.columns import YD
from features.nfl.motion import LEFT, RIGHT

Floats = npt.NDArray[np.float64]
KEEP = 140
ROLES = ("passer", "back", "line", "line", "line", "line", "line", "end", "receiver", "receiver", "receiver")
DEFENCE = ("rusher", "rusher", "rusher", "rusher", "backer", "backer", "backer", "cover", "cover", "cover", "cover")


def roster() -> Roster:
    """Home 0..10 attack, away 11..21 defend, the ball is 22."""
    rows = [(f"h{k}", 0, role) for k, role in enumerate(ROLES)] + [(f"a{k}", 1, role) for k, role in enumerate(DEFENCE)]
    return Roster.of([*rows, ("ball", -1, "ball")], ("home", "away"))


def line_up(los_m: float = 0.0) -> Floats:
    """(23, 2) m: a shotgun formation at the line, the offence towards +x."""
    place = np.zeros((23, 2))
    place[0], place[1] = (-4.5, 0.0), (-4.8, 1.5)
    place[2:7] = [(-0.8, v) for v in (2.9, 1.45, 0.0, -1.45, -2.9)]
    place[7:11] = [(-0.9, 4.4), (-0.6, 16.0), (-0.6, -16.0), (-1.2, -8.5)]
    place[11:15] = [(1.0, v) for v in (3.6, 1.2, -1.2, -3.6)]
    place[15:18] = [(4.5, 3.0), (4.5, 0.0), (4.5, -3.0)]
    place[18:22] = [(6.0, 15.0), (6.0, -15.0), (12.0, 6.0), (12.0, -6.0)]
    place[:, 0] += los_m
    return place


class Scene:
    """``xy`` (T, 23, 2) m, ``phase`` and ``offense`` (T,) at 10 Hz; ``run`` computes all steps, in chunks if one likes."""

    def __init__(self, xy: Floats, phase: Floats, *, facing: Floats | None = None, attack: int = 1, offense: float = 0.0) -> None:
        self.xy, self.phase, self.attack, self.offense = xy, phase, attack, offense
        self.facing = np.zeros(xy.shape[:2]) if facing is None else facing

    def run(self, chunks: Iterable[int] | None = None) -> Frames:
        people = roster()
        rows, n = KEEP + len(self.xy), len(people)
        signals = {s.name: np.full((rows, *(n if d == "N" else int(d) for d in s.dims)), s.fill) for s in SPORT.signals}
        signals |= {name: np.full((rows, n), np.nan) for name in SPORT.channels}
        xyz = np.full((rows, n, 3), np.nan)
        xyz[KEEP:, :, :2] = self.xy
        signals["phase"][KEEP:, -1], signals["offense"][KEEP:, -1] = self.phase, self.offense
        for names, off in ((LEFT, 0.22), (RIGHT, -0.22)):
            signals[names[0]][KEEP:] = self.xy[:, :, 0] - off * np.sin(self.facing)
            signals[names[1]][KEEP:] = self.xy[:, :, 1] + off * np.cos(self.facing)
        period, attack = np.zeros(rows, np.int8), np.zeros(rows, np.int8)
        period[KEEP:], attack[KEEP:] = 1, self.attack
        state = {
            f"{step.name}.{k}": np.zeros([n if d == "N" else int(d) for d in dims])
            for step in SPORT.steps
            for k, dims in step.state.items()
        }
        frames = Frames(
            people,
            Field(120.0 * YD, 160.0 / 3.0 * YD),
            dt_s=0.1,
            hop=2,
            span=4,
            t=0.1 * np.arange(1 - KEEP, rows + 1 - KEEP),
            xyz=xyz,
            period=period,
            attack=attack,
            signals=signals,
            state=state,
            lo=KEEP,
            hi=KEEP,
        )
        for count in chunks if chunks is not None else [len(self.xy)]:
            frames.lo, frames.hi = frames.hi, min(frames.hi + count, rows)
            for step in SPORT.steps:
                step.compute(frames)
        return frames


def still(rows: int, phase: float = 1.0, los_m: float = 0.0) -> Scene:
    """Both teams lined up and waiting."""
    return Scene(np.tile(line_up(los_m), (rows, 1, 1)), np.full(rows, phase))


def simulated(seed: int = 3, which: int = 2) -> Scene:
    """A play of the simulator on the grid, by slot, without noise."""
    from simulators.nfl.engine import TENTH
    from simulators.nfl.game import Match

    blocks = (b for b in Match(seed, 10.0).blocks() if b.played is not None and b.offense == 0 and len(b.played.notes))
    for _ in range(which):
        block = next(blocks)
    at = np.arange(len(block.phase) % TENTH, len(block.phase), TENTH)
    xy = np.concatenate((block.places[at], block.ball[at, None, :2]), axis=1)
    facing = np.concatenate((block.facing[at], np.zeros((len(at), 1))), axis=1)
    attack = Match(seed, 10.0).record.periods[block.events[0].period - 1].home_attacks
    return Scene(xy, block.phase[at], facing=facing, attack=attack)
