"""One client's outbox. A client that keeps up gets every message; one that does not gets the latest of each windowed
value, and every event; one that is stuck costs a bounded amount of memory and slows nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from streaming.web.encoded_block import Delivery, Item, newest
from streaming.web.filters import Filter, write_cursor

#: messages that may wait as they are; from there on they are merged
DEPTH = 4
#: values of events that may wait for one client before it is cut off, to come back with its cursor
MAX_WAITING = 20_000


class OutboxItem(NamedTuple):
    """One message to be sent: its ``kind``, its text, and, when it moves the cursor, the whole cursor after it."""

    kind: str
    text: str
    cursor: str | None = None
    stamp_ns: int = 0


class Subscriber:
    """Filled by the hub (``tell``, ``offer``, ``move``), emptied by a socket's task (``take``), in one event loop."""

    def __init__(self, wanted: Filter, transport: str) -> None:
        self.wanted, self.transport = wanted, transport
        self.skipped = 0
        self.overrun = False
        self.closed = False
        self.seqs: dict[str, int] = {}
        self._ready = asyncio.Event()
        self._told: deque[OutboxItem] = deque()
        self._waiting: deque[Delivery] = deque()
        self._merged: dict[str, dict[tuple[str, str] | str, Item]] = {}
        self._merged_seq: dict[str, int] = {}
        self._positions: dict[str, str] = {}

    def tell(self, kind: str, text: str) -> None:
        """A message of its own: a game's record, a gap, a problem."""
        self._told.append(OutboxItem(kind, text))
        self._ready.set()

    def offer(self, delivery: Delivery) -> None:
        """Values; they wait their turn, and are merged when too many do."""
        self._waiting.append(delivery)
        if len(self._waiting) > DEPTH or self._merged:
            self._merge()
        self._ready.set()

    def move(self, game: str, text: str) -> None:
        """Positions: only the latest of a game waits."""
        if game in self._positions:
            self.skipped += 1
        self._positions[game] = text
        self._ready.set()

    def close(self) -> None:
        """Wake the socket's task so that it ends."""
        self.closed = True
        self._ready.set()

    def _merge(self) -> None:
        while self._waiting:
            delivery = self._waiting.popleft()
            merged = self._merged.setdefault(delivery.game, {})
            self.skipped += newest(delivery.items(), merged)
            self._merged_seq[delivery.game] = delivery.seq
            if len(merged) > MAX_WAITING:
                self.overrun = True
                self.close()

    async def take(self) -> list[OutboxItem]:
        """Everything that waits, in order; waits itself while there is nothing. Empty when the subscription ended."""
        while not self.closed:
            if out := self.take_now():
                return out
            self._ready.clear()
            await self._ready.wait()
        return []

    def take_now(self) -> list[OutboxItem]:
        """As :meth:`take`, and empty when there is nothing."""
        out = list(self._told)
        self._told.clear()
        if self._merged:
            self._merge()
            for game, items in self._merged.items():
                self._waiting.append(Delivery(game, self._merged_seq[game], list(items.values())))
            self._merged.clear()
            self._merged_seq.clear()
        for delivery in self._waiting:
            self.seqs[delivery.game] = delivery.seq
            out.append(OutboxItem("stats", delivery.text, write_cursor(self.seqs), delivery.stamp_ns))
        self._waiting.clear()
        out.extend(OutboxItem("positions", text) for text in self._positions.values())
        self._positions.clear()
        return out
