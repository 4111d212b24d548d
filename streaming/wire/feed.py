"""The input topic of a sport: everything of a game in one order, under the game's key.

A game begins with its record, goes on with packets and events in the order of their arrival, and ends with a word that says so.
One topic and not one for each kind: an operator judges an event by what it knew when the event arrived, and between two topics
there is no order to know that by once a consumer catches up.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from streaming.errors import BadRecord
from streaming.wire.records import (
    MAX_JSON_BYTES,
    Event,
    GameRecord,
    Name,
    Telemetry,
    decode_event,
    decode_telemetry,
    encode,
    encode_telemetry,
)


class GameStart(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="game"):
    """The first record of a game: who plays, where, on which clock."""

    v: Literal[1] = 1
    record: GameRecord


class GameEnd(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The last record of a game: all that is still open closes."""

    v: Literal[1] = 1
    game: Name


FeedRecord = Telemetry | Event | GameStart | GameEnd


class _Kind(msgspec.Struct):
    kind: Any = ""


_kind_decoder = msgspec.json.Decoder(_Kind)
_control_decoder = msgspec.json.Decoder(GameStart | GameEnd)
_json = msgspec.json.Encoder().encode


def encode_feed(record: FeedRecord) -> bytes:
    """One record as the value of a message."""
    if isinstance(record, Telemetry):
        return encode_telemetry(record)
    if isinstance(record, Event):
        return encode(record)
    return _json(record)


def decode_feed(raw: bytes) -> FeedRecord:
    """The inverse: packets are recognised by their first bytes, the rest is JSON; an object without a ``kind`` is an event.
    ``BadRecord`` on anything else."""
    if raw[:1] != b"{":
        return decode_telemetry(raw)
    if len(raw) > MAX_JSON_BYTES:
        raise BadRecord("oversized", f"{len(raw)} bytes of JSON")
    try:
        kind = _kind_decoder.decode(raw).kind
        if kind in ("game", "end"):
            control: GameStart | GameEnd = _control_decoder.decode(raw)
            return control
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord("bad record", str(error)) from None
    if kind not in ("", "event"):
        raise BadRecord("bad record", f"its kind is {str(kind)[:40]!r}, not event, game or end")
    return decode_event(raw)
