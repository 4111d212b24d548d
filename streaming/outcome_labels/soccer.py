"""Outcomes of shots and passes, and of matches."""

from __future__ import annotations

from typing import Final

from features.soccer.ledger import SHOOTOUT
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction, Outcome, of_event, outcome

_EXTRA_TIME: Final = 3
_HOME, _DRAW, _AWAY = 0.0, 1.0, 2.0


def result(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the goals of play, own goals included and a penalty shoot-out left out: of predictions before extra time, once the
    second half has ended; of those in it, once that has."""
    periods = {period.number: period for period in history.game.periods if period.number < SHOOTOUT}
    extra = periods.get(_EXTRA_TIME)
    late = extra is not None and prediction.t_us >= extra.start_us
    last = max(number for number in periods if late or number < _EXTRA_TIME)
    end = next((e for e in history.of("period_end") if e.period == last), None)
    if end is None:
        return None
    home = history.game.teams[0].id
    lead = 0
    for event in history.of("shot", "own_goal"):
        if event.period <= last and event.team is not None and (event.type == "own_goal" or event.outcome == "goal"):
            lead += 1 if (event.team == home) == (event.type == "shot") else -1
    return Outcome(_HOME if lead > 0 else _DRAW if lead == 0 else _AWAY, end)


LABELS: Final = {
    "xgoals": Label(("shot",), of_event(outcome("goal"))),
    "pass-completion": Label(("pass",), of_event(outcome("complete"))),
    "soccer-win-probability": Label(("period_end", "shot", "own_goal"), result),
}
