"""Average positions: where each player stands, in and out of the team's possession, over five minutes and over the
match.

Positions are in the team's own view: x towards the goal it attacks, y to its left, so that both halves and both teams
share one map. They are sampled once a second. Five minutes are thirty complete buckets of ten seconds and the running
one, so the mean covers 300 to 310 s and is carried in 60 kB whatever the frame rate.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import WHOLE_GAME, Signal, Stat, Step

BUCKET_S: Final = 10.0
BUCKETS: Final = 30
SAMPLE_S: Final = 1.0

MEAN_POSITION = Signal("mean_position", "m", ("N", 8))


@kernel
def average(
    xyz: Any,
    t: Any,
    attack: Any,
    team: Any,
    possession: Any,
    lo: int,
    hi: int,
    clock: Any,
    ring: Any,
    recent: Any,
    whole: Any,
    out: Any,
) -> None:
    """Mean positions into ``out`` (rows, N, 8), held between samples: x and y of five minutes in possession, of five
    minutes out of it, of the match in possession, of the match out of it.

    Sums are (sum x, sum y, samples) in possession, then out of it: ``ring`` (BUCKETS, N, 6) of complete buckets,
    ``recent`` (2, N, 6) their total and the running bucket, ``whole`` (N, 6) the match. ``clock`` (1, 1) is 1 + the
    running bucket's number. All sums over buckets are taken afresh when one is completed: nothing is ever subtracted,
    so nothing drifts.
    """
    for i in range(max(lo, 1), hi):
        for n in range(out.shape[1]):
            for c in range(8):
                out[i, n, c] = out[i - 1, n, c]
        second = np.floor(t[i] / SAMPLE_S)
        before = np.floor(t[i - 1] / SAMPLE_S)
        if np.isnan(second) or second == before:
            continue
        bucket = np.floor(t[i] / BUCKET_S) + 1.0
        turned = bucket != clock[0, 0]
        if turned:
            # a hole of the feed may skip buckets: the skipped ones are empty, and what is older than all of them is gone
            if bucket - clock[0, 0] > BUCKETS:
                recent[1] = 0.0
            skipped = min(bucket - clock[0, 0], BUCKETS) if clock[0, 0] > 0.0 else BUCKETS
            for k in range(int(skipped)):
                slot = int((clock[0, 0] + k) % BUCKETS)
                ring[slot] = recent[1]
                recent[1] = 0.0
            clock[0, 0] = bucket
            recent[0] = 0.0
            for slot in range(BUCKETS):
                recent[0] += ring[slot]
        way = attack[i]
        for n in range(out.shape[1]):
            if team[n] < 0:
                continue
            x, y = xyz[i, n, 0], xyz[i, n, 1]
            if way != 0 and possession[i] >= 0 and not (np.isnan(x) or np.isnan(y)):
                sign = way if team[n] == 0 else -way
                base = 0 if possession[i] == team[n] else 3
                for sums in (recent[1], whole):
                    sums[n, base] += sign * x
                    sums[n, base + 1] += sign * y
                    sums[n, base + 2] += 1.0
            for phase in range(2):
                base = 3 * phase
                samples = recent[0, n, base + 2] + recent[1, n, base + 2]
                for c in range(2):
                    out[i, n, 2 * phase + c] = (recent[0, n, base + c] + recent[1, n, base + c]) / samples
                    out[i, n, 4 + 2 * phase + c] = whole[n, base + c] / whole[n, base + 2]


def positions(frames: Frames) -> None:
    state = frames.state
    average(
        frames.xyz,
        frames.t,
        frames.attack,
        frames.roster.team,
        frames["team_in_possession"],
        frames.lo,
        frames.hi,
        state["positions.mean.clock"],
        state["positions.mean.ring"],
        state["positions.mean.recent"],
        state["positions.mean.whole"],
        frames["mean_position"],
    )


def mean_position(frames: Frames, ends: Ints) -> Floats:
    value: Floats = frames["mean_position"][ends]
    return value


SIGNALS: Final = (MEAN_POSITION,)
STEPS: Final = (
    Step(
        "positions.mean",
        positions,
        (MEAN_POSITION,),
        {"clock": (1, 1), "ring": (BUCKETS, "N", 6), "recent": (2, "N", 6), "whole": ("N", 6)},
        limits={"clock": ((0, 0.0, 1e12),)},
    ),
)
STATS: Final = (
    Stat(
        "soccer.player.mean_position",
        "m",
        "mean position while the ball was in play, x towards the goal that the "
        "team attacks and y to its left: last five minutes and whole match, in and out of possession",
        "player",
        mean_position,
        every_s=1.0,
        components=("x_5min_in", "y_5min_in", "x_5min_out", "y_5min_out", "x_in", "y_in", "x_out", "y_out"),
        looks_back_s=(*(BUCKET_S * BUCKETS,) * 4, *(WHOLE_GAME,) * 4),
        on_screen_name="Average Positions",
    ),
)
