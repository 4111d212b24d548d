"""Many games for a long time through a real broker: whether memory and latency stay where they were."""

from __future__ import annotations

import os
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np

from features.core.sport import load_sport
from streaming.bench.figures import figure
from streaming.bench.kafka import Operator, at, catch_up, refuse_company
from streaming.bench.kafka_peers import Helper, listener
from streaming.bench.load_generator import Load
from streaming.errors import Unavailable
from streaming.kafka.broker import ensure
from streaming.kafka.ingress import Ingress
from streaming.kafka.settings import parse
from streaming.runners.kafka.runner import GROUP

#: of the spans that are looked at, so many at the start are left out: buffers are filled for the first time in them
FILLING: Final = 2
#: how long the first numbers may take
BEGINNING_S: Final = 60.0


class Span(NamedTuple):
    """A stretch of the soak as a subscriber and the machine saw it; latencies from arrival to subscriber, us."""

    resident_bytes: int
    messages: int
    message_bytes: int
    p50_us: float
    p99_us: float
    worst_us: float


def spans_of(url: str, load: Load, games: int = 10, every_s: float = 60.0) -> list[Span]:
    """Play ``games`` games to a ``touchline run`` of its own; what was seen in each ``every_s`` of them."""
    address, sport = parse(url), load.record.sport
    ensure(address, sport)
    refuse_company(address, GROUP)
    mark = f"soak-{uuid.uuid4().hex[:8]}-"
    stop = threading.Event()

    def play() -> None:
        with Ingress(address, load_sport(sport), packed=False) as ingress:
            load.send(ingress, [f"{mark}{i}" for i in range(games)], stop)

    operator = Operator(url, sport, [])
    try:
        catch_up(address, sport, GROUP)
        subscriber = listener(url, sport, mark, "read_uncommitted")
        with ThreadPoolExecutor(1) as pool:
            feed = pool.submit(play)
            try:
                return _look(feed, subscriber, operator, every_s)
            finally:
                stop.set()
                subscriber.end()
    finally:
        operator.end()


def _look(feed: Future[None], subscriber: Helper, operator: Operator, every_s: float) -> list[Span]:
    """What is seen until the feed has ended; what is left of the last span is not one."""
    # From the first numbers on: announcing games and beginning with them all at once takes its time.
    patience_s = time.monotonic() + BEGINNING_S
    while not subscriber.take():
        if feed.done() or operator.process.poll() is not None or time.monotonic() > patience_s:
            _give_up(feed, f"in the first {BEGINNING_S:.0f} s")
        time.sleep(0.2)
    spans: list[Span] = []
    until_s = time.monotonic() + every_s
    while not wait([feed], max(0.0, until_s - time.monotonic())).done:
        rows = np.array(subscriber.take(), float).reshape(-1, 3)
        if not len(rows) or operator.process.poll() is not None:
            _give_up(feed, f"in the {len(spans) + 1}. span")
        late, size = rows[:, 1], int(np.median(rows[:, 2]))
        held = resident_bytes(operator.process.pid)
        spans.append(Span(held, len(rows), size, at(late, 50), at(late, 99), float(late.max())))
        until_s += every_s
    feed.result()
    return spans


def _give_up(feed: Future[None], when: str) -> NoReturn:
    """With what has gone wrong with the feed, if it has."""
    if feed.done():
        feed.result()
    raise Unavailable(f"the broker delivered no stats {when} of the soak")


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def judged(spans: list[Span]) -> dict[str, Any]:
    """The last quarter of a soak beside the first one after the buffers were filled; ``Unavailable`` when it was too short."""
    spans = spans[FILLING:]
    if len(spans) < 4:
        raise Unavailable(f"a soak of {len(spans) + FILLING} spans is too short: give {4 + FILLING} or more")
    quarter = len(spans) // 4
    first, last = spans[:quarter], spans[-quarter:]

    def middle(some: list[Span], name: str) -> float:
        return float(np.median([getattr(span, name) for span in some]))

    before, after = middle(first, "resident_bytes"), middle(last, "resident_bytes")
    return {
        "spans": len(spans),
        "first_resident_mb": figure(before / 1e6),
        "last_resident_mb": figure(after / 1e6),
        "growth_percent": figure(100 * (after / before - 1)),
        "first_p50_us": middle(first, "p50_us"),
        "last_p50_us": middle(last, "p50_us"),
        "first_p99_us": middle(first, "p99_us"),
        "last_p99_us": middle(last, "p99_us"),
        "worst_us": max(span.worst_us for span in spans),
        "messages": sum(span.messages for span in spans),
    }
