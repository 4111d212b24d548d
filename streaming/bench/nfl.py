"""American football: a window with all its steps, and our causal speed against the league's own column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from streaming.bench.figures import figure
from streaming.bench.pipeline import window as window_of
from streaming.bench.timing import Result
from streaming.errors import BadInput

Floats = npt.NDArray[np.float64]

#: a row counts when its predecessor is so much older, s
_NEAR_S, _FAR_S = 0.05, 0.15


def window(minutes: float = 6.0) -> Result:
    """A window of an nfl game with its more than a hundred steps."""
    return window_of(minutes, "nfl")


def speed(folder: Path) -> Result:
    """RMSE and MAE in yd/s over all rows but the ball's, duplicates dropped, whose predecessor is 0.05 to 0.15 s older and whose
    official value is present; ours is the step that runs live, fed each player's own frames. The floor is the plain difference
    to the position 0.2 s ago (0.1 s, where there is none)."""
    from features.core.units import factor
    from simulators.providers._files import table

    path = next((p for p in (folder / "tracking.parquet", folder / "tracking.csv") if p.is_file()), None)
    if path is None:
        raise BadInput(f"there is no tracking.parquet in {folder}")
    seen = table(path, "ngs", ("gameId", "playId", "time", "nflId", "displayName", "x", "y", "s"))
    t = seen["time"].astype("datetime64[us]").astype(np.int64)
    who = np.where(np.isfinite(seen["nflId"].astype(np.float64)), seen["nflId"].astype(np.float64), -1.0).astype(np.int64)
    play = seen["gameId"].astype(np.int64) * 100_000 + seen["playId"].astype(np.int64)
    ball = np.array([name == "ball" for name in seen["displayName"].tolist()]) | (who < 0)
    order = np.lexsort((t, who, play))
    order = order[~ball[order]]
    play, who, t = play[order], who[order], t[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (play[1:] != play[:-1]) | (who[1:] != who[:-1]) | (t[1:] != t[:-1])
    order, play, who, t = order[fresh], play[fresh], who[fresh], t[fresh]
    x, y, official = (seen[name][order].astype(np.float64) for name in ("x", "y", "s"))
    ours, plain, before = np.full(len(x), np.nan), np.full(len(x), np.nan), np.full(len(x), np.nan)
    yard_m = 1.0 / factor("yd")
    starts = np.flatnonzero(np.r_[True, (play[1:] != play[:-1]) | (who[1:] != who[:-1])])
    for lo, hi in zip(starts.tolist(), np.r_[starts[1:], len(x)].tolist(), strict=True):
        seconds = (t[lo:hi] - t[lo]) / 1e6
        ours[lo:hi] = _live(seconds, x[lo:hi] * yard_m, y[lo:hi] * yard_m) / yard_m
        before[lo + 1 : hi] = np.diff(seconds)
        plain[lo:hi] = _difference(seconds, x[lo:hi], y[lo:hi])
    counts = (before >= _NEAR_S) & (before <= _FAR_S) & np.isfinite(official)
    refused = int((counts & ~np.isfinite(ours)).sum())  # a place that jumps has no speed of ours
    counts &= np.isfinite(ours)
    off, floor = ours[counts] - official[counts], plain[counts] - official[counts]
    rmse, mae = float(np.sqrt(np.mean(off * off))), float(np.abs(off).mean())
    return {
        "what": f"causal speed against the official column of {folder}, yd/s",
        "rmse": rmse,
        "mae": mae,
        "n": int(counts.sum()),
        "figures": {"rmse": figure(rmse), "mae": figure(mae), "n": int(counts.sum()), "without_value": refused},
        "floor": {"difference_0.2s_rmse": figure(float(np.sqrt(np.nanmean(floor * floor))))},
        "target": "rmse <= 0.149",
    }


def _live(seconds: Floats, x_m: Floats, y_m: Floats) -> Floats:
    """(T,) m/s by the step ``motion.velocity`` of the sport."""
    from features.common import kinematics
    from features.common.plausibility import MEMORY
    from features.core.frames import Field, Frames, Roster
    from features.nfl import motion

    rows = len(seconds)
    xyz = np.zeros((rows, 1, 3))
    xyz[:, 0, 0], xyz[:, 0, 1] = x_m, y_m
    signals: dict[str, Any] = {"velocity": np.full((rows, 1, 2), np.nan), "speed": np.full((rows, 1), np.nan)}
    frames = Frames(
        Roster.of([("one", 0, "player")], ("home", "away")),
        Field(1.0, 1.0),
        dt_s=0.1,
        hop=2,
        span=4,
        t=seconds,
        xyz=xyz,
        period=np.ones(rows, np.int8),
        attack=np.ones(rows, np.int8),
        signals=signals,
        state={"motion.velocity.memory": np.zeros((1, MEMORY))},
        lo=0,
        hi=rows,
    )
    motion.velocity(frames)
    kinematics.magnitude(signals["velocity"], 0, rows, signals["speed"])
    found: Floats = signals["speed"][:, 0]
    return found


def _difference(seconds: Floats, x: Floats, y: Floats) -> Floats:
    """(T,) backward difference over two frames, over one where there are no two."""
    out = np.full(len(x), np.nan)
    for k in (1, 2):
        if len(x) > k:
            out[k:] = np.hypot(x[k:] - x[:-k], y[k:] - y[:-k]) / np.maximum(seconds[k:] - seconds[:-k], 1e-6)
    return out
