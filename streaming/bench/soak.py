"""Many games for a long time through a real broker, with operators that are killed: whether memory and latency stay where they
were, and whether every final value arrives once."""

from __future__ import annotations

import os
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np

from features.core.sport import load_sport
from streaming.bench.figures import figure
from streaming.bench.finals import Difference, difference, undisturbed
from streaming.bench.kafka import Operator, at, catch_up, refuse_company
from streaming.bench.kafka_peers import Helper, counter, listener
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


class Soaked(NamedTuple):
    """What a soak saw: its spans, how often an operator was killed, and what a reader of committed records missed or got twice."""

    spans: list[Span]
    kills: int
    difference: Difference


def soaked(url: str, load: Load, games: int = 10, every_s: float = 60.0, kill_every_s: float = 0.0) -> Soaked:
    """Play ``games`` games to operators of its own, and look at what was seen in each ``every_s`` of them.

    With ``kill_every_s`` a second operator shares the games. It is killed (SIGKILL) so often, and another takes its place; memory
    is that of the first operator, which stays."""
    address, sport = parse(url), load.record.sport
    ensure(address, sport)
    refuse_company(address, GROUP)
    mark = f"soak-{uuid.uuid4().hex[:8]}-"
    names = [f"{mark}{i}" for i in range(games)]
    stop = threading.Event()

    def play() -> None:
        with Ingress(address, load_sport(sport), packed=False) as ingress:
            load.send(ingress, names, stop)

    with ExitStack() as ending:
        operator = Operator(url, sport, [])
        ending.callback(operator.end)
        second = Operator(url, sport, []) if kill_every_s else None
        catch_up(address, sport, GROUP)
        viewer, reader = listener(url, sport, mark, "read_uncommitted"), counter(url, sport, mark)
        ending.callback(viewer.end)
        ending.callback(reader.end)
        with ThreadPoolExecutor(2) as pool:
            feed = pool.submit(play)
            killer = pool.submit(_kill_in_turn, second, url, sport, kill_every_s, stop) if second else None
            try:
                spans = _look(feed, viewer, operator, every_s)
            finally:
                stop.set()
        catch_up(address, sport, GROUP)
        return Soaked(spans, killer.result() if killer else 0, _compare(reader, load, names))


def _kill_in_turn(second: Operator, url: str, sport: str, every_s: float, stop: threading.Event) -> int:
    """Kill an operator after ``every_s`` and start the next, until ``stop``; how many were killed."""
    kills = 0
    while not stop.wait(every_s):
        second.process.kill()
        second.end()
        kills += 1
        second = Operator(url, sport, [])
    second.end()
    return kills


def _compare(reader: Helper, load: Load, names: list[str]) -> Difference:
    """What the reader of committed records has once nothing new arrives, beside an undisturbed process."""
    wanted, found = undisturbed(load), reader.take()
    patience_s = time.monotonic() + BEGINNING_S
    while time.monotonic() < patience_s:
        time.sleep(2.0)
        before, found = found, reader.take()
        if found == before:
            break
    return difference(wanted, found["counts"], found["doubled"], names)


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
