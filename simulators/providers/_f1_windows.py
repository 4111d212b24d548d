"""A driver's telemetry of a whole race on one clock, and as windows of 100 ms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.units import factor
from features.f1.channels import MEASURED, STATISTICS, column
from features.f1.vocabulary import COMPOUNDS
from simulators.providers._f1_laps import Floats, Lap, flag_of
from streaming.wire.records import Telemetry

HZ: Final = 10
STEP_US: Final = 1_000_000 // HZ
DELAY_US: Final = 40_000
#: windows of a packet
PACKED: Final = 50
#: rows farther apart than this are a silence, s
SILENCE_S: Final = 1.5
#: no car does more, and positions are off by so much, m/s and m: what leaps farther is no position
FASTEST_MPS: Final = 120.0
OFF_M: Final = 2.0
#: an odometer is off by no more of a lap: what is, is no whole lap of telemetry
STRETCH: Final = 0.1
#: so many leaps in a row that agree with each other are a new position
REANCHOR: Final = 12
#: a row whose speed is no whole km/h, and which lies straight between its neighbours, was filled in at the source: so far
#: off is what the digits of the file allow, in km/h, rpm and % of the throttle
ROUNDED: Final = {"speed": 0.06, "rpm": 1.01, "throttle": 1.01}
#: channels that a car may have, by their column in the file, with what takes them to SI
_OPTIONAL: Final = {"brake": ("brake_share", 1.0), "rpm": ("engine_radps", factor("rpm"))}


class Columns:
    """A driver's telemetry in the order of its laps and of time: a column the file has not is NaN. ``way`` is m of the lap, the
    odometer where there is one, else speed added up."""

    def __init__(self, raw: Mapping[str, npt.NDArray[Any]]) -> None:
        order = np.lexsort((raw["time"].astype(np.float64), raw["lap"].astype(np.float64)))
        self.values = {name: np.asarray(column, np.float64)[order] for name, column in raw.items()}
        self.time, self.speed = self.values["time"], self.values["speed"] / factor("km/h")
        lap = self.values["lap"]
        edges = np.flatnonzero(np.diff(lap)) + 1
        starts = np.concatenate([[0], edges]).astype(int)
        stops = np.concatenate([edges, [len(lap)]]).astype(int)
        self.spans = {int(lap[a]): (int(a), int(b)) for a, b in zip(starts, stops, strict=True)} if len(lap) else {}
        if "distance" in self.values:
            self.way = self.values["distance"]
        else:
            self.way = np.zeros(len(lap))
            for a, b in self.spans.values():
                rolled = 0.5 * (self.speed[a + 1 : b] + self.speed[a : b - 1]) * np.diff(self.time[a:b])
                self.way[a + 1 : b] = np.cumsum(np.nan_to_num(rolled))

    def get(self, name: str) -> Floats:
        found = self.values.get(name)
        return np.full(len(self.time), np.nan) if found is None else found

    def __len__(self) -> int:
        return len(self.time)


class Driver:
    """The laps and telemetry columns of a driver in one row of time, s from the start; SI."""

    def __init__(self, laps: list[Lap], columns: Columns, lap_m: float, *, race: bool = True) -> None:
        self.laps, self.columns, self.lap_m, self.race = laps, columns, lap_m, race
        time = np.full(len(columns), np.nan)
        for lap in laps:
            time[lap.first : lap.stop] = lap.start_s + columns.time[lap.first : lap.stop]
            time[lap.first : lap.stop][time[lap.first : lap.stop] > lap.end_s + 1e-4] = np.nan
        # a lap's last row and the next one's first are the same moment: the later stands
        known = np.flatnonzero(np.isfinite(time))
        self._kept = known[np.append(np.diff(time[known]) > 0, True)] if len(known) else known
        self.time, self.speed = time, columns.speed
        self.crossed = {lap.number: lap.end_s for lap in laps if lap.whole}
        self.place_m = self._placed()
        self._own = np.zeros(len(columns), bool)
        self._own[self._kept] = own_rows(self.time[self._kept], {n: columns.get(n)[self._kept] for n in ROUNDED})
        #: spans in the pit lane, s
        self.lanes: list[tuple[float, float]] = []
        #: positions that no car can have been at, since the one before
        self.leaps = 0

    def kept(self) -> tuple[Floats, Floats]:
        """Time and speed of the rows that count, in the order of time."""
        return self.time[self._kept], self.speed[self._kept]

    def _placed(self) -> Floats:
        """Metres of the lap at every row, each lap stretched to the usual length; lap 1, which begins on the grid, is shifted
        instead, and a lap that was not finished left as it is."""
        place = np.array(self.columns.way, np.float64)
        for lap in self.laps:
            if lap.stop <= lap.first or not lap.whole:
                continue
            part, length_m = slice(lap.first, lap.stop), float(place[lap.stop - 1])
            if abs(length_m / self.lap_m - 1.0) > STRETCH:
                continue  # part of a lap
            if lap.number == 1:
                place[part] += self.lap_m - length_m
            else:
                place[part] *= self.lap_m / length_m
        return place

    def sends(self, ends_s: Floats) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """(T,) whether the car sends in windows that end then, and the kept row after each end. The window in which the last row
        lies is the last: a car that has seen the flag stands on the line there."""
        time = self.time[self._kept]
        if len(time) < 2:
            return np.zeros(len(ends_s), bool), np.zeros(len(ends_s), np.int64)
        i = np.clip(np.searchsorted(time, ends_s), 1, len(time) - 1)
        return (ends_s >= time[0]) & (ends_s <= time[-1] + 1.0 / HZ) & (time[i] - time[i - 1] <= SILENCE_S), i

    def positions(self, ends_s: Floats, middle: Floats) -> Floats:
        """(T, 3) m at the ends of windows. A position farther from the one before than any car can go is none: there the car is put
        straight between its neighbours, so that what else it sent keeps its place."""
        sends, i = self.sends(ends_s)
        share = self._share(ends_s, i)
        xyz = np.stack([self._straight(self.columns.get(axis) / 10.0, i, share) for axis in "xyz"], axis=1) - middle
        rows = np.flatnonzero(sends & np.isfinite(xyz[:, :2]).all(axis=1))
        good = believable(ends_s[rows], xyz[rows, :2])
        self.leaps += int((~good).sum())
        for axis in range(3):
            if good.any():
                xyz[rows[~good], axis] = np.interp(ends_s[rows[~good]], ends_s[rows[good]], xyz[rows[good], axis])
        return xyz

    def _share(self, ends_s: Floats, i: npt.NDArray[np.int64]) -> Floats:
        time = self.time[self._kept]
        if len(time) < 2:
            return np.zeros(len(ends_s))
        return np.asarray(np.clip((ends_s - time[i - 1]) / (time[i] - time[i - 1]), 0.0, 1.0), np.float64)

    def _straight(self, values: Floats, i: npt.NDArray[np.int64], share: Floats) -> Floats:
        v = values[self._kept]
        return np.asarray(v[i - 1] + share * (v[i] - v[i - 1]), np.float64) if len(v) > 1 else np.full(len(i), np.nan)

    def _nearest(self, values: Floats, i: npt.NDArray[np.int64], share: Floats) -> Floats:
        """What is on or off is never half on: as the nearer row has it."""
        v = values[self._kept]
        return np.asarray(np.where(share < 0.5, v[i - 1], v[i]), np.float64) if len(v) > 1 else np.full(len(i), np.nan)

    def _rows_in(self, ends_s: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The rows of the file that lie in windows (T,) that end one after the other, and the index of each one's window."""
        window = np.ceil(self.time[self._kept] * HZ - 1e-6).astype(np.int64) - round(float(ends_s[0]) * HZ)
        here = (window >= 0) & (window < len(ends_s))
        return np.asarray(self._kept[here], np.int64), window[here]

    def windows(self, ends_s: Floats) -> tuple[npt.NDArray[np.bool_], dict[str, Floats]]:
        """At the ends of windows (T,): whether the car sends, and its columns."""
        sends, i = self.sends(ends_s)
        share = self._share(ends_s, i)
        lap_of = np.zeros(len(self.time))
        for lap in self.laps:
            lap_of[lap.first : lap.stop] = lap.number
        whole_m = self._straight(self.place_m + (lap_of - 1.0) * self.lap_m, i, share)
        lap_now = np.maximum(np.floor(whole_m / self.lap_m), 0.0)
        measured, has = {"speed_mps": self.speed}, self.columns.values
        if "throttle" in has:
            measured["throttle_share"] = np.where(has["throttle"] > 100, np.nan, has["throttle"] / 100.0)
        measured |= {ours: has[name] / to_si for name, (ours, to_si) in _OPTIONAL.items() if name in has}
        rows, window = self._rows_in(ends_s)
        columns = {"lap.last": lap_now + 1.0, "lap_distance_m.last": whole_m - lap_now * self.lap_m}
        if not self.race:  # no order on the track
            columns["lap.last"] = np.full(len(ends_s), np.nan)
        columns[MEASURED] = np.zeros(len(ends_s))
        own = self._own[rows]
        columns[MEASURED][window[own]] = 1.0
        for name, values in measured.items():
            pedal = name == "brake_share" and bool(np.isin(values[self._kept], (0.0, 1.0)).all())
            now = self._nearest(values, i, share) if pedal else self._straight(values, i, share)
            before = np.concatenate([now[:1], now[:-1]])
            columns[name] = 0.5 * (now + before)
            least, most = np.minimum(now, before), np.maximum(now, before)
            np.fmin.at(least, window, values[rows])
            np.fmax.at(most, window, values[rows])
            unknown = np.isnan(columns[name])
            columns[f"{name}.min"], columns[f"{name}.max"] = np.where(unknown, np.nan, least), np.where(unknown, np.nan, most)
            columns[f"{name}.last"] = now.copy()
            columns[f"{name}.last"][window[own]] = values[rows[own]]  # of two rows in a window the later stands
        latest = self._kept[np.where(share < 1.0, i - 1, i)] if len(self._kept) else np.zeros(0, np.int64)
        held = {name: has[name][latest] if len(latest) else np.full(len(ends_s), np.nan) for name in ("gear", "drs") if name in has}
        if "gear" in held:
            columns |= {column("gear", statistic): held["gear"] for statistic in STATISTICS}
        if "drs" in held:
            columns["drs_open"] = held["drs"]
        at = np.searchsorted([lap.start_s for lap in self.laps], ends_s, side="right") - 1
        for name, of_laps in (
            ("flag", [flag_of(lap.row.status) for lap in self.laps]),
            ("tyre_age_laps", [max(lap.row.life - 1.0, 0.0) if lap.row.life == lap.row.life else np.nan for lap in self.laps]),
            ("tyre_compound", [float(COMPOUNDS.index(lap.row.compound)) if lap.row.compound else np.nan for lap in self.laps]),
        ):
            columns[name] = np.asarray(of_laps or [np.nan], np.float64)[np.maximum(at, 0)]
        columns["pit_limiter"] = np.zeros(len(ends_s))
        for entry_s, exit_s in self.lanes:
            columns["pit_limiter"][(ends_s > entry_s) & (ends_s <= exit_s)] = 1.0
        return sends, columns


def own_rows(t_s: Floats, columns: Mapping[str, Floats]) -> npt.NDArray[np.bool_]:
    """(T,) which rows of a car's telemetry, by :data:`ROUNDED`, the car sent itself. Cars send whole km/h; published files have
    rows between, at the moments of the positions, on the straight line from one to the next. What may be the car's own counts as
    such."""
    own = np.ones(len(t_s), bool)
    if len(t_s) < 3:
        return own
    share = (t_s[1:-1] - t_s[:-2]) / (t_s[2:] - t_s[:-2])
    speed = columns["speed"][1:-1]
    between = np.abs(speed - np.round(speed)) > 0.01
    for name, off in ROUNDED.items():
        v = columns[name]
        away = np.abs(v[1:-1] - (v[:-2] + share * (v[2:] - v[:-2])))
        between &= ~(away > off)  # a column that is not there contradicts nothing
    own[1:-1] = ~between
    return own


def believable(t_s: Floats, xy_m: Floats) -> npt.NDArray[np.bool_]:
    """(T,) which of a car's positions (T, 2) it can have come to from the last believable one; so many leaps in a row as agree with
    each other are where it now is."""
    good = np.ones(len(t_s), bool)
    if not len(t_s):
        return good
    t, x, y = t_s.tolist(), xy_m[:, 0].tolist(), xy_m[:, 1].tolist()

    def near(a: int, b: int) -> bool:
        far = FASTEST_MPS * (t[b] - t[a]) + OFF_M
        return bool((x[b] - x[a]) ** 2 + (y[b] - y[a]) ** 2 <= far * far)

    last, run = 0, 0
    for k in range(1, len(t)):
        if near(last, k):
            last, run = k, 0
            continue
        run = run + 1 if run and near(k - 1, k) else 1
        good[k] = False
        if run >= REANCHOR:
            last, run = k, 0
            good[k] = True
    return good


def packets(game: str, t0_us: int, drivers: list[Driver], middle: Floats, end_s: float) -> Iterator[Telemetry]:
    total = int(end_s * HZ)
    all_ends = np.arange(1, total + 1)
    everywhere = [driver.positions(all_ends / HZ, middle) for driver in drivers]
    for first in range(0, total, PACKED * 20):
        ends = all_ends[first : first + PACKED * 20]
        parts = [driver.windows(ends / HZ) for driver in drivers]
        sends = np.stack([part[0] for part in parts], axis=1)
        xyz = np.stack([where[first : first + len(ends)] for where in everywhere], axis=1).astype(np.float32)
        columns = {
            name: np.stack([part[1][name] for part in parts], axis=1).astype(np.float32) for name in (parts[0][1] if parts else ())
        }
        for lo in range(0, len(ends), PACKED):
            here = slice(lo, lo + PACKED)
            row, car = np.nonzero(sends[here])
            if not len(row):
                continue
            t_us = t0_us + ends[here][row] * STEP_US
            x, y, z = (np.ascontiguousarray(xyz[here][row, car, k]) for k in range(3))
            channels = {name: values[here][row, car] for name, values in columns.items()}
            yield Telemetry(game, "cars", t_us, (car + 1).astype(np.uint32), x, y, z, t_us + DELAY_US, channels=channels)
