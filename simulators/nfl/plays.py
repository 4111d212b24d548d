"""What both teams intend: formation, call, routes, coverage, rush. Everything drawn from the game's own generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.nfl.columns import YD
from features.nfl.vocabulary import ROUTES
from simulators.nfl import engine
from simulators.nfl.aims import ELIGIBLE
from simulators.nfl.bodies import MAN, PASS, RUN, SLOTS, ZONE
from simulators.nfl.engine import DRAW, MOST_FRAMES, MOST_NOTES, PLAN

Floats = npt.NDArray[np.float64]

#: role of each slot, in the words of ``features.nfl.vocabulary``, and what is printed on the roster
ROLES: Final = (
    "passer", "back", "line", "line", "line", "line", "line", "end", "receiver", "receiver", "receiver",
    "rusher", "rusher", "rusher", "rusher", "backer", "backer", "backer", "cover", "cover", "cover", "cover",
)  # fmt: skip
POSITIONS: Final = (
    "QB", "RB", "LT", "LG", "C", "RG", "RT", "TE", "WR", "WR", "WR",
    "DE", "DT", "DT", "DE", "OLB", "MLB", "OLB", "CB", "CB", "SS", "FS",
)  # fmt: skip
_CAP: Final = (7.0, 8.5, *(5.9,) * 5, 7.7, *(8.8,) * 3, 7.3, 6.5, 6.5, 7.3, 7.9, 7.7, 7.9, 8.8, 8.8, 8.5, 8.5)
_ACCEL: Final = (5.0, 6.5, *(4.5,) * 5, 5.5, *(6.5,) * 3, 5.5, 4.6, 4.6, 5.5, 5.8, 5.6, 5.8, 6.5, 6.5, 6.2, 6.2)

#: of each route: depth of the stem (yd), its leg as (upfield, outward), 1 where the receiver stops at the end of it, 2 no leg
_TREE: Final = {
    "flat": (0.8, (0.18, 1.0), 0), "slant": (1.2, (0.6, -0.8), 0), "comeback": (8.0, (-2.6, 2.2), 1),
    "curl": (4.0, (-1.8, -0.6), 1), "out": (3.5, (0.05, 1.0), 0), "dig": (3.5, (0.05, -1.0), 0),
    "corner": (9.5, (0.8, 0.75), 0), "post": (9.5, (0.95, -0.5), 0), "go": (60.0, (1.0, 0.0), 2),
}  # fmt: skip
#: these are run at many depths
_LOOSE: Final = ("out", "dig")
#: how often a receiver is sent on each
_OFTEN: Final = {
    "flat": 0.02, "slant": 0.07, "comeback": 0.05, "curl": 0.14, "out": 0.13, "dig": 0.22, "corner": 0.06, "post": 0.08, "go": 0.23,
}  # fmt: skip
#: seconds until a pass to such a route can leave
_READY_S: Final = {
    "flat": 1.5,
    "slant": 1.4,
    "comeback": 2.4,
    "curl": 1.9,
    "out": 1.7,
    "dig": 1.6,
    "corner": 2.4,
    "post": 2.4,
    "go": 2.2,
}


@dataclass(frozen=True)
class Intent:
    """A plan for the engine and the words that go with it. ``routes`` by slot."""

    plan: Any
    kind: str
    coverage: str
    routes: dict[int, str]
    box: int


def draw(rng: np.random.Generator, *, down: int, to_go_yd: float, to_goal_yd: float, spot_m: float, behind: float = 0.0) -> Intent:
    """What is called on this down. ``spot_m`` is where the ball lies, to the left of the middle; ``behind`` 1 when time presses."""
    plan = np.zeros(1, PLAN)[0]
    run = rng.random() < np.clip(0.57 - 0.035 * (to_go_yd - 5.0) - 0.12 * (down == 3) - 0.35 * behind, 0.05, 0.85)
    plan["kind"], plan["spot"], plan["to_goal"] = (RUN if run else PASS), spot_m, to_goal_yd * YD
    plan["coverage"] = MAN if rng.random() < 0.285 else ZONE
    plan["cap"] = np.array(_CAP) * rng.uniform(0.96, 1.04, SLOTS)
    plan["accel"] = _ACCEL
    plan["assign"] = -1
    plan["settles"], plan["motion"], plan["throw_s"] = 2, -1, 9.0
    plan["snap"] = DRAW * int(rng.integers(8, 14))
    plan["handoff_s"] = round(0.2 * int(rng.integers(5, 8)), 1)
    plan["lane"] = spot_m + rng.uniform(-5.0, 5.0)
    plan["drop"] = rng.uniform(6.0, 8.5)
    pos = plan["pos"]
    half = 26.6666 * YD - 1.2
    shotgun = rng.random() < 0.65
    pos[0] = (-4.6 if shotgun else -1.1, spot_m)
    side = 1.0 if rng.random() < 0.5 else -1.0
    pos[1] = (-4.8 if shotgun else -6.4, spot_m + (1.5 * side if shotgun else 0.0))
    for k, n in enumerate(range(2, 7)):
        pos[n] = (-0.75 - 0.15 * abs(k - 2), spot_m + (2 - k) * 1.45)
    strong = 1.0 if rng.random() < 0.5 else -1.0
    pos[7] = (-0.9, spot_m + strong * rng.uniform(4.3, 4.9))
    wide = rng.uniform(14.0, 17.5, 2)
    pos[8] = (-0.6, min(spot_m + wide[0], half))
    pos[9] = (-0.6, max(spot_m - wide[1], -half))
    pos[10] = (-1.2, np.clip(spot_m - strong * rng.uniform(7.0, 9.5), -half, half))
    if not run and rng.random() < 0.25:
        plan["motion"] = 10
    # the defence: four down linemen, backers, corners over the wide receivers, safeties deep or in the box
    for k, n in enumerate(range(11, 15)):
        pos[n] = (rng.uniform(0.85, 1.1), spot_m + (1.5 - k) * 2.4 + rng.normal(0.0, 0.15))
        plan["rush"][n] = 1
    for k, n in enumerate(range(15, 18)):
        pos[n] = (rng.uniform(3.6, 5.0), spot_m + (1 - k) * 3.6 + rng.normal(0.0, 0.3))
    off = rng.uniform(1.6, 7.0, 2)
    pos[18], pos[19] = (pos[8, 0] + off[0] + 0.6, pos[8, 1] - 0.5), (pos[9, 0] + off[1] + 0.6, pos[9, 1] + 0.5)
    low = rng.random() < (0.55 if run else 0.25)
    pos[20] = (rng.uniform(4.8, 6.4) if low else rng.uniform(9.8, 12.5), spot_m + strong * (2.6 if low else 6.5))
    pos[21] = (rng.uniform(10.5, 14.0), spot_m - (0.0 if low else strong * 6.5))
    if rng.random() < 0.35:  # a backer walks out over the slot
        pos[15 if strong < 0 else 17] = (rng.uniform(3.0, 6.0), pos[10, 1] - strong * -0.5)
    most = to_goal_yd * YD + 8.5
    pos[11:, 0] = np.minimum(pos[11:, 0], most)
    plan["box"] = int(sum(p[0] <= 8.0 * YD and abs(p[1] - spot_m) <= 6.0 * YD for p in pos[11:]))
    if not run and rng.random() < 0.3:
        plan["rush"][int(rng.integers(15, 18))] = 1
    plan["delay_s"] = np.where(np.arange(SLOTS) < 11, 0.0, rng.uniform(0.10, 0.35, SLOTS))
    routes = _routes(rng, plan, spot_m)
    _pairs(rng, plan, run)
    _zones(rng, plan, spot_m)
    return Intent(plan, "run" if run else "pass", ("man", "zone")[plan["coverage"]], routes, int(plan["box"]))


def _routes(rng: np.random.Generator, plan: Any, spot_m: float) -> dict[int, str]:
    """A route for each eligible receiver, and when the ball is to leave."""
    routes: dict[int, str] = {}
    for n in ELIGIBLE:
        name = "flat" if n == 1 else str(rng.choice(ROUTES, p=[_OFTEN[r] for r in ROUTES]))
        stem, leg, settles = _TREE[name]
        out = 1.0 if plan["pos"][n, 1] >= spot_m else -1.0
        plan["stem"][n] = max(stem * YD + rng.normal(0.0, 2.6 if name in _LOOSE else 0.35), 0.8) if n != 1 else 0.8
        plan["leg"][n] = (leg[0] * (YD if settles == 1 else 1.0), out * leg[1] * (YD if settles == 1 else 1.0))
        plan["settles"][n] = settles
        if n == 1:  # out of the backfield and along the line
            plan["leg"][n, 0] = 0.02
        routes[n] = name
    if plan["kind"] == PASS:
        ready = sorted(_READY_S[routes[n]] for n in ELIGIBLE)
        plan["throw_s"] = round(ready[int(rng.integers(0, 4))] + rng.uniform(0.1, 0.7), 1)
    return routes


def _pairs(rng: np.random.Generator, plan: Any, run: bool) -> None:
    """Blockers to rushers, and in man coverage defenders to receivers."""
    assign, rush = plan["assign"], plan["rush"]
    for blocker, rusher in ((2, 11), (3, 12), (5, 13), (6, 14)):
        assign[blocker] = rusher
    blitz = [n for n in range(15, 18) if rush[n]]
    assign[4] = blitz[0] if blitz else -1
    if blitz and not run:
        assign[1] = blitz[0]
    if run:
        # in front of a run every blocker has a defender: backers for the free blockers, corners for the receivers
        assign[4], assign[7], assign[8], assign[9], assign[10] = 16, 15, 18, 19, 17
    free = [n for n in (20, 15, 17, 16) if not rush[n]]
    pairs = {18: 8, 19: 9}
    wanted = [10, 7, 1]
    for n in free:
        if not wanted:
            break
        pairs[n] = wanted.pop(0)
    if not run and blitz:
        pairs = {n: r for n, r in pairs.items() if r != 1}
    for n, r in pairs.items():
        if plan["coverage"] == MAN:
            assign[n] = r
            tight = rng.uniform(0.5, 2.4)
            plan["offset"][n] = (rng.uniform(-0.4, 1.0) * tight, -np.sign(plan["pos"][r, 1] - plan["spot"]) * 0.35 * tight)
            plan["lag"][n] = int(rng.integers(4, 22))


def _zones(rng: np.random.Generator, plan: Any, spot_m: float) -> None:
    """Where a zone defender drops to: three deep, or two, and the others under them; the free safety in man coverage, too."""
    plan["zone"][:] = plan["pos"]
    two = rng.random() < 0.5
    deep = {20: (13.0, 9.0), 21: (13.0, -9.0)} if two else {18: (13.0, 15.0), 19: (13.0, -15.0), 21: (15.0, 0.0)}
    under = [n for n in (18, 15, 16, 17, 19, 20) if n not in deep and not plan["rush"][n]]
    width = np.linspace(15.0, -15.0, max(len(under), 2))
    order = sorted(under, key=lambda n: -plan["pos"][n, 1])
    for n, v in zip(order, width, strict=False):
        plan["zone"][n] = (rng.uniform(6.0, 8.5), np.clip(spot_m + v, -22.5, 22.5))
    for n, (u, v) in deep.items():
        plan["zone"][n] = (u + rng.normal(0.0, 1.0), np.clip(spot_m + v, -22.0, 22.0))
    plan["zone"][11:, 0] = np.minimum(plan["zone"][11:, 0], plan["to_goal"] + 8.0)


@dataclass(frozen=True)
class Played:
    """A play as it went: places (T, 22, 2) and ball (T, 3) in the play's frame, facing (T, 22), phase (T,), the engine's event rows
    (E, 6) and the truths behind it (M, 5), at 50 frames a second; the snap is frame ``plan["snap"]``."""

    intent: Intent
    places: Floats
    facing: Floats
    ball: Floats
    phase: Floats
    event_rows: Floats
    notes: Floats


def play_out(intent: Intent, seed: int) -> Played:
    """Let it happen; every draw inside comes from ``seed``."""
    places, facing = np.empty((MOST_FRAMES, SLOTS, 2)), np.empty((MOST_FRAMES, SLOTS))
    ball, phase = np.empty((MOST_FRAMES, 3)), np.empty(MOST_FRAMES)
    event_rows, notes = np.zeros((32, 6)), np.zeros((MOST_NOTES, 5))
    state = np.array([seed, 0], np.uint64)
    frames, e, m = engine.play_out(intent.plan, state, places, facing, ball, phase, event_rows, notes)
    return Played(
        intent,
        places[:frames].copy(),
        facing[:frames].copy(),
        ball[:frames].copy(),
        phase[:frames].copy(),
        event_rows[:e],
        notes[:m],
    )
