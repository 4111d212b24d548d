"""An operator that is slow and behind: it takes longer for the records of one poll than a transaction may be open."""

from __future__ import annotations

import time
from typing import Any

import pytest

from streaming.operator.game import GameOperator
from streaming.runners.kafka.transactions import TIMEOUT_S
from streaming.wire.records import GameRecord
from tests import real_cluster
from tests.faults.kafka.games import Feed, assert_exactly_once, operator, two_games
from tests.streaming.toy import final_only

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
#: of a record, on top of the work; a poll has up to 400
SLOW_S = 0.02


def slow(record: GameRecord) -> GameOperator:
    """An operator as on a machine with a small share of a core."""
    made: Any = final_only(record)
    take = made.on_record

    def on_record(*arguments: Any, **named: Any) -> Any:
        time.sleep(SLOW_S)
        return take(*arguments, **named)

    made.on_record = on_record
    return made  # type: ignore[no-any-return]


def test_slow_operator_that_is_behind_catches_up_without_a_restart(address):
    feed = Feed(address, two_games("slow"))
    feed.at_once(180)
    with operator(address, make=slow) as runner:
        real_cluster.until(lambda: runner.metrics.records_behind, "it is behind, and its figures show it")
        began_s = time.monotonic()
        feed.finish()
        assert_exactly_once("slow and behind", address, feed, runner)
        assert time.monotonic() - began_s > TIMEOUT_S, "it was not slow"
        real_cluster.until(lambda: not runner.metrics.records_behind, "its figures show that it is not behind any more")
    assert runner.recovered == runner.metrics.restarts == runner.metrics.failed_commits == 0
    assert runner.metrics.commits > 2 * TIMEOUT_S
