"""Baseball: the diamond with its origin at the back tip of home plate, player tracking at 30 Hz, pitch and hit events, and every
stat of a game. A module of this package is one subject; each offers any of ``SIGNALS``, ``STEPS``, ``EVENT_STEPS`` and ``STATS``,
and ``MODULES`` is the order in which they run."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from features.core.assembly import tables
from features.core.sport import Sport
from features.mlb import (
    batted,
    commentary,
    counts,
    fielding,
    game,
    highlights,
    ledger,
    momentum,
    on_air,
    pitching,
    play,
    running,
    steal,
)
from features.mlb.diamond import FIELD
from features.mlb.ledger import Ledger
from features.mlb.vocabulary import CHANNELS, EVENT_TYPES, ROLES

#: tracking first; then the account of events: what goes on air is recorded from the account before the event, so first; highlights
#: and commentary last, since they rest on the others
MODULES: Final[tuple[ModuleType, ...]] = (
    running, play, steal, momentum, on_air, ledger, pitching, batted, fielding, game, counts, highlights, commentary,
)  # fmt: skip

SPORT: Final = Sport(
    name="mlb",
    field=FIELD,
    grid_hz=30.0,
    hop_s=0.2,
    span_s=0.4,
    max_speed_mps={"pitcher": 13.0, "catcher": 13.0, "fielder": 13.0, "hitter": 13.0, "ball": 65.0},
    event_types=EVENT_TYPES,
    **tables(MODULES),
    ledger=Ledger,
    roles=ROLES,
    channels=CHANNELS,
)
