"""Raw blocks from a socket, reduced as they arrive, and recorded on request: one buffer, no copy between kernel and reducer."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streaming.errors import BadInput
from streaming.reducing.blocks import MAX_BLOCK_BYTES, PREFIX
from streaming.reducing.reducer import Reducer
from streaming.wire.records import Telemetry

#: bytes read from the socket at once: what still lies in a core's cache when it is reduced
PIECE: Final = 1 << 20
#: a file of raw blocks is ended at about this size and the next one begun
PART_BYTES: Final = 1 << 30


class RawRecorder:
    """Raw bytes as they arrived, in files ``part-00000.blocks`` of a folder. What is written is what was received: a reader skips
    what is malformed, and a last block that is cut short, as the live reducer did."""

    def __init__(self, folder: Path, part_bytes: int = PART_BYTES) -> None:
        if folder.exists() and any(folder.iterdir()):
            raise BadInput(f"{folder} exists already and is not empty")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.part_bytes = folder, part_bytes
        self.written, self._part, self._file, self._in_part = 0, -1, -1, 0

    def write(self, data: memoryview) -> None:
        if self._file < 0 or self._in_part >= self.part_bytes:
            self.close()
            self._part += 1
            self._file = os.open(self.folder / f"part-{self._part:05d}.blocks", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            self._in_part = 0
        while len(data):
            n = os.write(self._file, data)
            self.written += n
            self._in_part += n
            data = data[n:]

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def receive(
    connection: socket.socket,
    reducer: Reducer,
    deliver: Callable[[list[Telemetry]], None],
    now_us: Callable[[], int],
    recorder: RawRecorder | None = None,
) -> int:
    """Read until the other side closes; returns how many bytes arrived. ``deliver`` gets packets whenever windows have closed."""
    room = memoryview(bytearray(MAX_BLOCK_BYTES + PREFIX.size + 2 * PIECE))
    start = stop = total = 0
    while True:
        if len(room) - stop < PIECE:
            room[: stop - start] = bytes(room[start:stop])
            start, stop = 0, stop - start
        n = connection.recv_into(room[stop : stop + PIECE])
        if not n:
            break
        if recorder is not None:
            recorder.write(room[stop : stop + n])
        total, stop = total + n, stop + n
        start += reducer.read(room[start:stop])
        if start == stop:
            start = stop = 0
        if packets := reducer.take(now_us()):
            deliver(packets)
    if start < stop:
        reducer.counts["quarantined", "truncated"] += 1
    if packets := reducer.finish(now_us()):
        deliver(packets)
    return total


def replay(folder: Path, reducer: Reducer, deliver: Callable[[list[Telemetry]], None], now_us: Callable[[], int]) -> int:
    """Raw files through the same reducer; returns how many bytes they hold. ``BadInput`` when there are none."""
    files = sorted(folder.glob("part-*.blocks"))
    if not files:
        raise BadInput(f"there are no raw blocks in {folder}")
    total = 0
    for path in files:
        with path.open("rb") as file:
            while data := file.read(PIECE):
                total += len(data)
                reducer.feed(data)
                if packets := reducer.take(now_us()):
                    deliver(packets)
    if packets := reducer.finish(now_us()):
        deliver(packets)
    return total
