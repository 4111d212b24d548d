"""Another version of a model takes over in the middle of a game: between two records, in all of an operator at once, and on record.

Records that arrived together are one moment. A switch waits for the first record that arrived later than all before it, so
that a replay, however it cuts the stream, can make it at the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np

from models.base import Model, digest_of
from streaming.operator.context import GameContext
from streaming.operator.events.event_stats import EventStage
from streaming.operator.telemetry.watermarks import NEVER
from streaming.operator.telemetry.window_stats import WindowStage
from streaming.wire.blocks import ModelSwitch, Output
from streaming.wire.records import Event, Telemetry


class DeployedModels(Protocol):
    """Where an operator finds its models: ``current()`` is another mapping when ``stamp`` has changed
    (``models.registry.follow``)."""

    stamp: int

    def current(self) -> Mapping[str, Model]: ...


class FixedModels:
    """Models that stay as they are."""

    stamp = 0

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models

    def current(self) -> Mapping[str, Model]:
        return self._models


class ModelReloader:
    """Looks at one number a record; the stages of the operator get the new models when it has changed. At the first record, and at
    every change, the output names the versions that answer from there on."""

    def __init__(self, game: GameContext, deployed: DeployedModels, windows: WindowStage, events: EventStage) -> None:
        self.game, self.clock, self.deployed, self.windows, self.events = game.game, game.clock, deployed, windows, events
        self._stamp = -1
        #: by model, the version and the digest that answer
        self._live: dict[str, tuple[str, str]] = {}

    def maybe_reload(self, record: Telemetry | Event, now_us: int, out: list[Output]) -> None:
        """``record`` comes next."""
        if self.deployed.stamp == self._stamp:
            return
        arrival = record.arrival_us
        first_us = (arrival if isinstance(arrival, int) else int(arrival[0]) if len(arrival) else 0) or now_us
        if first_us <= self.clock.now_us != NEVER:
            return
        self._stamp = self.deployed.stamp
        models = self.deployed.current()
        after_us = self.clock.now_us
        for item in (*self.windows.stats, *self.events.items()):
            if item.stat.model is None or item.model is None:
                continue
            if item.model is not models[item.stat.model]:
                item.use_model(models[item.stat.model])
        for name, model in sorted(models.items()):
            version, digest = self._live.get(model.name, ("", ""))
            remote = hasattr(model, "try_predict")  # every answer names the version that the endpoint had then
            if "/" not in name and not remote and digest != digest_of(model):
                self._live[model.name] = model.version, digest_of(model)
                folder = getattr(model, "folder", None)
                out.append(
                    ModelSwitch(
                        self.game,
                        model.name,
                        version,
                        model.version,
                        after_us,
                        digest_of(model),
                        "" if folder is None else str(folder),
                    )
                )


class Pinned:
    """The models of a recorded game, each version in the place that it had: ``changes`` are (after_us, models) in order. Give
    the operator this as what is deployed, and its records through ``stream``."""

    def __init__(self, models: Mapping[str, Model], changes: Iterable[tuple[int, Mapping[str, Model]]]) -> None:
        self.stamp = 0
        self._models = models
        self._changes = sorted(changes, key=lambda change: change[0])

    def current(self) -> Mapping[str, Model]:
        return self._models

    def stream(self, records: Iterable[Telemetry | Event]) -> Iterator[Telemetry | Event]:
        """The records in order; a packet that gathers arrivals from before and after a switch is cut there."""
        waiting = list(self._changes)
        newest_us = NEVER
        for record in records:
            if not waiting or isinstance(record, int):
                yield record
                continue
            if isinstance(record, Event) or isinstance(record.arrival_us, int):
                newest_us = max(newest_us, int(record.arrival_us))
                self._past(waiting, newest_us)
                yield record
                continue
            running = np.maximum.accumulate(np.maximum(record.arrival_us, newest_us))
            at = 0
            while waiting and at < len(running):
                cut = int(np.searchsorted(running, waiting[0][0], side="right"))
                if cut >= len(running):
                    break
                if cut > at:
                    yield record.take(slice(at, cut))
                    at = cut
                self._past(waiting, int(running[at]))
            yield record.take(slice(at, None)) if at else record
            newest_us = int(running[-1]) if len(running) else newest_us

    def _past(self, waiting: list[tuple[int, Mapping[str, Model]]], arrival_us: int) -> None:
        while waiting and waiting[0][0] < arrival_us:
            self._models = {**self._models, **waiting.pop(0)[1]}
            self.stamp += 1
