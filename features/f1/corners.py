"""Corner by corner: entry, apex and exit speed, where the braking began and how hard it was.

A step follows every car through its current corner: from where it began to brake (or lift) to its slowest point. The event
"corner", which says that a car has left a numbered corner of the circuit and where its apex lies, then reads what has been seen.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Frames
from features.core.sport import EventStep, Signal, Stat, Step
from features.core.units import factor
from features.f1.ledger import number

#: the pedal is pressed from here on; a corner is over when the car has gained this much on its slowest point
BRAKING: Final = 0.05
FASTER_MPS: Final = 4.0

#: lap distance (m) and speed where braking began, the hardest deceleration since, the slowest speed since the car was last faster
#: and
#: where that was, the greatest speed after it (NaN until the car gains speed), and the slowest speed since the braking began
CORNER = Signal("cornering", "m, m/s, m/s2, m/s, m, m/s, m/s", ("N", 7), keep_s=10.0)
_G: Final = 1.0 / factor("g")


@kernel
def follow(speed: Any, brake: Any, least: Any, forward: Any, distance: Any, lo: int, hi: int, out: Any) -> None:
    """``least`` is the least speed of the window, ``forward`` its least longitudinal acceleration. Braking that was under way when
    the car was first seen is not followed: where it began is not known. A corner that is not braked for is where the car loses
    speed again after it had gained some."""
    for i in range(lo, hi):
        for n in range(speed.shape[1]):
            out[i, n] = out[i - 1, n]
            now = speed[i, n]
            if np.isnan(now) or np.isnan(distance[i, n]):
                continue
            if (np.isnan(out[i, n, 3]) or now > out[i, n, 3] + FASTER_MPS) and not now <= out[i, n, 5]:
                out[i, n, 5] = now
            left = np.isnan(out[i, n, 0]) or now > out[i, n, 6] + FASTER_MPS
            begins = brake[i, n] > BRAKING and brake[i - 1, n] <= BRAKING and left
            if begins:
                out[i, n, 0], out[i, n, 1], out[i, n, 2] = distance[i, n], max(now, speed[i - 1, n]), np.nan
                out[i, n, 6] = now
            if least[i, n] < out[i, n, 6]:
                out[i, n, 6] = least[i, n]
            if begins or now < out[i, n, 5] - FASTER_MPS:
                out[i, n, 3], out[i, n, 4], out[i, n, 5] = now, distance[i, n], np.nan
            if not (np.isnan(forward[i, n]) or -forward[i, n] <= out[i, n, 2]):
                out[i, n, 2] = -forward[i, n]
            if least[i, n] < out[i, n, 3]:
                out[i, n, 3], out[i, n, 4] = least[i, n], distance[i, n]


def step(frames: Frames) -> None:
    follow(
        frames["speed_mps"],
        frames["brake_share.max"],
        frames["speed_mps.min"],
        frames["longitudinal_mps2.min"],
        frames["lap_distance_m.last"],
        frames.lo,
        frames.hi,
        frames["cornering"],
    )


#: a corner whose braking began farther from its apex than this was not braked for: what was seen belongs to another one
REACH_M: Final = 350.0


def look(event: EventContext) -> None:
    """Facts ``corner``: [entry, apex, exit speed, m braking before the apex, hardest deceleration], NaN what was not seen of it;
    empty when the car was not seen.

    The slowest point counts when it lies in the corner's own stretch, between its neighbours, and the braking when it began between
    the apex of the one before and its own: else they are of another corner.
    """
    event.facts["corner"] = []
    frames, row, n = event.frames, event.row, event.player
    apex_m = number(event, "apex_m")
    if frames is None or row < 0 or n < 0 or apex_m != apex_m:
        return
    begun_m, entry, hardest, slowest, slowest_m = (float(v) for v in frames["cornering"][row, n, :5])
    exit_mps = float(frames["speed_mps.last"][row, n])
    if not np.isfinite(exit_mps):
        return
    from_m, to_m, before_m = number(event, "from_m"), number(event, "to_m"), apex_m - begun_m
    # the stretch begins half-way to the apex before
    farthest_m = min(REACH_M, 2.0 * (apex_m - from_m)) if from_m == from_m else REACH_M
    braked = 0.0 <= before_m <= farthest_m
    if not braked:
        entry = before_m = hardest = float("nan")
    inside = from_m <= slowest_m <= to_m if from_m == from_m and to_m == to_m else braked
    event.facts["corner"] = [entry, slowest if inside else float("nan"), exit_mps, before_m, hardest]


def _fact(index: int) -> Any:
    def read(event: EventContext, ledger: Any) -> float | None:
        seen = event.facts["corner"]
        return seen[index] if isinstance(seen, list) and seen and seen[index] == seen[index] else None

    return read


EVENT_STEPS: Final = (EventStep("corners.look", look, on=("corner",), phase="extract"),)
SIGNALS: Final = (CORNER,)
STEPS: Final = (Step("corners.follow", step, SIGNALS),)
_ROWS: Final = (
    ("f1.car.corner_entry_speed", "km/h", "speed where braking for the corner began", "Corner Analysis"),
    ("f1.car.corner_apex_speed", "km/h", "least speed in the corner", "Corner Analysis"),
    ("f1.car.corner_exit_speed", "km/h", "speed where the corner is left", "Corner Analysis"),
    ("f1.car.braking_point", "m", "lap distance from where braking began to the corner's apex", "Braking"),
    ("f1.car.braking_g", "g", "hardest deceleration of the corner, least 10 ms value of its windows", "Braking"),
)
STATS: Final = tuple(
    Stat(ident, unit, what, "player", _fact(i), on=("corner",), on_screen_name=air)
    for i, (ident, unit, what, air) in enumerate(_ROWS)
)
