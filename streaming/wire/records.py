"""The records on the wire, with their schema versions and codecs. Leaf module: imports nothing of the project but errors.

``Telemetry`` is binary and columnar (one packet carries many samples), everything else is typed JSON. Event time is
integer microseconds since the epoch. Decoding trusts nothing: no length is believed before it is compared with the bytes
that are there, and nothing is unpickled.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from streaming.errors import BadRecord

#: one schema version per record kind; a reader refuses a newer one
TELEMETRY_VERSION: Final = 1
EVENT_VERSION: Final = 1
#: version 2 added the quality ``unavailable``, the reason of such an update, and ``experimental`` models; 1 is still read
STAT_VERSION: Final = 2
GAME_VERSION: Final = 1

MAX_SAMPLES: Final = 1 << 20
MAX_HEADER_BYTES: Final = 16_384
MAX_CHANNELS: Final = 512
MAX_JSON_BYTES: Final = 1 << 20
MAX_TEAMS: Final = 64

Micros = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62, description="microseconds since the epoch")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Samples(msgspec.Struct, eq=False):
    game: str
    feed: str
    t_us: npt.NDArray[np.int64]
    tag: npt.NDArray[np.uint32]
    x_m: npt.NDArray[np.float32]
    y_m: npt.NDArray[np.float32]
    z_m: npt.NDArray[np.float32]
    arrival_us: int | npt.NDArray[np.int64] = 0


class Telemetry(_Samples, eq=False, kw_only=True):
    """A packet of samples of one feed: n rows in columns.

    Attributes
    ----------
    t_us : (n,) int64 event time
    tag : (n,) uint32 tag or track number, resolved by the game record
    x_m, y_m, z_m : (n,) float32 m on the sport's field
    arrival_us : int64, one for the packet, or (n,) when the packet gathers samples of several arrivals (recordings)
    channels : further (n,) float32 columns by name; NaN where a sample does not carry the channel
    """

    channels: dict[str, npt.NDArray[np.float32]] = {}

    def __len__(self) -> int:
        return len(self.t_us)

    def take(self, rows: Any) -> Telemetry:
        """The packet with only ``rows`` (anything that indexes an array)."""
        arrival = self.arrival_us if isinstance(self.arrival_us, int) else self.arrival_us[rows]
        return Telemetry(
            self.game,
            self.feed,
            self.t_us[rows],
            self.tag[rows],
            self.x_m[rows],
            self.y_m[rows],
            self.z_m[rows],
            arrival,
            channels={k: v[rows] for k, v in self.channels.items()},
        )


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a person or a system reported: a pass, a shot, a lap. Corrections repeat the id with a higher
    ``revision``; ``deleted`` withdraws it. Positions are metres on the sport's field, in its fixed orientation."""

    v: Literal[1] = 1
    id: Name
    game: Name
    type: Name
    t_us: Micros
    period: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    team: str | None = None
    player: str | None = None
    x_m: float | None = None
    y_m: float | None = None
    end_x_m: float | None = None
    end_y_m: float | None = None
    outcome: str = ""
    attrs: dict[str, str | float | bool] = {}
    revision: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    deleted: bool = False
    arrival_us: Micros = 0


class ModelUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which model answered, and its strongest reasons as (feature, contribution to the log-odds, the feature's value or null).

    ``fallback_reason`` (``instead`` on the wire) is why the remote model did not answer (slow, down, wrong, ...): this one in the
    operator's own process is its fallback; a stale update has none. ``experimental`` marks a model of simulated games that was
    requested by name in a real one, where it has not been shown right."""

    name: str
    version: str
    fallback_reason: str = msgspec.field(default="", name="instead")
    experimental: bool = False
    attributions: list[tuple[str, float, float | None]] = []


class FrameUse(msgspec.Struct, frozen=True, kw_only=True):
    """The tracking frame an event was matched to; ``offset_us`` is frame time minus reported time."""

    t_us: Micros
    offset_us: int


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """When it happened, when the record that made it computable arrived, when it was published (microseconds)."""

    event_us: Micros
    ingress_us: Micros
    published_us: Micros


class StatUpdate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value for one subject: a number, a label, a vector, or an object such as a highlight; null when the quantity could not be
    measured.

    An update of quality ``unavailable`` says once that from here on there is no value of this stat for this subject, and why
    (``reason``): the game lies outside of its model's home. It ends with the next value."""

    #: absent in version 1, which did not write it
    v: Literal[1, 2] = 1
    id: str
    stat: str
    game: str
    sport: str
    subject: str
    value: float | str | list[float | None] | dict[str, Any] | None
    unit: str
    quality: Literal["final", "provisional", "stale", "unavailable"]
    window_us: tuple[int, int]
    clocks: Clocks
    revision: int = 0
    event: str | None = None
    frame: FrameUse | None = None
    model: ModelUse | None = None
    reason: str = ""


class Team(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: Name
    name: str
    short: str = ""
    colour: str = ""


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of axis N. ``team`` is a team id, or null for the ball and the officials."""

    id: Name
    name: str = ""
    team: str | None = None
    role: str = "player"
    shirt: int | None = None
    position: str = ""


class Tag(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    tag: Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
    entity: Name
    mount: str = ""


class Feed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``rate_hz`` is the nominal rate of one tag (0 for events). ``aligned`` says that samples lie on the game's grid.
    ``sync_ms`` is how far an event's clock may be from the tracking clock."""

    name: Name
    kind: Literal["telemetry", "events"]
    rate_hz: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0.0
    lateness_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 100
    aligned: bool = False
    sync_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``home_attacks`` is +1 when the home team attacks towards +x, 0 in a sport without sides."""

    number: Annotated[int, msgspec.Meta(ge=1, le=50)]
    start_us: Micros
    end_us: Micros | None = None
    home_attacks: Literal[-1, 0, 1] = 1


class GameRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who plays, where, on which clock, measured by what: all that an operator needs to start a game.
    ``teams`` is (home, away) where there are two sides, else in no particular order; ``grid_hz`` null means the sport's own."""

    v: Literal[1] = 1
    game: Name
    sport: Name
    t0_us: Micros
    teams: Annotated[tuple[Team, ...], msgspec.Meta(min_length=1, max_length=MAX_TEAMS)]
    entities: list[Entity]
    tags: list[Tag]
    feeds: list[Feed]
    periods: list[Period]
    grid_hz: Annotated[float, msgspec.Meta(gt=0, le=200)] | None = None
    length_m: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    width_m: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    title: str = ""
    provenance: dict[str, str] = {}


# -- codecs ------------------------------------------------------------------------------------------------------------

_MAGIC: Final = b"TL"
_PREFIX: Final = struct.Struct("<2sBBHIq")  # magic, version, flags, header bytes, samples, arrival
_FLAG_ARRIVALS: Final = 1
_FARTHEST: Final = 1 << 62


class _Header(msgspec.Struct, array_like=True, frozen=True):
    game: Name
    feed: Annotated[str, msgspec.Meta(max_length=200)]
    channels: Annotated[list[str], msgspec.Meta(max_length=MAX_CHANNELS)]


_header_decoder = msgspec.msgpack.Decoder(_Header)


@lru_cache(maxsize=1024)
def _write_header(game: str, feed: str, channels: tuple[str, ...]) -> bytes:
    return msgspec.msgpack.encode((game, feed, channels))


@lru_cache(maxsize=1024)
def _read_header(raw: bytes) -> _Header:
    """A feed's packets all have the same header: it is decoded once. ``BadRecord`` when it is none."""
    try:
        header = _header_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord("bad header", str(error)) from None
    if len(set(header.channels)) != len(header.channels):
        raise BadRecord("bad header", "a channel is named twice")
    return header


def encode_telemetry(packet: Telemetry) -> bytes:
    """Prefix, msgpack header, then the columns t, tag, x, y, z, (arrival), channels, little-endian."""
    arrivals, channels = packet.arrival_us, packet.channels
    one = isinstance(arrivals, int)
    header = _write_header(packet.game, packet.feed, tuple(channels))
    t_us = packet.t_us
    parts = [
        _PREFIX.pack(_MAGIC, TELEMETRY_VERSION, 0 if one else _FLAG_ARRIVALS, len(header), len(t_us), arrivals if one else 0),
        header,
        t_us.tobytes(),
        packet.tag.tobytes(),
        packet.x_m.tobytes(),
        packet.y_m.tobytes(),
        packet.z_m.tobytes(),
    ]
    if not one:
        parts.append(arrivals.tobytes())  # type: ignore[union-attr]
    if channels:
        parts.extend(column.tobytes() for column in channels.values())
    return b"".join(parts)


_I8, _U4, _F4 = np.dtype("<i8"), np.dtype("<u4"), np.dtype("<f4")


def decode_telemetry(raw: bytes) -> Telemetry:
    """The inverse of :func:`encode_telemetry`; columns are views of one copy of ``raw``. ``BadRecord`` on anything else."""
    try:
        magic, version, flags, header_bytes, n, one_arrival = _PREFIX.unpack_from(raw)
    except struct.error:
        raise BadRecord("truncated", f"{len(raw)} bytes are less than a packet's prefix") from None
    if magic != _MAGIC:
        raise BadRecord("not telemetry", f"starts with {magic!r}")
    if version != TELEMETRY_VERSION:
        raise BadRecord("schema version", f"telemetry version {version}, this reader knows {TELEMETRY_VERSION}")
    if header_bytes > MAX_HEADER_BYTES or n > MAX_SAMPLES or flags > 1 or not -_FARTHEST < one_arrival < _FARTHEST:
        raise BadRecord("oversized", f"header of {header_bytes} bytes, {n} samples, flags {flags}")
    at = _PREFIX.size + header_bytes
    header = _read_header(raw[_PREFIX.size : at])
    names = header.channels
    if len(raw) != at + n * (24 + 8 * flags + 4 * len(names)):
        raise BadRecord("wrong length", f"{len(raw)} bytes do not hold {n} samples of {len(names)} channels")
    # Compiled code takes arrays that are read-only or lie across word boundaries for other types than the plain ones: one copy of
    # all columns costs less than one of each.
    columns, frombuffer = bytearray(memoryview(raw)[at:]), np.frombuffer
    t_us = frombuffer(columns, _I8, n, 0)
    tag = frombuffer(columns, _U4, n, 8 * n)
    x = frombuffer(columns, _F4, n, 12 * n)
    y = frombuffer(columns, _F4, n, 16 * n)
    z = frombuffer(columns, _F4, n, 20 * n)
    at = 24 * n
    arrival: int | npt.NDArray[np.int64] = one_arrival
    if flags:
        arrival = frombuffer(columns, _I8, n, at)
        at += 8 * n
    channels = {}
    for name in names:
        channels[name] = frombuffer(columns, _F4, n, at)
        at += 4 * n
    return Telemetry(header.game, header.feed, t_us, tag, x, y, z, arrival, channels=channels)


_json = msgspec.json.Encoder()
_event_decoder = msgspec.json.Decoder(Event)
_stat_decoder = msgspec.json.Decoder(StatUpdate)
_game_decoder = msgspec.json.Decoder(GameRecord)


def encode(record: Event | StatUpdate | GameRecord) -> bytes:
    """One JSON line without its newline."""
    return _json.encode(record)


def _decode(decoder: msgspec.json.Decoder[Any], raw: bytes | str, kind: str) -> Any:
    if len(raw) > MAX_JSON_BYTES:
        raise BadRecord("oversized", f"{len(raw)} bytes of {kind}")
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord(f"bad {kind}", str(error)) from None


def decode_event(raw: bytes | str) -> Event:
    """``BadRecord`` when it is not one of ours."""
    event: Event = _decode(_event_decoder, raw, "event")
    return event


def decode_stat(raw: bytes | str) -> StatUpdate:
    """``BadRecord`` when it is not one of ours."""
    stat: StatUpdate = _decode(_stat_decoder, raw, "stat")
    return stat


def decode_game(raw: bytes | str) -> GameRecord:
    """``BadRecord`` when it is not one of ours."""
    game: GameRecord = _decode(_game_decoder, raw, "game record")
    return game
