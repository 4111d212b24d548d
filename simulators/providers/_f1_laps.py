"""Laps of a race without a session clock: times added up from the start, checked against the telemetry for holes.

A lap lasts as long as its official time says, unless its telemetry goes on for longer: then the time leaves something out (a red
flag), and the telemetry's own duration bridges the hole. Where there is no official time, it is the telemetry's duration, or the
sum of the sectors. A hole that neither can bridge is refused, since everything after it would be at a wrong time; and so is a clock
that contradicts the official order at the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.providers._f1_table import NAN, LapRow
from streaming.errors import BadInput

Floats = npt.NDArray[np.float64]

#: telemetry that outlasts a lap's official time by more is a hole in that time, s
HOLE_S: Final = 2.0
#: the odometer of a lap that was driven to the line shows at least this share of a lap
WHOLE_SHARE: Final = 0.9
#: a last lap without any time was driven to the line when the odometer shows so much
FINISHED_SHARE: Final = 0.985
#: cars that cross the line the other way round than their official places are this far apart at most, s
ORDER_S: Final = 20.0
#: slower than this around the line is the pit lane (limits are 60 and 80 km/h), m/s
LANE_MPS: Final = 23.5
#: the pit lane is where a car is no faster than this times the limiter's speed
PLATEAU: Final = 1.06


@dataclass
class Lap:
    """One lap of a driver: when it began and ended (s from the start), its official figures (NaN where there are none), and its
    telemetry's rows ``[first, stop)``, empty where there are none. ``whole``: it was driven to the line."""

    number: int
    start_s: float
    end_s: float
    row: LapRow
    first: int
    stop: int
    whole: bool


def flag_of(status: str) -> float:
    """The index in features.f1.vocabulary.STATUS of the gravest code that was seen in a lap; NaN without a code."""
    if not status:
        return NAN
    for codes, flag in (("5", 4.0), ("4", 2.0), ("67", 3.0), ("2", 1.0)):
        if any(code in status for code in codes):
            return flag
    return 0.0


def chain(
    driver: str,
    rows: Mapping[int, LapRow],
    spans: Mapping[int, tuple[int, int]],
    time: Floats,
    way: Floats,
    lap_m: float,
    bridged: list[str],
) -> list[Lap]:
    """A driver's laps, one after the other from 0. ``spans`` are the telemetry's rows by lap, ``time`` (s since the lap began) and
    ``way`` (m of the lap) its columns; ``lap_m`` is the usual length, NaN when unknown. ``bridged`` gets a word for every hole
    that the telemetry bridged."""
    found: list[Lap] = []
    at, last = 0.0, max([*rows, *spans])
    for number in range(1, last + 1):
        row = rows.get(number) or _unlisted(number)
        first, stop = spans.get(number, (0, 0))
        driven_s = float(time[stop - 1]) if stop > first else NAN
        driven_m = float(way[stop - 1]) if stop > first else NAN
        length_s, summed_s = row.time_s, sum(row.sectors_s)
        if driven_s - length_s > HOLE_S:
            bridged.append(f"{driver} {number}")
            length_s = driven_s
        elif length_s != length_s:
            length_s = driven_s
            if number < last and driven_m < WHOLE_SHARE * lap_m:
                length_s = NAN  # the telemetry breaks off
            if length_s != length_s:
                length_s = summed_s
            elif number > 1 and number < last:
                bridged.append(f"{driver} {number}")
        if length_s != length_s:
            if number == last or not (found or spans):
                break
            raise BadInput(
                f"lap {number} of {driver} has no lap time, and no telemetry that lasts a lap: there is no session clock, so that "
                "the laps after it cannot be placed"
            )
        timed = row.time_s == row.time_s or row.sectors_s[2] == row.sectors_s[2]
        whole = number < last or timed or driven_m >= FINISHED_SHARE * lap_m
        found.append(Lap(number, at, at + length_s, row, first, stop, whole))
        at += length_s
    return found


def _unlisted(number: int) -> LapRow:
    return LapRow(number, NAN, (NAN, NAN, NAN), "", NAN, NAN, NAN, "")


def until_the_flag(laps: Mapping[str, list[Lap]], race_laps: int, done: Mapping[str, float]) -> tuple[float, dict[str, list[Lap]]]:
    """When the winner crossed the line (s, NaN when no car did), and the laps of all cars up to the flag: a car's first crossing
    at or after the winner's is its last lap, and no row after it is a lap, nor one beyond ``race_laps`` or beyond the laps that the
    results have ``done`` (but for the one that was begun)."""
    ends = [lap.end_s for mine in laps.values() for lap in mine if lap.number == race_laps and lap.whole]
    flag_s = min(ends, default=NAN)
    kept = {}
    for driver, mine in laps.items():
        most = done.get(driver, NAN)
        upto = [lap for lap in mine if lap.number <= race_laps and not lap.number > most + 1]
        over = next((i for i, lap in enumerate(upto) if lap.whole and lap.end_s >= flag_s), len(upto))
        kept[driver] = upto[: over + 1]
    return flag_s, kept


def check_order(laps: Mapping[str, list[Lap]], source: str) -> None:
    """Refuse a clock by which two cars cross the line the other way round than their official places, and far apart."""
    at_line: dict[int, list[tuple[float, float, str]]] = {}
    for driver, mine in laps.items():
        for lap in mine:
            if lap.whole and lap.row.place == lap.row.place:
                at_line.setdefault(lap.number, []).append((lap.row.place, lap.end_s, driver))
    for number, cars in sorted(at_line.items()):
        cars.sort()
        latest, before = -np.inf, ""
        for place, end_s, driver in cars:
            if latest - end_s > ORDER_S:
                raise BadInput(
                    f"{source} contradicts itself: added up, lap {number} of {driver} ends {latest - end_s:.0f} s before that of "
                    f"{before}, and its official place {place:.0f} is behind"
                )
            if end_s > latest:
                latest, before = end_s, driver


def lane(time: Floats, speed: Floats, line_s: float) -> tuple[float, float] | None:
    """When a car entered the pit lane and left it, around the line at ``line_s``, by its speed; None when it did not."""
    k = int(np.searchsorted(time, line_s))
    slow = speed <= LANE_MPS
    near = [j for j in range(max(k - 12, 0), min(k + 12, len(time))) if slow[j]]
    if not near:
        return None
    lo = hi = near[0]
    while lo > 0 and slow[lo - 1]:
        lo -= 1
    while hi + 1 < len(time) and slow[hi + 1]:
        hi += 1
    # the limiter holds one speed: what is faster at either end is the way to the lane and out of it
    held = speed[lo : hi + 1]
    limit = PLATEAU * float(np.median(held[held > 8.0])) if (held > 8.0).any() else LANE_MPS
    while lo < hi and speed[lo] > limit:
        lo += 1
    while hi > lo and speed[hi] > limit:
        hi -= 1
    return (float(time[lo]), float(time[hi])) if time[hi] - time[lo] > 5.0 else None
