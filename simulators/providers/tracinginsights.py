"""A Formula 1 session as TracingInsights publishes it: telemetry, laps and, where given, pit stops, teams, corners and results.

Our own reader. Files ``telemetry.parquet`` and ``laps.csv``; ``pit_stops.csv``, ``drivers.json``, ``corners.json`` and
``results.csv`` if there are any. Of a lap only driver, number and time must be there: stints follow from the stops, sectors, tyres
and the track's status are optional. There is no session clock: a driver's lap times are added up and checked for holes against the
telemetry (``_f1_laps``), and all begin lap 1 together, which is taken for lights out. Only a race begins together: a practice or a
qualifying (by the folder's name) is read as such (``_f1_session``). Telemetry comes some seven times a second; half of its rows
were filled in at the source, between two that the car sent. It is brought to windows of 100 ms, straight between its rows, with the
least and the greatest value among what a window touches; a brake that is on or off is as in the nearer row. The odometer drifts by
some metres a lap: each lap is stretched to the usual length. A throttle of 104 means that the sensor is out; it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._f1_events import events_of, lights, race_of, status
from simulators.providers._f1_laps import Lap, chain, check_order, until_the_flag
from simulators.providers._f1_session import chain as timed_chain
from simulators.providers._f1_session import ends_at, kind_of, on_a_clock, opening
from simulators.providers._f1_session import events_of as timed_laps
from simulators.providers._f1_table import MOST_LAPS, Laps, Result, read_corners, read_laps, read_results, read_stops, read_teams
from simulators.providers._f1_windows import DELAY_US, HZ, STRETCH, Columns, Driver, packets
from simulators.providers._files import content, maybe, only, pick, table
from simulators.providers._limits import check_length
from simulators.providers._stream import NO_DATE_US, in_arrival_order
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

NAME: Final = "tracinginsights"
_TELEMETRY: Final = ("driver", "lap", "time", "speed", "x", "y")
_OPTIONAL: Final = ("rpm", "gear", "throttle", "brake", "drs", "distance", "z")


def read(files: list[Path]) -> Imported:
    """The files of one race."""
    telemetry = pick(files, NAME, "telemetry.parquet", lambda name: name.endswith("telemetry.parquet"))
    laps_csv = pick(files, NAME, "laps.csv", lambda name: name.endswith("laps.csv"))
    optional = {
        word: maybe(files, NAME, word, lambda name, word=word: name.endswith(word))  # type: ignore[misc]
        for word in ("pit_stops.csv", "drivers.json", "corners.json", "results.csv")
    }
    only(files, [telemetry, laps_csv, *optional.values()], NAME, "telemetry, laps, pit_stops, drivers, corners and results")
    kind = kind_of(laps_csv.parent)
    notes: dict[str, str] = {}
    listed, results = read_laps(laps_csv), read_results(optional["results.csv"])
    seen = _telemetry(telemetry, set(listed.by_driver), laps_csv, notes)
    drivers, race_laps, flag_s = _drivers(listed, seen, results, notes, kind)
    lap_m = next(iter(drivers.values())).lap_m
    if kind == "race":
        check_order({name: driver.laps for name, driver in drivers.items()}, str(laps_csv))
    teams, entities, tags = _entities(list(drivers), read_teams(optional["drivers.json"]))
    middle, span = _box([driver.columns for driver in drivers.values()])
    game, t0_us = "f1-" + telemetry.parent.name.removeprefix("f1_").replace("_", "-"), NO_DATE_US
    end_s = max(driver.laps[-1].end_s for driver in drivers.values() if driver.laps)
    check_length(laps_csv, end_s)
    race = race_of(game, t0_us, drivers, race_laps, flag_s, listed.columns)
    race.corners, race.stops, race.results = (
        read_corners(optional["corners.json"], lap_m),
        read_stops(optional["pit_stops.csv"]),
        results,
    )
    events = [lights(race), *status(race, drivers)] if kind == "race" else [opening(race, kind)]
    for entity in entities:
        events += (events_of if kind == "race" else timed_laps)(race, entity.id, str(entity.team), drivers[entity.id])
    events.sort(key=lambda event: (event.arrival_us, event.id))
    record = GameRecord(
        game=game,
        sport="f1",
        t0_us=t0_us,
        title=telemetry.parent.name.replace("_", " "),
        teams=teams,
        entities=entities,
        tags=tags,
        feeds=[
            Feed(name="cars", kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
            Feed(name="timing", kind="events", lateness_ms=2000),
        ],
        periods=[Period(number=1, start_us=t0_us, end_us=t0_us + round(end_s * 1e6), home_attacks=0)],
        length_m=float(np.ceil(span[0])) + 100.0,
        width_m=float(np.ceil(span[1])) + 100.0,
        provenance={
            "provider": NAME,
            "files": ", ".join(path.name for path in files),
            "source": "TracingInsights, by FastF1",
            "terms": "TracingInsights: use as you wish, attribution appreciated; the timing data belong to Formula One",
            "clock": "none in the files: lap times added up from 2000-01-01T00:00:00Z, which is the start of "
            + ("lap 1" if kind == "race" else "each car's first lap"),
            "arrival": f"synthetic: windows {DELAY_US // 1000} ms after their end, timing 200 ms after it happened",
            "telemetry": "brought to 100 ms windows, straight between its irregular rows",
            "lap_m": f"{lap_m:.1f}",
            "session": kind,
            **notes,
        },
    )

    def stream() -> Iterator[Telemetry | Event]:
        made = packets(game, t0_us, [drivers[entity.id] for entity in entities], middle, end_s)
        yield from in_arrival_order(made, events)

    references = {"f1.car.lap_time": ("provider_lap_time_s", 1.0), "f1.car.sector_time": ("provider_sector_s", 1.0)}
    references |= (
        {}
        if kind != "race"
        else {
            "f1.car.gap_at_line": ("provider_gap_s", 1.0),
            "f1.car.position_at_line": ("provider_place", 1.0),
            "f1.timing.gap": ("provider_gap_s", 1.0),
            "f1.timing.position": ("provider_place", 1.0),
            "f1.car.pit_time": ("provider_lane_s", 1.0),
        }
    )
    all_ends = np.arange(1, int(end_s * HZ) + 1) / HZ
    samples = sum(int(driver.sends(all_ends)[0].sum()) for driver in drivers.values())
    return Imported(
        record, stream, samples, event_references=references, channel_references={"f1.car.speed/last": ("speed_mps.last", 1.0)}
    )


def _telemetry(path: Path, known: set[str], laps_csv: Path, notes: dict[str, str]) -> dict[str, Columns]:
    """The columns of every driver; rows that belong to no driver, lap or moment are left out and counted."""
    found = table(path, NAME, _TELEMETRY)
    if not len(found["time"]):
        raise BadInput(f"{path} holds no samples")
    numbers = {name: _numbers(found[name], path, name) for name in (*_TELEMETRY[1:], *_OPTIONAL) if name in found}
    late = np.flatnonzero(numbers["lap"] > MOST_LAPS)
    if len(late):
        raise BadInput(
            f"{path} has {numbers['lap'][late[0]]:g} in the column lap, row {late[0] + 1}, where the number of a lap belongs"
        )
    drivers = np.array([str(name) if name is not None and name == name else "" for name in found["driver"].tolist()])
    usable = (drivers != "") & np.isfinite(numbers["lap"]) & np.isfinite(numbers["time"]) & (numbers["lap"] >= 1)
    if not usable.all():
        notes["ignored: telemetry without driver, lap or time"] = str(int((~usable).sum()))
    names = sorted(set(drivers[usable].tolist()))
    strange = [name for name in names if name not in known]
    if not known & set(names) or (strange and not content(laps_csv).endswith(b"\n")):
        raise BadInput(f"{path} has the driver {(strange or ['of no row'])[0]}, and {laps_csv} has not")
    if strange:
        notes["ignored: telemetry of drivers without laps"] = ", ".join(strange)
    seen = {}
    for name in names:
        if name in known:
            mine = usable & (drivers == name)
            seen[name] = Columns({column: values[mine] for column, values in numbers.items()})
    return seen


def _numbers(column: npt.NDArray[Any], path: Path, name: str) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(column, np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"{path} has something else than numbers in the column {name}") from None


def _drivers(
    listed: Laps, seen: dict[str, Columns], results: dict[str, Result], notes: dict[str, str], kind: str
) -> tuple[dict[str, Driver], int, float]:
    """Every driver with laps or telemetry, with the race's laps and when the winner ended the last of them."""
    nothing = Columns({name: np.zeros(0) for name in _TELEMETRY[1:]})
    lengths = [
        float(c.way[b - 1])
        for name, c in seen.items()
        for lap, (_, b) in c.spans.items()
        if lap > 1 and (row := listed.by_driver[name].get(lap)) is not None and row.time_s == row.time_s
    ] or [float(c.way[b - 1]) for c in seen.values() for _, b in c.spans.values()]
    lap_m = float(np.median(lengths))
    if not lap_m > 0:
        raise BadInput("the telemetry of f1 shows no metres: without the length of a lap no car can be placed on it")
    lengths = [m for m in lengths if abs(m / lap_m - 1.0) <= STRETCH]
    lap_m = float(np.median(lengths))
    if kind != "race":
        drivers = _session(listed, seen, lap_m, notes)
        return drivers, 0, ends_at(drivers)
    bridged: list[str] = []
    laps: dict[str, list[Lap]] = {}
    for name in sorted(listed.by_driver):
        c = seen.get(name, nothing)
        mine = laps[name] = chain(name, listed.by_driver[name], c.spans, c.time, c.way, lap_m, bridged)
        for lap in mine:
            lap.whole |= name in results and results[name].laps >= lap.number
    if bridged:
        notes["clock: laps by the telemetry's own duration"] = ", ".join(bridged)
    placed = [lap for mine in laps.values() for lap in mine]
    if not placed:
        raise BadInput("no lap of laps.csv has a lap time or telemetry")
    unplaced = [name for name, mine in laps.items() if not mine]
    if unplaced:
        notes["drivers without any lap that can be placed"] = ", ".join(unplaced)
    done = {name: result.laps for name, result in results.items() if result.laps == result.laps}
    timed = [lap.number for lap in placed if lap.row.time_s == lap.row.time_s] or [lap.number for lap in placed]
    race_laps = int(max(done.values())) if done else max(timed)
    flag_s, laps = until_the_flag(laps, race_laps, done)
    return {name: Driver(mine, seen.get(name, nothing), lap_m) for name, mine in laps.items()}, race_laps, flag_s


def _session(listed: Laps, seen: dict[str, Columns], lap_m: float, notes: dict[str, str]) -> dict[str, Driver]:
    """Every driver of a practice or a qualifying."""
    nothing = Columns({name: np.zeros(0) for name in _TELEMETRY[1:]})
    starts = [row.start_s for rows in listed.by_driver.values() for row in rows.values() if row.start_s == row.start_s]
    origin_s = min(starts) if on_a_clock(listed.by_driver) else float("nan")
    drivers, unknown = {}, 0
    for name in sorted(listed.by_driver):
        c = seen.get(name, nothing)
        laps, lost = timed_chain(listed.by_driver[name], c.spans, c.time, c.way, lap_m, origin_s)
        unknown += lost
        drivers[name] = Driver(laps, c, lap_m, race=False)
    if origin_s == origin_s:
        notes["clock"] = "the session's own, as the file gives it: the start of its first lap is 2000-01-01T00:00:00Z"
    else:
        notes["cars"] = "each on a clock of its own: what they did at one instant of the recording they need not have done together"
    if unknown:
        notes["laps of unknown length"] = str(unknown)
    return drivers


def _box(seen: list[Columns]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The middle of all positions and how far they reach, (3,) m; 0 where an axis is not known."""
    box = np.zeros((2, 3))
    for k, axis in enumerate("xyz"):
        values = np.concatenate([columns.get(axis) for columns in seen]) / 10.0
        values = values[np.isfinite(values)]
        if len(values):
            box[:, k] = values.min(), values.max()
    return box.mean(axis=0), box[1] - box[0]


def _entities(names: list[str], team_of: dict[str, str]) -> tuple[tuple[Team, ...], list[Entity], list[Tag]]:
    of = {name: team_of.get(name) or "unknown" for name in names}
    ids = {team: "-".join(team.lower().split()) for team in dict.fromkeys(of.values())}
    teams = tuple(Team(id=ids[team], name=team) for team in ids)
    entities = [Entity(id=name, name=name, team=ids[team], role="car", position=name) for name, team in of.items()]
    return teams, entities, [Tag(tag=n, entity=entity.id) for n, entity in enumerate(entities, 1)]
