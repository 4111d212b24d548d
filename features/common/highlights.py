"""What a clip system cuts: where a highlight begins and ends, how good it is, and why.

A sport names its reasons, each with a strength from 0 to 1; together they make the score as independent chances would,
1 - (1 - a)(1 - b)..., so that two good reasons beat one and no number of them passes 1. How many are shown is a matter of
:mod:`features.common.airtime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, Final, NamedTuple

import msgspec

from features.common.airtime import Airtime, Budget, Candidate, grants, note
from features.core.event_context import EventContext

#: highlights closer together than this are one clip
BRIDGE_S: Final = 2.0


class Highlight(msgspec.Struct, frozen=True, kw_only=True):
    """``start_s`` and ``end_s`` on the game's time axis, with the seconds before and after that a broadcast wants;
    ``reasons`` strongest first. ``basis`` is what it rests on (``features.common.basis``), the event first; ``follows`` the
    event of an
    earlier highlight of the same move, whose clip this one continues."""

    start_s: float
    end_s: float
    score: float
    label: str
    reasons: list[str]
    basis: list[dict[str, Any]] = []
    follows: str = ""


def combined(reasons: Mapping[str, float]) -> float:
    """0..1; strengths outside are cut off, NaN counts nothing."""
    missed = 1.0
    for strength in reasons.values():
        if strength == strength:
            missed *= 1.0 - min(max(strength, 0.0), 1.0)
    return 1.0 - missed


def ramp(value: float, nothing: float, everything: float) -> float:
    """0 at or below ``nothing``, 1 at or above ``everything``, straight between; 0 for NaN."""
    if value != value:
        return 0.0
    return min(max((value - nothing) / (everything - nothing), 0.0), 1.0)


def cut(
    t_s: float,
    label: str,
    reasons: Mapping[str, float],
    timing_s: tuple[float, float],
    *,
    not_before_s: float = 0.0,
    basis: Sequence[Mapping[str, Any]] = (),
    after: Airtime | None = None,
) -> Highlight:
    """The highlight around ``t_s``, ``timing_s`` seconds before and after. ``after`` is what was on air before it: a clip that
    begins before the last one has ended (or just after) belongs to the same move, and says which that was."""
    before_s, after_s = timing_s
    start_s = max(t_s - before_s, min(not_before_s, t_s))
    follows = after.last_event if after is not None and start_s <= after.last_end_s + BRIDGE_S else ""
    return Highlight(
        start_s=round(start_s, 3),
        end_s=round(t_s + after_s, 3),
        score=round(combined(reasons), 4),
        label=label,
        reasons=sorted((k for k, v in reasons.items() if v > 0.0), key=lambda k: (-reasons[k], k)),
        basis=[dict(part) for part in basis],
        follows=follows,
    )


class Offer(NamedTuple):
    """A highlight that an event could make: around ``t_s``, from ``timing_s`` seconds before to after, not before
    ``not_before_s``. One that ``must`` be shown always is; the others compete. ``basis`` is made when it is shown."""

    label: str
    reasons: Mapping[str, float]
    must: bool
    t_s: float
    timing_s: tuple[float, float]
    basis: Callable[[], list[dict[str, Any]]]
    not_before_s: float = 0.0

    def candidate(self) -> Candidate:
        return Candidate(combined(self.reasons), self.label, self.must)


def value(offer: Offer | None, airtime: Airtime, budget: Budget, now_s: float) -> dict[str, Any] | None:
    """What ``game.highlight`` computes: the clip on the wire when ``budget`` grants it after what was on air (``airtime``);
    ``None`` for the many events that make none."""
    if offer is None or not grants(airtime, budget, now_s, offer.candidate()):
        return None
    return to_value(
        cut(
            offer.t_s,
            offer.label,
            offer.reasons,
            offer.timing_s,
            not_before_s=offer.not_before_s,
            basis=offer.basis(),
            after=airtime,
        )
    )


def record(offer: Offer | None, airtime: Airtime, budget: Budget, now_s: float, event_id: str) -> None:
    """Record what :func:`value` decides. ``airtime`` changes, and is otherwise as it was for :func:`value`."""
    if offer is None:
        return
    candidate = offer.candidate()
    selected = 0 if grants(airtime, budget, now_s, candidate) else -1
    note(airtime, budget, now_s, (candidate,), selected, event_id, offer.t_s + offer.timing_s[1])


def seen_s(event: EventContext) -> float:
    """When the event was by the tracking; as it was reported where it was not found there."""
    return event.t_s + (event.offset_s if isfinite(event.offset_s) else 0.0)


def to_value(highlight: Highlight) -> dict[str, Any]:
    """The value of ``game.highlight`` on the wire: an object."""
    found: dict[str, Any] = msgspec.to_builtins(highlight)
    return found


def from_value(value: object) -> Highlight:
    """The inverse of :func:`to_value`, and of the JSON text that it was in older recordings; ``ValueError`` when it is something
    else."""
    try:
        if isinstance(value, str):
            return msgspec.json.decode(value, type=Highlight)
        return msgspec.convert(value, Highlight)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"not a highlight: {error}") from None
