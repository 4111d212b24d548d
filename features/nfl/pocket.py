"""The pocket: how near the rush comes to the passer, who stands in the way, how far the passer drops back. ``pocket`` holds the
passer's own numbers, the last of which are frozen at the throw."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat
from features.core.steps import filling, kernel_step
from features.nfl.columns import AGE, EVENT_KEEP_S, PASSER, PHASE, YD, hold
from features.nfl.pass_rush import CLOSE_M, NEAR_LINE_M, R_CLOSING, R_DISTANCE, holds
from features.nfl.play_state import LINE
from features.nfl.vocabulary import SET, SNAPPED

#: a passer is in the pocket while no further than this outside of the tackles' places, m
POCKET_HALF_M: Final = 4.0 * YD

TIME, ESCAPED, RUSH_M, RUSH_CLOSING, RUSHERS, HURRIED, DEPTH, DRIFT, BLOCKERS, WALL, SIDE_CLEAR, AT_THROW = range(12)
POCKET = Signal("pocket", "mixed", (12,), keep_s=EVENT_KEEP_S)


@kernel
def _nearest(play: Any, rush: Any, lo: int, hi: int, pocket: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(pocket, i, RUSH_M, HURRIED, play[i, PHASE] == SET)
        if not holds(play, i):
            continue
        best, closing, count, hurried = np.nan, np.nan, 0.0, 0.0
        for n in range(rush.shape[1]):
            off = rush[i, n, R_DISTANCE]
            if np.isnan(off):
                continue
            count += 1.0
            hurried += 1.0 if off < CLOSE_M else 0.0
            if not off >= best:
                best, closing = off, rush[i, n, R_CLOSING]
        pocket[i, RUSH_M], pocket[i, RUSH_CLOSING], pocket[i, RUSHERS], pocket[i, HURRIED] = best, closing, count, hurried


@kernel
def _time(play: Any, place: Any, t: Any, lo: int, hi: int, pocket: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(pocket, i, TIME, ESCAPED, play[i, PHASE] == SET)
        if play[i, PHASE] != SNAPPED or play[i, PASSER] < 0.0:
            continue
        q = int(play[i, PASSER])
        gone = pocket[i - 1, ESCAPED] == 1.0 or abs(place[i, q, 1]) > POCKET_HALF_M or place[i, q, 0] > 0.5
        pocket[i, ESCAPED] = 1.0 if gone else 0.0
        if not gone:
            pocket[i, TIME] = play[i, AGE]


@kernel
def _drop(play: Any, place: Any, lo: int, hi: int, pocket: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(pocket, i, DEPTH, DRIFT, play[i, PHASE] == SET)
        if play[i, PHASE] == SNAPPED and play[i, PASSER] >= 0.0:
            q = int(play[i, PASSER])
            pocket[i, DEPTH], pocket[i, DRIFT] = -place[i, q, 0], place[i, q, 1]


@kernel
def _wall(play: Any, who: Any, place: Any, lo: int, hi: int, pocket: Any) -> None:
    """How many blockers still stand between the line and the passer, and how wide their wall is."""
    for i in range(max(lo, 1), hi):
        hold(pocket, i, BLOCKERS, WALL, play[i, PHASE] == SET)
        if play[i, PHASE] != SNAPPED or play[i, PASSER] < 0.0:
            continue
        q = int(play[i, PASSER])
        count, low, high = 0.0, np.inf, -np.inf
        for n in range(who.shape[1]):
            if who[i, n, 0] == 1.0 and who[i, n, 1] == LINE and place[i, n, 0] > place[i, q, 0]:
                count += 1.0
                low, high = min(low, place[i, n, 1]), max(high, place[i, n, 1])
        pocket[i, BLOCKERS], pocket[i, WALL] = count, high - low if count > 1.0 else np.nan


@kernel
def _side(play: Any, place: Any, rush: Any, lo: int, hi: int, pocket: Any) -> None:
    """Room to step sideways: the smaller sideways distance to a rusher no deeper than three yards from the passer."""
    for i in range(max(lo, 1), hi):
        hold(pocket, i, SIDE_CLEAR, SIDE_CLEAR, play[i, PHASE] == SET)
        if play[i, PHASE] != SNAPPED or play[i, PASSER] < 0.0:
            continue
        q = int(play[i, PASSER])
        best = np.nan
        for n in range(rush.shape[1]):
            if not np.isnan(rush[i, n, R_DISTANCE]) and abs(place[i, n, 0] - place[i, q, 0]) < NEAR_LINE_M:
                off = abs(place[i, n, 1] - place[i, q, 1])
                if not off >= best:
                    best = off
        pocket[i, SIDE_CLEAR] = best


@kernel
def _frozen(play: Any, lo: int, hi: int, pocket: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(pocket, i, AT_THROW, AT_THROW, play[i, PHASE] == SET)
        if holds(play, i):
            pocket[i, AT_THROW] = pocket[i, RUSH_M]


def time_in_pocket(frames: Frames, ends: Ints) -> Floats:
    """(K, N) s, of the passer alone."""
    return _passers(frames, ends, TIME, False)


@kernel
def _of_passer(play: Any, pocket: Any, ends: Any, at: int, held: bool, out: Any) -> None:
    """Column ``at`` of the pocket in the passer's column of ``out`` (K, N) and nothing elsewhere; while the passer has the ball
    (``held``) or at any time."""
    for k in range(ends.shape[0]):
        i = ends[k]
        for n in range(out.shape[1]):
            out[k, n] = np.nan
        if play[i, PASSER] >= 0.0 and (not held or play[i, PHASE] == SNAPPED):
            out[k, int(play[i, PASSER])] = pocket[i, at]


def _passers(frames: Frames, ends: Ints, at: int, held: bool) -> Floats:
    out = np.empty((len(ends), len(frames.roster)))
    _of_passer(frames["play"], frames["pocket"], ends, at, held, out)
    return out


def pressure_distance(frames: Frames, ends: Ints) -> Floats:
    """(K, N) m, of the passer alone; missing once the ball has left."""
    return _passers(frames, ends, RUSH_M, True)


SIGNALS: Final = (POCKET,)
STEPS: Final = (
    kernel_step("pocket.nearest", _nearest, POCKET, "play", "rush"),
    filling(kernel_step("pocket.time", _time, POCKET, "play", "place", "t")),
    filling(kernel_step("pocket.drop", _drop, POCKET, "play", "place")),
    filling(kernel_step("pocket.wall", _wall, POCKET, "play", "who", "place")),
    filling(kernel_step("pocket.side", _side, POCKET, "play", "place", "rush")),
    filling(kernel_step("pocket.at_throw", _frozen, POCKET, "play")),
)
STATS: Final = (
    Stat(
        "nfl.passer.time_in_pocket",
        "s",
        "time since the snap while the passer stays between the tackles behind the line, held from leaving it or the throw on",
        "player",
        time_in_pocket,
        on_screen_name="Time in Pocket",
    ),
    Stat(
        "nfl.passer.pressure_distance",
        "yd",
        "distance of the nearest rusher to the passer, until the throw",
        "player",
        pressure_distance,
        on_screen_name="Pressure",
    ),
)
