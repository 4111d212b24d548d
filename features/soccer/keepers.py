"""Keeper Efficiency: what the shots on target were worth, minus what went in.

The public form of the idea weighs a shot after it was struck; with xGoals of the moment before the strike the figure is
coarser, but it needs no point on the goal line, which no live feed reports. A keeper's account takes every shot that the keeper
would have had to save: outcomes "goal" and "saved", penalties included, own goals and shoot-outs not.
"""

from __future__ import annotations

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import number, roster_of
from features.core.frames import Floats
from features.core.sport import WHOLE_GAME, EventStep, Stat
from features.soccer.ledger import Ledger, counts, xgoals_of
from features.soccer.vocabulary import ON_TARGET


def find_keeper(event: EventContext) -> None:
    """Fact ``keeper``: the row of axis N of the keeper a shot was against (a save: of the event's own player); -1 unknown.

    The reported keeper comes first. Otherwise it is the one keeper of the other team who is on the pitch in the matched
    frame: exactly one, else none.
    """
    event.facts["keeper"] = -1
    if event.team not in (0, 1):
        return
    if event.type == "save":
        event.facts["keeper"] = event.player
        return
    roster = roster_of(event)
    if roster is None:
        return
    named = event.attrs.get("keeper")
    if isinstance(named, str) and named in roster.index:
        event.facts["keeper"] = roster.index[named]
        return
    if event.frames is None or event.row < 0:
        return
    on_pitch = [
        n
        for n, role in enumerate(roster.role)
        if role == "keeper" and roster.team[n] == 1 - event.team and np.isfinite(event.frames.xyz[event.row, n, 0])
    ]
    if len(on_pitch) == 1:
        event.facts["keeper"] = on_pitch[0]


def face_shot(event: EventContext, ledger: Ledger) -> None:
    """Book a shot on target with the keeper it was against, or with the one last seen in that goal."""
    if not counts(event):
        return
    keeper = int(number(event.facts.get("keeper", -1)))
    guarded = event.team if event.type == "save" else 1 - event.team
    if 0 <= keeper < ledger.players:
        ledger.keeper[guarded] = keeper
    else:
        keeper = ledger.keeper[guarded]
    xgoals = xgoals_of(event)
    if event.type == "shot" and event.outcome in ON_TARGET and keeper >= 0 and xgoals == xgoals:
        ledger.keeper_faced[keeper] += xgoals
        ledger.keeper_conceded[keeper] += int(event.outcome == "goal")


def goals_prevented(ledger: Ledger, t_s: float) -> Floats:
    """(N,): NaN for everybody who has faced no shot on target."""
    return np.array(
        [faced - conceded if faced or conceded else np.nan for faced, conceded in zip(ledger.keeper_faced, ledger.keeper_conceded)]
    )


EVENT_STEPS = (
    EventStep("keepers.find", find_keeper, on=("shot", "save"), phase="extract"),
    EventStep("keepers.face_shot", face_shot, on=("shot", "save"), phase="apply"),
)

STATS = (
    Stat(
        "soccer.keeper.goals_prevented",
        "goals",
        "xGoals of the shots on target that the keeper faced, minus the goals among them.",
        per="player",
        compute=goals_prevented,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        on_screen_name="Keeper Efficiency",
        built_on=("xgoals",),
        looks_back_s=WHOLE_GAME,
    ),
)
