"""Dead letters: those that are committed are listed, and each is sent again once, whatever was replayed in between."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import factory
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.kafka import dead_letters as module
from streaming.kafka.dead_letters import DeadLetterReader, LetterFilter, format_ranges, parse_ranges, was_replayed
from streaming.kafka.ingress import Ingress
from streaming.kafka.offsets import end_offsets, short_of
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter
from streaming.wire.messages import encode_letter
from streaming.wire.records import encode_telemetry
from tests.streaming.kafka.conftest import OwnSport
from tests.streaming.toy import TOY, track

# -- the stored progress of replays -------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=40))
def test_replayed_offsets_are_stored_as_a_start_and_ranges(steps):
    at, letters = -1, []
    for step, sent in steps:  # offsets between letters belong to the ends of transactions
        at += step
        letters.append((at, sent))
    start, text = format_ranges(letters, at + 1)
    known = {("t", 0): [(0, start - 1), *parse_ranges(text)]}
    assert [was_replayed(known, module.LetterPosition("t", 0, offset)) for offset, _ in letters] == [sent for _, sent in letters]
    assert text.count(",") <= len(letters) / 2
    if all(sent for _, sent in letters):
        assert (start, text) == (at + 1, "")


@pytest.mark.parametrize("text", ["x", "1-x", "-", ",", "1-2-3", "٣"])
def test_foreign_commit_metadata_counts_as_no_range(text):
    assert parse_ranges(text) == []


def test_filter_selects_by_game_reason_and_detail():
    (letter,) = (module.decode_letter(encode_letter(DeadLetter("events.toy", "g", "bad event", 1, b"x", "Missing `id`"))),)
    assert all(w.has(letter) for w in (LetterFilter(), LetterFilter("g"), LetterFilter("", "BAD"), LetterFilter("g", "missing")))
    assert not any(w.has(letter) for w in (LetterFilter("G"), LetterFilter("", "late"), LetterFilter("other", "bad")))


# -- with a broker -----------------------------------------------------------------------------------------------------

cluster = pytest.mark.cluster


def put(own_sport: OwnSport, game: str, reason: str, payload: bytes = b"", *, kind: str = "events", arrival_us: int = 1) -> None:
    source = topics.events(own_sport.name) if kind == "events" else topics.telemetry(own_sport.name)
    letter = DeadLetter(source, game, reason, arrival_us, payload or f"{game} {reason} {arrival_us}".encode(), f"{reason}: why")
    own_sport.put(topics.dead(source), game, encode_letter(letter))


def sent(own_sport: OwnSport) -> list[tuple[str, bytes]]:
    """(game, value) of every message of the input, oldest first."""
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

    consumer = KafkaConsumer(**own_sport.address.python(), enable_auto_commit=False, auto_offset_reset="earliest")
    topic = topics.telemetry(own_sport.name)
    here = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
    consumer.assign(here)
    ends, found = end_offsets(consumer, here), []
    while short_of(consumer, ends):
        for records in consumer.poll(timeout_ms=200).values():
            found += [(record.timestamp, record.key.decode(), record.value) for record in records]
    consumer.close()
    return [(key, value) for _, key, value in sorted(found, key=lambda f: f[0])]


def replay(own_sport: OwnSport, wanted: LetterFilter = LetterFilter(), again: bool = False) -> int:  # noqa: B008 - it never changes
    with (
        DeadLetterReader(own_sport.address, own_sport.name) as letters,
        Ingress(own_sport.address, replace(TOY, name=own_sport.name)) as ingress,
    ):
        return letters.send(letters.to_send(wanted, again), ingress)


def listed(own_sport: OwnSport) -> list[tuple[str, str]]:
    with DeadLetterReader(own_sport.address, own_sport.name) as letters:
        return sorted((found.letter.game, found.letter.reason) for found in letters.read())


@cluster
def test_dead_letters_of_both_topics_are_read_and_undecodable_ones_counted(own_sport):
    with DeadLetterReader(own_sport.address, own_sport.name) as letters:
        assert list(letters.read()) == [], "no topics yet"
    own_sport.make()
    packet = track(0.2)
    late = DeadLetter(topics.telemetry(own_sport.name), "a", "late", 7, packet, "late: 25 samples")
    own_sport.put(topics.dead(topics.telemetry(own_sport.name)), "a", encode_letter(late))
    own_sport.put(topics.dead(topics.telemetry(own_sport.name)), "a", b"{")
    put(own_sport, "b", "bad event", b'{"type":"pass"}')
    with DeadLetterReader(own_sport.address, own_sport.name) as letters:
        a, b = sorted(letters.read(), key=lambda found: found.letter.game)
        assert letters.unreadable == 1
        assert len(list(letters.read())) == 2, "they can be read again"
    assert (a.letter.reason, a.letter.records, a.written_us) == ("late", len(packet), 7)
    assert a.letter.payload == encode_telemetry(packet)
    assert (b.letter.payload, b.place.topic) == (b'{"type":"pass"}', f"dead.events.{own_sport.name}")


@cluster
def test_uncommitted_dead_letter_is_not_read(own_sport):
    from kafka import KafkaProducer

    own_sport.make(1)
    topic = topics.dead(topics.events(own_sport.name))
    producer = KafkaProducer(**own_sport.address.python(), transactional_id=own_sport.name)
    producer.init_transactions()
    for reason, end in (("gone", producer.abort_transaction), ("kept", producer.commit_transaction), ("open", None)):
        producer.begin_transaction()
        producer.send(topic, encode_letter(DeadLetter(topic, "a", reason, 1, b"x")), key=b"a")
        producer.flush()
        if end is not None:
            end()
    assert listed(own_sport) == [("a", "kept")], "and an open transaction delays no reader"
    producer.commit_transaction()
    assert listed(own_sport) == [("a", "kept"), ("a", "open")]
    producer.close()
    assert replay(own_sport) == 2
    assert replay(own_sport) == 0, "the ends of transactions are not taken for letters"


@cluster
def test_replay_sends_each_dead_letter_once_under_its_game_s_key(own_sport):
    own_sport.make()
    for i in range(3):
        put(own_sport, "a", "bad event", f"a{i}".encode())
    put(own_sport, "b", "late", b"TL\x00\xff", kind="telemetry")
    assert replay(own_sport) == 4
    assert [value for game, value in sent(own_sport) if game == "a"] == [b"a0", b"a1", b"a2"]
    assert ("b", b"TL\x00\xff") in sent(own_sport)
    assert replay(own_sport) == 0
    put(own_sport, "a", "bad event", b"a3")
    assert replay(own_sport) == 1
    assert [value for game, value in sent(own_sport) if game == "a"] == [b"a0", b"a1", b"a2", b"a3"]
    assert replay(own_sport, again=True) == 5
    assert replay(own_sport) == 0


@cluster
def test_replay_of_one_game_leaves_the_other_dead_letters_unsent(own_sport):
    own_sport.make(1)
    for i in range(6):
        put(own_sport, f"g{i % 3}", "late" if i % 2 else "bad event", str(i).encode())
    assert replay(own_sport, LetterFilter("g1")) == 2
    assert replay(own_sport, LetterFilter("g1")) == 0
    assert replay(own_sport, LetterFilter("", "LATE")) == 2, "1, 3, 5 without 1, which was sent"
    assert replay(own_sport, LetterFilter("g1", "late")) == 0
    assert replay(own_sport) == 2
    assert replay(own_sport) == 0
    assert [value.decode() for _, value in sent(own_sport)] == ["1", "4", "3", "5", "0", "2"]


@cluster
def test_replay_that_cannot_store_its_progress_sends_nothing(own_sport, monkeypatch):
    own_sport.make(1)
    for i in range(8):
        put(own_sport, f"g{i % 2}", "late", str(i).encode())
    monkeypatch.setattr(module, "MAX_METADATA", 5)
    with pytest.raises(BadInput, match=r"\Atoo many letters would be left between[^\n]+\Z"):
        replay(own_sport, LetterFilter("g1"))
    assert sent(own_sport) == []
    assert replay(own_sport) == 8


@cluster
def test_dead_letter_without_its_record_is_not_replayed(own_sport):
    own_sport.make(1)
    source = topics.events(own_sport.name)
    own_sport.put(topics.dead(source), "a", encode_letter(DeadLetter(source, "a", "truncated", 1, b"")))
    put(own_sport, "a", "late", b"x")
    assert replay(own_sport) == 1
    assert sent(own_sport) == [("a", b"x")]


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(own_sport, monkeypatch, capsys):
    """Run ``touchline dead`` on the sport of one's own; (exit code, standard output, standard error)."""
    monkeypatch.setattr(factory, "sport_named", lambda name: replace(TOY, name=own_sport.name))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["dead", *arguments, "--source", own_sport.address.text])
        return code, *capsys.readouterr()

    return call


@cluster
def test_dead_list_shows_the_newest_in_order_of_time(own_sport, command):
    own_sport.make()
    assert command("list") == (0, "0 of 0 dead letters\n", "")
    for i in range(5):
        put(own_sport, "a" if i else "longer", "late", arrival_us=1_700_000_000_000_000 + i * 1_000_000)
    own_sport.put(topics.dead(topics.events(own_sport.name)), "a", b"?")
    code, output, _ = command("list")
    assert code == 0
    *rows, last = output.splitlines()
    assert rows[0] == "2023-11-14T22:13:20.000Z  longer  events         1  late: why"
    assert rows[4] == "2023-11-14T22:13:24.000Z  a       events         1  late: why"
    assert last == "5 of 5 dead letters, and 1 that cannot be read"
    code, output, _ = command("list", "--limit", "2", "--game", "a", "--json")
    assert [row["time"][17:19] for row in json.loads(output)] == ["23", "24"]
    assert json.loads(output)[0] | {"offset": 0, "partition": 0} == {
        "time": "2023-11-14T22:13:23.000Z",
        "game": "a",
        "source": f"events.{own_sport.name}",
        "reason": "late",
        "detail": "late: why",
        "records": 1,
        "bytes": 23,
        "whole": True,
        "topic": f"dead.events.{own_sport.name}",
        "partition": 0,
        "offset": 0,
    }
    assert command("list", "--reason", "nothing such")[1].startswith("0 of 0 dead letters")


@cluster
def test_dead_replay_confirms_and_prints_the_count(own_sport, command):
    own_sport.make()
    put(own_sport, "a", "late")
    put(own_sport, "b", "late")
    code, output, complaint = command("replay")
    assert (code, output) == (2, "")
    assert complaint == "touchline: 2 dead letters are to be sent again: confirm it with --yes\n"
    assert sent(own_sport) == []
    assert command("replay", "--game", "a", "--yes") == (0, "1 dead letter sent again\n", "")
    assert command("replay", "--yes", "--json") == (0, '{"sent": 1}\n', "")
    assert command("replay", "--yes") == (0, "nothing to send again\n", "")
    assert command("replay", "--yes", "--again") == (0, "2 dead letters sent again\n", "")


@pytest.mark.parametrize("what", ["list", "replay"])
def test_dead_command_with_a_bad_address_exits_2_with_one_sentence(what, capsys):
    assert run(["dead", what, "--source", "amqp://a"]) == 2
    assert capsys.readouterr().err == "touchline: 'amqp://a' is not a Kafka address: give kafka://host:port\n"
