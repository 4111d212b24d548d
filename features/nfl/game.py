"""Score, clock, the chance to win before each play, and the fourth-down decision.

Both models take the offence's terms. The clock's part is the number of scores that there is still time for: ``lead_per_root``
is the lead divided by the root of the minutes left, in which the odds are nearly straight.
"""

from __future__ import annotations

from math import isfinite, sqrt
from typing import Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import Stat
from features.nfl.ledger import Ledger, reported

WIN_FEATURES: Final = (
    ("clock_s", "s", "time left"),
    ("lead", "points", "lead of the team with the ball"),
    ("lead_per_root", "ratio", "lead against the time left"),
    ("down", "count", "down"),
    ("to_go_yd", "yd", "yards to go"),
    ("to_goal_yd", "yd", "yards to the goal line"),
    ("place_per_root", "ratio", "place of the ball against the time left"),
    ("home", "0..1", "at home"),
)
FOURTH_FEATURES: Final = (
    ("go", "0..1", "goes for it"),
    ("kick", "0..1", "tries a field goal"),
    ("punt", "0..1", "punts"),
    *WIN_FEATURES[:3], *WIN_FEATURES[4:7],
    ("go_yards", "yd", "yards to go if he goes for it"),
    ("kick_yards", "yd", "length of the kick if he tries it"),
    WIN_FEATURES[7],
)  # fmt: skip
CHOICES: Final = ("go", "kick", "punt")
#: a field goal is this much longer than the way to the goal line, yd; beyond the longest no team tries
KICK_EXTRA_YD: Final = 17.0
LONGEST_KICK_YD: Final = 65.0
#: minutes that are counted even when none are left
LEAST_MIN: Final = 0.35


def win_row(clock_s: float, lead: float, down: float, to_go_yd: float, to_goal_yd: float, home: float) -> list[float]:
    """One row of ``WIN_FEATURES``, for the team with the ball; ``home`` is 1 where it is the home team."""
    root = sqrt(max(clock_s, 0.0) / 60.0 + LEAST_MIN)
    return [clock_s, lead, lead / root, down, to_go_yd, to_goal_yd, (50.0 - to_goal_yd) / 16.0 / root, home]


def fourth_rows(clock_s: float, lead: float, to_go_yd: float, to_goal_yd: float, home: float) -> Floats:
    """(3, F): ``FOURTH_FEATURES`` for going, kicking and punting; all NaN for a kick from too far."""
    clock, ahead, per_root, _, to_go, to_goal, place, _ = win_row(clock_s, lead, 4.0, to_go_yd, to_goal_yd, home)
    rows = []
    for k in range(3):
        chosen = [float(k == c) for c in range(3)]
        length = to_goal_yd + KICK_EXTRA_YD
        own = [to_go_yd if k == 0 else 0.0, length if k == 1 else 0.0]
        rows.append([*chosen, clock, ahead, per_root, to_go, to_goal, place, *own, home])
    return np.array(rows, np.float64)


def _state(event: EventContext, ledger: Ledger) -> tuple[float, float, float, float, float] | None:
    """clock, lead, down, to go, to goal of the play that begins, for the team with the ball; None when any is missing."""
    if event.team not in (0, 1):
        return None
    score = [reported_score(event, ledger, side) for side in range(2)]
    lead = score[event.team] - score[1 - event.team]
    found = (
        reported(event, ledger, "clock_s"),
        lead,
        reported(event, ledger, "down"),
        reported(event, ledger, "to_go_yd"),
        reported(event, ledger, "to_goal_yd"),
    )
    return found if all(isfinite(v) for v in found) and 1 <= found[2] <= 4 else None


def reported_score(event: EventContext, ledger: Ledger, side: int) -> float:
    value = event.attrs.get(("home_points", "away_points")[side])
    return float(value) if isinstance(value, (int, float)) and isfinite(value) else ledger.score[side]


def win_features(event: EventContext, ledger: Ledger) -> Floats | None:
    """(F,): :data:`WIN_FEATURES` before the play."""
    state = _state(event, ledger)
    return np.array(win_row(*state, float(event.team == 0))) if state else None


def home_win(event: EventContext, ledger: Ledger) -> float | None:
    """The chance of the home team, from that of the team with the ball."""
    chance = event.facts.get("nfl.offense.win_probability")
    if not isinstance(chance, (int, float)):
        return None
    return float(chance) if event.team == 0 else 1.0 - float(chance)


def fourth_features(event: EventContext, ledger: Ledger) -> Floats | None:
    """(3, F) on fourth downs."""
    state = _state(event, ledger)
    if not state or state[2] != 4:
        return None
    return fourth_rows(state[0], state[1], state[3], state[4], float(event.team == 0))


def fourth_label(event: EventContext, ledger: Ledger) -> str | None:
    """What gives the best chance to win. No team kicks from beyond 65 yards."""
    values = event.facts.get("nfl.decision.fourth_down_values")
    state = _state(event, ledger)
    if not isinstance(values, list) or not state:
        return None
    tries = state[4] + KICK_EXTRA_YD <= LONGEST_KICK_YD
    allowed = [k for k in range(3) if k != 1 or tries]
    return CHOICES[max(allowed, key=lambda k: values[k])]


def score(ledger: Ledger, t_s: float) -> Floats:
    """(1, 2): points of home and away; nothing while the game may have been on for long and no event has said them."""
    if not ledger.begun:
        return np.full((1, 2), np.nan)
    return np.array([ledger.score], np.float64)


_NEW: Final = ("down",)
STATS: Final[tuple[Any, ...]] = (
    Stat(
        "nfl.game.score", "points", "points of each team", "match", score, every_s=1.0, ticks=True, ledger_only=True,
        components=("home", "away"), on_screen_name="score bug",
    ),
    Stat(
        "nfl.offense.win_probability", "0..1", "chance of the team with the ball to win, before the play", "team", win_features,
        on=_NEW, model="nfl-win-probability", on_screen_name="Win Probability",
    ),
    Stat(
        "nfl.game.win_probability", "0..1", "chance of the home team to win, before the play", "match", home_win, on=_NEW,
        built_on=("nfl-win-probability",), on_screen_name="Win Probability",
    ),
    Stat(
        "nfl.decision.fourth_down_values", "0..1", "chance to win of the team with the ball if it goes, kicks or punts", "team",
        fourth_features, on=_NEW, model="nfl-fourth-down", components=CHOICES, on_screen_name="Decision Guide",
    ),
    Stat(
        "nfl.decision.fourth_down", "label", "go, kick or punt, whichever wins more often", "team", fourth_label, on=_NEW,
        built_on=("nfl-fourth-down",), on_screen_name="Decision Guide",
    ),
)  # fmt: skip
