"""A broker that accepts connections and answers nothing: every wait for it ends, with a sentence where somebody reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.errors import KafkaError, KafkaTimeoutError

from streaming.errors import Unavailable
from streaming.kafka import offsets, tail
from streaming.kafka.broker import TopicGuard
from streaming.kafka.dead_letters import DeadLetterReader
from streaming.kafka.lag import LagWatch
from streaming.kafka.settings import Address
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.web.hub import Hub
from streaming.wire import topics
from tests import real_cluster
from tests.faults.kafka.games import SPORT, Feed, assert_exactly_once, commits_go_on, operator, through, two_games
from tests.faults.kafka.proxy import WireProxy

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
INPUT = topics.telemetry(SPORT)


@pytest.fixture
def answer_ms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offsets, "ANSWER_MS", 1_000)


def test_names_of_topics_are_waited_for_as_long_as_offsets(address, proxy, answer_ms):
    """The client's own look-up of them waits without an end."""
    consumer = KafkaConsumer(**through(proxy).python(), enable_auto_commit=False)
    try:
        assert list(offsets.partitions_of(consumer, [INPUT, "absent"])) == [INPUT]
        proxy.silent = True
        with pytest.raises(KafkaTimeoutError):
            offsets.partitions_of(consumer, [INPUT])
        proxy.silent = False
        proxy.cut_all()
        real_cluster.until(lambda: _answered(consumer), "it answers again")
    finally:
        consumer.close(timeout_ms=1_000)


def _answered(consumer: Any) -> bool:
    try:
        return len(offsets.partitions_of(consumer, [INPUT])[INPUT]) == 2
    except KafkaError:  # its connection was cut just now
        return False


def test_gateway_reports_a_silent_broker_and_that_it_is_back(address, proxy, answer_ms):
    with KafkaSubscriber(through(proxy), [SPORT], Hub()) as reader:
        real_cluster.until(lambda: reader.caught_up, "it reads")
        proxy.silent = True
        real_cluster.until(lambda: reader.trouble, "it reports it")
        assert f"reading from {through(proxy).text} failed" in reader.trouble
        proxy.silent = False
        proxy.cut_all()
        real_cluster.until(lambda: not reader.trouble, "it reads again")


def _dead_letters(address: Address) -> None:
    with DeadLetterReader(address, SPORT):
        pass


@pytest.mark.parametrize(
    "work",
    [
        lambda address: TopicGuard(address, INPUT),
        lambda address: LagWatch(address, [SPORT]).look(),
        lambda address: next(tail.follow(address, INPUT, threading.Event())),
        lambda address: KafkaSubscriber(address, [SPORT], Hub()).start(),
        _dead_letters,
    ],
    ids=["guard", "lag", "file", "gateway", "dead letters"],
)
def test_silent_broker_is_one_sentence(address, proxy, work: Callable[[Address], object], monkeypatch):
    monkeypatch.setattr(Address, "python", _hasty(Address.python))
    proxy.silent = True
    with pytest.raises(Unavailable, match=f"no broker answers as expected at {through(proxy).text}"):
        work(through(proxy))


def _hasty(plain: Callable[[Address], dict[str, Any]]) -> Callable[[Address], dict[str, Any]]:
    return lambda self: plain(self) | {"bootstrap_timeout_ms": 1_000}


def test_operator_goes_on_when_a_silent_broker_is_back(address, proxy: WireProxy):
    """Its transactions are rolled back meanwhile; it starts again from its last commit."""
    with Feed(address, two_games("silent")) as feed, operator(through(proxy)) as runner:
        commits_go_on(runner, 5)
        proxy.silent = True
        real_cluster.until(lambda: runner.recovered or runner._broken, "it notices")
        proxy.silent = False
        proxy.cut_all()
        commits_go_on(runner)
        feed.finish()
        assert_exactly_once("a silent broker", address, feed, runner)
