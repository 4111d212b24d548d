"""Who will win, and how much hangs on the next batter."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import Stat
from features.mlb.ledger import Ledger, State, is_complete, known, placed_after, state_after
from features.mlb.odds import AUTOMATIC_RUNNER, INNINGS, home_win, leverage, run_expectancy

STATES: Final = ("play", "half_start", "half_end", "game_end")

#: (name, unit, label) in the model's order
WIN_FEATURES: Final = (
    ("lead_runs", "count", "lead of the home team"),
    ("outs_left_home", "count", "outs that the home team has left"),
    ("outs_left_away", "count", "outs that the visitors have left"),
    ("bottom", "0..1", "the home team bats"),
    ("runs_expected", "count", "runs to be expected in this half inning"),
    ("balance", "ratio", "lead over what the innings left may change"),
    ("odds", "logit", "the home team's odds if both teams were equal"),
)  # fmt: skip


#: odds beyond this make no difference
MOST_ODDS: Final = 9.0


def begun(inning: int, half: int, outs: int, bases: int, placed: int) -> tuple[int, int, int, int]:
    """Inning, half, outs and bases; a half inning that is over is the beginning of the next one, in an extra inning with
    ``placed`` on base."""
    if outs < 3:
        return inning, half, outs, bases
    inning, half = (inning, 1) if half == 0 else (inning + 1, 0)
    return inning, half, 0, placed if inning > INNINGS else 0


def win_row(inning: int, half: int, outs: int, bases: int, lead: int, placed: int = AUTOMATIC_RUNNER) -> Floats:
    """(F,) of a state; ``placed`` are the bases (bits 1, 2, 4) that a half of an extra inning begins with."""
    inning, half, outs, bases = begun(inning, half, outs, bases, placed)
    chance = home_win(inning, half, outs, bases, lead, placed)
    odds = np.log(max(chance, 1e-9) / max(1.0 - chance, 1e-9))
    left = 3.0 * (INNINGS - min(inning, INNINGS))
    away = left + (3.0 - outs if half == 0 else 0.0)
    home = left + (3.0 if half == 0 else 3.0 - outs)
    runs = run_expectancy(outs, bases)
    ahead = lead + (runs if half == 1 else -runs)
    odds = min(max(odds, -MOST_ODDS), MOST_ODDS)
    return np.array([lead, home, away, half, runs, ahead / np.sqrt(home + away + 1.0), odds], np.float64)


def over_row(won: float) -> Floats:
    """(F,) of a game that is over."""
    lead = 25.0 if won else -25.0
    return np.array([lead, 0.0, 0.0, 1.0, 0.0, lead, MOST_ODDS if won else -MOST_ODDS])


def decided(state: State, over: bool) -> float | None:
    """1 or 0 where the game is over, None where it is not."""
    if state.lead != 0 and (
        over
        or (state.inning >= INNINGS and state.half == 1 and (state.lead > 0 or state.outs >= 3))
        or (state.inning >= INNINGS and state.half == 0 and state.outs >= 3 and state.lead > 0)
    ):
        return float(state.lead > 0)
    return None


def win_features(event: EventContext, ledger: Ledger) -> Floats | None:
    """The state after the event; None while it is not known. A game that is decided is read as a lead of 25 with
    nothing left."""
    if not (known(event, ledger) or is_complete(event)):
        return None
    state = state_after(event, ledger)
    end = decided(state, event.type == "game_end")
    if end is not None:
        return over_row(end)
    return win_row(state.inning, state.half, state.outs, state.bases, state.lead, placed_after(event, ledger, state))


def leverage_after(event: EventContext, ledger: Ledger) -> float | None:
    if not (known(event, ledger) or is_complete(event)):
        return None
    state = state_after(event, ledger)
    if decided(state, event.type == "game_end") is not None:
        return 0.0
    placed = placed_after(event, ledger, state)
    return leverage(*begun(state.inning, state.half, state.outs, state.bases, placed), state.lead, placed)


def swing(event: EventContext, ledger: Ledger) -> float:
    """-1..1: how far a play moved the chance of the home team, by the closed form; 0 for everything else, and where nothing is
    known of what was before it."""
    if event.type != "play" or not known(event, ledger):
        return 0.0
    after = state_after(event, ledger)
    now = home_win(ledger.inning, ledger.half, ledger.outs, ledger.bases, ledger.lead, ledger.placed)
    then = home_win(after.inning, after.half, after.outs, after.bases, after.lead, ledger.placed)
    return then - now


def score(ledger: Ledger, t_s: float) -> Floats:
    """(1, 2) runs of home and away, NaN while they are not known."""
    if not ledger.begun or (ledger.joined_late and not ledger.stated):
        return np.full((1, 2), np.nan)
    return np.array([ledger.runs], np.float64)


STATS: Final = (
    Stat(
        "mlb.game.score", "count", "runs of each team", "match", score, every_s=1.0, ticks=True, ledger_only=True,
        components=("home", "away"), on_screen_name="score bug",
    ),
    Stat(
        "mlb.game.win_probability", "0..1", "chance that the home team wins, after every play", "match", win_features, on=STATES,
        model="mlb-win-probability", on_screen_name="Win Probability",
    ),
    Stat(
        "mlb.game.leverage", "index", "how much the next plate appearance may move the win probability; 1 is average", "match",
        leverage_after, on=STATES, depends_on_ledger=True, on_screen_name="Leverage", source="T. Tango, leverage index",
    ),
)  # fmt: skip
