"""What a highlight or a sentence rests on: the event, and the values of stats, as they are on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.core.event_context import EventContext
from features.core.facts import roster_of
from features.core.units import factor


def of_event(event: EventContext) -> dict[str, Any]:
    """``{"event": id, "type": ..., "outcome": ...}``"""
    return {"event": event.id, "type": event.type, "outcome": event.outcome}


def of_stat(stat: str, subject: str, value: float | Sequence[float], unit: str) -> dict[str, Any]:
    """``{"stat": id, "subject": ..., "value": ...}``: ``value`` is SI, and goes out in ``unit``."""
    scale = factor(unit)
    shown = round(value * scale, 6) if isinstance(value, (int, float)) else [round(part * scale, 6) for part in value]
    return {"stat": stat, "subject": subject, "value": shown}


def player_of(event: EventContext) -> str:
    """The subject of a player's stat of this event."""
    roster = roster_of(event)
    return roster.ids[event.player] if roster is not None and event.player >= 0 else "unknown"


def team_of(event: EventContext, team: int) -> str:
    """The id of the team with that index."""
    roster = roster_of(event)
    return roster.teams[team] if roster is not None and 0 <= team < len(roster.teams) else "unknown"
