"""How both teams stand before the snap, frozen at it: box, receivers left and right, backfield, cushions, deep defenders.

The box is between a yard outside either tackle and eight yards deep; a receiver is an eligible player wider than the tackles.
The columns of ``lineup`` move with the players until the snap and are held until the next play.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat, Step
from features.core.steps import filling, kernel_step
from features.nfl.columns import EVENT_KEEP_S, LIVE, LOS, PHASE, SNAP_T, WAY, YD, apart, hold
from features.nfl.play_state import QB
from features.nfl.vocabulary import KICKED, SET

BOX_DEPTH_M: Final = 8.0 * YD
BOX_HALF_M: Final = 6.0 * YD
WIDE_M: Final = 5.6 * YD
BACKFIELD_M: Final = 1.5 * YD
SHOTGUN_M: Final = 3.5 * YD
DEEP_M: Final = 9.0 * YD
PRESS_M: Final = 2.5 * YD
MOTION_MPS: Final = 1.5

(BOX, BOX_EDGE, LEFT, RIGHT, STRENGTH, TIGHT, BACKS, QB_DEPTH, DEEP, DEEPEST, MIDDLE_OPEN, SPREAD, D_WIDTH, MOTION, PRESSED) = (
    range(15)
)
LINEUP = Signal("lineup", "mixed", (15,), keep_s=EVENT_KEEP_S)
CUSHION = Signal("cushion", "m", ("N",), keep_s=EVENT_KEEP_S)
START = Signal("start", "m", ("N", 2), keep_s=EVENT_KEEP_S)


@kernel
def stands(play: Any, i: int) -> bool:
    """Whether both teams are lined up in this row at a line that is known."""
    return bool(play[i, PHASE] == SET and not np.isnan(play[i, LOS]) and not np.isnan(play[i, WAY]))


@kernel
def _box(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, BOX, BOX_EDGE, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        inside, edge = 0.0, 0.0
        for n in range(who.shape[1]):
            if who[i, n, 0] == -1.0 and abs(place[i, n, 1]) <= BOX_HALF_M and place[i, n, 0] <= BOX_DEPTH_M:
                inside += 1.0
                edge = max(edge, place[i, n, 0])
        lineup[i, BOX], lineup[i, BOX_EDGE] = inside, edge


@kernel
def _receivers(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, LEFT, STRENGTH, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        left, right = 0.0, 0.0
        for n in range(who.shape[1]):
            if who[i, n, 2] == 1.0 and abs(place[i, n, 1]) > WIDE_M:
                if place[i, n, 1] > 0.0:
                    left += 1.0
                else:
                    right += 1.0
        lineup[i, LEFT], lineup[i, RIGHT], lineup[i, STRENGTH] = left, right, left - right


@kernel
def _tight(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, TIGHT, TIGHT, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        tight = 0.0
        for n in range(who.shape[1]):
            if who[i, n, 2] == 1.0 and abs(place[i, n, 1]) <= WIDE_M and place[i, n, 0] > -BACKFIELD_M:
                tight += 1.0
        lineup[i, TIGHT] = tight


@kernel
def _backs(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, BACKS, BACKS, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        backs = 0.0
        for n in range(who.shape[1]):
            if who[i, n, 2] == 1.0 and abs(place[i, n, 1]) <= WIDE_M and place[i, n, 0] <= -BACKFIELD_M:
                backs += 1.0
        lineup[i, BACKS] = backs


@kernel
def _quarterback(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, QB_DEPTH, QB_DEPTH, play[i, PHASE] == SET)
        if stands(play, i):
            for n in range(who.shape[1]):
                if who[i, n, 0] == 1.0 and who[i, n, 1] == QB:
                    lineup[i, QB_DEPTH] = -place[i, n, 0]


@kernel
def _deep(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, DEEP, MIDDLE_OPEN, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        deep, deepest, middle = 0.0, 0.0, 30.0
        for n in range(who.shape[1]):
            if who[i, n, 0] == -1.0 and place[i, n, 0] > DEEP_M:
                deep += 1.0
                deepest = max(deepest, place[i, n, 0])
                middle = min(middle, abs(place[i, n, 1]))
        lineup[i, DEEP], lineup[i, DEEPEST], lineup[i, MIDDLE_OPEN] = deep, deepest, middle


@kernel
def _spread(play: Any, who: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, SPREAD, D_WIDTH, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        low, high, d_low, d_high = np.inf, -np.inf, np.inf, -np.inf
        for n in range(who.shape[1]):
            v = place[i, n, 1]
            if who[i, n, 0] == 1.0:
                low, high = min(low, v), max(high, v)
            elif who[i, n, 0] == -1.0:
                d_low, d_high = min(d_low, v), max(d_high, v)
        lineup[i, SPREAD] = high - low if high > low else np.nan
        lineup[i, D_WIDTH] = d_high - d_low if d_high > d_low else np.nan


@kernel
def _motion(play: Any, who: Any, speed: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, MOTION, MOTION, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        found = -1.0
        for n in range(who.shape[1]):
            if who[i, n, 2] == 1.0 and speed[i, n] >= MOTION_MPS:
                found = float(n)
        lineup[i, MOTION] = found


@kernel
def _cushion(play: Any, who: Any, xyz: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        for n in range(out.shape[1]):
            # the frame of the snap is the last that counts
            at_snap = play[i, LIVE] == 1.0 and play[i - 1, LIVE] != 1.0
            if play[i, PHASE] != SET and not at_snap:
                out[i, n] = out[i - 1, n]
                continue
            out[i, n] = np.nan
            if who[i, n, 2] == 1.0 and play[i, PHASE] != KICKED:
                for m in range(who.shape[1]):
                    if who[i, m, 0] == -1.0:
                        off = apart(xyz, i, n, m)
                        if not off >= out[i, n]:
                            out[i, n] = off


@kernel
def _pressed(play: Any, who: Any, cushion: Any, place: Any, lo: int, hi: int, lineup: Any) -> None:
    for i in range(max(lo, 1), hi):
        hold(lineup, i, PRESSED, PRESSED, play[i, PHASE] == SET)
        if not stands(play, i):
            continue
        count = 0.0
        for n in range(who.shape[1]):
            if who[i, n, 2] == 1.0 and abs(place[i, n, 1]) > WIDE_M and cushion[i, n] < PRESS_M:
                count += 1.0
        lineup[i, PRESSED] = count


@kernel
def _start(play: Any, place: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        moving = play[i, LIVE] == 1.0 and play[i - 1, LIVE] == 1.0
        held = moving or (play[i, LIVE] != 1.0 and play[i, PHASE] != SET)
        for n in range(out.shape[1]):
            for c in range(2):
                out[i, n, c] = out[i - 1, n, c] if held else place[i, n, c]


def cushion_of(frames: Frames, ends: Ints) -> Floats:
    """(K, N) m, from the snap until the next play."""
    value: Floats = np.where(np.isnan(frames["play"][ends, SNAP_T])[:, None], np.nan, frames["cushion"][ends])
    return value


def formation(row: Floats) -> str | None:
    """A lineup row in words: where the passer stands, receivers left x right, players in the backfield besides the passer."""
    if not np.isfinite(row[[LEFT, RIGHT, BACKS]]).all():
        return None
    depth = row[QB_DEPTH]
    stance = "under center" if depth < BACKFIELD_M * 1.5 else "shotgun" if depth >= SHOTGUN_M else "pistol"
    if not np.isfinite(depth):
        stance = "no passer"
    elif row[BACKS] == 0:
        stance = "empty"
    return f"{stance} {int(row[LEFT])}x{int(row[RIGHT])}, {int(row[BACKS])} back" + ("s" if row[BACKS] != 1 else "")


SIGNALS: Final = (LINEUP, CUSHION, START)
STEPS: Final = (
    kernel_step("alignment.box", _box, LINEUP, "play", "who", "place"),
    filling(kernel_step("alignment.receivers", _receivers, LINEUP, "play", "who", "place")),
    filling(kernel_step("alignment.tight", _tight, LINEUP, "play", "who", "place")),
    filling(kernel_step("alignment.backs", _backs, LINEUP, "play", "who", "place")),
    filling(kernel_step("alignment.quarterback", _quarterback, LINEUP, "play", "who", "place")),
    filling(kernel_step("alignment.deep", _deep, LINEUP, "play", "who", "place")),
    filling(kernel_step("alignment.spread", _spread, LINEUP, "play", "who", "place")),
    filling(kernel_step("alignment.motion", _motion, LINEUP, "play", "who", "speed")),
    kernel_step("alignment.cushion", _cushion, CUSHION, "play", "who", "xyz"),
    filling(kernel_step("alignment.pressed", _pressed, LINEUP, "play", "who", "cushion", "place")),
    kernel_step("alignment.start", _start, START, "play", "place"),
)
STATS: Final = (
    Stat(
        "nfl.receiver.cushion",
        "yd",
        "distance of each eligible receiver to the nearest defender at the snap, shown until the next play",
        "player",
        cushion_of,
        every_s=1.0,
        on_screen_name="Cushion",
        source="NFL Next Gen Stats glossary: CUSH",
    ),
)
_ = Step
