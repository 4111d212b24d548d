"""Blocks on their way out: turned into JSON once, when the first subscriber needs them, and shared by all subscribers. What a
broker delivered as JSON goes out as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from streaming.wire.blocks import StatBlock
from streaming.wire.raw_stats import RawStatBlock
from streaming.wire.records import Event, encode
from streaming.wire.stat_json import block_raw, window_each

_json = msgspec.json.Encoder().encode


class Item(NamedTuple):
    """One update or event as JSON. ``key`` is what a newer one replaces: (stat, subject) of a windowed value, where the
    latest counts, or the id of an event's value, where every one counts."""

    key: tuple[str, str] | str
    subject: str
    end_us: int
    raw: bytes
    event: bool = False


class EncodedBlock:
    """One block, or one reported event, under the address that patterns are matched with."""

    __slots__ = ("_items", "_raw", "address", "block", "published_us")

    def __init__(self, block: StatBlock | RawStatBlock | Event, address: str, published_us: int) -> None:
        self.block, self.address, self.published_us = block, address, published_us
        self._items: list[Item] | None = None
        self._raw: bytes | None = None

    @property
    def is_event_value(self) -> bool:
        """Whether it belongs to an event, so that each value counts and not only the latest."""
        return isinstance(self.block, Event) or self.block.event is not None

    def __len__(self) -> int:
        return 1 if isinstance(self.block, Event) else len(self.block)

    @property
    def event(self) -> bool:
        """Whether it is a reported event and no stat."""
        return isinstance(self.block, Event)

    def windows(self) -> list[tuple[int, Any]]:
        """(window end, the subjects' values) of each window of a stat, oldest first."""
        block = self.block
        assert not isinstance(block, Event)
        if isinstance(block, RawStatBlock):
            return [(block.end_us, block.values())]
        return list(zip(block.end_us.tolist(), block.values, strict=True))

    def items(self) -> list[Item]:
        """Each update or event as JSON."""
        if self._items is None:
            self._items = self._encode()
        return self._items

    def raw(self) -> bytes:
        """All of it, joined by commas, as most subscribers get it. Empty when there is no update."""
        if self._raw is None:
            block = self.block
            if isinstance(block, RawStatBlock):
                return block.raw
            if isinstance(block, Event) or block.event is not None:
                self._raw = b",".join(item.raw for item in self.items())
            else:
                self._raw = block_raw(block, self.published_us)
        return self._raw

    @property
    def holds_json(self) -> bool:
        """Whether its JSON is in memory, uncompressed."""
        return self._items is not None or self._raw is not None

    def release_json(self) -> None:
        """Let the JSON go, or keep it compressed where it is all there is; it is made again when needed."""
        self._items = self._raw = None
        if isinstance(self.block, RawStatBlock):
            self.block.pack()

    def _encode(self) -> list[Item]:
        block = self.block
        if isinstance(block, Event):
            return [Item("event/" + block.id, block.player or block.team or "", block.t_us, encode(block), True)]
        if isinstance(block, RawStatBlock):
            keys: Iterable[tuple[str, str] | str]
            keys = [(block.stat, subject) for subject in block.subjects] if block.event is None else block.ids
            each = zip(keys, block.subjects, block.each(), strict=True)
            return [Item(key, subject, block.end_us, raw) for key, subject, raw in each]
        if block.event is not None:
            return [Item(u.id, u.subject, u.window_us[1], encode(u)) for u in block.updates(self.published_us)]
        return [
            Item((block.stat, subject), subject, end, raw)
            for k in range(len(block.end_us))
            for subject, end, raw in window_each(block, k, self.published_us)
        ]


def newest(items: Iterable[Item], into: dict[tuple[str, str] | str, Item]) -> int:
    """Fold ``items`` into ``into`` so that each key holds its newest; returns how many were replaced."""
    replaced = 0
    for item in items:
        old = into.pop(item.key, None)
        if old is not None:
            replaced += 1
            if old.end_us > item.end_us and isinstance(item.key, tuple):
                item = old  # a late value of an earlier window: the screen has moved on
        into[item.key] = item
    return replaced


class Delivery:
    """A message of one game: whole blocks, or selected items. Made once per group of equal subscribers;
    ``stamp_ns`` is the time of the operator's hand-over (monotonic), 0 for the past, for a new subscriber."""

    __slots__ = ("_items", "_parcels", "_text", "game", "seq", "snapshot", "stamp_ns")

    def __init__(
        self,
        game: str,
        seq: int,
        items: Sequence[Item] = (),
        blocks: Sequence[EncodedBlock] = (),
        stamp_ns: int = 0,
        *,
        snapshot: bool = False,
    ) -> None:
        self.game, self.seq, self.stamp_ns, self.snapshot = game, seq, stamp_ns, snapshot
        self._items, self._parcels = items, blocks
        self._text: str | None = None

    def items(self) -> Iterator[Item]:
        """One by one, to be merged."""
        yield from self._items
        for encoded in self._parcels:
            yield from encoded.items()
        self._release()

    @property
    def text(self) -> str:
        """A ``messages.Stats``, put together from the bytes that are there already."""
        if self._text is None:
            updates = [item.raw for item in self._items if not item.event]
            updates += [raw for encoded in self._parcels if not encoded.event and (raw := encoded.raw())]
            events = [item.raw for item in self._items if item.event]
            events += [encoded.raw() for encoded in self._parcels if encoded.event]
            parts = [b'{"kind":"stats","game":', _json(self.game), b',"seq":%d' % self.seq]
            if updates:
                parts += [b',"updates":[', b",".join(updates), b"]"]
            if events:
                parts += [b',"events":[', b",".join(events), b"]"]
            parts.append(b',"snapshot":true}' if self.snapshot else b"}")
            self._text = b"".join(parts).decode()
            self._release()
        return self._text

    def _release(self) -> None:
        """JSON of the past is made for one subscriber that resumes; only that of the present is shared."""
        if not self.stamp_ns:
            for encoded in self._parcels:
                encoded.release_json()
