"""A practice or a qualifying in the files of a race: laps that are driven for their times, without an order on the track.

Cars do not begin together, and where the file has no session clock the order of their laps is unknown: then each car's
laps follow one another from the start of the recording, and nothing that compares two cars at one instant is made of them. A lap
lasts as its official time says, else as its telemetry, else as the sum of its sectors; one of which nothing is known lasts no time.
Only what has an official time is a timed lap: the way out of the pit lane and back is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from simulators.providers._f1_events import Race
from simulators.providers._f1_laps import HOLE_S, WHOLE_SHARE, Lap
from simulators.providers._f1_table import NAN, LapRow
from simulators.providers._f1_windows import Driver
from streaming.wire.records import Event

#: parts of a folder's name -> the session that was driven
_KINDS: Final = (
    ("qualifying", re.compile(r"(qualifying|(sprint[ _-]?)?shootout|quali|q[123])$")),
    ("practice", re.compile(r"(practice([ _-]?[123])?|fp[123])$")),
)
#: results come so long after the last lap, s
RESULT_S: Final = 1.0


def kind_of(folder: Path) -> str:
    """What was driven, by the name of the folder: race, practice or qualifying."""
    name = folder.name.lower()
    return next((kind for kind, pattern in _KINDS if pattern.search(name)), "race")


def on_a_clock(listed: Mapping[str, Mapping[int, LapRow]]) -> bool:
    """Whether the file has the time in the session of every car's first lap."""
    firsts = [rows[min(rows)].start_s for rows in listed.values() if rows]
    return bool(firsts) and all(start_s == start_s for start_s in firsts)


def chain(
    rows: Mapping[int, LapRow], spans: Mapping[int, tuple[int, int]], time: Any, way: Any, lap_m: float, origin_s: float
) -> tuple[list[Lap], int]:
    """A driver's laps one after the other; ``origin_s`` is when the recording begins on the session's clock, NaN without one. The
    other arguments are those of ``_f1_laps.chain``. And how many laps last no time, since nothing is known of them."""
    found: list[Lap] = []
    at, unknown = 0.0, 0
    for number in range(min([*rows, *spans]), max([*rows, *spans]) + 1):
        row = rows.get(number) or LapRow(number, NAN, (NAN, NAN, NAN), "", NAN, NAN, NAN, "")
        first, stop = spans.get(number, (0, 0))
        driven_s = float(time[stop - 1]) if stop > first else NAN
        driven_m = float(way[stop - 1]) if stop > first else NAN
        length_s = row.time_s
        if length_s != length_s or driven_s - length_s > HOLE_S:
            length_s = driven_s if driven_s == driven_s else sum(row.sectors_s)
        if length_s != length_s:
            length_s, unknown = 0.0, unknown + 1
        if row.start_s - origin_s == row.start_s - origin_s:
            at = max(at, row.start_s - origin_s)
        whole = row.time_s == row.time_s and not driven_m < WHOLE_SHARE * lap_m
        found.append(Lap(number, at, at + length_s, row, first, stop, whole))
        at += length_s
    return found, unknown


def opening(race: Race, kind: str) -> Event:
    """What is driven."""
    return msgspec.structs.replace(race.event("session", "0", 0.0, 40_000), attrs={"kind": kind})


def events_of(race: Race, car: str, team: str, driver: Driver) -> Iterator[Event]:
    """Everything of one car, in no particular order: its tyres, its timed sectors and laps, corners, and its results."""
    of_car: dict[str, Any] = {"team": team, "player": car}
    before: Lap | None = None
    for lap in driver.laps:
        n = f"{lap.number:02d}-{car}"
        new = before is None or lap.row.stint != before.row.stint or lap.row.compound != before.row.compound
        old = max(lap.row.life - 1.0, 0.0)
        if new and (lap.row.compound or old == old):
            compound: dict[str, Any] = {"compound": lap.row.compound} if lap.row.compound else {}
            yield race.event("tyres", n, lap.start_s, age_laps=old, **compound, **of_car)
        before = lap
        yield from _loops(race, lap, of_car)
        if lap.whole:
            yield from race.corners_of(lap, driver, of_car)
    result = race.results.get(car)
    if result is not None and result.place == result.place and driver.laps:
        best = min((lap.row.time_s for lap in driver.laps if lap.row.time_s == lap.row.time_s), default=NAN)
        end_s = race.flag_s + RESULT_S
        yield race.event("standing", f"z-{car}", end_s, place=float(result.place), best_lap_s=best, **of_car)


def _loops(race: Race, lap: Lap, of_car: dict[str, Any]) -> Iterator[Event]:
    """The ends of the sectors that have an official time, and the line where the lap has one."""
    s1, s2, s3 = lap.row.sectors_s
    timed = lap.row.time_s == lap.row.time_s
    ends = (lap.start_s + s1, lap.end_s - s3 if s3 == s3 else lap.start_s + s1 + s2, lap.end_s)
    for sector, (end_s, took_s) in enumerate(zip(ends, (s1, s2, s3), strict=True), 1):
        if not lap.start_s < end_s <= lap.end_s or not (took_s == took_s or (sector == 3 and timed)):
            continue
        line: dict[str, Any] = {}
        if sector == 3:
            if not timed:
                continue  # the end of a lap that was not driven for its time
            line = {"lap_time_s": lap.row.time_s, "provider_lap_time_s": lap.row.time_s}
        yield race.event(
            "loop",
            f"{lap.number:02d}-{sector}-{of_car['player']}",
            end_s,
            lap=float(lap.number),
            loop=float(sector),
            sector=float(sector),
            sector_time_s=took_s,
            provider_sector_s=took_s,
            **line,
            **of_car,
        )


def ends_at(drivers: Mapping[str, Driver]) -> float:
    """End of the last lap of any car, s."""
    return float(np.max([lap.end_s for driver in drivers.values() for lap in driver.laps[-1:]], initial=0.0))
