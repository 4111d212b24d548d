"""The batted ball: how hard, how steep, where to, how far, and how often such a ball is a hit.

*Barrel* follows T. Tango's formula for Statcast's definition: at least 98 mph, 4 to 50 degrees, 1.5 EV - LA >= 117 and
EV + LA >= 124. *Hard hit* is 95 mph or more. *Projected distance* is where the ball would come down if nothing were in its way, by
the flight of :mod:`features.mlb.flight`.
"""

from __future__ import annotations

from math import cos, degrees, hypot, isfinite, log, sin
from typing import Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import attr, number
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.mlb.diamond import BASE_M, MPH_MPS, PLACES, fence_m, spray_of
from features.mlb.flight import FADE_PER_S, KEPT, carried, fly
from features.mlb.ledger import Ledger

FASTEST_MPS: Final = 125.0 * MPH_MPS
HARD_MPS: Final = 95.0 * MPH_MPS
#: what tracking alone needs of the ball's first flight, s
FROM_S, UNTIL_S = 0.05, 0.35

HIT_FEATURES: Final = (
    ("exit_speed_mps", "m/s", "exit velocity"),
    ("launch_rad", "rad", "launch angle"),
    ("spray_rad", "rad", "direction"),
    ("batter_sprint_mps", "m/s", "the batter's sprint speed"),
    ("carry_m", "m", "projected distance"),
    ("hang_s", "s", "time in the air"),
    ("fence_m", "m", "how far beyond the fence"),
    ("nearest_m", "m", "from the nearest fielder's usual place"),
    ("angle_gap_rad", "rad", "from the nearest infielder's line"),
    ("short_m", "m", "how far short of it a fielder would be"),
    ("across_mps", "m/s", "speed past the nearest infielder"),
    ("along_mps", "m/s", "speed along the ground"),
    ("infield_s", "s", "until it rolls past the nearest infielder"),
    ("grass_s", "s", "until it rolls to the edge of the grass"),
    ("hurry_s", "s", "from there until the batter is at first base"),
)  # fmt: skip
FACT: Final = "batted.features"

_USUAL: Final = [(r * cos(a), -r * sin(a)) for name, (r, a) in PLACES.items() if name not in ("P", "C")]
_INFIELD: Final = [(a, r) for name, (r, a) in PLACES.items() if name in ("1B", "2B", "3B", "SS")]
#: what a fielder needs to see where the ball goes, and the speed of the run then: round figures of our own
REACTS_S: Final = 0.6
#: as far as an infielder comes in on a slow ball
GRASS_M: Final = 24.0
FIELDER_MPS: Final = 8.0


def rolls_s(along_mps: float, distance_m: float) -> float:
    """s until a ball along the ground has come ``distance_m``; NaN when it does not come so far."""
    share = distance_m * FADE_PER_S / max(KEPT * along_mps, 0.1)
    return -log(1.0 - share) / FADE_PER_S if share < 1.0 else float("nan")


def hit_row(speed_mps: float, launch_rad: float, spray_rad: float, sprint_mps: float) -> Floats:
    """(F,) in the order of ``HIT_FEATURES``."""
    distance, hang, _ = carried(speed_mps, launch_rad).tolist()
    there = (distance * cos(spray_rad), -distance * sin(spray_rad))
    nearest = min(hypot(there[0] - x, there[1] - y) for x, y in _USUAL)
    gap = min(abs(spray_rad - a) for a, _ in _INFIELD)
    short = nearest - FIELDER_MPS * max(hang - REACTS_S, 0.0)
    along = speed_mps * cos(launch_rad)
    depth = min((abs(spray_rad - a), r) for a, r in _INFIELD)[1] * cos(gap)
    infield = rolls_s(along, depth) if launch_rad < 0.2 else float("nan")
    grass = rolls_s(along, GRASS_M) if launch_rad < 0.2 else float("nan")
    hurry = BASE_M / sprint_mps - grass
    beyond = distance - fence_m(spray_rad)
    return np.array(
        [
            speed_mps,
            launch_rad,
            spray_rad,
            sprint_mps,
            distance,
            hang,
            beyond,
            nearest,
            gap,
            short,
            along * sin(gap),
            along,
            infield,
            grass,
            hurry,
        ]
    )


def measure(event: EventContext) -> None:
    """Fact ``batted``: exit speed, launch and spray, as reported, or by tracking of the first flight where nothing was."""
    speed, launch, spray = attr(event, "exit_speed_mps"), attr(event, "launch_rad"), attr(event, "spray_rad")
    if not (isfinite(speed) and isfinite(launch) and isfinite(spray)):
        speed, launch, spray = _tracked(event)
    good = 0.0 < speed <= FASTEST_MPS and abs(launch) <= 1.571 and abs(spray) <= 3.1416
    event.facts["batted"] = [speed, launch, spray] if good else None
    event.facts[FACT] = (
        [float(v) for v in hit_row(speed, launch, spray, attr(event, "batter_sprint_mps"))] if good and abs(spray) < 0.79 else None
    )


def _tracked(event: EventContext) -> tuple[float, float, float]:
    """From the ball's positions in the first third of a second: the launch whose flight passes the last of them, found by going
    back along the line and taking gravity and drag of the way into account by one correction."""
    nan = float("nan")
    frames = event.frames
    if frames is None or event.row < 0 or frames.roster.ball < 0:
        return nan, nan, nan
    first = event.row + max(round(FROM_S / frames.dt_s), 1)
    last = min(event.row + round(UNTIL_S / frames.dt_s), frames.hi - 1)
    if last - first < 3:
        return nan, nan, nan
    a, b = frames.xyz[first, frames.roster.ball], frames.xyz[last, frames.roster.ball]
    seconds = float(frames.t[last] - event.t_s)
    if not (np.isfinite(a).all() and np.isfinite(b).all() and seconds > 0.1):
        return nan, nan, nan
    spray = spray_of(float(b[0]), float(b[1]))
    far, high = hypot(float(b[0]), float(b[1])), float(b[2])
    flown = np.zeros((1, 2))
    across, up = far / seconds, (high - 0.9) / seconds + 4.9 * seconds
    for _ in range(6):
        fly(hypot(across, up), float(np.arctan2(up, across)), np.array([seconds]), flown)
        across += (far - float(flown[0, 0])) / seconds
        up += (high - float(flown[0, 1])) / seconds
    return hypot(across, up), float(np.arctan2(up, across)), spray


def _batted(k: int) -> Any:
    def compute(event: EventContext, ledger: Ledger) -> float | None:
        found = event.facts.get("batted")
        return found[k] if isinstance(found, list) else None

    compute.__name__ = f"batted_{('speed', 'launch', 'spray')[k]}"
    return compute


def projected(event: EventContext, ledger: Ledger) -> float | None:
    """m"""
    found = event.facts.get("batted")
    return float(carried(found[0], found[1])[0]) if isinstance(found, list) else None


def hit_features(event: EventContext, ledger: Ledger) -> Floats | None:
    """None for a foul ball, which has no catch probability."""
    row = event.facts.get(FACT)
    return np.array(row, np.float64) if isinstance(row, list) else None


def is_barrel(speed_mps: float, launch_rad: float) -> bool:
    ev, la = speed_mps / MPH_MPS, degrees(launch_rad)
    return ev >= 98.0 and 4.0 <= la <= 50.0 and 1.5 * ev - la >= 117.0 and ev + la >= 124.0


def barrel(event: EventContext, ledger: Ledger) -> float | None:
    found = event.facts.get("batted")
    return float(is_barrel(found[0], found[1])) if isinstance(found, list) else None


def hard_hit(event: EventContext, ledger: Ledger) -> float | None:
    found = event.facts.get("batted")
    return float(found[0] >= HARD_MPS) if isinstance(found, list) else None


def home_to_first(event: EventContext, ledger: Ledger) -> float | None:
    """s from contact until the batter touches first base."""
    taken = event.t_s - ledger.contact_s
    return taken if 3.0 <= taken <= 8.0 else None


def update_hardest(event: EventContext, ledger: Ledger) -> None:
    found = event.facts.get("batted")
    if isinstance(found, list):
        ledger.hardest_mps = max(ledger.hardest_mps, number(found[0]))


EVENT_STEPS: Final = (
    EventStep("batted.measure", measure, on=("batted_ball",), phase="extract"),
    EventStep("batted.hardest", update_hardest, on=("batted_ball",), phase="apply"),
)
_HIT: Final = ("batted_ball",)
STATS: Final = (
    Stat("mlb.batted_ball.exit_velocity", "mph", "speed of the ball off the bat", "player", _batted(0), on=_HIT,
          on_screen_name="hit card"),
    Stat("mlb.batted_ball.launch_angle", "deg", "angle off the bat, above level", "player", _batted(1), on=_HIT,
          on_screen_name="hit card"),
    Stat(
        "mlb.batted_ball.spray", "deg", "direction of the ball: 0 towards centre field, positive towards first base", "player",
        _batted(2), on=_HIT, on_screen_name="spray chart",
    ),
    Stat(
        "mlb.batted_ball.projected_distance", "ft", "where it would come down if nothing were in its way", "player", projected,
        on=_HIT, on_screen_name="hit card", source="features/mlb/flight.py",
    ),
    Stat(
        "mlb.batted_ball.hit_probability", "0..1", "how often a fair ball like this is a hit", "player", hit_features, on=_HIT,
        model="hit-probability", on_screen_name="xBA", source="Statcast glossary, Expected Batting Average",
    ),
    Stat(
        "mlb.batted_ball.barrel", "0..1", "1 for a barrel", "player", barrel, on=_HIT, on_screen_name="hit card",
        source="Statcast glossary, Barrel",
    ),
    Stat("mlb.batted_ball.hard_hit", "0..1", "1 at 95 mph or more", "player", hard_hit, on=_HIT, on_screen_name="hit card"),
    Stat(
        "mlb.runner.home_to_first", "s", "from contact until the batter touches first base", "player", home_to_first,
        on=("at_first",), depends_on_ledger=True, on_screen_name="Home to First",
    ),
)  # fmt: skip
