"""The start: reaction to the lights, and how long from rest to 100 and 200 km/h.

A step notes when each car last began to move from rest and when it then passed both speeds, between the rows around it; the event
"start" of a car, sent when it is up to speed, reads them, and the ledger knows when the lights went out.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Frames
from features.core.sport import EventStep, Signal, Stat, Step
from features.f1.ledger import Ledger

REST_MPS: Final = 0.3
SPEEDS_MPS: Final = (100.0 / 3.6, 200.0 / 3.6)
#: a reaction outside of this is not one (a jump start, or lights of another start), s
REACTIONS_S: Final = (-0.5, 3.0)

#: when it began to move, passed 100 km/h, passed 200 km/h (s on the game's axis)
LAUNCH = Signal("launch_s", "s", ("N", 3), keep_s=10.0)


@kernel
def _cross(before: float, now: float, level: float, t0: float, t1: float) -> float:
    return t0 + (level - before) / (now - before) * (t1 - t0)


@kernel
def follow(t: Any, speed: Any, forward: Any, lo: int, hi: int, out: Any) -> None:
    """``speed`` is the last of each window, ``forward`` its greatest acceleration."""
    for i in range(lo, hi):
        for n in range(speed.shape[1]):
            out[i, n] = out[i - 1, n]
            before, now = speed[i - 1, n], speed[i, n]
            if np.isnan(before) or np.isnan(now):
                continue
            if before <= REST_MPS < now:
                # it began to move within this window: so long ago as its acceleration takes to this speed
                moved = t[i] - now / forward[i, n] if forward[i, n] > 1.0 else t[i - 1]
                out[i, n, 0] = min(max(moved, t[i - 1]), t[i])
                out[i, n, 1], out[i, n, 2] = np.nan, np.nan
            for level in range(2):
                mps = SPEEDS_MPS[level]
                if np.isnan(out[i, n, 1 + level]) and before < mps <= now:
                    out[i, n, 1 + level] = _cross(before, now, mps, t[i - 1], t[i])


def step(frames: Frames) -> None:
    follow(frames.t, frames["speed_mps.last"], frames["longitudinal_mps2.max"], frames.lo, frames.hi, frames["launch_s"])


def look(event: EventContext) -> None:
    """Fact ``launch``: [moved, at 100 km/h, at 200 km/h] s on the game's axis; empty when not seen."""
    event.facts["launch"] = []
    if event.frames is not None and event.row >= 0 and event.player >= 0:
        event.facts["launch"] = [float(v) for v in event.frames["launch_s"][event.row, event.player]]


def started(event: EventContext, ledger: Ledger) -> list[float] | None:
    """Reaction, 0-100, 0-200 km/h, s."""
    seen = event.facts["launch"]
    if not isinstance(seen, list) or not seen:
        return None
    moved, to_100, to_200 = seen
    reaction = moved - ledger.lights_s
    if not REACTIONS_S[0] <= reaction <= REACTIONS_S[1]:
        reaction = float("nan")
    return [reaction, to_100 - moved, to_200 - moved]


EVENT_STEPS: Final = (EventStep("start.look", look, on=("start",), phase="extract"),)
SIGNALS: Final = (LAUNCH,)
STEPS: Final = (Step("start.follow", step, SIGNALS),)
STATS: Final = (
    Stat(
        "f1.car.start",
        "s",
        "from lights out to the first movement, and from there to 100 and 200 km/h",
        "player",
        started,
        on=("start",),
        components=("reaction", "to_100_kmh", "to_200_kmh"),
        depends_on_ledger=True,
        on_screen_name="Start Analysis",
    ),
)
