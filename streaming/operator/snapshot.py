"""State as bytes: a msgpack map of plain values and arrays behind a magic, a version and a checksum. Nothing is unpickled."""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec
import numpy as np

from streaming.errors import BadSnapshot

VERSION: Final = 3
#: version 2 kept the names of models among the facts of events
READS: Final = (2, 3)
_MAGIC: Final = b"TLSN"
#: a snapshot that is larger is no game's (``streaming.operator.limits`` keeps them far below)
MAX_BYTES: Final = 64_000_000
MAX_ARRAYS: Final = 4_096
_KINDS: Final = frozenset({"f8", "f4", "i8", "i4", "i2", "i1", "u4", "u1", "b1"})


class _Array(msgspec.Struct, array_like=True):
    kind: str
    shape: list[int]
    raw: bytes


class _Snapshot(msgspec.Struct, array_like=True):
    version: int
    sport: str
    game: str
    fingerprint: str
    plain: bytes
    arrays: dict[str, _Array]


_decoder = msgspec.msgpack.Decoder(_Snapshot)


def pack(sport: str, game: str, fingerprint: str, plain: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """``plain`` is anything msgpack can hold."""
    packed = {name: _Array(a.dtype.str[1:], list(a.shape), np.ascontiguousarray(a).tobytes()) for name, a in arrays.items()}
    body = msgspec.msgpack.encode(_Snapshot(VERSION, sport, game, fingerprint, msgspec.msgpack.encode(plain), packed))
    return _MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def unpack(raw: bytes, sport: str, game: str, fingerprint: str, kind: Any) -> tuple[Any, dict[str, np.ndarray[Any, Any]]]:
    """The plain part as ``kind`` and the arrays; ``BadSnapshot`` with the one reason why it does not fit."""
    if raw[:4] != _MAGIC:
        raise BadSnapshot("this is not a snapshot")
    if len(raw) > MAX_BYTES:
        raise BadSnapshot(f"the snapshot has {len(raw):,} bytes; no game's has more than {MAX_BYTES:,}")
    if int.from_bytes(raw[4:8], "little") != zlib.crc32(raw[8:]):
        raise BadSnapshot("the snapshot is damaged: its checksum does not match")
    try:
        version = msgspec.msgpack.decode(raw[8:], type=list[Any])[0]
        if version not in READS:
            raise BadSnapshot(f"the snapshot has version {version}, this program reads version {VERSION}")
        found = _decoder.decode(raw[8:])
        plain = msgspec.msgpack.decode(found.plain, type=kind)
        if len(found.arrays) > MAX_ARRAYS:
            raise BadSnapshot(f"the snapshot has {len(found.arrays):,} arrays")
        arrays = {name: _array(name, a) for name, a in found.arrays.items()}
    except (msgspec.DecodeError, IndexError, ValueError, OverflowError, RecursionError) as error:
        raise BadSnapshot(f"the snapshot cannot be read: {error}") from None
    if (found.sport, found.game) != (sport, game):
        raise BadSnapshot(f"the snapshot is of {found.sport} game {found.game!r}, not of {sport} game {game!r}")
    if found.fingerprint != fingerprint:
        raise BadSnapshot("the snapshot was made with another clock or another roster than this operator has")
    return plain, arrays


def _array(name: str, packed: _Array) -> np.ndarray[Any, Any]:
    if packed.kind not in _KINDS:
        raise BadSnapshot(f"the snapshot's {name} has an unknown type {packed.kind!r}")
    if len(packed.shape) > 8 or any(not 0 <= length <= MAX_BYTES for length in packed.shape):
        raise BadSnapshot(f"the snapshot's {name} has no shape that an array has")
    return np.frombuffer(packed.raw, packed.kind).reshape(packed.shape).copy()
