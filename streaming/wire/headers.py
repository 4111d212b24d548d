"""Headers of messages: what a message is, without decoding it. A reader may do without them, and ignores those it does not know.

``content-type``, ``schema`` (its name in ``/api/schemas``), ``schema-version``, ``game``; ``stats``, the ids inside, joined by
commas; ``group``, the consumer group whose process wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

Headers = tuple[tuple[str, bytes], ...]

JSON: Final = b"application/json"
#: a packet of telemetry (``streaming.wire.records.encode_telemetry``)
PACKET: Final = b"application/octet-stream"
CONTENT_TYPE, SCHEMA, SCHEMA_VERSION = "content-type", "schema", "schema-version"
GAME, STATS, GROUP = "game", "stats", "group"


@lru_cache(maxsize=8192)
def headers(schema: str, version: int, game: str, stats: tuple[str, ...] = ()) -> Headers:
    """Those of a JSON message.

    >>> headers("positions", 1, "g-1")
    (('content-type', b'application/json'), ('schema', b'positions'), ('schema-version', b'1'), ('game', b'g-1'))
    """
    found = (CONTENT_TYPE, JSON), (SCHEMA, schema.encode()), (SCHEMA_VERSION, b"%d" % version), (GAME, game.encode())
    return (*found, (STATS, ",".join(stats).encode())) if stats else found


def input_headers(game: str, value: bytes) -> Headers:
    """Those of a record of the input topic, which is JSON or a packet."""
    return (CONTENT_TYPE, JSON if value[:1] == b"{" else PACKET), (GAME, game.encode())


def read_headers(found: Iterable[tuple[str, bytes | None]] | None) -> dict[str, str]:
    """By name, what a message's headers say; one that is no text, or has no value, is left out.

    >>> read_headers([("game", b"g-1"), ("x", None), ("y", b"\\xff"), ("game", b"g-2")])
    {'game': 'g-2'}
    """
    out = {}
    for name, value in found or ():
        try:
            if value is not None:
                out[str(name)] = bytes(value).decode()
        except UnicodeDecodeError:
            continue
    return out
