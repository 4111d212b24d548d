"""Limits of what a provider's file may unpack to and hold, so that a small file cannot fill the memory.

A packed file may unpack to so many MB, and beyond :data:`FREE_BYTES` to no more than :data:`RATIO` times its size. A text may
hold as many values (cells, members of lists and objects, elements) as fit into the memory that goes with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streaming.errors import BadInput

#: name of the setting in the environment
SETTING: Final = "TOUCHLINE_IMPORT_LIMIT_MB"
DEFAULT_MB: Final = 1024
MOST_MB: Final = (1 << 20) - 1
#: a file may unpack to this at any ratio
FREE_BYTES: Final = 32 << 20
#: packed text of providers is some 10 to 30 times smaller; deflate can pack a thousand times
RATIO: Final = 200
#: bytes of text that a value stands for: a value takes some 80 bytes of memory at most
BYTES_PER_VALUE: Final = 20
#: from the start of a game to its end
LONGEST_S: Final = 86_400.0
#: columns of a table
COLUMNS: Final = 10_000
#: what a value of text is counted by
_MARKS: Final = (b",", b";", b"[", b"{", b"<")


@dataclass(frozen=True)
class Limits:
    """Of one file: ``mb`` is what it may unpack to, ``values`` how many it may hold."""

    mb: int = DEFAULT_MB

    @property
    def unpacked_bytes(self) -> int:
        return self.mb << 20

    @property
    def values(self) -> int:
        return self.unpacked_bytes // BYTES_PER_VALUE


_SET: ContextVar[Limits | None] = ContextVar("limits of provider files", default=None)


def limits() -> Limits:
    """Those of :func:`limited`, else of the environment's ``TOUCHLINE_IMPORT_LIMIT_MB``, else :data:`DEFAULT_MB`."""
    known = _SET.get()
    if known is not None:
        return known
    word = os.environ.get(SETTING, "").strip() or str(DEFAULT_MB)
    if not word.isascii() or not word.isdigit() or len(word) > 7 or not 0 < int(word) <= MOST_MB:
        raise BadInput(f"{SETTING} is {word!r}, where a number of MB from 1 to {MOST_MB} belongs")
    return Limits(int(word))


@contextmanager
def limited(mb: int) -> Iterator[None]:
    """Read files of up to ``mb`` MB unpacked."""
    before = _SET.set(Limits(mb))
    try:
        yield
    finally:
        _SET.reset(before)


def check_unpacked(path: Path, unpacked: int, packed: int | None = None) -> None:
    """Refuse more than a file may unpack to; ``packed`` bytes of it have been read, None for a file that is not packed."""
    most = limits().unpacked_bytes
    if packed is not None and unpacked > FREE_BYTES and unpacked > RATIO * max(packed, 1):
        raise BadInput(f"{path} unpacks to more than {RATIO} times its size: no file of a game is packed like that")
    if unpacked > most:
        raise BadInput(f"{path} holds more than {limits().mb:,} MB unpacked; {SETTING} sets how much may be read")


def count_values(chunk: bytes) -> int:
    """How many values a piece of text may hold, at most."""
    return sum(chunk.count(mark) for mark in _MARKS)


def check_values(path: Path, found: int) -> None:
    if found > limits().values:
        raise BadInput(f"{path} holds more than {limits().values:,} values; {SETTING} sets how much may be read")


def check_length(path: Path, seconds: float) -> None:
    """Refuse a game that lasts longer than any does: what is made for each moment of it would fill the memory."""
    if not seconds <= LONGEST_S:
        raise BadInput(f"{path} has a time of {seconds:g} s after the start: no game is longer than {LONGEST_S / 3600:g} h")


def check_columns(path: Path, found: int) -> None:
    if found > COLUMNS:
        raise BadInput(f"{path} has {found:,} columns, and a table of a game has fewer than {COLUMNS:,}")
