"""Situations drawn at random, many at once: what the played games draw one by one, and what models learn from by the thousand."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from features.mlb.diamond import BASE_M, FT_M, fence_m
from features.mlb.flight import carried
from features.mlb.steal_features import USUAL_POP_S
from simulators.mlb.truth import (
    DELIVERY_SD_S,
    FLIGHT_S,
    FLIGHT_SD_S,
    GROUND_RAD,
    PLACED,
    POP_SD_S,
    REACTION_S,
    REACTION_SD_S,
    RUNNER_K_S,
    SLIDE_M,
    TAG_S,
    fly_out,
    hit_probabilities,
    over_fence,
    run_s,
    steal_probabilities,
)

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator

#: population means and spreads: sprint speed, delivery to the plate, pop time to second
SPRINT_MPS, SPRINT_SD = 8.45, 0.36
DELIVERY_S, DELIVERY_BETWEEN_SD = 1.36, 0.06
POP_S, POP_BETWEEN_SD = 1.98, 0.05
LEAD_M, LEAD_SD = 11.7 * FT_M, 1.5 * FT_M
NEARER_S: Final = USUAL_POP_S[0] - USUAL_POP_S[1]
WIDEST_LEAD_M: Final = 21.0 * FT_M


def sprints(rng: Rng, n: int) -> Floats:
    return np.clip(rng.normal(SPRINT_MPS, SPRINT_SD, n), 7.3, 9.3)


def deliveries(rng: Rng, n: int) -> Floats:
    return np.clip(rng.normal(DELIVERY_S, DELIVERY_BETWEEN_SD, n), 1.18, 1.60)


def pops(rng: Rng, n: int) -> Floats:
    return np.clip(rng.normal(POP_S, POP_BETWEEN_SD, n), 1.83, 2.15)


def steals(rng: Rng, n: int) -> dict[str, Floats]:
    """n attempts as columns (n,), one in five of them of third base (a longer lead, a shorter throw: ``pop_s`` is that of the base
    in question). Half of the leads are what runners take, half anything up to 21 ft, since the curve covers all of them.
    ``before`` and ``released`` are the true chances, ``success`` what happened."""
    third = (rng.random(n) < 0.2).astype(np.float64)
    sprint, delivery, pop = sprints(rng, n), deliveries(rng, n), pops(rng, n) - third * NEARER_S
    lead = np.where(rng.random(n) < 0.5, rng.normal(LEAD_M + 1.1 * third, LEAD_SD, n), rng.uniform(0.0, WIDEST_LEAD_M, n))
    lead = np.clip(lead, 0.0, WIDEST_LEAD_M)
    reaction = np.maximum(rng.normal(REACTION_S, REACTION_SD_S, n), 0.0)
    held = delivery + rng.normal(0.0, DELIVERY_SD_S, n)
    flight = FLIGHT_S + rng.normal(0.0, FLIGHT_SD_S, n)
    thrown = pop + rng.normal(0.0, POP_SD_S, n)
    going = np.maximum(held - flight - reaction, 0.0)
    gain = sprint * (going - RUNNER_K_S * (1.0 - np.exp(-going / RUNNER_K_S)))
    chances = np.empty((n, 2))
    steal_probabilities(np.stack([lead, gain, sprint, delivery, pop], 1), chances)
    arrives = reaction + np.array([run_s(BASE_M - SLIDE_M - x, v, RUNNER_K_S) for x, v in zip(lead, sprint, strict=True)])
    success = (arrives < held + thrown + TAG_S).astype(np.float64)
    return {
        "lead_m": lead,
        "third": third,
        "gain_m": gain,
        "sprint_mps": sprint,
        "delivery_s": delivery,
        "pop_s": pop,
        "balls": rng.integers(0, 4, n).astype(np.float64),
        "strikes": rng.integers(0, 3, n).astype(np.float64),
        "before": chances[:, 0],
        "released": chances[:, 1],
        "success": success,
        "reaction_s": reaction,
        "held_s": held,
        "flight_s": flight,
        "thrown_s": thrown,
        "arrives_s": arrives,
    }


def batted(rng: Rng, n: int) -> Floats:
    """(n, 3) exit speed m/s, launch rad, spray rad of fair balls: hard ones mostly leave at low angles."""
    launch = np.clip(rng.normal(0.22, 0.40, n), -0.9, 1.25)
    most = 43.3 - 7.5 * np.abs(launch - 0.2) ** 1.3
    speed = np.clip(most + rng.normal(0.0, 5.2, n) - rng.exponential(2.4, n), 18.0, 52.0)
    spray = np.clip(rng.normal(0.0, 0.36, n), -0.77, 0.77)
    return np.stack([speed, launch, spray], 1)


def hits(rng: Rng, n: int) -> dict[str, Floats]:
    """n balls in play as columns, with the true chance of a hit and whether it was one."""
    balls = np.column_stack([batted(rng, n), sprints(rng, n)])
    truth = np.empty(n)
    hit_probabilities(balls, PLACED, truth)
    return {
        "exit_speed_mps": balls[:, 0],
        "launch_rad": balls[:, 1],
        "spray_rad": balls[:, 2],
        "sprint_mps": balls[:, 3],
        "truth": truth,
        "hit": (rng.random(n) < truth).astype(np.float64),
    }


def flies(rng: Rng, n: int) -> dict[str, Floats]:
    """n balls in the air that stay in the park, each with the fielder of the best chance: the fielder's place, where the ball comes
    down, when, the true chance of a catch, and whether it was one."""
    balls = batted(rng, 3 * n)
    balls = balls[balls[:, 1] >= GROUND_RAD]
    rows: list[tuple[float, ...]] = []
    four = np.zeros(4)
    for speed, launch, spray in balls.tolist():
        if over_fence(speed, launch, spray):
            continue
        distance, hang, _ = carried(speed, launch).tolist()
        distance = min(distance, fence_m(spray) - 0.5)
        x, y = distance * float(np.cos(spray)), -distance * float(np.sin(spray))
        places = PLACED[int(rng.integers(0, len(PLACED)))]
        who = fly_out(x, y, hang, places, four)
        rows.append((places[who, 0], places[who, 1], x, y, hang, four[0]))
        if len(rows) == n:
            break
    table = np.array(rows)
    names = ("x_m", "y_m", "to_x_m", "to_y_m", "hang_s", "truth")
    columns = {name: table[:, k] for k, name in enumerate(names)}
    return columns | {"caught": (rng.random(len(table)) < columns["truth"]).astype(np.float64)}
