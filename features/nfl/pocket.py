"""The pocket and the rush: who comes, how far from the passer, who stands in the way, when each crossed the line.

A rusher is a defender who has crossed the line of scrimmage, or who within the first 1.5 s stands within three yards of it and
comes on. ``rush`` holds what the pressure model is asked with; the passer's own numbers stand in ``pocket``, the last of which are
frozen at the throw.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.compiled import kernel
from features.frames import Floats, Frames, Ints
from features.nfl.columns import AGE, EVENT_KEEP_S, LIVE, PASSER, PHASE, SNAP_T, YD, apart, keep
from features.nfl.playstate import LINE
from features.nfl.vocabulary import IN_AIR, SET, SNAPPED
from features.sport import Signal, Stat
from features.steps import column, filling, kernel_step

EARLY_S: Final = 1.5
NEAR_LINE_M: Final = 3.0 * YD
REACTS_MPS: Final = 1.0
CLOSE_M: Final = 2.0 * YD
LONGEST_S: Final = 12.0
#: a passer is in the pocket while he is no further than this outside of the tackles' places, m
POCKET_HALF_M: Final = 4.0 * YD

TIME, ESCAPED, RUSH_M, RUSH_CLOSING, RUSHERS, HURRIED, DEPTH, DRIFT, BLOCKERS, WALL, SIDE_CLEAR, AT_THROW = range(12)
POCKET = Signal("pocket", "mixed", (12,), keep_s=EVENT_KEEP_S)
RUSHING = Signal("rushing", "0..1", ("N",), fill=0.0)
#: what the model is asked with, in its order, for each rusher
PRESSURE_FEATURES: Final = (
    ("distance_m", "m", "distance to the passer"),
    ("blocker_m", "m", "distance to the nearest blocker"),
    ("age_s", "s", "time since the snap"),
    ("closing_mps", "m/s", "speed towards the passer"),
    ("get_off_s", "s", "get-off"),
    ("helped", "count", "blockers within two yards"),
)
R_DISTANCE, R_BLOCKER, R_AGE, R_CLOSING, R_GET_OFF, R_HELPED = range(6)
RUSH = Signal("rush", "mixed", ("N", 6), keep_s=EVENT_KEEP_S)
GET_OFF = Signal("get_off", "s", ("N",), keep_s=EVENT_KEEP_S)
REACTION = Signal("reaction", "s", ("N",), keep_s=EVENT_KEEP_S)
PENETRATION = Signal("penetration", "m", ("N",), keep_s=EVENT_KEEP_S)


@kernel
def _get_off(play: Any, who: Any, place: Any, t: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            out[i, n] = np.nan if fresh else out[i - 1, n]
            late = not play[i, AGE] <= LONGEST_S
            if not np.isnan(out[i, n]) or play[i, LIVE] != 1.0 or late or who[i, n, 0] != -1.0 or fresh:
                continue
            before, now = place[i - 1, n, 0], place[i, n, 0]
            if before > 0.0 and now <= 0.0:
                # where between the two frames he crossed the line
                share = before / (before - now)
                out[i, n] = max(t[i - 1] + share * (t[i] - t[i - 1]) - play[i, SNAP_T], 0.0)


@kernel
def _reaction(play: Any, who: Any, velocity: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            out[i, n] = np.nan if fresh else out[i - 1, n]
            if np.isnan(out[i, n]) and play[i, LIVE] == 1.0 and who[i, n, 0] == -1.0:
                fast = np.sqrt(velocity[i, n, 0] ** 2 + velocity[i, n, 1] ** 2)
                if fast >= REACTS_MPS:
                    out[i, n] = play[i, AGE]


@kernel
def _penetration(play: Any, who: Any, place: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            deepest = np.nan if fresh else out[i - 1, n]
            if play[i, LIVE] == 1.0 and who[i, n, 0] == -1.0 and not -place[i, n, 0] <= deepest:
                deepest = -place[i, n, 0] if not np.isnan(place[i, n, 0]) else deepest
            out[i, n] = deepest


@kernel
def _rushing(play: Any, who: Any, place: Any, velocity: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        for n in range(out.shape[1]):
            if play[i, PHASE] != SNAPPED or who[i, n, 0] != -1.0:
                out[i, n] = 0.0 if play[i, PHASE] == SET else out[i - 1, n]
                continue
            on = out[i - 1, n]
            ahead = play[i, AGE] <= EARLY_S and play[i, AGE] > 0.2
            comes = place[i, n, 0] < NEAR_LINE_M and abs(place[i, n, 1]) < 8.0
            toward = place[i, n, 0] - place[i - 1, n, 0] < -0.02
            if place[i, n, 0] <= 0.0 or (ahead and comes and toward):
                on = 1.0
            out[i, n] = on


@kernel
def _held(play: Any, i: int) -> bool:
    """Whether the passer has the ball in this row, or has just let it go in it."""
    released = play[i, PHASE] == IN_AIR and i > 0 and play[i - 1, PHASE] == SNAPPED
    return bool(play[i, PHASE] == SNAPPED or released)


@kernel
def _distance(play: Any, xyz: Any, rushing: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        q = int(play[i, PASSER]) if play[i, PASSER] >= 0.0 else -1
        for n in range(out.shape[1]):
            on = _held(play, i) and rushing[i, n] == 1.0 and q >= 0
            out[i, n, R_DISTANCE] = apart(xyz, i, n, q) if on else np.nan
            out[i, n, R_AGE] = play[i, AGE] if on else np.nan


@kernel
def _blocker(xyz: Any, play: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            best = np.nan
            if not np.isnan(out[i, n, R_AGE]):
                for m in range(out.shape[1]):
                    if who[i, m, 0] == 1.0 and m != int(play[i, PASSER]):
                        off = apart(xyz, i, n, m)
                        if not off >= best:
                            best = off
            out[i, n, R_BLOCKER] = best


@kernel
def _helped(xyz: Any, play: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, R_HELPED] = np.nan
            if np.isnan(out[i, n, R_AGE]):
                continue
            count = 0.0
            for m in range(out.shape[1]):
                if who[i, m, 0] == 1.0 and m != int(play[i, PASSER]) and apart(xyz, i, n, m) < CLOSE_M:
                    count += 1.0
            out[i, n, R_HELPED] = count


@kernel
def _closing(xyz: Any, velocity: Any, play: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, R_CLOSING] = np.nan
            if np.isnan(out[i, n, R_AGE]):
                continue
            q = int(play[i, PASSER])
            dx, dy = xyz[i, q, 0] - xyz[i, n, 0], xyz[i, q, 1] - xyz[i, n, 1]
            off = max(np.sqrt(dx * dx + dy * dy), 0.05)
            out[i, n, R_CLOSING] = (dx * velocity[i, n, 0] + dy * velocity[i, n, 1]) / off


@kernel
def _jump(get_off: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n, R_GET_OFF] = get_off[i, n] if not np.isnan(out[i, n, R_AGE]) else np.nan


@kernel
def _nearest(play: Any, rush: Any, lo: int, hi: int, pocket: Any) -> None:
    for i in range(max(lo, 1), hi):
        keep(pocket, i, RUSH_M, HURRIED, play[i, PHASE] == SET)
        if not _held(play, i):
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
        keep(pocket, i, TIME, ESCAPED, play[i, PHASE] == SET)
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
        keep(pocket, i, DEPTH, DRIFT, play[i, PHASE] == SET)
        if play[i, PHASE] == SNAPPED and play[i, PASSER] >= 0.0:
            q = int(play[i, PASSER])
            pocket[i, DEPTH], pocket[i, DRIFT] = -place[i, q, 0], place[i, q, 1]


@kernel
def _wall(play: Any, who: Any, place: Any, lo: int, hi: int, pocket: Any) -> None:
    """How many blockers still stand between the line and the passer, and how wide their wall is."""
    for i in range(max(lo, 1), hi):
        keep(pocket, i, BLOCKERS, WALL, play[i, PHASE] == SET)
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
        keep(pocket, i, SIDE_CLEAR, SIDE_CLEAR, play[i, PHASE] == SET)
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
        keep(pocket, i, AT_THROW, AT_THROW, play[i, PHASE] == SET)
        if _held(play, i):
            pocket[i, AT_THROW] = pocket[i, RUSH_M]


def time_in_pocket(frames: Frames, ends: Ints) -> Floats:
    """(K, N) s, of the passer alone."""
    return _passers(frames, ends, TIME, False)


@kernel
def _of_passer(play: Any, pocket: Any, ends: Any, at: int, held: bool, out: Any) -> None:
    """Column ``at`` of the pocket in the passer's column of ``out`` (K, N) and nothing elsewhere; while he has the ball (``held``)
    or at any time."""
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


def pressure_features(frames: Frames, ends: Ints) -> Floats:
    """(K, N, F): :data:`PRESSURE_FEATURES` of each rusher; all NaN for the others."""
    value: Floats = frames["rush"][ends]
    return value


SIGNALS: Final = (POCKET, RUSHING, RUSH, GET_OFF, REACTION, PENETRATION)
STEPS: Final = (
    kernel_step("rush.get_off", _get_off, GET_OFF, "play", "who", "place", "t"),
    kernel_step("rush.reaction", _reaction, REACTION, "play", "who", "velocity"),
    kernel_step("rush.penetration", _penetration, PENETRATION, "play", "who", "place"),
    kernel_step("rush.rushing", _rushing, RUSHING, "play", "who", "place", "velocity"),
    kernel_step("rush.distance", _distance, RUSH, "play", "xyz", "rushing"),
    filling(kernel_step("rush.blocker", _blocker, RUSH, "xyz", "play", "who")),
    filling(kernel_step("rush.helped", _helped, RUSH, "xyz", "play", "who")),
    filling(kernel_step("rush.closing", _closing, RUSH, "xyz", "velocity", "play")),
    filling(kernel_step("rush.jump", _jump, RUSH, "get_off")),
    kernel_step("pocket.nearest", _nearest, POCKET, "play", "rush"),
    filling(kernel_step("pocket.time", _time, POCKET, "play", "place", "t")),
    filling(kernel_step("pocket.drop", _drop, POCKET, "play", "place")),
    filling(kernel_step("pocket.wall", _wall, POCKET, "play", "who", "place")),
    filling(kernel_step("pocket.side", _side, POCKET, "play", "place", "rush")),
    filling(kernel_step("pocket.at_throw", _frozen, POCKET, "play")),
)
STATS: Final = (
    Stat(
        "nfl.passer.time_in_pocket", "s", "time since the snap while the passer stays between the tackles behind the line, held "
        "once he leaves or throws", "player", time_in_pocket, air="Time in Pocket",
    ),
    Stat(
        "nfl.passer.pressure_distance", "yd", "distance of the nearest rusher to the passer, until the throw", "player",
        pressure_distance, air="Pressure",
    ),
    Stat(
        "nfl.defender.get_off", "s", "from the snap until the defender crosses the line of scrimmage, held until the next play",
        "player", column("get_off"), every_s=1.0, air="Get-off", source="NFL Next Gen Stats: Get Off",
    ),
    Stat(
        "nfl.defender.pressure_probability", "0..1",
        "chance of each rusher to beat his block within the next 0.4 s, from the snap to the throw", "player",
        pressure_features, model="nfl-pressure", air="Pressure Probability",
    ),
)  # fmt: skip
