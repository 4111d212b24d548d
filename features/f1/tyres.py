"""Tyres: their age, and what each lap of it costs.

Degradation is the slope of lap time over tyre age within a stint, with what lighter fuel gives back put on again: a regression on
the clean laps (no stop, no neutralisation, not in traffic), drawn towards the compound's slope in this race as if that had been
seen with a standard deviation of 0.03 s a lap while lap times scatter as they do in this race. Fuel, the compound's slope and the
scatter are estimated from the race so far (see pace_model.py). It is a Bayesian linear regression in closed form, so it is given
from the first clean laps on and needs no artefact. Within a stint age and lap grow together: the fuel of one lap is put on the
slope.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.frames import Floats
from features.core.sport import Stat
from features.f1.ledger import NAN, Car, Ledger
from features.f1.pace_model import STINT_SD_S, PaceModel

LEAST_LAPS: Final = 2.0


def slope_s(car: Car, model: PaceModel, laps: int) -> float:
    """s a lap, in a race of ``laps``; NaN before two clean laps of the stint, or when the compound is unknown."""
    n, x, y, xx, xy = car.stint
    if n < LEAST_LAPS or car.compound < 0:
        return NAN
    weight, spread = (model.scatter_s / STINT_SD_S) ** 2, xx - x * x / n
    return (xy - x * y / n + model.fuel_s(laps) * spread + weight * model.wear_s(car.compound)) / (spread + weight)


def expected_slope_s(car: Car, model: PaceModel, laps: int) -> float:
    """The same, the compound's in this race where nothing has been seen of the stint yet."""
    seen = slope_s(car, model, laps)
    return seen if seen == seen else model.wear_s(car.compound) if car.compound >= 0 else NAN


def degradation(ledger: Ledger, t_s: float) -> Floats:
    """(N,) s a lap."""
    return np.array([slope_s(car, ledger.pace, ledger.laps) for car in ledger.cars], np.float64)


def age(ledger: Ledger, t_s: float) -> Floats:
    """(N,) laps."""
    return np.array([car.age_laps for car in ledger.cars], np.float64)


STATS: Final = (
    Stat(
        "f1.car.tyre_age",
        "laps",
        "laps that the present tyres have run",
        "player",
        age,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        on_screen_name="Tyre Performance",
    ),
    Stat(
        "f1.car.tyre_degradation",
        "s/lap",
        "slope of fuel-corrected lap times over tyre age in this stint, drawn towards the compound's in this race",
        "player",
        degradation,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        on_screen_name="Tyre Performance",
    ),
)
