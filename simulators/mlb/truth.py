"""The true probabilities. Outcomes are drawn from exactly these, and each depends on what can be measured at its time.

**Running.** After the start a runner has covered x(t) = v (t - k (1 - exp(-t / k))) with top speed v and k 0.40 s (0.95 s
for a batter, who starts from the swing).

**Steal.** The runner goes with the pitcher's first move and arrives after the reaction and the run to the bag; the tag comes after
delivery, pop time and 0.10 s. All four vary normally from attempt to attempt, so that before the pitch
P = Phi((delivery + pop + 0.10 - reaction - run(lead)) / s). At release the reaction shows in the gain: what is left of the run is
known, and only pitch flight and the catcher vary.

**Catch.** P = logistic((hang - needed) / 0.28 s), where needed is the fielder's reaction (longer when the ball is over the head)
and the run to within reach of where the ball comes down.

**Hit.** Fielders do not stand in the same place every time: each play takes one of 48 sets of places. The chance of a hit given
exit speed, launch angle, spray and the batter's sprint speed is the mean over the sets, in closed form for each: over the fence, a
ball in the air that no fielder reaches, or a ground ball that gets through or is beaten out.
"""

from __future__ import annotations

from math import erf, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from features.mlb.diamond import BASE_M, FENCE_HEIGHT_M, PLACES, fence_m
from features.mlb.flight import carry, height_at, rolling_mps

Floats = npt.NDArray[np.float64]

RUNNER_K_S: Final = 0.40
BATTER_K_S: Final = 0.95
#: the runner's reaction to the first move: mean and spread
REACTION_S, REACTION_SD_S = 0.21, 0.08
DELIVERY_SD_S: Final = 0.10
POP_SD_S: Final = 0.12
TAG_S: Final = 0.10
FLIGHT_S, FLIGHT_SD_S = 0.42, 0.012
#: a runner slides: this much of the way is not run
SLIDE_M: Final = 0.6


@kernel
def covered_m(seconds: float, speed_mps: float, k_s: float) -> float:
    return speed_mps * (seconds - k_s * (1.0 - np.exp(-seconds / k_s))) if seconds > 0.0 else 0.0


@kernel
def run_s(distance_m: float, speed_mps: float, k_s: float) -> float:
    """The inverse of :func:`covered_m`, by Newton's method."""
    if distance_m <= 0.0:
        return 0.0
    t = distance_m / speed_mps + k_s
    for _ in range(30):
        step = (covered_m(t, speed_mps, k_s) - distance_m) / (speed_mps * (1.0 - np.exp(-t / k_s)))
        t -= step
        if abs(step) < 1e-12:
            break
    return t


@kernel
def phi(z: float) -> float:
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))


@kernel
def logistic(z: float) -> float:
    return float(1.0 / (1.0 + np.exp(-z)))


@kernel
def steal_probability(lead_m: float, sprint_mps: float, delivery_s: float, pop_s: float) -> float:
    """Before the pitch, at the lead of the first move; mean delivery and pop time."""
    run = run_s(BASE_M - SLIDE_M - lead_m, sprint_mps, RUNNER_K_S)
    spread = sqrt(REACTION_SD_S**2 + DELIVERY_SD_S**2 + POP_SD_S**2)
    return phi((delivery_s + pop_s + TAG_S - REACTION_S - run) / spread)


@kernel
def steal_probability_at_release(lead_m: float, gain_m: float, sprint_mps: float, pop_s: float) -> float:
    """Once the ball is let go: the rest of the run against pitch flight and pop time."""
    gone = run_s(gain_m, sprint_mps, RUNNER_K_S)
    left = run_s(BASE_M - SLIDE_M - lead_m, sprint_mps, RUNNER_K_S) - gone
    spread = sqrt(FLIGHT_SD_S**2 + POP_SD_S**2)
    return phi((FLIGHT_S + pop_s + TAG_S - left) / spread)


FIELDERS: Final = ("1B", "2B", "3B", "SS", "LF", "CF", "RF")
INFIELD: Final = 4
SETS: Final = 48
_rng = np.random.Generator(np.random.Philox(key=271828))
_offset = _rng.normal(size=(SETS, len(FIELDERS), 2)) * np.array([[1.6, 0.035]] * INFIELD + [[4.5, 0.050]] * 3)
#: (SETS, 7, 2) places x, y of the seven fielders behind the pitcher
_polar = np.array([PLACES[name] for name in FIELDERS]) + _offset
PLACED: Final[Floats] = np.stack([_polar[..., 0] * np.cos(_polar[..., 1]), -_polar[..., 0] * np.sin(_polar[..., 1])], axis=-1)

FIELDER_MPS: Final = 8.0
FIELDER_K_S: Final = 0.50
REACH_M: Final = 1.8
SEE_S, SEE_BACK_S = 0.35, 0.55
CATCH_SCALE_S: Final = 0.28
SUREST: Final = 0.985


@kernel
def needed_s(x: float, y: float, to_x: float, to_y: float) -> float:
    """How long a fielder at (x, y) takes to get within reach of (to_x, to_y); going back (away from home) costs a turn."""
    distance = sqrt((to_x - x) ** 2 + (to_y - y) ** 2)
    back = sqrt(to_x * to_x + to_y * to_y) > sqrt(x * x + y * y) + 2.0
    return (SEE_BACK_S if back else SEE_S) + run_s(distance - REACH_M, FIELDER_MPS, FIELDER_K_S)


@kernel
def catch_probability(hang_s: float, needed: float) -> float:
    return SUREST * logistic((hang_s - needed) / CATCH_SCALE_S)


@kernel
def first_s(sprint_mps: float) -> float:
    """Home to first for a batter of this sprint speed."""
    return 0.30 + run_s(BASE_M, sprint_mps, BATTER_K_S)


@kernel
def grounder(speed_mps: float, launch_rad: float, spray_rad: float, sprint_mps: float, places: Any, out: Any) -> int:
    """The infielder with the best chance of an out on a ball along the ground, or -1; ``out`` gets the chance to stop it, that of
    the throw then, the time at which the ball is there and how far away."""
    # a ball hit into the ground loses the more the steeper it goes
    pace = rolling_mps(speed_mps * np.cos(launch_rad)) * (1.0 - 0.4 * min(max(-launch_rad - 0.1, 0.0), 0.7))
    best, who = 0.0, -1
    for f in range(INFIELD):
        x, y = places[f, 0], places[f, 1]
        r = sqrt(x * x + y * y)
        off = spray_rad - np.arctan2(-y, x)
        along, across = r * np.cos(off), abs(r * np.sin(off))
        # the fielder comes in on a slow ball: what is reached when, at the best of three depths
        for step in range(3):
            depth = along - 6.0 * step
            share = depth * 0.45 / pace
            if depth <= 8.0 or share >= 0.98:
                continue
            there = -np.log(1.0 - share) / 0.45
            way = sqrt(across * across + (6.0 * step) ** 2)
            stop = 0.98 * logistic((there - 0.22 - run_s(way - 1.5, 7.6, 0.40)) / 0.25)
            px, py = depth * np.cos(spray_rad), -depth * np.sin(spray_rad)
            throw = sqrt((px - 19.397) ** 2 + (py + 19.397) ** 2) / 34.0
            beat = logistic((first_s(sprint_mps) - there - 0.75 - throw) / 0.20)
            if stop * beat > best:
                best, who = stop * beat, f
                out[0], out[1], out[2], out[3] = stop, beat, there, depth
    return who


@kernel
def fly_out(to_x: float, to_y: float, hang_s: float, places: Any, out: Any) -> int:
    """The fielder with the best chance to catch a ball that comes down at (to_x, to_y); ``out[0]`` gets the chance."""
    best, who = -1.0, -1
    for f in range(places.shape[0]):
        p = catch_probability(hang_s, needed_s(places[f, 0], places[f, 1], to_x, to_y))
        if p > best:
            best, who = p, f
    out[0] = best
    return who


#: below this launch angle a ball is on the ground before a fielder can catch it
GROUND_RAD: Final = 0.10


@kernel
def hit_probability(speed_mps: float, launch_rad: float, spray_rad: float, sprint_mps: float, placed: Any) -> float:
    """Of a fair ball; ``placed`` (S, 7, 2) are the sets of places."""
    four = np.zeros(4)
    if launch_rad < GROUND_RAD:
        total = 0.0
        for s in range(placed.shape[0]):
            who = grounder(speed_mps, launch_rad, spray_rad, sprint_mps, placed[s], four)
            total += 1.0 - (four[0] * four[1] if who >= 0 else 0.0)
        return float(total / placed.shape[0])
    if over_fence(speed_mps, launch_rad, spray_rad):
        return 1.0
    landed = carry(speed_mps, launch_rad)
    distance = min(landed[0], fence_m(spray_rad) - 0.5)
    x, y = distance * np.cos(spray_rad), -distance * np.sin(spray_rad)
    total = 0.0
    for s in range(placed.shape[0]):
        fly_out(x, y, landed[1], placed[s], four)
        total += 1.0 - four[0]
    return float(total / placed.shape[0])


@kernel
def over_fence(speed_mps: float, launch_rad: float, spray_rad: float) -> bool:
    return bool(height_at(speed_mps, launch_rad, fence_m(spray_rad)) > FENCE_HEIGHT_M)


@kernel
def hit_probabilities(balls: Any, placed: Any, out: Any) -> None:
    """``balls`` (B, 4): exit speed, launch, spray, sprint."""
    for b in range(balls.shape[0]):
        out[b] = hit_probability(balls[b, 0], balls[b, 1], balls[b, 2], balls[b, 3], placed)


@kernel
def steal_probabilities(tries: Any, out: Any) -> None:
    """``tries`` (B, 5): lead, gain, sprint, delivery, pop; ``out`` (B, 2) before the pitch and at release."""
    for b in range(tries.shape[0]):
        out[b, 0] = steal_probability(tries[b, 0], tries[b, 2], tries[b, 3], tries[b, 4])
        out[b, 1] = steal_probability_at_release(tries[b, 0], tries[b, 1], tries[b, 2], tries[b, 4])
