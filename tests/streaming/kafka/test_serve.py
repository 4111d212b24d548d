"""From the topics to the hub: the very bytes that were written, whatever else lies there, from a little in the past, and after
the broker was gone; and ``touchline serve`` as a program."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest
from kafka import KafkaConsumer

from streaming.cli.app import run
from streaming.kafka import subscriber
from streaming.kafka.lag import LagWatch
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.operator.health import Health, encode_health
from streaming.web.filters import Filter
from streaming.web.hub import Hub
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, StatBlock
from streaming.wire.messages import messages
from streaming.wire.records import encode
from tests.streaming.kafka.conftest import OwnSport
from tests.streaming.toy import track
from tests.streaming.web.scripted import ScriptedMatch
from tests.waiting import TIMEOUT_S
from tests.waiting import until as patiently

NOBODY = "kafka://127.0.0.1:1"
EVERYTHING = Filter.of(["#"])


@contextmanager
def reading(own_sport: OwnSport, hub: Hub, **how: Any) -> Iterator[KafkaSubscriber]:
    with KafkaSubscriber(own_sport.address, [own_sport.name], hub, **how) as found:
        yield found


def until(hub: Hub, truth: Callable[[], object], seconds: float = TIMEOUT_S) -> None:
    """Empty the hub, as its event loop would, until something is true."""
    end = time.monotonic() + seconds
    hub.drain()
    while not truth():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
        hub.drain()


def play(own_sport: OwnSport, match: ScriptedMatch, steps: int, **more: Any) -> list[bytes]:
    """Publish so many windows as an operator does; the updates, each as the codec writes it."""
    written = []
    for _ in range(steps):
        outputs, events = match.step()
        at = time.time_ns() // 1000
        written += [encode(u) for block in outputs if isinstance(block, StatBlock) for u in block.updates(at)]
        for message in messages(own_sport.name, match.record.game, [*outputs, *events], at):
            own_sport.put(message.topic, message.game, message.value, **more)
    return written


def announced(own_sport: OwnSport, game: str, t0_us: int = 1_700_000_000_000_000) -> ScriptedMatch:
    match = ScriptedMatch(game, t0_us, shot_every=6)
    match.record = msgspec.structs.replace(match.record, sport=own_sport.name)
    own_sport.put(topics.games(own_sport.name), game, encode(match.record))
    return match


def values(hub: Hub, game: str) -> list[bytes]:
    channel = hub.games.get(game)
    return [] if channel is None else [i.raw for e in channel.ring for p in e.blocks for i in p.items() if not i.event]


@pytest.mark.cluster
def test_subscriber_gets_every_byte_events_health_and_dead_letters(own_sport):
    own_sport.make()
    match, hub = announced(own_sport, "a"), Hub()
    written = play(own_sport, match, 3)
    with reading(own_sport, hub) as found:
        hub.drain()
        assert "a" in hub.games, "the game is there as soon as the subscriber has started"
        until(hub, lambda: len(values(hub, "a")) >= len(written))
        until(hub, lambda: found.caught_up)
        live = play(own_sport, match, 6)
        until(hub, lambda: len(values(hub, "a")) >= len(written) + len(live))
        assert values(hub, "a") == written + live, "each once, in order, to the byte"
        assert found.delay.count == 6
        assert 0 < found.delay.max_us < 5e6
        assert [e["id"] for e in map(msgspec.json.decode, reported(hub, "a"))] == ["shot-1", "shot-2"]
        health = Health.of("a", own_sport.name, "there", match.metrics, time.time_ns() // 1000)
        own_sport.put(topics.health(own_sport.name), "a", encode_health(health))
        late = DeadLetter(topics.telemetry(own_sport.name), "a", "late", 5, track(0.2), "too late")
        bytes_ = DeadLetter(topics.events(own_sport.name), "a", "bad event", 5, b"\xff", "why")
        for message in messages(own_sport.name, "a", [late, bytes_], 5):
            own_sport.put(message.topic, "a", message.value)
        until(hub, lambda: hub.games["a"].metrics is not None and len(hub.dead_letters) == 2)
        channel = hub.games["a"]
        assert channel.record == match.record
        assert (channel.runner, channel.reported_us, channel.metrics.windows) == (
            "there",
            health.reported_us,
            match.metrics.windows,
        )
        assert hub.dead_letter_counts[topics.telemetry(own_sport.name), "late"] == len(track(0.2)), "counted in samples"
        assert {(d.reason, d.detail) for d in hub.dead_letters} == {("late", "too late"), ("bad event", "why")}
        end = time.monotonic() + TIMEOUT_S
        while found.lag.get(own_sport.name) != 0:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert (found.unreadable, found.trouble) == (0, "")


def reported(hub: Hub, game: str) -> list[bytes]:
    return [item.raw for item in hub.games[game].moments(EVERYTHING) if item.event]


@pytest.mark.cluster
def test_subscriber_learns_games_oldest_first_across_partitions(own_sport):
    own_sport.make(4)
    names = [f"g{i}" for i in range(9)]
    for i, name in enumerate(reversed(names)):
        announced(own_sport, name, t0_us=1_700_000_000_000_000 - i * 1_000_000)
    own_sport.put(topics.games(own_sport.name), "broken", b"{")
    hub = Hub()
    with reading(own_sport, hub):
        until(hub, lambda: len(hub.dead_letters) == 1)
    assert list(hub.games) == names
    assert hub.dead_letters[0].reason == "bad game record"


@pytest.mark.cluster
def test_foreign_message_is_counted_and_the_next_is_read(own_sport):
    own_sport.make()
    match, hub, name = announced(own_sport, "a"), Hub(), own_sport.name
    garbage = [b"", b"{", b"\xff\x00", b"[]", b'{"v":9}', b"[" * 50_000, b'{"game":"a","sport":"s","updates":[{}]}']
    kinds = [t for t in topics.outputs(name) if t != topics.predictions(name)] + [topics.games(name)]
    with reading(own_sport, hub) as found:
        for topic in kinds:
            for raw in garbage:
                own_sport.put(topic, "a", raw)
            own_sport.put(topic, "a", None)
        (message,) = messages(name, "a", [match.step()[0][1]], 5)
        beyond = re.sub(rb'"window_us":\[\d+,\d+\]', b'"window_us":[0,%d]' % (1 << 70), message.value)
        own_sport.put(message.topic, "a", beyond)
        written = play(own_sport, match, 2)
        until(hub, lambda: len(values(hub, "a")) >= len(written))
        assert values(hub, "a") == written
        assert found.unreadable == len(garbage) * len(kinds) + 1
        assert sum(hub.dead_letter_counts.values()) == found.unreadable
        assert {source for source, _ in hub.dead_letter_counts} == set(kinds)
        assert found.trouble == ""


@pytest.mark.cluster
def test_subscriber_reads_the_requested_past_and_every_game(own_sport):
    own_sport.make()
    match, hub = announced(own_sport, "a"), Hub()
    hour_ago_ms = int((time.time() - 3600) * 1000)
    old = play(own_sport, match, 2, timestamp_ms=hour_ago_ms)
    new = play(own_sport, match, 2)
    with reading(own_sport, hub, look_back_s=600.0) as found:
        until(hub, lambda: found.caught_up and len(values(hub, "a")) >= len(new))
        assert values(hub, "a") == new
    hub = Hub()
    with reading(own_sport, hub, look_back_s=7200.0) as found:
        until(hub, lambda: found.caught_up and len(values(hub, "a")) >= len(old) + len(new))
        assert sorted(values(hub, "a")) == sorted(old + new)
    hub = Hub()
    with reading(own_sport, hub, look_back_s=0.0) as found:
        until(hub, lambda: found.caught_up)
        live = play(own_sport, match, 1)
        until(hub, lambda: len(values(hub, "a")) >= len(live))
        assert values(hub, "a") == live


@pytest.mark.cluster
def test_read_committed_waits_for_the_commit_and_skips_aborted_messages(own_sport):
    from kafka import KafkaProducer

    own_sport.make(1)
    match, early, late = announced(own_sport, "a"), Hub(), Hub()
    producer = KafkaProducer(**own_sport.address.python(), transactional_id=own_sport.name)
    producer.init_transactions()

    def publish() -> list[bytes]:
        outputs = match.step()[0]
        for message in messages(own_sport.name, "a", outputs, 5):
            producer.send(message.topic, message.value, key=b"a")
        producer.flush()
        return [encode(u) for block in outputs if isinstance(block, StatBlock) for u in block.updates(5)]

    with reading(own_sport, early) as uncommitted, reading(own_sport, late, committed=True) as committed:
        until(early, lambda: uncommitted.caught_up)
        until(late, lambda: committed.caught_up)
        producer.begin_transaction()
        gone = publish()
        until(early, lambda: values(early, "a") == gone)
        time.sleep(0.3)
        late.drain()
        assert values(late, "a") == []
        producer.abort_transaction()
        producer.begin_transaction()
        kept = publish()
        until(early, lambda: values(early, "a") == gone + kept)
        assert values(late, "a") == []
        producer.commit_transaction()
        until(late, lambda: values(late, "a") == kept)
    producer.close()


@pytest.mark.cluster
def test_topics_made_later_are_read_from_their_start(own_sport, monkeypatch):
    monkeypatch.setattr(subscriber, "LOOK_S", 0.2)
    hub = Hub()
    with reading(own_sport, hub) as found:
        until(hub, lambda: found.caught_up)
        assert found.trouble == ""
        own_sport.make(3)
        match = announced(own_sport, "a")
        written = play(own_sport, match, 2)
        until(hub, lambda: len(values(hub, "a")) >= len(written))
        assert sorted(values(hub, "a")) == sorted(written)
        assert hub.games["a"].record == match.record


@pytest.mark.cluster
def test_subscriber_reads_no_faster_than_the_hub_takes_messages(own_sport):
    own_sport.make(1)
    match, hub = announced(own_sport, "a"), Hub()
    play(own_sport, match, 150)
    with reading(own_sport, hub) as found:
        patiently(lambda: hub.waiting >= subscriber.AHEAD)
        time.sleep(0.5)
        assert subscriber.AHEAD <= hub.waiting <= subscriber.AHEAD + 10, "it waits for a hub that is not drained"
        until(hub, lambda: found.caught_up)
    assert hub.shed == 0, "so nothing was given up"


def _as_many(hub: Hub, number: int) -> bool:
    return len(values(hub, "a")) >= number


@pytest.mark.cluster
def test_failed_consumer_is_replaced_and_goes_on_at_its_offset(own_sport, monkeypatch):
    broken, whole_poll = threading.Event(), KafkaConsumer.poll

    def poll(consumer: KafkaConsumer, **options: Any) -> Any:
        if broken.is_set():
            broken.clear()
            raise ZeroDivisionError
        return whole_poll(consumer, **options)

    monkeypatch.setattr(KafkaConsumer, "poll", poll)
    own_sport.make()
    match, hub = announced(own_sport, "a"), Hub()
    with reading(own_sport, hub) as found:
        written = play(own_sport, match, 2)
        until(hub, lambda: len(values(hub, "a")) >= len(written))
        for _ in range(2):
            broken.set()
            written += play(own_sport, match, 2)
            until(hub, partial(_as_many, hub, len(written)))
            assert not broken.is_set(), "the consumer has failed"
        assert values(hub, "a") == written, "nothing twice, nothing lost"
        assert found.trouble == ""


@pytest.mark.cluster
def test_lag_is_reported_by_group_and_partition(own_sport):
    from kafka import KafkaConsumer
    from kafka.structs import OffsetAndMetadata, TopicPartition

    group = f"touchline-{uuid.uuid4().hex[:8]}"
    watch = LagWatch(own_sport.address, [own_sport.name, "nobody-plays-this"])
    assert watch.look() == [], "no topic yet"
    own_sport.make(2)
    topic = topics.telemetry(own_sport.name)
    for i in range(7):
        own_sport.put(topic, "a", b"x", partition=i % 2)
    assert watch.look() == [], "and no group that reads it"
    consumer = KafkaConsumer(**own_sport.address.python(), group_id=group, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(1, "", -1)})
    consumer.close()
    (found,) = watch.look()
    assert (found.sport, found.group, found.members, found.lag) == (own_sport.name, group, 0, 6)
    assert [(p.committed, p.end, p.lag) for p in found.partitions] == [(1, 4, 3), (None, 3, 3)]
    watch.close()


# -- the program -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--source", "http://a"], "is not a Kafka address"),
        (["--source", "kafka://a", "--sport", "chess"], "chess"),
        (["--source", "kafka://a", "--flink", "8081"], "is not the address of a Flink cluster"),
        (["--source", "kafka://a", "--kafka-settings", "/nowhere.toml"], "cannot read /nowhere.toml"),
        (["--source", NOBODY, "--port", "99999"], "ports go up to 65535"),
    ],
)
def test_serve_with_bad_arguments_exits_2_with_one_sentence(more, words, capsys):
    assert run(["serve", *more]) == 2
    output = capsys.readouterr().err
    assert output.startswith("touchline: ")
    assert words in output
    assert output.count("\n") == 1


@pytest.mark.slow
def test_serve_without_a_broker_exits_2_with_one_sentence():
    # Processes of their own, all at once: kafka-python leaves the sockets of vain attempts to the garbage collector.
    commands = [["serve", "--port", "0"], ["dead", "list"], ["dead", "replay", "--yes"]]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "streaming.cli", *command, "--source", NOBODY],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for process in started:
        out, output = process.communicate(timeout=TIMEOUT_S)
        assert re.fullmatch(r"touchline: no broker answers as expected at kafka://127\.0\.0\.1:1: [^\n]+\n", output)
        assert (process.returncode, out) == (2, "")


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_command_serves_games_of_the_broker(kafka, how):
    command = [sys.executable, "-m", "streaming.cli", "serve", "--source", kafka.text, "--port", "0", "--look-back", "0"]
    command += ["--flink", "http://127.0.0.1:1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = "".join(process.stdout.readline() for _ in range(4))
    found = re.search(r"operator page  (http://\S+)/operator\n", output)
    assert found, output
    end, cluster = time.monotonic() + TIMEOUT_S, None
    while cluster is None or cluster["kafka"]["age_s"] is None or not cluster["flink"]["problem"]:
        assert time.monotonic() < end
        try:
            cluster = httpx.get(found[1] + "/api/operators").json()["cluster"]
        except httpx.TransportError:
            time.sleep(0.1)
    assert cluster["flink"]["problem"].startswith("no Flink cluster answers at http://127.0.0.1:1: Connection refused")
    assert cluster["gateway"]["problem"] == ""
    assert "touchline_kafka_up 1.0" in httpx.get(found[1] + "/metrics").text
    process.send_signal(how)
    _, errors = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, errors) == (0, "")
