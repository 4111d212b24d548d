"""Raw blocks on the wire: what a source's channels measured in a short stretch of time.

A connection begins with a *plan*: which game, which sources, which channels at which rates. A block then needs no lengths of its
own: channel c has the samples k with ``start < k / rate <= start + length``, times from the game's t0, and they stand channel by
channel as float32. A block whose bytes are not exactly those is malformed. Nothing is used before it is compared with the
bytes that are there.

Plan: ``TP``, u8 version, u8 0, u32 bytes of the JSON that follows. Block: 32 bytes, then the samples::

    2s magic TB, u8 version, u8 flags, u32 body bytes, u32 plan, u32 source, i64 start us, u32 length us, u32 sequence
"""

from __future__ import annotations

import struct
import zlib
from functools import cached_property
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt

from streaming.errors import BadRecord
from streaming.wire.records import MAX_CHANNELS, Micros, Name

PLAN_MAGIC: Final = b"TP"
BLOCK_MAGIC: Final = b"TB"
VERSION: Final = 1
PLAN_PREFIX: Final = struct.Struct("<2sBBI")
PREFIX: Final = struct.Struct("<2sBBIIIqII")
MAX_PLAN_BYTES: Final = 1 << 16
MAX_BLOCK_BYTES: Final = 1 << 23
MAX_RATE_HZ: Final = 1_000_000
MAX_LENGTH_US: Final = 10_000_000
#: channels of all sources of a plan together; a race of 22 cars has some 3,000
MAX_CELLS: Final = 65_536

Ints = npt.NDArray[np.int64]


class PlannedChannel(msgspec.Struct, frozen=True, array_like=True):
    name: Name
    rate_hz: Annotated[int, msgspec.Meta(ge=1, le=MAX_RATE_HZ)]


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What the blocks of a connection hold. ``sources`` are tag numbers of the game record."""

    game: Name
    feed: Name
    t0_us: Micros
    channels: Annotated[list[PlannedChannel], msgspec.Meta(min_length=1, max_length=MAX_CHANNELS)]
    sources: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]], msgspec.Meta(min_length=1, max_length=1000)]

    @cached_property
    def rates(self) -> Ints:
        return np.array([channel.rate_hz for channel in self.channels], np.int64)

    @cached_property
    def number(self) -> int:
        """What blocks call it: a checksum of the plan itself."""
        return zlib.crc32(msgspec.json.encode(self))

    @property
    def cells(self) -> int:
        return len(self.sources) * len(self.channels)

    def edges(self, t_us: int) -> Ints:
        """(C,) the number of the last sample at or before ``t_us``."""
        return (t_us - self.t0_us) * self.rates // 1_000_000

    def body_bytes(self, start_us: int, length_us: int) -> int:
        return 4 * int((self.edges(start_us + length_us) - self.edges(start_us)).sum())


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The prefix of a block."""

    body_bytes: int
    plan: int
    source: int
    start_us: int
    length_us: int
    sequence: int


_plans = msgspec.json.Decoder(Plan)


def encode_plan(plan: Plan) -> bytes:
    body = msgspec.json.encode(plan)
    # blanks, which JSON allows, so that the samples of the blocks that follow lie where float32 should
    body += b" " * (-(PLAN_PREFIX.size + len(body)) % 32)
    return PLAN_PREFIX.pack(PLAN_MAGIC, VERSION, 0, len(body)) + body


def decode_plan(body: bytes) -> Plan:
    """``BadRecord`` when it is none, or contradicts itself."""
    try:
        plan = _plans.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord("bad plan", str(error)) from None
    names = [channel.name for channel in plan.channels]
    if len(set(names)) != len(names) or len(set(plan.sources)) != len(plan.sources):
        raise BadRecord("bad plan", "a channel or a source is named twice")
    if plan.cells > MAX_CELLS:
        raise BadRecord("bad plan", f"{len(plan.sources)} sources of {len(names)} channels are {plan.cells:,} together")
    return plan


def encode_head(plan: Plan, source: int, start_us: int, length_us: int, sequence: int, body_bytes: int) -> bytes:
    return PREFIX.pack(BLOCK_MAGIC, VERSION, 0, body_bytes, plan.number, source, start_us, length_us, sequence & 0xFFFFFFFF)


def decode_head(raw: bytes | bytearray | memoryview, at: int = 0) -> Head:
    """``BadRecord`` when there is no block at ``at``: the boundary of blocks is lost."""
    magic, version, flags, body_bytes, plan, source, start_us, length_us, sequence = PREFIX.unpack_from(raw, at)
    if magic != BLOCK_MAGIC:
        raise BadRecord("not a block", f"starts with {magic!r}")
    if version != VERSION or flags:
        raise BadRecord("schema version", f"block version {version}, flags {flags}; this reader knows {VERSION}, 0")
    if body_bytes > MAX_BLOCK_BYTES or body_bytes % 4:
        raise BadRecord("oversized", f"a block of {body_bytes} bytes")
    return Head(body_bytes, plan, source, start_us, length_us, sequence)
