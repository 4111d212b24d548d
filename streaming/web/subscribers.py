"""One client's outbox. A client that keeps up gets every message; one that does not gets the latest of each windowed
value, and every event; one that is stuck costs a bounded amount of memory and delays no other."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from models.serving.access import Grant
from streaming.web.encoded_block import Delivery, Item, newest
from streaming.web.filters import Filter, write_cursor

#: messages that may wait as they are; beyond it they are merged
DEPTH = 4
#: values of events that may wait for one client before it is cut off; it resumes with its cursor
MAX_WAITING = 20_000
#: messages of other kinds that may wait
MAX_MESSAGES = 10_000


class OutboxItem(NamedTuple):
    """One message to be sent: its ``kind``, its text, and, when it moves the cursor, the whole cursor after it."""

    kind: str
    text: str
    cursor: str | None = None
    stamp_ns: int = 0


class Subscriber:
    """Filled by the hub (``send``, ``offer``, ``send_positions``), emptied by a connection (``next_batch``), in one event loop."""

    def __init__(self, selection: Filter, transport: str, grant: Grant | None = None) -> None:
        self.selection, self.transport = selection, transport
        #: what it is here by; None where no token is asked for
        self.grant, self.revoked = grant, False
        self.skipped = 0
        self.overrun = False
        self.closed = False
        self.seqs: dict[str, int] = {}
        self._ready = asyncio.Event()
        self._messages: deque[OutboxItem] = deque()
        self._waiting: deque[Delivery] = deque()
        self._merged: dict[str, dict[tuple[str, str] | str, Item]] = {}
        self._merged_seq: dict[str, int] = {}
        self._positions: dict[str, str] = {}

    @property
    def waiting(self) -> int:
        """Messages of values that wait as they are."""
        return len(self._waiting)

    def send(self, kind: str, text: str) -> None:
        """A message of its own: a game record, a gap, a problem."""
        if self.closed:
            return
        self._messages.append(OutboxItem(kind, text))
        if len(self._messages) > MAX_MESSAGES:
            self._overrun()
        self._ready.set()

    def offer(self, delivery: Delivery) -> None:
        """Values; they wait in order, and are merged when too many do."""
        if self.closed:  # a connection that is stuck ends later than its subscription
            return
        self._waiting.append(delivery)
        if len(self._waiting) > DEPTH or self._merged:
            self._merge()
        self._ready.set()

    def send_positions(self, game: str, text: str) -> None:
        """Positions: only the latest of a game waits."""
        if self.closed:
            return
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
                self._overrun()

    def _overrun(self) -> None:
        """Too far behind: what waited is let go at once, and the client resumes with its cursor."""
        self.overrun = True
        self._messages.clear()
        self._waiting.clear()
        self._merged.clear()
        self._merged_seq.clear()
        self._positions.clear()
        self.close()

    async def next_batch(self) -> list[OutboxItem]:
        """Everything that waits, in order; waits itself while there is nothing. Empty when the subscription ended."""
        while not self.closed:
            if out := self.pop_batch():
                return out
            self._ready.clear()
            await self._ready.wait()
        return []

    def pop_batch(self) -> list[OutboxItem]:
        """As :meth:`next_batch`, and empty when there is nothing."""
        out = list(self._messages)
        self._messages.clear()
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
