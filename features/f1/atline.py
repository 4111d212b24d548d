"""Gap and place as telemetry has them in the moment when a car crosses the line: what can be compared with official timing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.f1.ledger import Ledger, at_line
from features.moments import Moment
from features.sport import EventStep, Stat


def look(moment: Moment) -> None:
    """Facts ``road``: [gap to the leader (s), place] in the last frame before a loop; empty when the car is not seen there."""
    moment.facts["road"] = []
    frames, row, n = moment.frames, moment.row, moment.player
    if frames is not None and row >= 0 and n >= 0:
        if frames.t[row] > moment.t_s:
            row -= 1  # the last frame before the line: the gap at the last post before it
        seen = [float(frames["gap_s"][row, n]), float(frames["rank"][row, n])]
        moment.facts["road"] = seen if np.isfinite(seen[1]) else []


def _fact(index: int) -> Any:
    def read(moment: Moment, ledger: Ledger) -> float | None:
        seen = moment.facts["road"]
        if not isinstance(seen, list) or not seen or not at_line(moment, ledger):
            return None
        return seen[index] if seen[index] == seen[index] else None

    return read


EVENT_STEPS: Final = (EventStep("atline.look", look, on=("loop",), phase="extract"),)
STATS: Final = (
    Stat("f1.car.gap_at_line", "s", "f1.car.gap in the last frame before the line", "player", _fact(0), on=("loop",)),
    Stat("f1.car.position_at_line", "place", "f1.car.position in the last frame before the line", "player", _fact(1),
         on=("loop",)),
)  # fmt: skip
