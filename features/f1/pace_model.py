"""What laps usually cost: round figures of the size that the field gives, for correcting lap times and projecting a race."""

from __future__ import annotations

from typing import Final

#: s a lap of age, and s that a new set is slower than a new soft one, by compound (vocabulary.COMPOUNDS)
WEAR_S: Final = (0.10, 0.06, 0.035, 0.08, 0.08)
SLOWER_S: Final = (0.0, 0.45, 0.85, 4.0, 8.0)
#: what a kilogram of fuel costs in a lap, and the fuel of a race, s and kg
FUEL_S_PER_KG: Final = 0.032
FUEL_KG: Final = 105.0


def with_full_tank(lap_s: float, lap: int, laps: int) -> float:
    """A lap time as it would have been with the fuel of the start; ``lap`` counts from 1."""
    return lap_s + (FUEL_S_PER_KG * FUEL_KG * (lap - 1) / laps if laps else 0.0)


def bare(lap_s: float, lap: int, laps: int, compound: int, age_laps: float) -> float:
    """The same on new soft tyres: what is left is the car and its driver."""
    return with_full_tank(lap_s, lap, laps) - SLOWER_S[compound] - WEAR_S[compound] * age_laps


def ahead_s(left: float, compound: int, age_laps: float, owed: bool, pit_loss_s: float) -> float:
    """What the tyres will cost over ``left`` laps: worn on, or with the stop that is still owed where it costs least."""
    k1 = WEAR_S[compound]
    if not owed:
        return k1 * (age_laps * left + left * left / 2.0) + SLOWER_S[compound] * left
    other = 2 if compound != 2 else 1
    k2 = WEAR_S[other]
    x = min(max((k2 * left - k1 * age_laps) / (k1 + k2), 0.0), left)
    worn = k1 * (age_laps * x + x * x / 2.0) + k2 * (left - x) ** 2 / 2.0
    return worn + SLOWER_S[compound] * x + SLOWER_S[other] * (left - x) + pit_loss_s
