"""Unpacking what is compressed, up to a bound: a few kilobytes can hold gigabytes of zeros."""

from __future__ import annotations

import lz4.frame

from streaming.errors import BadSnapshot


def lz4_frame(raw: bytes, most_bytes: int, what: str) -> bytes:
    """What an LZ4 frame holds; ``BadSnapshot`` when it is none, or holds more than ``most_bytes``."""
    unpacker = lz4.frame.LZ4FrameDecompressor()
    try:
        found: bytes = unpacker.decompress(raw, max_length=most_bytes + 1)
    except (RuntimeError, EOFError) as error:
        raise BadSnapshot(f"{what} cannot be unpacked: {error}") from None
    if len(found) > most_bytes:
        raise BadSnapshot(f"{what} unpacks to more than {most_bytes:,} bytes")
    if not unpacker.eof:
        raise BadSnapshot(f"{what} is cut short")
    return found
