"""A Formula 1 race as TracingInsights publishes it: telemetry, laps and, where given, pit stops, teams and corners.

Our own reader. Files ``telemetry.parquet`` and ``laps.csv``; ``pit_stops.csv``, ``drivers.json`` and ``corners.json`` if there
are any (``results.csv`` is taken and not needed). There is no session clock: a driver's lap times are added up, with the
telemetry's last moment where a lap time is missing, and all begin lap 1 together, which is taken for lights out. Telemetry comes
some seven times a second, each row part measured and part interpolated at the source; it is brought to windows of 100 ms,
straight between its rows, with the least and the greatest value among what a window touches. The odometer drifts by some metres a
lap: each lap is stretched to the usual length. A throttle of 104 means that the sensor is out; it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.units import factor
from simulators.providers import Imported
from simulators.providers._f1_laps import Floats, Lap, chain, events_of, flag_of
from simulators.providers._files import document, maybe, number, only, pick, rows, table
from simulators.providers._stream import NO_DATE_US, in_arrival_order
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

HZ: Final = 10
STEP_US: Final = 1_000_000 // HZ
DELAY_US: Final = 40_000
#: windows of a packet
PACKED: Final = 50
#: rows farther apart than this are a silence, s
SILENCE_S: Final = 1.5
_TELEMETRY: Final = ("driver", "lap", "time", "speed", "rpm", "gear", "throttle", "brake", "drs", "distance", "x", "y", "z")
_LAPS: Final = ("driver", "time", "lap", "compound", "stint", "s1", "s2", "s3", "life", "pos", "status")
_COMPOUND: Final = {"soft": 0.0, "medium": 1.0, "hard": 2.0, "intermediate": 3.0, "wet": 4.0}
#: exits of corners lie this far past the apex, or half-way to the next, m
EXIT_M: Final = 80.0


def read(files: list[Path]) -> Imported:
    """The files of one race."""
    telemetry = pick(files, "f1", "telemetry.parquet", lambda name: name.endswith("telemetry.parquet"))
    laps_csv = pick(files, "f1", "laps.csv", lambda name: name.endswith("laps.csv"))
    others = {
        word: maybe(files, "f1", word, lambda name, word=word: name.endswith(word))  # type: ignore[misc]
        for word in ("pit_stops.csv", "drivers.json", "corners.json", "results.csv")
    }
    only(files, [telemetry, laps_csv, *others.values()], "f1", "telemetry, laps, pit_stops, drivers, corners and results")
    seen = table(telemetry, "f1", _TELEMETRY)
    if not len(seen["time"]):
        raise BadInput(f"{telemetry} holds no samples")
    drivers = _drivers(seen, rows(laps_csv, "f1", _LAPS), telemetry, laps_csv)
    teams, entities, tags = _people(list(drivers), others["drivers.json"])
    stops = _stops(others["pit_stops.csv"])
    lap_m = float(np.median([d.length_m for driver in drivers.values() for d in driver.measured if d.whole and d.number > 1]))
    corners = _corners(others["corners.json"], lap_m)
    middle = np.array([(seen[axis].max() + seen[axis].min()) / 20.0 for axis in "xyz"])
    span = np.array([(seen[axis].max() - seen[axis].min()) / 10.0 for axis in "xyz"])
    game, t0_us = "f1-" + telemetry.parent.name.removeprefix("f1_").replace("_", "-"), NO_DATE_US
    race_laps = max(lap.number for driver in drivers.values() for lap in driver.laps)
    end_s = max(driver.laps[-1].end_s for driver in drivers.values())
    record = GameRecord(
        game=game, sport="f1", t0_us=t0_us, title=telemetry.parent.name.replace("_", " "), teams=teams, entities=entities,
        tags=tags,
        feeds=[
            Feed(name="cars", kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
            Feed(name="timing", kind="events", lateness_ms=2000),
        ],
        periods=[Period(number=1, start_us=t0_us, end_us=t0_us + round(end_s * 1e6), home_attacks=0)],
        length_m=float(np.ceil(span[0])) + 100.0, width_m=float(np.ceil(span[1])) + 100.0,
        provenance={
            "provider": "f1", "files": ", ".join(path.name for path in files), "source": "TracingInsights, by FastF1",
            "terms": "TracingInsights: use as you wish, attribution appreciated; the timing data belong to Formula One",
            "clock": "none in the files: lap times added up from 2000-01-01T00:00:00Z, which is the start of lap 1",
            "arrival": f"synthetic: windows {DELAY_US // 1000} ms after their end, timing 200 ms after it happened",
            "telemetry": "brought to 100 ms windows, straight between its irregular rows", "lap_m": f"{lap_m:.1f}",
        },
    )  # fmt: skip
    crossing = _crossings(drivers)
    events = [
        Event(
            id="0-lights-out", game=game, type="lights_out", t_us=t0_us, period=1, attrs={"laps": float(race_laps)},
            arrival_us=t0_us + DELAY_US,
        )
    ]  # fmt: skip
    for name, driver in drivers.items():
        team = next(entity.team for entity in entities if entity.id == name)
        gaps = {lap: when - crossing[lap][0] for lap, when in driver.crossed.items()}
        events += events_of(
            game, name, team, driver.laps, t0_us, driver.time, driver.speed, gaps, stops.get(name, {}), corners,
            driver.place_m(lap_m), race_laps,
        )  # fmt: skip
    events += _status(game, t0_us, drivers)
    events.sort(key=lambda event: (event.arrival_us, event.id))
    order = list(drivers)

    def stream() -> Iterator[Telemetry | Event]:
        packets = _packets(game, t0_us, [drivers[name] for name in order], lap_m, middle, end_s)
        yield from in_arrival_order(packets, events)

    references = {
        "f1.car.lap_time": ("provider_lap_time_s", 1.0), "f1.car.sector_time": ("provider_sector_s", 1.0),
        "f1.car.gap_at_line": ("provider_gap_s", 1.0), "f1.car.position_at_line": ("provider_place", 1.0),
        "f1.car.pit_time": ("provider_lane_s", 1.0),
    }  # fmt: skip
    all_ends = np.arange(1, int(end_s * HZ) + 1) / HZ
    samples = sum(int(driver.sends(all_ends)[0].sum()) for driver in drivers.values())
    return Imported(record, stream, samples, event_references=references)


class _Measured:
    """A lap's number, whether it was finished, and how long the odometer says it is."""

    def __init__(self, lap: Lap, distance: Floats) -> None:
        self.number, self.whole = lap.number, lap.whole
        self.length_m = float(distance[lap.stop - 1])


class _Driver:
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
        self.measured = [_Measured(lap, columns["distance"]) for lap in self.laps]
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


def _drivers(
    seen: dict[str, npt.NDArray[Any]], laps: list[dict[str, str]], telemetry: Path, laps_csv: Path
) -> dict[str, _Driver]:  # fmt: skip
    by_driver: dict[str, list[dict[str, Any]]] = {}
    for row in laps:
        told: dict[str, Any] = {name: number(row[name], laps_csv, name) for name in ("time", "lap", "s1", "s2", "s3", "life",
        "pos", "stint")}
        by_driver.setdefault(row["driver"], []).append(told | {"compound": row["compound"], "status": row["status"]})
    names = seen["driver"].astype(str)
    found = {}
    for name in sorted(set(names.tolist())):
        if name not in by_driver:
            raise BadInput(f"{telemetry} has the driver {name}, and {laps_csv} has not")
        mine = names == name
        driver = _Driver(by_driver[name], {column: seen[column][mine] for column in _TELEMETRY if column != "driver"})
        if driver.laps:
            found[name] = driver
    if not found:
        raise BadInput(f"{telemetry} and {laps_csv} have no lap in common")
    return found


def _people(names: list[str], path: Path | None) -> tuple[tuple[Team, ...], list[Entity], list[Tag]]:
    team_of = dict.fromkeys(names, "")
    if path is not None:
        try:
            team_of |= {row["driver"]: row["team"] for row in document(path)["drivers"] if row["driver"] in team_of}
        except (KeyError, TypeError) as error:
            raise BadInput(f"{path} is no drivers.json of f1: {error}") from error
    known = list(dict.fromkeys(team or "unknown" for team in team_of.values()))
    ids = {team: "-".join(team.lower().split()) for team in known}
    teams = tuple(Team(id=ids[team], name=team) for team in known)
    entities = [Entity(id=name, name=name, team=ids[team or "unknown"], role="car", position=name) for name,
    team in team_of.items()]
    return teams, entities, [Tag(tag=n, entity=entity.id) for n, entity in enumerate(entities, 1)]


def _stops(path: Path | None) -> dict[str, dict[int, float]]:
    """By driver and lap: official s in the pit lane."""
    found: dict[str, dict[int, float]] = {}
    if path is not None:
        for row in rows(path, "f1", ("lap", "duration", "driver")):
            lap, took = number(row["lap"], path, "lap"), number(row["duration"], path, "duration")
            found.setdefault(row["driver"], {})[int(lap)] = took
    return found


def _corners(path: Path | None, lap_m: float) -> list[tuple[int, float, float]]:
    if path is None:
        return []
    told = document(path)
    try:
        pairs = sorted((float(m), int(n)) for m, n in zip(told["Distance"], told["CornerNumber"], strict=True))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} is no corners.json of f1: {error}") from error
    apexes = [m for m, _ in pairs] + [lap_m]
    return [(n, m, min(m + EXIT_M, (m + apexes[i + 1]) / 2)) for i, (m, n) in enumerate(pairs)]


def _crossings(drivers: dict[str, _Driver]) -> dict[int, list[float]]:
    """By lap: when each car crossed the line at its end, in order."""
    found: dict[int, list[float]] = {}
    for driver in drivers.values():
        for lap, when in driver.crossed.items():
            found.setdefault(lap, []).append(when)
    return {lap: sorted(times) for lap, times in found.items()}


def _status(game: str, t0_us: int, drivers: dict[str, _Driver]) -> list[Event]:
    """The track's status by the leader's laps: the files give the codes that were seen in a lap, not when in it."""
    words = ("clear", "yellow", "safety_car", "virtual_safety_car", "red")
    by_lap: dict[int, Lap] = {}
    for driver in drivers.values():
        for lap in driver.laps:
            if lap.number not in by_lap or lap.end_s < by_lap[lap.number].end_s:
                by_lap[lap.number] = lap
    told, before = [], 0.0
    for number_, lap in sorted(by_lap.items()):
        flag = flag_of(lap.status)
        if flag != before:
            at = t0_us + round(lap.start_s * 1e6)
            told.append(
                Event(
                    id=f"status-{number_:02d}", game=game, type="track_status", t_us=at, period=1,
                    attrs={"status": words[int(flag)]}, arrival_us=at + 500_000,
                )
            )  # fmt: skip
            before = flag
    return told


def _packets(game: str, t0_us: int, drivers: list[_Driver], lap_m: float, middle: Floats, end_s: float) -> Iterator[Telemetry]:
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
