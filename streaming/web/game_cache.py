"""One game in the gateway's memory: its record, the latest of every value, the values of its events, and the recent past by
sequence number, so that a client that lost its connection resumes."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from streaming.operator.metrics import OperatorMetrics
from streaming.web.encoded_block import Delivery, EncodedBlock, Item, newest
from streaming.web.filters import Filter
from streaming.wire import topics
from streaming.wire.blocks import StatBlock, plain
from streaming.wire.raw_stats import RawStatBlock
from streaming.wire.records import Event, GameRecord

#: batches of a game that can be resumed: more than three minutes of five windows a second
RING = 1024
#: values of events stored per game; a soccer match has some ten thousand, a race ten times as many
MAX_MOMENTS = 50_000
#: reported events of one topic in the snapshot for a new subscriber, the newest
MAX_SNAPSHOT_EVENTS = 1_000
#: of teams, ball and match a value every few seconds is stored, so that a chart does not begin when its page is opened
HISTORY_US, HISTORY_SUBJECTS, MAX_HISTORY = 5_000_000, 2, 3_000


class Entry(NamedTuple):
    """The blocks that were published together."""

    seq: int
    blocks: list[EncodedBlock]
    stamp_ns: int = 0


class GameCache:
    """One game.

    ``seq`` starts at the present time in microseconds and counts up by one: after a restart of the gateway every old
    cursor is below the oldest of the new ones, and is answered with a gap instead of being mistaken for a new one.
    """

    def __init__(self, game: str, ring: int = RING) -> None:
        self.game = game
        self.record: GameRecord | None = None
        self.metrics: OperatorMetrics | None = None
        #: where the operator runs and when it last reported (us), when it is not in this process
        self.runner, self.reported_us = "", 0
        self.seq = time.time_ns() // 1000
        self.ring: deque[Entry] = deque(maxlen=ring)
        self.updated_ns = time.monotonic_ns()
        #: whether anything but the record and reports of the operator has arrived
        self.published = False
        self._windows: dict[tuple[str, tuple[str, ...]], tuple[int, EncodedBlock]] = {}
        self._moments: dict[str, tuple[str, Item]] = {}
        self._last: dict[tuple[str, str], Item] = {}
        self._history: dict[str, deque[tuple[int, list[Any]]]] = {}
        #: by stat and event, the newest revision of which a final value was shown
        self._settled: dict[tuple[str, str], int] = {}

    @property
    def silent_s(self) -> float:
        """How long ago anything of the game was published or its operator reported; since it is known when neither has happened."""
        reported_s = max(0.0, time.time() - self.reported_us / 1e6) if self.reported_us else float("inf")
        if self.reported_us and not self.published:
            return reported_s
        return min(reported_s, (time.monotonic_ns() - self.updated_ns) / 1e9)

    def touch(self) -> None:
        """Something of the game was published."""
        self.updated_ns, self.published = time.monotonic_ns(), True

    def append(self, blocks: list[EncodedBlock], stamp_ns: int = 0) -> Entry:
        """Number a batch and store it."""
        if self.ring:
            for encoded in self.ring[-1].blocks:
                encoded.release_json()
        self.seq += 1
        self.touch()
        blocks = [encoded for encoded in blocks if not self._withdraws(encoded)]
        entry = Entry(self.seq, blocks, stamp_ns)
        self.ring.append(entry)
        for encoded in blocks:
            if encoded.is_event_value:
                self._store_values(encoded)
            else:
                self._latest(encoded)
        return entry

    def _withdraws(self, encoded: EncodedBlock) -> bool:
        """Whether it is a provisional value of an event whose final one was shown: an operator that has given the game up, and does
        not know it yet, publishes so to readers of uncommitted records."""
        block = encoded.block
        if isinstance(block, Event) or block.event is None:
            return False
        key = block.stat, block.event
        if block.quality == "provisional":
            return self._settled.get(key, -1) >= block.revision
        if block.quality == "final":
            self._settled[key] = max(block.revision, self._settled.pop(key, 0))
            if len(self._settled) > MAX_MOMENTS:
                del self._settled[next(iter(self._settled))]
        return False

    def _store_values(self, encoded: EncodedBlock) -> None:
        for item in encoded.items():
            key = str(item.key)
            self._moments.pop(key, None)
            self._moments[key] = encoded.address, item
            last = encoded.address, key if item.event else item.subject
            self._last.pop(last, None)
            self._last[last] = item
        while len(self._moments) > MAX_MOMENTS:
            self._evict()

    def _evict(self) -> None:
        """Drop the oldest tenth of the topic that has most: rare values, such as those of a start, outlive frequent ones."""
        most, count = Counter(address for address, _ in self._moments.values()).most_common(1)[0]
        old = [key for key, (address, _) in self._moments.items() if address == most]
        for key in old[: max(1, count // 10)]:
            del self._moments[key]
            self._last.pop((most, key), None)

    def remove(self, stat: str) -> None:
        """Drop every earlier value of a stat: new subscribers do not get it, and neither do those that resume. Their cursors stay
        good, and what they missed comes without it."""
        address = topics.address(stat)
        for k, entry in enumerate(self.ring):
            if any(encoded.address == address for encoded in entry.blocks):
                self.ring[k] = entry._replace(blocks=[encoded for encoded in entry.blocks if encoded.address != address])
        self._moments = {key: stored for key, stored in self._moments.items() if stored[0] != address}
        self._last = {key: item for key, item in self._last.items() if key[0] != address}
        self._windows = {key: stored for key, stored in self._windows.items() if key[0] != stat}
        self._history.pop(stat, None)

    def _latest(self, encoded: EncodedBlock) -> None:
        block = encoded.block
        assert isinstance(block, StatBlock | RawStatBlock)
        if not len(encoded):
            return
        end = block.end_us if isinstance(block, RawStatBlock) else int(block.end_us[-1])
        key = block.stat, block.subjects
        old = self._windows.get(key)
        if old is None or old[0] <= end:
            self._windows[key] = end, encoded
            if len(block.subjects) <= HISTORY_SUBJECTS:
                past = self._history.setdefault(block.stat, deque(maxlen=MAX_HISTORY))
                for at_us, row in encoded.windows():
                    # the newest is always there, and is replaced by the next one unless it is far enough from the one before
                    if len(past) > 1 and past[-1][0] < past[-2][0] + HISTORY_US:
                        past.pop()
                    past.append((at_us, [plain(v) for v in row]))

    def history(self, selection: Filter) -> dict[str, list[tuple[int, list[Any]]]]:
        """By stat: (window end, value of each subject), a few seconds apart; teams, ball and match only."""
        return {stat: list(past) for stat, past in self._history.items() if selection.matches(topics.address(stat))}

    def latest(self, selection: Filter) -> list[Item]:
        """The newest of each value (and each reported event) that the filter selects."""
        found = [item for item in self._windowed(selection) if _includes(selection, item)]
        counted: Counter[str] = Counter()
        last = []
        for (address, _), item in reversed(self._last.items()):
            if (
                selection.matches(address)
                and _includes(selection, item)
                and not (item.event and counted[address] >= MAX_SNAPSHOT_EVENTS)
            ):
                counted[address] += 1
                last.append(item)
        return found + last[::-1]

    def _windowed(self, selection: Filter) -> Iterator[Item]:
        merged: dict[tuple[str, str] | str, Item] = {}
        for _, encoded in self._windows.values():
            if selection.matches(encoded.address):
                newest(encoded.items(), merged)
                encoded.release_json()
        return iter(merged.values())

    def moments(self, selection: Filter) -> list[Item]:
        """Every value of every event (and every reported event) that the filter selects, oldest first."""
        return [item for address, item in self._moments.values() if selection.matches(address) and _includes(selection, item)]

    @property
    def oldest(self) -> int:
        """The seq before the first that can be resumed."""
        return self.ring[0].seq - 1 if self.ring else self.seq

    def resume(self, selection: Filter, after: int, deliver: Callable[[Delivery], None]) -> bool:
        """Deliver everything after the seq ``after``; False when it is no longer stored."""
        if not self.oldest <= after <= self.seq:
            return False
        for entry in self.ring:
            if entry.seq > after and (delivery := select(selection, self.game, entry._replace(stamp_ns=0))):
                deliver(delivery)
        return True


def select(selection: Filter, game: str, entry: Entry) -> Delivery | None:
    """The part of an entry that a filter selects; None when it is empty."""
    blocks = [p for p in entry.blocks if len(p) and selection.matches(p.address)]
    if not selection.subjects:
        return Delivery(game, entry.seq, (), blocks, entry.stamp_ns) if blocks else None
    items = [item for encoded in blocks for item in encoded.items() if _includes(selection, item)]
    return Delivery(game, entry.seq, items, (), entry.stamp_ns) if items else None


def _includes(selection: Filter, item: Item) -> bool:
    return not selection.subjects or item.subject in selection.subjects
