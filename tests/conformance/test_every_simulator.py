"""Every sport that can be simulated, through the real operator with its real models: the final stats are the same bytes
however the stream is cut, shuffled within its lateness, doubled, or carried over to another process."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from simulators.catalogue import simulators
from streaming.factory import operator_for
from streaming.wire.records import Event, GameRecord, Telemetry
from tests.paths import ROOT
from tests.small_simulators import small_simulator
from tests.streaming import helpers

MINUTES = 2.0
SEED = 11
Stream = list[Telemetry | Event]


@lru_cache
def played(sport: str) -> tuple[GameRecord, Stream]:
    world = small_simulator(sport, SEED, MINUTES)
    return world.record, list(world.stream())


def finals(record: GameRecord, stream: Stream) -> dict[tuple[str, int], bytes]:
    return helpers.finals(helpers.play(operator_for(record, strict=True), stream))


@lru_cache
def expected(sport: str) -> dict[tuple[str, int], bytes]:
    return finals(*played(sport))


def same(found: dict[tuple[str, int], bytes], sport: str) -> None:
    """Fail with what differs, not with ten thousand lines of what does not."""
    wanted = expected(sport)
    odd = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
    assert not odd, f"{len(odd)} of {len(wanted)} differ, such as {wanted.get(odd[0])!r} and {found.get(odd[0])!r}"


def telemetry(stream: Stream) -> Telemetry:
    """All samples of a stream as one packet, each with its own arrival."""
    packets = [r for r in stream if isinstance(r, Telemetry)]
    names = sorted({name for p in packets for name in p.channels})
    lengths = [len(p) for p in packets]
    return Telemetry(
        packets[0].game,
        packets[0].feed,
        *(np.concatenate([getattr(p, n) for p in packets]) for n in ("t_us", "tag", "x_m", "y_m", "z_m")),
        np.concatenate([np.full(n, p.arrival_us) for n, p in zip(lengths, packets)]),
        channels={k: np.concatenate([p.channels.get(k, np.full(len(p), np.nan, np.float32)) for p in packets]) for k in names},
    )


def merged(packet: Telemetry, sizes: list[int], events: list[Event]) -> Stream:
    """The packet in pieces, each event after the first piece that holds something which arrived later."""
    newest, keyed = 0, []
    for piece in helpers.cut(packet, sizes):
        newest = max(newest, int(np.max(piece.arrival_us)))
        keyed.append((newest, piece))
    return [r for _, r in sorted([*keyed, *((e.arrival_us, e) for e in events)], key=lambda pair: pair[0])]


@pytest.mark.parametrize("sport", simulators())
class TestEverySimulator:
    @pytest.mark.slow
    def test_simulated_game_has_finals_to_compare(self, sport):
        _, stream = played(sport)
        assert sum(isinstance(r, Event) for r in stream) > 20
        assert len(expected(sport)) > 10_000

    @pytest.mark.parametrize(
        "sizes",
        [
            # whole frames of some: the uneven one goes through frames and windows, and is what the inner loop needs
            pytest.param([23 * 7], id="seven frames", marks=pytest.mark.slow),
            pytest.param([1000, 17, 5000], id="uneven"),
            pytest.param([400_000], id="all at once", marks=pytest.mark.slow),
        ],
    )
    def test_any_cut_gives_the_same_finals(self, sport, sizes):
        record, stream = played(sport)
        events = [r for r in stream if isinstance(r, Event)]
        packet = telemetry(stream)
        if sizes == [400_000]:
            operator = operator_for(record)
            same(helpers.finals(helpers.batch(operator, [packet, *events]) + operator.finish()), sport)
        else:
            same(finals(record, merged(packet, sizes, events)), sport)

    def test_disorder_and_duplicates_change_no_final(self, sport):
        record, stream = played(sport)
        rng = np.random.default_rng(3)
        lateness_us = 1000 * min(f.lateness_ms for f in record.feeds if f.kind == "telemetry")
        packet = telemetry(stream)
        rows = np.concatenate((np.arange(len(packet)), np.flatnonzero(rng.random(len(packet)) < 0.2)))
        order = np.argsort(packet.t_us[rows] + rng.uniform(0, 0.95 * lateness_us, len(rows)), kind="stable")
        events = [r for r in stream if isinstance(r, Event) for _ in range(int(rng.integers(1, 3)))]
        operator = operator_for(record)
        out = helpers.play(operator, merged(packet.take(rows[order]), [23, 100, 7], events))
        same(helpers.finals(out), sport)
        assert operator.metrics.counts["duplicate", "duplicate"] == len(rows) - len(packet)
        assert helpers.dead(out) == {}

    @pytest.mark.slow
    def test_restore_in_another_process_gives_the_same_finals(self, sport, tmp_path: Path):
        record, stream = played(sport)
        at = len(stream) // 3
        first = operator_for(record)
        out = helpers.play(first, stream[:at], end=False)
        (tmp_path / "snapshot").write_bytes(first.snapshot())
        program = f"""
import sys
from tests.conformance import test_every_simulator as here
record, stream = here.played({sport!r})
operator = here.operator_for(record)
operator.restore(open(sys.argv[1], 'rb').read())
sys.stdout.buffer.write(b'\\n'.join(here.helpers.finals(here.helpers.play(operator, stream[{at}:])).values()))
"""
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "snapshot")],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        assert sorted([*helpers.finals(out).values(), *done.stdout.split(b"\n")]) == sorted(expected(sport).values())

    @pytest.mark.slow
    def test_same_seed_gives_the_same_finals(self, sport):
        world = small_simulator(sport, SEED, MINUTES)
        same(finals(world.record, list(world.stream(50))), sport)

    def test_ended_game_frees_its_memory(self, sport):
        """Its frame buffer is freed with the operator, by counting references: the collector of cycles ignores its size."""
        record, stream = played(sport)
        operator = operator_for(record)
        helpers.play(operator, stream[: len(stream) // 4])
        buffer = weakref.ref(operator.frame_buffer)
        gc.disable()
        try:
            del operator
            assert buffer() is None
        finally:
            gc.enable()
