"""Stats of a broker reach a subscriber in the bytes in which they were published; those of another writer are normalised."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec
import pytest

from simulators.catalogue import open_simulator
from streaming.errors import BadRecord
from streaming.factory import operator_for
from streaming.wire import topics
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.messages import Message, blocks_of, decode_stats, messages
from streaming.wire.raw_stats import PACKED_FROM_BYTES, RawStatBlock, stat_blocks
from streaming.wire.records import encode
from streaming.wire.stat_json import block_raw
from tests.streaming.wire.test_messages import AT, KINDS, inner, stats_of

EVERY = list(KINDS.values())
(MESSAGE,) = stats_of(messages("toy", EVERY[0].game, EVERY, AT))


def plain(block: StatBlock) -> list[bytes]:
    return [encode(update) for update in block.updates(AT)]


def stats_of_sport(sport: str, sent: Iterable[Message]) -> list[bytes]:
    return [message.value for message in sent if message.topic == topics.stats(sport)]


def rewritten(**changed: object) -> bytes:
    """A message of one update, in our form, with some fields of the update changed."""
    update = json.loads(plain(KINDS["of an event"])[0]) | changed
    return msgspec.json.encode({"v": 2, "game": "g/1", "sport": "toy", "updates": [update]})


@pytest.mark.parametrize("kind", KINDS)
def test_stat_blocks_keep_the_published_bytes(kind: str) -> None:
    for raw in stats_of(messages("toy", KINDS[kind].game, [KINDS[kind]], AT)):
        found = stat_blocks(raw)
        assert {published for published, _ in found} == {AT}
        assert all(isinstance(block, RawStatBlock) for _, block in found)
        assert b",".join(block.raw for _, block in found) == inner(raw)
        assert [each for _, block in found for each in block.each()] == plain(KINDS[kind])


def test_stat_blocks_are_cut_where_decoded_blocks_are() -> None:
    raw, decoded = stat_blocks(MESSAGE), blocks_of(decode_stats(MESSAGE))
    assert len(raw) == len(decoded) > 10
    for (_, ours), (_, block) in zip(raw, decoded, strict=True):
        for name in ("stat", "game", "sport", "subjects", "quality", "event"):
            assert getattr(ours, name) == getattr(block, name)
        assert ours.end_us == block.end_us[0]
        assert (ours.model and ours.model.version) == (block.model and block.model.version)
        assert ours.ids == (() if block.event is None else tuple(u.id for u in block.updates(AT)))
        assert len(ours.values()) == len(ours) == len(block)
        assert block_raw(ours.decoded(), AT) == ours.raw


def test_packed_block_is_smaller_and_gives_the_same_bytes() -> None:
    _, block = max(stat_blocks(MESSAGE), key=lambda pair: len(pair[1]))
    before, each = block.raw, block.each()
    assert len(before) >= PACKED_FROM_BYTES
    block.pack()
    block.pack()
    assert block.raw == before
    assert block.each() == each


@pytest.mark.parametrize("form", ["spaces", "indent", "version 1", "updates of version 1"])
def test_stats_of_another_writer_are_normalised_to_our_bytes(form: str) -> None:
    message = json.loads(MESSAGE)
    if form == "version 1":
        message["v"] = 1
    if form.endswith("version 1"):
        for update in message["updates"]:
            del update["v"]
    raw = json.dumps(message, indent=2 if form == "indent" else None).encode()
    if form.endswith("version 1"):
        raw = msgspec.json.encode(message)
    assert b",".join(block_raw(block, at) for at, block in stat_blocks(raw)) == inner(MESSAGE)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b"\xff", b'{"v":2}', b"[" * 100_000, b'{"v":2,"game":' + b"[" * 100_000, MESSAGE[:-1],
        rewritten(value=True), rewritten(value=["a"]), rewritten(quality="good"), rewritten(window_us=[1]), rewritten(v=3),
        rewritten(window_us=[0, (1 << 62) + 1]), rewritten(clocks={}), rewritten(subject=None), rewritten(model={"name": "xgoals"}),
        rewritten(unit="UNIT").replace(b"UNIT", b"\xff"), rewritten(unit="UNIT").replace(b"UNIT", b"\\x"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_stats_message_are_a_bad_record(raw: bytes) -> None:
    with pytest.raises(BadRecord) as bad:
        stat_blocks(raw)
    assert bad.value.reason == "bad batch of stats"


@pytest.mark.slow
@pytest.mark.parametrize(("sport", "minutes", "least"), [("soccer", 0.5, 10_000), ("nfl", 2.0, 1_000)])
def test_stat_blocks_of_a_simulated_game_keep_every_byte(sport: str, minutes: float, least: int) -> None:
    world = open_simulator(sport, 7, minutes)
    operator = operator_for(world.record)
    stats = events = 0

    def check(outputs: list[Output]) -> None:
        nonlocal stats, events
        blocks = [output for output in outputs if isinstance(output, StatBlock)]
        for raw in stats_of_sport(sport, messages(sport, world.record.game, blocks, AT)):
            found = stat_blocks(raw)
            assert all(isinstance(block, RawStatBlock) for _, block in found)
            assert b",".join(block.raw for _, block in found) == raw.partition(b'"updates":[')[2][:-2]
            assert [(at, block.subjects, block.end_us) for at, block in found] == [
                (at, block.subjects, block.end_us[0]) for at, block in blocks_of(decode_stats(raw))
            ]
            stats += sum(len(block) for _, block in found)
            events += sum(block.event is not None for _, block in found)

    for record in world.stream(25):
        check(operator.on_record(record))
    check(operator.finish())
    assert stats > least
    assert events > 0
