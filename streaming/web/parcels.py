"""Blocks on their way out: turned into JSON once, when somebody first wants them, and shared by everyone who does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from streaming.blocks import FrameBlock, StatBlock
from streaming.records import Event, encode
from streaming.web.messages import Positions, text

_quote = msgspec.json.Encoder().encode


class Item(NamedTuple):
    """One update or event as JSON. ``key`` is what a newer one replaces: (stat, subject) of a windowed value, where the
    latest counts, or the id of an event's value, where every one counts."""

    key: tuple[str, str] | str
    subject: str
    end_us: int
    raw: bytes
    event: bool = False


class Parcel:
    """One block, or one reported event, under the address that patterns are matched with."""

    __slots__ = ("_items", "address", "block", "published_us")

    def __init__(self, block: StatBlock | Event, address: str, published_us: int) -> None:
        self.block, self.address, self.published_us = block, address, published_us
        self._items: list[Item] | None = None

    @property
    def momentary(self) -> bool:
        """Whether it belongs to an event, so that each one counts and not only the latest."""
        return isinstance(self.block, Event) or self.block.event is not None

    def items(self) -> list[Item]:
        """Everything in it, as JSON."""
        if self._items is None:
            self._items = self._encode()
        return self._items

    def forget(self) -> None:
        """Let the JSON go; it is made again when it is wanted again."""
        self._items = None

    def _encode(self) -> list[Item]:
        block = self.block
        if isinstance(block, Event):
            return [Item("event/" + block.id, block.player or block.team or "", block.t_us, encode(block), True)]
        if block.event is not None:
            return [Item(u.id, u.subject, u.window_us[1], encode(u)) for u in block.updates(self.published_us)]
        stat = block.stat
        return [
            Item((stat, u.subject), u.subject, u.window_us[1], encode(u)) for u in block.updates(self.published_us)
        ]


def newest(items: Iterable[Item], into: dict[tuple[str, str] | str, Item]) -> int:
    """Fold ``items`` into ``into`` so that each key holds its newest; returns how many were passed over."""
    passed = 0
    for item in items:
        old = into.pop(item.key, None)
        if old is not None:
            passed += 1
            if old.end_us > item.end_us and isinstance(item.key, tuple):
                item = old  # a late value of an earlier window: the screen has moved on
        into[item.key] = item
    return passed


class Delivery:
    """Items of one game that go out together. Made once per group of equal subscribers; ``stamp_ns`` is when the
    operator handed them over (monotonic), 0 for what a newcomer is told of the past."""

    __slots__ = ("_text", "game", "items", "seq", "snapshot", "stamp_ns")

    def __init__(
        self, game: str, seq: int, items: Sequence[Item], stamp_ns: int = 0, *, snapshot: bool = False
    ) -> None:
        self.game, self.seq, self.items, self.stamp_ns, self.snapshot = game, seq, items, stamp_ns, snapshot
        self._text: str | None = None

    @property
    def text(self) -> str:
        """A ``messages.Stats``, put together from the bytes that are there already."""
        if self._text is None:
            parts = [b'{"kind":"stats","game":', _quote(self.game), b',"seq":%d' % self.seq]
            updates = [item.raw for item in self.items if not item.event]
            events = [item.raw for item in self.items if item.event]
            if updates:
                parts += [b',"updates":[', b",".join(updates), b"]"]
            if events:
                parts += [b',"events":[', b",".join(events), b"]"]
            parts.append(b',"snapshot":true}' if self.snapshot else b"}")
            self._text = b"".join(parts).decode()
        return self._text


def positions_text(block: FrameBlock) -> str:
    """A ``messages.Positions`` in whole centimetres: more is not on any sensor, and it is a third shorter."""
    rows = [
        [None if v != v else v / 100.0 for v in row]
        for row in (block.xyz_m.reshape(len(block.t_us), -1).astype("f8") * 100.0).round().tolist()
    ]
    return text(
        Positions(
            game=block.game, sport=block.sport, period=block.period, ids=list(block.ids),
            t_us=block.t_us.tolist(), xyz_m=rows,
        )
    )  # fmt: skip
