"""The true probabilities of a play. Outcomes are drawn from exactly these, and all of them depend on what can be measured.

Distances in m, speeds in m/s, yards as yards; ``crowd`` is the sum over defenders of exp(-distance / 3).

Completion, from the frame in which the pass comes down::

    logit = 1.2 + 0.35 (gap - 2) - 0.08 (air - 12) - 1.1 exp(-pressure / 1.2) - 0.9 exp(-sideline / 1.5)

with gap (receiver to nearest defender, at most 3), air (release to catch), pressure (nearest rusher at the release), sideline.

Yards of a run, from the hand-off: P(at least k) = logistic(eta - cut(k)), k whole yards from -3 up::

    eta = 0.42 + 0.45 (near - 3) - 0.40 (box - 6.5) - 0.55 (crowd - 1.2) + 0.15 (forward - 3)

with near at most 7; of yards after a catch, from 0 up: eta = 0.40 (near - 2.5) - 0.55 (crowd - 0.8) + 0.10 (forward - 3).

A tackle in the next yard is the hazard of that distribution, 1 - P(k + 1) / P(k); which defender makes it is drawn by the share,
exp(-distance / 1.5) over the sum of all.

A rusher who is still blocked beats the blocker in the next 0.4 s with logit = -2.1 - 0.28 (distance - 4) + 1.3 (blocker - 0.9)
+ 0.20 (age - 2), with the rusher's distances to the passer and to the nearest blocker, and the time since the snap.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel

PRESSURE_EVERY_S: Final = 0.4
PRESSURE_FIRST_S: Final = 0.8
SACK_P: Final = 0.90
TACKLE_SHARE_M: Final = 1.5
INTERCEPTION_SHARE: Final = 0.058


@kernel
def logistic(z: float) -> float:
    return float(1.0 / (1.0 + np.exp(-z)))


@kernel
def completion(gap_m: float, air_m: float, pressure_m: float, sideline_m: float) -> float:
    z = 1.2 + 0.35 * (min(gap_m, 3.0) - 2.0) - 0.08 * (air_m - 12.0)
    return logistic(z - 1.1 * np.exp(-pressure_m / 1.2) - 0.9 * np.exp(-max(sideline_m, 0.0) / 1.5))


@kernel
def rush_cut(k: float) -> float:
    """Rises with k: half of the runs of a plain situation gain 3.5 yards or more, one in seven gains 10."""
    if k <= 3.5:
        return (k - 3.5) / 1.9
    return float(1.35 * np.log(1.0 + (k - 3.5) / 2.565))


@kernel
def yac_cut(k: float) -> float:
    return float(-1.6 + 1.9 * np.log(1.0 + k / 2.2))


@kernel
def rush_eta(near_m: float, crowd: float, forward_mps: float, box: float) -> float:
    return 0.42 + 0.45 * (min(near_m, 7.0) - 3.0) - 0.40 * (box - 6.5) - 0.55 * (crowd - 1.2) + 0.15 * (forward_mps - 3.0)


@kernel
def yac_eta(near_m: float, crowd: float, forward_mps: float) -> float:
    return 0.40 * (min(near_m, 7.0) - 2.5) - 0.55 * (crowd - 0.8) + 0.10 * (forward_mps - 3.0)


@kernel
def at_least(eta: float, k: float, caught: bool) -> float:
    """P(at least k yards); 1 for what every run reaches."""
    if caught:
        return 1.0 if k <= 0.0 else logistic(eta - yac_cut(k))
    return 1.0 if k <= -3.0 else logistic(eta - rush_cut(k))


@kernel
def hazard(eta: float, k: float, caught: bool) -> float:
    """Chance to be stopped at k yards, having reached them."""
    return 1.0 - at_least(eta, k + 1.0, caught) / at_least(eta, k, caught)


@kernel
def draw_yards(eta: float, u: float, caught: bool) -> int:
    """The yards that a uniform number ``u`` stands for, at most 99."""
    k = 0 if caught else -3
    while k < 99 and u < at_least(eta, k + 1.0, caught):
        k += 1
    return k


@kernel
def beats_block(distance_m: float, blocker_m: float, age_s: float) -> float:
    return logistic(-2.1 - 0.28 * (distance_m - 4.0) + 1.3 * (min(blocker_m, 3.0) - 0.9) + 0.20 * (age_s - 2.0))
