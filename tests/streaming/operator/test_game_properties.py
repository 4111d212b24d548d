"""However a stream is cut, shuffled within its lateness, doubled or interrupted, what is final stays the same to the byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.operator.game import GameOperator
from streaming.wire.records import Event, Telemetry
from tests.paths import ROOT
from tests.streaming import helpers
from tests.streaming.toy import T0, TOY, game, mark, track

SECONDS = 14.0
MARKS = [mark(i, 1.05 + 1.37 * i, i % 4, delay_s=0.3 + 0.4 * (i % 3)) for i in range(9)]


def _arrival(record: Telemetry | Event) -> int:
    if isinstance(record.arrival_us, int):
        return record.arrival_us
    return int(record.arrival_us[-1])


def batches(packet: Telemetry, sizes: list[int], events: list[Event] = MARKS) -> list[Telemetry | Event]:
    """The packet in pieces, in its own order, and each event after the first piece that arrived later than it."""
    newest, keyed = 0, []
    for piece in helpers.cut(packet, sizes):
        newest = max(newest, _arrival(piece))
        keyed.append((newest, piece))
    return [record for _, record in sorted([*keyed, *((e.arrival_us, e) for e in events)], key=lambda pair: pair[0])]


class Finals(dict):
    """A dict that does not print itself when a test fails."""

    def __repr__(self) -> str:
        return f"<{len(self)} finals>"


@pytest.fixture(scope="module")
def whole() -> Finals:
    found = Finals(helpers.finals(helpers.run(TOY, game(), batches(track(SECONDS), [5]))))
    assert len(found) > 600
    return found


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_any_cut_of_the_stream_gives_the_same_finals(whole, sizes):
    assert helpers.finals(helpers.run(TOY, game(), batches(track(SECONDS), sizes))) == whole


def test_whole_match_in_one_batch_gives_the_same_finals(whole):
    operator = GameOperator(TOY, game())
    out = helpers.batch(operator, [track(SECONDS), *MARKS]) + operator.finish()
    assert helpers.finals(out) == whole


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 60), twice=st.floats(0, 0.5))
def test_disorder_within_lateness_and_duplicates_change_no_final(whole, seed, size, twice):
    rng = np.random.default_rng(seed)
    packet = track(SECONDS)
    extra = np.flatnonzero(rng.random(len(packet)) < twice)
    rows = np.concatenate((np.arange(len(packet)), extra))
    # less than the lateness of 100 ms, and the doubled ones come within it too
    order = np.argsort(packet.t_us[rows] + rng.uniform(0, 90_000, len(rows)), kind="stable")
    shuffled = packet.take(rows[order])
    events = [e for e in MARKS for _ in range(1 + int(rng.random() < twice))]
    out = helpers.run(TOY, game(), batches(shuffled, [size], events))
    assert helpers.finals(out) == whole
    assert helpers.dead(out) == {}


@settings(max_examples=10, deadline=None)
@given(at=st.integers(0, 360), size=st.integers(3, 40))
def test_snapshot_and_restore_at_any_record_change_no_final(whole, at, size):
    stream = batches(track(SECONDS), [size])
    at = min(at, len(stream))
    first = GameOperator(TOY, game())
    out = helpers.play(first, stream[:at], end=False)
    second = GameOperator(TOY, game())
    second.restore(first.snapshot())
    assert helpers.finals(out + helpers.play(second, stream[at:])) == whole


@pytest.mark.slow
def test_new_process_goes_on_from_a_snapshot_to_the_same_finals(whole, tmp_path: Path):
    stream = batches(track(SECONDS), [25])
    first = GameOperator(TOY, game())
    out = helpers.play(first, stream[:100], end=False)
    (tmp_path / "snapshot").write_bytes(first.snapshot())
    program = """
import sys
from tests.streaming import helpers
from tests.streaming.operator import test_game_properties as here
from tests.streaming.toy import TOY, game, track
operator = here.GameOperator(TOY, game())
operator.restore(open(sys.argv[1], 'rb').read())
found = helpers.finals(helpers.play(operator, here.batches(track(here.SECONDS), [25])[100:]))
sys.stdout.buffer.write(b'\\n'.join(found.values()))
"""
    root = ROOT
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "snapshot")], cwd=root, capture_output=True, check=True)
    rest = done.stdout.split(b"\n")
    assert sorted([*helpers.finals(out).values(), *rest]) == sorted(whole.values())


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.integers(1, 700), min_size=1, max_size=4))
def test_bad_and_late_samples_and_corrections_do_not_depend_on_the_cut(seed, sizes):
    """One clock 300 ms behind, leaps, gaps and rubbish: what is late is late by its own arrival, not by the packet it is in."""
    rng = np.random.default_rng(seed)
    packet = track(SECONDS)
    slow = packet.tag == 11
    packet.arrival_us = packet.arrival_us + np.where(slow, 300_000, 0)
    packet.x_m = np.where(rng.random(len(packet)) < 0.003, np.nan, packet.x_m).astype(np.float32)
    packet.y_m = np.where(rng.random(len(packet)) < 0.003, 60.0, packet.y_m).astype(np.float32)
    packet = packet.take(np.argsort(packet.arrival_us, kind="stable"))
    events = [
        *MARKS,
        mark(2, 3.79, 3, revision=1, delay_s=2.0),
        mark(3, 5.16, 1, revision=1, delay_s=7.5),
        mark(1, 2.42, 1, revision=1, deleted=True, delay_s=9.7),
    ]
    results = []
    for chunks in ([1], sizes, None):
        operator = GameOperator(TOY, game())
        if chunks is None:
            out = helpers.batch(operator, [packet, *events]) + operator.finish()
        else:
            out = helpers.batch(operator, [*helpers.cut(packet, chunks), *events]) + operator.finish()
        results.append((Finals(helpers.finals(out)), helpers.dead(out)))
    assert results[0] == results[1] == results[2]
    assert results[0][1]["late"] > 100


def test_unaligned_tags_with_disorder_give_the_same_finals():
    record = game(aligned=False, rate_hz=20)
    packet = track(SECONDS, hz=20)
    # every tag on its own clock phase
    packet.t_us = packet.t_us + (packet.tag.astype(np.int64) * 7919) % 50_000
    order = np.argsort(packet.t_us, kind="stable")
    packet = packet.take(order)
    packet.arrival_us = packet.t_us + 4000
    plain = helpers.finals(helpers.run(TOY, record, helpers.cut(packet, [3])))
    rng = np.random.default_rng(5)
    jumbled = packet.take(np.argsort(packet.t_us + rng.uniform(0, 95_000, len(packet)), kind="stable"))
    assert helpers.finals(helpers.run(TOY, record, helpers.cut(jumbled, [1, 50, 333]))) == plain
    speeds = [u.value for u in helpers.updates(helpers.run(TOY, record, [packet])) if u.stat == "toy.player.speed"]
    assert sum(v is not None for v in speeds) > 0.95 * len(speeds)


def test_gap_in_the_feed_gives_the_same_finals_for_any_cut():
    packet = track(30.0)
    lost = (packet.t_us > T0 + 8_000_000) & (packet.t_us < T0 + 21_300_000)
    packet = packet.take(~lost)
    stream = [mark(1, 3.0), mark(2, 14.0), mark(3, 25.0)]
    results = []
    for sizes in ([5], [3, 77], [4000]):
        operator = GameOperator(TOY, game())
        out = [] if sizes == [4000] else helpers.play(operator, batches(packet, sizes, stream))
        if not out:
            out = helpers.batch(operator, [packet, *stream]) + operator.finish()
        results.append(helpers.finals(out))
    assert results[0] == results[1] == results[2]
    speeds = [u for u in helpers.updates(helpers.run(TOY, game(), [packet])) if u.stat == "toy.player.speed" and u.subject == "r0"]
    missing = [u for u in speeds if u.value is None]
    # the first window of a gap ends the value; the silence after it says nothing
    assert len(missing) == 1
    assert len(speeds) < 95
