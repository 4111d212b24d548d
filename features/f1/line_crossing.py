"""Gap and place as telemetry has them in the moment when a car crosses the line: what can be compared with official timing."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.sport import EventStep, Stat
from features.f1.ledger import NAN, Ledger, at_line, car_of, number, order_at, racing, whole


def look(event: EventContext) -> None:
    """Facts ``road``: [gap to the leader (s), place] in the last frame before a loop; empty when the car is not seen there."""
    event.facts["road"] = []
    frames, row, n = event.frames, event.row, event.player
    if frames is not None and row >= 0 and n >= 0:
        if frames.t[row] > event.t_s:
            row -= 1  # the last frame before the line: the gap at the last post before it
        seen = [float(frames["gap_s"][row, n]), float(frames["rank"][row, n])]
        event.facts["road"] = seen if np.isfinite(seen[1]) else []


#: what timing calls them, where it gives them
_GIVEN: Final = ("gap_s", "place")


def _fact(index: int) -> Any:
    def read(event: EventContext, ledger: Ledger) -> float | None:
        given = number(event, _GIVEN[index])
        if at_line(event, ledger) and given == given:
            return given
        seen = event.facts["road"]
        if not isinstance(seen, list) or not seen or not at_line(event, ledger):
            return None
        return seen[index] if seen[index] == seen[index] else None

    return read


def standing(part: int, event: EventContext, ledger: Ledger) -> float | None:
    """Place, gap or interval: as the event gives it, else at the line of a race by who was there before."""
    value, car = number(event, ("place", "gap_s", "interval_s")[part]), car_of(event, ledger)
    if value != value and at_line(event, ledger) and racing(ledger) and car is not None and not car.fed:
        value = order_at(ledger, event.player, whole(event, "lap"), whole(event, "loop"), event.t_s)[part]
        value = value if part or value else NAN
    return value if value == value else None


_STANDING: Final = (
    (
        "f1.timing.position",
        "place",
        0,
        "place by timing: as it gives it, else at the line by who was there before; in a practice or qualifying by best laps",
    ),
    ("f1.timing.gap", "s", 1, "to the first, in the same way; in a practice or qualifying the difference of best laps"),
    ("f1.timing.interval", "s", 2, "to the one before, in the same way"),
)

EVENT_STEPS: Final = (EventStep("atline.look", look, on=("loop",), phase="extract"),)
STATS: Final = (
    *(
        Stat(
            ident,
            unit,
            what,
            "player",
            partial(standing, part),
            on=("loop", "standing"),
            depends_on_ledger=True,
            on_screen_name="tower",
        )
        for ident, unit, part, what in _STANDING
    ),
    Stat(
        "f1.car.gap_at_line",
        "s",
        "as timing gives it at the line, else f1.car.gap in the last frame before",
        "player",
        _fact(0),
        on=("loop",),
    ),
    Stat(
        "f1.car.position_at_line",
        "place",
        "as timing gives it at the line, else f1.car.position in the last frame before",
        "player",
        _fact(1),
        on=("loop",),
    ),
)
