"""The true probabilities of a race: of a pass at an overtaking zone, and of an undercut. Outcomes are drawn from exactly these.

Both are logistic in what timing measures, so that a model can recover them.

A pass, drawn for every car that comes within 3 s of the car ahead to where an overtaking zone begins, on a clear track::

    logit = -1.9 - 2.2 gap + 1.6 closing + 0.06 age + 0.35 compound + 0.9 [gap < 1 s]

with gap (s) there, closing (s, at most 1.5 either way: how much smaller the gap is than one lap ago at the same place; 0 where
there is no lap ago), age (laps that the tyres of the car ahead are older, at most 25 either way) and compound (steps that they
are harder).

An undercut, drawn when a car stops within 5 s behind another that stops a lap later::

    logit = -0.3 - 0.9 (gap - 1.5) + 0.10 (age - 15) + 0.04 difference

with gap (s) at the line where the lap of the first stop began, age (laps) of the tyres of the car ahead, and difference (laps) by
which they are older than those of the car behind.
"""

from __future__ import annotations

import numpy as np

from features.core.compiled import kernel


@kernel
def logistic(z: float) -> float:
    return float(1.0 / (1.0 + np.exp(-z)))


@kernel
def pass_probability(gap_s: float, closing_s: float, age_difference: float, compound_difference: float) -> float:
    closing = 0.0 if np.isnan(closing_s) else min(max(closing_s, -1.5), 1.5)
    age = min(max(age_difference, -25.0), 25.0)
    z = -1.9 - 2.2 * gap_s + 1.6 * closing + 0.06 * age + 0.35 * compound_difference
    if gap_s < 1.0:
        z += 0.9
    return logistic(z)


@kernel
def undercut_probability(gap_s: float, age_laps: float, age_difference: float) -> float:
    return logistic(-0.3 - 0.9 * (gap_s - 1.5) + 0.10 * (age_laps - 15.0) + 0.04 * age_difference)
