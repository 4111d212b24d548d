"""The models of live games under watch: a sink beside the others that joins predictions with what the events say came of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from models.artefact import Card
from models.monitoring.monitor import Alert, ModelMonitor, profile_on
from streaming.blocks import Output, Prediction
from streaming.records import Event

Record = TypeVar("Record")
#: events whose outcome is remembered until their prediction is final, and predictions that wait for their event, all games together
REMEMBERED: Final = 20_000
#: how old a report may be that a page or Prometheus asks for, s
TOLD_S: Final = 5.0

LabelOf = Callable[[Event], float | None]


class ModelWatch:
    """Any number of games in any thread. ``labels`` are by model; a model without one is watched for everything but calibration.

    ``card_of(model, version)`` finds the card with the training profile, None when it is not to be had.
    """

    def __init__(self, labels: Mapping[str, LabelOf], card_of: Callable[[str, str], Card | None]) -> None:
        self.labels, self._card_of = dict(labels), card_of
        self.monitors: dict[str, ModelMonitor] = {}
        self._events: OrderedDict[tuple[str, str], Event] = OrderedDict()
        self._waiting: OrderedDict[tuple[str, str], list[Prediction]] = OrderedDict()
        self._lock = threading.Lock()
        self._told: tuple[float, list[dict[str, Any]]] | None = None

    def overhear(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a source on their way to a runner: events tell what came of what they are about."""
        for record in records:
            if isinstance(record, Event):
                self.seen(record)
            yield record

    def seen(self, event: Event) -> None:
        """An event was reported, or put right. From a broker it may come behind what was said of it."""
        key = (event.game, event.id)
        with self._lock:
            known = self._events.get(key)
            if known is None or event.revision >= known.revision:
                self._events[key] = event
            while len(self._events) > REMEMBERED:
                self._events.popitem(last=False)
            waiting = self._waiting.pop(key, [])
        for said in waiting:
            self._judge(said, event)

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        """Take the final predictions among what an operator gave out."""
        for output in outputs:
            if isinstance(output, Prediction) and output.quality == "final":
                self._predicted(output)

    def close(self) -> None:
        """A game has ended; what was learnt of its models stays."""

    def report(self) -> list[dict[str, Any]]:
        """Of every model, by name."""
        return [self.monitors[name].report() for name in sorted(self.monitors)]

    def told(self, age_s: float = TOLD_S) -> list[dict[str, Any]]:
        """The report as it was at most ``age_s`` ago: whoever looks every second must not make the games pay for it."""
        now_s = time.monotonic()
        if self._told is None or now_s - self._told[0] > age_s:
            self._told = now_s, self.report()
        return self._told[1]

    def alerts(self) -> list[Alert]:
        """What is wrong now."""
        return [alert for name in sorted(self.monitors) for alert in self.monitors[name].alerts()]

    def _predicted(self, said: Prediction) -> None:
        monitor = self.monitors.get(said.model)
        if monitor is None or monitor.version != said.version:
            card = self._card_of(said.model, said.version)
            profile = None if card is None else profile_on(card)
            names = tuple(f.name for f in card.features) if card is not None else ()
            if monitor is None:
                with self._lock:
                    monitor = self.monitors.setdefault(said.model, ModelMonitor(said.model, said.version, names, profile))
            monitor.switched(said.version, profile)
        monitor.predicted(said.features.reshape(len(said.answer), -1), said.took_us)
        if said.event is None or said.answer.size != 1 or said.model not in self.labels:
            return
        key = (said.game, said.event)
        with self._lock:
            event = self._events.get(key)
            if event is None:
                self._waiting.setdefault(key, []).append(said)
                while len(self._waiting) > REMEMBERED:
                    self._waiting.popitem(last=False)
                return
        self._judge(said, event)

    def _judge(self, said: Prediction, event: Event) -> None:
        """Tell what came of a prediction to the monitor of its version, if that is still the live one."""
        monitor = self.monitors[said.model]
        if monitor.version == said.version:
            monitor.outcome(said.game, float(said.answer.reshape(-1)[0]), self.labels[said.model](event))
