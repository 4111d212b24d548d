"""Records when they are due, with the time that passes between them: what a runner takes from a live source."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from streaming.wire.records import Event, Telemetry

#: after so long without a record the operator gets the time
BEAT_S: Final = 0.05

Record = Telemetry | Event


def arrival_us(record: Record) -> int:
    """Arrival of the newest part of a record."""
    return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us[-1])


def stamped(record: Record, now_us: int) -> Record:
    """The record as it arrives at the ingress at ``now_us``."""
    if isinstance(record, Event):
        return msgspec.structs.replace(record, arrival_us=now_us)
    record.arrival_us = now_us
    return record


class SteadyClock:
    """The wall clock as it was at first, which goes on evenly: a game's arrivals have the order in which they arrive, also when the
    machine's clock is set while it is on."""

    def __init__(self) -> None:
        self._began_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000

    def now_us(self) -> int:
        """Microseconds since 1970."""
        return self._began_us + time.monotonic_ns() // 1000


class Lag:
    """How late records were handed over, in seconds of the wall clock: the worst, the newest, and how many by over ``LATE_S``."""

    LATE_S: Final = 0.2

    def __init__(self) -> None:
        self.most_s = self.now_s = 0.0
        self.records = self.late = 0

    def add(self, late_s: float) -> None:
        self.now_s = max(late_s, 0.0)
        self.most_s = max(self.most_s, late_s)
        self.records += 1
        self.late += late_s > self.LATE_S

    @property
    def share_late(self) -> float:
        return self.late / self.records if self.records else 0.0


def paced(
    records: Iterable[Record],
    speed: float,
    *,
    wall: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    lag: Lag | None = None,
) -> Iterator[Record | int]:
    """Yield each record when its arrival is due at ``speed`` times real time, and an ``int`` (arrival time, us) every 50 ms
    that nothing is. With ``wall`` a record is stamped with the wall clock on arrival, as at a real ingress. The first record
    is due when it is there; how late the others are is added to ``lag``."""
    began, stamps = clock(), SteadyClock()
    first: int | None = None
    for record in records:
        arrival = arrival_us(record)
        if first is None:
            first, began = arrival, clock()
        while True:
            wait_s = (arrival - first) / 1e6 / speed - (clock() - began)
            if wait_s <= 0:
                break
            sleep(min(wait_s, BEAT_S))
            if wait_s > BEAT_S:
                yield stamps.now_us() if wall else first + int((clock() - began) * 1e6 * speed)
        if lag is not None:
            lag.add(-wait_s)
        if wall:
            record = stamped(record, stamps.now_us())
        yield record


def ahead(records: Iterable[Record], room: int = 500) -> Iterator[Record]:
    """The same records, made up to ``room`` ahead by a thread of their own, so that making them never delays the reader."""
    ready: queue.Queue[Record | BaseException | None] = queue.Queue(room)
    stop = threading.Event()

    def put(item: Record | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for record in records:
                if not put(record):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads
            put(error)
        else:
            put(None)

    threading.Thread(target=make, name="source", daemon=True).start()
    try:
        while True:
            item = ready.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
