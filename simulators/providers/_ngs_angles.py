"""Which way the angles of an NGS file are counted, found by comparing them with the tracked motion.

The league counts from +y clockwise, so that +x is 90 degrees; files of single years have been turned or mirrored. Of the eight ways
to count (four beginnings, two senses) the one is taken in which the players run where ``dir`` says, and in which those who run fast
face (``o``) where they run. Where none fits, the column is not used, and the provenance says so.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: from how many rows
LEAST_ROWS: Final = 30
#: how well they must agree, as mean cosine of the difference: 0.999 for the motion of real plays, 0.86 for the facing of who runs
#: fast, and no other way to count more than 0.1
AGREES: Final = 0.6
#: slower than this a direction means little; faster than this a player faces the direction of the run, yd/s
MOVES_YDPS, RUNS_YDPS = 2.0, 5.0
#: (sense, degrees): ours is sense * theirs + degrees
WAYS: Final = tuple((sense, float(turn)) for sense in (1.0, -1.0) for turn in (0, 90, 180, 270))


def counted(theirs_deg: Floats, ours_deg: Floats) -> tuple[float, float] | None:
    """The way to count that takes ``theirs_deg`` (n,) to ``ours_deg`` (n,), NaN left out; None when none fits or there are too
    few."""
    use = np.isfinite(theirs_deg) & np.isfinite(ours_deg)
    if use.sum() < LEAST_ROWS:
        return None
    fit = [float(np.cos(np.radians(s * theirs_deg[use] + d - ours_deg[use])).mean()) for s, d in WAYS]
    best = int(np.argmax(fit))
    return WAYS[best] if fit[best] >= AGREES else None


def turned(theirs_deg: Floats, way: tuple[float, float]) -> Floats:
    """rad in [0, 2 pi) by the league's count."""
    out: Floats = np.radians((way[0] * theirs_deg + way[1]) % 360.0)
    return out


def spelled_out(way: tuple[float, float]) -> str:
    """The way in words, for the provenance."""
    if way == (1.0, 0.0):
        return "from +y clockwise"
    return f"ours is {'' if way[0] > 0 else '-'}theirs {way[1]:+g} degrees"


def motion_deg(x_yd: Floats, y_yd: Floats, t_us: npt.NDArray[np.int64], person: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(n,) degrees of each row's displacement since the person's last sample, from +y clockwise, and its speed in yd/s; NaN where
    the last one was not 0.1 s ago. Rows in the order of time."""
    angle, speed = np.full(len(x_yd), np.nan), np.full(len(x_yd), np.nan)
    order = np.lexsort((t_us, person))
    after, before = order[1:], order[:-1]
    dt = (t_us[after] - t_us[before]) / 1e6
    same = (person[after] == person[before]) & (np.abs(dt - 0.1) < 0.02)
    dx, dy = x_yd[after] - x_yd[before], y_yd[after] - y_yd[before]
    angle[after[same]] = np.degrees(np.arctan2(dx[same], dy[same])) % 360.0
    speed[after[same]] = np.hypot(dx[same], dy[same]) / dt[same]
    return angle, speed
