"""The models of live games under watch: a sink beside the others that joins predictions with what the game says came of them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np

from models.artefact import Card
from models.monitoring.monitor import Alert, ModelMonitor, profile_on
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction
from streaming.monitoring.prediction_join import logged
from streaming.wire.blocks import Output, Prediction
from streaming.wire.records import Event, GameRecord

Record = TypeVar("Record")
#: events of a game that are remembered, and predictions of a model in a game that wait for what comes of them
REMEMBERED: Final = 20_000
#: an event that tells what came of others is believed after so long: until then it may be put right
SETTLED_US: Final = 10_000_000
#: games that run elsewhere and are listened to at one time: nobody says there when one is over
GAMES: Final = 200
#: how old a report may be that a page or Prometheus asks for, s
TOLD_S: Final = 5.0


@dataclass
class _Game:
    """What a game has said, how far it has come, and by model what waits and when to look at it again."""

    told: EventHistory
    clock_us: int = 0
    over: bool = False
    waiting: dict[str, deque[LoggedPrediction]] = field(default_factory=dict)
    due_us: dict[str, int] = field(default_factory=dict)


class ModelWatch:
    """Any number of games, each in a thread of its own. ``labels`` are by model; a model without one is watched for everything but
    calibration.

    A final prediction about an event that says itself what came of it is counted at once; the others wait for the event that says
    so, and those that go by the same one are counted together. ``card_of(model, version)`` finds the card with the training
    profile, None when it is not to be had.
    """

    def __init__(self, labels: Mapping[str, Label], card_of: Callable[[str, str], Card | None]) -> None:
        self.labels, self._card_of = dict(labels), card_of
        self.monitors: dict[str, ModelMonitor] = {}
        self._readers = {
            kind: [name for name, label in self.labels.items() if kind in label.types]
            for label in self.labels.values()
            for kind in label.types
        }
        self._games: dict[str, _Game] = {}
        self._lock = threading.Lock()
        self._told: tuple[float, list[dict[str, Any]]] | None = None

    def overhear(self, game: GameRecord, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a game on their way to a runner: events tell what came of what they are about."""
        heard = _Game(EventHistory(game, most=REMEMBERED))
        with self._lock:
            self._games[game.game] = heard
        try:
            for record in records:
                if isinstance(record, Event):
                    self._seen(heard, record)
                yield record
        finally:
            heard.over = True

    def announced(self, game: GameRecord) -> None:
        """A game that runs elsewhere; its events come by ``seen``. Beyond ``GAMES`` the one that was announced first is over."""
        with self._lock:
            self._games.setdefault(game.game, _Game(EventHistory(game, most=REMEMBERED)))
            first = next(iter(self._games.values()))
            first.over = first.over or len(self._games) > GAMES
        if first.over:
            self.close()

    def seen(self, event: Event) -> None:
        """An event of a game that was announced was reported, or put right; it may come behind what was said of it."""
        game = self._games.get(event.game)
        if game is not None:
            self._seen(game, event)

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        """Take the final predictions among what an operator gave out."""
        for output in outputs:
            if isinstance(output, Prediction) and output.quality == "final":
                self._predicted(output)

    def close(self) -> None:
        """A game has ended: what still waits in those that are over is settled; what was learnt of their models stays."""
        with self._lock:
            over = {name: game for name, game in self._games.items() if game.over}
            for name in over:
                del self._games[name]
        for game in over.values():
            for model in list(game.waiting):
                self._settle(game, model, last=True)

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

    def contradicted(self) -> dict[str, tuple[str, str]]:
        """By model, the version on the air whose outcomes contradict it, and how."""
        return {name: (m.version, m.contradiction()) for name, m in list(self.monitors.items()) if m.calibration.drifted}

    def _seen(self, game: _Game, event: Event) -> None:
        """An event was reported, or put right. Whatever earlier ones tell is looked at once it has settled: by the clock of what
        the operator has been given already, since after a break it has yet to say what it made of the time before."""
        for model, due_us in list(game.due_us.items()):
            if due_us <= game.clock_us:
                following = game.told.after(game.clock_us - SETTLED_US + 1, *self.labels[model].types)
                if following is None:
                    del game.due_us[model]
                else:
                    game.due_us[model] = following.t_us + SETTLED_US
                self._settle(game, model)
        game.clock_us = max(game.clock_us, event.t_us)
        readers = self._readers.get(event.type, ())
        if readers:
            game.told.add(event)
        for model in readers:
            game.due_us[model] = min(game.due_us.get(model, event.t_us + SETTLED_US), event.t_us + SETTLED_US)

    def _predicted(self, asked: Prediction) -> None:
        monitor = self._monitor(asked)
        monitor.predicted(asked.game, asked.features.reshape(len(asked.answer), -1), asked.took_us)
        label, game = self.labels.get(asked.model), self._games.get(asked.game)
        if label is None or game is None:
            return
        waiting = game.waiting.setdefault(asked.model, deque())
        for said in logged(asked):
            came = None if said.event is None else label(said, game.told)
            if came is not None and came.by.id == said.event:
                monitor.outcome(asked.game, np.asarray([said.answer]), np.array([came.label]))
                continue
            waiting.append(said)
            if len(waiting) > REMEMBERED:
                waiting.popleft()
                monitor.add_unlabelled(1)

    def _settle(self, game: _Game, model: str, last: bool = False) -> None:
        """Count what settled events say of what waits; with ``last`` nothing more will come."""
        label, monitor, waiting = self.labels[model], self.monitors.get(model), game.waiting.get(model)
        if monitor is None or not waiting:
            return
        kept: deque[LoggedPrediction] = deque()
        fates: dict[str, list[tuple[Any, float]]] = {}
        lost = 0
        for said in waiting:
            if said.version != monitor.version:  # another version has begun, and has its own predictions
                continue
            came = label(said, game.told)
            if came is not None and (last or came.by.t_us + SETTLED_US <= game.clock_us):
                fates.setdefault(came.fate, []).append((said.answer, came.label))
            elif last or (came is None and said.t_us + label.within_s * 1e6 + SETTLED_US < game.clock_us):
                lost += 1
            else:
                kept.append(said)
        game.waiting[model] = kept
        monitor.add_unlabelled(lost)
        for rows in fates.values():
            answers, labels = zip(*rows, strict=True)
            monitor.outcome(game.told.game.game, np.asarray(answers, np.float64), np.array(labels))

    def _monitor(self, asked: Prediction) -> ModelMonitor:
        monitor = self.monitors.get(asked.model)
        if monitor is None or monitor.version != asked.version:
            card = self._card_of(asked.model, asked.version)
            profile = None if card is None else profile_on(card)
            names = tuple(f.name for f in card.features) if card is not None else ()
            if monitor is None:
                with self._lock:
                    monitor = self.monitors.setdefault(asked.model, ModelMonitor(asked.model, asked.version, names, profile))
            monitor.switch_version(asked.version, profile)
        return monitor
