"""Outcomes of steals, balls in play and games."""

from __future__ import annotations

from typing import Final

from features.core.facts import number
from features.mlb.vocabulary import HITS
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction, Outcome, of_event, outcome

#: from the set to the end of the race, and from contact to the end of the play, at most, s
_PITCH_S, _PLAY_S = 40.0, 30.0


def steal(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the result of the runner's attempt on this very pitch. In a window, the lead is that of the first move, as in
    training, while the pitcher is set; after the first move the runner may be under way, and the lead means something else."""
    if prediction.event is None:
        moved = history.after(prediction.t_us, "set", "first_move")
        if moved is None or moved.type != "first_move":
            return None
        at_us = moved.t_us
    else:
        at_us = prediction.t_us
    race = history.after(at_us, "set", "steal")
    if race is None or race.type != "steal" or race.player != prediction.subject or race.outcome not in ("safe", "out"):
        return None
    return Outcome(float(race.outcome == "safe"), race)


def hit(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the batter's play that the ball began."""
    ball = history.event(prediction.event)
    play = None if ball is None else history.after(ball.t_us, "set", "play")
    if ball is None or play is None or play.type != "play" or play.player != ball.player:
        return None
    return Outcome(float(play.outcome in HITS), play) if play.outcome in HITS | {"out", "double_play"} else None


def win(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the runs when the game has ended; a tie has no winner."""
    ends = history.of("game_end")
    if not ends:
        return None
    lead = number(ends[-1].attrs.get("home_runs")) - number(ends[-1].attrs.get("away_runs"))
    return Outcome(float(lead > 0), ends[-1]) if lead > 0 or lead < 0 else None


LABELS: Final = {
    "lead-probability": Label(("set", "first_move", "steal"), steal, _PITCH_S),
    "hit-probability": Label(("batted_ball", "set", "play"), hit, _PLAY_S),
    "catch-probability": Label(("fielded",), of_event(outcome("caught"))),
    "mlb-win-probability": Label(("game_end",), win),
}
