"""Members of a group and their partitions: none ever has two owners, and an expelled member is notified."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from streaming.kafka.broker import admin
from streaming.kafka.workarounds import resume_joining
from streaming.runners.kafka.consumer_group import join
from streaming.wire import topics
from tests import real_cluster
from tests.streaming.kafka.conftest import OwnSport

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
PARTITIONS = 4
#: a heartbeat, and another
PEACE_S = 2.5


class Member:
    """Polls as the runner does, in a thread of its own; ``held`` is what it would publish from."""

    def __init__(self, own_sport: OwnSport) -> None:
        self.own_sport, self.held, self.lost = own_sport, set[int](), set[int]()
        self.going = threading.Event()
        self._over = False
        self.consumer = join(own_sport.address, topics.telemetry(own_sport.name), own_sport.name, self._given, self._taken)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.going.set()

    def _given(self, numbers: set[int]) -> None:
        self.held |= numbers

    def _taken(self, numbers: set[int], lost: bool) -> None:
        if lost:
            self.lost |= numbers
        else:
            time.sleep(0.3)  # what is given back is committed first
        self.held -= numbers

    def _run(self) -> None:
        while not self._over:
            if self.going.wait(0.1):
                resume_joining(self.consumer)
                self.consumer.poll(timeout_ms=20)
                time.sleep(0.02)  # as long as a window of some games takes: answers come meanwhile

    @property
    def name(self) -> str:
        return str(self.consumer.group_metadata().member_id)

    @property
    def round(self) -> int:
        return int(self.consumer.group_metadata().generation_id)

    def thrown_out(self) -> None:
        """The broker expels it, as after missed heartbeats."""
        from kafka.admin import MemberToRemove

        with admin(self.own_sport.address) as client:
            client.remove_group_members(self.own_sport.name, [MemberToRemove(member_id=self.name)])

    def close(self) -> None:
        self._over = True
        self.going.set()
        self.thread.join(60)
        self.consumer.close()


@pytest.fixture
def pair(own_sport: OwnSport) -> Iterator[tuple[Member, Member]]:
    own_sport.make(PARTITIONS)
    one, two = Member(own_sport), Member(own_sport)
    real_cluster.until(lambda: len(one.held) == len(two.held) == PARTITIONS // 2, "each has half")
    yield one, two
    one.close()
    two.close()


def shared_out(one: Member, two: Member) -> bool:
    """Whether each has half; no partition may have two owners on the way there."""
    assert not one.held & two.held, "both would publish these"
    return len(one.held) == len(two.held) == PARTITIONS // 2


def test_expelled_member_claims_no_former_partitions(pair):
    """It comes back at once, while the other has taken over what it had. Which of two claims is believed hangs on their order,
    which hangs on their names, and what is moved back on what was moved before: so it is done some times, twice to each."""
    for turn in range(8):
        sleeper, other = pair if turn % 4 < 2 else reversed(pair)
        sleeper.going.clear()
        sleeper.thrown_out()
        real_cluster.until(lambda other=other: len(other.held) == PARTITIONS, "the other has all")
        sleeper.lost.clear()
        had = set(sleeper.held)
        sleeper.going.set()
        real_cluster.until(lambda sleeper=sleeper: sleeper.lost, "it is notified")
        assert sleeper.lost == had
        real_cluster.until(lambda: shared_out(*pair), "each has half again")
        assert sum(len(member.held) for member in pair) == PARTITIONS


def test_member_expelled_while_joining_gets_its_share_again(pair, own_sport):
    """It has begun to join again, and waits for the other member, when the group expels it."""
    sleeper, other = pair
    had = set(sleeper.held)
    before = sleeper.name
    other.going.clear()
    sleeper.consumer._coordinator.request_rejoin()
    real_cluster.until(lambda: sleeper.consumer._coordinator.rejoining, "it is joining")
    time.sleep(0.3)
    sleeper.thrown_out()
    other.going.set()
    real_cluster.until(lambda: sleeper.lost, "it is notified")
    assert sleeper.lost == had
    real_cluster.until(lambda: shared_out(*pair) and sleeper.name != before, "each has half again")


def test_joining_takes_the_fewest_rounds(pair, own_sport):
    """An answer that comes between two polls is not thrown away. A third takes two rounds, one to give back and one to be given,
    and one more where a heartbeat crosses them; then there is peace."""
    before = pair[0].round
    three = Member(own_sport)
    try:
        members = (*pair, three)
        # The round that a heartbeat has crossed may come when the shares are final already.
        rounds, since_s = [0, 0, 0], time.monotonic()
        while time.monotonic() < since_s + PEACE_S or len(set(rounds)) > 1:
            if (now := [member.round for member in members]) != rounds:
                rounds, since_s = now, time.monotonic()
            assert max(rounds) <= before + 3
            time.sleep(0.02)
        assert sorted(len(member.held) for member in members) == [1, 1, 2]
    finally:
        three.close()
