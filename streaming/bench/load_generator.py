"""Games on the air that cost next to nothing to play: one simulated game, made once and sent as many, for benchmarks and tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from features.core.sport import load_sport
from streaming.bench.figures import figure
from streaming.kafka.batching import WindowBatcher
from streaming.kafka.ingress import Ingress
from streaming.wire.records import Event, GameRecord, Telemetry

#: games begin so far apart, so that their windows do not close together
APART_US: Final = 37_000


class Load:
    """One game's records, made once and sent as many games: shifted to now, stamped as they are sent."""

    def __init__(self, record: GameRecord, records: Iterable[Telemetry | Event], seconds: float | None = None) -> None:
        self.record = record
        self.items: list[tuple[int, Telemetry | Event]] = []
        packer = WindowBatcher(load_sport(record.sport), record)
        for one in records:
            ready: list[Telemetry | Event] = list(packer.add(one)) if isinstance(one, Telemetry) else [*packer.flush(), one]
            self.items.extend((_arrival_us(item), item) for item in ready)
            if seconds is not None and self.items and self.items[-1][0] > record.t0_us + 1e6 * seconds:
                break
        self.first_us = self.items[0][0]
        self.seconds = (self.items[-1][0] - self.first_us) / 1e6
        #: of the last ``send``: when each record was due, and how much later it was handed over, us
        self.sent: list[tuple[int, int]] = []

    def late_us(self, percent: float) -> float:
        """How late records of the last ``send`` were handed over: what of a latency is not the pipeline's."""
        return figure(float(np.percentile([late_us for _, late_us in self.sent], percent)))

    def as_game(self, name: str, shift_us: int) -> GameRecord:
        """The game's record under another name, played ``shift_us`` later."""
        periods = [
            msgspec.structs.replace(p, start_us=p.start_us + shift_us, end_us=None if p.end_us is None else p.end_us + shift_us)
            for p in self.record.periods
        ]
        return msgspec.structs.replace(self.record, game=name, t0_us=self.record.t0_us + shift_us, periods=periods)

    def send(self, ingress: Ingress, names: Sequence[str], stop: threading.Event | None = None) -> None:
        """Every game from its start to its end, each record when it is due. ``stop`` ends all games early."""
        began_us = time.time_ns() // 1000 + 200_000 + 20_000 * len(names)  # announcing a game takes some milliseconds
        self.sent = []
        shifts = {name: began_us + i * APART_US - self.first_us for i, name in enumerate(names)}
        for name, shift_us in shifts.items():
            ingress.start(self.as_game(name, shift_us))
        for due_us, name, item in self._schedule(shifts):
            wait_s = due_us / 1e6 - time.time()
            if stop is not None and stop.wait(max(0.0, wait_s)):
                break
            if stop is None and wait_s > 0:
                time.sleep(wait_s)
            late_us = time.time_ns() // 1000 - due_us
            self.sent.append((due_us, late_us))
            ingress.send(moved(item, name, shifts[name], late_us))
        for name in names:
            ingress.end(name)
        ingress.flush()

    def _schedule(self, shifts: dict[str, int]) -> Iterator[tuple[int, str, Telemetry | Event]]:
        """In the order in which they are due."""
        rows = [(due_us + shift_us, i, name) for name, shift_us in shifts.items() for i, (due_us, _) in enumerate(self.items)]
        for due_us, i, name in sorted(rows):
            yield due_us, name, self.items[i][1]


def moved(item: Telemetry | Event, name: str, shift_us: int, late_us: int) -> Telemetry | Event:
    """A record of another game and time; ``late_us`` is how much later than planned it is sent, as its stamps show."""
    came_us = item.arrival_us + (shift_us + late_us)
    if isinstance(item, Event):
        return msgspec.structs.replace(item, game=name, t_us=item.t_us + shift_us, arrival_us=came_us)
    return Telemetry(name, item.feed, item.t_us + shift_us, item.tag, item.x_m, item.y_m, item.z_m, came_us, channels=item.channels)


def _arrival_us(item: Telemetry | Event) -> int:
    return item.arrival_us if isinstance(item.arrival_us, int) else int(item.arrival_us.max())
