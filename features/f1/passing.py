"""Passes, and the fastest lap so far, read off the account where they are not reported.

A car has been passed on the track when another one, which was behind it at the last end of a sector, was before it at this one, and
neither was in the pit lane in between. It is known when the one that was passed gets there. Ends of sectors are timed by official
times; the loops between them by messages, which is not exact enough to say who was first.
"""

from __future__ import annotations

from typing import Final

from features.core.event_context import EventContext
from features.f1.ledger import Car, Ledger, at_line, car_of, lap_time_s, racing, whole
from features.f1.vocabulary import SAFETY_CAR

#: a car that so many pass within a sector is in trouble: they did not fight it
MANY: Final = 3
#: places that are worth a fight; in the first lap only the lead
LAST_PLACE: Final = 10
#: no lap before this one is worth being called the fastest
FIRST_LAP: Final = 4


def passed_by(event: EventContext, ledger: Ledger) -> int:
    """The car that has passed this one for one of the first places since the last end of a sector; -1 for none."""
    car, lap, loop = car_of(event, ledger), whole(event, "lap"), whole(event, "loop")
    if car is None or not whole(event, "sector") or not 0 < car.place <= LAST_PLACE or not racing(ledger):
        return -1
    # where attempts are reported they say it, but for the first lap
    if (lap == 1 or ledger.tells_passes) and (car.place > 1 or lap > 1):
        return -1
    if car.out or ledger.status >= SAFETY_CAR or not car.sector_loop or stopped(car, car.sector_s):
        return -1
    by = [
        n
        for n, other in enumerate(ledger.cars)
        if n != event.player
        and not other.out
        and not stopped(other, car.sector_s)
        and _at(other, loop, lap) < event.t_s
        and _at(other, car.sector_loop, car.lap if car.sector_loop == car.loop else lap) > car.sector_s
    ]
    if not by or len(by) >= MANY:
        return -1
    return min(by, key=lambda n: ledger.cars[n].passed_s[loop - 1])


def stopped(car: Car, since_s: float) -> bool:
    """Whether a car has been in the pit lane since then."""
    return car.in_pit or car.pit_s >= since_s


def _at(car: Car, loop: int, lap: int) -> float:
    """When a car passed a loop in a lap; NaN when it did not, or has passed it again."""
    return car.passed_s[loop - 1] if 0 < loop <= len(car.passed_s) and car.passed_lap[loop - 1] == lap else float("nan")


def fastest(event: EventContext, ledger: Ledger) -> bool:
    """Whether a lap of a race that ends here is the fastest so far: by timing's own word, else where the race was seen from its
    start."""
    car = car_of(event, ledger)
    if car is None or not at_line(event, ledger) or whole(event, "lap") < FIRST_LAP or not racing(ledger):
        return False
    flag = event.attrs.get("overall_best")
    if isinstance(flag, bool):
        return flag
    return ledger.lights_s == ledger.lights_s and lap_time_s(event, car) < ledger.overall_lap
