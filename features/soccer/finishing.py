"""xGoals of teams and players, cumulative, and how their goals compare: Shot Efficiency.

Only shots that the xGoals model answered for are counted, on both sides of the difference, so that a missing answer
shifts neither. A team all of whose shots are without a value has no sum: that is unknown, and not 0. Own goals belong to
no player's finishing; penalties do, a shoot-out does not.
"""

from __future__ import annotations

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import WHOLE_GAME, EventStep, Stat
from features.soccer.ledger import Ledger, counts, xgoals_of


def add_shot(event: EventContext, ledger: Ledger) -> None:
    xgoals = xgoals_of(event)
    if not counts(event):
        return
    if xgoals != xgoals:
        ledger.unvalued[event.team] += 1
        return
    goal = int(event.outcome == "goal")
    ledger.shots[event.team] += 1
    ledger.team_xgoals[event.team] += xgoals
    ledger.team_scored[event.team] += goal
    if 0 <= event.player < ledger.players:
        ledger.player_shots[event.player] += 1
        ledger.player_xgoals[event.player] += xgoals
        ledger.player_scored[event.player] += goal


def known_xgoals(ledger: Ledger, team: int) -> float:
    """The sum of a team's xGoals so far; NaN when it has shot and none of its shots has a value."""
    return float("nan") if ledger.unvalued[team] and not ledger.shots[team] else ledger.team_xgoals[team]


def team_xgoals(ledger: Ledger, t_s: float) -> Floats:
    """(2,) NaN where it is unknown."""
    return np.array([known_xgoals(ledger, 0), known_xgoals(ledger, 1)], np.float64)


def team_shot_efficiency(ledger: Ledger, t_s: float) -> Floats:
    """(2,): goals minus xGoals."""
    return np.array(ledger.team_scored) - team_xgoals(ledger, t_s)


def player_xgoals(ledger: Ledger, t_s: float) -> Floats:
    """(N,): NaN for those who have not shot."""
    return np.array([x if shots else np.nan for x, shots in zip(ledger.player_xgoals, ledger.player_shots)])


def player_shot_efficiency(ledger: Ledger, t_s: float) -> Floats:
    """(N,): goals minus xGoals, NaN for those who have not shot."""
    return np.array(
        [goals - x if shots else np.nan for goals, x, shots in zip(ledger.player_scored, ledger.player_xgoals, ledger.player_shots)]
    )


EVENT_STEPS = (EventStep("finishing.add_shot", add_shot, on=("shot",), phase="apply"),)

STATS = (
    Stat(
        "soccer.team.xgoals", "goals", "Sum of xGoals of the team's shots so far.",
        per="team", compute=team_xgoals, every_s=1.0, ticks=True, ledger_only=True, on_screen_name="xGoals", built_on=("xgoals",),
        looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.team.shot_efficiency", "goals", "Goals minus xGoals of the team's shots so far, own goals left out.",
        per="team", compute=team_shot_efficiency, every_s=1.0, ticks=True, ledger_only=True, on_screen_name="Shot Efficiency",
        built_on=("xgoals",), looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.player.xgoals", "goals", "Sum of xGoals of the player's shots so far.",
        per="player", compute=player_xgoals, every_s=1.0, ticks=True, ledger_only=True, on_screen_name="xGoals",
        built_on=("xgoals",),
        looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.player.shot_efficiency", "goals", "Goals minus xGoals of the player's shots so far.",
        per="player", compute=player_shot_efficiency, every_s=1.0, ticks=True, ledger_only=True, on_screen_name="Shot Efficiency",
        built_on=("xgoals",), looks_back_s=WHOLE_GAME,
    ),
)  # fmt: skip
