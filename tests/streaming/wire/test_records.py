"""Records on the wire decode to the same values, and any other bytes are one BadRecord with its reason."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from streaming.errors import BadRecord
from streaming.wire import topics
from streaming.wire.records import (
    MAX_SAMPLES,
    Clocks,
    Event,
    StatUpdate,
    Telemetry,
    decode_event,
    decode_game,
    decode_stat,
    decode_telemetry,
    encode,
    encode_telemetry,
)
from tests.streaming.toy import game, mark


@st.composite
def packets(draw) -> Telemetry:
    n = draw(st.integers(0, 40))
    column = hnp.arrays(np.float32, n, elements=st.floats(width=32))
    arrivals = draw(st.one_of(st.integers(-(1 << 61), 1 << 61), hnp.arrays(np.int64, n)))
    names = draw(st.lists(st.text(max_size=8), max_size=3, unique=True))
    return Telemetry(
        draw(st.text(min_size=1, max_size=40)),
        draw(st.text(max_size=20)),
        draw(hnp.arrays(np.int64, n)),
        draw(hnp.arrays(np.uint32, n)),
        draw(column),
        draw(column),
        draw(column),
        arrivals,
        channels={name: draw(column) for name in names},
    )


def _columns(packet: Telemetry) -> list[bytes]:
    arrival = packet.arrival_us
    return [
        packet.t_us.tobytes(),
        packet.tag.tobytes(),
        packet.x_m.tobytes(),
        packet.y_m.tobytes(),
        packet.z_m.tobytes(),
        str(arrival).encode() if isinstance(arrival, int) else arrival.tobytes(),
        *(k.encode() + v.tobytes() for k, v in packet.channels.items()),
    ]


@pytest.mark.slow
@given(packets())
def test_telemetry_decodes_to_the_same_values(packet):
    back = decode_telemetry(encode_telemetry(packet))
    assert (back.game, back.feed) == (packet.game, packet.feed)
    assert _columns(back) == _columns(packet)


@pytest.mark.parametrize("name", ["g", "ga", "gam", "game-1"])
def test_decoded_columns_are_contiguous_for_compiled_code(name):
    """However long the header before them is: on word boundaries and writable, so that no copy is needed."""
    column = np.arange(3, dtype=np.float32)
    sent = Telemetry(
        name, "f", np.arange(3), np.arange(3, dtype=np.uint32), column, column, column, np.arange(3), channels={"wet": column}
    )
    back = decode_telemetry(encode_telemetry(sent))
    for one in (back.t_us, back.tag, back.x_m, back.y_m, back.z_m, back.arrival_us, back.channels["wet"]):
        assert one.flags.carray


def test_damaged_packets_are_refused_with_a_reason():
    rng = random.Random(11)
    n = 5
    column = np.arange(n, dtype=np.float32)
    good = encode_telemetry(
        Telemetry("g", "f", np.arange(n), np.arange(n, dtype=np.uint32), column, column, column, 1, channels={"in_play": column})
    )
    reasons = set()
    for _ in range(100_000):
        raw = bytearray(good)
        kind = rng.randrange(4)
        if kind == 0:
            del raw[rng.randrange(len(raw)) :]
        elif kind == 1:
            raw[rng.randrange(36)] = rng.randrange(256)
        elif kind == 2:
            raw += rng.randbytes(rng.randrange(1, 30))
        else:
            raw = bytearray(rng.randbytes(rng.randrange(60)))
        try:
            back = decode_telemetry(bytes(raw))
        except BadRecord as bad:
            reasons.add(bad.reason)
        else:
            # What still decodes is a whole packet: a changed byte in a name or a clock is not for the codec to see.
            assert len(raw) == len(good)
            assert len(back.x_m) == n
    assert reasons == {"truncated", "not telemetry", "schema version", "oversized", "bad header", "wrong length"}


def test_packet_with_a_wrong_length_is_refused():
    good = bytearray(encode_telemetry(Telemetry("g", "f", *(np.zeros(0, t) for t in ("i8", "u4", "f4", "f4", "f4")))))
    good[6:10] = (MAX_SAMPLES - 1).to_bytes(4, "little")
    with pytest.raises(BadRecord) as bad:
        decode_telemetry(bytes(good))
    assert bad.value.reason == "wrong length"


@given(
    st.builds(
        Event,
        id=st.text(min_size=1, max_size=20),
        game=st.just("g"),
        type=st.just("shot"),
        t_us=st.integers(-(1 << 60), 1 << 60),
        x_m=st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        attrs=st.dictionaries(st.text(max_size=9), st.one_of(st.booleans(), st.text(max_size=9)), max_size=4),
        revision=st.integers(0, 9),
        deleted=st.booleans(),
    )
)
def test_events_decode_to_the_same_values(event):
    assert decode_event(encode(event)) == event


@given(st.binary(max_size=300))
def test_any_bytes_decode_or_are_a_bad_record(raw):
    for decode, reasons in (
        (decode_event, {"bad event"}),
        (decode_stat, {"bad stat"}),
        (decode_game, {"bad game record"}),
        (decode_telemetry, {"truncated", "not telemetry", "schema version", "bad header", "wrong length", "oversized"}),
    ):
        with pytest.raises(BadRecord) as bad:
            decode(raw)
        assert bad.value.reason in reasons


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"[" * 100_000, "bad event"),
        (b'{"id":"e","game":"g","type":"shot","t_us":1e400}', "bad event"),
        (b'{"id":"e","game":"g","type":"shot","t_us":99999999999999999999}', "bad event"),
        (b'{"id":"","game":"g","type":"shot","t_us":1}', "bad event"),
        (b'{"v":2,"id":"e","game":"g","type":"shot","t_us":1}', "bad event"),
        (b'{"id":"e","game":"g","type":"shot","t_us":1,"attrs":{"a":{}}}', "bad event"),
        (b" " * (1 << 21), "oversized"),
    ],
)
def test_hostile_event_is_refused(raw, reason):
    with pytest.raises(BadRecord) as caught:
        decode_event(raw)
    assert caught.value.reason == reason


def test_stats_and_games_decode_to_the_same_values():
    update = StatUpdate(
        id="i",
        stat="soccer.shot.xgoals",
        game="g",
        sport="soccer",
        subject="p",
        value=[0.25, None],
        unit="0..1",
        quality="final",
        window_us=(0, 1),
        clocks=Clocks(event_us=1, ingress_us=2, published_us=3),
    )
    assert decode_stat(encode(update)) == update
    assert decode_game(encode(game())) == game()
    assert msgspec.json.decode(encode(mark(1, 2.0)))["id"] == "e1"


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("stats.soccer.shot.*", "stats.soccer.shot.xgoals", True),
        ("stats.soccer.shot.*", "stats.soccer.pass.threat", False),
        ("stats.*.player.speed", "stats.nfl.player.speed", True),
        ("stats.*.player.speed", "stats.nfl.player.top_speed", False),
        ("stats.#", "stats.soccer.shot.xgoals", True),
        ("stats.soccer.shot.xgoals", "stats.soccer.shot.xgoalsx", False),
        ("*", "anything.at.all", True),
    ],
)
def test_topic_pattern_matches_its_topics_only(pattern, topic, matches):
    assert bool(topics.pattern(pattern).match(topic)) is matches


@pytest.mark.parametrize("pattern", ["", "a..b", "a.#.b", ".*", "a b", "a" * 201, "(a+)+$", "a.\n"])
def test_text_that_is_no_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match=r"pattern|stand at the end"):
        topics.pattern(pattern)


def test_id_depends_only_on_what_it_names():
    assert topics.window_id("g", "s", "p", 5) == "g/s/p/5"
    assert topics.event_id("g", "s", "p", "e") == "g/s/p/e"
