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

from simulators.providers import Imported
from simulators.providers._f1_laps import Lap, events_of, flag_of
from simulators.providers._f1_windows import DELAY_US, HZ, Driver, packets
from simulators.providers._files import document, maybe, number, only, pick, rows, table
from simulators.providers._stream import NO_DATE_US, in_arrival_order
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

_TELEMETRY: Final = ("driver", "lap", "time", "speed", "rpm", "gear", "throttle", "brake", "drs", "distance", "x", "y", "z")
_LAPS: Final = ("driver", "time", "lap", "compound", "stint", "s1", "s2", "s3", "life", "pos", "status")
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
        made = packets(game, t0_us, [drivers[name] for name in order], lap_m, middle, end_s)
        yield from in_arrival_order(made, events)

    references = {
        "f1.car.lap_time": ("provider_lap_time_s", 1.0), "f1.car.sector_time": ("provider_sector_s", 1.0),
        "f1.car.gap_at_line": ("provider_gap_s", 1.0), "f1.car.position_at_line": ("provider_place", 1.0),
        "f1.car.pit_time": ("provider_lane_s", 1.0),
    }  # fmt: skip
    all_ends = np.arange(1, int(end_s * HZ) + 1) / HZ
    samples = sum(int(driver.sends(all_ends)[0].sum()) for driver in drivers.values())
    return Imported(record, stream, samples, event_references=references)


def _drivers(
    seen: dict[str, npt.NDArray[Any]], laps: list[dict[str, str]], telemetry: Path, laps_csv: Path
) -> dict[str, Driver]:  # fmt: skip
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
        driver = Driver(by_driver[name], {column: seen[column][mine] for column in _TELEMETRY if column != "driver"})
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


def _crossings(drivers: dict[str, Driver]) -> dict[int, list[float]]:
    """By lap: when each car crossed the line at its end, in order."""
    found: dict[int, list[float]] = {}
    for driver in drivers.values():
        for lap, when in driver.crossed.items():
            found.setdefault(lap, []).append(when)
    return {lap: sorted(times) for lap, times in found.items()}


def _status(game: str, t0_us: int, drivers: dict[str, Driver]) -> list[Event]:
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
