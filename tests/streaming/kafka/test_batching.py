"""Samples gathered to a window: no final changes, nothing arrives later, and events keep their place among the samples."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.catalogue import open_simulator
from streaming.factory import operator_for, sport_named
from streaming.kafka.batching import FULL, WindowBatcher
from streaming.operator.game import GameOperator
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event, Telemetry, encode_telemetry
from tests.streaming import helpers
from tests.streaming.toy import TOY, game, mark, track

ALIGNED = {"aligned": game(), "on their own clocks": game(aligned=False)}


def packed(records, record=None, sport=TOY) -> list[Telemetry | Event]:  # type: ignore[no-untyped-def]
    """As an ingress sends them: waiting samples go before an event."""
    packer = WindowBatcher(sport, record or game())
    out: list[Telemetry | Event] = []
    for one in records:
        out.extend(packer.add(one) if isinstance(one, Telemetry) else [*packer.flush(), one])
    return [*out, *packer.flush()]


def stream(seconds: float = 8.0, sizes: tuple[int, ...] = (5,), marks: tuple[float, ...] = (1.0, 2.5, 2.5, 6.9)):
    """Packets and marks in the order of their arrival."""
    records = [*helpers.cut(track(seconds), list(sizes)), *(mark(i, t) for i, t in enumerate(marks))]
    return sorted(records, key=lambda r: r.arrival_us if isinstance(r.arrival_us, int) else int(r.arrival_us[-1]))


def samples(records) -> bytes:  # type: ignore[no-untyped-def]
    """Every sample in order, with its own arrival."""
    rows = [r for r in records if isinstance(r, Telemetry)]
    columns = [np.concatenate([getattr(r, name) for r in rows]) for name in ("t_us", "tag", "x_m", "y_m", "z_m")]
    arrivals = [np.full(len(r), r.arrival_us) if isinstance(r.arrival_us, int) else r.arrival_us for r in rows]
    channels = [np.concatenate([r.channels["in_play"] for r in rows])]
    return b"".join(c.tobytes() for c in (*columns, np.concatenate(arrivals), *channels))


@pytest.mark.parametrize("how", ALIGNED)
def test_batching_changes_no_final(how):
    plain, gathered = stream(), packed(stream(), ALIGNED[how])
    assert len(gathered) < len(plain) / 3
    assert samples(gathered) == samples(plain)
    want = helpers.finals(helpers.run(TOY, ALIGNED[how], plain))
    assert len(want) > 200
    assert helpers.finals(helpers.run(TOY, ALIGNED[how], gathered)) == want


@pytest.mark.slow
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.lists(st.floats(0.1, 5.5), max_size=5).map(tuple),
    st.sampled_from(list(ALIGNED)),
)
@settings(max_examples=40)
def test_batching_of_any_cut_changes_no_final(sizes, marks, how):
    plain = stream(6.0, tuple(sizes), marks)
    gathered = packed(plain, ALIGNED[how])
    assert samples(gathered) == samples(plain)
    assert helpers.finals(helpers.run(TOY, ALIGNED[how], gathered)) == helpers.finals(helpers.run(TOY, ALIGNED[how], plain))


@pytest.mark.parametrize("how", ALIGNED)
def test_packet_ends_with_the_sample_that_closes_a_window(how):
    # One sample at a time says which of them closes a window; that one must be the last of its packet.
    record, frames = ALIGNED[how], helpers.cut(track(6.0), [5])

    def windows(operator: GameOperator, packet: Telemetry) -> int:
        return sum(len(b.end_us) for b in operator.on_record(packet) if isinstance(b, StatBlock) and b.stat == "toy.player.speed")

    single = GameOperator(TOY, record)
    closing = [int(frame.t_us[-1]) for frame in frames if windows(single, frame)]
    gathered = packed(frames, record)
    operator = GameOperator(TOY, record)
    closed = [windows(operator, packet) for packet in gathered]
    ends = [int(packet.t_us[-1]) for packet, n in zip(gathered, closed, strict=True) if n]
    assert len(closing) > 20
    assert ends == closing, "no window closes later than it would frame by frame, and none sooner"
    assert max(closed) == 1
    assert closed.count(0) <= 5, "and but for those before the first window every packet closes one"


def test_waiting_samples_are_sent_before_an_event():
    gathered = packed(stream())
    events = [i for i, r in enumerate(gathered) if isinstance(r, Event)]
    assert len(events) == 4
    for i in events:
        arrival_us = gathered[i].arrival_us
        before = [r for r in gathered[:i] if isinstance(r, Telemetry)]
        after = [r for r in gathered[i:] if isinstance(r, Telemetry)]
        assert max(int(np.max(r.arrival_us)) for r in before) <= arrival_us
        assert min((int(np.min(r.arrival_us)) for r in after), default=arrival_us) >= arrival_us


def test_packets_of_different_feeds_or_channels_are_not_mixed():
    frames = helpers.cut(track(0.4), [5])
    frames[3].feed = "other"
    frames[6].channels = {}
    gathered = packed(frames)
    kinds = [kind for kind, _ in groupby((r.feed, tuple(r.channels)) for r in gathered)]
    plain, other, bare = ("tracking", ("in_play",)), ("other", ("in_play",)), ("tracking", ())
    assert kinds == [plain, other, plain, bare, plain]
    assert sum(map(len, gathered)) == sum(map(len, frames))


def test_samples_wait_at_most_a_window_and_no_packet_is_empty():
    packer = WindowBatcher(TOY, game())
    (one,) = helpers.cut(track(0.04), [5])
    assert packer.add(one.take(slice(0, 0))) == []
    still = helpers.cut(track(0.2), [5])[0]  # the same instant again and again: no window ever closes
    sent = [packet for _ in range(FULL // len(still) + 2) for packet in packer.add(still)]
    assert sent
    assert all(0 < len(packet) < FULL + len(still) for packet in sent)
    packer.add(still)
    assert len(packer.flush()) == 1
    assert packer.flush() == []


def test_single_packet_is_passed_on_unchanged():
    whole = track(2.0)
    (back,) = packed([whole])
    assert back is whole
    assert encode_telemetry(back) == encode_telemetry(track(2.0))


@pytest.mark.slow
def test_batching_of_a_simulated_match_changes_no_final():
    world = open_simulator("soccer", 7, 1.0)
    finals = []
    for gather in (False, True):
        records = list(world.stream())
        if gather:
            frames, records = len(records), packed(records, world.record, sport_named("soccer"))
            assert len(records) < frames / 3
        finals.append(helpers.finals(helpers.play(operator_for(world.record), records)))
    assert len(finals[0]) > 20_000
    assert finals[0] == finals[1]
