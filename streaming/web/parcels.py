"""Blocks on their way out: turned into JSON once, when somebody first wants them, and shared by everyone who does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np

from streaming import topics
from streaming.blocks import FrameBlock, StatBlock, plain
from streaming.records import Clocks, Event, StatUpdate, encode
from streaming.web.messages import Positions, text

_json = msgspec.json.Encoder().encode


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
        return [item for k in range(len(block.end_us)) for item in _window(block, k, self.published_us)]


def _window(block: StatBlock, k: int, published_us: int) -> list[Item]:
    """The updates of window ``k`` of a block, byte for byte what the codec makes of them. They differ in id, subject and
    value only, so the codec writes one of them and the others are put together around it."""
    stat, end = block.stat, int(block.end_us[k])
    live = None if block.live is None else block.live[k].tolist()
    clocks = Clocks(event_us=end, ingress_us=int(block.ingress_us[k]), published_us=published_us)
    one = StatUpdate(
        id="", stat=stat, game=block.game, sport=block.sport, subject="", value=None, unit=block.unit,
        quality=block.quality, window_us=(end - block.span_us, end), clocks=clocks, revision=block.revision,
        frame=block.frame, model=block.model,
    )  # fmt: skip
    end_text, tail = b"%d" % end, encode(one).partition(b'"value":null')[2]
    items = []
    for s, value in enumerate(_values(block.values[k])):
        if live is None or live[s]:
            subject = block.subjects[s]
            before, after = _heads(block.game, block.sport, stat, subject)
            items.append(Item((stat, subject), subject, end, b"".join((before, end_text, after, value, tail))))
    return items


def _values(row: Any) -> list[bytes]:
    """Each subject's value as JSON; NaN and infinities are null."""
    if isinstance(row, np.ndarray) and row.dtype.kind == "f":
        if row.ndim == 1:
            return _json(row.tolist())[1:-1].split(b",")
        return [_json(value) for value in row.tolist()]
    return [_json(plain(value)) for value in row]


@lru_cache(maxsize=65_536)
def _heads(game: str, sport: str, stat: str, subject: str) -> tuple[bytes, bytes]:
    """What stands before and after the window's end in the id, up to the value."""
    ident = _json(topics.window_id(game, stat, subject, 0))
    names = _json(stat), _json(game), _json(sport), _json(subject)
    after = b'","stat":%b,"game":%b,"sport":%b,"subject":%b,"value":' % names
    return b'{"id":' + ident[:-2], after


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
            parts = [b'{"kind":"stats","game":', _json(self.game), b',"seq":%d' % self.seq]
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
    rows = np.round(block.xyz_m.reshape(len(block.t_us), -1).astype("f8") * 100.0) / 100.0
    return text(
        Positions(
            game=block.game, sport=block.sport, period=block.period, ids=list(block.ids),
            t_us=block.t_us.tolist(), xyz_m=rows.tolist(),
        )
    )  # fmt: skip
