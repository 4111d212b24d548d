"""No message is larger than a broker takes: in its place goes a small dead letter with the reason."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from streaming.wire import bounds, topics
from streaming.wire.blocks import MAX_PAYLOAD_BYTES, DeadLetter, FrameBlock, Prediction, StatBlock
from streaming.wire.messages import decode_letter, decode_positions, messages
from streaming.wire.records import Event, decode_telemetry
from tests.streaming.toy import mark, track


def letters(outputs):  # type: ignore[no-untyped-def]
    return [decode_letter(m.value) for m in messages("toy", "toy-1", outputs, 7) if m.topic.startswith("dead.")]


def test_twelve_megabytes_of_rubbish_make_a_small_letter_with_length_and_hash():
    rubbish = np.random.default_rng(1).bytes(12_000_000)
    (message,) = messages("toy", "toy-1", [DeadLetter("telemetry.toy", "toy-1", "not telemetry", 1, rubbish)], 7)
    assert len(message.value) < 400_000
    letter = decode_letter(message.value)
    assert letter.payload == rubbish[:MAX_PAYLOAD_BYTES]
    assert (letter.cut_from_bytes, letter.sha256) == (12_000_000, hashlib.sha256(rubbish).hexdigest())


def test_whole_letters_are_as_they_were():
    (letter,) = letters([DeadLetter("telemetry.toy", "toy-1", "not telemetry", 1, b"abc", "why")])
    assert (letter.payload, letter.cut_from_bytes, letter.sha256) == (b"abc", 0, "")


def test_letter_about_many_samples_becomes_several_that_hold_them_all():
    packet = track(600.0)
    found = letters([DeadLetter("telemetry.toy", "toy-1", "late", 1, packet)])
    assert len(found) > 5
    assert all(len(letter.payload) < 300_000 for letter in found)
    tags = np.concatenate([decode_telemetry(letter.payload).tag for letter in found])
    assert np.array_equal(tags, packet.tag)
    assert sum(letter.records for letter in found) == len(packet)


def test_positions_of_a_long_packet_become_several_messages_with_all_rows():
    rows = 5_000
    block = FrameBlock("toy-1", "toy", ("a", "b"), np.arange(rows), np.ones((rows, 2, 3), np.float32))
    big = FrameBlock("toy-1", "toy", tuple(f"p{i}" for i in range(100)), np.arange(rows), np.ones((rows, 100, 3), np.float32))
    assert len(list(messages("toy", "toy-1", [block], 7))) == 1
    found = list(messages("toy", "toy-1", [big], 7))
    assert max(len(m.value) for m in found) < bounds.MAX_BYTES
    assert np.array_equal(np.concatenate([decode_positions(m.value).t_us for m in found]), big.t_us)


def test_what_is_too_large_to_publish_is_replaced_by_a_letter_of_its_own_reason():
    event = msgspec.structs.replace(mark(1, 1.0), attrs={"text": "x" * 2_000_000})
    prediction = Prediction(
        game="toy-1", stat="toy.a", event=None, t_us=1, model="m", version="1", quality="final",
        features=np.ones((100, 5_000)), answer=np.ones(100),
    )  # fmt: skip
    block = StatBlock(
        stat="toy.b", game="toy-1", sport="toy", unit="", subjects=("match",), end_us=np.array([1]), span_us=0,
        values=[["x" * 990_000]], quality="final", ingress_us=np.array([1]),
    )  # fmt: skip
    for output, topic, size in (
        (event, "events.toy", 2_000_000),
        (prediction, "predictions.toy", 990_000),
        (block, "stats.toy", 990_000),
    ):
        (message,) = messages("toy", "toy-1", [output], 7)
        letter = decode_letter(message.value)
        assert message.topic == topics.dead(letter.source)
        assert letter.source == ("events.toy" if isinstance(output, Event) else "telemetry.toy")
        assert letter.reason == "too large to publish"
        assert topic in letter.detail
        assert letter.cut_from_bytes > size
        assert len(message.value) < 8_000


def test_key_of_any_length_is_a_short_game_id():
    name = "x" * 1_000_000
    (message,) = messages("toy", name, [DeadLetter("events.toy", name, "unknown game", 1, b"{")], 7)
    assert len(message.game) == 200
    assert decode_letter(message.value).game == message.game
    assert bounds.game_name("x" * 201) != bounds.game_name("x" * 202)
