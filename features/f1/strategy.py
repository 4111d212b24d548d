"""Stops: when one pays, where the car would come out, and who can be undercut.

The pit window is the lap on which two stints of the rest of the race cost least: with slopes k1 of these tyres (age a) and k2 of
the next ones, R laps left and x of them on these, the wear costs k1 (a x + x^2 / 2) + k2 (R - x)^2 / 2, least at x = (k2 R - k1
a) / (k1 + k2). It is given while that saves more than the stop costs, or while the car has not stopped yet (the rules ask for two
compounds).

The undercut threat of a car is the chance that the car right behind it comes out in front, if that one stops at the end of this lap
and the threatened car at the end of the next.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.frames import Floats
from features.core.sport import Stat
from features.f1.ledger import NAN, Car, Ledger, of_a_race
from features.f1.pace_model import next_compound, stop_after
from features.f1.tyres import expected_slope_s
from features.f1.vocabulary import SAFETY_CAR

#: no undercut from farther behind than this, s; nor with fewer laps to go
REACH_S: Final = 5.0
LEAST_LAPS: Final = 4

#: (name, unit, label) in the model's order
UNDERCUT_FEATURES: Final = (
    ("gap_s", "s", "gap of the car behind"),
    ("tyre_age", "laps", "age of its tyres"),
    ("tyre_age_difference", "laps", "they are older than the rival's by"),
)


def undercut_row(gap_s: float, age_laps: float, rival_age_laps: float) -> list[float]:
    """:data:`UNDERCUT_FEATURES` of a threatened car whose tyres are ``age_laps`` old."""
    return [gap_s, age_laps, age_laps - rival_age_laps]


def behind(ledger: Ledger) -> dict[int, int]:
    """The car right behind each car, where both still run: by the order in which they passed the last loop of the one behind."""
    return {car.ahead: n for n, car in enumerate(ledger.cars) if car.ahead >= 0 and not car.out}


def undercut_features(ledger: Ledger, t_s: float) -> Floats:
    """(N, F), all NaN for cars under no threat."""
    out = np.full((len(ledger.cars), len(UNDERCUT_FEATURES)), np.nan)
    if ledger.status >= SAFETY_CAR or not ledger.laps:
        return out
    for threatened, rival in behind(ledger).items():
        car, other = ledger.cars[threatened], ledger.cars[rival]
        if car.out or car.in_pit or other.in_pit or not 0.0 <= other.interval_s <= REACH_S:
            continue
        if ledger.laps - car.line_lap >= LEAST_LAPS and car.age_laps == car.age_laps and other.age_laps == other.age_laps:
            out[threatened] = undercut_row(other.interval_s, car.age_laps, other.age_laps)
    return out


def window_lap(car: Car, ledger: Ledger) -> float:
    """The lap at whose end the stop costs least; NaN when none pays or nothing is known."""
    left, slope = ledger.laps - car.line_lap, expected_slope_s(car, ledger.pace, ledger.laps)
    if car.out or left < LEAST_LAPS or slope != slope or not car.age_laps >= 0:
        return NAN
    # tyres that get faster, as on a drying track, do not so for ever
    k1, k2 = max(slope, 0.0), max(ledger.pace.wear_s(next_compound(car.compound)), 0.0)
    x = stop_after(float(left), k1, k2, car.age_laps)
    stay = k1 * (car.age_laps * left + left * left / 2)
    stop = k1 * (car.age_laps * x + x * x / 2) + k2 * (left - x) ** 2 / 2 + ledger.pit_loss_s
    return float(car.line_lap + max(round(x), 1)) if stop < stay or car.stops == 0 else NAN


def pit_window(ledger: Ledger, t_s: float) -> Floats:
    """(N,) lap."""
    return np.array([window_lap(car, ledger) for car in ledger.cars], np.float64)


def rejoin_position(ledger: Ledger, t_s: float) -> Floats:
    """(N,) place after a stop now: all within a stop's loss behind come past."""
    out = np.full(len(ledger.cars), np.nan)
    running = [(n, car) for n, car in enumerate(ledger.cars) if car.place and not car.out]
    for n, car in running:
        after_s = car.gap_s + ledger.pit_loss_s
        out[n] = 1 + sum(other.gap_s < after_s for m, other in running if m != n)
    return out


def stops(ledger: Ledger, t_s: float) -> Floats:
    """(N,): NaN for cars that have not been seen on the track, and where the stops so far are not known."""
    known = (car.place > 0 and car.stops >= 0 for car in ledger.cars)
    return np.array([car.stops if seen else NAN for car, seen in zip(ledger.cars, known, strict=True)], np.float64)


STATS: Final = (
    Stat("f1.car.stops", "count", "pit stops so far: how often the car has left the pit lane", "player", stops, every_s=1.0,
         ticks=True, ledger_only=True, on_screen_name="Pit Strategy Battle"),
    Stat("f1.strategy.pit_window", "lap", "the lap at whose end a stop costs least over the rest of the race", "player",
         of_a_race(pit_window), every_s=1.0, ticks=True, ledger_only=True, on_screen_name="Pit Strategy Battle"),
    Stat("f1.strategy.rejoin_position", "place", "place on the road after a stop now, from the cost of a stop and the gaps",
         "player", of_a_race(rejoin_position), every_s=1.0, ticks=True, ledger_only=True, on_screen_name="Pit Strategy Battle"),
    Stat("f1.strategy.undercut_threat", "0..1", "chance that the car right behind (within 5 s) comes out in front if it stops at "
         "the end of this lap and this car at the end of the next", "player", of_a_race(undercut_features), every_s=1.0, ticks=True,
         ledger_only=True, model="f1-undercut", on_screen_name="Undercut Threat"),
)  # fmt: skip
