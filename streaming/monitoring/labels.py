"""Labels of predictions: the events of a game so far, and how an outcome is read from them.

An event that a model predicts may carry its outcome itself, at the latest after a correction. The outcome of a prediction of a
window, or before a play, is in a later event: the end of the play, or that of the game. An outcome names its event, since
predictions with the same one are no independent evidence.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.base import Floats
from streaming.wire.records import Event, GameRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedPrediction:
    """One row of a final prediction.

    ``event`` is None in a window or at a tick; ``subject`` is the row's, ``part`` its place among the rows of one prediction.
    ``features`` (F,); ``answer`` () or (C,); ``took_us`` is that of the whole prediction in its first row, NaN in the others.
    """

    stat: str
    event: str | None
    t_us: int
    subject: str
    part: int
    version: str
    features: Floats
    answer: Any
    took_us: float


class Outcome(NamedTuple):
    """The label, 0.0 to C - 1 as in the model's classes, and the event that it comes from.

    Predictions with the same ``label_event`` are counted together, unless each instant ``at_us`` has an outcome of its own: a
    runner who is not brought down in this yard is predicted again in the next one, and the number of yards is how it ended.
    """

    label: float
    by: Event
    at_us: int | None = None

    @property
    def label_event(self) -> str:
        return self.by.id if self.at_us is None else f"{self.by.id}@{self.at_us}"


class EventHistory:
    """The events of a game: of each its last revision, in the order of their time, without those that were withdrawn.

    Beyond ``most`` the ones that arrived first are dropped.
    """

    def __init__(self, game: GameRecord, events: Iterable[Event] = (), most: int | None = None) -> None:
        self.game, self._most = game, most
        self._newest: OrderedDict[str, Event] = OrderedDict()
        self._found: dict[Any, Any] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """An event was reported, or corrected; an old revision that arrives again changes nothing."""
        known = self._newest.get(event.id)
        if known is not None and event.revision < known.revision:
            return
        self._newest[event.id] = event
        self._found.clear()
        if self._most is not None and len(self._newest) > self._most:
            self._newest.popitem(last=False)

    def event(self, ident: str | None) -> Event | None:
        """None for one that is unknown, or was withdrawn."""
        found = None if ident is None else self._newest.get(ident)
        return None if found is None or found.deleted else found

    def of(self, *types: str) -> list[Event]:
        """All of these types, oldest first."""
        return self._series(types)[1]

    def after(self, t_us: int, *types: str) -> Event | None:
        """The first of these types at ``t_us`` or later."""
        times, events = self._series(types)
        at = bisect_left(times, t_us)
        return events[at] if at < len(events) else None

    def before(self, t_us: int, *types: str) -> Event | None:
        """The last of these types at ``t_us`` or earlier."""
        times, events = self._series(types)
        at = bisect_right(times, t_us)
        return events[at - 1] if at else None

    def by(self, key: Callable[[EventHistory, Event], Hashable], *types: str) -> dict[Hashable, Event]:
        """Those of these types by their key, the latest where two have the same; computed once until another event arrives."""
        if (key, types) not in self._found:
            self._found[key, types] = {key(self, event): event for event in self.of(*types)}
        found: dict[Hashable, Event] = self._found[key, types]
        return found

    def _series(self, types: tuple[str, ...]) -> tuple[list[int], list[Event]]:
        if types not in self._found:
            chosen = [e for e in self._newest.values() if e.type in types and not e.deleted]
            chosen.sort(key=lambda e: e.t_us)
            self._found[types] = [e.t_us for e in chosen], chosen
        found: tuple[list[int], list[Event]] = self._found[types]
        return found


@dataclass(frozen=True)
class Label:
    """``of`` reads the outcome of a row from events of the ``types``, None while there is none; it is there ``within_s`` of the
    prediction, or never."""

    types: tuple[str, ...]
    of: Callable[[LoggedPrediction, EventHistory], Outcome | None]
    within_s: float = math.inf

    def __call__(self, prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
        return self.of(prediction, history)


def of_event(of: Callable[[Event], float | None]) -> Callable[[LoggedPrediction, EventHistory], Outcome | None]:
    """The label that the predicted event carries itself."""

    def label(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
        event = history.event(prediction.event)
        found = None if event is None else of(event)
        return None if found is None or event is None else Outcome(found, event)

    return label


def outcome(*good: str) -> Callable[[Event], float | None]:
    """1.0 for these outcomes, 0.0 for others, None for none."""

    def of(event: Event) -> float | None:
        return None if not event.outcome else float(event.outcome in good)

    return of
