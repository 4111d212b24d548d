"""Faults while games are live: a reader of committed records loses nothing and gets nothing twice, and new values are
back within seconds. Real processes, a real broker, real signals."""

from __future__ import annotations

import re
import signal
import time

import pytest

from streaming.kafka.broker import admin
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import resume_joining
from streaming.runners.kafka.consumer_group import SESSION_TIMEOUT_MS, join, membership
from streaming.runners.kafka.runner import GROUP
from streaming.runners.kafka.transactions import TIMEOUT_S
from streaming.wire import topics
from streaming.wire.messages import decode_letter
from tests import real_cluster
from tests.faults import live
from tests.faults.live import SPORT, Feed, Sent, Viewer, names, send_at_once, verdict
from tests.waiting import within_s

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

#: how long numbers may stand still after a process has died, on a machine of its own
BACK_S = 10.0
#: the group expels a silent member, and the broker rolls its transactions back, well before
STOPPED_S = 2.0 + SESSION_TIMEOUT_MS / 1000 + TIMEOUT_S


def operator(address: Address, *, forked: bool = True) -> real_cluster.Program:
    return real_cluster.start_operator(address, SPORT, forked=forked)


def assert_nothing_lost(what: str, address: Address, sent: list[Sent], viewer: Viewer) -> None:
    live.assert_nothing_lost(what, address, "touchline", sent, viewer)


def test_killed_operator_started_again_loses_no_final(address):
    games = names("restarted")
    with operator(address) as one, Feed(address, games) as feed, Viewer(address) as viewer:
        viewer.sees(games)
        feed.played(6.0)
        busy = real_cluster.contention()
        one.kill()
        began = time.monotonic()
        with operator(address, forked=False):  # one that is started again loads everything
            starting_s = time.monotonic() - began
            viewer.sees(games)
            busy = max(busy, real_cluster.contention())
            sent = feed.finish()
            assert_nothing_lost(f"killed and started again ({starting_s:.1f} s of starting)", address, sent, viewer)
    # A group expels a member after six seconds of silence; a new member waits until then.
    assert viewer.gap_s <= within_s(BACK_S, busy) + starting_s


def test_second_operator_takes_over_when_the_first_is_killed(address):
    games = names("taken-over")
    with operator(address) as one, Feed(address, games) as feed, Viewer(address) as viewer:
        viewer.sees(games)
        with operator(address) as two:
            real_cluster.until(lambda: len(runners(address)) == 2, "both of them at work")
            viewer.sees(games)
            joined_s = viewer.gap_s
            busy = real_cluster.contention()
            one.kill()
            viewer.sees(games)
            busy = max(busy, real_cluster.contention())
            sent = feed.finish()
            assert_nothing_lost(f"a second joined ({joined_s:.1f} s) and the first was killed", address, sent, viewer)
            assert two.stop()[0] == 0
    assert joined_s <= within_s(BACK_S / 2, busy)
    assert viewer.gap_s <= within_s(BACK_S, busy)


def runners(address: Address) -> set[str]:
    """The operators that have published their health in the last two seconds."""
    from streaming.operator.health import decode_health

    since_us = time.time_ns() // 1000 - 2_000_000
    found = [decode_health(r.value) for r in real_cluster.records(address, topics.health(SPORT))]
    return {health.runner for health in found if health.reported_us > since_us}


def test_paused_operator_that_returns_publishes_nothing_twice(address):
    """Stopped in the middle of its work until the other has its games, and longer than the group waits for a member and the broker
    for a transaction. What it had begun and what it still holds must not come out a second time, nor when it has games again."""
    games = names("zombie")
    with operator(address) as one, Feed(address, games) as feed, Viewer(address) as viewer:
        viewer.sees(games)
        with operator(address) as two:
            real_cluster.until(lambda: len(runners(address)) == 2, "both of them at work")
            busy = real_cluster.contention()
            one.send(signal.SIGSTOP)
            stopped = time.monotonic()
            viewer.sees(games)
            busy = max(busy, real_cluster.contention())
            time.sleep(max(0.0, stopped + STOPPED_S - time.monotonic()))
            one.send(signal.SIGCONT)
            real_cluster.until(lambda: len(runners(address)) == 2, "it has games again")
            viewer.sees(games)
            sent = feed.finish(after_s=6.0)
            assert_nothing_lost(f"stopped for {STOPPED_S:g} s or more", address, sent, viewer)
            assert one.stop()[0] == 0
            assert two.stop()[0] == 0
    assert viewer.gap_s <= within_s(BACK_S, busy)


def test_broker_killed_and_restarted_on_its_data_loses_no_final(own_broker):
    address = real_cluster.address_of(own_broker)
    real_cluster.recreate_topics(address, SPORT)
    games = names("broker")
    with operator(address) as one, Feed(address, games) as feed, Viewer(address) as viewer:
        viewer.sees(games)
        feed.played(6.0)
        busy = real_cluster.contention()
        assert own_broker.kill("broker")
        down = time.monotonic()
        own_broker.start("broker")
        away_s = time.monotonic() - down
        viewer.sees(games)
        busy = max(busy, real_cluster.contention())
        sent = feed.finish()
        assert_nothing_lost(f"broker away for {away_s:.1f} s", address, sent, viewer)
        assert one.stop()[0] == 0
    assert viewer.gap_s <= within_s(BACK_S, busy) + away_s


def test_poison_at_the_head_of_every_partition_is_a_dead_letter(address):
    """The first record of every partition is unusable: it becomes a dead letter, and the games behind it are played."""
    games = names("poisoned")
    poison = [b"\x00" * 2_000_000, b"TL\x01\x00" + b"\xff" * 60, b'{"kind":' + b"[" * 100_000, b""]
    real_cluster.produce(address, SPORT, [(game, value) for game in games for value in poison])
    with operator(address) as one:
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") == 0, "the poison is used")
        one.kill()
    with operator(address) as two, Feed(address, games) as feed, Viewer(address) as viewer:
        viewer.sees(games)
        sent = feed.finish()
        heads = [Sent(partition, n, games[partition], value) for partition in range(4) for n, value in enumerate(poison)]
        assert_nothing_lost("poison first", address, [*heads, *sent], viewer)
        assert two.stop()[0] == 0
    letters = [decode_letter(r.value) for r in real_cluster.records(address, topics.dead(topics.telemetry(SPORT)))]
    # a letter has the beginning of a long record, and how long it was
    cut = [letter for letter in letters if letter.cut_from_bytes == len(poison[0])]
    assert {letter.game for letter in cut} == set(games)
    assert all(poison[0].startswith(letter.payload) for letter in cut)


def test_input_deleted_under_an_operator_ends_it_and_names_the_lost_offsets(address):
    """One sentence with the lost offsets, exit code 2; and these are exactly the records that were never used."""
    games = [name for i in range(7) for name in names(f"deleted-{i}")]
    sent = send_at_once(address, games, 30.0)
    with operator(address) as program:
        # a commit comes after a tenth of a second, also where a game has only begun by then
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") < 0.8 * len(sent), "some of it is used")
        program.send(signal.SIGSTOP)  # on a quick machine it would use all of it before the topic is gone
        with admin(address) as client:
            client.delete_topics([topics.telemetry(SPORT)])
        program.send(signal.SIGCONT)
        code, output = program.wait()
    print("\n" + output)
    assert code == 2
    (sentence,) = [line for line in output.splitlines() if line.startswith("touchline: topic ")]
    assert f"topic {topics.telemetry(SPORT)} was deleted" in sentence
    spans = {int(p): (int(a), int(b)) for p, a, b in re.findall(r"partition (\d+): offsets (\d+) to (\d+)", sentence)}
    assert spans
    used = [one for one in sent if one.partition not in spans or one.offset < spans[one.partition][0]]
    assert len(used) < len(sent)
    found = verdict(address, used)
    assert found.good, found
    ends = {p: max(s.offset for s in sent if s.partition == p) for p in spans}
    assert {p: b for p, (_, b) in spans.items()} == ends


def test_consumer_that_lost_its_membership_commits_no_offsets(address):
    """The broker accepts offsets without a membership even while the group has members; so an operator without one must not send
    any."""
    from kafka import KafkaProducer
    from kafka.errors import CommitFailedError
    from kafka.structs import ConsumerGroupMetadata, OffsetAndMetadata, TopicPartition

    given: set[int] = set()
    consumer = join(address, topics.telemetry(SPORT), GROUP, given.update, lambda numbers, lost: None)
    try:

        def joined() -> bool:
            resume_joining(consumer)
            consumer.poll(timeout_ms=100)
            return len(given) == real_cluster.PARTITIONS

        real_cluster.until(joined, "it is a member")
        assert membership(consumer).member_id

        producer = KafkaProducer(**address.python(), transactional_id="no-member")
        producer.init_transactions()
        producer.begin_transaction()
        no_member = ConsumerGroupMetadata(GROUP)
        producer.send_offsets_to_transaction({TopicPartition(topics.telemetry(SPORT), 0): OffsetAndMetadata(0)}, no_member)
        producer.commit_transaction()  # this is what the broker should have refused
        producer.close(timeout=5)

        consumer._coordinator.reset_generation()  # what the client's heartbeat does when the group has expelled the member
        with pytest.raises(CommitFailedError):
            membership(consumer)
    finally:
        consumer.close()
