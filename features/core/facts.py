"""Attributes and facts of events, read with care: a feed may leave anything out, and hold nonsense for the rest."""

from __future__ import annotations

from features.core.event_context import EventContext, Fact
from features.core.frames import Roster

NAN = float("nan")


def number(fact: Fact) -> float:
    """A fact or an attribute as a float; NaN when it is missing or no number."""
    return float(fact) if isinstance(fact, (int, float)) else NAN


def attr(event: EventContext, name: str) -> float:
    """An attribute as a float; NaN when it is missing or no number."""
    return number(event.attrs.get(name))


def roster_of(event: EventContext) -> Roster | None:
    """The roster of the game; ``None`` when neither the event nor its frames have one."""
    if event.roster is not None:
        return event.roster
    return event.frames.roster if event.frames is not None else None
