"""Play records through an operator and compare what is final."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from features.core.sport import Sport
from streaming.operator.game import GameOperator
from streaming.operator.telemetry.watermarks import NEVER
from streaming.wire.blocks import DeadLetter, Output, StatBlock
from streaming.wire.records import Event, GameRecord, StatUpdate, Telemetry, encode


def play(operator: GameOperator, records: Iterable[Telemetry | Event], *, end: bool = True) -> list[Output]:
    out: list[Output] = []
    for record in records:
        out.extend(operator.on_record(record))
    if end:
        out.extend(operator.finish())
    return out


def run(sport: Sport, game: GameRecord, records: Iterable[Telemetry | Event], models=None, **options) -> list[Output]:  # type: ignore[no-untyped-def]
    return play(GameOperator(sport, game, models, **options), records)


def batch(operator: GameOperator, records: Iterable[Telemetry | Event], now_us: int = 0) -> list[Output]:
    """Play records that arrived together, in the order of their arrival: a packet that gathers many arrivals is cut where an
    event arrived, so that the event finds the game as it was then."""
    events: list[Event] = []
    packets: list[Telemetry] = []
    for record in records:
        (packets if isinstance(record, Telemetry) else events).append(record)  # type: ignore[arg-type]
    events.sort(key=lambda event: event.arrival_us or now_us)
    out: list[Output] = []
    next_event, newest_us = 0, NEVER
    for packet in packets:
        stamps = packet.arrival_us
        if isinstance(stamps, int):
            stamps = np.array([stamps or now_us], np.int64)
        running = np.maximum.accumulate(np.maximum(stamps, newest_us))
        at = 0
        while next_event < len(events):
            arrival_us = events[next_event].arrival_us or now_us
            cut = int(np.searchsorted(running, arrival_us, side="right"))
            if cut >= len(running):
                break
            cut = cut if len(running) == len(packet) else 0
            if cut > at:
                out.extend(operator.on_record(packet.take(slice(at, cut)), now_us))
                at = cut
            out.extend(operator.on_record(events[next_event], now_us))
            next_event += 1
        out.extend(operator.on_record(packet.take(slice(at, None)) if at else packet, now_us))
        newest_us = int(running[-1]) if len(running) else newest_us
    for event in events[next_event:]:
        out.extend(operator.on_record(event, now_us))
    return out


def updates(out: Iterable[Output], quality: str | None = None) -> list[StatUpdate]:
    return [
        update
        for block in out
        if isinstance(block, StatBlock) and (quality is None or block.quality == quality)
        for update in block.updates(0)
    ]


def finals(out: Iterable[Output]) -> dict[tuple[str, int], bytes]:
    """Final updates as bytes, without the clocks that depend on arrival; each (id, revision) once."""
    found: dict[tuple[str, int], bytes] = {}
    for block in out:
        if not isinstance(block, StatBlock) or not block.settled:
            continue
        for update in msgspec.structs.replace(block, ingress_us=np.zeros_like(block.ingress_us)).updates(0):
            key = (update.id, update.revision)
            assert key not in found, f"{key} was issued twice"
            found[key] = encode(update)
    return dict(sorted(found.items()))


def dead(out: Iterable[Output]) -> dict[str, int]:
    found: dict[str, int] = {}
    for output in out:
        if isinstance(output, DeadLetter):
            found[output.reason] = found.get(output.reason, 0) + len(output)
    return found


def cut(packet: Telemetry, sizes: list[int]) -> list[Telemetry]:
    """The packet in pieces of the given sizes, repeated until it is used up."""
    pieces, at, i = [], 0, 0
    while at < len(packet):
        size = max(1, sizes[i % len(sizes)])
        pieces.append(packet.take(slice(at, at + size)))
        at, i = at + size, i + 1
    return pieces
