"""Lap, sector and mini-sector times from the timing loops, with the flags of personal and overall bests; and what was lost where.

A time needs both of its ends: where a loop was missed, the times that begin or end there are not given, the loop is counted as
missed, and everything else goes on.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import Stat
from features.f1.ledger import (
    NAN,
    STOP_S,
    Car,
    Ledger,
    at_line,
    best_of,
    better,
    car_of,
    lap_time_s,
    mini_time_s,
    number,
    racing,
    sector_time_s,
    whole,
)

#: a car of which timing gives no bests
UNTIMED_CAR: Final = Car()


def _timed(
    time_s: float, number: int, personal_s: float, overall_s: float, personal: float = 1.0, overall: float = 1.0
) -> list[float] | None:
    """``personal`` and ``overall`` are NaN where it cannot be known what was best so far."""
    if not time_s > 0:
        return None
    return [time_s, float(number), personal * better(time_s, personal_s), overall * better(time_s, overall_s)]


def _known(ledger: Ledger, car: Car) -> tuple[float, float]:
    """1 where the car's, and the race's, bests so far are known, else NaN: a feed that was joined in the middle has not seen
    them."""
    began = ledger.lights_s == ledger.lights_s
    return 1.0 if began or car.best_given else NAN, 1.0 if began else NAN


def _flagged(event: EventContext, timed: list[float] | None) -> list[float] | None:
    """The same with the flags that timing itself gives, where it does."""
    if timed is not None:
        for place, name in ((2, "personal_best"), (3, "overall_best")):
            flag = event.attrs.get(name)
            if isinstance(flag, bool):
                timed[place] = float(flag)
    return timed


def lap_time(event: EventContext, ledger: Ledger) -> list[float] | None:
    """[s, lap, personal best, overall best] when a car crosses the line. The first lap is no candidate for a best."""
    car = car_of(event, ledger)
    if car is None or not at_line(event, ledger):
        return None
    lap = whole(event, "lap")
    if lap <= 1:
        return _flagged(event, _timed(lap_time_s(event, car), lap, -1.0, -1.0))
    return _flagged(event, _timed(lap_time_s(event, car), lap, car.best_lap, ledger.overall_lap, *_known(ledger, car)))


def sector_time(event: EventContext, ledger: Ledger) -> list[float] | None:
    car, sector = car_of(event, ledger), whole(event, "sector")
    if car is None or not sector:
        return None
    return _timed(
        sector_time_s(event, car),
        sector,
        best_of(car.best_sector, sector),
        best_of(ledger.overall_sector, sector),
        *_known(ledger, UNTIMED_CAR),
    )


def mini_sector(event: EventContext, ledger: Ledger) -> list[float] | None:
    car, loop = car_of(event, ledger), whole(event, "loop")
    if car is None or not loop:
        return None
    bests = best_of(car.best_mini, loop), best_of(ledger.overall_mini, loop)
    return _timed(mini_time_s(event, car), loop, *bests, *_known(ledger, UNTIMED_CAR))


def time_lost(event: EventContext, ledger: Ledger) -> list[float] | None:
    """[all, off the track, in traffic, at a slow stop], s, of the lap that ends here.

    All is the lap against the car's own best lap so far; the parts are mini-sectors slower than the car's own best there, off the
    track or within a second of the car ahead, and what a stop took beyond 2.6 s. An unreported part is NaN, and a lap in
    which the race stood still has lost nothing.
    """
    car = car_of(event, ledger)
    if car is None or not at_line(event, ledger) or whole(event, "lap") <= 1:
        return None
    lost = (lap_time_s(event, car) - car.best_lap) * _known(ledger, car)[0]
    if lost != lost or car.stopped:
        return None
    off = car.lost_off_s if ledger.tells_off else NAN
    traffic = car.lost_traffic_s if racing(ledger) and car.place else NAN
    last = mini_time_s(event, car) - best_of(car.best_mini, whole(event, "loop"))
    if last > 0 and car.off:
        off += last
    return [max(lost, 0.0), off, traffic, car.lost_stop_s]


def pit_time(event: EventContext, ledger: Ledger) -> list[float] | None:
    """[in the pit lane, standing], s, as timing reports them."""
    lane, still = number(event, "lane_s"), number(event, "stationary_s")
    return [lane, still] if lane == lane or still == still else None


def loops_missed(ledger: Ledger, t_s: float) -> Floats:
    """(N,) loops that a car should have passed and did not."""
    return np.array([car.missed if car.lap else NAN for car in ledger.cars], np.float64)


_TIMED: Final = ("time", "number", "personal_best", "overall_best")
STATS: Final = (
    Stat("f1.car.lap_time", "s", "from line to line, the number of the lap, and whether it is the car's or the race's best so far",
         "player", lap_time, on=("loop",), components=_TIMED, depends_on_ledger=True, on_screen_name="Track Dominance"),
    Stat("f1.car.sector_time", "s", "of a sector, its number, and whether it is the car's or the race's best so far",
         "player", sector_time, on=("loop",), components=_TIMED, depends_on_ledger=True, on_screen_name="Track Dominance"),
    Stat("f1.car.mini_sector", "s", "from loop to loop, the number of the loop, and whether it is the car's or the race's best",
         "player", mini_sector, on=("loop",), components=_TIMED, depends_on_ledger=True, on_screen_name="Track Dominance"),
    Stat("f1.car.time_lost", "s", "of a lap against the car's own best so far, and what of it was lost off the track, in "
         f"traffic, and at a stop beyond {STOP_S:g} s", "player", time_lost, on=("loop",),
         components=("all", "off_track", "traffic", "slow_stop"), depends_on_ledger=True, on_screen_name="Time Lost"),
    Stat("f1.car.pit_time", "s", "time in the pit lane and standing still, as timing reports them", "player", pit_time,
         on=("pit_exit",), components=("lane", "stationary"), on_screen_name="Pit Stop"),
    Stat("f1.car.loops_missed", "count", "timing loops that the car should have passed and did not", "player", loops_missed,
         every_s=1.0, ticks=True, ledger_only=True),
)  # fmt: skip
