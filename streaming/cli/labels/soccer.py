"""What came of shots and passes, and of matches."""

from __future__ import annotations

from typing import Final

from features.soccer.ledger import SHOOTOUT
from streaming.labelling import Came, Label, Said, Told, of_event, outcome

_HOME, _DRAW, _AWAY = 0.0, 1.0, 2.0


def result(said: Said, told: Told) -> Came | None:
    """By the goals of the whole match, own goals included and a penalty shoot-out left out, once its last period has ended."""
    last = max(period.number for period in told.game.periods)
    end = next((e for e in told.of("period_end") if e.period == last), None)
    if end is None:
        return None
    home = told.game.teams[0].id
    lead = 0
    for event in told.of("shot", "own_goal"):
        if event.period < SHOOTOUT and event.team is not None and (event.type == "own_goal" or event.outcome == "goal"):
            lead += 1 if (event.team == home) == (event.type == "shot") else -1
    return Came(_HOME if lead > 0 else _DRAW if lead == 0 else _AWAY, end)


LABELS: Final = {
    "xgoals": Label(("shot",), of_event(outcome("goal"))),
    "pass-completion": Label(("pass",), of_event(outcome("complete"))),
    "soccer-win-probability": Label(("period_end", "shot", "own_goal"), result),
}
