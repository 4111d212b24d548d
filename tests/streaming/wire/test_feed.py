"""The input topic: a record decodes to the same values, and any other bytes are one BadRecord."""

from __future__ import annotations

import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadRecord
from streaming.wire.feed import FeedRecord, GameEnd, GameStart, decode_feed, encode_feed
from streaming.wire.records import MAX_JSON_BYTES, Event, Telemetry, encode_telemetry
from tests.streaming.toy import game, mark, track

RECORDS = [GameStart(record=game()), track(0.2), mark(1, 5.0), GameEnd(game="toy-1")]


def game_of(record: FeedRecord) -> str:
    """The game that a record belongs to."""
    return record.record.game if isinstance(record, GameStart) else record.game


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_feed_record_decodes_to_the_same_values(record):
    raw = encode_feed(record)
    back = decode_feed(raw)
    assert type(back) is type(record)
    assert game_of(back) == game_of(record) == "toy-1"
    if isinstance(record, Telemetry):
        assert encode_feed(back) == raw
    else:
        assert back == record


def test_kind_of_a_feed_record_is_in_its_first_bytes():
    start, packet, event, end = (encode_feed(record) for record in RECORDS)
    assert packet[:2] == b"TL"
    assert packet == encode_telemetry(RECORDS[1])
    assert json.loads(start)["kind"] == "game"
    assert json.loads(end) == {"kind": "end", "v": 1, "game": "toy-1"}
    assert "kind" not in json.loads(event)
    assert decode_feed(event.replace(b"{", b'{"kind":"event",', 1)) == RECORDS[2], "an event may say that it is one"


@pytest.mark.parametrize(
    ("raw", "reason", "word"),
    [
        (b"", "truncated", "prefix"),
        (b"{", "bad record", "truncated"),
        (b'{"kind":"lap"}', "bad record", "'lap'"),
        (b'{"kind":["game"]}', "bad record", "game or end"),
        (b'{"kind":"end"}', "bad record", "game"),
        (b'{"kind":"end","game":""}', "bad record", "length"),
        (b'{"kind":"end","game":"g","v":2}', "bad record", "2"),
        (b'{"kind":"game","record":{"v":9}}', "bad record", "v"),
        (b'{"kind":"event"}', "bad event", "id"),
        (b" {}", "truncated", "prefix"),
        (b"{" + b" " * MAX_JSON_BYTES + b"}", "oversized", "bytes"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "bad record", ""),
    ],
)
def test_bad_feed_record_is_refused_with_its_reason(raw, reason, word):
    with pytest.raises(BadRecord) as bad:
        decode_feed(raw)
    assert bad.value.reason == reason
    assert word in str(bad.value)


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 80), 1 << 80) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
_names = st.sampled_from(["kind", "v", "id", "game", "type", "t_us", "record", "attrs", "teams", "x_m"])
_objects = st.dictionaries(_names, _values | st.sampled_from(["game", "end", "event"]), max_size=8)


@given(
    st.binary(max_size=200)
    | st.binary(max_size=80).map(lambda raw: b"{" + raw)
    | st.binary(max_size=80).map(lambda raw: b"TL\x01" + raw)
    | _objects.map(lambda found: json.dumps(found).encode())
)
def test_any_bytes_are_a_feed_record_or_a_bad_record(raw):
    try:
        record = decode_feed(raw)
    except BadRecord:
        return
    assert isinstance(record, Telemetry | Event | GameStart | GameEnd)
    assert game_of(record)


def test_damaged_feed_record_is_refused_or_whole():
    rng = random.Random(5)
    goods = [encode_feed(record) for record in RECORDS]
    refused = 0
    for _ in range(20_000):
        raw = bytearray(rng.choice(goods))
        kind = rng.randrange(3)
        if kind == 0:
            del raw[rng.randrange(len(raw)) :]
        elif kind == 1:
            raw[rng.randrange(min(len(raw), 300))] = rng.randrange(256)
        else:
            at = rng.randrange(len(raw))
            raw[at:at] = rng.randbytes(rng.randrange(1, 9))
        try:
            assert game_of(decode_feed(bytes(raw)))
        except BadRecord:
            refused += 1
    assert refused > 10_000


def test_newer_schema_version_is_refused():
    for record, expected in zip(RECORDS, ("bad record", "schema version", "bad event", "bad record"), strict=True):
        if isinstance(record, Telemetry):
            raw = bytearray(encode_feed(record))
            raw[2] = 2
        else:
            raw = bytearray(json.dumps({**json.loads(msgspec.json.encode(record)), "v": 2}).encode())
        with pytest.raises(BadRecord) as bad:
            decode_feed(bytes(raw))
        assert bad.value.reason == expected
