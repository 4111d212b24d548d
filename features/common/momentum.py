"""Momentum, for any sport: whose threat has lately been the greater, on a scale from -1 (away) to 1 (home).

Each team's threat per second is summed with an exponential memory; the balance is (home - away) / (home + away + calm).
``calm`` is the threat at which a side's play begins to tell: with less than that on both sides the balance stays near 0
instead of swinging on trifles. What counts as threat is the sport's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints

#: what went before so many memories is a twentieth of what is remembered: e^-3
MEMORIES: Final = 3.0


@kernel
def remember(threat: Any, t: Any, counts: Any, lo: int, hi: int, memory_s: float, stop_s: float, out: Any) -> None:
    """Threat with an exponential memory of ``memory_s`` (to 1/e) into ``out`` (rows, 2): rates ``threat`` (rows, 2) per
    second, of rows whose ``counts`` (rows,) is positive; the memory stands still in the others, and where rows are
    ``stop_s`` or more apart. A missing rate adds
    nothing."""
    for i in range(max(lo, 1), hi):
        dt = t[i] - t[i - 1]
        runs = counts[i] > 0 and 0.0 < dt < stop_s
        fade = np.exp(-dt / memory_s) if runs else 1.0
        for side in range(2):
            rate = threat[i, side]
            added = rate * dt if runs and not np.isnan(rate) else 0.0
            out[i, side] = out[i - 1, side] * fade + added


@kernel
def _balance(threat: Any, ends: Any, calm: float, out: Any) -> None:
    for k in range(ends.shape[0]):
        home, away = threat[ends[k], 0], threat[ends[k], 1]
        out[k, 0] = (home - away) / (home + away + calm) if home + away > 0.0 else np.nan


def balance(threat: Floats, ends: Ints, calm: float) -> Floats:
    """(K, 1) of -1..1 from remembered threat (rows, 2); NaN while neither side has shown any."""
    out = np.empty((len(ends), 1))
    _balance(threat, ends, calm, out)
    return out


def memory(threat: str, remembered: str, *, memory_s: float, stop_s: float, counts: str = "") -> Callable[[Frames], None]:
    """The work of a step: :func:`remember` the signal ``threat`` in the signal ``remembered``, over rows in which the signal
    ``counts`` is positive, or without one over those of a period."""

    def compute(frames: Frames) -> None:
        rows = frames[counts] if counts else frames.period
        remember(frames[threat], frames.t, rows, frames.lo, frames.hi, memory_s, stop_s, frames[remembered])

    return compute


def momentum(remembered: str, calm: float) -> Callable[[Frames, Ints], Floats]:
    """What ``game.momentum`` computes: the :func:`balance` of a remembered signal at the windows' ends."""

    def compute(frames: Frames, ends: Ints) -> Floats:
        return balance(frames[remembered], ends, calm)

    return compute
