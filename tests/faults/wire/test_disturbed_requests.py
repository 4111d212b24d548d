"""Requests of a transaction and their answers that are held, lost or doubled on their way, in games that are on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from streaming.runners.kafka import transactions
from tests import real_cluster
from tests.faults.wire.games import Feed, assert_exactly_once, commits_go_on, operator, through, two_games
from tests.faults.wire.proxy import Do, Exchange, WireProxy, always, delay
from tests.faults.wire.test_late_requests import REQUESTS

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

#: by name: what is done, and whether to the answer
FAULTS: dict[str, tuple[Callable[[Exchange], Do], bool]] = {
    "sent twice": (always(Do.TWICE), False),
    "delayed": (delay(0.5), False),
    "answer delayed": (delay(0.5), True),
    "connection cut before": (always(Do.CUT), False),
    "connection cut after": (always(Do.CUT), True),
}


def disturb(proxy: WireProxy, api: str, does: Callable[[Exchange], Do], answers: bool, times: int = 1) -> None:
    """The next request of the kind, or its answer."""
    rule = proxy.rule(api, does, answers=answers, times=times)
    real_cluster.until(rule.happened.is_set, f"a request {api}", 60.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_disturbed_requests_change_nothing(address, proxy, fault):
    does, answers = FAULTS[fault]
    with Feed(address, two_games("disturbed")) as feed, operator(through(proxy)) as runner:
        commits_go_on(runner, 5)
        for api in REQUESTS:
            disturb(proxy, api, does, answers)
            commits_go_on(runner)
        proxy.clear()
        feed.finish()
        assert_exactly_once(fault, address, feed, runner)
    assert not runner.recovered
