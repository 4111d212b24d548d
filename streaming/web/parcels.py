"""Blocks on their way out: turned into JSON once, when somebody first wants them, and shared by everyone who does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress
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

    __slots__ = ("_items", "_raw", "address", "block", "published_us")

    def __init__(self, block: StatBlock | Event, address: str, published_us: int) -> None:
        self.block, self.address, self.published_us = block, address, published_us
        self._items: list[Item] | None = None
        self._raw: bytes | None = None

    @property
    def momentary(self) -> bool:
        """Whether it belongs to an event, so that each one counts and not only the latest."""
        return isinstance(self.block, Event) or self.block.event is not None

    def __len__(self) -> int:
        return 1 if isinstance(self.block, Event) else len(self.block)

    @property
    def event(self) -> bool:
        """Whether it is a reported event and no stat."""
        return isinstance(self.block, Event)

    def items(self) -> list[Item]:
        """Everything in it, each as JSON."""
        if self._items is None:
            self._items = self._encode()
        return self._items

    def raw(self) -> bytes:
        """Everything in it, joined by commas: what most subscribers get. Empty when it holds nothing."""
        if self._raw is None:
            block = self.block
            if isinstance(block, Event) or block.event is not None:
                self._raw = b",".join(item.raw for item in self.items())
            else:
                parts = (_window_raw(block, k, self.published_us) for k in range(len(block.end_us)))
                self._raw = b",".join(part for part in parts if part)
        return self._raw

    def forget(self) -> None:
        """Let the JSON go; it is made again when it is wanted again."""
        self._items = self._raw = None

    def _encode(self) -> list[Item]:
        block = self.block
        if isinstance(block, Event):
            return [Item("event/" + block.id, block.player or block.team or "", block.t_us, encode(block), True)]
        if block.event is not None:
            return [Item(u.id, u.subject, u.window_us[1], encode(u)) for u in block.updates(self.published_us)]
        return [item for k in range(len(block.end_us)) for item in _window(block, k, self.published_us)]


def _window(block: StatBlock, k: int, published_us: int) -> list[Item]:
    """The updates of window ``k`` of a block, each by itself."""
    subjects, values, end_text, tail = _parts(block, k, published_us)
    end, items = int(block.end_us[k]), []
    for subject, value in zip(subjects, values, strict=True):
        before, after = _heads(block.game, block.sport, block.stat, subject)
        items.append(Item((block.stat, subject), subject, end, b"".join((before, end_text, after, value, tail))))
    return items


def _window_raw(block: StatBlock, k: int, published_us: int) -> bytes:
    """The updates of window ``k`` joined by commas."""
    subjects, values, end_text, tail = _parts(block, k, published_us)
    if not subjects:
        return b""
    parts = list(_frame(block.game, block.sport, block.stat, subjects))
    n = len(subjects)
    parts[1::5], parts[3::5], parts[4::5] = [end_text] * n, values, [tail + b","] * n
    parts[-1] = tail
    return b"".join(parts)


def _parts(block: StatBlock, k: int, published_us: int) -> tuple[tuple[str, ...], list[bytes], bytes, bytes]:
    """Subjects and values of window ``k``, its end, and what follows a value. The updates of a window differ in id, subject
    and value only: the codec writes one, and the others are put together around it, byte for byte what it would write."""
    end = int(block.end_us[k])
    clocks = Clocks(event_us=end, ingress_us=int(block.ingress_us[k]), published_us=published_us)
    one = StatUpdate(
        id="", stat=block.stat, game=block.game, sport=block.sport, subject="", value=None, unit=block.unit,
        quality=block.quality, window_us=(end - block.span_us, end), clocks=clocks, revision=block.revision,
        frame=block.frame, model=block.model,
    )  # fmt: skip
    tail = encode(one).partition(b'"value":null')[2]
    subjects, values = block.subjects, _values(block.values[k])
    if block.live is not None and not block.live[k].all():
        live = block.live[k].tolist()
        subjects, values = tuple(compress(subjects, live)), list(compress(values, live))
    return subjects, values, b"%d" % end, tail


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


@lru_cache(maxsize=4_096)
def _frame(game: str, sport: str, stat: str, subjects: tuple[str, ...]) -> tuple[bytes, ...]:
    """Five pieces a subject: head, (end), middle, (value), (tail); those in brackets are filled in for each window."""
    heads = (_heads(game, sport, stat, subject) for subject in subjects)
    return tuple(piece for before, after in heads for piece in (before, b"", after, b"", b""))


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
    """What goes out of one game together: whole parcels, or chosen items. Made once per group of equal subscribers;
    ``stamp_ns`` is when the operator handed it over (monotonic), 0 for what a newcomer is told of the past."""

    __slots__ = ("_items", "_parcels", "_text", "game", "seq", "snapshot", "stamp_ns")

    def __init__(
        self, game: str, seq: int, items: Sequence[Item] = (), parcels: Sequence[Parcel] = (), stamp_ns: int = 0, *,
        snapshot: bool = False,
    ) -> None:  # fmt: skip
        self.game, self.seq, self.stamp_ns, self.snapshot = game, seq, stamp_ns, snapshot
        self._items, self._parcels = items, parcels
        self._text: str | None = None

    def items(self) -> Iterator[Item]:
        """One by one, to be merged."""
        yield from self._items
        for parcel in self._parcels:
            yield from parcel.items()
        self._release()

    @property
    def text(self) -> str:
        """A ``messages.Stats``, put together from the bytes that are there already."""
        if self._text is None:
            updates = [item.raw for item in self._items if not item.event]
            updates += [raw for parcel in self._parcels if not parcel.event and (raw := parcel.raw())]
            events = [item.raw for item in self._items if item.event]
            events += [parcel.raw() for parcel in self._parcels if parcel.event]
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
        """JSON of the past is made for one who came back; only that of the present is worth keeping for the others."""
        if not self.stamp_ns:
            for parcel in self._parcels:
                parcel.forget()


def positions_text(block: FrameBlock) -> str:
    """A ``messages.Positions`` in whole centimetres: more is not on any sensor, and it is a third shorter."""
    rows = np.round(block.xyz_m.reshape(len(block.t_us), -1).astype("f8") * 100.0) / 100.0
    return text(
        Positions(
            game=block.game, sport=block.sport, period=block.period, ids=list(block.ids),
            t_us=block.t_us.tolist(), xyz_m=rows.tolist(),
        )
    )  # fmt: skip
