"""How much one game may take: checked from its record alone, before memory is taken, and for what its events leave behind.

A game record of some kilobytes can ask for gigabytes, and the state of a game has to fit a message of a broker, or no other process
could take the game over. The largest games that are played are far below (docs/reliability.md has the figures).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.frames import Roster
from features.core.sport import Dim, Sport
from streaming.errors import BadInput, BadRecord
from streaming.operator.telemetry.grid import Grid
from streaming.operator.telemetry.tag_buffers import LINE, SLICE
from streaming.wire.bounds import event_bytes
from streaming.wire.records import Event, GameRecord

#: axis N: twice the largest squads and all officials
MAX_ENTITIES: Final = 256
#: tags of a game
MAX_TAGS: Final = 1_024
#: arrays of a game that is on: its frame buffer and the samples of its tags
MAX_MEMORY_BYTES: Final = 256_000_000
#: a snapshot: with what is put around it, it is below the largest message of a broker (``streaming.kafka.broker``)
MAX_SNAPSHOT_BYTES: Final = 15_200_000
#: of that its arrays; what they leave is for the events
MAX_STATE_BYTES: Final = 12_000_000
#: one event, with all its attributes
MAX_EVENT_BYTES: Final = 64_000
#: what a game keeps of all its events at most: those that wait, ten minutes of the ledger, and the ids of the rest
MAX_EVENTS_BYTES: Final = 8_000_000
#: events that wait for their watermark
MAX_WAITING: Final = 10_000
#: settled events of a game that may be replaced: each time ten minutes of the ledger are gone through again
MAX_CORRECTIONS: Final = 2_000
#: what the ledger keeps of an event besides its own text: what was worked out of it
FACTS_BYTES: Final = 600


def _cells(dims: tuple[Dim, ...], entities: int) -> int:
    return int(np.prod([entities if dim == "N" else int(dim) for dim in dims], dtype=np.int64)) if dims else 1


def row_bytes(sport: Sport, entities: int) -> dict[str, int]:
    """Bytes of a row of each column of the frame buffer, by the names of ``FrameBuffer.columns``."""
    plain = {"t_us": 8, "grid_row": 8, "t": 8, "period": 1, "attack": 1, "xyz": 24 * entities}
    channels = {f"signal.{name}": 8 * entities for name in sport.channels}
    signals = {f"signal.{s.name}": np.dtype(s.dtype).itemsize * _cells(s.dims, entities) for s in sport.signals}
    return plain | channels | signals


def check_record(sport: Sport, record: GameRecord, roster: Roster) -> None:
    """``BadInput`` when there are more entities or tags than a game has."""
    for what, number, most in (("entities", len(roster), MAX_ENTITIES), ("tags", len(record.tags), MAX_TAGS)):
        if number > most:
            raise BadInput(f"game {record.game!r} has {number:,} {what}; a game of {sport.name} has at most {most:,}")


def check_size(sport: Sport, record: GameRecord, entities: int, grid: Grid, rows: int, reach: dict[str, int]) -> int:
    """How many bytes the events of a game may take. ``BadInput`` when its arrays would take more than a game may. ``rows`` is the
    length of its frame buffer, ``reach`` the rows of each column that a snapshot keeps."""
    each = row_bytes(sport, entities)
    steps = 8 * sum(_cells(dims, entities) for step in sport.steps for dims in step.state.values())
    sample = 8 * (3 + len(sport.channels))
    lines = len(record.tags) * LINE * (sample + 8)
    rejects = (SLICE + len(record.tags) * LINE) * (sample + 32)
    memory = rows * sum(each.values()) + steps + lines + rejects
    kept_lines = len(record.tags) * LINE * (sample // 2 + 8)
    state = sum(reach[name] * size for name, size in each.items()) + steps + kept_lines
    for what, size, most in (("memory", memory, MAX_MEMORY_BYTES), ("state", state, MAX_STATE_BYTES)):
        if size > most:
            raise BadInput(
                f"game {record.game!r} would take {size / 1e6:,.1f} MB of {what}, and a game has {most / 1e6:,.0f} MB: "
                f"{entities} entities and {len(record.tags)} tags at {grid.hz} Hz are too many"
            )
    return min(MAX_EVENTS_BYTES, MAX_SNAPSHOT_BYTES - state)


def check_event(event: Event, waiting: int, kept_bytes: int, most_bytes: int) -> None:
    """``BadRecord`` when there is no room for the event: ``waiting`` others wait, and those of the game take ``kept_bytes`` of
    ``most_bytes``."""
    size = event_bytes(event)
    if size > MAX_EVENT_BYTES:
        raise BadRecord("oversized event", f"event {event.id} has {size:,} bytes; at most {MAX_EVENT_BYTES:,} are taken")
    if waiting >= MAX_WAITING:
        raise BadRecord("too many events wait", f"event {event.id}: {waiting:,} others wait for their watermark")
    if kept_bytes + size + FACTS_BYTES > most_bytes:
        raise BadRecord("too many events", f"event {event.id}: the events of this game take {kept_bytes:,} bytes already")
