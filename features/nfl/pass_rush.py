"""The rush: the rushers, when each crossed the line, the distance to the passer, and the blocker.

A rusher is a defender who has crossed the line of scrimmage, or who within the first 1.5 s stands within three yards of it and
comes on. ``rush`` holds the inputs of the pressure model.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat
from features.core.steps import column, filling, kernel_step
from features.nfl.columns import AGE, EVENT_KEEP_S, LIVE, PASSER, PHASE, SNAP_T, YD, apart
from features.nfl.play_state import COVER, RUSHER
from features.nfl.vocabulary import IN_AIR, KICKED, SET, SNAPPED

EARLY_S: Final = 1.5
NEAR_LINE_M: Final = 3.0 * YD
REACTS_MPS: Final = 1.0
CLOSE_M: Final = 2.0 * YD
LONGEST_S: Final = 12.0
#: who has crossed the line of scrimmage so soon after the snap was sent to rush: 4.4 a pass on real tracking, 4.3 as charted, s
SENT_S: Final = 2.0

RUSHING = Signal("rushing", "0..1", ("N",), fill=0.0)
#: the model's inputs, in its order, for each rusher
PRESSURE_FEATURES: Final = (
    ("distance_m", "m", "distance to the passer"),
    ("blocker_m", "m", "distance to the nearest blocker"),
    ("age_s", "s", "time since the snap"),
    ("closing_mps", "m/s", "speed towards the passer"),
    ("get_off_s", "s", "get-off"),
    ("helped", "count", "blockers within two yards"),
)
#: what else a model may take of each rusher
RUSHER_FEATURES: Final = (
    ("lineman", "0..1", "from the defensive line"),
    ("back", "0..1", "from the secondary"),
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
            late = not play[i, AGE] <= LONGEST_S or play[i, PHASE] == KICKED
            if not np.isnan(out[i, n]) or play[i, LIVE] != 1.0 or late or who[i, n, 0] != -1.0 or fresh:
                continue
            before, now = place[i - 1, n, 0], place[i, n, 0]
            if before > 0.0 and now <= 0.0:
                # where between the two frames the rusher crossed the line
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
def holds(play: Any, i: int) -> bool:
    """Whether the passer has the ball in this row, or has just let it go in it."""
    released = play[i, PHASE] == IN_AIR and i > 0 and play[i - 1, PHASE] == SNAPPED
    return bool(play[i, PHASE] == SNAPPED or released)


@kernel
def _distance(play: Any, xyz: Any, rushing: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        q = int(play[i, PASSER]) if play[i, PASSER] >= 0.0 else -1
        for n in range(out.shape[1]):
            on = holds(play, i) and rushing[i, n] == 1.0 and q >= 0
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


def pressure_features(frames: Frames, ends: Ints) -> Floats:
    """(K, N, F): :data:`PRESSURE_FEATURES` of each rusher; all NaN for the others."""
    value: Floats = frames["rush"][ends]
    return value


def pressure_asked(frames: Frames, ends: Ints) -> Floats:
    """(K, N, F): the same, and :data:`RUSHER_FEATURES`."""
    own, role = pressure_features(frames, ends), frames["who"][ends, :, 1]
    more = np.stack((role == RUSHER, role == COVER), axis=2)
    return np.concatenate((own, np.where(np.isnan(own[:, :, R_AGE, None]), np.nan, more)), axis=2)


SIGNALS: Final = (RUSHING, RUSH, GET_OFF, REACTION, PENETRATION)
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
)
STATS: Final = (
    Stat(
        "nfl.defender.get_off",
        "s",
        "from the snap until the defender crosses the line of scrimmage, held until the next play",
        "player",
        column("get_off"),
        every_s=1.0,
        on_screen_name="Get-off",
        source="NFL Next Gen Stats: Get Off",
    ),
    Stat(
        "nfl.defender.pressure_probability",
        "0..1",
        "chance of each rusher to beat the block within the next 0.4 s, from the snap to the throw",
        "player",
        pressure_asked,
        model="nfl-pressure",
        on_screen_name="Pressure Probability",
    ),
)
