"""Partitions move to a process that joins, and an input is deleted under live games."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from streaming.errors import InputLost
from streaming.kafka.broker import admin
from streaming.kafka.settings import Address
from streaming.runners.kafka import runner
from streaming.runners.kafka.runner import KafkaRunner
from streaming.wire import topics
from tests import real_cluster
from tests.faults.kafka.games import (
    PARTITIONS,
    SPORT,
    Feed,
    all_used,
    assert_exactly_once,
    commits_go_on,
    committed_finals,
    finals,
    operator,
    through,
    two_games,
)
from tests.faults.kafka.proxy import Do, always, delay
from tests.streaming.toy import final_only
from tests.waiting import within_s

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
#: how long an operator may take to end after its input is deleted, on a machine of its own
END_S = 10.0
#: records of a game that the feed may have sent since its reader last saw the end: those of half a second and of a batch under way
UNSEEN = 25


def test_process_that_joins_restarts_no_other(address):
    """The games that stay go on, those that move go on elsewhere; then the second leaves again."""
    with Feed(address, two_games("joined")) as feed, operator(address) as one:
        commits_go_on(one, 5)
        with operator(address) as two:
            real_cluster.until(lambda: len(one.parts) == len(two.parts) == 1, "each has a partition")
            commits_go_on(one)
            commits_go_on(two)
            assert (one.recovered, two.recovered) == (0, 0)
        real_cluster.until(lambda: len(one.parts) == 2, "all are with the first again")
        commits_go_on(one)
        feed.finish()
        assert_exactly_once("a second process joined and left", address, feed, one)
    assert one.recovered == 0


def test_input_deleted_under_live_games_ends_every_operator_with_what_is_lost(address):
    """Five operators, two of them with a partition, while records keep coming: each ends with one sentence, and what the sentences
    call lost is what a committed reader has no stats of."""
    feed = Feed(address, two_games("deleted"))
    runners = [KafkaRunner(address, SPORT, final_only) for _ in range(5)]
    with feed:
        ended, took_s = _until_all_have_ended(address, runners, lambda: _all_owned(runners))
    print(f"\nall ended after {took_s:.1f} s")
    for error in ended:
        print(error)
    assert all(isinstance(error, InputLost) for error in ended)
    _assert_lost_is_what_is_missing(address, feed, ended)
    # a process that had just been given a partition names its offset, too
    others = [str(error) for error in ended if "offset" not in str(error)]
    assert len(others) >= 2
    for sentence in others:
        assert sentence.endswith(("no partition of it was with this process", "nothing that was seen, all of it was used"))


@pytest.mark.parametrize("does", [delay(4.0), always(Do.DROP)], ids=["late", "lost"])
def test_commit_whose_answer_is_missing_when_the_input_is_deleted_is_not_called_lost(address, proxy, does):
    """The broker has committed, and its answer is on the way until the operator has noticed that its input is gone, or for ever."""
    with Feed(address, two_games("doubted")) as feed:
        runner = KafkaRunner(through(proxy), SPORT, final_only)

        def held() -> None:
            _all_owned([runner])
            rule = proxy.rule("EndTxn", does, answers=True)
            real_cluster.until(lambda: rule.applied, "the broker has committed")

        ended, took_s = _until_all_have_ended(address, [runner], held)
    print(f"\nended after {took_s:.1f} s: {ended[0]}")
    assert isinstance(ended[0], InputLost)
    _assert_lost_is_what_is_missing(address, feed, ended)


def _assert_lost_is_what_is_missing(address: Address, feed: Feed, ended: list[BaseException]) -> None:
    """The sentences agree, and a committed reader has the finals of every record that they do not call lost, and no others. Of a
    partition that none names, all that was seen was used: of records sent since, nobody knows."""
    spans: dict[int, set[tuple[int, int]]] = {}
    for error in ended:
        for number, first, last in re.findall(r"partition (\d+): offsets? (\d+) (?:to (\d+)|and all after it)", str(error)):
            spans.setdefault(int(number), set()).add((int(first), int(last or first)))
    possible = [Counter[Any]()]
    for number, name in enumerate(feed.games):
        sent = feed.sent[name]
        firsts = {first for first, _ in spans.get(number, ())}
        assert len(firsts) <= 1, f"one is wrong: {spans}"
        assert all(last < len(sent) for _, last in spans.get(number, ()))
        ends = firsts or range(max(0, len(sent) - UNSEEN), len(sent) + 1)
        possible = [found + finals(name, sent[:end]) for found in possible for end in ends]
    # The transactions that were left open hide what was committed behind them until the broker has rolled them back.
    real_cluster.until(lambda: committed_finals(address) in possible, "the finals of all that was used", 60.0, every_s=0.5)


def test_input_deleted_during_a_take_over_is_not_called_used(address, monkeypatch):
    """A process gets a partition of which its group has used two records, and before it has looked how far the log goes the topic
    is gone."""
    feed, name = Feed(address, two_games("taken")[:1]), two_games("taken")[0]
    feed.at_once(1)
    with operator(address):
        all_used(address)
    feed.at_once(5)
    looked = runner.first_offsets

    def too_late(consumer: Any, partitions: Any) -> Any:
        with admin(address) as client:
            client.delete_topics([topics.telemetry(SPORT)])
            real_cluster.until(lambda: topics.telemetry(SPORT) not in client.list_topics(), "it is gone")
        monkeypatch.setattr(runner, "first_offsets", looked)
        return looked(consumer, partitions)

    monkeypatch.setattr(runner, "first_offsets", too_late)
    (error,), took_s = _until_all_have_ended(address, [KafkaRunner(address, SPORT, final_only)], None)
    print(f"\nended after {took_s:.1f} s: {error}")
    assert isinstance(error, InputLost)
    assert str(error).endswith("lost: partition 0: offset 2 and all after it; partition 1: offset 0 and all after it")
    assert len(feed.sent[name]) == 7


def _all_owned(runners: list[KafkaRunner]) -> None:
    real_cluster.until(lambda: sum(len(runner.parts) for runner in runners) == PARTITIONS, "all partitions are owned")
    for found in runners:
        if found.parts:
            commits_go_on(found)


def _until_all_have_ended(
    address: Address, runners: list[KafkaRunner], before: Callable[[], None] | None
) -> tuple[list[BaseException], float]:
    """Run them, delete their input after ``before`` (None: it goes by itself); what each ended with, and how long that took."""
    ended: list[BaseException] = []
    stop = threading.Event()

    def run(found: KafkaRunner) -> None:
        try:
            found.run(stop)
        except BaseException as error:  # noqa: BLE001 (looked at by the test)
            ended.append(error)

    threads = [threading.Thread(target=run, args=(found,), daemon=True) for found in runners]
    busy = real_cluster.contention()
    try:
        for thread in threads:
            thread.start()
        if before is not None:
            before()
            with admin(address) as client:
                client.delete_topics([topics.telemetry(SPORT)])
        began_s = time.monotonic()
        for thread in threads:
            thread.join(90)
        took_s = time.monotonic() - began_s
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert len(ended) == len(runners), "an operator hangs"
    assert took_s < within_s(END_S, max(busy, real_cluster.contention()))
    return ended, took_s
