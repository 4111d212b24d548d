"""A car that behaves unlike the others and unlike itself: a score over all watched channels, and which channel it is.

Unsupervised. Each channel has a mean and a variance in each of 24 contexts (speed in steps of 8 m/s, on the brakes or not), learnt
from all cars together as the race goes and forgotten with a memory of 3,000 samples. A car's deviation from them, in standard
deviations, is averaged over 3 s and over 2 min; the score is the largest difference between the two among the channels, so that a
car which is merely set up differently scores nothing, and one whose water gets hot does. Samples beyond 6 standard deviations
teach nothing. What all cars show together (a safety car, a shower) is taken off, and what is left is compared with its usual size
in that channel: the steering depends on where a car is, and is often far from the others; the water's temperature is not.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat, Step
from features.f1.channels import WATCHED

SPEED_STEP_MPS: Final = 8.0
CONTEXTS: Final = 24
MEMORY: Final = 3000.0
#: a context says nothing before it has seen so many samples, nor does a car before so many seconds
LEAST_SAMPLES: Final = 200.0
LEAST_S: Final = 30.0
FAST_S: Final = 3.0
SLOW_S: Final = 120.0
#: a mean over FAST_S is no other a second later
EVERY_S: Final = 2.0
STRANGE: Final = 6.0
#: standard deviations of a car alone that are nothing in any channel
FLOOR: Final = 0.3
CUT: Final = 10.0

ODDITY = Signal("oddity", "score, index", ("N", 2))


@kernel
def follow(
    values: Any, speed: Any, brake: Any, lo: int, dt: float, known: Any, fast: Any, slow: Any, usual: Any, heard: Any, out: Any
) -> None:
    """``values`` (rows, N, C) of the new rows from ``lo`` on; ``known`` (CONTEXTS, C, 3) samples, mean, variance; ``fast`` and
    ``slow`` (N, C) averages of deviations; ``usual`` (C, 2) samples and mean square of what a car shows alone; ``heard`` (N,) s
    each car has been followed."""
    rows, cars, channels = values.shape
    new_fast, new_slow = 1.0 - np.exp(-dt / FAST_S), 1.0 - np.exp(-dt / SLOW_S)
    for r in range(rows):
        i = lo + r
        for n in range(cars):
            out[i, n, 0], out[i, n, 1] = np.nan, np.nan
            if np.isnan(speed[i, n]):
                continue
            context = min(int(max(speed[i, n], 0.0) / SPEED_STEP_MPS), CONTEXTS // 2 - 1) * 2
            if brake[i, n] > 0.05:
                context += 1
            heard[n] += dt
            # a plain mean until there is more than the memory
            quick, lazy = max(new_fast, dt / heard[n]), max(new_slow, dt / heard[n])
            for c in range(channels):
                x = values[r, n, c]
                if np.isnan(x):
                    continue
                seen, mean, variance = known[context, c, 0], known[context, c, 1], known[context, c, 2]
                off = 0.0
                if seen >= LEAST_SAMPLES and variance > 0.0:
                    off = min(max((x - mean) / np.sqrt(variance), -CUT), CUT)
                    fast[n, c] += quick * (off - fast[n, c])
                    slow[n, c] += lazy * (off - slow[n, c])
                if abs(off) <= STRANGE:
                    count = min(seen + 1.0, MEMORY)
                    step = x - mean
                    known[context, c, 0] = count
                    known[context, c, 1] = mean + step / count
                    known[context, c, 2] = variance + (step * (x - known[context, c, 1]) - variance) / count
        for c in range(channels):
            total, count = 0.0, 0
            for n in range(cars):
                if heard[n] >= LEAST_S and not np.isnan(speed[i, n]):
                    total += fast[n, c] - slow[n, c]
                    count += 1
            for n in range(cars):
                if heard[n] >= LEAST_S and not np.isnan(speed[i, n]) and count > 1:
                    own = fast[n, c] - slow[n, c]
                    alone = own - (total - own) / (count - 1)
                    strange = abs(alone) / (np.sqrt(usual[c, 1]) + FLOOR)
                    if strange <= CUT:
                        seen = min(usual[c, 0] + 1.0, MEMORY)
                        usual[c, 0] = seen
                        usual[c, 1] += (alone * alone - usual[c, 1]) / seen
                    if not strange <= out[i, n, 0]:
                        out[i, n, 0], out[i, n, 1] = strange, c


def step(frames: Frames) -> None:
    lo, hi = frames.lo, frames.hi
    values = np.stack([frames[name][lo:hi] for name in WATCHED], axis=2)
    state = frames.state
    follow(
        values,
        frames["speed_mps"],
        frames["brake_share"],
        lo,
        frames.dt_s,
        state["anomaly.follow.known"],
        state["anomaly.follow.fast"],
        state["anomaly.follow.slow"],
        state["anomaly.follow.usual"],
        state["anomaly.follow.heard"],
        frames["oddity"],
    )


def anomaly(frames: Frames, ends: Ints) -> Floats:
    """(K, N, 2): score, a multiple of what is usual, and the index of the channel in ``channels.WATCHED``."""
    return np.asarray(frames["oddity"][ends], np.float64)


SIGNALS: Final = (ODDITY,)
STEPS: Final = (
    Step(
        "anomaly.follow",
        step,
        SIGNALS,
        {
            "known": (CONTEXTS, len(WATCHED), 3),
            "fast": ("N", len(WATCHED)),
            "slow": ("N", len(WATCHED)),
            "usual": (len(WATCHED), 2),
            "heard": ("N",),
        },
    ),
)
STATS: Final = (
    Stat(
        "f1.car.anomaly",
        "score",
        "how far the car's oddest channel is from what all cars show at that speed and from its own habit, "
        f"as a multiple of what is usual in that channel; and the channel's number among the {len(WATCHED)} watched (docs/f1.md)",
        "player",
        anomaly,
        every_s=EVERY_S,
        components=("score", "channel"),
        on_screen_name="Anomaly",
    ),
)
