"""Between the operator's thread and the subscribers: a sink that never blocks the operator."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from models.latency import Latency
from models.serving.access import Grant
from streaming.monitoring.watch import ModelWatch
from streaming.observability import traces
from streaming.observability.traces import Span
from streaming.operator.metrics import OperatorMetrics
from streaming.web import messages
from streaming.web.encoded_block import Delivery, EncodedBlock
from streaming.web.filters import Filter
from streaming.web.game_cache import RING, GameCache, select
from streaming.web.subscribers import Subscriber
from streaming.web.withholding import Policy, Withholding
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, FrameBlock, Output, StatBlock
from streaming.wire.messages import encode_positions
from streaming.wire.raw_stats import RawStatBlock
from streaming.wire.records import Event, GameRecord

_log = logging.getLogger(__name__)
#: batches that may wait for the event loop; beyond it the oldest loses its windowed values
BACKLOG = 256
MAX_DEAD_LETTERS, MAX_FOLLOWED = 100, 256
#: no report of an operator is overtaken by so much, us
SET_BACK_US = 60_000_000
#: (topic, reason) pairs that are counted one by one; reasons of a broker may be anything
MAX_REASONS, OTHER_REASONS = 500, "(other reasons)"
#: a game that has been silent for so long has ended, for ``/metrics``, s
METRICS_KEEP_S = 600.0
#: how often silent games are looked for, s; records of dropped games that are kept, should one go on
SWEEP_S, MAX_DROPPED = 10.0, 1_000

#: a record of a source: a packet, an event, or a tick
Record = TypeVar("Record")
Batch = tuple[Sequence[Output | RawStatBlock | Event | GameCache], int, int]


class Hub:
    """A sink (``write``, ``close``) for any number of operators in any thread, and the memory behind every route.

    Blocks are handed over: the writer must not change their arrays afterwards. All reading methods, and
    ``subscribe``, belong to the event loop that the hub is bound to; a hub that is bound to none is emptied with
    ``drain`` by its owner. A game of which nothing has been heard for ``keep_s`` is dropped with all its values; should it go on,
    it begins anew with what arrives. After ``metrics_keep_s`` it is no longer on ``/metrics``.
    """

    def __init__(self, *, ring: int = RING, keep_s: float = math.inf, metrics_keep_s: float = METRICS_KEEP_S) -> None:
        self.games: dict[str, GameCache] = {}
        self.keep_s, self.metrics_keep_s = keep_s, metrics_keep_s
        self._dropped: dict[str, GameRecord] = {}
        self._swept_s = time.monotonic()
        self.dead_letters: deque[DeadLetter] = deque(maxlen=MAX_DEAD_LETTERS)
        self.dead_letter_counts: Counter[tuple[str, str]] = Counter()
        self.groups: dict[Filter, set[Subscriber]] = {}
        #: from the operator's hand-over to the client's socket
        self.socket_latency = Latency()
        self.skipped = 0
        self.shed = 0
        #: by the stamp of their hand-over, the latest records that are traced
        self.followed: dict[int, Span] = {}
        #: the monitors of the models, where they are monitored, and which models are withheld
        self.models: ModelWatch | None = None
        self.withholding: Withholding | None = None
        self._ring = ring
        self._inbox: deque[Batch] = deque()
        self._events: list[Batch] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False

    # -- any thread ----------------------------------------------------------------------------------------------------

    def attach(self, record: GameRecord, metrics: OperatorMetrics | None = None) -> None:
        """Add a game, or replace its record; ``metrics`` are those of the operator that runs it."""
        cache = GameCache(record.game, self._ring)
        cache.record, cache.metrics = record, metrics
        self._enqueue(([cache], 0, 0))

    def measure(self, game: str, metrics: OperatorMetrics, runner: str, reported_us: int) -> None:
        """Metrics of an operator in another process; the newest report counts."""
        cache = GameCache(game, self._ring)
        cache.metrics, cache.runner, cache.reported_us = metrics, runner, reported_us
        self._enqueue(([cache], 0, 0))

    def write(self, outputs: Sequence[Output | RawStatBlock], published_us: int, span: Span | None = None) -> None:
        """Queue what was published; returns at once. ``span`` is that of a record that is followed to the sockets."""
        stamp_ns = time.monotonic_ns()
        if span is not None:
            self.followed[stamp_ns] = span
            if len(self.followed) > MAX_FOLLOWED:
                self.followed.pop(next(iter(self.followed)), None)
        self._enqueue((outputs, published_us, stamp_ns))

    def delivered(self, stamp_ns: int, transport: str) -> None:
        """What was handed over at ``stamp_ns`` is in a client's socket."""
        now_ns = time.monotonic_ns()
        self.socket_latency.add((now_ns - stamp_ns) / 1000)
        if self.followed and traces.active is not None and (span := self.followed.get(stamp_ns)) is not None:
            start_ns = time.time_ns() - (now_ns - stamp_ns)
            if delivery := traces.active.begin("delivery", span.headers, start_ns, transport=transport):
                delivery.end()

    def watch(self, models: ModelWatch, policy: Policy) -> None:
        """Monitor the models, and withhold those that outcomes contradict, or only warn."""
        self.models, self.withholding = models, Withholding(models, policy)

    def report(self, events: Sequence[Event]) -> None:
        """Queue reported events, for subscriptions to ``events.<sport>.<type>``."""
        self._enqueue((events, 0, time.monotonic_ns()))

    def tee(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records of a source on their way to a runner, with their events reported here."""
        for record in records:
            if isinstance(record, Event):
                self.report([record])
            yield record

    @property
    def waiting(self) -> int:
        """Batches that the event loop has not processed yet: a source that can wait does so before any are shed."""
        return len(self._inbox)

    def close(self) -> None:
        """An operator has ended. Its game stays readable and its subscribers stay: another operator may follow."""

    def _enqueue(self, batch: Batch) -> None:
        with self._lock:
            self._inbox.append(batch)
            if len(self._inbox) > BACKLOG:
                self._shed()
            if self._loop is None or self._scheduled:
                return
            self._scheduled = True
            self._loop.call_soon_threadsafe(self.drain)

    def _shed(self) -> None:
        """The event loop is behind: the oldest batch loses its windowed values, which newer ones replace."""
        outputs, *clocks = self._inbox.popleft()
        stats = (StatBlock, RawStatBlock)
        kept = [o for o in outputs if not (isinstance(o, FrameBlock) or (isinstance(o, stats) and o.event is None))]
        self.shed += len(outputs) - len(kept)
        if kept:
            self._events.append((kept, clocks[0], clocks[1]))

    # -- the event loop's thread ---------------------------------------------------------------------------------------

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this loop drains the hub."""
        with self._lock:
            self._loop, self._scheduled = loop, True
        loop.call_soon(self.drain)

    def unbind(self) -> None:
        """The loop is about to end: end every subscription."""
        with self._lock:
            self._loop, self._scheduled = None, False
        for members in self.groups.values():
            for subscriber in members:
                subscriber.close()

    def drain(self) -> None:
        """Process all that waits and offer it to the subscribers."""
        with self._lock:
            batches = [*self._events, *self._inbox]
            self._inbox.clear()
            self._events.clear()
            self._scheduled = False
        for outputs, published_us, stamp_ns in batches:
            try:
                self._publish(outputs, published_us, stamp_ns)
            except Exception:  # noqa: BLE001 - the next line says why
                # Blocks of a broker may hold anything: one that is invalid must not take others with it.
                _log.exception("what was published at %d cannot be shown", published_us)
        if time.monotonic() - self._swept_s > SWEEP_S:
            self.drop_silent()

    def drop_silent(self) -> None:
        """Drop the games that have been silent for ``keep_s``. Records of the latest stay: a game is announced only once."""
        self._swept_s = time.monotonic()
        for game in [game for game, cache in self.games.items() if cache.silent_s > self.keep_s]:
            record = self.games.pop(game).record
            if record is not None:
                self._dropped[game] = record
            if self.withholding is not None:
                self.withholding.drop(game)
            for members in self.groups.values():
                for subscriber in members:
                    subscriber.seqs.pop(game, None)
        while len(self._dropped) > MAX_DROPPED:
            del self._dropped[next(iter(self._dropped))]

    def _publish(self, outputs: Iterable[Output | RawStatBlock | Event | GameCache], published_us: int, stamp_ns: int) -> None:
        games: dict[str, list[EncodedBlock]] = {}
        if self.withholding is not None:
            outputs = self.withholding.filter(outputs)
            self._remove_withheld(self.withholding)
        for output in outputs:
            if isinstance(output, StatBlock | RawStatBlock):
                games.setdefault(output.game, []).append(EncodedBlock(output, topics.address(output.stat), published_us))
            elif isinstance(output, Event):
                record = self._game(output.game).record
                address = f"{topics.events(record.sport if record else 'unknown')}.{output.type}"
                games.setdefault(output.game, []).append(EncodedBlock(output, address, published_us))
            elif isinstance(output, FrameBlock):
                self._publish_positions(output)
            elif isinstance(output, DeadLetter):
                self.dead_letters.append(output)
                reason = output.source, output.reason
                if len(self.dead_letter_counts) >= MAX_REASONS and reason not in self.dead_letter_counts:
                    reason = "", OTHER_REASONS
                self.dead_letter_counts[reason] += len(output)
            elif isinstance(output, GameCache):
                self._update_game(output)
        for game, blocks in games.items():
            entry = self._game(game).append(blocks, stamp_ns)
            sport = self.sport_of(game)
            for selection, members in self.groups.items():
                if members and selection.includes_game(game, sport) and (delivery := select(selection, game, entry)):
                    for subscriber in members:
                        subscriber.offer(delivery)

    def _remove_withheld(self, withholding: Withholding) -> None:
        """Drop what has been withheld, so that no subscriber gets it later, new or resuming."""
        for game, stat in withholding.pop_withheld():
            self._game(game).remove(stat)

    def _game(self, game: str) -> GameCache:
        if game not in self.games:
            self.games[game] = cache = GameCache(game, self._ring)
            cache.record = self._dropped.pop(game, None)
        return self.games[game]

    def sport_of(self, game: str) -> str:
        """The sport of a game; empty while its record is not known."""
        cache = self.games.get(game)
        return cache.record.sport if cache is not None and cache.record is not None else ""

    def _update_game(self, cache: GameCache) -> None:
        if cache.game not in self.games and cache.record is None:
            if time.time() - cache.reported_us / 1e6 > self.keep_s:
                return  # the last report of a game that ended long ago, as a compacted topic keeps it
            cache.record = self._dropped.pop(cache.game, None)
        known = self.games.setdefault(cache.game, cache)
        # A report that is a little older is of an operator that has given the game up; one that is much older, of a clock set back.
        behind_us = known.reported_us - cache.reported_us
        set_back = cache.reported_us > 0 and behind_us > SET_BACK_US
        if cache.metrics is not None and (behind_us <= 0 or set_back):
            known.metrics, known.runner, known.reported_us = cache.metrics, cache.runner, cache.reported_us
        if cache.record is None or (known is not cache and known.record == cache.record):
            return
        known.record = cache.record
        text = messages.text(messages.Game(record=cache.record))
        for selection, members in self.groups.items():
            if selection.includes_game(cache.game, cache.record.sport):
                for subscriber in members:
                    subscriber.send("game", text)

    def _publish_positions(self, block: FrameBlock) -> None:
        cache = self._game(block.game)
        cache.touch()
        address = topics.positions(block.sport)
        text = ""
        for selection, members in self.groups.items():
            if members and selection.includes_game(block.game, block.sport) and selection.matches(address):
                text = text or encode_positions(block).decode()
                for subscriber in members:
                    subscriber.send_positions(block.game, text)

    def subscribe(self, subscriber: Subscriber, after: dict[str, int]) -> None:
        """Add a subscriber: it gets the game records, then what it missed, or the latest of everything it selects."""
        selection = subscriber.selection
        if self.withholding is not None:
            self._remove_withheld(self.withholding)
        for game, cache in self.games.items():
            if not selection.includes_game(game, self.sport_of(game)):
                continue
            if cache.record is not None:
                subscriber.send("game", messages.text(messages.Game(record=cache.record)))
            # The cursor of each message covers every game: one may not be past what is still to be sent of another.
            if game in after:
                subscriber.seqs[game] = after[game]
                missed = list[Delivery]()
                if cache.resume(selection, after[game], missed.append):
                    for delivery in missed:
                        subscriber.offer(delivery)
                    if not missed:
                        subscriber.seqs[game] = cache.seq
                    continue
                del subscriber.seqs[game]
                subscriber.send("gap", messages.text(messages.Gap(game=game, after=after[game], oldest=cache.oldest)))
            if items := cache.latest(selection):
                subscriber.offer(Delivery(game, cache.seq, items, snapshot=True))
            else:
                subscriber.seqs[game] = cache.seq
        self.groups.setdefault(selection, set()).add(subscriber)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        members = self.groups.get(subscriber.selection, set())
        members.discard(subscriber)
        if not members:
            self.groups.pop(subscriber.selection, None)
        self.skipped += subscriber.skipped

    def end_revoked(self, still: Callable[[Grant], bool]) -> None:
        """End the subscriptions whose token has expired or was taken back."""
        for selection, members in self.groups.items():
            for subscriber in members:
                grant = subscriber.grant or selection.grant
                if grant is not None and not still(grant):
                    subscriber.revoked = True
                    subscriber.close()

    def subscribers(self) -> Counter[str]:
        """Number of subscribers by transport."""
        return Counter(s.transport for members in self.groups.values() for s in members)
