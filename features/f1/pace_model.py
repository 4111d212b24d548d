"""What the laps of a race cost, estimated from the race itself: fuel, compounds, their wear, and a stop.

The time of a clean lap is a car's own pace, less what the fuel burnt so far gives back, plus what its compound is slower by, plus
the compound's wear times the age of the set. The effects are common to the cars of a race. Each car's own level is taken out: what
counts is how a lap differs from the mean of the car's laps before (Helmert contrasts, which are independent of that level). The
effects are estimated lap by lap by recursive least squares (a Kalman filter of constants), so that only driven laps count. A lap
more than three standard deviations off counts as one just so far off (Huber 1964).

The estimates begin at a prior from real races: medians and spreads (interquartile range over 1.349) of least-squares fits of the
same terms to the clean laps in free air of 23 dry Grands Prix of 2023 and 2024 (official timing), in round figures. ``pytest
tests/features/f1/test_pace_prior.py`` derives them again and compares. Intermediates and wet tyres have too few laps there: their
prior is a guess, and as wide as one.
"""

from __future__ import annotations

import math
from operator import mul
from typing import Final

import msgspec
from msgspec import field

#: names of the effects: s over the whole race that burnt fuel gives back; s that a new set is slower by than a new medium one; s a
#: lap of age. Compounds are those of vocabulary.COMPOUNDS
EFFECTS: Final = (
    "fuel",
    *("slower_soft", "slower_hard", "slower_intermediate", "slower_wet"),
    *("wear_soft", "wear_medium", "wear_hard", "wear_intermediate", "wear_wet"),
)
PRIOR_S: Final = (3.9, 0.1, 0.2, 5.0, 10.0, 0.12, 0.056, 0.046, 0.05, 0.05)
PRIOR_SD_S: Final = (0.9, 0.5, 0.3, 5.0, 5.0, 0.06, 0.03, 0.02, 0.1, 0.1)
#: scatter of a car's clean laps about that, s, counted as that of so many laps
PRIOR_SCATTER_S: Final = 0.33
PRIOR_LAPS: Final = 20.0
#: standard deviation of the wear of single stints about the compound's in the race, s a lap (823 stints of 10 laps and more)
STINT_SD_S: Final = 0.03
#: what a stop costs, its standard deviation between races, and that of stops within one, s (22 races)
PIT_LOSS_S: Final = 22.0
PIT_LOSS_SD_S: Final = 2.5
STOP_SCATTER_S: Final = 1.7
#: a stop that differs by more from what stops cost is a repair or a penalty, s
ODD_STOP_S: Final = 10.0
#: innovations are cut at so many standard deviations
CUT: Final = 3.0

MEDIUM: Final = 1
_SLOWER_AT: Final = (1, -1, 2, 3, 4)  # by compound: its place among the effects
_WEAR_AT: Final = 5
_WIDTH: Final = len(EFFECTS)
#: floats of a car's sums: number of laps, mean of their times, means of their rows
SUMS: Final = 2 + _WIDTH


def _prior_covariance() -> list[list[float]]:
    return [[sd * sd if i == j else 0.0 for j in range(_WIDTH)] for i, sd in enumerate(PRIOR_SD_S)]


def lap_row(lap: int, laps: int, compound: int, age_laps: float) -> list[float]:
    """(10,) how much of each of :data:`EFFECTS` is in lap ``lap`` (from 1) of ``laps`` (0 where unknown: no fuel is known to be
    burnt), on tyres that began it ``age_laps`` old."""
    row = [0.0] * _WIDTH
    row[0] = -(lap - 1) / laps if laps else 0.0
    if compound != MEDIUM:
        row[_SLOWER_AT[compound]] = 1.0
    row[_WEAR_AT + compound] = age_laps
    return row


def add_lap(sums: list[float], row: list[float], lap_s: float) -> None:
    """Move the means to one lap more."""
    sums[0] += 1.0
    sums[1] += (lap_s - sums[1]) / sums[0]
    for k, x in enumerate(row, 2):
        sums[k] += (x - sums[k]) / sums[0]


class PaceModel(msgspec.Struct, array_like=True):
    """The effects as the laps so far show them, with their covariance, and the scatter of laps."""

    #: (10,) s, see :data:`EFFECTS`
    effects: list[float] = field(default_factory=lambda: list(PRIOR_S))
    #: (10, 10) s^2
    covariance: list[list[float]] = field(default_factory=_prior_covariance)
    #: laps that the scatter is known from, the prior's among them, and their sum of squares, s^2
    scatter_laps: float = PRIOR_LAPS
    scatter_sum: float = PRIOR_LAPS * PRIOR_SCATTER_S**2

    @property
    def scatter_s(self) -> float:
        return math.sqrt(self.scatter_sum / self.scatter_laps)

    def wear_s(self, compound: int) -> float:
        """s a lap of age."""
        return self.effects[_WEAR_AT + compound]

    def slower_s(self, compound: int) -> float:
        """s that a new set is slower by than a new medium one."""
        return self.effects[_SLOWER_AT[compound]] if compound != MEDIUM else 0.0

    def fuel_s(self, laps: int) -> float:
        """s a lap that the fuel burnt in one lap gives back."""
        return self.effects[0] / laps if laps else 0.0

    def expected_s(self, sums: list[float], row: list[float]) -> float:
        """The time of a lap of a car from its laps so far; NaN before the first."""
        if not sums[0]:
            return math.nan
        difference: float = sum(map(mul, self.effects, (x - mean for x, mean in zip(row, sums[2:], strict=True))))
        return sums[1] + difference

    def pace_s(self, sums: list[float]) -> float:
        """A car's own pace: its mean lap as it would have been with the fuel of the start on new medium tyres; NaN without one."""
        return sums[1] - sum(map(mul, self.effects, sums[2:])) if sums[0] else math.nan

    def add_lap(self, sums: list[float], row: list[float], lap_s: float) -> float:
        """Learn from one clean lap of the car whose clean laps before are ``sums``, and add it there. Returns its time, cut to what
        is likely, s."""
        if sums[0]:
            share = sums[0] / (sums[0] + 1.0)
            root = math.sqrt(share)
            error = lap_s - self.expected_s(sums, row)
            cut = self._learn([(x - mean) * root for x, mean in zip(row, sums[2:], strict=True)], error * root)
            lap_s += cut / root - error
        add_lap(sums, row, lap_s)
        return lap_s

    def _learn(self, row: list[float], error: float) -> float:
        """One step of recursive least squares with an innovation of ``error`` s; returns the innovation as it was used."""
        gain = [sum(map(mul, line, row)) for line in self.covariance]
        noise = self.scatter_sum / self.scatter_laps
        variance = noise + sum(map(mul, gain, row))
        reach = CUT * math.sqrt(variance)
        error = min(max(error, -reach), reach)
        self.effects = [effect + g * error / variance for effect, g in zip(self.effects, gain, strict=True)]
        for line, g in zip(self.covariance, gain, strict=True):
            if g:
                line[:] = [value - g * other / variance for value, other in zip(line, gain, strict=True)]
        self.scatter_laps += 1.0
        self.scatter_sum += error * error * noise / variance
        return error

    def ahead_s(self, left: float, compound: int, age_laps: float, *, owed: bool, pit_loss_s: float) -> float:
        """What the tyres will cost over ``left`` laps: worn on, or with the stop that is still owed where it costs least."""
        k1 = max(self.wear_s(compound), 0.0)
        if not owed:
            return k1 * (age_laps * left + left * left / 2.0) + self.slower_s(compound) * left
        other = next_compound(compound)
        k2 = max(self.wear_s(other), 0.0)
        x = stop_after(left, k1, k2, age_laps)
        worn = k1 * (age_laps * x + x * x / 2.0) + k2 * (left - x) ** 2 / 2.0
        return worn + self.slower_s(compound) * x + self.slower_s(other) * (left - x) + pit_loss_s


def with_stop(pit_loss_s: float, stops: int, cost_s: float) -> tuple[float, int]:
    """What a stop costs, s, and the number of stops that this was seen from, after one more that cost ``cost_s``.

    It is the mean of the prior and the stops so far, the prior as if it had been ``(STOP_SCATTER_S / PIT_LOSS_SD_S) ** 2`` stops. A
    repair changes nothing, nor does NaN.
    """
    if not abs(cost_s - pit_loss_s) <= ODD_STOP_S:
        return pit_loss_s, stops
    weight = stops + 1 + (STOP_SCATTER_S / PIT_LOSS_SD_S) ** 2
    return pit_loss_s + (cost_s - pit_loss_s) / weight, stops + 1


def next_compound(compound: int) -> int:
    """What a car changes to: the hardest, or from that to the next."""
    return 2 if compound != 2 else 1


def stop_after(left: float, wear_s: float, next_wear_s: float, age_laps: float) -> float:
    """Laps of ``left`` that are best run before a stop, from the wear of these tyres, s a lap and ``age_laps`` old, and of the next
    ones; all of them where neither wears."""
    both = wear_s + next_wear_s
    return min(max((next_wear_s * left - wear_s * age_laps) / both, 0.0), left) if both > 0 else left
