"""Stats on their way from a broker to subscribers, with the JSON that the operator wrote: a gateway reads the few fields by which
it sorts them, checks that the rest is JSON, and passes the bytes on as they are.

Only messages in the form that :func:`streaming.wire.messages.messages` writes pass this way. Those of another writer, or of an
older schema version, are decoded and encoded again, so that a subscriber gets one form of one version from all of them.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Literal

import lz4.block
import msgspec

from streaming.errors import BadRecord
from streaming.wire.blocks import Quality, StatBlock
from streaming.wire.messages import blocks_of, decode_stats
from streaming.wire.records import STAT_VERSION, Micros

_HEAD: Final = b'{"v":%d,"game":' % STAT_VERSION
_FARTHEST_US: Final = 1 << 62
#: what is shorter does not become smaller
PACKED_FROM_BYTES: Final = 400


class Published(msgspec.Struct, frozen=True, gc=False):
    """Of a stat's clocks the one that a gateway reads."""

    published_us: Micros


class ModelVersion(msgspec.Struct, frozen=True, gc=False):
    """Which model answered."""

    name: str
    version: str


class _Fields(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of a ``StatUpdate`` by which a gateway sorts, filters and withholds."""

    v: Literal[1, 2] = 1
    id: str
    stat: str
    game: str
    sport: str
    subject: str
    value: float | str | list[float | None] | dict[str, Any] | None
    quality: Quality
    window_us: tuple[int, int]
    clocks: Published
    revision: int = 0
    event: str | None = None
    model: ModelVersion | None = None


class _Value(msgspec.Struct, frozen=True):
    value: float | str | list[float | None] | dict[str, Any] | None


class _FieldsBatch(msgspec.Struct, frozen=True):
    game: str
    sport: str
    updates: list[_Fields]


class _RawBatch(msgspec.Struct, frozen=True):
    updates: list[msgspec.Raw]


_fields_decoder = msgspec.json.Decoder(_FieldsBatch)
_raw_decoder = msgspec.json.Decoder(_RawBatch)
_values_decoder = msgspec.json.Decoder(list[_Value])
_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_json = msgspec.json.Encoder().encode
_shared = attrgetter("stat", "window_us", "event", "quality", "revision", "clocks", "model", "game", "sport")


class RawStatBlock:
    """Updates of one stat and one window (or one event), side by side in one message: S subjects.

    ``ids`` (S) are the updates' ids, where they belong to an event; ``raw`` their JSON as it was published, joined by commas.
    """

    __slots__ = ("_packed", "_raw", "end_us", "event", "game", "ids", "model", "quality", "revision", "sport", "stat", "subjects")

    def __init__(self, run: list[_Fields], raw: bytes) -> None:
        one = run[0]
        self.stat, self.game, self.sport, self.quality = one.stat, one.game, one.sport, one.quality
        self.event, self.model, self.end_us = one.event, one.model, one.window_us[1]
        self.revision = one.revision
        self.subjects = _one(tuple([update.subject for update in run]))
        self.ids = () if one.event is None else tuple([update.id for update in run])
        self._raw, self._packed = raw, False

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def raw(self) -> bytes:
        return lz4.block.decompress(self._raw) if self._packed else self._raw

    def pack(self) -> None:
        """Compress the JSON, which is kept for minutes and seldom read again: to a fifth, in less time than it takes to copy it
        through a socket."""
        if not self._packed and len(self._raw) >= PACKED_FROM_BYTES:
            self._raw, self._packed = lz4.block.compress(self._raw), True

    def each(self) -> list[bytes]:
        """The JSON of each update by itself."""
        return [bytes(raw) for raw in _list_decoder.decode(b"[%b]" % self.raw)]

    def values(self) -> list[Any]:
        """The value of each subject."""
        return [update.value for update in _values_decoder.decode(b"[%b]" % self.raw)]

    def decoded(self) -> StatBlock:
        """The same as a block of columns."""
        message = b"".join((_HEAD, _json(self.game), b',"sport":', _json(self.sport), b',"updates":[', self.raw, b"]}"))
        return blocks_of(decode_stats(message))[0][1]


@lru_cache(maxsize=4_096)
def _one(subjects: tuple[str, ...]) -> tuple[str, ...]:
    """The same subjects come with every window: they are kept once."""
    return subjects


def stat_blocks(raw: bytes) -> list[tuple[int, StatBlock | RawStatBlock]]:
    """The updates of a message of stats by neighbours that differ in subject and value only, each block with its published clock
    (us). ``BadRecord`` when it is not a message of stats, or of a newer schema version."""
    if not raw.startswith(_HEAD) or b"\n" in raw or b"\r" in raw:
        return list(blocks_of(decode_stats(raw)))
    try:
        raw.decode()  # strings that are passed over are not checked by the decoder
        fields, pieces = _fields_decoder.decode(raw).updates, _raw_decoder.decode(raw).updates
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord("bad batch of stats", str(error)) from None
    if any(update.v != STAT_VERSION for update in fields):
        return list(blocks_of(decode_stats(raw)))
    found: list[tuple[int, StatBlock | RawStatBlock]] = []
    at = 0
    for _, group in groupby(fields, _shared):
        run = list(group)
        end_us = run[0].window_us[1]
        if not -_FARTHEST_US <= end_us <= _FARTHEST_US:
            raise BadRecord("bad batch of stats", f"a window ends at {end_us}")
        found.append((run[0].clocks.published_us, RawStatBlock(run, b",".join(pieces[at : at + len(run)]))))
        at += len(run)
    return found
