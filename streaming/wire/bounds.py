"""How large a message may be, and what goes out instead of one that is larger.

A broker takes messages of a megabyte unless it is configured otherwise. One that it does not take looks to its client like a
transaction that has failed: it would be tried again for ever, and every game of the process with it. So nothing larger is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from streaming.wire.blocks import MAX_PAYLOAD_BYTES, DeadLetter, FrameBlock
from streaming.wire.records import Event, Telemetry

#: largest message of any topic but that of snapshots: below the megabyte of a broker's default, with its headers
MAX_BYTES: Final = 950_000
#: a game's id has at most so many characters (``Name``); the key of a message from outside may have any number
MAX_GAME_CHARACTERS: Final = 200
#: numbers of one message of positions
_FRAME_NUMBERS: Final = 60_000


def game_name(text: str) -> str:
    """The id of a game as it is published: what no game can be called is cut, and marked by its hash.

    >>> game_name("final-2026")
    'final-2026'
    >>> len(game_name("x" * 1_000_000))
    200
    """
    if len(text) <= MAX_GAME_CHARACTERS:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{text[: MAX_GAME_CHARACTERS - 17]}~{mark}"


def letters(letter: DeadLetter) -> Iterator[DeadLetter]:
    """A letter as it can be sent: one about many samples becomes several, and bytes are cut (``DeadLetter.of``)."""
    if isinstance(letter.payload, bytes):
        if len(letter.payload) > MAX_PAYLOAD_BYTES:
            source, reason = letter.source, letter.reason
            letter = DeadLetter.of(source, letter.game, reason, letter.arrival_us, letter.payload, letter.detail)
        yield letter
        return
    rows = max(1, MAX_PAYLOAD_BYTES // (32 + 4 * len(letter.payload.channels)))
    if len(letter) <= rows:
        yield letter
        return
    for first in range(0, len(letter), rows):
        part: Telemetry = letter.payload.take(slice(first, first + rows))
        yield DeadLetter(letter.source, letter.game, letter.reason, letter.arrival_us, part, letter.detail)


def frames(block: FrameBlock) -> Iterator[FrameBlock]:
    """Positions in messages that can be sent: a long packet frames minutes at once."""
    rows = max(1, _FRAME_NUMBERS // max(1, 3 * len(block.ids)))
    if len(block.t_us) <= rows:
        yield block
        return
    for first in range(0, len(block.t_us), rows):
        part = slice(first, first + rows)
        yield FrameBlock(block.game, block.sport, block.ids, block.t_us[part], block.xyz_m[part], block.period)


class TooLarge(msgspec.Struct, frozen=True):
    """A message that is not sent, for the letter that goes out instead."""

    topic: str
    size: int
    sha256: str

    @classmethod
    def of(cls, topic: str, value: bytes) -> TooLarge:
        return cls(topic, len(value), hashlib.sha256(value).hexdigest())

    def letter(self, source: str, game: str, published_us: int, value: bytes) -> DeadLetter:
        """Small, with the message's beginning, length and hash."""
        why = f"a message for {self.topic} of {self.size:,} bytes, and at most {MAX_BYTES:,} are sent"
        return DeadLetter(source, game, "too large to publish", published_us, value[:4_096], why, self.size, self.sha256)


def event_bytes(event: Event) -> int:
    """About how many bytes an event has as JSON."""
    size = 160 + len(event.id) + len(event.game) + len(event.type) + len(event.outcome)
    size += len(event.team or "") + len(event.player or "")
    for name, value in event.attrs.items():
        size += len(name) + (len(value) + 6 if isinstance(value, str) else 16)
    return size
