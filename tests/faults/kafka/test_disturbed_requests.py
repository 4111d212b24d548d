"""Requests of a transaction and their answers that are held, lost or doubled on their way, in games that are on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests import real_cluster
from tests.faults.kafka.games import Feed, assert_exactly_once, commits_go_on, operator, restarted, through, two_games
from tests.faults.kafka.proxy import Do, Exchange, WireProxy, always, delay, hold
from tests.faults.kafka.test_late_requests import REQUESTS

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

#: by name: what is done, and whether to the answer
FAULTS: dict[str, tuple[Callable[[Exchange], Do], bool]] = {
    "sent twice": (always(Do.TWICE), False),
    "delayed": (delay(0.5), False),
    "answer delayed": (delay(0.5), True),
    "connection cut before": (always(Do.CUT), False),
    "connection cut after": (always(Do.CUT), True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_disturbed_requests_change_nothing(address, proxy, fault):
    """Each kind of request in turn, with the renewal of an epoch after a commit whose answer was lost."""
    does, answers = FAULTS[fault]
    with Feed(address, two_games("disturbed")) as feed, operator(through(proxy)) as runner:
        commits_go_on(runner, 5)
        for api in REQUESTS:
            disturb(proxy, api, does, answers)
            commits_go_on(runner)
        lost = proxy.rule("EndTxn", always(Do.CUT), answers=True)
        disturb(proxy, "InitProducerId", does, answers)
        assert lost.applied
        commits_go_on(runner)
        proxy.cut_all()
        commits_go_on(runner)
        feed.finish()
        assert_exactly_once(fault, address, feed, runner)
    assert not runner.recovered


def test_commits_without_an_answer_end_and_change_nothing(address, proxy):
    """The answer never comes, or the request arrives when the operator has given up: it starts again from the last commit."""
    with Feed(address, two_games("silent")) as feed, operator(through(proxy)) as runner:
        commits_go_on(runner, 5)
        disturb(proxy, "EndTxn", always(Do.DROP), True)
        restarted(runner, 1)
        commits_go_on(runner)
        gate = threading.Event()
        disturb(proxy, "EndTxn", hold(gate), False, wait=False)
        restarted(runner, 2)
        gate.set()
        commits_go_on(runner)
        feed.finish()
        assert_exactly_once("no answer to a commit", address, feed, runner)
    assert runner.recovered == 2


def disturb(proxy: WireProxy, api: str, does: Callable[[Exchange], Do], answers: bool, wait: bool = True) -> None:
    """The next request of the kind, or its answer."""
    rule = proxy.rule(api, does, answers=answers)
    if wait:
        real_cluster.until(rule.happened.is_set, f"a request {api}")
