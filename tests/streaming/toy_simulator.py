"""The toy sport's world: four runners, a ball, and a mark every two seconds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from streaming.wire.records import Event, GameRecord, Telemetry
from tests.streaming import toy


class ToySimulator:
    """``seconds`` of play from ``t0_us`` on, as ``toy.track`` and ``toy.mark`` make it."""

    def __init__(self, seed: int, seconds: float, game: str, t0_us: int) -> None:
        self.seed, self.seconds, self.shift_us = seed, seconds, t0_us - toy.T0
        record = toy.game()
        self.record: GameRecord = msgspec.structs.replace(
            record,
            game=game,
            t0_us=t0_us,
            title="Toy v Toy",
            periods=[msgspec.structs.replace(p, start_us=p.start_us + self.shift_us) for p in record.periods],
        )

    def stream(self, frames_per_packet: int = 1) -> Iterator[Telemetry | Event]:
        """Packets of ``frames_per_packet`` instants, and each mark a second after it was made."""
        whole = toy.track(self.seconds, seed=self.seed)
        rows = frames_per_packet * len(self.record.entities)
        marks = [toy.mark(i, 2.0 * i, i % 4) for i in range(1, int(self.seconds / 2) + 1)]
        for lo in range(0, len(whole), rows):
            packet = whole.take(slice(lo, lo + rows))
            arrival = int(packet.t_us[-1]) + 4000
            while marks and marks[0].arrival_us <= arrival:
                yield self._moved(marks.pop(0))
            packet.game, packet.t_us, packet.arrival_us = self.record.game, packet.t_us + self.shift_us, arrival + self.shift_us
            yield packet
        yield from map(self._moved, marks)

    def _moved(self, event: Event) -> Event:
        times = {"t_us": event.t_us + self.shift_us, "arrival_us": event.arrival_us + self.shift_us}
        return msgspec.structs.replace(event, game=self.record.game, **times)


def play(seed: int, minutes: float, game: str | None = None, t0_us: int | None = None) -> ToySimulator:
    """What the entry point ``touchline.simulators`` offers."""
    return ToySimulator(seed, minutes * 60, game or f"toy-{seed}", toy.T0 if t0_us is None else t0_us)
