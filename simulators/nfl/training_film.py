"""Simulated plays as the steps see them: the grid's rows with a tag's noise, all of a sport's steps run over them at once.

It is the same code that runs live, on positions that are measured on the grid instead of interpolated on it; a play takes a few
milliseconds. A test compares what comes out with the operator's values for the same game.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Field, Frames, Ints, Roster
from features.nfl import SPORT
from features.nfl.motion import LEFT, RIGHT
from simulators.nfl.block import Block
from simulators.nfl.bodies import HZ, SLOTS
from simulators.nfl.engine import TENTH
from simulators.nfl.game import LOSS, NOISE_IN, SHOULDER_M, Match
from simulators.sensor_faults import METRES_PER_INCH
from streaming.operator.roster import roster_of
from streaming.wire.records import Event

#: rows before the first one: empty, as before a game
_KEEP = 16
#: seconds of the walk to the line that are shown
_BEFORE_S = 2.5


@dataclass
class Shown:
    """A play with all its signals; axis N is the 22 on the field, by slot, and the ball. ``row_of(frame)`` is the row of a frame
    of the engine."""

    block: Block
    frames: Frames
    first_us: int
    play_us: int
    attack: int

    def row_of(self, frame: int) -> int:
        return _KEEP + round((self.play_us + frame * 1_000_000 // HZ - self.first_us) / 100_000)

    def moment(self, event: Event) -> EventContext:
        """An event of the play at its row."""
        nan = float("nan")
        team, player = self.block.offense, self.frames.roster.index.get(event.player or "", -1)
        row = _KEEP + round((event.t_us - self.first_us) / 100_000)
        return EventContext(
            id=event.id,
            type=event.type,
            t_s=(event.t_us - self.first_us) / 1e6,
            period=event.period,
            team=team,
            player=player,
            x_m=nan if event.x_m is None else event.x_m,
            y_m=nan if event.y_m is None else event.y_m,
            end_x_m=nan,
            end_y_m=nan,
            outcome=event.outcome,
            attack=self.attack,
            attrs=event.attrs,
            row=row,
            offset_s=0.0,
            frames=self.frames,
            roster=self.frames.roster,
        )


def film(match: Match) -> Iterator[Shown]:
    """Every play of a game."""
    record = match.record
    squad = roster_of(record)
    field = Field(record.length_m or SPORT.field.length_m, record.width_m or SPORT.field.width_m)
    rng = np.random.default_rng(match.seed + 1)
    sides = {p.number: p.home_attacks for p in record.periods}
    for block in match.blocks():
        if block.played is None:
            continue
        walk = len(block.phase) - len(block.played.phase)
        first = max(walk - int(_BEFORE_S * HZ), 0) // TENTH * TENTH
        at = np.arange(first, len(block.phase), TENTH)
        home = sides[block.events[0].period]
        roster = Roster.of(
            [*((squad.ids[e], int(squad.team[e]), squad.role[e]) for e in block.entity.tolist()), ("ball", -1, "ball")],
            squad.teams,
        )
        frames = _frames(block, at, roster, field, home, rng)
        for step in SPORT.steps:
            step.compute(frames)
        yield Shown(
            block,
            frames,
            block.start_us + first * 20_000,
            block.start_us + walk * 20_000,
            home if block.offense == 0 else -home,
        )


def _frames(block: Block, at: Ints, roster: Roster, field: Field, home: int, rng: np.random.Generator) -> Frames:
    rows, n = _KEEP + len(at), len(roster)
    noise = NOISE_IN * METRES_PER_INCH
    xyz = np.full((rows, n, 3), np.nan)
    signals = {s.name: np.full((rows, *(n if d == "N" else d for d in s.dims)), s.fill) for s in SPORT.signals}
    signals |= {name: np.full((rows, n), np.nan) for name in SPORT.channels}
    who = np.arange(SLOTS)
    face = block.facing[at]
    seen = rng.random((len(at), len(who))) >= LOSS**3
    mounts = []
    for k in (0.0, SHOULDER_M, -SHOULDER_M):
        place = block.places[at] + k * np.stack((-np.sin(face), np.cos(face)), axis=2)
        mounts.append(place + rng.normal(0.0, noise, place.shape))
    xyz[_KEEP:, who, :2] = np.where(seen[:, :, None], sum(mounts) / 3.0, np.nan)
    xyz[_KEEP:, who, 2] = 1.0
    for names, place in ((LEFT, mounts[1]), (RIGHT, mounts[2])):
        for c in range(2):
            signals[names[c]][_KEEP:, who] = place[:, :, c]
    xyz[_KEEP:, -1] = block.ball[at] + rng.normal(0.0, noise, (len(at), 3))
    signals["phase"][_KEEP:, -1], signals["offense"][_KEEP:, -1] = block.phase[at], block.offense
    state = {
        f"{step.name}.{k}": np.zeros(tuple(n if d == "N" else d for d in dims))
        for step in SPORT.steps
        for k, dims in step.state.items()
    }
    period = np.zeros(rows, np.int8)
    attack = np.zeros(rows, np.int8)
    period[_KEEP:], attack[_KEEP:] = 1, home
    return Frames(
        roster,
        field,
        dt_s=0.1,
        hop=2,
        span=4,
        t=0.1 * np.arange(1 - _KEEP, rows + 1 - _KEEP),
        xyz=xyz,
        period=period,
        attack=attack,
        signals=signals,
        state=state,
        lo=_KEEP,
        hi=rows,
    )
