"""What a highlight or a sentence rests on: the event, and the values of stats, as they are on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.core.event_context import EventContext
from features.core.facts import roster_of
from features.core.units import factor


def of_event(moment: EventContext) -> dict[str, Any]:
    """``{"event": id, "type": ..., "outcome": ...}``"""
    return {"event": moment.id, "type": moment.type, "outcome": moment.outcome}


def of_stat(stat: str, subject: str, value: float | Sequence[float], unit: str) -> dict[str, Any]:
    """``{"stat": id, "subject": ..., "value": ...}``: ``value`` is SI, and goes out in ``unit``."""
    scale = factor(unit)
    shown = round(value * scale, 6) if isinstance(value, (int, float)) else [round(part * scale, 6) for part in value]
    return {"stat": stat, "subject": subject, "value": shown}


def player_of(moment: EventContext) -> str:
    """The subject of a player's stat of this event."""
    roster = roster_of(moment)
    return roster.ids[moment.player] if roster is not None and moment.player >= 0 else "unknown"


def team_of(moment: EventContext, team: int) -> str:
    """The id of the team with that index."""
    roster = roster_of(moment)
    return roster.teams[team] if roster is not None and 0 <= team < len(roster.teams) else "unknown"
