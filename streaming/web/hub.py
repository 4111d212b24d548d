"""Between the operator's thread and the sockets: a sink that takes blocks and never makes the operator wait."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from streaming.monitoring.watch import ModelWatch
from streaming.operator.latency import Latency
from streaming.operator.metrics import OperatorMetrics
from streaming.web import messages
from streaming.web.encoded_block import Delivery, EncodedBlock
from streaming.web.filters import Filter
from streaming.web.game_cache import RING, GameCache, pick
from streaming.web.subscribers import Subscriber
from streaming.web.withholding import Policy, Withholding
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, FrameBlock, Output, StatBlock
from streaming.wire.messages import encode_positions
from streaming.wire.raw_stats import RawStatBlock
from streaming.wire.records import Event, GameRecord

_log = logging.getLogger(__name__)
#: batches that may wait for the event loop; from there on the oldest gives up its windowed values
BACKLOG = 256
DEAD_KEPT = 100

#: whatever a source yields: packets, events, or time passing
Record = TypeVar("Record")
Batch = tuple[Sequence[Output | RawStatBlock | Event | GameCache], int, int]


class Hub:
    """A sink (``write``, ``close``) for any number of operators in any thread, and the memory behind every route.

    Blocks are handed over: whoever writes one leaves its arrays alone afterwards. All reading methods, and
    ``subscribe``, belong to the event loop that the hub is bound to; a hub that is bound to none is emptied with
    ``drain`` by its owner.
    """

    def __init__(self, *, ring: int = RING) -> None:
        self.channels: dict[str, GameCache] = {}
        self.dead: deque[DeadLetter] = deque(maxlen=DEAD_KEPT)
        self.dead_counts: Counter[tuple[str, str]] = Counter()
        self.groups: dict[Filter, set[Subscriber]] = {}
        #: handed over by the operator -> given to a client's socket
        self.socket_latency = Latency()
        self.skipped = 0
        self.shed = 0
        #: the models of the games that are shown, when somebody watches them, and what is withheld of them
        self.models: ModelWatch | None = None
        self.withholding: Withholding | None = None
        self._ring = ring
        self._inbox: deque[Batch] = deque()
        self._kept: list[Batch] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False

    # -- any thread ----------------------------------------------------------------------------------------------------

    def attach(self, record: GameRecord, meters: OperatorMetrics | None = None) -> None:
        """Make a game known, or its record newer; ``meters`` are those of the operator that runs it."""
        channel = GameCache(record.game, self._ring)
        channel.record, channel.meters = record, meters
        self._put(([channel], 0, 0))

    def measure(self, game: str, meters: OperatorMetrics, runner: str, reported_us: int) -> None:
        """How the operator of a game does that runs elsewhere: what it told last counts."""
        channel = GameCache(game, self._ring)
        channel.meters, channel.runner, channel.reported_us = meters, runner, reported_us
        self._put(([channel], 0, 0))

    def write(self, outputs: Sequence[Output | RawStatBlock], published_us: int) -> None:
        """Take what was published; returns at once."""
        self._put((outputs, published_us, time.monotonic_ns()))

    def watch(self, models: ModelWatch, policy: Policy) -> None:
        """Watch the models of the games that are shown, and withhold those that outcomes contradict, or only warn."""
        self.models, self.withholding = models, Withholding(models, policy)

    def report(self, events: Sequence[Event]) -> None:
        """Take events as they were reported, for those who subscribe to ``events.<sport>.<type>``."""
        self._put((events, 0, time.monotonic_ns()))

    def overhear(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a source on their way to a runner, with their events reported here as they pass."""
        for record in records:
            if isinstance(record, Event):
                self.report([record])
            yield record

    @property
    def waiting(self) -> int:
        """Batches that the event loop has not taken in yet: a source that can wait does so before any are shed."""
        return len(self._inbox)

    def close(self) -> None:
        """An operator has ended. Its game stays readable and its subscribers stay: there may be another."""

    def _put(self, batch: Batch) -> None:
        with self._lock:
            self._inbox.append(batch)
            if len(self._inbox) > BACKLOG:
                self._shed()
            if self._loop is None or self._scheduled:
                return
            self._scheduled = True
            self._loop.call_soon_threadsafe(self.drain)

    def _shed(self) -> None:
        """The event loop is behind: the oldest batch gives up the windowed values, which newer ones replace anyway."""
        outputs, *clocks = self._inbox.popleft()
        stats = (StatBlock, RawStatBlock)
        kept = [o for o in outputs if not (isinstance(o, FrameBlock) or (isinstance(o, stats) and o.event is None))]
        self.shed += len(outputs) - len(kept)
        if kept:
            self._kept.append((kept, clocks[0], clocks[1]))

    # -- the event loop's thread ---------------------------------------------------------------------------------------

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this loop empties the hub."""
        with self._lock:
            self._loop, self._scheduled = loop, True
        loop.call_soon(self.drain)

    def unbind(self) -> None:
        """The loop is about to end: so does every subscription."""
        with self._lock:
            self._loop, self._scheduled = None, False
        for members in self.groups.values():
            for subscriber in members:
                subscriber.close()

    def drain(self) -> None:
        """Take in all that waits and hand it to the subscribers."""
        with self._lock:
            batches = [*self._kept, *self._inbox]
            self._inbox.clear()
            self._kept.clear()
            self._scheduled = False
        for outputs, published_us, stamp_ns in batches:
            try:
                self._take(outputs, published_us, stamp_ns)
            except Exception:  # noqa: BLE001 - the next line says why
                # Blocks come from brokers, too: one that cannot be true must not take others with it.
                _log.exception("what was published at %d cannot be shown", published_us)

    def _take(self, outputs: Iterable[Output | RawStatBlock | Event | GameCache], published_us: int, stamp_ns: int) -> None:
        games: dict[str, list[EncodedBlock]] = {}
        if self.withholding is not None:
            outputs = self.withholding.screen(outputs)
            self._take_down(self.withholding)
        for output in outputs:
            if isinstance(output, StatBlock | RawStatBlock):
                games.setdefault(output.game, []).append(EncodedBlock(output, topics.address(output.stat), published_us))
            elif isinstance(output, Event):
                record = self._channel(output.game).record
                address = f"{topics.events(record.sport if record else 'unknown')}.{output.type}"
                games.setdefault(output.game, []).append(EncodedBlock(output, address, published_us))
            elif isinstance(output, FrameBlock):
                self._move(output)
            elif isinstance(output, DeadLetter):
                self.dead.append(output)
                self.dead_counts[output.source, output.reason] += len(output)
            elif isinstance(output, GameCache):
                self._introduce(output)
        for game, parcels in games.items():
            entry = self._channel(game).append(parcels, stamp_ns)
            for wanted, members in self.groups.items():
                if members and wanted.covers(game) and (delivery := pick(wanted, game, entry)):
                    for subscriber in members:
                        subscriber.offer(delivery)

    def _take_down(self, withholding: Withholding) -> None:
        """Forget what has been withheld, so that nobody is told of it who comes, or comes back, later."""
        for game, stat in withholding.taken_down():
            self._channel(game).forget(stat)

    def _channel(self, game: str) -> GameCache:
        if game not in self.channels:
            self.channels[game] = GameCache(game, self._ring)
        return self.channels[game]

    def _introduce(self, channel: GameCache) -> None:
        known = self.channels.setdefault(channel.game, channel)
        if channel.meters is not None and channel.reported_us >= known.reported_us:
            known.meters, known.runner, known.reported_us = channel.meters, channel.runner, channel.reported_us
        if channel.record is None or (known is not channel and known.record == channel.record):
            return
        known.record = channel.record
        text = messages.text(messages.Game(record=channel.record))
        for wanted, members in self.groups.items():
            if wanted.covers(channel.game):
                for subscriber in members:
                    subscriber.tell("game", text)

    def _move(self, block: FrameBlock) -> None:
        channel = self._channel(block.game)
        channel.touched_ns = time.monotonic_ns()
        address = topics.positions(block.sport)
        text = ""
        for wanted, members in self.groups.items():
            if members and wanted.covers(block.game) and wanted.wants(address):
                text = text or encode_positions(block).decode()
                for subscriber in members:
                    subscriber.move(block.game, text)

    def subscribe(self, subscriber: Subscriber, after: dict[str, int]) -> None:
        """Let a client in: the games it covers, then what it missed, or the latest of everything it wants."""
        wanted = subscriber.wanted
        if self.withholding is not None:
            self._take_down(self.withholding)
        for game, channel in self.channels.items():
            if not wanted.covers(game):
                continue
            if channel.record is not None:
                subscriber.tell("game", messages.text(messages.Game(record=channel.record)))
            subscriber.seqs[game] = channel.seq
            if game in after:
                if channel.resume(wanted, after[game], subscriber.offer):
                    continue
                subscriber.tell("gap", messages.text(messages.Gap(game=game, after=after[game], oldest=channel.oldest)))
            if items := channel.latest(wanted):
                subscriber.offer(Delivery(game, channel.seq, items, snapshot=True))
        self.groups.setdefault(wanted, set()).add(subscriber)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Let a client go."""
        members = self.groups.get(subscriber.wanted, set())
        members.discard(subscriber)
        if not members:
            self.groups.pop(subscriber.wanted, None)
        self.skipped += subscriber.skipped

    def subscribers(self) -> Counter[str]:
        """How many there are, by transport."""
        return Counter(s.transport for members in self.groups.values() for s in members)
