"""An event as features see it: what was reported, the row it happened in, and the facts worked out so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from features.core.frames import Frames, Roster

Fact = float | int | str | bool | list[float] | dict[str, Any] | None
#: a fact of an event that happened just before the tracking of its game was joined: no stat is about it
MISSED: Final = "missed"


@dataclass(kw_only=True)
class EventContext:
    """One event, matched to the tracking.

    ``team`` is the index into the roster's teams or -1, ``player`` the row of axis N or -1; ``x_m, y_m, end_x_m, end_y_m``
    are on the sport's field in its fixed orientation, NaN when not reported; ``attack`` is +1 when the event's team attacks
    towards +x, -1 otherwise (0 unknown, or a sport without sides). ``row`` is the frame that it happened in (-1: no tracking)
    and ``offset_s`` that frame's time minus the reported time.
    ``attrs`` are the provider's extra attributes, normalised by the sport's vocabulary. ``roster`` is there with or without
    frames. ``answered_by`` is, by stat, the model that made its value: name, version, and why it stood in for another (empty: it
    did not).
    """

    id: str
    type: str
    t_s: float
    period: int
    team: int
    player: int
    x_m: float
    y_m: float
    end_x_m: float
    end_y_m: float
    outcome: str
    attack: int
    attrs: Mapping[str, str | float | bool]
    row: int = -1
    offset_s: float = float("nan")
    frames: Frames | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    answered_by: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    roster: Roster | None = None

    def reset(self) -> None:
        """As it was reported, before anything was worked out."""
        self.row, self.offset_s, self.frames = -1, float("nan"), None
        self.facts, self.answered_by = {}, {}
