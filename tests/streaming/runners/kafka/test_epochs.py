"""An epoch of a producer with a request that got no answer begins no other transaction. (``tests/faults/kafka`` shows on a real
broker what would come of it.)"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from kafka.errors import CommitFailedError, IllegalGenerationError, KafkaTimeoutError
from kafka.structs import ConsumerGroupMetadata

from streaming.runners.kafka import transactions
from streaming.runners.kafka.metrics import RunnerMetrics
from streaming.runners.kafka.transactions import Message, Transactions


class Producer:
    """Writes what it is called for into ``calls``; the ``unclear`` next renewals leave its epoch unclear."""

    def __init__(self, calls: list[str]) -> None:
        self.calls, self.left = calls, 0

    @property
    def unclear(self) -> bool:
        return self.left > 0

    def renew_epoch(self) -> None:
        self.left -= 1
        self.calls.append("renew")

    def send(self, topic: str, value: bytes, **_: Any) -> None:
        self.calls.append(f"send {topic}")

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: self.calls.append(name)


class Effects:
    """Work is done at once; the time goes on by a second with each look at it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.producers: list[Producer] = []
        self.now_s = 0.0

    def monotonic_s(self) -> float:
        self.now_s += 1.0
        return self.now_s

    def signal(self) -> threading.Event:
        return threading.Event()

    def spawn(self, work: Callable[[], object], *_: Any) -> None:
        work()

    def producer(self, _: str) -> Producer:
        self.producers.append(Producer(self.calls))
        return self.producers[-1]


@pytest.fixture
def effects() -> Effects:
    return Effects()


def committed(effects: Effects, unclear: int) -> list[str]:
    """The calls for one transaction."""
    metrics = RunnerMetrics()
    out: Any = Transactions(effects, "name", lambda: None, metrics)  # type: ignore[arg-type]
    effects.producers[0].left = unclear
    out.send("stats", b"", b"")
    out.commit({}, [Message("states", b"", b"", 0)])
    out.settle()
    assert metrics.renewed_epochs == unclear
    return effects.calls


PLAIN = [
    "begin_transaction", "add_partitions", "send stats", "flush", "send states", "flush", "send_offsets_to_transaction",
    "commit_transaction",
]  # fmt: skip


def test_states_follow_the_outputs_and_a_clear_epoch_is_kept(effects):
    assert committed(effects, 0) == PLAIN


@pytest.mark.parametrize("times", [1, 2])
def test_unclear_epoch_is_renewed_before_anything_else_until_it_is_clear(effects, times):
    assert committed(effects, times) == [*PLAIN, *["renew"] * times]


def test_broker_that_gives_no_clear_epoch_fails_the_commit(effects):
    began_s = time.monotonic()
    with pytest.raises(KafkaTimeoutError, match="the broker gave no new epoch"):
        committed(effects, 1_000_000)
    assert effects.calls.count("renew") < 2 * transactions.TIMEOUT_S
    assert time.monotonic() - began_s < 5


def offsets_sent(effects: Effects, refusals: int, members: list[Any]) -> list[Any]:
    """The memberships that the offsets of a transaction were sent with: the first ``refusals`` times the group had moved on.
    ``members`` are what the process knows of its membership, look by look."""
    sent = []
    out: Any = Transactions(effects, "name", lambda: members.pop(0) if len(members) > 1 else members[0])  # type: ignore[arg-type]

    def send(_: Any, member: Any) -> None:
        sent.append(member)
        if len(sent) <= refusals:
            raise IllegalGenerationError

    effects.producers[0].send_offsets_to_transaction = send  # type: ignore[method-assign, assignment]
    out.commit({})
    out.settle()
    return sent


def member(generation: int, name: str = "a") -> ConsumerGroupMetadata:
    return ConsumerGroupMetadata("group", generation, name, None)


def test_offsets_are_sent_again_with_the_generation_that_the_group_has_moved_on_to(effects):
    known = [member(3), member(3), member(4)]
    assert offsets_sent(effects, 1, list(known)) == [member(3), member(4)]
    assert effects.calls[-1] == "commit_transaction"


@pytest.mark.parametrize("known", [[member(3), member(4, "b")], [member(3)]], ids=["expelled and back", "no newer generation"])
def test_offsets_of_a_lost_membership_fail_the_commit(effects, known):
    with pytest.raises((CommitFailedError, IllegalGenerationError)):
        offsets_sent(effects, 1_000, known)
    assert "commit_transaction" not in effects.calls
