"""A transactional request whose connection is cut, and which arrives after its repetition: in its producer's next transaction."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.kafka.settings import Address
from tests import real_cluster
from tests.faults.wire.games import (
    PARTITIONS, SPORT, Feed, assert_exactly_once, commits_go_on, operator, through, two_games,
)  # fmt: skip
from tests.faults.wire.proxy import Late, WireProxy, delay

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture
def address(broker) -> Address:
    found = real_cluster.address_of(broker)
    real_cluster.recreate_topics(found, SPORT, PARTITIONS)
    return found


@pytest.fixture
def proxy(broker):
    with WireProxy(broker.shape["kafka_port"]) as found:
        yield found


def test_late_end_of_a_transaction_changes_nothing(address, proxy):
    """The first EndTxn arrives when the next transaction of the same producer has written its first batch."""
    with Feed(address, two_games("late")) as feed, operator(through(proxy)) as runner:
        commits_go_on(runner, 5)
        _late_in_the_next(proxy, runner, "EndTxn")
        commits_go_on(runner)
        feed.finish()
        assert_exactly_once("late EndTxn", address, feed, runner)


def test_late_end_of_a_transaction_loses_nothing_while_catching_up(address, proxy):
    """The next transaction has written how far the input is used, and not yet all stats."""
    feed = Feed(address, two_games("behind"), step_s=2.0)
    feed.at_once(1000)
    with operator(through(proxy)) as runner:
        commits_go_on(runner, 2)
        _late_in_the_next(proxy, runner, "EndTxn", b"snapshots.toy")
        commits_go_on(runner)
        feed.finish()
        assert_exactly_once("late EndTxn while catching up", address, feed, runner)


def _late_in_the_next(proxy: WireProxy, runner: Any, api: str, *texts: bytes) -> Late:
    """The next request of the kind arrives late, when the producer's next transaction has written a batch."""
    turn, late = f"{runner.name}-a".encode(), proxy.late()
    left = proxy.rule(api, late.leave, texts=(turn,))
    proxy.rule("Produce", late.arrive, texts=(turn, *texts), answers=True, after=left)
    # What is written queues in the client meanwhile.
    proxy.rule("Produce", delay(0.2), texts=(turn,), answers=True, after=left, times=1_000)
    real_cluster.until(lambda: late.answers, "it arrives late")
    proxy.clear()
    print(api, late.answers)
    return late
