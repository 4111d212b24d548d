"""Tyres: their age, and what each lap of it costs.

Degradation is the slope of lap time over tyre age within a stint, with what lighter fuel gives back put on again: a regression on
the clean laps (no stop, no neutralisation, not in traffic), drawn towards the compound's usual slope as if that had been seen with
a standard deviation of 0.03 s a lap while lap times scatter by 0.12 s. It is a Bayesian linear regression in closed form, so it
is given from the first clean laps on and needs no artefact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.frames import Floats
from features.core.sport import Stat
from features.f1.ledger import NAN, Car, Ledger
from features.f1.pace_model import WEAR_S

SCATTER_S: Final = 0.12
SPREAD_S: Final = 0.03
LEAST_LAPS: Final = 2.0


def slope_s(car: Car) -> float:
    """s a lap; NaN before two clean laps of the stint, or when the compound is unknown."""
    n, x, y, xx, xy = car.stint
    if n < LEAST_LAPS or car.compound < 0:
        return NAN
    weight = (SCATTER_S / SPREAD_S) ** 2
    return (xy - x * y / n + weight * WEAR_S[car.compound]) / (xx - x * x / n + weight)


def expected_slope_s(car: Car) -> float:
    """The same, the compound's usual one where nothing has been seen yet."""
    seen = slope_s(car)
    return seen if seen == seen else WEAR_S[car.compound] if car.compound >= 0 else NAN


def degradation(ledger: Ledger, t_s: float) -> Floats:
    """(N,) s a lap."""
    return np.array([slope_s(car) for car in ledger.cars], np.float64)


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
        "slope of fuel-corrected lap times over tyre age in this stint, drawn towards the compound's usual one",
        "player",
        degradation,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        on_screen_name="Tyre Performance",
    ),
)
