"""A process that puts a game on the air by one of the commands, and writes as JSON what was imported, compiled or laid out between
the game's first record and its last. ``python -m tests.integration.warm_up_probe COMMAND SPORT [RECORDING] [--cold]``; ``--cold``
leaves out what the command does before the first record."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from models.artefact import ForestModel
from simulators.catalogue import open_simulator
from streaming import factory
from streaming.cli.app import run
from streaming.kafka import broker, publisher
from streaming.operator.game import GameOperator
from streaming.operator.session import GameSession
from streaming.runners.embedded import EmbeddedRunner
from streaming.runners.kafka import runner as kafka
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.messages import messages
from streaming.wire.records import Event

#: the game that is on air: another than those that warm up
SEEDS = {"soccer": 5, "nfl": 13, "mlb": 46, "f1": 5}
MINUTES = {"soccer": 12.0, "nfl": 12.0, "mlb": 12.0, "f1": 3.0}


class Onlooker:
    """What the process has, looked at around every record that an operator takes while a game is on."""

    def __init__(self) -> None:
        from numba.core.dispatcher import Dispatcher

        self.dispatcher = Dispatcher
        self.events: Counter[str] = Counter()
        self.highlights = 0
        self.found: list[dict[str, Any]] = []
        self.on = False

    def begin(self) -> None:
        self.kernels = [each for each in gc.get_objects() if isinstance(each, self.dispatcher)]
        self.models = [each for each in gc.get_objects() if isinstance(each, ForestModel)]
        self.before, self.counted, self.on = self._now(), self._count(), True

    def look(self, record: Any, outputs: Iterable[Any]) -> None:
        if isinstance(record, Event):
            self.events[record.type] += 1
        self.highlights += sum(getattr(output, "stat", "") == "game.highlight" for output in outputs)
        if (counted := self._count()) == self.counted:
            return
        now = self._now()
        self.found.append({"after": getattr(record, "type", "telemetry"), "new": sorted(now - self.before)})
        self.before, self.counted = now, counted

    def _count(self) -> tuple[int, int, int]:
        """Of each kind how many there are, which is quickly counted."""
        versions = sum(len(each.overloads) for each in self.kernels)
        return len(sys.modules), versions, sum(each.attribution_is_prepared for each in self.models)

    def _now(self) -> set[str]:
        versions = {
            f"compiled {each.py_func.__module__}.{each.py_func.__name__} for {types}"
            for each in self.kernels
            for types in each.overloads
        }
        tables = {f"attributions of {each.name}" for each in self.models if each.attribution_is_prepared}
        return {f"imported {name}" for name in sys.modules.copy()} | versions | tables


def main(command: str, sport: str, recording: str, cold: bool) -> None:
    onlooker = Onlooker()
    plain = GameOperator.on_record

    def on_record(self: GameOperator, record: Any, *more: Any) -> Any:
        if not onlooker.on:
            return plain(self, record, *more)
        onlooker.look(None, ())  # work between two records counts as well
        outputs = plain(self, record, *more)
        onlooker.look(record, outputs)
        return outputs

    GameOperator.on_record = on_record  # type: ignore[method-assign]
    if cold:
        factory.prepare = lambda name, make: None
    if command == "run":
        _through_a_host(onlooker, sport)
    else:
        _through_a_runner(onlooker, command, sport, recording)
    seen = {"events": onlooker.events, "highlights": onlooker.highlights, "found": onlooker.found}
    sys.stdout.write("\n" + json.dumps(seen) + "\n")


def _through_a_runner(onlooker: Onlooker, command: str, sport: str, recording: str) -> None:
    """``touchline demo`` and ``touchline replay --serve``: from the first record that their runner is handed."""
    embedded: Callable[..., None] = EmbeddedRunner.run

    def from_here(self: EmbeddedRunner, records: Iterable[Any]) -> None:
        onlooker.begin()
        embedded(self, records)
        onlooker.on = False
        if command == "replay":  # it serves until Ctrl-C
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    EmbeddedRunner.run = from_here  # type: ignore[method-assign]
    if command == "demo":
        arguments = ["demo", sport, "--seed", str(SEEDS[sport]), "--minutes", str(MINUTES[sport]), "--speed", "100", "--port", "0"]
    else:
        arguments = ["replay", recording, "--serve", "--port", "0"]
    assert run(arguments) == 0


def _through_a_host(onlooker: Onlooker, sport: str) -> None:
    """``touchline run`` on a broker that is not there: its runner is handed the game's messages."""

    class Runner:
        commits, group = 0, "touchline"

        def __init__(self, address: Any, name: str, make: Any, **_: Any) -> None:
            self.make = make

        def run(self, stop: threading.Event) -> None:
            world = open_simulator(sport, SEEDS[sport], MINUTES[sport])
            game = world.record.game
            records = [GameStart(record=world.record), *world.stream(5), GameEnd(game=game)]
            raw = [encode_feed(each) for each in records]
            onlooker.begin()
            host = GameSession(sport, game, self.make)
            for i, each in enumerate(raw):
                messages(sport, game, host.take(each, 0), 0)
                if i % 500 == 300 and host.phase == "on":
                    host.snapshot()
            onlooker.on = False

    kafka.KafkaRunner = Runner  # type: ignore[misc,assignment]
    broker.ensure = lambda *_, **__: 4  # type: ignore[assignment]
    publisher.claim = lambda *_, **__: None  # type: ignore[assignment]
    address = "kafka://127.0.0.1:1"
    assert run(["run", "--source", address, "--sink", address, "--sport", sport]) == 0


def recorded(sport: str, folder: Path) -> Path:
    """A recording of the game for ``touchline replay``."""
    assert run(["simulate", sport, "--seed", str(SEEDS[sport]), "--minutes", str(MINUTES[sport]), "--out", str(folder)]) == 0
    return folder


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--cold"]
    main(given[0], given[1], given[2] if len(given) > 2 else "", "--cold" in sys.argv)
