"""The clock of a play: when each phase of the ball last began, and where everybody stood when it was hit."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Step
from features.mlb.running import EVENT_KEEP_S
from features.mlb.vocabulary import BATTED, PHASES, PITCH

#: Statcast's jump ends three seconds after the pitch is released
JUMP_S: Final = 3.0

#: s, when the phase last began; NaN before its first time
BEGAN = Signal("phase_began", "s", (len(PHASES),), keep_s=EVENT_KEEP_S)
#: of each player: the place when the pitch was released (x, y), the place 3 s later or now (x, y), and the way
#: run since contact
ROUTE = Signal("route", "m", ("N", 5), keep_s=EVENT_KEEP_S)


@kernel
def _began(phase: Any, ball: int, t: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for p in range(out.shape[1]):
            out[i, p] = out[i - 1, p]
        now, before = phase[i, ball], phase[i - 1, ball]
        # a play that was on already when the feed was joined began at an unknown time
        if now >= 0.0 and now < out.shape[1] and now != before and not np.isnan(before):
            out[i, int(now)] = t[i]


def phase_began(frames: Frames) -> None:
    if frames.roster.ball >= 0:
        _began(frames["phase"], frames.roster.ball, frames.t, frames.lo, frames.hi, frames["phase_began"])


@kernel
def _route(xyz: Any, phase: Any, ball: int, t: Any, began: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        fresh = phase[i, ball] == PITCH and phase[i - 1, ball] != PITCH and not np.isnan(phase[i - 1, ball])
        flying = phase[i, ball] == BATTED
        jumping = t[i] - began[i, PITCH] <= JUMP_S + 1e-6
        for n in range(out.shape[1]):
            x, y = xyz[i, n, 0], xyz[i, n, 1]
            for k in range(5):
                out[i, n, k] = out[i - 1, n, k]
            if fresh:
                out[i, n, 0], out[i, n, 1], out[i, n, 2], out[i, n, 3], out[i, n, 4] = x, y, x, y, 0.0
                continue
            if jumping:
                out[i, n, 2], out[i, n, 3] = x, y
            if flying and phase[i - 1, ball] == BATTED:
                out[i, n, 4] += np.sqrt((x - xyz[i - 1, n, 0]) ** 2 + (y - xyz[i - 1, n, 1]) ** 2)


def route(frames: Frames) -> None:
    if frames.roster.ball >= 0:
        _route(
            frames.xyz,
            frames["phase"],
            frames.roster.ball,
            frames.t,
            frames["phase_began"],
            frames.lo,
            frames.hi,
            frames["route"],
        )


SIGNALS: Final = (BEGAN, ROUTE)
STEPS: Final = (Step("play.phases", phase_began, (BEGAN,)), Step("play.routes", route, (ROUTE,)))
