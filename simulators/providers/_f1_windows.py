"""A driver's telemetry of a whole race on one clock, and as windows of 100 ms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.units import factor
from simulators.providers._f1_laps import Floats, Lap, chain, flag_of
from streaming.records import Telemetry

HZ: Final = 10
STEP_US: Final = 1_000_000 // HZ
DELAY_US: Final = 40_000
#: windows of a packet
PACKED: Final = 50
#: rows farther apart than this are a silence, s
SILENCE_S: Final = 1.5
_COMPOUND: Final = {"soft": 0.0, "medium": 1.0, "hard": 2.0, "intermediate": 3.0, "wet": 4.0}


class Measured:
    """A lap's number, whether it was finished, and how long the odometer says it is."""

    def __init__(self, lap: Lap, distance: Floats) -> None:
        self.number, self.whole = lap.number, lap.whole
        self.length_m = float(distance[lap.stop - 1])


class Driver:
    """A driver's laps and his telemetry's columns in one row of time, s from the start; SI."""

    def __init__(self, laps: list[dict[str, Any]], columns: dict[str, npt.NDArray[Any]]) -> None:
        edges = np.flatnonzero(np.diff(columns["lap"])) + 1
        starts = np.concatenate([[0], edges]).astype(int)
        stops = np.concatenate([edges, [len(columns["lap"])]]).astype(int)
        spans = {int(columns["lap"][a]): (int(a), int(b)) for a, b in zip(starts, stops, strict=True)}
        into = columns["time"].astype(np.float64)
        self.laps = chain(laps, spans, into)
        time = np.full(len(into), np.nan)
        for lap in self.laps:
            time[lap.first : lap.stop] = lap.start_s + into[lap.first : lap.stop]
        # a lap's last row and the next one's first are the same moment: the later stands
        keep = np.isfinite(time)
        keep[:-1] &= ~(np.diff(time) <= 0)
        self._kept = np.flatnonzero(keep)
        self.time, self.speed = time, columns["speed"].astype(np.float64) / factor("km/h")
        self.columns = columns
        self.measured = [Measured(lap, columns["distance"]) for lap in self.laps]
        self.crossed = {lap.number: lap.end_s for lap in self.laps if lap.whole}

    def place_m(self, lap_m: float) -> Floats:
        """Metres of the lap at every row, each lap stretched to ``lap_m``; lap 1, which begins on the grid, is shifted instead,
        and a lap that was not finished left as it is."""
        place = np.asarray(self.columns["distance"], np.float64).copy()
        for lap, measured in zip(self.laps, self.measured, strict=True):
            part = slice(lap.first, lap.stop)
            if lap.number == 1 and lap.whole:
                place[part] += lap_m - measured.length_m
            elif lap.whole and measured.length_m > 0:
                place[part] *= lap_m / measured.length_m
        return place

    def sends(self, ends_s: Floats) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """(T,) whether the car sends in windows that end then, and the kept row after each end. The window in which the last row
        lies is the last: a car that has seen the flag stands on the line there."""
        time = self.time[self._kept]
        i = np.clip(np.searchsorted(time, ends_s), 1, len(time) - 1)
        return (ends_s >= time[0]) & (ends_s <= time[-1] + 1.0 / HZ) & (time[i] - time[i - 1] <= SILENCE_S), i

    def windows(self, ends_s: Floats, lap_m: float, middle: Floats) -> tuple[npt.NDArray[np.bool_], Floats, dict[str, Floats]]:
        """At the ends of windows (T,): whether the car sends, (T, 3) m, and its columns."""
        kept, time = self._kept, self.time[self._kept]
        sends, i = self.sends(ends_s)
        share = np.clip((ends_s - time[i - 1]) / (time[i] - time[i - 1]), 0.0, 1.0)

        def straight(values: Any) -> Floats:
            v = np.asarray(values, np.float64)[kept]
            return np.asarray(v[i - 1] + share * (v[i] - v[i - 1]), np.float64)

        xyz = np.stack([straight(self.columns[axis]) / 10.0 for axis in "xyz"], axis=1) - middle
        lap_of = np.zeros(len(self.time))
        race_m = self.place_m(lap_m)
        for lap in self.laps:
            lap_of[lap.first : lap.stop] = lap.number
        race_m = race_m + (lap_of - 1.0) * lap_m
        whole_m = straight(race_m)
        lap_now = np.maximum(np.floor(whole_m / lap_m), 0.0)
        throttle = np.where(self.columns["throttle"] > 100, np.nan, self.columns["throttle"] / 100.0)
        measured = {
            "speed_mps": self.speed, "throttle_share": throttle, "brake_share": self.columns["brake"],
            "engine_radps": self.columns["rpm"] / factor("rpm"),
        }  # fmt: skip
        columns = {"lap.last": lap_now + 1.0, "lap_distance_m.last": whole_m - lap_now * lap_m}
        for name, values in measured.items():
            now = straight(values)
            before = np.concatenate([now[:1], now[:-1]])
            columns[name] = 0.5 * (now + before)
            columns[f"{name}.min"], columns[f"{name}.max"], columns[f"{name}.last"] = np.minimum(now, before), np.maximum(now,
            before), now
        latest = kept[np.where(share < 1.0, i - 1, i)]
        gear = np.asarray(self.columns["gear"], np.float64)[latest]
        columns |= {"gear": gear, "gear.min": gear, "gear.max": gear, "gear.last": gear}
        columns["drs_open"] = np.asarray(self.columns["drs"], np.float64)[latest]
        at = np.searchsorted([lap.start_s for lap in self.laps], ends_s, side="right") - 1
        for name, told in (
            ("flag", [flag_of(lap.status) for lap in self.laps]),
            ("tyre_age_laps", [max(float(lap.life) - 1.0, 0.0) for lap in self.laps]),
            ("tyre_compound", [_COMPOUND.get(lap.compound, np.nan) for lap in self.laps]),
        ):
            columns[name] = np.asarray(told, np.float64)[np.maximum(at, 0)]
        return sends, xyz, columns


def packets(game: str, t0_us: int, drivers: list[Driver], lap_m: float, middle: Floats, end_s: float) -> Iterator[Telemetry]:
    total = int(end_s * HZ)
    for first in range(0, total, PACKED * 20):
        ends = np.arange(first + 1, min(first + PACKED * 20, total) + 1)
        parts = [driver.windows(ends / HZ, lap_m, middle) for driver in drivers]
        names = list(parts[0][2])
        sends = np.stack([part[0] for part in parts], axis=1)
        xyz = np.stack([part[1] for part in parts], axis=1).astype(np.float32)
        columns = {name: np.stack([part[2][name] for part in parts], axis=1).astype(np.float32) for name in names}
        for lo in range(0, len(ends), PACKED):
            here = slice(lo, lo + PACKED)
            row, car = np.nonzero(sends[here])
            if not len(row):
                continue
            t_us = t0_us + ends[here][row] * STEP_US
            x, y, z = (np.ascontiguousarray(xyz[here][row, car, k]) for k in range(3))
            channels = {name: values[here][row, car] for name, values in columns.items()}
            yield Telemetry(game, "cars", t_us, (car + 1).astype(np.uint32), x, y, z, t_us + DELAY_US, channels)
