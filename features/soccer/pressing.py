"""PPDA: passes allowed per defensive action, the public measure of pressing (Trainor, "Defensive metrics", 2014).

Counted where a team builds up: the 60 % of the pitch nearest its own goal. Numerator: passes that the opponents make
there, whatever becomes of them. Denominator: tackles, interceptions and fouls of the pressing team in the same zone.
Few passes per action mean high pressing. The window is the last ten minutes of play; the break does not count.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import numpy as np

from features.common.rates import rate
from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.soccer.ledger import Ledger, counts, place

WINDOW_S: Final = 600.0
BUILD_UP_SHARE: Final = 0.6
ACTIONS: Final = ("tackle", "interception", "foul")


def note(event: EventContext, ledger: Ledger) -> None:
    """Book a build-up pass with the team that plays it, a defensive action up the pitch with the team that presses."""
    depth = place(event)[0]
    if not counts(event) or depth != depth:
        return
    if event.type == "pass":
        if depth > BUILD_UP_SHARE:
            return
        times = ledger.build_up_s[event.team]
    else:
        if depth < 1.0 - BUILD_UP_SHARE:
            return
        times = ledger.defended_s[event.team]
    now = ledger.clock_s(event.t_s)
    times.append(now)
    del times[: bisect_right(times, now - WINDOW_S)]


def ppda(ledger: Ledger, t_s: float) -> Floats:
    """(2,): NaN while a team has made fewer than ``rates.LEAST`` defensive actions in the window."""
    since = ledger.clock_s(t_s) - WINDOW_S
    return np.array(
        [rate(_after(ledger.build_up_s[1 - team], since), _after(ledger.defended_s[team], since)) for team in (0, 1)], np.float64
    )


def _after(times: list[float], since: float) -> int:
    return len(times) - bisect_right(times, since)


EVENT_STEPS = (EventStep("pressing.note", note, on=("pass", *ACTIONS), phase="apply"),)

STATS = (
    Stat(
        "soccer.team.pressing",
        "passes",
        "PPDA: opponents' passes in their own 60 % of the pitch per tackle, interception or foul there; last 10 min; from five of "
        "these on.",
        per="team",
        compute=ppda,
        every_s=1.0,
        ticks=True,
        on_screen_name="Pressing",
        source="Trainor, Defensive metrics: measuring the intensity of a high press, 2014",
    ),
)
