"""What the gateway remembers of one game: its record, the latest of every value, the values of its events, and the
recent past by sequence number, so that a client that lost its line goes on where it was."""

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
from streaming.wire.records import GameRecord

#: batches of a game that can be resumed: more than three minutes of five windows a second
RING = 1024
#: values of events kept per game; a soccer match has some ten thousand, a race ten times as many
MAX_MOMENTS = 50_000
#: reported events of one topic that a newcomer is told of, the newest
MAX_TOLD = 1_000
#: of teams, ball and match a value every few seconds is kept, so that a chart does not begin when its page is opened
HISTORY_US, HISTORY_SUBJECTS, MAX_HISTORY = 5_000_000, 2, 3_000


class Entry(NamedTuple):
    """What was published at once."""

    seq: int
    parcels: list[EncodedBlock]
    stamp_ns: int = 0


class GameCache:
    """One game.

    ``seq`` starts at the present time in microseconds and counts up by one: after a restart of the gateway every old
    cursor is below the oldest of the new ones, and is answered with a gap instead of being mistaken for a new one.
    """

    def __init__(self, game: str, ring: int = RING) -> None:
        self.game = game
        self.record: GameRecord | None = None
        self.meters: OperatorMetrics | None = None
        #: where the operator runs and when it last said so (us), when it is not in this process
        self.runner, self.reported_us = "", 0
        self.seq = time.time_ns() // 1000
        self.ring: deque[Entry] = deque(maxlen=ring)
        self.touched_ns = time.monotonic_ns()
        self.positions = ""
        self._windows: dict[tuple[str, tuple[str, ...]], tuple[int, EncodedBlock]] = {}
        self._moments: dict[str, tuple[str, Item]] = {}
        self._last: dict[tuple[str, str], Item] = {}
        self._history: dict[str, deque[tuple[int, list[Any]]]] = {}

    def append(self, parcels: list[EncodedBlock], stamp_ns: int = 0) -> Entry:
        """Number a batch and remember it."""
        if self.ring:
            for parcel in self.ring[-1].parcels:
                parcel.forget()
        self.seq += 1
        self.touched_ns = time.monotonic_ns()
        entry = Entry(self.seq, parcels, stamp_ns)
        self.ring.append(entry)
        for parcel in parcels:
            if parcel.momentary:
                self._remember(parcel)
            else:
                self._latest(parcel)
        return entry

    def _remember(self, parcel: EncodedBlock) -> None:
        for item in parcel.items():
            key = str(item.key)
            self._moments.pop(key, None)
            self._moments[key] = parcel.address, item
            last = parcel.address, key if item.event else item.subject
            self._last.pop(last, None)
            self._last[last] = item
        while len(self._moments) > MAX_MOMENTS:
            self._thin()

    def _thin(self) -> None:
        """Give up the oldest tenth of the topic that has most: what is rare, such as a start, outlives what comes every second."""
        most, count = Counter(address for address, _ in self._moments.values()).most_common(1)[0]
        old = [key for key, (address, _) in self._moments.items() if address == most]
        for key in old[: max(1, count // 10)]:
            del self._moments[key]
            self._last.pop((most, key), None)

    def forget(self, stat: str) -> None:
        """Nothing that was published of a stat is told any more, neither to newcomers nor to those who come back: their cursors
        stay good, and what they missed comes without it."""
        address = topics.address(stat)
        for k, entry in enumerate(self.ring):
            if any(parcel.address == address for parcel in entry.parcels):
                self.ring[k] = entry._replace(parcels=[parcel for parcel in entry.parcels if parcel.address != address])
        self._moments = {key: kept for key, kept in self._moments.items() if kept[0] != address}
        self._last = {key: item for key, item in self._last.items() if key[0] != address}
        self._windows = {key: kept for key, kept in self._windows.items() if key[0] != stat}
        self._history.pop(stat, None)

    def _latest(self, parcel: EncodedBlock) -> None:
        block = parcel.block
        assert isinstance(block, StatBlock | RawStatBlock)
        if not len(parcel):
            return
        end = block.end_us if isinstance(block, RawStatBlock) else int(block.end_us[-1])
        key = block.stat, block.subjects
        old = self._windows.get(key)
        if old is None or old[0] <= end:
            self._windows[key] = end, parcel
            if len(block.subjects) <= HISTORY_SUBJECTS:
                past = self._history.setdefault(block.stat, deque(maxlen=MAX_HISTORY))
                for at_us, row in parcel.windows():
                    # the newest always has its place, and gives it up to the next one unless it is far enough from the one before
                    if len(past) > 1 and past[-1][0] < past[-2][0] + HISTORY_US:
                        past.pop()
                    past.append((at_us, [plain(v) for v in row]))

    def history(self, wanted: Filter) -> dict[str, list[tuple[int, list[Any]]]]:
        """By stat: (window end, value of each subject), a few seconds apart; teams, ball and match only."""
        return {stat: list(past) for stat, past in self._history.items() if wanted.wants(topics.address(stat))}

    def latest(self, wanted: Filter) -> list[Item]:
        """The newest of each value (and each reported event) that the filter wants."""
        found = [item for item in self._windowed(wanted) if _of(wanted, item)]
        told: Counter[str] = Counter()
        last = []
        for (address, _), item in reversed(self._last.items()):
            if wanted.wants(address) and _of(wanted, item) and not (item.event and told[address] >= MAX_TOLD):
                told[address] += 1
                last.append(item)
        return found + last[::-1]

    def _windowed(self, wanted: Filter) -> Iterator[Item]:
        merged: dict[tuple[str, str] | str, Item] = {}
        for _, parcel in self._windows.values():
            if wanted.wants(parcel.address):
                newest(parcel.items(), merged)
                parcel.forget()
        return iter(merged.values())

    def moments(self, wanted: Filter) -> list[Item]:
        """Every value of every event (and every reported event) that the filter wants, oldest first."""
        return [item for address, item in self._moments.values() if wanted.wants(address) and _of(wanted, item)]

    @property
    def oldest(self) -> int:
        """The seq before the first that can be resumed."""
        return self.ring[0].seq - 1 if self.ring else self.seq

    def resume(self, wanted: Filter, after: int, deliver: Callable[[Delivery], None]) -> bool:
        """Deliver what came after ``after``; False when that is no longer known."""
        if not self.oldest <= after <= self.seq:
            return False
        for entry in self.ring:
            if entry.seq > after and (delivery := pick(wanted, self.game, entry._replace(stamp_ns=0))):
                deliver(delivery)
        return True


def pick(wanted: Filter, game: str, entry: Entry) -> Delivery | None:
    """What a filter wants of an entry; None when that is nothing."""
    parcels = [p for p in entry.parcels if len(p) and wanted.wants(p.address)]
    if not wanted.subjects:
        return Delivery(game, entry.seq, (), parcels, entry.stamp_ns) if parcels else None
    items = [item for parcel in parcels for item in parcel.items() if _of(wanted, item)]
    return Delivery(game, entry.seq, items, (), entry.stamp_ns) if items else None


def _of(wanted: Filter, item: Item) -> bool:
    return not wanted.subjects or item.subject in wanted.subjects
