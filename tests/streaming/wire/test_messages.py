"""Messages of the output topics decode and encode to the same bytes, and fit a broker; foreign bytes are one BadRecord."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.catalogue import open_simulator
from streaming.errors import BadRecord
from streaming.factory import operator_for
from streaming.wire import messages as wire
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, FrameBlock, Output, Prediction, StatBlock
from streaming.wire.messages import blocks_of, decode_letter, decode_positions, decode_prediction, decode_stats, messages
from streaming.wire.records import Event, FrameUse, ModelUse, decode_event, decode_telemetry, encode, encode_telemetry
from streaming.wire.stat_json import block_raw
from tests.streaming.toy import mark, track

AT = 1_700_000_000_500_000
WHO = ("home-1", 'quo"te', "back\\slash", "é/ö", "gone")
MODEL = ModelUse(name="xgoals", version="2", attributions=[("distance_m", -0.25, 11.5), ("header", 0.5, None)])


def block(values, **more) -> StatBlock:  # type: ignore[no-untyped-def]
    windows = len(values)
    fields = {
        "stat": "toy.player.x",
        "game": 'g/1 "é',
        "sport": "toy",
        "unit": "m",
        "subjects": WHO,
        "end_us": np.arange(1, windows + 1) * 200_000,
        "span_us": 400_000,
        "values": values,
        "quality": "final",
        "ingress_us": np.arange(windows) + 7,
        **more,
    }
    return StatBlock(**fields)


def numbers(windows: int = 1, depth: int | None = None, seed: int = 1) -> np.ndarray:
    shape = (windows, len(WHO)) if depth is None else (windows, len(WHO), depth)
    values = np.random.default_rng(seed).normal(0, 1e3, shape)
    values.flat[0], values.flat[1], values.flat[2], values.flat[3] = np.nan, np.inf, -0.0, 1e-300
    return values


LIVE = np.array([[True, True, False, True, False]])
KINDS = {
    "numbers": block(numbers()),
    "floats of four bytes": block(numbers().astype(np.float32)),
    "whole numbers": block(np.arange(5)[None]),
    "all unknown": block(np.full((1, 5), np.nan)),
    "vectors": block(numbers(depth=3)),
    "vectors of nothing": block(np.zeros((1, 5, 0))),
    "words": block([['say "so"', "né", "", None, "-"]]),
    "words and numbers": block([["a", 1.5, None, float("nan"), 2]]),
    "lists and nothing": block([[[1.0, float("nan")], None, [], [2.5], [float("inf")]]]),
    "some not seen": block(numbers(), live=LIVE),
    "no player seen": block(numbers(), live=np.zeros((1, 5), bool)),
    "many windows": block(numbers(7, 2), live=np.random.default_rng(3).random((7, 5)) > 0.3),
    "stale, of a model, revised": block(numbers(), quality="stale", model=MODEL, revision=3),
    "of an event": block([[0.5]], subjects=("home-1",), event="shot/1", frame=FrameUse(t_us=3, offset_us=-40_000), model=MODEL),
    "unknown, of an event": block([[None]], subjects=("match",), event="e", quality="provisional", revision=1),
    "a list of an event": block([[[0.25, float("nan")]]], subjects=("home-1",), event="e"),
    "long ago": block(numbers(), end_us=np.array([-(1 << 61)]), ingress_us=np.array([-3])),
}


def stats_of(sent: Iterable[wire.Message]) -> list[bytes]:
    return [message.value for message in sent if message.topic == "stats.toy"]


def again(raw: bytes) -> bytes:
    """The updates of a message, decoded, made into blocks, and written anew."""
    return b",".join(block_raw(found, at) for at, found in blocks_of(decode_stats(raw)))


def inner(raw: bytes) -> bytes:
    head, _, rest = raw.partition(b'"updates":[')
    assert head == b'{"v":2,"game":"g/1 \\"\xc3\xa9","sport":"toy",'
    assert rest.endswith(b"]}")
    return rest[:-2]


@pytest.mark.parametrize("kind", KINDS)
def test_block_decodes_and_encodes_to_the_same_bytes(kind):
    found = KINDS[kind]
    sent = list(messages("toy", found.game, [found], AT))
    plain = b",".join(encode(update) for update in found.updates(AT))
    if not plain:
        assert sent == [], "nothing to say is no message"
        return
    (message,) = sent
    assert (message.topic, message.game) == ("stats.toy", found.game)
    assert inner(message.value) == plain
    assert again(message.value) == plain


def test_blocks_published_together_are_one_message_in_order():
    every = list(KINDS.values())
    (raw,) = stats_of(messages("toy", every[0].game, every, AT))
    plain = b",".join(part for found in every if (part := b",".join(encode(u) for u in found.updates(AT))))
    assert inner(raw) == plain
    assert again(raw) == plain
    assert len(decode_stats(raw).updates) == sum(len(found) for found in every)


def test_full_message_is_closed_and_the_next_begun(monkeypatch):
    every = [block(numbers(9, seed=k), stat=f"toy.player.{k}") for k in range(20)]
    (whole,) = stats_of(messages("toy", every[0].game, every, AT))
    assert len(whole) > 200_000
    monkeypatch.setattr(wire, "FULL_BYTES", 5_000)
    parts = stats_of(messages("toy", every[0].game, every, AT))
    window = len(block_raw(block(numbers(), stat="toy.player.19"), AT))
    assert len(parts) > 30
    assert all(5_000 <= len(part) < 5_000 + window + 100 for part in parts[:-1]), "a window is never cut"
    assert b",".join(inner(part) for part in parts) == inner(whole)


def test_block_of_a_minute_of_windows_fits_the_broker_s_limit():
    long = block(numbers(3_000), stat="toy.player.speed")
    sizes = [len(raw) for raw in stats_of(messages("toy", long.game, [long], AT))]
    assert len(sizes) > 5
    assert max(sizes) < 1_000_000, "a broker's own limit"


@given(
    st.lists(
        st.lists(st.floats() | st.none() | st.text(max_size=5) | st.lists(st.floats(), max_size=3), min_size=5, max_size=5),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["final", "provisional", "stale"]),
    st.integers(0, 9),
    st.booleans(),
)
def test_block_of_any_values_encodes_to_the_same_bytes(values, quality, revision, model):
    found = block(values, quality=quality, revision=revision, model=MODEL if model else None)
    (raw,) = stats_of(messages("toy", found.game, [found], AT))
    assert inner(raw) == again(raw) == b",".join(encode(update) for update in found.updates(AT))


# -- the other kinds ---------------------------------------------------------------------------------------------------


def test_each_kind_of_output_has_its_topic():
    xyz = np.array([[[1.234, -5.678, np.nan], [0.0, 0.005, 9.0]]], np.float32)
    event = mark(1, 5.0)
    outputs: list[Output | Event] = [
        FrameBlock("toy-1", "toy", ("a", "b"), np.array([7]), xyz, 2),
        DeadLetter("telemetry.toy", "toy-1", "late", 9, track(0.2), "x" * 5_000),
        DeadLetter("events.toy", "toy-1", "bad event", 9, b"\x00\xff{", "why"),
        Prediction(
            game="toy-1",
            stat="toy.mark.x",
            event="e1",
            t_us=5,
            model="m",
            version="1",
            features=np.array([1.0, np.nan]),
            answer=np.array([0.5]),
            quality="final",
        ),
        event,
    ]
    positions, late, bad, prediction, reported = messages("toy", "toy-1", outputs, AT)
    assert [m.topic for m in (positions, late, bad, prediction, reported)] == [
        "positions.toy",
        "dead.telemetry.toy",
        "dead.events.toy",
        "predictions.toy",
        "events.toy",
    ]
    back = decode_positions(positions.value)
    np.testing.assert_allclose(back.xyz_m, np.array([[[1.23, -5.68, np.nan], [0.0, 0.0, 9.0]]]), atol=0.006)
    assert (back.game, back.sport, back.ids, back.period, back.t_us.tolist()) == ("toy-1", "toy", ("a", "b"), 2, [7])
    assert wire.encode_positions(back) == positions.value, "and from there on to the same bytes"
    dead = decode_letter(late.value)
    assert (dead.reason, dead.records, dead.arrival_us, len(dead.detail)) == (
        "late",
        len(track(0.2)),
        9,
        1000,
    )
    assert encode_telemetry(decode_telemetry(dead.payload)) == encode_telemetry(track(0.2)), "it can be sent again"
    assert decode_letter(bad.value).payload == b"\x00\xff{"
    assert json.loads(prediction.value)["features"] == [1.0, None]
    assert decode_event(reported.value) == event


# -- what is not ours --------------------------------------------------------------------------------------------------

DECODERS = {
    "bad batch of stats": decode_stats,
    "bad dead letter": decode_letter,
    "bad positions": decode_positions,
    "bad prediction": decode_prediction,
}


@pytest.mark.parametrize("reason", DECODERS)
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b'{"v":2}', b"[" * 100_000, b'{"game":"g"}', b'"x"'])
def test_foreign_message_is_a_bad_record(reason, raw):
    with pytest.raises(BadRecord) as bad:
        DECODERS[reason](raw)
    assert bad.value.reason == reason


def test_positions_of_the_wrong_shape_are_a_bad_record():
    frame = FrameBlock("g", "toy", ("a",), np.array([1]), np.zeros((1, 1, 3), np.float32))
    good = json.loads(wire.encode_positions(frame))
    short, ragged = {"xyz_m": [[1.0, 2.0]]}, {"xyz_m": [[1.0], [2.0, 3.0]]}
    for wrong in (short, ragged, {"ids": ["a", "b"]}, {"t_us": [1, 2]}, {"t_us": [1 << 70]}):
        with pytest.raises(BadRecord) as bad:
            decode_positions(json.dumps({**good, **wrong}).encode())
        assert bad.value.reason == "bad positions"


_any = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 80), 1 << 80) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300)
def test_updates_with_any_values_are_refused_or_become_blocks(data):
    update = json.loads(encode(next(KINDS["of an event"].updates(AT))))
    names = st.sampled_from([*update, "clocks.ingress_us", "window_us.0", "window_us.1", "frame.t_us"])
    for name in data.draw(st.lists(names, max_size=3)):
        value = data.draw(_any | st.integers(-(1 << 66), 1 << 66))
        outer, _, part = name.partition(".")
        if part and isinstance(update[outer], dict):
            update[outer][part] = value
        elif part and isinstance(update[outer], list):
            update[outer] = [value if str(i) == part else old for i, old in enumerate(update[outer])]
        else:
            update[outer] = value
    raw = json.dumps({"v": 1, "game": "g", "sport": "toy", "updates": [update]}).encode()
    try:
        found = blocks_of(decode_stats(raw))
    except BadRecord:
        return
    ((at, one),) = found
    assert isinstance(block_raw(one, at), bytes)


# -- the real thing ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_messages_of_a_simulated_minute_encode_to_the_same_bytes():
    world = open_simulator("soccer", 7, 1.0)
    operator = operator_for(world.record)
    sizes, kinds, updates = [], set(), 0

    def check(out: list[Output]) -> None:
        nonlocal updates
        plain = b",".join(encode(u) for found in out if isinstance(found, StatBlock) for u in found.updates(AT))
        sent = list(messages("soccer", world.record.game, out, AT))
        raw = [m.value for m in sent if m.topic == topics.stats("soccer")]
        sizes.extend(len(m.value) for m in sent)
        kinds.update(m.topic for m in sent)
        updates += sum(len(decode_stats(r).updates) for r in raw)
        assert b",".join(r.partition(b'"updates":[')[2][:-2] for r in raw) == plain
        assert b",".join(again(r) for r in raw) == plain
        for m in sent:
            if m.topic == topics.positions("soccer"):
                assert wire.encode_positions(decode_positions(m.value)) == m.value
            if m.topic == topics.predictions("soccer"):
                assert wire.encode_prediction(decode_prediction(m.value)) == m.value

    for record in world.stream(5):
        check(operator.on_record(record))
    check(operator.finish())
    assert updates > 20_000
    assert kinds == {"stats.soccer", "positions.soccer", "predictions.soccer"}
    assert max(sizes) < 1_000_000
