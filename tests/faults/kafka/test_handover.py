"""Partitions move to a process that joins, and an input is deleted under live games."""

from __future__ import annotations

import re
import threading
import time

import pytest

from streaming.errors import InputLost
from streaming.kafka.broker import admin
from streaming.runners.kafka.runner import KafkaRunner
from streaming.wire import topics
from tests import real_cluster
from tests.faults.kafka.games import SPORT, Feed, assert_exactly_once, commits_go_on, operator, two_games
from tests.streaming.toy import final_only

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
#: how long an operator may take to end after its input is deleted, on a machine of its own
END_S = 10.0


def test_process_that_joins_restarts_no_other(address):
    """The games that stay go on, those that move go on elsewhere; then the second leaves again."""
    with Feed(address, two_games("joined")) as feed, operator(address) as one:
        commits_go_on(one, 5)
        with operator(address) as two:
            real_cluster.until(lambda: len(one.parts) == len(two.parts) == 1, "each has a partition", 60.0)
            commits_go_on(one)
            commits_go_on(two)
            assert (one.recovered, two.recovered) == (0, 0)
        real_cluster.until(lambda: len(one.parts) == 2, "all are with the first again", 60.0)
        commits_go_on(one)
        feed.finish()
        assert_exactly_once("a second process joined and left", address, feed, one)
    assert one.recovered == 0


def test_input_deleted_under_live_games_ends_every_operator_with_what_is_lost(address):
    """Five operators, two of them with a partition, while records keep coming."""
    feed = Feed(address, two_games("deleted"))
    runners = [KafkaRunner(address, SPORT, final_only) for _ in range(5)]
    ended: dict[int, BaseException] = {}
    stop = threading.Event()

    def run(number: int) -> None:
        try:
            runners[number].run(stop)
        except BaseException as error:  # noqa: BLE001 (looked at below)
            ended[number] = error

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(runners))]
    busy = real_cluster.contention()
    with feed:
        try:
            for thread in threads:
                thread.start()
            real_cluster.until(lambda: sum(len(runner.parts) for runner in runners) == 2, "all partitions are taken over", 60.0)
            owners = [number for number, runner in enumerate(runners) if runner.parts]
            for number in owners:
                commits_go_on(runners[number])
            with admin(address) as client:
                client.delete_topics([topics.telemetry(SPORT)])
            began_s = time.monotonic()
            for thread in threads:
                thread.join(60)
            took_s = time.monotonic() - began_s
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
    print(f"\nall ended after {took_s:.1f} s")
    for number, error in ended.items():
        print(number, number in owners, error)
    assert len(ended) == len(runners), "an operator hangs"
    assert all(isinstance(error, InputLost) for error in ended.values())
    assert took_s < real_cluster.contention() * busy * END_S
