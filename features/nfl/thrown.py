"""A pass as it was when the ball was let go: passer, receiver and the defenders who have no other receiver nearer.

A defender who has not crossed the line is counted to the nearest eligible receiver; the two nearest of those who are
counted to the receiver of the pass are looked at. Whom a pass is for shows only while it flies: the row of the throw is then looked
up, and what is found there does not change until the next throw. Ahead is towards the opponents' end zone, outward away from the
middle of the field, along in the direction of the throw and beyond the receiver.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat, Step
from features.nfl.alignment import BOX
from features.nfl.columns import EVENT_KEEP_S, LOS, PASSER, PHASE, SNAP_T, SNAP_Y, TARGET, THROW_T, WAY, hold
from features.nfl.flight import ROWS_BACK, completion_features, flies, fresh
from features.nfl.pass_rush import SENT_S
from features.nfl.vocabulary import IN_AIR

(THROW, DEPTH, ACROSS, EDGE, END, PASSER_DEPTH, PASSER_SPEED, HELD, COVERED, RUSH, IN_BOX) = range(11)
#: of each of the two defenders, from ``FIRST`` and ``SECOND`` on
(D_NEAR, D_ALONG, D_ASIDE, D_AHEAD, D_INSIDE, D_SPEED, D_UPFIELD, D_OUTWARD) = range(8)
FIRST, SECOND = 11, 19

_OF_A_DEFENDER: Final = (
    ("near_m", "m", "to the receiver"), ("along_m", "m", "beyond the receiver along the throw"),
    ("aside_m", "m", "beside the line of the throw"), ("ahead_m", "m", "ahead of the receiver"),
    ("inside_m", "m", "further from the middle than the receiver"), ("speed_mps", "m/s", "speed"),
    ("upfield_mps", "m/s", "speed upfield"), ("outward_mps", "m/s", "speed outward"),
)  # fmt: skip
#: (name, unit, label), in the order of the columns
THROW_FEATURES: Final = (
    ("throw_m", "m", "passer to receiver at the throw"),
    ("depth_m", "m", "receiver beyond the line at the throw"),
    ("across_m", "m", "how far across the field it is thrown"),
    ("edge_m", "m", "receiver to the sideline at the throw"),
    ("end_m", "m", "receiver to the back of the end zone"),
    ("passer_depth_m", "m", "passer behind the line"),
    ("passer_mps", "m/s", "speed of the passer"),
    ("held_s", "s", "time to throw"),
    ("covered", "count", "defenders who have no other receiver nearer"),
    ("rushers", "count", "rushers"),
    ("box", "count", "men in the box"),
    *((f"first_{name}", unit, f"nearest of them: {label}") for name, unit, label in _OF_A_DEFENDER),
    *((f"second_{name}", unit, f"second of them: {label}") for name, unit, label in _OF_A_DEFENDER),
)
THROWN = Signal("thrown", "mixed", (len(THROW_FEATURES),), keep_s=EVENT_KEEP_S)


@kernel
def _off(place: Any, k: int, a: int, b: int) -> float:
    du, dv = place[k, a, 0] - place[k, b, 0], place[k, a, 1] - place[k, b, 1]
    return float(np.sqrt(du * du + dv * dv))


@kernel
def _counted_to(who: Any, place: Any, k: int, m: int) -> int:
    """The eligible receiver nearest to defender ``m`` in row ``k``; -1 where there is none."""
    best, found = np.inf, -1
    for n in range(who.shape[1]):
        if who[k, n, 2] == 1.0:
            off = _off(place, k, m, n)
            if off < best:
                best, found = off, n
    return found


@kernel
def _defender(
    out: Any,
    i: int,
    at: int,
    place: Any,
    velocity: Any,
    k: int,
    m: int,
    n: int,
    way: float,
    snap_y: float,
    ahead: float,
    aside: float,
) -> None:
    """Write columns ``at`` and on for defender ``m`` of receiver ``n``; (``ahead``, ``aside``) is the direction of the throw."""
    du, dv = place[k, m, 0] - place[k, n, 0], place[k, m, 1] - place[k, n, 1]
    side = 1.0 if snap_y + way * place[k, n, 1] >= 0.0 else -1.0
    out[i, at + D_NEAR] = _off(place, k, m, n)
    out[i, at + D_ALONG] = du * ahead + dv * aside
    out[i, at + D_ASIDE] = abs(du * aside - dv * ahead)
    out[i, at + D_AHEAD] = du
    out[i, at + D_INSIDE] = abs(snap_y + way * place[k, m, 1]) - abs(snap_y + way * place[k, n, 1])
    out[i, at + D_SPEED] = np.sqrt(velocity[k, m, 0] ** 2 + velocity[k, m, 1] ** 2)
    out[i, at + D_UPFIELD] = way * velocity[k, m, 0]
    out[i, at + D_OUTWARD] = side * velocity[k, m, 1]


@kernel
def _thrown(
    play: Any,
    who: Any,
    place: Any,
    velocity: Any,
    get_off: Any,
    lineup: Any,
    half_m: float,
    half_width_m: float,
    lo: int,
    hi: int,
    out: Any,
) -> None:
    for i in range(max(lo, 1), hi):
        hold(out, i, 0, out.shape[1] - 1, fresh(play, i))
        if not flies(play, i):
            continue
        n, q, k = int(play[i, TARGET]), int(play[i, PASSER]) if play[i, PASSER] >= 0.0 else -1, i
        while k > 0 and k > i - ROWS_BACK and play[k - 1, PHASE] == IN_AIR:
            k -= 1
        for c in range(out.shape[1]):
            out[i, c] = np.nan
        # of a throw that began longer ago than rows are kept, or without a passer, nothing is known
        if play[k, THROW_T] != play[i, THROW_T] or k == i - ROWS_BACK or q < 0:
            continue
        way, snap_y = play[i, WAY], play[i, SNAP_Y]
        du, dv = place[k, n, 0] - place[k, q, 0], place[k, n, 1] - place[k, q, 1]
        far = max(np.sqrt(du * du + dv * dv), 0.05)
        if np.isnan(far):
            continue
        out[i, THROW], out[i, DEPTH], out[i, ACROSS] = far, place[k, n, 0], abs(dv)
        out[i, EDGE] = half_width_m - abs(snap_y + way * place[k, n, 1])
        out[i, END] = half_m - (way * play[i, LOS] + place[k, n, 0])
        out[i, PASSER_DEPTH] = -place[k, q, 0]
        out[i, PASSER_SPEED] = np.sqrt(velocity[k, q, 0] ** 2 + velocity[k, q, 1] ** 2)
        out[i, HELD] = play[i, THROW_T] - play[i, SNAP_T]
        out[i, IN_BOX] = lineup[i, BOX]
        first, second, count, sent = -1, -1, 0.0, 0.0
        for m in range(who.shape[1]):
            sent += 1.0 if get_off[k, m] <= SENT_S else 0.0
            # a defender across the line covers no receiver
            if who[k, m, 0] != -1.0 or not np.isnan(get_off[k, m]) or _counted_to(who, place, k, m) != n:
                continue
            count += 1.0
            if first < 0 or _off(place, k, m, n) < _off(place, k, first, n):
                first, second = m, first
            elif second < 0 or _off(place, k, m, n) < _off(place, k, second, n):
                second = m
        out[i, COVERED], out[i, RUSH] = count, sent
        if first >= 0:
            _defender(out, i, FIRST, place, velocity, k, first, n, way, snap_y, du / far, dv / far)
        if second >= 0:
            _defender(out, i, SECOND, place, velocity, k, second, n, way, snap_y, du / far, dv / far)


def thrown(frames: Frames) -> None:
    """The pass as it was when the ball was let go."""
    _thrown(
        frames["play"],
        frames["who"],
        frames["place"],
        frames["velocity"],
        frames["get_off"],
        frames["lineup"],
        frames.field.length_m / 2,
        frames.field.width_m / 2,
        frames.lo,
        frames.hi,
        frames["thrown"],
    )


def completion_asked(frames: Frames, ends: Ints) -> Floats:
    """(K, 1, F): ``flight.COMPLETION_FEATURES`` and :data:`THROW_FEATURES` while a pass is in the air and it shows for whom; all
    NaN otherwise."""
    flight = completion_features(frames, ends)
    throw = np.where(np.isnan(flight[:, :, :1]), np.nan, frames["thrown"][ends][:, None, :])
    return np.concatenate((flight, throw), axis=2)


SIGNALS: Final = (THROWN,)
STEPS: Final = (Step("thrown.throw", thrown, (THROWN,)),)
STATS: Final = (
    Stat(
        "nfl.pass.completion_probability",
        "0..1",
        "chance that the pass is caught, while it is in the air",
        "match",
        completion_asked,
        model="nfl-completion",
        on_screen_name="Completion Probability",
    ),
)
