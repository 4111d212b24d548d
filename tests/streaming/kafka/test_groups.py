"""Groups on one broker share its topics and nothing else: each has all games, and its own state of them; and each notices when
its input goes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streaming.errors import InputLost
from streaming.kafka.broker import TopicGuard, admin
from streaming.runners.kafka.runner import KafkaRunner
from streaming.runners.kafka.state_store import PROGRESS, read_states
from streaming.wire import topics
from streaming.wire.feed import FeedRecord, GameEnd, GameStart, encode_feed
from streaming.wire.messages import decode_stats
from tests import real_cluster
from tests.streaming.kafka.conftest import OwnSport
from tests.streaming.toy import TOY, final_only, game, mark, track

pytestmark = pytest.mark.cluster
GAME = "toy-1"


@contextmanager
def running(own_sport: OwnSport, group: str) -> Iterator[KafkaRunner]:
    """A member of a group in this process, until it has used all records; then it ends and stores its state."""
    runner, stop = KafkaRunner(own_sport.address, own_sport.name, final_only, group=group), threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            runner.run(stop)
        except BaseException as error:  # noqa: BLE001 (raised below)
            failed.append(error)

    thread = threading.Thread(target=run, name=group, daemon=True)
    thread.start()
    try:
        yield runner
        real_cluster.until(
            lambda: failed or real_cluster.lag(own_sport.address, own_sport.name, group) == 0, f"{group} has used all of it"
        )
    finally:
        stop.set()
        thread.join(real_cluster.TIMEOUT_S)
    assert not failed, failed[0]


def send(own_sport: OwnSport, *records: FeedRecord) -> None:
    for record in records:
        own_sport.put(topics.telemetry(own_sport.name), GAME, encode_feed(record))


def finals(own_sport: OwnSport) -> Counter[tuple[str, int]]:
    """How often a reader of committed records has got each final value."""
    found = [
        u for r in real_cluster.records(own_sport.address, topics.stats(own_sport.name)) for u in decode_stats(r.value).updates
    ]
    return Counter((u.id, u.revision) for u in found if u.quality == "final")


def test_second_group_does_not_use_the_state_of_the_first(own_sport):
    """The second starts when the first has stored the state of half a game, and plays all of it; then both go on from their own
    state, at other offsets. Every final value is published once by each."""
    own_sport.name = TOY.name
    real_cluster.recreate_topics(own_sport.address, own_sport.name, 1)
    send(own_sport, GameStart(record=game()), track(3.0), mark(1, 2.0), track(5.0, start_s=3.0))
    with running(own_sport, "first"):
        pass
    once = finals(own_sport)
    assert once
    assert set(once.values()) == {1}
    kept = {
        group: read_states(own_sport.address, topics.snapshots(own_sport.name), 0, group) for group in ("first", "second", "fir")
    }
    assert set(kept["first"]) == {PROGRESS, GAME}
    assert kept["second"] == {}
    assert kept["fir"] == {}, "nor does a group see that of one whose name begins alike"
    with running(own_sport, "second") as second:
        pass
    assert not second.recovered
    assert finals(own_sport) == once + once
    send(own_sport, track(4.0, start_s=8.0), mark(2, 11.0), GameEnd(game=GAME))
    for group in ("second", "first"):
        with running(own_sport, group):
            pass
    twice = finals(own_sport)
    assert len(twice) > len(once)
    assert set(twice.values()) == {2}


def test_input_deleted_while_it_is_inspected_ends_the_run(own_sport):
    """The topic is deleted between two requests, whether it is there and how far it is used: the lost offsets are those of the
    answer before."""

    class Unlucky(TopicGuard):
        unlucky = False

        def _behind(self, group: str, partitions: int) -> dict[int, tuple[int, int]]:
            if self.unlucky:
                with admin(self.address) as client:
                    client.delete_topics([self.topic])
                real_cluster.until(self._gone, "it is deleted")
            return super()._behind(group, partitions)

        def _gone(self) -> bool:
            with admin(self.address) as client:
                return self.topic not in client.list_topics()

    own_sport.make(1)
    own_sport.put(topics.telemetry(own_sport.name), GAME, b"")
    watch = Unlucky(own_sport.address, topics.telemetry(own_sport.name), "a group")
    watch.check()
    watch.unlucky = True
    with pytest.raises(InputLost, match=r"was deleted while it was read; lost: partition 0: offsets 0 to 0$"):
        watch.check()
