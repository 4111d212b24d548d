"""Corner by corner: entry, apex and exit speed, where the braking began and how hard it was.

A step follows every car through its current corner: from where it began to brake (or lift) to its slowest point. The event
"corner", which says that a car has left a numbered corner of the circuit and where its apex lies, then reads what has been seen.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.compiled import kernel
from features.frames import Frames
from features.moments import Moment
from features.sport import EventStep, Signal, Stat, Step
from features.units import factor

#: the pedal is pressed from here on; a corner is over when the car has gained this much on its slowest point
BRAKING: Final = 0.05
FASTER_MPS: Final = 4.0

#: lap distance (m) and speed where braking began, the hardest deceleration, the slowest speed and where that was
CORNER = Signal("cornering", "m, m/s, m/s2, m/s, m", ("N", 5), keep_s=10.0)
_G: Final = 1.0 / factor("g")


@kernel
def follow(speed: Any, brake: Any, least: Any, forward: Any, distance: Any, lo: int, hi: int, out: Any) -> None:
    """``least`` is the least speed of the window, ``forward`` its least longitudinal acceleration."""
    for i in range(lo, hi):
        for n in range(speed.shape[1]):
            out[i, n] = out[i - 1, n]
            if np.isnan(speed[i, n]) or np.isnan(distance[i, n]):
                continue
            pressed = brake[i, n] > BRAKING
            left = np.isnan(out[i, n, 0]) or speed[i, n] > out[i, n, 3] + FASTER_MPS
            if pressed and left and not brake[i - 1, n] > BRAKING:
                out[i, n, 0], out[i, n, 1] = distance[i, n], max(speed[i, n], speed[i - 1, n])
                out[i, n, 2], out[i, n, 3], out[i, n, 4] = np.nan, speed[i, n], distance[i, n]
            if np.isnan(out[i, n, 0]):
                continue
            if not (np.isnan(forward[i, n]) or -forward[i, n] <= out[i, n, 2]):
                out[i, n, 2] = -forward[i, n]
            if least[i, n] < out[i, n, 3]:
                out[i, n, 3], out[i, n, 4] = least[i, n], distance[i, n]


def step(frames: Frames) -> None:
    follow(
        frames["speed_mps"], frames["brake_share.max"], frames["speed_mps.min"], frames["longitudinal_mps2.min"],
        frames["lap_distance_m.last"], frames.lo, frames.hi, frames["cornering"],
    )  # fmt: skip


#: a corner whose braking began farther from its apex than this was not braked for: what was seen belongs to another one
REACH_M: Final = 350.0


def look(moment: Moment) -> None:
    """Facts ``corner``: [entry, apex, exit speed, m braking before the apex, hardest deceleration], empty when not seen."""
    moment.facts["corner"] = []
    frames, row, n = moment.frames, moment.row, moment.player
    apex_m = moment.attrs.get("apex_m")
    if frames is None or row < 0 or n < 0 or not isinstance(apex_m, (int, float)):
        return
    from_m, entry, hardest, slowest, _ = (float(v) for v in frames["cornering"][row, n])
    before_m = float(apex_m) - from_m
    exit_mps = float(frames["speed_mps.last"][row, n])
    if -60.0 <= before_m <= REACH_M and np.isfinite(exit_mps):
        moment.facts["corner"] = [entry, slowest, exit_mps, before_m, hardest]


def _fact(index: int) -> Any:
    def read(moment: Moment, ledger: Any) -> float | None:
        seen = moment.facts["corner"]
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
    Stat(ident, unit, what, "player", _fact(i), on=("corner",), air=air) for i, (ident, unit, what, air) in enumerate(_ROWS)
)
