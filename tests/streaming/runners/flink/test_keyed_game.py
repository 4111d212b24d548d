"""The games of a Flink task, without Flink: what a checkpoint holds restores them, and what has ended is forgotten in time."""

from __future__ import annotations

import pytest

from streaming.runners.flink.keyed_game import EXPIRY_MS, TICK_MS, KeyedGames, Row
from streaming.runners.flink.state_bytes import LogBytes, SnapshotBytes
from streaming.wire import topics
from streaming.wire.feed import GameStart, encode_feed
from streaming.wire.messages import decode_letter
from tests.streaming.operator.test_session import END, NOW, PLAY, START, feed, make
from tests.streaming.runners.flink.test_state_bytes import FakeState
from tests.streaming.toy import game

GAME = "toy-1"
HOUR_MS = 3_600_000


class Task:
    """Keyed games of one key with their state and their timers; ``restore`` is what a task gets that takes over."""

    def __init__(self, snapshot: FakeState | None = None, log: FakeState | None = None) -> None:
        self.snapshot, self.log = snapshot or FakeState(), log or FakeState()
        self.now_ms, self.timers = NOW // 1000 // TICK_MS * TICK_MS, set[int]()
        self.games = KeyedGames("toy", make, SnapshotBytes(self.snapshot), LogBytes(self.log), lambda: 1000 * self.now_ms, 10)

    def restore(self) -> Task:
        found = Task(FakeState(*self.snapshot.items), FakeState(*self.log.items))
        found.timers = set(self.timers)
        return found

    def _tick_timer(self) -> None:
        self.timers.add((self.now_ms // TICK_MS + 1) * TICK_MS)

    def _expiry_timer(self) -> None:
        self.timers.add((self.now_ms + HOUR_MS) // TICK_MS * TICK_MS + EXPIRY_MS)

    def take(self, raw: bytes) -> list[Row]:
        return list(self.games.take(GAME, raw, NOW, self._tick_timer, self._expiry_timer))

    def wait(self, ms: int) -> list[Row]:
        """Time goes on, and every timer that is due fires once."""
        until, out = self.now_ms + ms, list[Row]()
        while due := [at for at in self.timers if at <= until]:
            self.now_ms = min(due)
            self.timers.discard(self.now_ms)
            out += self.games.tick(GAME, self.now_ms, self._tick_timer)
        self.now_ms = until
        return out

    @property
    def remembered(self) -> int:
        """Entries in memory of any game."""
        return sum(len(kept) for kept in (self.games._sessions, self.games._logged, self.games._timed))


def played() -> Task:
    task = Task()
    for raw in [START, *feed(PLAY), END]:
        task.take(raw)
    return task


def test_state_of_an_ended_game_goes_after_its_time_and_takes_its_public_records_along():
    task = played()
    assert task.snapshot.items
    assert task.wait(HOUR_MS - 2 * TICK_MS) == [], "until then it is known"
    assert task.snapshot.items
    assert task.remembered == 0, "a game that is over needs no memory"
    gone = task.wait(3 * TICK_MS)
    assert gone == [(topic, GAME.encode(), None) for topic in (topics.games("toy"), topics.health("toy"))]
    assert (task.snapshot.items, task.log.items, task.timers, task.remembered) == ([], [], set(), 0)


def test_timer_of_a_checkpoint_ends_the_game_in_the_task_that_takes_over():
    task = played().restore()
    assert len(task.wait(HOUR_MS + TICK_MS)) == 2
    assert task.snapshot.items == []


@pytest.mark.parametrize("raw", [START, END, feed(PLAY)[0]])
def test_late_record_of_an_ended_game_is_refused_as_such_and_changes_no_state(raw):
    task = played()
    before, timers = list(task.snapshot.items), set(task.timers)
    (row,) = task.take(raw)
    assert row[0].startswith("dead.")
    assert row[2] is not None
    assert decode_letter(row[2]).reason in ("after the end", "unknown game")
    assert (task.snapshot.items, task.timers, task.games._sessions) == (before, timers, {})


def test_game_on_air_is_not_touched_by_an_expiry_of_an_earlier_game_of_its_name():
    task = Task()
    task.take(START)
    for raw in feed(PLAY)[:15]:
        task.take(raw)
    kept = list(task.snapshot.items), list(task.log.items)
    task.timers.add(task.now_ms + 3 * TICK_MS + EXPIRY_MS)
    assert not [row for row in task.wait(10 * TICK_MS) if row[2] is None]
    assert (task.snapshot.items, task.log.items) == kept
    assert len(task.timers) == 1, "and its own timer goes on alone"


def test_key_that_never_starts_a_game_leaves_nothing():
    task = Task()
    task.take(feed(PLAY)[0])
    assert (task.snapshot.items, task.log.items, task.timers, task.remembered) == ([], [], set(), 0)


def test_name_can_be_used_again_once_its_game_is_forgotten():
    task = played()
    task.wait(HOUR_MS + TICK_MS)
    assert task.take(encode_feed(GameStart(record=game()))) == []
    assert task.take(feed(PLAY)[0]) is not None
    assert task.log.items


@pytest.mark.parametrize("cut", [0, 1, 7, 20])
def test_task_that_takes_over_goes_on_to_the_same_bytes(cut):
    records = [START, *feed(PLAY), END]
    whole, first = Task(), Task()
    expected = [row for raw in records for row in whole.take(raw)]
    found = [row for raw in records[:cut] for row in first.take(raw)]
    second = first.restore()
    found += [row for raw in records[cut:] for row in second.take(raw)]
    assert found == expected
