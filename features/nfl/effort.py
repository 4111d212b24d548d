"""What a player has run in this play: the ground covered since the snap, and the top speed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import WHOLE_GAME, Signal, Stat
from features.core.steps import kernel_step
from features.nfl.columns import EVENT_KEEP_S, LIVE, SNAP_T
from features.nfl.motion import STILL_MPS

PLAY_DISTANCE = Signal("play_distance", "m", ("N",), keep_s=EVENT_KEEP_S)
PLAY_TOP = Signal("play_top_speed", "m/s", ("N",), keep_s=EVENT_KEEP_S)


@kernel
def _play_distance(speed: Any, t: Any, play: Any, lo: int, hi: int, out: Any) -> None:
    """Path length of each player since the snap, held until the next one."""
    for i in range(max(lo, 1), hi):
        dt = t[i] - t[i - 1]
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            before = 0.0 if fresh or np.isnan(out[i - 1, n]) else out[i - 1, n]
            v = speed[i, n]
            if np.isnan(play[i, SNAP_T]):
                out[i, n] = np.nan
            elif play[i, LIVE] == 1.0 and v >= STILL_MPS and not fresh:
                out[i, n] = before + v * dt
            else:
                out[i, n] = before if not np.isnan(v) else out[i - 1, n]


@kernel
def _play_top(speed: Any, play: Any, lo: int, hi: int, out: Any) -> None:
    """Highest speed since the snap, held until the next one."""
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            best = np.nan if fresh else out[i - 1, n]
            v = speed[i, n]
            out[i, n] = v if play[i, LIVE] == 1.0 and not v <= best and not np.isnan(v) else best


def distances(frames: Frames, ends: Ints) -> Floats:
    """(K, N, 2) m: in this play, in the game."""
    return np.stack((frames["play_distance"][ends], frames["distance"][ends, :, 0]), axis=2)


SIGNALS: Final = (PLAY_DISTANCE, PLAY_TOP)
STEPS: Final = (
    kernel_step("motion.play_distance", _play_distance, PLAY_DISTANCE, "speed", "t", "play"),
    kernel_step("motion.play_top_speed", _play_top, PLAY_TOP, "speed", "play"),
)
STATS: Final = (
    Stat(
        "nfl.player.distance",
        "yd",
        "distance covered since the snap of this play (held until the next), and in the game",
        "player",
        distances,
        every_s=1.0,
        components=("play", "game"),
        looks_back_s=(0.0, WHOLE_GAME),
    ),
)
