"""A partition's games, without a broker: which are being played, and whose state is due."""

from __future__ import annotations

import msgspec

from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.state_store import PROGRESS
from streaming.wire.blocks import DeadLetter
from streaming.wire.feed import FeedRecord, GameEnd, GameStart, encode_feed
from tests.streaming.toy import TOY, final_only, game, track


def partition(*records: FeedRecord) -> Partition:
    found = Partition(0, TOY.name, final_only)
    for record in records:
        send(found, record)
    return found


def send(found: Partition, record: FeedRecord) -> None:
    found.take(found.offset, b"toy-1", encode_feed(record), 0)


def test_restored_partition_does_not_play_an_ended_game():
    found = partition(GameStart(record=game()), track(2.0))
    assert set(found.sessions) == set(found.playing) == {"toy-1"}
    send(found, GameEnd(game="toy-1"))
    assert (set(found.sessions), set(found.playing)) == ({"toy-1"}, set())


def test_restored_partition_goes_on_with_running_games():
    for end in (False, True):
        found = partition(GameStart(record=game()), track(2.0))
        if end:
            send(found, GameEnd(game="toy-1"))
        other = Partition(0, TOY.name, final_only)
        other.restore({PROGRESS: found.progress(), **dict(found.due(0.0, 0.0, 1))})
        assert (set(other.sessions), set(other.playing)) == ({"toy-1"}, set() if end else {"toy-1"})
        assert other.published == found.offset


def test_state_of_a_game_is_due_at_begin_and_end_and_else_when_there_is_room():
    found = partition(GameStart(record=game()), track(1.0))
    assert [name for name, _ in found.due(0.0, 5.0, 0)] == ["toy-1"], "what it begins with"
    send(found, track(1.0, start_s=1.0))
    assert not list(found.due(4.0, 5.0, 1)), "not yet"
    assert not list(found.due(6.0, 5.0, 0)), "no room"
    assert [name for name, _ in found.due(6.0, 5.0, 1)] == ["toy-1"]
    send(found, GameEnd(game="toy-1"))
    assert [name for name, _ in found.due(6.1, 5.0, 0)] == ["toy-1"], "what it ends with"
    assert not list(found.due(60.0, 5.0, 9)), "nothing more"


def test_ended_game_is_known_for_the_time_it_is_kept_and_then_leaves_nothing():
    found = partition(GameStart(record=game()), track(2.0), GameEnd(game="toy-1"))
    assert found.expire(1_000, 500) == [], "the time begins with its end"
    stored = dict(found.due(0.0, 0.0, 9))
    other = Partition(0, TOY.name, final_only)
    other.restore({PROGRESS: found.progress(), **stored})
    assert other.expire(1_499, 500) == []
    (letter,) = other.take(other.offset, b"toy-1", encode_feed(GameStart(record=game())), 0)[1]
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "after the end", "it is still known, in the next process, too"
    assert other.expire(1_500, 500) == ["toy-1"]
    assert not other.sessions
    assert not list(other.due(9.0, 0.0, 9))
    assert other.expire(9_000, 500) == []


def test_end_stored_by_an_earlier_program_counts_from_now():
    found = partition(GameStart(record=game()), GameEnd(game="toy-1"))
    ((name, raw),) = found.due(0.0, 0.0, 9)
    old = msgspec.msgpack.encode(msgspec.msgpack.decode(raw)[:3])
    other = Partition(0, TOY.name, final_only)
    other.restore({PROGRESS: found.progress(), name: old})
    assert other.expire(10_000, 500) == []
    assert other.expire(10_500, 500) == ["toy-1"]


def test_games_one_after_another_leave_nothing_in_a_partition():
    found, now_us = Partition(0, TOY.name, final_only), 0
    for k in range(50):
        name = f"toy-{k}"
        for record in (GameStart(record=msgspec.structs.replace(game(), game=name)), GameEnd(game=name)):
            found.take(found.offset, name.encode(), encode_feed(record), 0)
        now_us += 100
        found.expire(now_us, 250)
        list(found.due(now_us / 1e6, 0.0, 9))
    kept = [len(value) for value in vars(found).values() if isinstance(value, dict | set | list)]
    assert max(kept) <= 3
