"""How many final values of each stat a reader of committed records received, and which it received twice: for runs so long that a
set of all ids would not fit."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from streaming.bench.load_generator import Load, moved
from streaming.factory import maker
from streaming.operator.session import GameSession
from streaming.wire.blocks import StatBlock
from streaming.wire.feed import GameEnd, GameStart, encode_feed

#: name of the game that is replayed for comparison
_REPLAYED: Final = "replayed"


class FinalUpdate(msgspec.Struct):
    """The fields of a stat by which it is counted."""

    id: str
    stat: str
    subject: str
    quality: str
    window_us: tuple[int, int]
    revision: int = 0
    event: str | None = None


class FinalBatch(msgspec.Struct):
    """A message of stats."""

    game: str
    updates: list[FinalUpdate]


class FinalCounts:
    """Final values by game and stat. A stat's windows close in order, so of each subject only the latest window is kept: one that
    is not later has been received before. Values of events and corrections are few, and kept by id."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.doubled = 0
        self._latest_us: dict[tuple[str, str, str], int] = {}
        self._ids: set[tuple[str, str, int]] = set()

    def take(self, batch: FinalBatch) -> None:
        counts = self.counts.setdefault(batch.game, Counter())
        for update in batch.updates:
            if update.quality == "final":
                counts[update.stat] += 1
                self.doubled += self._known(batch.game, update)

    def _known(self, game: str, update: FinalUpdate) -> bool:
        if update.event is not None or update.revision:
            key = game, update.id, update.revision
            known = key in self._ids
            self._ids.add(key)
            return known
        series = game, update.stat, update.subject
        known = self._latest_us.get(series, -1) >= update.window_us[1]
        self._latest_us[series] = max(update.window_us[1], self._latest_us.get(series, -1))
        return known


class Difference(msgspec.Struct, frozen=True):
    """Final values of all games that were lost, doubled, or in excess of what one undisturbed process publishes."""

    finals: int
    lost: int
    doubled: int
    in_excess: int


def difference(wanted: Counter[str], found: dict[str, dict[str, int]], doubled: int, games: list[str]) -> Difference:
    """``found`` by game and stat, beside ``wanted`` of each of ``games``."""
    lost = excess = 0
    for game in games:
        have = Counter(found.get(game, {}))
        lost += (wanted - have).total()
        excess += (have - wanted).total()
    return Difference(finals=wanted.total() * len(games), lost=lost, doubled=doubled, in_excess=max(0, excess - doubled))


def undisturbed(load: Load) -> Counter[str]:
    """Final values by stat of one game, from one process without a fault."""
    session, counts = GameSession(load.record.sport, _REPLAYED, maker(provisional=False)), FinalCounts()
    record = load.as_game(_REPLAYED, 0)
    records = [GameStart(record=record), *(moved(item, _REPLAYED, 0, 0) for _, item in load.items), GameEnd(game=_REPLAYED)]
    for item in records:
        for output in session.take(encode_feed(item), 0):
            if isinstance(output, StatBlock) and output.quality == "final":
                updates = [
                    FinalUpdate(u.id, u.stat, u.subject, u.quality, u.window_us, u.revision, u.event) for u in output.updates(0)
                ]
                counts.take(FinalBatch(_REPLAYED, updates))
    if counts.doubled:
        raise AssertionError(f"one process published {counts.doubled} final values twice: they cannot be counted so")
    return counts.counts[_REPLAYED]
