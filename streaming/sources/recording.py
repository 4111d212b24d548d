"""A recorded game as a source: the records in their order and with their stamps, packed as they arrived or as long as is fast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streaming.errors import BadInput
from streaming.recordings.reader import Recording
from streaming.sources.base import SourceOptions
from streaming.wire.records import Event, Telemetry


class RecordingSource:
    """The game of the recording in the folder ``path``; ``BadInput`` when there is none."""

    def __init__(self, path: Path) -> None:
        self.recording = Recording(path)
        self.text, self.record = str(path), self.recording.game

    def records(self, *, live: bool) -> Iterator[Telemetry | Event]:
        return (record for _, record in due(self.recording, 1.0 if live else None))


def open_recording(url: str, options: SourceOptions) -> RecordingSource:
    """The source of ``file://REC`` or ``REC``; its sport is that of the game."""
    return RecordingSource(Path(url.removeprefix("file://")))


def due(
    recording: Recording, speed: float | None, from_s: float = 0.0, max_samples: int = 8192
) -> Iterator[tuple[float, Telemetry | Event]]:
    """Every record with the seconds after the start at which it is due: for a runner with a clock of its own.

    ``from_s`` counts from the game's t0 and leaves out what had arrived by then. At ``speed`` None all is due at once
    and comes in packets of up to ``max_samples``; else there is a packet for each arrival, as it was live.
    """
    from_us = recording.game.t0_us + round(from_s * 1e6) if from_s > 0 else None
    if from_us is not None and from_us > recording.last_us:
        length_s = max(0.0, (recording.last_us - recording.game.t0_us) / 1e6)
        raise BadInput(f"{recording.path} ends at {length_s / 60:.1f} minutes, before {from_s / 60:.1f}")
    if speed is None:
        for record in recording.records(from_us, max_samples):
            yield 0.0, record
        return
    first: int | None = None
    for record in recording.records(from_us, max_samples, packets="arrival"):
        arrival_us = record.arrival_us
        assert isinstance(arrival_us, int)
        if first is None:
            first = arrival_us if from_us is None else from_us
        yield max(0.0, (arrival_us - first) / 1e6 / speed), record
