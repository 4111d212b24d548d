"""Keyed state as plain bytes: nothing that comes out of a checkpoint is unpickled.

Up to version 0.2 state was declared as pickled, so that older savepoints hold each value as a pickle of ``bytes`` or of
``(int, bytes)``. Such a pickle is read by its opcodes, of which those that name or call anything are refused.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from streaming.errors import BadSnapshot

#: begins an entry of the log: a version, then the stamp in microseconds, then the record
_ENTRY: Final = struct.Struct("<Bq")
_VERSION: Final = 1
#: what a pickle of protocol 2 or later begins with; neither an entry nor a compressed snapshot does
_PICKLE: Final = 0x80
#: what may stand in a pickle of bytes and whole numbers
_HARMLESS: Final = frozenset(
    (
        "PROTO",
        "FRAME",
        "MEMOIZE",
        "STOP",
        "TUPLE2",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG1",
    )
)


class ValueState(Protocol):
    """A value state of Flink for bytes."""

    def value(self) -> bytes | None: ...
    def update(self, value: bytes) -> None: ...
    def clear(self) -> None: ...


class ListState(Protocol):
    """A list state of Flink for bytes."""

    def get(self) -> Iterable[bytes] | None: ...
    def add(self, value: bytes) -> None: ...
    def clear(self) -> None: ...


class SnapshotBytes:
    """The snapshot of the current key, as :class:`streaming.runners.flink.keyed_game.KeyedGames` uses it."""

    def __init__(self, state: ValueState) -> None:
        self._state = state

    def value(self) -> bytes | None:
        """None where the key has none; ``BadSnapshot`` when the bytes are not of this program."""
        raw = self._state.value()
        if raw is None:
            return None
        raw = bytes(raw)
        if raw[:1] != bytes((_PICKLE,)):
            return raw
        found = unpickled(raw)
        if not isinstance(found, bytes):
            raise BadSnapshot("the stored snapshot of a game is not bytes")
        return found

    def update(self, value: bytes) -> None:
        """Replace it."""
        self._state.update(value)

    def clear(self) -> None:
        """Remove it."""
        self._state.clear()


class LogBytes:
    """The records since that snapshot, with their stamps in microseconds."""

    def __init__(self, state: ListState) -> None:
        self._state = state

    def get(self) -> Iterator[tuple[int, bytes]]:
        """In order; ``BadSnapshot`` when an entry is not of this program."""
        for raw in self._state.get() or ():
            yield _entry(bytes(raw))

    def add(self, value: tuple[int, bytes]) -> None:
        """Append a record."""
        now_us, raw = value
        self._state.add(_ENTRY.pack(_VERSION, now_us) + raw)

    def clear(self) -> None:
        """Remove all."""
        self._state.clear()


def _entry(raw: bytes) -> tuple[int, bytes]:
    if raw[:1] == bytes((_PICKLE,)):
        found = unpickled(raw)
        if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], int) and isinstance(found[1], bytes):
            return found
        raise BadSnapshot("an entry of a game's stored log is not a stamp and a record")
    if len(raw) < _ENTRY.size or raw[0] != _VERSION:
        raise BadSnapshot(f"an entry of a game's stored log has version {raw[0] if raw else 'none'}, this program reads {_VERSION}")
    return _ENTRY.unpack_from(raw)[1], raw[_ENTRY.size :]


def unpickled(raw: bytes) -> Any:
    """The bytes, whole number, or pair of such in a pickle that holds nothing else; ``BadSnapshot`` for any other. No code of
    ``pickle`` runs: what it would call is looked for and refused first."""
    stack: list[Any] = []
    try:
        for opcode, argument, _ in pickletools.genops(raw):
            if opcode.name not in _HARMLESS:
                raise BadSnapshot(f"the stored state holds a pickle that is more than bytes ({opcode.name}): it is not read")
            if opcode.name == "TUPLE2":
                stack[-2:] = [(stack[-2], stack[-1])]
            elif opcode.name.startswith(("BININT", "LONG")) or "BINBYTES" in opcode.name:
                stack.append(argument)
    except (ValueError, IndexError) as error:
        raise BadSnapshot(f"the stored state is damaged: {error}") from None
    if len(stack) != 1:
        raise BadSnapshot("the stored state is damaged: a pickle of no value, or of several")
    return stack[0]
