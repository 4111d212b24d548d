"""Set Piece Threat: xGoals a team gets out of one corner or one free kick up the pitch, over its latest ten.

A set piece is an event struck directly from a corner, or from a free kick in the opponents' half. Shots of the
possession that grew out of it (``phase``) within half a minute are its yield; several shots add up. Where a feed says
nothing of phases, the team's shots within ten seconds are. Penalties and throw-ins are not counted.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.soccer.ledger import Ledger, counts, place, xgoals_of

KINDS: Final = ("corner", "free_kick")
LATEST: Final = 10
YIELD_S: Final = 30.0
UNSAID_YIELD_S: Final = 10.0


def note(event: EventContext, ledger: Ledger) -> None:
    """Open an account for each set piece; credit a shot to the one it grew out of, opening it if it was not reported."""
    if not counts(event):
        return
    struck, phase = event.attrs.get("set_piece"), event.attrs.get("phase")
    team, now = event.team, ledger.clock_s(event.t_s)
    taken = struck == "corner" or (struck == "free_kick" and place(event)[0] >= 0.5)
    if taken:
        _open(ledger, team, str(struck), now)
    if event.type != "shot":
        return
    xgoals = xgoals_of(event)
    if phase is None and struck in (None, "open_play") and ledger.set_piece_kind[team]:
        grown = now - ledger.set_piece_s[team] <= UNSAID_YIELD_S
    else:
        grown = phase in KINDS and struck in (None, "open_play", phase)
    if not (taken or grown):
        return
    if xgoals != xgoals:
        ledger.unvalued_set_pieces[team] += 1
        return
    if phase in KINDS and not taken and (ledger.set_piece_kind[team] != phase or now - ledger.set_piece_s[team] > YIELD_S):
        _open(ledger, team, str(phase), now)
    ledger.set_pieces[team][-1] += xgoals


def _open(ledger: Ledger, team: int, kind: str, now: float) -> None:
    ledger.set_pieces[team].append(0.0)
    del ledger.set_pieces[team][:-LATEST]
    ledger.set_piece_kind[team], ledger.set_piece_s[team] = kind, now


def set_piece_threat(ledger: Ledger, t_s: float) -> Floats:
    """(2,): mean xGoals of the latest set pieces; NaN before the first, and where their shots have no value."""
    out = np.full(2, np.nan)
    for team in (0, 1):
        pieces = ledger.set_pieces[team]
        if pieces and (sum(pieces) > 0.0 or not ledger.unvalued_set_pieces[team]):
            total = 0.0
            for xgoals in pieces:
                total += xgoals
            out[team] = total / len(pieces)
    return out


EVENT_STEPS = (EventStep("setpieces.note", note, on=("pass", "shot"), phase="apply"),)

STATS = (
    Stat(
        "soccer.team.set_piece_threat",
        "goals",
        "xGoals per corner and per free kick in the opponents' half, over the team's latest ten.",
        per="team",
        compute=set_piece_threat,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        on_screen_name="Set Piece Threat",
        built_on=("xgoals",),
    ),
)
