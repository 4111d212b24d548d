"""Outcomes of fights, stops and races.

Most predictions of a race are conditional: if the zone began now, if the car behind stopped at the end of this lap. Only where
it did, the last prediction before that has an outcome.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import isfinite
from typing import Final

from features.core.facts import number
from features.f1 import SPORT
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction, Outcome
from streaming.wire.records import Event

_WINDOW_US: Final = round(SPORT.hop_s * 1e6)
_TICK_US: Final = 1_000_000
#: an overtaking zone is over after so long at most, and the stops of both cars, s
_ZONE_S, _STOPS_S = 90.0, 600.0
_ENDS: Final = ("complete", "incomplete")


def _ended(attempt: Event | None) -> Outcome | None:
    """By how the attempt ended, if there was one and its outcome is reported."""
    if attempt is None or attempt.outcome not in _ENDS:
        return None
    return Outcome(float(attempt.outcome == "complete"), attempt)


def _zone_of(history: EventHistory, attempt: Event) -> Hashable:
    """The car, and the last window that ended before the zone began."""
    began_s = number(attempt.attrs.get("began_s"))
    return (attempt.player, round(began_s * 1e6) // _WINDOW_US) if isfinite(began_s) else None


def overtake(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the attempt in the overtaking zone that began right after the window."""
    key = prediction.subject, (prediction.t_us - history.game.t0_us) // _WINDOW_US
    return _ended(history.by(_zone_of, "overtake_attempt").get(key))


def _stop_of(history: EventHistory, undercut: Event) -> Hashable:
    """The car that was threatened, and the last tick before the one behind it left the road for its stop."""
    stops = [e.t_us for e in history.of("pit_entry") if e.player == undercut.player and e.t_us <= undercut.t_us]
    return (undercut.attrs.get("target"), (stops[-1] - history.game.t0_us) // _TICK_US) if stops else None


def undercut(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the undercut that the car behind began with its stop right after the tick."""
    key = prediction.subject, (prediction.t_us - history.game.t0_us) // _TICK_US
    return _ended(history.by(_stop_of, "undercut").get(key))


def win(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the car that finishes first."""
    first = next((e for e in history.of("finish") if e.attrs.get("position") == 1.0), None)
    return None if first is None else Outcome(float(first.player == prediction.subject), first)


LABELS: Final = {
    "f1-overtake": Label(("overtake_attempt",), overtake, _ZONE_S),
    "f1-undercut": Label(("undercut", "pit_entry"), undercut, _STOPS_S),
    "f1-win-probability": Label(("finish",), win),
}
