"""Streams as data: every fault that can befall a game's input, for every sport that can be simulated.

A script is what stands in the input topic, in its order. Each is a game of its own, so that all of them can be played at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from streaming.factory import sport_named
from streaming.kafka.batching import WindowBatcher
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Event, GameRecord, Telemetry, encode_telemetry
from tests.small_simulators import small_simulator
from tests.streaming.helpers import cut

SECONDS = 40.0
Stream = list[Telemetry | Event]


@dataclass
class Script:
    """``messages`` are (key, value); ``dead_letters`` is how many records or samples must end as dead letters at least."""

    name: str
    sport: str
    game: str
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    dead_letters: int = 0


def scripts(sport: str, prefix: str) -> list[Script]:
    """All scripts of a sport; games are called ``<prefix>-<script>``."""
    return [_script(sport, prefix, name, make) for name, make in _MAKERS.items()]


def _script(sport: str, prefix: str, name: str, make: Callable[[Script, GameRecord, Stream], None]) -> Script:
    script = Script(name, sport, f"{prefix}-{name}")
    world = small_simulator(sport, 5, 2.0, script.game)
    until_us = world.record.t0_us + SECONDS * 1e6
    stream: Stream = []
    for record in world.stream():
        if _arrival(record) > until_us:
            break
        stream.append(record)
    script.messages.append((script.game, encode_feed(GameStart(record=world.record))))
    make(script, world.record, stream)
    return script


def _arrival(record: Telemetry | Event) -> int:
    return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us.max())


def _put(script: Script, records: Iterator[Telemetry | Event] | Stream) -> None:
    script.messages += [(script.game, encode_feed(record)) for record in records]


def _end(script: Script) -> None:
    script.messages.append((script.game, encode_feed(GameEnd(game=script.game))))


def _merged(record: GameRecord, stream: Stream) -> Telemetry:
    """All samples as one packet, each with its own arrival."""
    packets = [r for r in stream if isinstance(r, Telemetry)]
    names = sorted({name for p in packets for name in p.channels})
    columns = (np.concatenate([getattr(p, n) for p in packets]) for n in ("t_us", "tag", "x_m", "y_m", "z_m"))
    arrivals = np.concatenate([np.full(len(p), p.arrival_us) for p in packets])
    channels = {k: np.concatenate([p.channels[k] for p in packets]) for k in names}
    return Telemetry(record.game, packets[0].feed, *columns, arrivals, channels=channels)


def _in_order(pieces: list[Telemetry], events: list[Event]) -> Stream:
    """Each event after the first piece that holds something which arrived later."""
    newest, keyed = 0, []
    for piece in pieces:
        newest = max(newest, _arrival(piece))
        keyed.append((newest, piece))
    return [r for _, r in sorted([*keyed, *((_arrival(e), e) for e in events)], key=lambda pair: pair[0])]


def _events(stream: Stream) -> list[Event]:
    return [r for r in stream if isinstance(r, Event)]


# -- the scripts -------------------------------------------------------------------------------------------------------------


def plain(script: Script, record: GameRecord, stream: Stream) -> None:
    """A frame a packet, as a stadium sends it."""
    _put(script, stream)
    _end(script)


def packed(script: Script, record: GameRecord, stream: Stream) -> None:
    """As our own ingress sends it: a packet a window."""
    packer = WindowBatcher(sport_named(script.sport), record)
    for one in stream:
        _put(script, packer.add(one) if isinstance(one, Telemetry) else [*packer.flush(), one])
    _put(script, packer.flush())
    _end(script)


def uneven(script: Script, record: GameRecord, stream: Stream) -> None:
    """Cut anywhere, through frames and windows."""
    _put(script, _in_order(cut(_merged(record, stream), [1000, 17, 5000, 230]), _events(stream)))
    _end(script)


def disorder(script: Script, record: GameRecord, stream: Stream) -> None:
    """Overtaken within the lateness; a fifth of the samples, a tenth of the packets and all events come twice."""
    rng = np.random.default_rng(3)
    lateness_us = 1000 * min(f.lateness_ms for f in record.feeds if f.kind == "telemetry")
    packet = _merged(record, stream)
    rows = np.concatenate((np.arange(len(packet)), np.flatnonzero(rng.random(len(packet)) < 0.2)))
    order = np.argsort(packet.t_us[rows] + rng.uniform(0, 0.95 * lateness_us, len(rows)), kind="stable")
    pieces = cut(packet.take(rows[order]), [23, 100, 7])
    pieces = [p for i, piece in enumerate(pieces) for p in ([piece, piece] if i % 10 == 0 else [piece])]
    _put(script, _in_order(pieces, [event for event in _events(stream) for _ in range(2)]))
    _end(script)


def silence(script: Script, record: GameRecord, stream: Stream) -> None:
    """Twenty seconds without telemetry in the middle, events going on; and no record of the end."""
    t0_us = record.t0_us
    _put(script, [r for r in stream if isinstance(r, Event) or not 10e6 < int(r.t_us[-1]) - t0_us < 30e6])


def corrections(script: Script, record: GameRecord, stream: Stream) -> None:
    """The first event is corrected anew, the second withdrawn, both long after they were final; the third before."""
    first, second, third = _events(stream)[:3]
    later_us = record.t0_us + int(0.8 * SECONDS * 1e6)
    corrected = [
        msgspec.structs.replace(first, revision=1, t_us=first.t_us + 80_000, arrival_us=later_us),
        msgspec.structs.replace(second, revision=1, deleted=True, arrival_us=later_us + 1_000),
        msgspec.structs.replace(third, revision=1, t_us=third.t_us + 40_000, arrival_us=third.arrival_us + 300_000),
    ]
    _put(script, sorted([*stream, *corrected], key=_arrival))
    _end(script)


def malformed(script: Script, record: GameRecord, stream: Stream) -> None:
    """Malformed records of every kind under the game's key, in between; the game goes on."""
    good = next(r for r in stream if isinstance(r, Telemetry))
    raw = encode_telemetry(good)
    stranger = Telemetry(
        record.game, good.feed, good.t_us, good.tag + 50_000, good.x_m, good.y_m, good.z_m, good.arrival_us, channels=good.channels
    )
    nowhere = Telemetry(
        record.game, good.feed, good.t_us, good.tag, good.x_m * np.nan, good.y_m, good.z_m, good.arrival_us, channels=good.channels
    )
    elsewhere = encode_telemetry(Telemetry("another-game", good.feed, good.t_us, good.tag, good.x_m, good.y_m, good.z_m))
    changed = msgspec.structs.replace(record, title="another title")
    bad = [
        b"",
        b"\x00\xff" * 40,
        raw[:30],
        raw[:2] + b"\x09" + raw[3:],
        b'{"kind":"weather"}',
        b'{"id":1}',
        b"{",
        encode_feed(stranger),
        encode_feed(nowhere),
        elsewhere,
        encode_feed(GameStart(record=changed)),
        encode_feed(GameEnd(game="another-game")),
    ]
    again = encode_feed(GameStart(record=record))  # sent twice, which does no harm
    for i, one in enumerate(stream):
        if i % 20 == 5 and i // 20 < len(bad):
            script.messages.append((script.game, bad[i // 20]))
        if i == 100:
            script.messages.append((script.game, again))
        _put(script, [one])
    _end(script)
    _put(script, [stream[-1]])
    script.messages.append((script.game, again))
    script.messages.append((f"{script.game}-unknown", raw))
    script.dead_letters = len(bad) + 3


_MAKERS = {f.__name__: f for f in (plain, packed, uneven, disorder, silence, corrections, malformed)}
