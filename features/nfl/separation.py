"""Receivers and those who cover them: nearest defender, how the gap moves, who follows whom, and what that says of the coverage.

``rival`` is each receiver's nearest defender. The running sums of the coverage start at the snap and stop with the throw, so that
what the ball draws to itself is not taken for the call.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat
from features.core.steps import filling, kernel_step
from features.nfl.columns import AGE, EVENT_KEEP_S, LIVE, PASSED, PASSER, PHASE, SNAP_T, YD, apart, hold, hold_sums, turned
from features.nfl.play_state import BACKER, COVER
from features.nfl.vocabulary import KICKED, SET, SNAPPED

#: a receiver is covered by the defender who was nearest 0.2 s after the snap: the shadow
SHADOW_S: Final = 0.2
DEEP_M: Final = 8.0 * YD

NEAREST, SECOND, CLOSING, INSIDE, OPENEST, MEAN, ROWS = range(7)
GAP = Signal("gap", "mixed", ("N", 7), keep_s=EVENT_KEEP_S)
RIVAL = Signal("rival", "count", ("N",), fill=-1.0, keep_s=EVENT_KEEP_S, places=((None, "N"),))
SHADOW = Signal("shadow", "count", ("N",), fill=-1.0, keep_s=EVENT_KEEP_S, places=((None, "N"),))
#: sums over rows since the snap, for each defender in coverage: rows, of distance to the receiver, of cosine with the receiver's
#: motion, of rows in which both run, of angle between facing and passer, of angle between facing and the receiver
FOLLOW = Signal("follow", "mixed", ("N", 6), fill=0.0)
F_ROWS, F_GAP, F_COS, F_BOTH, F_PASSER, F_MAN = range(6)
C_GAP, C_COS, C_PASSER, C_MAN, C_ROWS, C_DRIFT, C_DEEP, C_SPREAD, C_STICK, C_LOST = range(10)
COVERAGE = Signal("coverage", "mixed", (10,), keep_s=EVENT_KEEP_S)


@kernel
def _nearest(xyz: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, 0] = np.nan
            if who[i, n, 2] != 1.0:
                continue
            best = np.nan
            for m in range(out.shape[1]):
                if who[i, m, 0] == -1.0:
                    off = apart(xyz, i, n, m)
                    if not off >= best:
                        best = off
            out[i, n, 0] = best


@kernel
def _rival(xyz: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n] = -1.0
            if who[i, n, 2] != 1.0:
                continue
            best = 1e9
            for m in range(out.shape[1]):
                if who[i, m, 0] == -1.0:
                    off = apart(xyz, i, n, m)
                    if off < best:
                        best, out[i, n] = off, float(m)


@kernel
def _second(xyz: Any, who: Any, rival: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, 1] = np.nan
            if rival[i, n] < 0.0:
                continue
            best = np.nan
            for m in range(out.shape[1]):
                if who[i, m, 0] == -1.0 and m != int(rival[i, n]):
                    off = apart(xyz, i, n, m)
                    if not off >= best:
                        best = off
            out[i, n, 1] = best


@kernel
def _closing(xyz: Any, velocity: Any, rival: Any, lo: int, hi: int, out: Any) -> None:
    """m/s at which the gap to the nearest defender shrinks."""
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, 2] = np.nan
            if rival[i, n] < 0.0:
                continue
            m = int(rival[i, n])
            dx, dy = xyz[i, m, 0] - xyz[i, n, 0], xyz[i, m, 1] - xyz[i, n, 1]
            off = max(np.sqrt(dx * dx + dy * dy), 0.05)
            out[i, n, 2] = -(dx * (velocity[i, m, 0] - velocity[i, n, 0]) + dy * (velocity[i, m, 1] - velocity[i, n, 1])) / off


@kernel
def _leverage(place: Any, rival: Any, lo: int, hi: int, out: Any) -> None:
    """m by which the nearest defender stands inside of the receiver (nearer the middle of the formation)."""
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, 3] = np.nan
            if rival[i, n] >= 0.0:
                out[i, n, 3] = abs(place[i, n, 1]) - abs(place[i, int(rival[i, n]), 1])


@kernel
def _openest(play: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            best = np.nan if fresh else out[i - 1, n, 4]
            if play[i, LIVE] == 1.0 and not out[i, n, 0] <= best and not np.isnan(out[i, n, 0]):
                best = out[i, n, 0]
            out[i, n, 4] = best


@kernel
def _mean(play: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            rows = 0.0 if fresh or np.isnan(out[i - 1, n, 6]) else out[i - 1, n, 6]
            mean = 0.0 if rows == 0.0 else out[i - 1, n, 5]
            if play[i, LIVE] == 1.0 and not np.isnan(out[i, n, 0]):
                rows += 1.0
                mean += (out[i, n, 0] - mean) / rows
            out[i, n, 5], out[i, n, 6] = mean if rows > 0.0 else np.nan, rows


@kernel
def _shadow(play: Any, rival: Any, xyz: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    """Each receiver's defender: assigned 0.2 s after the snap, the closest pairs first, so that no defender has two."""
    count = out.shape[1]
    taken = np.zeros(count)
    for i in range(max(lo, 1), hi):
        for n in range(count):
            out[i, n] = -1.0 if play[i, PHASE] == SET else out[i - 1, n]
        due = play[i, AGE] >= SHADOW_S and not play[i - 1, AGE] >= SHADOW_S
        if not due:
            continue
        taken[:] = 0.0
        for n in range(count):
            out[i, n] = -1.0
        while True:
            best, a, b = 12.0, -1, -1
            for n in range(count):
                if who[i, n, 2] != 1.0 or out[i, n] >= 0.0:
                    continue
                for m in range(count):
                    cover = who[i, m, 0] == -1.0 and (who[i, m, 1] == COVER or who[i, m, 1] == BACKER)
                    if cover and taken[m] == 0.0:
                        off = apart(xyz, i, n, m)
                        if off < best:
                            best, a, b = off, n, m
            if a < 0:
                break
            out[i, a] = float(b)
            taken[b] = 1.0


@kernel
def _watched(play: Any, i: int) -> bool:
    return bool(play[i, PHASE] == SNAPPED and play[i, PASSED] == 0.0 and play[i, AGE] >= SHADOW_S)


@kernel
def _follow(play: Any, xyz: Any, velocity: Any, speed: Any, shadow: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold_sums(out, i, F_ROWS, F_BOTH, play[i, PHASE] == SET)
        if not _watched(play, i):
            continue
        for n in range(out.shape[1]):
            if shadow[i, n] < 0.0:
                continue
            m = int(shadow[i, n])
            off = apart(xyz, i, n, m)
            if np.isnan(off) or np.isnan(speed[i, n] + speed[i, m]):
                continue
            out[i, m, F_ROWS] += 1.0
            out[i, m, F_GAP] += off
            both = speed[i, n] * speed[i, m]
            if speed[i, n] > 1.5 and speed[i, m] > 0.8:
                out[i, m, F_BOTH] += 1.0
                out[i, m, F_COS] += (velocity[i, n, 0] * velocity[i, m, 0] + velocity[i, n, 1] * velocity[i, m, 1]) / both


@kernel
def _eyes(play: Any, xyz: Any, orientation: Any, shadow: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold_sums(out, i, F_PASSER, F_MAN, play[i, PHASE] == SET)
        if not _watched(play, i) or play[i, PASSER] < 0.0:
            continue
        q = int(play[i, PASSER])
        for n in range(out.shape[1]):
            if shadow[i, n] < 0.0:
                continue
            m = int(shadow[i, n])
            to_passer = np.arctan2(xyz[i, q, 0] - xyz[i, m, 0], xyz[i, q, 1] - xyz[i, m, 1])
            to_man = np.arctan2(xyz[i, n, 0] - xyz[i, m, 0], xyz[i, n, 1] - xyz[i, m, 1])
            a, b = abs(turned(orientation[i, m] - to_passer)), abs(turned(orientation[i, m] - to_man))
            if not (np.isnan(a) or np.isnan(b)):
                out[i, m, F_PASSER] += a
                out[i, m, F_MAN] += b


@kernel
def _following(play: Any, follow: Any, lo: int, hi: int, out: Any) -> None:
    """Means over the defenders who have a receiver: distance, likeness of motion, and of facings."""
    for i in range(max(lo, 1), hi):
        hold(out, i, C_GAP, C_ROWS, play[i, PHASE] == SET)
        if not _watched(play, i):
            continue
        men, moved, gap, cos, eyes, man, rows = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for m in range(follow.shape[1]):
            k = follow[i, m, F_ROWS]
            if k > 0.0:
                men += 1.0
                rows = max(rows, k)
                gap += follow[i, m, F_GAP] / k
                eyes += follow[i, m, F_PASSER] / k
                man += follow[i, m, F_MAN] / k
                if follow[i, m, F_BOTH] > 0.0:
                    moved += 1.0
                    cos += follow[i, m, F_COS] / follow[i, m, F_BOTH]
        if men > 0.0:
            out[i, C_GAP], out[i, C_PASSER], out[i, C_MAN], out[i, C_ROWS] = gap / men, eyes / men, man / men, rows
            out[i, C_COS] = cos / moved if moved > 0.0 else np.nan


@kernel
def _drift(play: Any, place: Any, start: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    """How far the coverage has moved from where it stood at the snap, and how deep and wide it is."""
    for i in range(max(lo, 1), hi):
        hold(out, i, C_DRIFT, C_SPREAD, play[i, PHASE] == SET)
        if not _watched(play, i):
            continue
        count, drift, deep, low, high = 0.0, 0.0, 0.0, np.inf, -np.inf
        for m in range(who.shape[1]):
            if who[i, m, 0] == -1.0 and (who[i, m, 1] == COVER or who[i, m, 1] == BACKER):
                count += 1.0
                drift += np.sqrt((place[i, m, 0] - start[i, m, 0]) ** 2 + (place[i, m, 1] - start[i, m, 1]) ** 2)
                deep += 1.0 if place[i, m, 0] > DEEP_M else 0.0
                low, high = min(low, place[i, m, 1]), max(high, place[i, m, 1])
        if count > 0.0:
            out[i, C_DRIFT], out[i, C_DEEP], out[i, C_SPREAD] = drift / count, deep, high - low


@kernel
def _sticking(play: Any, shadow: Any, rival: Any, xyz: Any, lo: int, hi: int, out: Any) -> None:
    """Share of the receivers whose nearest defender is still the one assigned to them, and the widest gap between the two."""
    for i in range(max(lo, 1), hi):
        hold(out, i, C_STICK, C_LOST, play[i, PHASE] == SET)
        if not _watched(play, i):
            continue
        pairs, same, lost = 0.0, 0.0, 0.0
        for n in range(shadow.shape[1]):
            if shadow[i, n] >= 0.0:
                pairs += 1.0
                same += 1.0 if rival[i, n] == shadow[i, n] else 0.0
                off = apart(xyz, i, n, int(shadow[i, n]))
                lost = max(lost, off) if not np.isnan(off) else lost
        if pairs > 0.0:
            out[i, C_STICK], out[i, C_LOST] = same / pairs, lost


@kernel
def _live(play: Any, gap: Any, ends: Any, out: Any) -> None:
    for k in range(ends.shape[0]):
        for n in range(out.shape[1]):
            on = play[ends[k], LIVE] == 1.0 and play[ends[k], PHASE] != KICKED
            out[k, n] = gap[ends[k], n, NEAREST] if on else np.nan


def separation(frames: Frames, ends: Ints) -> Floats:
    """(K, N) m, of eligible receivers from the snap to the end of the play; no defender covers a receiver of a kick."""
    out = np.empty((len(ends), len(frames.roster)))
    _live(frames["play"], frames["gap"], ends, out)
    return out


SIGNALS: Final = (GAP, RIVAL, SHADOW, FOLLOW, COVERAGE)
STEPS: Final = (
    kernel_step("separation.nearest", _nearest, GAP, "xyz", "who"),
    kernel_step("separation.rival", _rival, RIVAL, "xyz", "who"),
    filling(kernel_step("separation.second", _second, GAP, "xyz", "who", "rival")),
    filling(kernel_step("separation.closing", _closing, GAP, "xyz", "velocity", "rival")),
    filling(kernel_step("separation.leverage", _leverage, GAP, "place", "rival")),
    filling(kernel_step("separation.openest", _openest, GAP, "play")),
    filling(kernel_step("separation.mean", _mean, GAP, "play")),
    kernel_step("coverage.shadow", _shadow, SHADOW, "play", "rival", "xyz", "who"),
    kernel_step("coverage.follow", _follow, FOLLOW, "play", "xyz", "velocity", "speed", "shadow"),
    filling(kernel_step("coverage.eyes", _eyes, FOLLOW, "play", "xyz", "orientation", "shadow")),
    kernel_step("coverage.following", _following, COVERAGE, "play", "follow"),
    filling(kernel_step("coverage.drift", _drift, COVERAGE, "play", "place", "start", "who")),
    filling(kernel_step("coverage.sticking", _sticking, COVERAGE, "play", "shadow", "rival", "xyz")),
)
STATS: Final = (
    Stat(
        "nfl.receiver.separation",
        "yd",
        "distance of each eligible receiver to the nearest defender, from the snap on",
        "player",
        separation,
        on_screen_name="Separation",
        source="NFL Next Gen Stats glossary: SEP",
    ),
)
