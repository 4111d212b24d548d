"""American football: a field of 120 x 53 1/3 yd, tags at 10 Hz, the ball at 25 Hz, and every stat of a game. A module of this
package is one subject; each offers any of ``SIGNALS``, ``STEPS``, ``EVENT_STEPS`` and ``STATS``, and ``MODULES`` is the order in
which they run."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from features.core.assembly import tables
from features.core.frames import Field
from features.core.sport import Sport
from features.nfl import (
    alignment,
    carrier,
    commentary,
    counts,
    defense,
    effort,
    flight,
    game,
    handlers,
    handoff,
    highlights,
    ledger,
    momentum,
    motion,
    on_air,
    pass_rush,
    passing,
    play_state,
    pocket,
    routes,
    rushing,
    secondary,
    separation,
    thrown,
)
from features.nfl.columns import YD
from features.nfl.ledger import Ledger
from features.nfl.vocabulary import EVENT_TYPES, ROLES

#: tracking first: motion, then the play, then what is known of it; then the events, each before what reads its
#: facts; what goes on air is recorded from the account before the event, so before the ledger
MODULES: Final[tuple[ModuleType, ...]] = (
    motion, play_state, handlers, alignment, secondary, separation, routes, pass_rush, pocket, carrier, handoff, flight, thrown,
    momentum, effort, defense, passing, rushing, game, on_air, counts, ledger, highlights, commentary,
)  # fmt: skip

SPORT: Final = Sport(
    name="nfl",
    field=Field(120.0 * YD, 160.0 / 3.0 * YD),
    grid_hz=10.0,
    hop_s=0.2,
    span_s=0.4,
    max_speed_mps={role: 14.0 for role in ROLES if role != "ball"} | {"ball": 45.0},
    event_types=EVENT_TYPES,
    **tables(MODULES),
    ledger=Ledger,
    roles=ROLES,
    channels=("phase", "offense", *motion.LEFT, *motion.RIGHT),
    mounts={"left": motion.LEFT, "right": motion.RIGHT},
)
