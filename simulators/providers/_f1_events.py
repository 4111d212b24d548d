"""The events that timing would have sent of a race that is known by its laps: loops, tyres, stops, corners, who finished and who is
out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from features.f1.vocabulary import STATUS
from simulators.providers._f1_laps import Lap, flag_of, lane
from simulators.providers._f1_table import NAN, Corner, Result
from simulators.providers._f1_windows import Driver
from streaming.wire.records import Event

#: what a loop's message takes, and one of race control, us
LOOP_DELAY_US: Final = 200_000
CONTROL_DELAY_US: Final = 500_000
#: the longest stop in the pit lane: a longer one is a stopped race, s
LONGEST_STOP_S: Final = 120.0
_RED: Final = 4.0


@dataclass
class Race:
    """What the events of one car need of the others: the flag (s, NaN without one), the laps, when each car
    crossed the line at the end of a lap, and the order of those who finished. ``has`` names the columns of the laps' file."""

    game: str
    t0_us: int
    race_laps: int
    flag_s: float
    crossing: dict[int, list[float]]
    places: dict[str, int]
    has: frozenset[str]
    corners: list[Corner] = field(default_factory=list)
    stops: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    results: Mapping[str, Result] = field(default_factory=dict)

    def corners_of(self, lap: Lap, driver: Driver, of_car: dict[str, Any]) -> Iterator[Event]:
        """The corners of a lap, each where the car left it."""
        return _corners(self, lap, driver, of_car)

    def event(self, kind: str, name: str, at_s: float, delay_us: int = LOOP_DELAY_US, **attrs: Any) -> Event:
        at = self.t0_us + round(at_s * 1e6)
        team, player = attrs.pop("team", None), attrs.pop("player", None)
        kept = {key: value for key, value in attrs.items() if not (isinstance(value, float) and np.isnan(value))}
        return Event(
            id=f"{kind}-{name}",
            game=self.game,
            type=kind,
            t_us=at,
            period=1,
            team=team,
            player=player,
            attrs=kept,
            arrival_us=at + delay_us,
        )


def race_of(game: str, t0_us: int, drivers: Mapping[str, Driver], race_laps: int, flag_s: float, has: frozenset[str]) -> Race:
    crossing: dict[int, list[float]] = {}
    for driver in drivers.values():
        for lap, when in driver.crossed.items():
            crossing.setdefault(lap, []).append(when)
    over = {n: d.laps[-1] for n, d in drivers.items() if d.laps and d.laps[-1].whole and d.laps[-1].end_s >= flag_s}
    order = sorted(over, key=lambda n: (-over[n].number, over[n].end_s))
    places = {name: place for place, name in enumerate(order, 1)}
    sorted_crossing = {lap: sorted(times) for lap, times in crossing.items()}
    return Race(game, t0_us, race_laps, flag_s, sorted_crossing, places, has)


def events_of(race: Race, car: str, team: str, driver: Driver) -> Iterator[Event]:
    """Everything of one car, in no particular order."""
    of_car: dict[str, Any] = {"team": team, "player": car}
    time, speed = driver.kept()
    age, stops = -1.0, race.stops.get(car, {})
    for i, lap in enumerate(driver.laps):
        before = driver.laps[i - 1] if i else None
        n = f"{lap.number:02d}-{car}"
        stopped, seen, official_s = False, None, NAN
        if before is not None:
            official_s = stops.get(before.number, NAN)
            changed = _changed(before, lap)
            seen = lane(time, speed, lap.start_s) if changed or before.number in stops or _may_stop(race, before, lap) else None
            stopped = changed or before.number in stops or seen is not None
        leave_s = seen[1] if seen else lap.start_s
        if seen is not None:
            driver.lanes.append(seen)
            took_s = seen[1] - seen[0]
            yield race.event("pit_entry", n, seen[0], **of_car)
            yield race.event(
                "pit_exit", n, leave_s, lane_s=took_s if took_s <= LONGEST_STOP_S else NAN, provider_lane_s=official_s, **of_car
            )
        elif before is not None and before.number in stops:
            # known from the list of stops alone: the time in the lane is the official one
            yield race.event("pit_exit", n, leave_s, lane_s=official_s, **of_car)
        age = 0.0 if stopped else age + 1.0
        if "life" not in race.has:  # counted from the stop
            lap.row = replace(lap.row, life=age + 1.0)
        if before is None or stopped or _learnt(before, lap):
            yield from _tyres(race, n, lap, leave_s, of_car)
        if not lap.whole:
            yield race.event("retirement", n, lap.end_s, **of_car)
            continue
        yield from _loops(race, lap, of_car)
        yield from _corners(race, lap, driver, of_car)
    yield from _end(race, car, driver, of_car)


def _changed(before: Lap, lap: Lap) -> bool:
    """Whether the car runs on other tyres than in the lap before, by the file."""
    return lap.row.stint > before.row.stint or (lap.row.life < before.row.life and lap.row.stint != before.row.stint)


def _learnt(before: Lap, lap: Lap) -> bool:
    """Whether the file begins to name the tyres, or names others."""
    first = before.row.life != before.row.life and lap.row.life == lap.row.life
    return first or (bool(lap.row.compound) and lap.row.compound != before.row.compound)


def _may_stop(race: Race, before: Lap, lap: Lap) -> bool:
    """Whether a slow stretch around the line may be a stop without a column: neither stints nor official stops are known,
    and the race was not stopped."""
    unknown = before.row.stint != before.row.stint or lap.row.stint != lap.row.stint
    return unknown and not race.stops and _RED not in (flag_of(before.row.status), flag_of(lap.row.status))


def _tyres(race: Race, n: str, lap: Lap, at_s: float, of_car: dict[str, Any]) -> Iterator[Event]:
    """What the car runs on."""
    old = max(lap.row.life - 1.0, 0.0) if lap.row.life == lap.row.life else NAN
    compound: dict[str, Any] = {"compound": lap.row.compound} if lap.row.compound else {}
    if compound or old == old:
        yield race.event("tyres", n, at_s, age_laps=old, **compound, **of_car)


def _loops(race: Race, lap: Lap, of_car: dict[str, Any]) -> Iterator[Event]:
    """The ends of the three sectors, each where it is known: from the end of the lap back, else from its start on."""
    s1, s2, s3 = lap.row.sectors_s
    second_s = lap.end_s - s3 if s3 == s3 else lap.start_s + s1 + s2
    first_s = lap.start_s + s1 if s1 == s1 and s2 + s3 != s2 + s3 else lap.end_s - s3 - s2
    ends = [first_s, second_s, lap.end_s]
    before_s = lap.start_s
    for sector, (end_s, took_s) in enumerate(zip(ends, (s1, s2, s3), strict=True), 1):
        if not before_s < end_s <= lap.end_s or (sector < 3 and end_s >= lap.end_s):
            continue
        before_s = end_s
        line: dict[str, Any] = {}
        if sector == 3:
            line = {
                "provider_lap_time_s": lap.row.time_s,
                "provider_place": lap.row.place,
                "provider_gap_s": lap.end_s - race.crossing[lap.number][0],
            }
        yield race.event(
            "loop",
            f"{lap.number:02d}-{sector}-{of_car['player']}",
            end_s,
            lap=float(lap.number),
            loop=float(sector),
            sector=float(sector),
            provider_sector_s=took_s,
            **line,
            **of_car,
        )


def _corners(race: Race, lap: Lap, driver: Driver, of_car: dict[str, Any]) -> Iterator[Event]:
    part, at = driver.place_m[lap.first : lap.stop], driver.time[lap.first : lap.stop]
    if len(part) < 2:
        return
    way = np.maximum.accumulate(part)
    for corner in race.corners:
        k = int(np.searchsorted(way, corner.exit_m))
        if 0 < k < len(way) and np.isfinite(at[k]) and np.isfinite(at[k - 1]):
            share = (corner.exit_m - way[k - 1]) / (way[k] - way[k - 1])
            yield race.event(
                "corner",
                f"{lap.number:02d}-{corner.number:02d}-{of_car['player']}",
                at[k - 1] + share * (at[k] - at[k - 1]),
                corner=float(corner.number),
                apex_m=corner.apex_m,
                from_m=corner.from_m,
                to_m=corner.to_m,
                lap=float(lap.number),
                **of_car,
            )


def _end(race: Race, car: str, driver: Driver, of_car: dict[str, Any]) -> Iterator[Event]:
    """How a car's race ended: it has seen the flag, or its laps end before."""
    if not driver.laps:
        return
    last, result = driver.laps[-1], race.results.get(car)
    place = race.places.get(car)
    if place is not None:
        official: dict[str, Any] = {"provider_place": result.place} if result is not None else {}
        yield race.event("finish", f"z-{car}", last.end_s, position=float(place), laps=float(last.number), **official, **of_car)
    elif last.whole and race.flag_s == race.flag_s:
        # it began another lap and did not end it: known when that lap is overdue
        usual_s = float(np.median([lap.end_s - lap.start_s for lap in driver.laps]))
        yield race.event("retirement", f"{last.number + 1:02d}-{car}", min(last.end_s + usual_s, race.flag_s), **of_car)
    if result is not None and result.disqualified:
        yield race.event("disqualification", f"z-{car}", max(race.flag_s, last.end_s) if place else last.end_s, **of_car)


def lights(race: Race) -> Event:
    return race.event("lights_out", "0", 0.0, 40_000, laps=float(race.race_laps))


def status(race: Race, drivers: Mapping[str, Driver]) -> list[Event]:
    """The track's status by the leader's laps: the files give the codes that were seen in a lap, not when in it."""
    by_lap: dict[int, Lap] = {}
    for driver in drivers.values():
        for lap in driver.laps:
            if lap.number not in by_lap or lap.end_s < by_lap[lap.number].end_s:
                by_lap[lap.number] = lap
    found, before = [], 0.0
    for number, lap in sorted(by_lap.items()):
        flag = flag_of(lap.row.status)
        if flag == flag and flag != before:
            found.append(race.event("track_status", f"{number:02d}", lap.start_s, CONTROL_DELAY_US, status=STATUS[int(flag)]))
            before = flag
    return found
