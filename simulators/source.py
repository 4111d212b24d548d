"""A simulated game as a source: ``simulator://SPORT?seed=7&minutes=5``, with any option of the sport's simulator."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulators.catalogue import open_simulator, options_of
from streaming.errors import BadInput
from streaming.sources.base import SourceOptions
from streaming.wire.records import Event, GameRecord, Telemetry

#: frames in a packet where no clock waits for them
PACKED_FRAMES = 250


class SimulatorSource:
    """The game of a seed; ``t0_us`` is when it starts, by the simulator's own choice when left out."""

    def __init__(self, sport: str, seed: int = 7, minutes: float = 90.0, **options: str | int | None) -> None:
        self.text = f"simulator://{sport}?seed={seed}"
        self._simulator = open_simulator(sport, seed, minutes, **options)
        self.record: GameRecord = self._simulator.record

    def records(self, *, live: bool) -> Iterator[Telemetry | Event]:
        return self._simulator.stream(1 if live else PACKED_FRAMES)


def url_of(sport: str, **parameters: str | float) -> str:
    """The URL of a simulated game."""
    return f"simulator://{sport}?{urlencode(parameters)}"


def open_source(url: str, options: SourceOptions) -> SimulatorSource:
    """The source of ``simulator://SPORT?seed=7&minutes=5&t0_us=...``; ``BadInput`` for a parameter that is none."""
    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        seed, minutes = int(parameters.pop("seed", "7")), float(parameters.pop("minutes", "90"))
        common = {"t0_us": int(parameters.pop("t0_us"))} if "t0_us" in parameters else {}
    except ValueError:
        raise BadInput(f"{url!r}: seed and t0_us are whole numbers, minutes is a number") from None
    return SimulatorSource(
        parts.netloc, seed, minutes, **common, **options_of(parts.netloc, [f"{k}={v}" for k, v in parameters.items()])
    )
