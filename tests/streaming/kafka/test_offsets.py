"""A request for the offsets of a revoked partition, or of a deleted topic, neither ends a thread nor waits for ever; a thread that
fails ends the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.errors import IllegalStateError, KafkaTimeoutError
from kafka.structs import TopicPartition

from streaming.errors import InputLost, TouchlineError
from streaming.kafka import offsets
from streaming.kafka.broker import TopicGuard, admin
from streaming.kafka.workarounds import resume_joining
from streaming.runners.kafka import runner
from streaming.runners.kafka.consumer_group import join
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.runner import KafkaRunner
from streaming.wire import topics
from streaming.wire.feed import GameStart, encode_feed
from tests import real_cluster
from tests.streaming.kafka.conftest import OwnSport
from tests.streaming.toy import TOY, final_only, game, track

HERE = TopicPartition("telemetry.toy", 0)
GAME = "toy-1"


class Scripted:
    """A consumer that gives one answer to every request, and stores the timeouts of the requests."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.limits = answer, list[Any]()

    def __getattr__(self, name: str) -> Any:
        def ask(*_: Any, timeout_ms: int | None = None, **__: Any) -> Any:
            self.limits.append(timeout_ms)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return ask


@pytest.mark.parametrize("gone", [IllegalStateError("Partition is not assigned"), KeyError(HERE)])
def test_revoked_partition_has_no_end_and_no_position(gone):
    consumer = Scripted(gone)
    assert offsets.end_seen(consumer, HERE) == 0
    assert offsets.position(consumer, HERE) is None
    assert offsets.short_of(consumer, {HERE: 3}) == {HERE: 3}, "what was not read is not read"


def test_known_offsets_are_returned():
    assert offsets.end_seen(Scripted(7), HERE) == 7
    assert offsets.end_seen(Scripted(None), HERE) == 0
    assert offsets.position(Scripted(0), HERE) == 0
    assert offsets.short_of(Scripted(3), {HERE: 3}) == {}
    assert offsets.short_of(Scripted(2), {HERE: 3}) == {HERE: 3}


def test_every_request_to_the_broker_has_a_timeout():
    consumer = Scripted(KafkaTimeoutError("no answer"))
    for ask in (
        lambda: offsets.first_offsets(consumer, [HERE]),
        lambda: offsets.end_offsets(consumer, [HERE]),
        lambda: offsets.offsets_at(consumer, {HERE: 1}),
        lambda: offsets.committed(consumer, HERE),
        lambda: offsets.position(consumer, HERE),
    ):
        with pytest.raises(KafkaTimeoutError):
            ask()
    assert consumer.limits == [offsets.ANSWER_MS] * 5
    assert offsets.end_offsets(consumer, []) == offsets.first_offsets(consumer, []) == offsets.offsets_at(consumer, {}) == {}


# -- a real broker -----------------------------------------------------------------------------------------------------------


@pytest.mark.cluster
def test_client_raises_for_a_foreign_partition_and_does_not_hang_on_a_deleted_topic(own_sport, monkeypatch):
    """The behaviour of the client that the module is written for."""
    monkeypatch.setattr(offsets, "ANSWER_MS", 1_000)
    own_sport.make(1)
    here = TopicPartition(topics.telemetry(own_sport.name), 0)
    consumer = KafkaConsumer(**own_sport.address.python(), enable_auto_commit=False)
    try:
        with pytest.raises(IllegalStateError):
            consumer.highwater(here)
        assert offsets.end_seen(consumer, here) == 0
        assert offsets.position(consumer, here) is None
        with admin(own_sport.address) as client:
            client.delete_topics([here.topic])
            real_cluster.until(lambda: here.topic not in client.list_topics(), "it is deleted")
        began_s = time.monotonic()
        with pytest.raises(KafkaTimeoutError):
            offsets.end_offsets(consumer, [here])
        consumer.assign([here])
        assert offsets.position(consumer, here) is None
        assert time.monotonic() - began_s < 30
    finally:
        consumer.close()


def _run(own_sport: OwnSport, member: KafkaRunner) -> tuple[threading.Thread, list[BaseException], threading.Event]:
    """The member at work in a thread; the list gets the error that ended it."""
    ended, stop = list[BaseException](), threading.Event()

    def run() -> None:
        try:
            member.run(stop)
        except BaseException as error:  # noqa: BLE001 (looked at by the test)
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, ended, stop


@pytest.fixture
def member(own_sport: OwnSport, monkeypatch: pytest.MonkeyPatch) -> KafkaRunner:
    """A runner that checks its topic all the time, with the beginning of a game on the topic."""
    monkeypatch.setattr(runner, "WATCH_S", 0.05)
    own_sport.name = TOY.name
    real_cluster.recreate_topics(own_sport.address, own_sport.name, 2)
    for record in (GameStart(record=game()), track(3.0)):
        own_sport.put(topics.telemetry(own_sport.name), GAME, encode_feed(record))
    return KafkaRunner(own_sport.address, own_sport.name, final_only, group="offsets")


@pytest.mark.cluster
def test_input_deleted_during_a_revocation_ends_the_run(own_sport, member, monkeypatch):
    """Each request for the end of a partition finds it revoked: the run ends with the lost offsets all the same."""
    requested = threading.Event()

    def taken_away(self: KafkaConsumer, partition: TopicPartition) -> int:
        requested.set()
        raise IllegalStateError("Partition is not assigned")

    monkeypatch.setattr(KafkaConsumer, "highwater", taken_away)
    thread, ended, stop = _run(own_sport, member)
    try:
        real_cluster.until(lambda: requested.is_set() and member.commits, "it is at work and watched")
        with admin(own_sport.address) as client:
            client.delete_topics([topics.telemetry(own_sport.name)])
        thread.join(60)
        assert not thread.is_alive(), "it hangs"
    finally:
        stop.set()
        thread.join(60)
    (error,) = ended
    assert isinstance(error, InputLost)
    assert f"topic {topics.telemetry(own_sport.name)} was deleted" in str(error)


@pytest.mark.cluster
def test_failed_topic_guard_thread_ends_the_run(own_sport, member, monkeypatch):
    thread, ended, stop = _run(own_sport, member)
    try:
        real_cluster.until(lambda: member.commits, "it is at work")
        monkeypatch.setattr(TopicGuard, "check", lambda self, unread=None: {}["absent"])
        thread.join(60)
        assert not thread.is_alive(), "it hangs"
    finally:
        stop.set()
        thread.join(60)
    (error,) = ended
    assert isinstance(error, TouchlineError)
    assert "the thread 'watch over telemetry.toy' failed (KeyError)" in str(error)


@pytest.mark.cluster
def test_error_during_a_rebalance_ends_the_run(own_sport, member, monkeypatch):
    """The consumer only logs an error of the callback; the process would go on to publish games that another one owns."""
    due = Partition.due

    def due_but_at_a_revocation(part: Partition, now_s: float, every_s: float, most: int) -> Iterator[tuple[str, bytes]]:
        if not every_s:  # all state is stored: before partitions move
            raise KeyError("absent")
        yield from due(part, now_s, every_s, most)

    thread, ended, stop = _run(own_sport, member)
    other = None
    try:
        real_cluster.until(lambda: member.commits, "it is at work")
        member.commit_s = 3600.0  # what arrives from now on is stored when partitions move
        taken = sum(part.offset for part in member.parts.values())
        own_sport.put(topics.telemetry(own_sport.name), GAME, encode_feed(track(1.0, start_s=3.0)))
        real_cluster.until(lambda: sum(part.offset for part in member.parts.values()) > taken, "the packet is taken")
        monkeypatch.setattr(Partition, "due", due_but_at_a_revocation)
        other = join(own_sport.address, topics.telemetry(own_sport.name), member.group, lambda _: None, lambda *_: None)

        def over() -> bool:
            resume_joining(other)
            other.poll(timeout_ms=100)
            return not thread.is_alive()

        real_cluster.until(over, "the run has ended")
    finally:
        stop.set()
        thread.join(60)
        if other is not None:
            other.close()
    assert not member.parts
    (error,) = ended
    assert isinstance(error, KeyError)
