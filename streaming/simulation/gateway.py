"""A gateway in the simulation: the production hub, fed from the simulated topic of stats, and viewers that come, stall, go and
resume with their cursor.

A viewer must get every value of an event that was published after it had first subscribed, with what the replay has for it; where
the hub has told it of a gap in a game, that game's values before are excused. Its cursor never goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from streaming.simulation.checker import STATS, Expected
from streaming.simulation.client import SimulatedReader
from streaming.simulation.world import Process
from streaming.web.filters import Filter, read_cursor
from streaming.web.hub import Hub
from streaming.web.subscribers import Subscriber
from streaming.wire.messages import decode_stats
from streaming.wire.raw_stats import stat_blocks

if TYPE_CHECKING:
    from streaming.simulation.deployment import Run

#: messages of a game that the hub keeps for those who resume: few, so that gaps happen
RING: Final = 12


class Gateway:
    """Reads uncommitted records, as a gateway does unless it is asked for the others."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.process = Process(run.world, "gateway", preempt=0.0)
        self.hub = Hub(ring=RING)
        #: what the hub got of a game: (its seq then, id, value) of every final value
        self.published: dict[str, list[tuple[int, str, Any]]] = {}
        self.viewers = [Viewer(self, number) for number in range(run.plan.viewers)]
        self._ends: dict[TopicPartition, int] = {}
        self.process.spawn(self._read, "reader")

    def _read(self) -> None:
        broker = self.run.broker
        here = [TopicPartition(STATS, number) for number in range(self.run.plan.partitions)]
        at = dict.fromkeys(here, 0)
        while True:
            reader = SimulatedReader(self.process, broker, "read_uncommitted")
            try:
                reader.assign(here)
                for partition, offset in at.items():
                    reader.seek(partition, offset)
                while True:
                    for partition, records in reader.poll(timeout_ms=250).items():
                        for record in records:
                            self._write(record.value)
                            at[partition] = self._ends[partition] = record.offset + 1
            except KafkaError:
                self.process.sleep(0.5)

    def _write(self, value: bytes) -> None:
        for published_us, block in stat_blocks(value):
            self.hub.write([block], published_us)
        self.hub.drain()
        for update in decode_stats(value).updates:
            if update.quality == "final" and update.event is not None:  # of windows a viewer gets the newest
                seq = self.hub.games[update.game].seq
                self.published.setdefault(update.game, []).append((seq, update.id, update.value))

    def check(self, expected: Expected) -> None:
        known = {ident: value for finals in expected.finals.values() for ident, _, value in finals}
        for viewer in self.viewers:
            viewer.check(known)
            viewer.process.kill()
        self.process.kill()


class Viewer:
    """One client of the gateway."""

    def __init__(self, gateway: Gateway, number: int) -> None:
        self.gateway, self.world = gateway, gateway.run.world
        self.process = Process(self.world, f"viewer{number}", preempt=0.0)
        self.got: dict[str, Any] = {}
        self._cursor: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._subscriber: Subscriber | None = None
        self.process.spawn(self._watch, "viewer")

    def _watch(self) -> None:
        random = self.world.random
        self.process.sleep(random.random() * 6.0)
        while True:
            if self._subscriber is None:
                self._connect()
            self.process.sleep(random.choice((0.05, 0.2, 0.5, 3.0)) * random.random())
            if random.random() < 0.07:
                self._disconnect()
                self.process.sleep(random.choice((0.2, 1.0, 5.0)) * random.random())
            else:
                self.read()

    def _connect(self) -> None:
        hub = self.gateway.hub
        self._subscriber = Subscriber(Filter.of(["stats.tally.*"]), "simulated")
        for game, cache in hub.games.items():
            if game not in self._cursor:
                self._since[game] = cache.seq  # of what was before it gets the newest only
        hub.subscribe(self._subscriber, dict(self._cursor))

    def _disconnect(self) -> None:
        if self._subscriber is not None:
            self.gateway.hub.unsubscribe(self._subscriber)
            self._subscriber = None

    def read(self) -> None:
        """Everything that waits for it."""
        assert self._subscriber is not None
        for item in self._subscriber.pop_batch():
            message = msgspec.json.decode(item.text)
            if item.kind == "gap":
                game = message["game"]
                self._since[game] = max(self._since.get(game, 0), self.gateway.hub.games[game].seq)
            for update in message.get("updates", ()) if item.kind == "stats" else ():
                if update["quality"] == "final":
                    self.got[update["id"]] = update["value"]
            if item.cursor is not None:
                cursor = read_cursor(item.cursor, frozenset())
                for game, seq in self._cursor.items():
                    if cursor.get(game, seq) < seq:
                        self.world.fail(f"{self.process.name}: the cursor of {game} went back from {seq} to {cursor[game]}")
                self._cursor |= cursor
        if self._subscriber.closed:
            self._disconnect()

    def check(self, known: dict[str, Any]) -> None:
        if self._subscriber is None:
            self._connect()
        self.read()
        for ident, value in self.got.items():
            if known.get(ident) != value:
                self.world.fail(f"{self.process.name} has {value} for {ident}, the replay has {known.get(ident)}")
        for game, published in self.gateway.published.items():
            missed = [ident for seq, ident, _ in published if seq > self._since.get(game, 0) and ident not in self.got]
            if missed:
                self.world.fail(f"{self.process.name} has missed {len(missed)} values of events of {game}, the first {missed[0]}")
