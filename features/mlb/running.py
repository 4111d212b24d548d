"""How players move: speed, the fastest one-second window, and the burst out of the blocks.

*Sprint speed* is Statcast's measure, feet per second in the fastest one-second window, here the best of the game so far
instead of a season's average. *Burst* is the distance covered in the first 1.5 s after a player starts to run; a start is the
moment the speed passes 2 m/s after it was below 1 m/s.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common import motion
from features.common.plausibility import MEMORY, Body
from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import WHOLE_GAME, Signal, Stat, Step
from features.core.steps import column

#: events look 3 s back, and arrive up to 5 s later
EVENT_KEEP_S: Final = 8.0
WINDOW_S: Final = 0.4
CURVATURE: Final = 0.5
LEAST: Final = 6
SPRINT_S: Final = 1.0
#: m that a tag may be off
JUMP_M: Final = 0.3
BURST_S: Final = 1.5
START_MPS, STOOD_MPS = 2.0, 1.0
FASTEST_MPS: Final = 11.5
#: what no player does is a fault of the tracking: see features/common/plausibility.py
BODY: Final = Body(jump_m=JUMP_M, jump_mps=2.5, fastest_mps=12.0, push_mps2=12.0, brake_mps2=20.0, noise_mps=1.5)

VELOCITY = Signal("velocity", "m/s", ("N", 2), keep_s=EVENT_KEEP_S)
SPEED = Signal("speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)
SPRINT = Signal("sprint_speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)
BURST = Signal("burst", "m", ("N",))
#: time since the start of the run, whether the player has stood since the last one, and the place of the start
RUN = Signal("run", "s", ("N", 4))


def velocity(frames: Frames) -> None:
    motion.velocity(frames, window_s=WINDOW_S, curvature=CURVATURE, least=LEAST, body=BODY, memory="running.velocity.memory")
    motion.speed(frames)


@kernel
def _sprint(xyz: Any, t: Any, players: Any, lo: int, hi: int, rows: int, longest_s: float, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n] = out[i - 1, n]
        if i < rows or not t[i] - t[i - rows] <= longest_s:
            continue
        for p in range(players.shape[0]):
            n = players[p]
            length = 0.0
            for k in range(i - rows + 1, i + 1):
                step = np.sqrt((xyz[k, n, 0] - xyz[k - 1, n, 0]) ** 2 + (xyz[k, n, 1] - xyz[k - 1, n, 1]) ** 2)
                # a place that jumps is no running
                length += step if step <= FASTEST_MPS * (t[k] - t[k - 1]) + JUMP_M else np.nan
            pace = length / (t[i] - t[i - rows])
            if pace <= FASTEST_MPS and (np.isnan(out[i, n]) or pace > out[i, n]):
                out[i, n] = pace


def sprint_speed(frames: Frames) -> None:
    """m/s over the fastest whole second so far; a second with a hole in it does not count."""
    rows = round(SPRINT_S / frames.dt_s)
    _sprint(frames.xyz, frames.t, frames.roster.players, frames.lo, frames.hi, rows, SPRINT_S + 0.01, frames["sprint_speed"])


@kernel
def _burst(xyz: Any, t: Any, speed: Any, players: Any, lo: int, hi: int, run: Any, out: Any) -> None:
    for i in range(lo, hi):
        dt = t[i] - t[i - 1]
        for n in range(out.shape[1]):
            out[i, n] = out[i - 1, n]
            for k in range(4):
                run[i, n, k] = run[i - 1, n, k]
        for p in range(players.shape[0]):
            n = players[p]
            v = speed[i, n]
            if np.isnan(v):
                run[i, n, 0] = -1.0
                run[i, n, 1] = 0.0
                continue
            if v < STOOD_MPS:
                run[i, n, 1] = 1.0
            if v >= START_MPS and run[i, n, 1] == 1.0:
                run[i, n, 0], run[i, n, 1] = 0.0, 0.0
                run[i, n, 2], run[i, n, 3] = xyz[i, n, 0], xyz[i, n, 1]
            elif run[i, n, 0] >= 0.0:
                run[i, n, 0] += dt
                if run[i, n, 0] >= BURST_S - 1e-6:
                    out[i, n] = np.sqrt((xyz[i, n, 0] - run[i, n, 2]) ** 2 + (xyz[i, n, 1] - run[i, n, 3]) ** 2)
                    run[i, n, 0] = -1.0


def burst(frames: Frames) -> None:
    _burst(frames.xyz, frames.t, frames["speed"], frames.roster.players, frames.lo, frames.hi, frames["run"], frames["burst"])


SIGNALS: Final = (VELOCITY, SPEED, SPRINT, BURST, RUN)
STEPS: Final = (
    Step("running.velocity", velocity, (VELOCITY, SPEED), {"memory": ("N", MEMORY)}),
    Step("running.sprint_speed", sprint_speed, (SPRINT,)),
    Step("running.burst", burst, (BURST, RUN)),
)
STATS: Final = (
    Stat(
        "mlb.player.speed", "ft/s", "speed along the ground, from the last 0.4 s", "player", column("speed"),
    ),
    Stat(
        "mlb.runner.sprint_speed", "ft/s", "fastest one-second window of the game so far", "player", column("sprint_speed"),
        on_screen_name="Sprint Speed", looks_back_s=WHOLE_GAME, source="Statcast glossary, Sprint Speed",
    ),
    Stat(
        "mlb.runner.burst", "ft", "distance covered in the first 1.5 s of the latest run", "player", column("burst"),
        on_screen_name="Burst",
    ),
)  # fmt: skip
