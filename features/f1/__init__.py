"""Formula 1: a race of many cars of many teams on a circuit, no ball and no sides. Space is metres of the circuit's map; along the
lap, metres from the finish line. Telemetry is what a reducer makes of the cars' channels: a packet of statistics every 100 ms.

A module of this package is one subject; each offers any of ``SIGNALS``, ``STEPS``, ``EVENT_STEPS`` and ``STATS``, and ``MODULES``
is the order in which they run."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Final

from features.core.assembly import tables
from features.core.frames import Field
from features.core.sport import Sport
from features.f1 import (
    anomaly,
    battle,
    commentary,
    corners,
    game,
    highlights,
    ledger_events,
    line_crossing,
    momentum,
    on_air,
    progress,
    start,
    strategy,
    telemetry,
    timing,
    tyres,
)
from features.f1.channels import COLUMNS, MEASURED, TIMED
from features.f1.ledger import Ledger
from features.f1.vocabulary import EVENT_TYPES, ROLES

MODULES: Final[tuple[ModuleType, ...]] = (
    telemetry,
    progress,
    battle,
    corners,
    start,
    anomaly,
    momentum,
    on_air,
    ledger_events,
    timing,
    line_crossing,
    tyres,
    strategy,
    game,
    highlights,
    commentary,
)

_TABLES: Final = tables(MODULES)
#: ten times a second most values of twenty cars are what they were: one is published when it changes
_TABLES["stats"] = tuple(replace(stat, holds=stat.kind == "window") for stat in _TABLES["stats"])

SPORT: Final = Sport(
    name="f1",
    field=Field(4000.0, 4000.0),
    grid_hz=10.0,
    hop_s=0.1,
    span_s=0.1,
    # no car does more than 110; positions that come ten times a second may be off by some metres besides
    max_speed_mps={"car": 150.0},
    event_types=EVENT_TYPES,
    **_TABLES,
    ledger=Ledger,
    roles=ROLES,
    teams=None,
    channels=(*COLUMNS, *TIMED, MEASURED),
)
