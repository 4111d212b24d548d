"""Momentum of a match: threat is the expected threat (xT) of where the ball is, to the team that has it, for as long as
it has it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common.momentum import MEMORIES, memory, momentum
from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Stat, Step
from features.soccer.possession import STOP_S
from features.soccer.threat import surface

#: two minutes back counts 1/e: a spell of attacks shows, a single one passes
MEMORY_S: Final = 120.0
#: goals x s: what a minute's possession around the halfway line sums to
CALM: Final = 0.9

THREAT = Signal("location_threat", "goals", (2,))
REMEMBERED = Signal("remembered_threat", "goals", (2,), fill=0.0)


@kernel
def location_threat(
    xyz: Any, ball: int, possession: Any, attack: Any, values: Any, length: float, width: float, lo: int, hi: int, out: Any
) -> None:
    """Value of the ball's place to the team in possession into ``out`` (rows, 2), 0 for the other; NaN where neither team has
    the ball or it is not seen. ``values`` (depth, across) is read cell by cell, from the attackers' goal line and
    their right."""
    for i in range(lo, hi):
        out[i, 0], out[i, 1] = np.nan, np.nan
        side = possession[i]
        x, y = xyz[i, ball, 0], xyz[i, ball, 1]
        if side < 0 or attack[i] == 0 or np.isnan(x) or np.isnan(y):
            continue
        way = attack[i] if side == 0 else -attack[i]
        depth = int(np.floor((way * x / length + 0.5) * values.shape[0]))
        across = int(np.floor((way * y / width + 0.5) * values.shape[1]))
        depth = min(max(depth, 0), values.shape[0] - 1)
        across = min(max(across, 0), values.shape[1] - 1)
        out[i, side], out[i, 1 - side] = values[depth, across], 0.0


def threat(frames: Frames) -> None:
    if frames.roster.ball < 0:
        return
    location_threat(
        frames.xyz,
        frames.roster.ball,
        frames["team_in_possession"],
        frames.attack,
        surface(),
        frames.field.length_m,
        frames.field.width_m,
        frames.lo,
        frames.hi,
        frames["location_threat"],
    )


SIGNALS: Final = (THREAT, REMEMBERED)
STEPS: Final = (
    Step("momentum.threat", threat, (THREAT,)),
    Step(
        "momentum.memory",
        memory("location_threat", "remembered_threat", memory_s=MEMORY_S, stop_s=STOP_S, counts="ball_in_play"),
        (REMEMBERED,),
    ),
)
STATS: Final = (
    Stat(
        "game.momentum",
        "-1..1",
        "balance of threat with a memory of two minutes of play: expected threat of the "
        "ball's place to the team in possession; 1 all home, -1 all away",
        "match",
        momentum("remembered_threat", CALM),
        every_s=1.0,
        on_screen_name="Momentum",
        looks_back_s=MEMORIES * MEMORY_S,
    ),
)
