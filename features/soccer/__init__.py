"""Soccer: a field of 105 x 68 m, tracking at 25 Hz, and every stat of a match. A module of this package is one subject;
each offers any of ``SIGNALS``, ``STEPS``, ``EVENT_STEPS`` and ``STATS``, and ``MODULES`` is the order in which they
run."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from features.core.assembly import tables
from features.core.frames import Field
from features.core.sport import Sport
from features.soccer import (
    commentary,
    control,
    counts,
    finishing,
    game,
    highlights,
    keepers,
    ledger,
    momentum,
    motion,
    moves,
    on_air,
    passes,
    positions,
    possession,
    pressing,
    pressure,
    set_pieces,
    shape,
    shots,
    threat,
    zones,
)
from features.soccer.align import align
from features.soccer.ledger import Ledger
from features.soccer.vocabulary import EVENT_TYPES, ROLES

#: tracking first; then the account of events: what goes on air is recorded from the account before the event, so first; the
#: ledger's clock before all that read it, shots before what sums them, highlights and commentary last, since they rest on the
#: others
MODULES: Final[tuple[ModuleType, ...]] = (
    motion, possession, pressure, shape, positions, zones, control, momentum,
    on_air, ledger, moves, shots, passes, threat, game, finishing, counts, keepers, pressing, set_pieces, highlights, commentary,
)  # fmt: skip

SPORT: Final = Sport(
    name="soccer",
    field=Field(105.0, 68.0),
    grid_hz=25.0,
    hop_s=0.2,
    span_s=0.4,
    max_speed_mps={"player": 13.0, "keeper": 13.0, "ball": 60.0},
    event_types=EVENT_TYPES,
    **tables(MODULES),
    ledger=Ledger,
    align=align,
    roles=ROLES,
    channels=("in_play",),
)
