"""Momentum of a race: the battle for the lead. What counts is how fast the second gains on the leader (towards -1), or the leader
on the second (towards 1), with a memory of a minute of racing; it begins anew when one of the two is another car."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common.momentum import MEMORIES, memory, momentum
from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Stat, Step
from features.f1.vocabulary import SAFETY_CAR

MEMORY_S: Final = 60.0
STOP_S: Final = 2.0
#: s gained: what a minute of equal pace sums to by the scatter of posts
CALM: Final = 0.5

GAINED = Signal("lead_gained", "s/s", (2,))
REMEMBERED = Signal("remembered_lead", "s", (2,), fill=0.0)
RACING = Signal("racing", "count", ())


@kernel
def _gained(rank: Any, interval: Any, flag: Any, t: Any, lo: int, hi: int, out: Any, racing: Any) -> None:
    """Rates at which the leader and the second gain on each other into ``out`` (rows, 2), NaN where the pair is not the same."""
    for i in range(lo, hi):
        out[i, 0], out[i, 1], racing[i] = np.nan, np.nan, 0.0
        dt = t[i] - t[i - 1]
        for n in range(rank.shape[1]):
            if rank[i, n] == 1.0 and not flag[i, n] >= SAFETY_CAR:
                racing[i] = 1.0
            if rank[i, n] == 2.0 and rank[i - 1, n] == 2.0 and dt > 0.0:
                change = interval[i, n] - interval[i - 1, n]
                if not np.isnan(change):
                    out[i, 0], out[i, 1] = max(change, 0.0) / dt, max(-change, 0.0) / dt
        for n in range(rank.shape[1]):
            if rank[i, n] == 1.0 and rank[i - 1, n] != 1.0:
                out[i, 0], out[i, 1] = np.nan, np.nan


_remember: Final = memory("lead_gained", "remembered_lead", memory_s=MEMORY_S, stop_s=STOP_S, counts="racing")


def step(frames: Frames) -> None:
    lo, hi = frames.lo, frames.hi
    _gained(frames["rank"], frames["interval_s"], frames["flag"], frames.t, lo, hi, frames["lead_gained"], frames["racing"])
    _remember(frames)


SIGNALS: Final = (GAINED, REMEMBERED, RACING)
STEPS: Final = (Step("momentum.lead", step, SIGNALS),)
STATS: Final = (
    Stat(
        "game.momentum",
        "-1..1",
        "battle for the lead with a memory of a minute of racing: 1 the leader pulls away, -1 the second closes in",
        "match",
        momentum("remembered_lead", CALM),
        every_s=1.0,
        on_screen_name="Momentum",
        looks_back_s=MEMORIES * MEMORY_S,
    ),
)
