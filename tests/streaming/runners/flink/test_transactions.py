"""Which transactions of a group are open, left over or lost, by what the broker lists."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from streaming.errors import Unavailable
from streaming.kafka.settings import parse
from streaming.runners.flink import transactions
from streaming.runners.flink.job import CHECKPOINT_TIMEOUT_S, LONGEST_TRANSACTION_S, Plan

ADDRESS = parse("kafka://127.0.0.1:9", environment={})


class Value(NamedTuple):
    value: str


class Partition(NamedTuple):
    topic: str


class Row(NamedTuple):
    transactional_id: str
    state: Value


class Described(NamedTuple):
    state: Value
    transaction_start_time_ms: int
    transaction_timeout_ms: int
    topic_partitions: set[Partition]


class FakeAdmin:
    """Transactions by id: a state, and a topic that is written."""

    def __init__(self, **found: tuple[str, str]) -> None:
        self.found = {name.replace("_", "-"): value for name, value in found.items()}

    def list_transactions(self, state_filters: Any) -> dict[int, list[Row]]:
        return {1: [Row(name, Value(state)) for name, (state, _) in self.found.items() if state in state_filters]}

    def describe_transactions(self, names: list[str]) -> dict[str, Described]:
        return {name: Described(Value(self.found[name][0]), 0, 181_000, {Partition(self.found[name][1])}) for name in names}


BROKER = FakeAdmin(
    g_soccer_1a_0_11=("CompleteCommit", "stats.soccer"),
    g_soccer_1a_0_12=("Ongoing", "stats.soccer"),
    g_soccer_1a_1_13=("Ongoing", "health.soccer"),
    g_soccer_1a_0_14=("Ongoing", "else.stats.soccer"),
    g_soccer_1a_0_9=("CompleteAbort", "stats.soccer"),
    g_soccer_1a_1_20=("CompleteAbort", "stats.soccer"),
    g_nfl_1a_0_13=("Ongoing", "stats.nfl"),
    g2_soccer_1a_0_13=("Ongoing", "stats.soccer"),
    g_soccer=("Ongoing", "stats.soccer"),
)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that were ended."""
    found: list[str] = []

    @contextmanager
    def admin(_: object) -> Any:
        yield BROKER

    monkeypatch.setattr(transactions, "admin", admin)
    monkeypatch.setattr(transactions, "abort", lambda _, ids: found.extend(ids))
    return found


def test_open_transactions_are_those_of_the_group_on_its_own_topics(ended):
    found = transactions.open_transactions(ADDRESS, "g", "soccer")
    assert sorted((one.transactional_id, one.checkpoint, one.timeout_s) for one in found) == [
        ("g-soccer-1a-0-12", 12, 181.0),
        ("g-soccer-1a-1-13", 13, 181.0),
    ]


@pytest.mark.parametrize(
    ("checkpoint", "gone"),
    [
        (12, ["g-soccer-1a-1-13", "g-soccer-1a-1-20"]),
        (13, ["g-soccer-1a-1-20"]),
        (20, []),
        (-1, ["g-soccer-1a-0-12", "g-soccer-1a-0-9", "g-soccer-1a-1-13", "g-soccer-1a-1-20"]),
    ],
)
def test_what_a_checkpoint_names_is_left_to_be_committed(ended, checkpoint, gone):
    words = transactions.abort_behind(ADDRESS, "g", "soccer", checkpoint)
    assert sorted(ended) == gone
    opened = [ident for ident in gone if ident in ("g-soccer-1a-0-12", "g-soccer-1a-1-13")]
    assert words.startswith(f"aborted {len(opened)} transaction") if opened else words == ""


def test_what_cannot_be_aborted_is_reported_and_the_job_begins(monkeypatch):
    @contextmanager
    def admin(_: object) -> Any:
        raise Unavailable("the broker does not allow this login to do that")
        yield

    monkeypatch.setattr(transactions, "admin", admin)
    assert "could not be aborted, readers may wait for them: the broker does not allow" in transactions.abort_behind(
        ADDRESS, "g", "soccer", 3
    )


@pytest.mark.parametrize(("checkpoint", "lost"), [(8, 0), (9, 1), (19, 1), (20, 2)])
def test_lost_is_what_was_aborted_up_to_the_newest_checkpoint(ended, checkpoint, lost):
    assert transactions.lost_commits(ADDRESS, "g", "soccer", checkpoint) == lost
    look = transactions.lost_of_job(ADDRESS)
    assert look("touchline soccer (g)", checkpoint) == lost
    assert look("a job of others", checkpoint) is None


def plan(**more: Any) -> Plan:
    return Plan(address=ADDRESS, sport="soccer", rest=("127.0.0.1", 9), **more)


def test_transaction_outlives_two_checkpoints_and_a_restart_and_no_more():
    """A dead cluster holds up readers of committed records for three minutes, where it once was fifteen."""
    assert plan().transaction_timeout_ms == 181_000
    assert plan(checkpoint_ms=60_000).transaction_timeout_ms == 240_000
    assert plan(transaction_s=70).transaction_timeout_ms == 70_000
    assert plan().transaction_timeout_ms > 2_000 * CHECKPOINT_TIMEOUT_S
    assert plan(checkpoint_ms=10_000_000).transaction_timeout_ms == 1000 * LONGEST_TRANSACTION_S


def test_jobs_are_named_by_sport_and_group():
    assert plan().title == "touchline soccer (touchline-flink)"
    assert plan(group="late").title != plan().title
