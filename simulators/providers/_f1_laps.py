"""Laps of a race without a session clock: times added up from the start, and the events that timing would have sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from streaming.records import Event

Floats = npt.NDArray[np.float64]

#: what a loop's message takes, us
LOOP_DELAY_US: Final = 200_000
_COMPOUNDS: Final = {"SOFT": "soft", "MEDIUM": "medium", "HARD": "hard", "INTERMEDIATE": "intermediate", "WET": "wet"}
#: slower than this around the line is the pit lane (limits are 60 and 80 km/h), m/s
LANE_MPS: Final = 23.5
#: the pit lane is where a car is no faster than this times the limiter's speed
PLATEAU: Final = 1.06


@dataclass
class Lap:
    """One lap of a driver: when it began and ended (s from the start), the official figures (NaN where there are none), and its
    telemetry's rows ``[first, stop)``. ``whole`` says that it was driven to the line."""

    number: int
    start_s: float
    end_s: float
    time_s: float
    sectors_s: tuple[float, float, float]
    compound: str
    stint: int
    life: float
    place: float
    status: str
    first: int
    stop: int
    whole: bool


def flag_of(status: str) -> float:
    """The index in features.f1.vocabulary.STATUS of the gravest code that was seen in a lap."""
    for codes, flag in (("5", 4.0), ("4", 2.0), ("67", 3.0), ("2", 1.0)):
        if any(code in status for code in codes):
            return flag
    return 0.0


def chain(laps: list[dict[str, Any]], rows: dict[int, tuple[int, int]], time: Floats) -> list[Lap]:
    """A driver's laps in order, one after the other from 0. Where a lap has no time its telemetry's last moment stands in; a lap
    without sector times after that was not finished."""
    found: list[Lap] = []
    at = 0.0
    for lap in sorted(laps, key=lambda row: row["lap"]):
        number = int(lap["lap"])
        if number not in rows:
            break
        first, stop = rows[number]
        length = lap["time"] if np.isfinite(lap["time"]) else float(time[stop - 1])
        sectors = (lap["s1"], lap["s2"], lap["s3"])
        found.append(
            Lap(
                number, at, at + length, lap["time"], sectors, _COMPOUNDS.get(str(lap["compound"]), ""), int(lap["stint"]),
                lap["life"], lap["pos"], str(lap["status"]), first, stop, bool(np.isfinite(lap["s3"])),
            )
        )  # fmt: skip
        at += length
    return found


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


def events_of(
    game: str, car: str, team: str | None, laps: list[Lap], t0_us: int, time: Floats, speed: Floats, gaps: dict[int, float],
    stops: dict[int, float], corners: list[tuple[int, float, float]], distance: Floats, race_laps: int,
) -> Iterator[Event]:  # fmt: skip
    """Loops, tyres, stops, corners and the end of one driver's race. ``gaps`` (s to the leader at the line) and ``stops`` (s in the
    pit lane) are the official ones, by lap; ``corners`` are (number, apex, exit) lap distances; ``time``, ``speed`` and
    ``distance`` are the driver's whole telemetry, s from the start, m/s and m of the lap."""

    def event(kind: str, name: str, at_s: float, **attrs: Any) -> Event:
        at = t0_us + round(at_s * 1e6)
        kept = {key: value for key, value in attrs.items() if not (isinstance(value, float) and np.isnan(value))}
        return Event(
            id=f"{kind}-{name}-{car}", game=game, type=kind, t_us=at, period=1, team=team, player=car, attrs=kept,
            arrival_us=at + LOOP_DELAY_US,
        )  # fmt: skip

    for i, lap in enumerate(laps):
        n = f"{lap.number:02d}"
        fresh = i == 0 or lap.stint != laps[i - 1].stint
        seen = lane(time, speed, lap.start_s) if fresh and i else None
        if fresh and lap.compound:
            yield event(
                "tyres", n, seen[1] if seen else lap.start_s, compound=lap.compound, age_laps=max(float(lap.life) - 1.0, 0.0)
            )
        if seen is not None:
            official = stops.get(laps[i - 1].number, float("nan"))
            yield event("pit_entry", n, seen[0])
            yield event("pit_exit", n, seen[1], lane_s=seen[1] - seen[0], provider_lane_s=official)
        if not lap.whole:
            yield event("retirement", n, lap.end_s)
            continue
        s1, s2, s3 = lap.sectors_s
        ends = (lap.end_s - s3 - s2, lap.end_s - s3, lap.end_s)
        for sector, (end_s, took) in enumerate(zip(ends, (s1, s2, s3), strict=True), 1):
            line = {
                "provider_lap_time_s": lap.time_s, "provider_gap_s": gaps.get(lap.number, float("nan")),
                "provider_place": lap.place,
            } if sector == 3 else {}  # fmt: skip
            yield event(
                "loop", f"{n}-{sector}", end_s, lap=float(lap.number), loop=float(sector), sector=float(sector),
                provider_sector_s=took, **line,
            )  # fmt: skip
        for number, apex_m, exit_m in corners:
            part = distance[lap.first : lap.stop]
            k = int(np.searchsorted(np.maximum.accumulate(part), exit_m))
            if 0 < k < len(part):
                yield event("corner", f"{n}-{number:02d}", float(time[lap.first + k]), corner=float(number), apex_m=apex_m,
                            lap=float(lap.number))  # fmt: skip
    if laps and laps[-1].whole and laps[-1].number == race_laps:
        yield event("finish", "z", laps[-1].end_s, position=laps[-1].place)
