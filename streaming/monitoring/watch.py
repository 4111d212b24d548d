"""The models of live games under watch: a sink beside the others that joins predictions with their outcomes."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np

from models.artefact import Card
from models.monitoring.monitor import Alert, ModelMonitor, profile_on
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction
from streaming.monitoring.prediction_join import logged
from streaming.recordings.model_copies import Timed
from streaming.wire.blocks import Output, Prediction
from streaming.wire.records import Event, GameRecord

_log = logging.getLogger(__name__)

Record = TypeVar("Record")
#: events of a game that are remembered, and predictions of a model in a game that wait for their outcomes
REMEMBERED: Final = 20_000
#: an event is an outcome of others after so long: until then it may be corrected
SETTLED_US: Final = 10_000_000
#: games that run elsewhere and are watched at one time: their end is not announced
GAMES: Final = 200
#: how old a report for a page or Prometheus may be, s
REPORT_AGE_S: Final = 5.0


@dataclass
class _Game:
    """The events of a game, how far it is, and by model what waits and when to look at it again."""

    history: EventHistory
    clock_us: int = 0
    over: bool = False
    waiting: dict[str, deque[LoggedPrediction]] = field(default_factory=dict)
    due_us: dict[str, int] = field(default_factory=dict)


class ModelWatch:
    """Any number of games, each in a thread of its own. ``labels`` are by model; a model without one is watched for everything but
    calibration.

    A final prediction of an event that carries its outcome is counted at once; the others wait for the event that does, and those
    with the same one are counted together. ``card_of(model, version)`` finds the card with the training profile, None when there
    is none. ``timed``: what the predictions are timed in; the report names it, since a replay's times are not those of the air.

    It only watches: what fails here (a card that cannot be read, since no descriptor is left) is counted by its kind in
    ``failures``, logged once, and never reaches the game.
    """

    def __init__(self, labels: Mapping[str, Label], card_of: Callable[[str, str], Card | None], timed: Timed = "live") -> None:
        self.labels, self._card_of, self.timed = dict(labels), card_of, timed
        self.monitors: dict[str, ModelMonitor] = {}
        #: by kind of error, how often watching has failed
        self.failures: Counter[str] = Counter()
        self._readers = {
            kind: [name for name, label in self.labels.items() if kind in label.types]
            for label in self.labels.values()
            for kind in label.types
        }
        self._games: dict[str, _Game] = {}
        self._lock = threading.Lock()
        self._last_report: tuple[float, list[dict[str, Any]]] | None = None

    def tee(self, game: GameRecord, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a game on their way to a runner: events are outcomes."""
        watched = _Game(EventHistory(game, most=REMEMBERED))
        with self._lock:
            self._games[game.game] = watched
        try:
            for record in records:
                if isinstance(record, Event):
                    self._watch_event(watched, record)
                yield record
        finally:
            watched.over = True

    def add_game(self, game: GameRecord) -> None:
        """A game that runs elsewhere; its events arrive by ``on_event``. Beyond ``GAMES`` the one that was added first is over."""
        with self._lock:
            self._games.setdefault(game.game, _Game(EventHistory(game, most=REMEMBERED)))
            first = next(iter(self._games.values()))
            first.over = first.over or len(self._games) > GAMES
        if first.over:
            self.close()

    def on_event(self, event: Event) -> None:
        """An event of an added game was reported, or corrected; its predictions may have arrived before it."""
        game = self._games.get(event.game)
        if game is not None:
            self._watch_event(game, event)

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        """Take the final predictions among an operator's outputs."""
        for output in outputs:
            if isinstance(output, Prediction) and output.quality == "final":
                try:
                    self._on_prediction(output)
                except Exception as error:  # noqa: BLE001 - counted: a game does not end because nobody watches it
                    self._failed(error)

    def close(self) -> None:
        """A game has ended: what still waits in those that are over is settled; what was learnt of their models stays."""
        with self._lock:
            over = {name: game for name, game in self._games.items() if game.over}
            for name in over:
                del self._games[name]
        for game in over.values():
            for model in list(game.waiting):
                try:
                    self._settle(game, model, last=True)
                except Exception as error:  # noqa: BLE001 - as in ``write``
                    self._failed(error)

    def report(self) -> list[dict[str, Any]]:
        """Of every model, by name."""
        return [self.monitors[name].report() | {"timed": self.timed} for name in sorted(self.monitors)]

    def recent_report(self, age_s: float = REPORT_AGE_S) -> list[dict[str, Any]]:
        """The report as it was at most ``age_s`` ago: a page that looks every second must not slow the games down."""
        now_s = time.monotonic()
        if self._last_report is None or now_s - self._last_report[0] > age_s:
            self._last_report = now_s, self.report()
        return self._last_report[1]

    def alerts(self) -> list[Alert]:
        """What is wrong now."""
        return [alert for name in sorted(self.monitors) for alert in self.monitors[name].alerts()]

    def contradicted(self) -> dict[str, tuple[str, str]]:
        """By model, the version on the air that its outcomes contradict, and how."""
        return {name: (m.version, m.contradiction()) for name, m in list(self.monitors.items()) if m.calibration.drifted}

    def _watch_event(self, game: _Game, event: Event) -> None:
        try:
            self._on_event(game, event)
        except Exception as error:  # noqa: BLE001 - as in ``write``
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        kind = type(error).__name__
        with self._lock:
            self.failures[kind] += 1
            first = self.failures[kind] == 1
        if first:
            _log.error("a model cannot be monitored (%s: %s): its games go on", kind, error, exc_info=error)

    def _on_event(self, game: _Game, event: Event) -> None:
        """An event was reported, or corrected. Outcomes in earlier ones count once they have settled: by the clock of the records
        that the operator has had already, since after a break its predictions of the time before are still to be made."""
        for model, due_us in list(game.due_us.items()):
            if due_us <= game.clock_us:
                following = game.history.after(game.clock_us - SETTLED_US + 1, *self.labels[model].types)
                if following is None:
                    del game.due_us[model]
                else:
                    game.due_us[model] = following.t_us + SETTLED_US
                self._settle(game, model)
        game.clock_us = max(game.clock_us, event.t_us)
        readers = self._readers.get(event.type, ())
        if readers:
            game.history.add(event)
        for model in readers:
            game.due_us[model] = min(game.due_us.get(model, event.t_us + SETTLED_US), event.t_us + SETTLED_US)

    def _on_prediction(self, prediction: Prediction) -> None:
        monitor = self._monitor(prediction)
        monitor.predicted(prediction.game, prediction.features.reshape(len(prediction.answer), -1), prediction.took_us)
        label, game = self.labels.get(prediction.model), self._games.get(prediction.game)
        if label is None or game is None:
            return
        waiting = game.waiting.setdefault(prediction.model, deque())
        for row in logged(prediction):
            outcome = None if row.event is None else label(row, game.history)
            if outcome is not None and outcome.by.id == row.event:
                monitor.outcome(prediction.game, np.asarray([row.answer]), np.array([outcome.label]))
                continue
            waiting.append(row)
            if len(waiting) > REMEMBERED:
                waiting.popleft()
                monitor.add_unlabelled(1)

    def _settle(self, game: _Game, model: str, last: bool = False) -> None:
        """Count the outcomes of what waits; with ``last`` nothing more will arrive."""
        label, monitor, waiting = self.labels[model], self.monitors.get(model), game.waiting.get(model)
        if monitor is None or not waiting:
            return
        kept: deque[LoggedPrediction] = deque()
        outcomes: dict[str, list[tuple[Any, float]]] = {}
        lost = 0
        for row in waiting:
            if row.version != monitor.version:  # another version has begun, and has its own predictions
                continue
            outcome = label(row, game.history)
            if outcome is not None and (last or outcome.by.t_us + SETTLED_US <= game.clock_us):
                outcomes.setdefault(outcome.label_event, []).append((row.answer, outcome.label))
            elif last or (outcome is None and row.t_us + label.within_s * 1e6 + SETTLED_US < game.clock_us):
                lost += 1
            else:
                kept.append(row)
        game.waiting[model] = kept
        monitor.add_unlabelled(lost)
        for rows in outcomes.values():
            answers, labels = zip(*rows, strict=True)
            monitor.outcome(game.history.game.game, np.asarray(answers, np.float64), np.array(labels))

    def _monitor(self, prediction: Prediction) -> ModelMonitor:
        monitor = self.monitors.get(prediction.model)
        if monitor is None or monitor.version != prediction.version:
            card = self._card_of(prediction.model, prediction.version)
            profile = None if card is None else profile_on(card)
            names = tuple(f.name for f in card.features) if card is not None else ()
            if monitor is None:
                with self._lock:
                    monitor = self.monitors.setdefault(
                        prediction.model, ModelMonitor(prediction.model, prediction.version, names, profile)
                    )
            monitor.switch_version(prediction.version, profile)
        return monitor
