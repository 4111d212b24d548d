"""A transactional request whose connection is cut, and which arrives after its repetition: in its producer's next transaction."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.runners.kafka.runner import KafkaRunner
from tests import real_cluster
from tests.faults.kafka.games import Feed, assert_exactly_once, commits_go_on, operator, through, two_games
from tests.faults.kafka.proxy import Do, Late, WireProxy, always, delay

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
#: what a transaction of the operator consists of
REQUESTS = ("AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn")


def test_late_requests_change_nothing(address, proxy):
    """Each kind of request in turn, in games that are on."""
    with Feed(address, two_games("late")) as feed, operator(through(proxy)) as runner:
        commits_go_on(runner, 5)
        for api in REQUESTS:
            late_in_the_next_transaction(proxy, runner, api)
            commits_go_on(runner)
        feed.finish()
        assert_exactly_once("late requests", address, feed, runner)
    assert not runner.recovered


@pytest.mark.parametrize("written", [b"stats.toy", b"snapshots.toy"])
def test_late_end_changes_nothing_while_catching_up(address, proxy, written):
    """The next transaction has written some stats, or how far the input is used."""
    feed = Feed(address, two_games("behind"), step_s=1.0)
    feed.at_once(500)
    with operator(through(proxy)) as runner:
        commits_go_on(runner, 2)
        late_in_the_next_transaction(proxy, runner, "EndTxn", written)
        commits_go_on(runner)
        feed.finish()
        assert_exactly_once(f"late EndTxn after {written.decode()} while catching up", address, feed, runner)
    assert not runner.recovered


def late_in_the_next_transaction(proxy: WireProxy, runner: KafkaRunner, api: str, *texts: bytes) -> Late:
    """The next request of the kind arrives late, when the producer's next transaction has written a batch."""
    turn, late = f"{runner.name}-a".encode(), proxy.late()
    left = proxy.rule(api, late.leave, texts=(turn,))
    ended = proxy.rule("EndTxn", always(Do.PASS), texts=(turn,), answers=True, after=left)
    written: dict[str, Any] = {"texts": (turn, *texts), "answers": True, "after": ended}
    proxy.rule("Produce", late.arrive, **written)
    # What is written queues in the client meanwhile.
    proxy.rule("Produce", delay(0.2), times=1_000, **(written | {"texts": (turn,)}))
    real_cluster.until(lambda: late.answers, f"{api} arrives late")
    proxy.clear()
    print(api, late.answers[0].hex(" "))
    return late
