"""Records on the wire: packets of telemetry, events, games, stats, dead letters, predictions, positions, health, blocks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from streaming.errors import BadRecord
from streaming.operator.health import Health, decode_health, encode_health
from streaming.reducing.blocks import Plan, PlannedChannel, decode_plan, encode_head, encode_plan
from streaming.reducing.reducer import Reducer
from streaming.wire.blocks import DeadLetter, FrameBlock, Output, Prediction
from streaming.wire.feed import GameEnd, GameStart, decode_feed, encode_feed
from streaming.wire.messages import (
    blocks_of,
    decode_letter,
    decode_positions,
    decode_prediction,
    decode_stats,
    encode_letter,
    encode_positions,
    encode_prediction,
    messages,
)
from streaming.wire.raw_stats import RawStatBlock, stat_blocks
from streaming.wire.records import decode_event, decode_game, decode_stat, decode_telemetry, encode, encode_telemetry
from tests.fuzz import mutations
from tests.fuzz.target import Finding, Target
from tests.streaming import toy


def targets() -> Iterator[Target]:
    refusals = (BadRecord,)
    yield Target("telemetry", _telemetry, lambda: [encode_telemetry(toy.track(0.2)), encode_telemetry(toy.track(0.0))], refusals)
    yield Target("feed", lambda data: encode_feed(decode_feed(data)), _feed, refusals, mutations.one)
    yield Target("event", lambda data: decode_event(encode(decode_event(data))), _events, refusals, mutations.one)
    yield Target("game-record", lambda data: decode_game(encode(decode_game(data))), _games, refusals, mutations.one)
    yield Target("stats", lambda data: blocks_of(decode_stats(data)), _stats, refusals, mutations.one)
    yield Target("raw-stats", _raw_stats, _stats, refusals, mutations.one)
    yield Target("stat", decode_stat, _one_stat, refusals, mutations.one)
    yield Target("positions", decode_positions, _positions, refusals, mutations.one)
    yield Target("letter", decode_letter, _letters, refusals, mutations.one)
    yield Target("prediction", decode_prediction, _predictions, refusals, mutations.one)
    yield Target("health", lambda data: decode_health(data).metrics(), _health, refusals, mutations.one)
    yield Target("plan", lambda data: decode_plan(data).edges(1), lambda: [encode_plan(_plan())[8:]], refusals, mutations.one)
    yield Target("full-rate", _full_rate, _blocks, refusals)


def _telemetry(data: bytes) -> None:
    packet = decode_telemetry(data)
    again = decode_telemetry(encode_telemetry(packet))
    if not (np.array_equal(again.t_us, packet.t_us) and np.array_equal(again.x_m, packet.x_m, equal_nan=True)):
        raise Finding("a packet is not the same when it is written again")


def _feed() -> list[bytes]:
    record = toy.game()
    return [encode_feed(one) for one in (GameStart(record=record), GameEnd(game=record.game), toy.mark(1, 0.5), toy.track(0.2))]


def _events() -> list[bytes]:
    return [encode(toy.mark(1, 0.5)), encode(toy.mark(2, 1.5, revision=1, deleted=True))]


def _games() -> list[bytes]:
    return [encode(toy.game()), encode(toy.game(tracking=False))]


@cache
def _stats() -> list[bytes]:
    """What a small game publishes."""
    operator, out = toy.final_only(toy.game()), list[Output]()
    for record in (toy.track(2.0), toy.mark(1, 0.5), toy.mark(2, 1.5)):
        out += operator.on_record(record, 1)
    out += operator.finish()
    found = [message.value for message in messages("toy", "toy-1", out, 1) if message.topic.startswith("stats.")]
    return sorted(found, key=len)[:: max(1, len(found) // 10)]


def _one_stat() -> list[bytes]:
    return [encode(update) for data in _stats()[:3] for update in decode_stats(data).updates[:2]]


def _raw_stats(data: bytes) -> None:
    for _, block in stat_blocks(data):
        if isinstance(block, RawStatBlock):
            _ = block.raw, block.each(), block.values()
            block.decoded()


def _positions() -> list[bytes]:
    return [encode_positions(FrameBlock("g", "toy", ("a", "b"), np.array([1, 2], np.int64), np.full((2, 2, 3), 0.5, np.float32)))]


def _letters() -> list[bytes]:
    return [encode_letter(DeadLetter("events.toy", "g", "malformed", 5, payload, "x")) for payload in (b"{", toy.track(0.1))]


def _predictions() -> list[bytes]:
    one = Prediction(
        game="g", stat="toy.x", event="e", t_us=1, model="m", version="1", features=np.array([[1.0, np.nan]]),
        answer=np.array([0.5]), quality="final", subjects=("a",),
    )  # fmt: skip
    return [encode_prediction(one)]


def _health() -> list[bytes]:
    operator = toy.final_only(toy.game())
    operator.on_record(toy.track(1.0), 1)
    return [encode_health(Health.of("g", "toy", "kafka", operator.metrics, 1))]


def _plan() -> Plan:
    return Plan(
        game="g", feed="cars", t0_us=0, channels=[PlannedChannel("speed_mps", 100), PlannedChannel("gear", 10)], sources=[1, 2]
    )


def _full_rate(data: bytes) -> None:
    reducer = Reducer()
    for at in range(0, len(data), 977):
        reducer.feed(data[at : at + 977])
    reducer.take(1)
    reducer.finish(1)


def _blocks() -> list[bytes]:
    plan = _plan()
    body = encode_plan(plan)
    for sequence in range(4):
        samples = np.arange(plan.body_bytes(sequence * 100_000, 100_000) // 4, dtype=np.float32).tobytes()
        for source in (1, 2):
            body += encode_head(plan, source, sequence * 100_000, 100_000, sequence, len(samples)) + samples
    return [body]
