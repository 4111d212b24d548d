"""The way to the screen: what operators anywhere wrote to the topics of a sport, into the hub of a gateway.

No group: every gateway reads everything, from a little in the past, so that one that was killed and comes back is not empty.
Records are read before they are committed by default, which is a commit's length sooner; should they be rolled back,
the same ids are published again with the same values.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Final, Protocol, Self

from models.latency import Latency
from streaming.errors import BadRecord, Unavailable
from streaming.kafka.broker import MAX_MESSAGE_BYTES, broker_errors
from streaming.kafka.offsets import end_offsets, end_seen, first_offsets, offsets_at, partitions_of, position, short_of
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import patch_emptied_markers
from streaming.monitoring.watch import ModelWatch
from streaming.observability import traces
from streaming.observability.traces import Span
from streaming.operator.health import decode_health
from streaming.operator.metrics import OperatorMetrics
from streaming.threads import WatchedThread
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, Output
from streaming.wire.headers import GROUP, read_headers
from streaming.wire.messages import decode_letter, decode_positions, decode_prediction
from streaming.wire.raw_stats import RawStatBlock, stat_blocks
from streaming.wire.records import Event, GameRecord, decode_event, decode_game, decode_telemetry

LOOK_BACK_S: Final = 180.0
#: positions are for drawing now: older ones are not shown
POSITIONS_S: Final = 2.0
#: how often new topics and partitions are looked for, and how often the lag is worked out
LOOK_S: Final = 5.0
LAG_S: Final = 0.5
#: how long the games that have been announced may take to come in
TIMEOUT_S: Final = 60.0
#: batches that may wait for the hub while the past is read: Kafka keeps it, so nothing need be given up
AHEAD: Final = 100
_log = logging.getLogger(__name__)


class Screen(Protocol):
    """What is fed: the gateway's hub."""

    @property
    def waiting(self) -> int: ...
    def attach(self, record: GameRecord) -> None: ...
    def measure(self, game: str, metrics: OperatorMetrics, runner: str, reported_us: int) -> None: ...
    def write(self, outputs: Sequence[Output | RawStatBlock], published_us: int, span: Span | None = None) -> None: ...
    def report(self, events: Sequence[Event]) -> None: ...


class KafkaSubscriber:
    """Feeds ``hub`` from the topics of ``sports`` in a thread of its own, from ``start`` to ``stop`` (or ``with``).

    ``look_back_s`` is how much of the past of stats, events and dead letters is read first; game records and health come from
    the beginning, since they are compacted. ``lag`` is, by sport, how many messages of stats wait on the broker; ``delay`` how
    long values took from being published to here (microseconds), of those that were published while this one was reading.
    ``models`` gets the predictions and the events; without it predictions are not read. With ``group`` what another group has
    published is left out; what names no group is not.
    """

    def __init__(
        self,
        address: Address,
        sports: Sequence[str],
        hub: Screen,
        *,
        committed: bool = False,
        look_back_s: float = LOOK_BACK_S,
        models: ModelWatch | None = None,
        group: str = "",
    ) -> None:
        self.address, self.sports, self.hub, self.committed = address, tuple(sports), hub, committed
        self.look_back_s, self.models = look_back_s, models
        self._group = address.group(group) if group else ""
        self.lag: dict[str, int] = {}
        self.delay = Latency()
        self.taken = self.unreadable = 0
        #: what is wrong with the broker just now, as a sentence; empty while nothing is
        self.trouble = ""
        self._begun = False
        self._live_us: int | None = None
        self._consumer: Any = None
        self._next: dict[Any, int] = {}
        self._past: dict[Any, int] = {}
        self._kinds: dict[str, tuple[Callable[[Any], None], float | None]] = {}
        name = address.topic
        for sport in self.sports:
            self._kinds |= {
                name(topics.games(sport)): (self._game, None),
                name(topics.health(sport)): (self._health, None),
                name(topics.stats(sport)): (self._stats, look_back_s),
                name(topics.events(sport)): (self._event, look_back_s),
                name(topics.positions(sport)): (self._positions, min(look_back_s, POSITIONS_S)),
                name(topics.dead(topics.telemetry(sport))): (self._letter, look_back_s),
                name(topics.dead(topics.events(sport))): (self._letter, look_back_s),
            }
            if models is not None:
                self._kinds[name(topics.predictions(sport))] = (self._prediction, look_back_s)
        self._over = threading.Event()
        self._thread = WatchedThread(self._run, "kafka subscriber", self._ended)

    # -- any thread ------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Find the broker and the games that are announced there, oldest first; ``Unavailable`` when it does not answer."""
        with broker_errors(self.address):
            self._open()
        self._thread.start()
        return self

    def stop(self) -> None:
        """End it; what was read is with the hub."""
        self._over.set()
        self._thread.join(10.0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are read."""
        return tuple(self._kinds)

    def handle(self, record: Any) -> None:
        """Pass one record of a topic that is read (with ``topic``, ``key``, ``value``, ``timestamp``) to the hub, or, when it
        cannot be decoded, a dead letter with the reason."""
        self._take(self._kinds[record.topic][0], record)

    @property
    def caught_up(self) -> bool:
        """Whether everything has been read that was there in the beginning."""
        return self._live_us is not None

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        looked_s, measured_s = time.monotonic(), 0.0
        while not self._over.is_set():
            try:
                if self._consumer is None:
                    self._open()
                if time.monotonic() - looked_s > LOOK_S:
                    looked_s = time.monotonic()
                    self._look(known=True)
                self._poll_once()
                if time.monotonic() - measured_s > LAG_S:
                    measured_s = time.monotonic()
                    self._measure()
            except Exception as error:  # noqa: BLE001 - logged in the next line
                # After any error of the client a new one continues where this one was.
                sentence = f"reading from {self.address.text} failed: {' '.join(str(error).split())[:200] or type(error).__name__}"
                if not self.trouble:
                    _log.warning("%s; trying again", sentence)
                self.trouble = sentence
                self._close()
                self._over.wait(0.5)
        self._close()

    def _ended(self) -> None:
        """It has failed in a way that it does not try again after: the pages show that nothing comes any more."""
        self.trouble = f"reading from {self.address.text} has ended: the log says why"

    def _poll_once(self) -> None:
        polled = self._consumer.poll(timeout_ms=50, max_records=200)
        for here, records in polled.items():
            take = self._kinds[here.topic][0]
            for record in records:
                if self._past:
                    self._wait_for_the_hub()
                if record.value is not None and (not self._group or self._follows(record)):
                    self._take(take, record)
            self._next[here] = records[-1].offset + 1
            self.taken += len(records)
            self.trouble = ""
        if self._past:
            self._past = short_of(self._consumer, self._past)
        elif self._live_us is None:
            self._live_us = time.time_ns() // 1000

    def _take(self, take: Callable[[Any], None], record: Any) -> None:
        try:
            take(record)
        except Exception as error:  # noqa: BLE001 - logged in the next line
            # A message may be anything. What is not of our format is counted and shown; the next may be.
            reason, detail = ("unreadable", f"{type(error).__name__}: {error}")
            if isinstance(error, BadRecord):
                reason, detail = error.reason, str(error)
            self.unreadable += 1
            letter = DeadLetter(record.topic, _name(record.key), reason, record.timestamp * 1000, record.value, detail)
            self.hub.write([letter], time.time_ns() // 1000)

    def _follows(self, record: Any) -> bool:
        return read_headers(record.headers).get(GROUP, self._group) == self._group

    def _wait_for_the_hub(self) -> None:
        while self.hub.waiting > AHEAD and not self._over.is_set():
            time.sleep(0.002)

    # -- the kinds of messages -------------------------------------------------------------------------------------

    def _game(self, record: Any) -> None:
        game = decode_game(record.value)
        self.hub.attach(game)
        if self.models is not None:
            self.models.add_game(game)

    def _health(self, record: Any) -> None:
        health = decode_health(record.value)
        self.hub.measure(health.game, health.metrics(), health.runner, health.reported_us)

    def _stats(self, record: Any) -> None:
        span = None
        if traces.active is not None:
            span = traces.active.begin("gateway", record.headers, partition=record.partition, offset=record.offset)
        blocks = stat_blocks(record.value)
        for published_us, run in groupby(blocks, key=lambda pair: pair[0]):
            self.hub.write([block for _, block in run], published_us, span)
        if span is not None:
            span.end(game=_name(record.key))
        if blocks and self._live_us is not None and blocks[-1][0] > self._live_us:
            self.delay.add(max(0, time.time_ns() // 1000 - blocks[-1][0]))

    def _event(self, record: Any) -> None:
        event = decode_event(record.value)
        self.hub.report([event])
        if self.models is not None:
            self.models.on_event(event)

    def _prediction(self, record: Any) -> None:
        if self.models is not None:
            self.models.write([decode_prediction(record.value)], record.timestamp * 1000)

    def _positions(self, record: Any) -> None:
        self.hub.write([decode_positions(record.value)], record.timestamp * 1000)

    def _letter(self, record: Any) -> None:
        letter = decode_letter(record.value)
        payload: Any = letter.payload
        if letter.records > 1:
            try:
                payload = decode_telemetry(letter.payload)  # so that it counts for as many samples as it holds
            except BadRecord:
                pass
        self.hub.write(
            [DeadLetter(letter.source, letter.game, letter.reason, letter.arrival_us, payload, letter.detail)],
            record.timestamp * 1000,
        )

    # -- the broker ------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        from kafka import KafkaConsumer

        patch_emptied_markers()
        self._consumer = KafkaConsumer(
            **self.address.python(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed" if self.committed else "read_uncommitted",
            fetch_max_wait_ms=10,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        )
        if not self._begun:
            self._read_games()
            self._begun = True
        self._look(known=bool(self._next))
        self.trouble = ""

    def _close(self) -> None:
        consumer, self._consumer = self._consumer, None
        try:
            if consumer is not None:
                consumer.close()
        except Exception as error:  # noqa: BLE001 - nothing more is wanted of it
            _log.warning("leaving %s: %s", self.address.text, error)

    def _read_games(self) -> None:
        """Announced games, oldest first, so that the newest is known to be the newest whichever partition it is on."""
        here = self._partitions(self.address.topic(topics.games(sport)) for sport in self.sports)
        if not here:
            return
        ends = end_offsets(self._consumer, here)
        self._consumer.assign(here)
        self._consumer.seek_to_beginning(*here)
        newest: dict[bytes, Any] = {}
        until_s = time.monotonic() + TIMEOUT_S
        while ends := short_of(self._consumer, ends):
            if time.monotonic() > until_s:
                raise Unavailable(f"the broker at {self.address.text} did not send its games within {TIMEOUT_S:.0f} s")
            for records in self._consumer.poll(timeout_ms=100).values():
                newest |= {record.key: record for record in records}
        found = []
        for record in newest.values():
            try:
                found.append(decode_game(record.value or b""))
            except BadRecord:
                continue  # the thread reads it again, and counts it
        for game in sorted(found, key=lambda game: game.t0_us):
            self.hub.attach(game)

    def _look(self, known: bool) -> None:
        """Read all partitions that there are. In the beginning (not ``known``) those of before start a little in the past; a topic
        that appears later is read from its start."""
        there = self._partitions(self._kinds)
        before = self._consumer.assignment()
        if before == set(there):
            return
        self._consumer.assign(there)
        self._past = {tp: end for tp, end in self._past.items() if tp in set(there)}  # what is gone is not waited for
        fresh = [tp for tp in there if tp not in self._next]
        starts = dict.fromkeys(fresh, 0)
        if not known:
            starts, ends = self._starts(fresh), end_offsets(self._consumer, fresh)
            self._past = {tp: end for tp, end in ends.items() if starts[tp] < end}
        self._next |= starts
        for tp in (set(there) - before) | set(fresh):
            self._consumer.seek(tp, self._next[tp])

    def _partitions(self, names: Iterable[str]) -> list[Any]:
        return [here for found in partitions_of(self._consumer, names).values() for here in found]

    def _starts(self, fresh: list[Any]) -> dict[Any, int]:
        starts = first_offsets(self._consumer, fresh)
        now_ms = time.time_ns() // 1_000_000
        past = {tp: now_ms - int(1000 * back) for tp in fresh if (back := self._kinds[tp.topic][1]) is not None}
        found, ends = offsets_at(self._consumer, past), end_offsets(self._consumer, past)
        return starts | {tp: ends[tp] if found.get(tp) is None else found[tp].offset for tp in past}

    def _measure(self) -> None:
        lag = dict.fromkeys(self.sports, 0)
        for sport in self.sports:
            for here in self._consumer.assignment():
                if here.topic == self.address.topic(topics.stats(sport)):
                    at = position(self._consumer, here)
                    lag[sport] += 0 if at is None else max(0, end_seen(self._consumer, here) - at)
        self.lag = lag


def _name(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "replace")
