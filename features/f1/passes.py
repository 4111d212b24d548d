"""Who has passed whom on the track, where the feed has only loops: a car comes to a loop before the one that was right ahead of it."""

from __future__ import annotations

from typing import NamedTuple

from features.f1.ledger import Ledger, car_of, whole
from features.moments import Moment


class Pass(NamedTuple):
    """``car`` is ahead of ``target`` now, in ``place``; ``fought``: on the track, and not while the other one stopped."""

    car: int
    target: int
    place: int
    fought: bool


def place_at(ledger: Ledger, who: int, lap: int, loop: int) -> int:
    """The place of a car that comes to a loop: one more than those who have passed it in this lap or a later one."""
    return 1 + sum(
        n != who and len(other.passed_lap) >= loop and other.passed_lap[loop - 1] >= lap for n, other in enumerate(ledger.cars)
    )


def passed(moment: Moment, ledger: Ledger) -> Pass | None:
    """The pass that this event reports; ``ledger`` is the account before it. A feed that reports passes itself is believed, and
    nothing is worked out beside it. Nobody passes while a flag is out."""
    car = car_of(moment, ledger)
    if car is None:
        return None
    if moment.type == "overtake_attempt":
        target = moment.roster.index.get(str(moment.attrs.get("target", "")), -1) if moment.roster is not None else -1
        if moment.outcome != "complete" or not 0 <= target < len(ledger.cars):
            return None
        return Pass(moment.player, target, ledger.cars[target].place or car.place, True)
    if moment.type != "loop" or ledger.passes_told or ledger.status:
        return None
    lap, loop, target = whole(moment, "lap"), whole(moment, "loop"), car.ahead
    if not loop or not 0 <= target < len(ledger.cars):
        return None
    other = ledger.cars[target]
    behind = len(other.passed_lap) < loop or other.passed_lap[loop - 1] < lap
    # it was at this car's last loop before it, and is at this one after it: not if it is out, or a lap away
    if not behind or other.out or (other.lap, other.loop) < (car.lap, car.loop) or (other.lap, other.loop) >= (lap, loop):
        return None
    fought = not (other.in_pit or other.stopped_lap >= lap)
    return Pass(moment.player, target, place_at(ledger, moment.player, lap, loop), fought)


def keep(moment: Moment, ledger: Ledger) -> None:
    """Whether the feed reports passes, and in which lap each car was last in the pit lane."""
    if moment.type == "overtake_attempt":
        ledger.passes_told = True
    elif (car := car_of(moment, ledger)) is not None:
        car.stopped_lap = car.line_lap + 1
