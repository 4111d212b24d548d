"""Blocks as JSON: the StatUpdates of a window, put together around one that the codec wrote, and byte for byte what it would
write for each."""

from __future__ import annotations

from functools import lru_cache
from itertools import compress
from typing import Any

import msgspec
import numpy as np

from streaming.wire import topics
from streaming.wire.blocks import StatBlock, plain
from streaming.wire.records import STAT_VERSION, Clocks, StatUpdate, encode

_json = msgspec.json.Encoder().encode


def window_each(block: StatBlock, k: int, published_us: int) -> list[tuple[str, int, bytes]]:
    """The updates of window ``k`` of a block, each by itself: (subject, window end, JSON)."""
    subjects, values, end_text, tail = _parts(block, k, published_us)
    end, items = int(block.end_us[k]), []
    for subject, value in zip(subjects, values, strict=True):
        before, after = _heads(block.game, block.sport, block.stat, subject)
        items.append((subject, end, b"".join((before, end_text, after, value, tail))))
    return items


def block_raw(block: StatBlock, published_us: int, between: bytes = b",") -> bytes:
    """Every update of a block, with ``between`` between them: a comma, or a new line. Empty when no subject has been seen."""
    if block.event is not None:
        return between.join(encode(update) for update in block.updates(published_us))
    return between.join(part for k in range(len(block.end_us)) if (part := _window_raw(block, k, published_us, between)))


def _window_raw(block: StatBlock, k: int, published_us: int, between: bytes) -> bytes:
    """The updates of window ``k``."""
    subjects, values, end_text, tail = _parts(block, k, published_us)
    if not subjects:
        return b""
    parts = list(_frame(block.game, block.sport, block.stat, subjects))
    n = len(subjects)
    parts[1::5], parts[3::5], parts[4::5] = [end_text] * n, values, [tail + between] * n
    parts[-1] = tail
    return b"".join(parts)


def _parts(block: StatBlock, k: int, published_us: int) -> tuple[tuple[str, ...], list[bytes], bytes, bytes]:
    """Subjects and values of window ``k``, its end, and what follows a value. The updates of a window differ in id, subject
    and value only: the codec writes one, and the others are put together around it, byte for byte what it would write."""
    end = int(block.end_us[k])
    clocks = Clocks(event_us=end, ingress_us=int(block.ingress_us[k]), published_us=published_us)
    one = StatUpdate(
        id="",
        stat=block.stat,
        game=block.game,
        sport=block.sport,
        subject="",
        value=None,
        unit=block.unit,
        quality=block.quality,
        window_us=(end - block.span_us, end),
        clocks=clocks,
        revision=block.revision,
        frame=block.frame,
        model=block.model,
        reason=block.reason,
    )
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
    return b'{"v":%d,"id":' % STAT_VERSION + ident[:-2], after


@lru_cache(maxsize=4_096)
def _frame(game: str, sport: str, stat: str, subjects: tuple[str, ...]) -> tuple[bytes, ...]:
    """Five pieces a subject: head, (end), middle, (value), (tail); those in brackets are filled in for each window."""
    heads = (_heads(game, sport, stat, subject) for subject in subjects)
    return tuple(piece for before, after in heads for piece in (before, b"", after, b"", b""))
