"""Score, clock and the chances of each result."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import WHOLE_GAME, EventStep, Stat
from features.soccer.ledger import EXTRA_HALF, SHOOTOUT, Ledger, counts

#: as shares of a half: the added time to be expected in the last period while it is unknown (4 min
#: of 45); what is left when that is over and the referee plays on (30 s)
ADDED: Final = 4 / 45
NOT_YET_OVER: Final = 1 / 90
SECOND_EXTRA: Final = 4
#: with more than this share of the shots without xGoals, the sums of both teams say nothing of how the match goes
MOST_UNVALUED: Final = 0.2

#: (name, unit, label) in the model's order
WIN_FEATURES: Final = (
    ("time_left_s", "s", "time left"),
    ("goal_difference", "goals", "score"),
    ("red_card_difference", "count", "red cards"),
    ("xgoals_home", "goals", "home xGoals so far"),
    ("xgoals_away", "goals", "away xGoals so far"),
)

#: goals an even match gives each side in 90 minutes, the edge of playing at home, and what a player less does to each
#: side: round figures of our own choice, of the size commonly seen in top leagues
GOALS_PER_MATCH: Final = 1.35
HOME_EDGE: Final = 1.12
SHORT_HANDED: Final = 0.70
AGAINST_SHORT_HANDED: Final = 1.30
MOST_GOALS: Final = 12


def scorer(event: EventContext) -> int:
    """Which team this event scores for: 0, 1, or -1. An own goal is reported for the team of the player who did it."""
    if not counts(event):
        return -1
    if event.type == "own_goal":
        return 1 - event.team
    return event.team if event.type == "shot" and event.outcome == "goal" else -1


def sent_off(event: EventContext) -> bool:
    return event.type == "card" and event.attrs.get("card") in ("red", "second_yellow") and counts(event)


def update_score(event: EventContext, ledger: Ledger) -> None:
    team = scorer(event)
    if team >= 0:
        ledger.goals[team] += 1
    elif sent_off(event):
        ledger.reds[event.team] += 1


def update_shootout(event: EventContext, ledger: Ledger) -> None:
    """A kick of a shoot-out decides it and nothing else."""
    if event.period == SHOOTOUT and event.team in (0, 1):
        ledger.kicks[event.team] += 1
        ledger.shootout[event.team] += int(event.outcome == "goal")


def time_left_s(ledger: Ledger, t_s: float) -> float:
    """Playing time left with the added time that is to be expected: 0 only when the last period is over.

    Before kick-off, in the break and in extra time (two halves of a third) the periods to come count in full. A
    match whose second half has ended is over, until a third period begins; in a shoot-out nothing is left to play.
    """
    if ledger.period >= SHOOTOUT:
        return 0.0
    period, gone = ledger.period, ledger.in_period_s(t_s)
    half, last = (ledger.half_s, 2) if period <= 2 else (ledger.half_s * EXTRA_HALF, SECOND_EXTRA)
    added = ledger.half_s * ADDED
    if not ledger.running:
        return {0: 2 * half + added, 1: half + added, 3: half + added}.get(period, 0.0)
    if period < last:
        return 2 * half - min(gone, half) + added
    return max(half + added - gone, ledger.half_s * NOT_YET_OVER)


def win_features(ledger: Ledger, t_s: float) -> Floats:
    """(1, F): :data:`WIN_FEATURES` at ``t_s``; differences are home minus away. xGoals are NaN where too many shots have none."""
    valued, unvalued = sum(ledger.shots), sum(ledger.unvalued)
    known = unvalued <= MOST_UNVALUED * (valued + unvalued)
    return np.array(
        [
            [
                time_left_s(ledger, t_s),
                ledger.goals[0] - ledger.goals[1],
                ledger.reds[0] - ledger.reds[1],
                ledger.team_xgoals[0] if known else np.nan,
                ledger.team_xgoals[1] if known else np.nan,
            ]
        ],
        np.float64,
    )


@kernel
def result_odds(left_s: float, goal_difference: int, reds_home: int, reds_away: int) -> Floats:
    """(3,) home, draw, away by two independent Poisson counts of the goals still to come.

    A closed form that needs no model: highlights measure with it how much an event swung the match. What goes on
    screen as win probability is the trained model's.
    """
    share = left_s / 5400.0
    home = GOALS_PER_MATCH * HOME_EDGE * share * SHORT_HANDED**reds_home * AGAINST_SHORT_HANDED**reds_away
    away = GOALS_PER_MATCH / HOME_EDGE * share * SHORT_HANDED**reds_away * AGAINST_SHORT_HANDED**reds_home
    odds = np.zeros(3)
    p_home = np.exp(-home)
    for i in range(MOST_GOALS + 1):
        p_away = np.exp(-away)
        for j in range(MOST_GOALS + 1):
            lead = goal_difference + i - j
            odds[0 if lead > 0 else 1 if lead == 0 else 2] += p_home * p_away
            p_away *= away / (j + 1.0)
        p_home *= home / (i + 1.0)
    total = odds[0] + odds[1] + odds[2]
    for k in range(3):
        odds[k] /= total
    return odds


def swing(event: EventContext, ledger: Ledger) -> float:
    """How far a goal or a red card moved the odds, 0..1: the largest change among the three results.

    ``ledger`` is the account before the event. 0 for events that change neither score nor numbers.
    """
    scored, off = scorer(event), sent_off(event)
    if scored < 0 and not off:
        return 0.0
    return _moved(ledger, event.t_s, scored, event.team if off else -1)


def stake(event: EventContext, ledger: Ledger) -> float:
    """How far the odds would move, 0..1, if the event's team scored with it; 0 where it belongs to no team."""
    return _moved(ledger, event.t_s, event.team, -1) if counts(event) else 0.0


def _moved(ledger: Ledger, t_s: float, scored: int, off: int) -> float:
    lead, reds = ledger.goals[0] - ledger.goals[1], list(ledger.reds)
    left = time_left_s(ledger, t_s)
    before = result_odds(left, lead, reds[0], reds[1])
    if scored >= 0:
        lead += 1 if scored == 0 else -1
    if off >= 0:
        reds[off] += 1
    after = result_odds(left, lead, reds[0], reds[1])
    return max(abs(float(after[k] - before[k])) for k in range(3))


def score(ledger: Ledger, t_s: float) -> Floats:
    """(1, 2): goals of home and away, own goals included, shoot-out excluded."""
    return np.array([ledger.goals], np.float64)


def shootout(ledger: Ledger, t_s: float) -> Floats:
    """(1, 2): goals of home and away in the shoot-out; NaN before its first kick."""
    return np.array([ledger.shootout if any(ledger.kicks) else [np.nan, np.nan]], np.float64)


EVENT_STEPS = (
    EventStep("match.score", update_score, on=("shot", "own_goal", "card"), phase="apply"),
    EventStep("match.shootout", update_shootout, on=("shot",), phase="apply"),
)

STATS = (
    Stat(
        "soccer.match.score", "goals",
        "Goals of each team; own goals count for the other side, a penalty shoot-out does not count.",
        per="match", compute=score, every_s=1.0, ticks=True, ledger_only=True, components=("home", "away"),
        on_screen_name="score bug",
        looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.match.shootout", "goals", "Goals of each team in the penalty shoot-out; null where there is none.",
        per="match", compute=shootout, every_s=1.0, ticks=True, ledger_only=True, components=("home", "away"),
        on_screen_name="score bug",
    ),
    Stat(
        "soccer.match.win_probability", "0..1",
        "Chances of a home win, a draw and an away win by play, from time left, score, red cards and xGoals so far: in normal time "
        "of the score when the second half ends, in extra time of that when it ends; a shoot-out decides none of them.",
        per="match", compute=win_features, every_s=1.0, ticks=True, model="soccer-win-probability",
        components=("home", "draw", "away"), on_screen_name="Win Probability", looks_back_s=WHOLE_GAME,
    ),
)  # fmt: skip
