"""The fielder and a ball in the air: the jump, the route, and how often such a ball is caught.

*Jump* is Statcast's: the distance covered in the right direction in the first three seconds after the pitch is released, here by
itself and not against the league's mean. *Route efficiency* is the straight way from where the fielder stood to where the ball came
down, over the way run. Both need no more than the row in which the ball came down: what they look back on stands there
(:mod:`features.mlb.play`).
"""

from __future__ import annotations

from math import hypot, isfinite
from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import attr
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.mlb.diamond import spray_of
from features.mlb.ledger import Ledger
from features.mlb.vocabulary import BATTED

#: a fielder who had to go less than this ran no route
LEAST_ROUTE_M: Final = 3.0
LONGEST_HANG_S: Final = 10.0

CATCH_FEATURES: Final = (
    ("distance_m", "m", "way to where the ball comes down"),
    ("hang_s", "s", "time from contact"),
    ("needed_mps", "m/s", "speed that takes"),
    ("back", "0..1", "over his head"),
    ("depth_m", "m", "how far out he stood"),
    ("spray_rad", "rad", "direction of the ball"),
)  # fmt: skip
FACT: Final = "fielding.catch"


def catch_row(x_m: float, y_m: float, to_x_m: float, to_y_m: float, hang_s: float) -> Floats:
    """(F,) for a fielder who stood at (x, y) and a ball that comes down at (to_x, to_y) ``hang_s`` after contact."""
    away = hypot(to_x_m - x_m, to_y_m - y_m)
    back = hypot(to_x_m, to_y_m) > hypot(x_m, y_m) + 2.0
    return np.array([away, hang_s, away / max(hang_s, 0.1), float(back), hypot(x_m, y_m), spray_of(to_x_m, to_y_m)], np.float64)


def find(event: EventContext) -> None:
    """Facts: ``fielder_route`` [stood x, y, after 3 s x, y, run m, ball x, y] and the features of the catch; None where
    nothing was tracked."""
    frames, row, who = event.frames, event.row, event.player
    event.facts["fielder_route"], event.facts[FACT] = None, None
    if frames is None or row < 0 or who < 0:
        return
    # the last row in which the ball was still flying: the next one may belong to what follows
    ball = frames.roster.ball
    while row > 0 and ball >= 0 and frames["phase"][row, ball] != BATTED and event.row - row < 3:
        row -= 1
    x, y = event.x_m, event.y_m
    if not (isfinite(x) and isfinite(y)) and ball >= 0:
        x, y = float(frames.xyz[row, ball, 0]), float(frames.xyz[row, ball, 1])
    route = [float(v) for v in frames["route"][row, who]]
    if not all(isfinite(v) for v in (x, y, *route)):
        return
    event.facts["fielder_route"] = [*route, x, y]
    hang = attr(event, "hang_s")
    if not isfinite(hang):
        hang = event.t_s - float(frames["phase_began"][row, BATTED])
    if 0.0 < hang <= LONGEST_HANG_S:
        event.facts[FACT] = [float(v) for v in catch_row(route[0], route[1], x, y, hang)]


def jump(event: EventContext, ledger: Ledger) -> float | None:
    """m nearer to where the ball came down, three seconds after release."""
    route = event.facts.get("fielder_route")
    if not isinstance(route, list):
        return None
    return hypot(route[0] - route[5], route[1] - route[6]) - hypot(route[2] - route[5], route[3] - route[6])


def route_efficiency(event: EventContext, ledger: Ledger) -> float | None:
    """0..1; the straight way towards the ball as far as the fielder got, over the way run."""
    route, frames = event.facts.get("fielder_route"), event.frames
    if not isinstance(route, list) or frames is None or route[4] < LEAST_ROUTE_M:
        return None
    x, y = frames.xyz[event.row, event.player, :2].tolist()
    came = hypot(x - route[0], y - route[1])
    return min(came / route[4], 1.0) if isfinite(came) else None


def catch_features(event: EventContext, ledger: Ledger) -> Floats | None:
    row = event.facts.get(FACT)
    return np.array(row, np.float64) if isinstance(row, list) else None


EVENT_STEPS: Final = (EventStep("fielding.find", find, on=("fielded",), phase="extract"),)
STATS: Final = (
    Stat(
        "mlb.fielder.jump", "ft", "distance covered towards the ball in the first 3 s after the pitch was released", "player", jump,
        on=("fielded",), on_screen_name="Jump", source="Statcast glossary, Jump",
    ),
    Stat(
        "mlb.fielder.route_efficiency", "%", "straight way over the way that the fielder ran", "player", route_efficiency,
        on=("fielded",), on_screen_name="Route",
    ),
    Stat(
        "mlb.fielder.catch_probability", "0..1", "how often such a ball is caught, from the way to it and the time", "player",
        catch_features, on=("fielded",), model="catch-probability", on_screen_name="Catch Probability",
        source="Statcast glossary, Catch Probability",
    ),
)  # fmt: skip
