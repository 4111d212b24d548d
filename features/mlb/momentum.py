"""Momentum of a ball game: threat is the runs that the team at bat can expect in this half inning, by outs and bases, for as
long as they stand like that. Both teams have had their turn within the memory: a quiet inning and a loud one balance out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from features.common.momentum import MEMORIES, memory, momentum
from features.core.compiled import kernel
from features.core.frames import Floats, Frames
from features.core.sport import Signal, Stat, Step
from features.mlb.odds import run_expectancy

MEMORY_S: Final = 900.0
#: runs x s: two minutes of what an inning promises before its first batter
CALM: Final = 60.0
#: rows farther apart than this are a break
STOP_S: Final = 1.0

THREAT = Signal("batting_threat", "count", (2,))
REMEMBERED = Signal("remembered_threat", "count", (2,), fill=0.0)


@kernel
def _threat(base: Any, outs: Any, ball: int, team: Any, values: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        out[i, 0], out[i, 1] = np.nan, np.nan
        bases, side = 0, -1
        for n in range(base.shape[1]):
            b = base[i, n]
            if b >= 0.0 and b <= 3.0 and team[n] >= 0:
                side = team[n]
                if b >= 1.0:
                    bases |= 1 << (int(b) - 1)
        o = outs[i, ball]
        if side >= 0 and o >= 0.0 and o < 3.0:
            out[i, side], out[i, 1 - side] = values[int(o), bases], 0.0


@lru_cache(maxsize=1)
def _values() -> Floats:
    return np.array([[run_expectancy(outs, bases) for bases in range(8)] for outs in range(3)])


def threat(frames: Frames) -> None:
    """(rows, 2) runs; NaN while no team is at bat or the outs are not known."""
    if frames.roster.ball >= 0:
        _threat(
            frames["base"],
            frames["outs"],
            frames.roster.ball,
            frames.roster.team,
            _values(),
            frames.lo,
            frames.hi,
            frames["batting_threat"],
        )


SIGNALS: Final = (THREAT, REMEMBERED)
STEPS: Final = (
    Step("momentum.threat", threat, (THREAT,)),
    Step("momentum.remember", memory("batting_threat", "remembered_threat", memory_s=MEMORY_S, stop_s=STOP_S), (REMEMBERED,)),
)
STATS: Final = (
    Stat(
        "game.momentum",
        "-1..1",
        "balance of the runs that each side could expect while it batted, memory 15 min",
        "match",
        momentum("remembered_threat", CALM),
        every_s=1.0,
        on_screen_name="momentum",
        looks_back_s=MEMORIES * MEMORY_S,
    ),
)
