"""Simulated games sent to an ingress, as from a stadium: each record when it is due, stamped when it is sent."""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from streaming.sources.pace import Record, SteadyClock, arrival_us, stamped
from streaming.wire.records import Event, GameRecord

if TYPE_CHECKING:
    from streaming.sources.base import Ingress


def send_games(
    ingress: Ingress,
    games: list[tuple[GameRecord, Iterable[Record]]],
    speed: float | None,
) -> tuple[int, int]:
    """Send games at once, each from its start to its end; (samples, events) sent. At ``speed`` 1 a record is stamped with the
    wall clock; at any other it keeps the simulator's stamp, so that its stats stay the same."""
    for game, _ in games:
        ingress.start(game)
    began, samples, events = time.monotonic(), 0, 0
    stamps = SteadyClock()
    first: int | None = None
    for _, _, record in heapq.merge(*(_keyed(i, stream) for i, (_, stream) in enumerate(games))):
        due_us = arrival_us(record)
        first = due_us if first is None else first
        if speed is not None:
            wait_s = (due_us - first) / 1e6 / speed - (time.monotonic() - began)
            if wait_s > 0:
                time.sleep(wait_s)
        ingress.send(stamped(record, stamps.now_us()) if speed == 1.0 else record)
        if isinstance(record, Event):
            events += 1
        else:
            samples += len(record)
    for game, _ in games:
        ingress.end(game.game)
    ingress.flush()
    return samples, events


def _keyed(i: int, stream: Iterable[Record]) -> Iterator[tuple[tuple[int, int, int], int, Record]]:
    """By arrival, then by game, then in the game's own order: never compares two records."""
    newest = 0
    for n, record in enumerate(stream):
        newest = max(newest, arrival_us(record))
        yield (newest, i, n), i, record


def send(
    url: str,
    sport: str,
    games: int,
    play: Callable[..., tuple[GameRecord, Iterable[Record]]],
    speed: float | None,
    packed: bool,
    partitions: int | None,
    settings: Path | None,
    as_json: bool,
) -> None:
    """``touchline simulate --to URL``: opens the ingress, then plays ``games`` games at once."""
    from streaming.factory import sport_named
    from streaming.sources.base import SourceOptions, open_ingress

    options = SourceOptions(sport=sport_named(sport).name, settings=settings, partitions=partitions, packed=packed)
    with open_ingress(url, options) as ingress:
        t0_us = time.time_ns() // 1000 + 300_000
        played = [play(i, **({"t0_us": t0_us} if speed == 1.0 else {})) for i in range(games)]
        samples, events = send_games(ingress, played, speed)
    if as_json:
        sent = {"to": ingress.text, "games": [record.game for record, _ in played], "samples": samples, "events": events}
        print(json.dumps(sent))
    else:
        print(f"{ingress.text}: {games} games, {samples:,} samples, {events:,} events")
