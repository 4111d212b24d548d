"""The messages of the gateway's subscriptions: JSON objects with a ``kind``."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from streaming.wire.messages import Positions
from streaming.wire.records import Event, GameRecord, StatUpdate

Cursor = Annotated[int | str, msgspec.Meta(description="a game's last seq, or a stream's id: GAME:SEQ,GAME:SEQ")]
Names = Annotated[list[str], msgspec.Meta(max_length=64)]


class Subscribe(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A client's subscription; a later one replaces it. Empty lists mean no restriction."""

    topics: Annotated[list[str], msgspec.Meta(min_length=1, max_length=64)]
    game: str | Names = []
    subject: str | Names = []
    after: Cursor | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="stats"):
    """Updates of one game that were published together, oldest first. ``seq`` is the game's cursor: a client that reconnects
    with it resumes there. ``snapshot`` marks values from before the subscription."""

    game: str
    seq: int
    updates: list[StatUpdate] = []
    events: list[Event] = []
    snapshot: bool = False


class Game(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="game"):
    """A game that the client's subscription covers: sent on arrival, and when its record changes."""

    record: GameRecord


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="gap"):
    """The client reconnected too late: messages between ``after`` and ``oldest`` are no longer stored. A snapshot follows;
    everything is in the recording."""

    game: str
    after: int
    oldest: int


class Problem(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="problem"):
    """One sentence about an error of the client."""

    error: str


Message = Stats | Positions | Game | Gap | Problem

_encoder = msgspec.json.Encoder()


def text(message: Any) -> str:
    """The JSON text of any message of this module."""
    return _encoder.encode(message).decode()
