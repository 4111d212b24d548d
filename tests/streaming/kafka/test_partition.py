"""A partition's games, without a broker: which are being played, and whose state is due."""

from __future__ import annotations

from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.state_store import PROGRESS
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
