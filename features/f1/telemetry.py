"""What the telemetry bar shows: mean, min, max and last of seven channels over the window, and the energy of the hybrid system.

A packet holds the statistics of 100 ms already, which is one window, so nothing is averaged twice. Where a provider measures more
slowly, the windows between (:data:`features.f1.channels.MEASURED`) are filled in for what is computed from them; the bar shows what
was measured last, for as long as the car is heard.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat, Step
from features.f1.channels import MEASURED, SHOWN, STATISTICS, column

#: the most that the motor may deploy (technical regulations 2014-2025, article 5.2), W
DEPLOY_W: Final = 120_000.0


def _statistics(channel: int, frames: Frames, ends: Ints) -> Floats:
    """(K, N, 4): mean, min, max, last."""
    first = channel * len(STATISTICS)
    return np.asarray(frames["bar"][ends, :, first : first + len(STATISTICS)], np.float64)


@kernel
def _hold(values: Any, x: Any, measured: Any, lo: int, hi: int, column: int, bar: Any) -> None:
    """One statistic of a channel (rows, N) into its column of ``bar`` (rows, N, C): as it is where it was measured, else as in the
    row before, where the car was heard there."""
    for i in range(lo, hi):
        for n in range(bar.shape[1]):
            filled = measured[i, n] == 0.0 and not np.isnan(values[i, n]) and not np.isnan(x[i - 1, n, 0])
            held = bar[i - 1, n, column] if filled else np.nan
            bar[i, n, column] = values[i, n] if np.isnan(held) else held


def hold(frames: Frames) -> None:
    for column_of, name in enumerate(_BARS):
        _hold(frames[name], frames.xyz, frames[MEASURED], frames.lo, frames.hi, column_of, frames["bar"])


def energy(frames: Frames, ends: Ints) -> Floats:
    """(K, N, 2): how full the store is, and the power that leaves it, as shares."""
    return np.stack([frames["store_share"][ends], np.clip(frames["deploy_w"][ends] / DEPLOY_W, 0.0, 1.0)], axis=2)


#: what tyres, motor and brakes do at most, with room for a feed that samples slowly, and what a speed may be off
PUSH_MPS2: Final = 30.0
BRAKE_MPS2: Final = 80.0
OFF_MPS: Final = 5.0
#: the slowest feed that is known sends a car's speed so often, s
REPEATED_S: Final = 0.3
#: what a car can do: beyond it a value is a fault or another unit, and is taken for missing
LIMITS: Final = {
    "speed_mps": (-1.0, 110.0), "throttle_share": (-0.05, 1.05), "brake_share": (-0.05, 1.05), "gear": (-1.5, 9.5),
    "engine_radps": (0.0, 1700.0), "lateral_mps2": (-90.0, 90.0), "longitudinal_mps2": (-90.0, 90.0),
}  # fmt: skip
_BARS: Final = tuple(column(name, statistic) for name in SHOWN for statistic in STATISTICS)
_LIMITED: Final = tuple((column(name, statistic), *LIMITS[name]) for name in SHOWN for statistic in STATISTICS)


@kernel
def _bound(values: Any, low: float, high: float, lo: int, hi: int, wrong: Any) -> None:
    for i in range(lo, hi):
        for n in range(values.shape[1]):
            if values[i, n] < low or values[i, n] > high:
                values[i, n] = np.nan
                wrong[i - lo, n] = 1.0


@kernel
def _count(wrong: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            out[i, n] = out[i - 1, n] + wrong[i - lo, n]


def bound(frames: Frames) -> None:
    """Take out of the new rows what no car can do, and speeds that none gets to from the one before; count the windows in which
    there was such a thing."""
    wrong = np.zeros((frames.hi - frames.lo, len(frames.roster)))
    for name, low, high in _LIMITED:
        _bound(frames[name], low, high, frames.lo, frames.hi, wrong)
    mean, least, most, last = (frames[column("speed_mps", statistic)] for statistic in STATISTICS)
    _reach(mean, least, most, last, frames.t, frames.lo, frames.hi, frames.state["telemetry.bounds.known"], wrong)
    _count(wrong, frames.lo, frames.hi, frames["out_of_range"])


@kernel
def _reach(mean: Any, least: Any, most: Any, last: Any, t: Any, lo: int, hi: int, known: Any, wrong: Any) -> None:
    """Take out of the speeds (rows, N) of a window what cannot be reached from the last that could; ``known`` (N, 3): whether there
    is one, when it was, and the speed at its end."""
    for i in range(lo, hi):
        for n in range(mean.shape[1]):
            if np.isnan(mean[i, n]):
                continue
            low = mean[i, n] if np.isnan(least[i, n]) else min(mean[i, n], least[i, n])
            high = mean[i, n] if np.isnan(most[i, n]) else max(mean[i, n], most[i, n])
            gone = t[i] - known[n, 1]
            if known[n, 0] == 1.0 and (
                high > known[n, 2] + PUSH_MPS2 * gone + OFF_MPS or low < known[n, 2] - BRAKE_MPS2 * gone - OFF_MPS
            ):
                mean[i, n] = least[i, n] = most[i, n] = last[i, n] = np.nan
                wrong[i - lo, n] = 1.0
                continue
            now = mean[i, n] if np.isnan(last[i, n]) else last[i, n]
            # a speed that a slow feed repeats is that of when it was first sent
            if known[n, 0] == 0.0 or now != known[n, 2] or gone > REPEATED_S:
                known[n, 0], known[n, 1], known[n, 2] = 1.0, t[i], now


def out_of_range(frames: Frames, ends: Ints) -> Floats:
    """(K, N) windows so far."""
    return np.asarray(frames["out_of_range"][ends], np.float64)


@kernel
def _hear(t: Any, x: Any, lo: int, hi: int, heard: Any) -> None:
    """When each car was last heard, into ``heard`` (rows, N)."""
    for i in range(lo, hi):
        for n in range(heard.shape[1]):
            heard[i, n] = heard[i - 1, n] if np.isnan(x[i, n, 0]) else t[i]


def hear(frames: Frames) -> None:
    _hear(frames.t, frames.xyz, frames.lo, frames.hi, frames["heard_s"])


def silence(frames: Frames, ends: Ints) -> Floats:
    """(K, N) s since a car was last heard: 0 while it sends."""
    return np.asarray(frames.t[ends][:, None] - frames["heard_s"][ends], np.float64)


HEARD: Final = Signal("heard_s", "s", ("N",))
OUT_OF_RANGE: Final = Signal("out_of_range", "count", ("N",), fill=0.0)
BAR: Final = Signal("bar", "SI", ("N", len(_BARS)))
SIGNALS: Final = (HEARD, OUT_OF_RANGE, BAR)
STEPS: Final = (
    Step("telemetry.bounds", bound, (OUT_OF_RANGE,), {"known": ("N", 3)}),
    Step("telemetry.heard", hear, (HEARD,)),
    Step("telemetry.bar", hold, (BAR,)),
)

_BAR: Final = (
    ("speed", "km/h", "speed"), ("throttle", "%", "throttle pedal"), ("brake", "%", "brake pedal"), ("gear", "-", "gear"),
    ("rpm", "rpm", "crankshaft speed"), ("g_lat", "g", "acceleration to the left"), ("g_long", "g", "acceleration forward"),
)  # fmt: skip

STATS = (
    *(
        Stat(
            f"f1.car.{name}",
            unit,
            f"{what}: mean, min, max and last over the window, of the latest that was measured",
            "player",
            partial(_statistics, channel),
            components=STATISTICS,
            on_screen_name="telemetry bar",
        )
        for channel, (name, unit, what) in enumerate(_BAR)
    ),
    Stat(
        "f1.car.energy",
        "%",
        "state of the energy store, and electrical power deployed as a share of the 120 kW allowed",
        "player",
        energy,
        components=("store", "deployment"),
        on_screen_name="energy",
    ),
    Stat(
        "f1.car.silence",
        "s",
        "time since the car last sent anything: why its other values are missing",
        "player",
        silence,
        every_s=1.0,
    ),
    Stat(
        "f1.car.out_of_range",
        "count",
        "windows in which a shown channel was beyond what a car can do (another unit, a fault), or a speed that it cannot get to "
        "from the one before: those values are missing",
        "player",
        out_of_range,
        every_s=1.0,
    ),
)
