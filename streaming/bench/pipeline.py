"""One game in one process: codec, window, gateway, replay, kinematics, and how soon a command starts."""

from __future__ import annotations

import gc
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from streaming.bench.figures import figure
from streaming.bench.timing import Result, quantiles, timed


def codec() -> Result:
    """A 23-entity frame to bytes and back; the floor packs and unpacks the same fields with struct."""
    from streaming.wire.records import Telemetry, decode_telemetry, encode_telemetry

    rng = np.random.default_rng(1)
    n = 23
    xyz = rng.normal(0, 20, (3, n)).astype(np.float32)
    packet = Telemetry(
        "soccer-7", "tracking", np.full(n, 1_700_000_000_000_000), np.arange(n, dtype=np.uint32), xyz[0], xyz[1], xyz[2], 1
    )
    layout = struct.Struct(f"<{n}q{n}I{3 * n}f")
    values = [*packet.t_us.tolist(), *packet.tag.tolist(), *xyz.ravel().tolist()]
    figures = timed(lambda: decode_telemetry(encode_telemetry(packet)), 400, 50)
    floor = timed(lambda: layout.unpack(layout.pack(*values)), 400, 50)
    return {
        "what": "encode and decode a packet of one frame, 23 entities",
        "figures": figures | {"bytes": len(encode_telemetry(packet))},
        "floor": {"struct_" + k: v for k, v in floor.items()},
        "target": "<= 5 us",
    }


def _simulator(minutes: float, sport: str = "soccer") -> Any:
    from simulators.catalogue import open_simulator

    return open_simulator(sport, 7, minutes)


def window(minutes: float = 6.0, sport: str = "soccer") -> Result:
    """Live, a frame at a time: the record that closes a window arrives -> every stat of it is with the sink."""
    from streaming.factory import operator_for
    from streaming.operator.game import GameOperator
    from streaming.sinks import ListSink

    simulator = _simulator(minutes, sport)
    records = list(simulator.stream())
    operator: GameOperator = operator_for(simulator.record)
    warm = operator_for(simulator.record)
    for record in records[:1500]:
        warm.on_record(record)
    gc.collect()
    gc.freeze()
    times, sink = [], ListSink()
    for record in records:
        windows = operator.metrics.windows
        start = time.perf_counter_ns()
        out = operator.on_record(record)
        sink.write(out, 0)
        spent = time.perf_counter_ns() - start
        if operator.metrics.windows != windows:
            times.append(spent / 1000)
        sink.outputs.clear()
        sink.published_us.clear()
    gc.unfreeze()
    one = np.zeros((10, 41))
    from features.core.compiled import kernel

    @kernel
    def touch(x: Any) -> float:
        total = 0.0
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total += x[i, j]
        return total

    touch(one)
    floor = timed(lambda: touch(one), 400, 50)
    slowest = sorted(
        zip(operator.metrics.step_ns / np.maximum(operator.metrics.step_calls, 1), operator.metrics.steps), reverse=True
    )
    return {
        "what": f"window closed -> all its stats published, in-process, {len(operator.metrics.steps)} named steps",
        "figures": quantiles(times) | {"windows": len(times), "steps": len(operator.metrics.steps)},
        "slowest_us": {name: figure(ns / 1000) for ns, name in slowest[:8]},
        "floor": {"empty_compiled_step_" + k: v for k, v in floor.items()},
        "target": "p50 <= 300 us, p99 <= 1,000 us",
    }


def websocket() -> Result:
    """The same through the gateway to a WebSocket client on loopback; the floor is a bare echo of the same bytes."""
    from streaming.bench.gateway import websocket_latency

    measured = websocket_latency()
    return {
        "what": "window closed -> its stats with a WebSocket client on loopback",
        "figures": {k: v for k, v in measured.items() if not k.startswith("floor")},
        "floor": {k.removeprefix("floor_"): v for k, v in measured.items() if k.startswith("floor")},
        "target": "p99 <= 10,000 us",
    }


def replay(minutes: float = 90.0) -> Result:
    """A recorded match from disk through every step; the floor reads the same columns and adds them up."""
    from streaming.factory import operator_for
    from streaming.recordings.reader import Recording, Writer
    from streaming.runners.embedded import EmbeddedRunner
    from streaming.wire.records import Telemetry

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "match"
        simulator = _simulator(minutes)
        with Writer(path, simulator.record) as writer:
            for record in simulator.stream(50):
                writer.write(record)
        recording = Recording(path)
        warm = operator_for(recording.game, draw=False, provisional=False)
        for record, _ in zip(recording.records(), range(3)):
            warm.on_record(record)
        start = time.perf_counter()
        total = 0.0
        for record in recording.records():
            if isinstance(record, Telemetry):
                total += float(record.x_m.sum() + record.y_m.sum() + record.z_m.sum()) + int(record.t_us[-1])
        floor_s = time.perf_counter() - start
        operator = operator_for(recording.game, draw=False, provisional=False)
        start, cpu = time.perf_counter(), time.process_time()
        EmbeddedRunner(operator, []).run(recording.records())
        took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    played_s = minutes * 60
    return {
        "what": f"replay of a {minutes:g}-minute match, 23 entities at 25 Hz, every stat, from Parquet",
        "figures": {
            "times_real_time": figure(played_s / took_s),
            "took_s": figure(took_s),
            "cpu_s": figure(cpu_s),
            "windows": operator.metrics.windows,
        },
        "floor": {"read_and_add_s": figure(floor_s)},
        "target": ">= 1,000 times real time on one core",
    }


def kinematics() -> Result:
    """Bytes in, kinematics of every window, bytes out: decode, order, frame, speed and distance, encode; against a pass of
    numpy over the same samples."""
    from dataclasses import replace

    from streaming.factory import sport_named
    from streaming.operator.game import GameOperator
    from streaming.wire.records import Telemetry, decode_telemetry, encode_telemetry

    sport = sport_named("soccer")
    keep = {"motion.velocity", "motion.speed", "motion.distance"}
    steps = tuple(step for step in sport.steps if step.name in keep)
    small = replace(sport, steps=steps, event_steps=(), stats=tuple(s for s in sport.stats if s.id == "soccer.player.speed"))
    simulator = _simulator(4.0)
    raw = [encode_telemetry(r) for r in simulator.stream(25) if isinstance(r, Telemetry)]
    samples = sum(len(decode_telemetry(r)) for r in raw)
    took_s, floor_s = [], []
    columns = 0
    # The first of several games is played with nothing in the caches, and on a shared machine any of them may be disturbed.
    for _ in range(9):
        operator, columns = GameOperator(small, simulator.record, draw=False), 0
        start = time.perf_counter()
        for bytes_in in raw:
            for block in operator.on_record(decode_telemetry(bytes_in)):
                columns += len(block.values.tobytes())  # type: ignore[union-attr]
        took_s.append(time.perf_counter() - start)
        start = time.perf_counter()
        for bytes_in in raw:
            packet = decode_telemetry(bytes_in)
            np.hypot(np.diff(packet.x_m), np.diff(packet.y_m)).sum()
        floor_s.append(time.perf_counter() - start)
    return {
        "what": "kinematics alone, a second of samples per packet, decode and encode included",
        "figures": {
            "samples_per_s": figure(samples / float(np.median(took_s))),
            "best_samples_per_s": figure(samples / min(took_s)),
            "samples": samples,
            "result_bytes": columns,
        },
        "floor": {"numpy_pass_samples_per_s": figure(samples / float(np.median(floor_s)))},
        "target": ">= 5,000,000 samples/s/core",
    }


def start() -> Result:
    """``touchline --help`` as a process; the floor is the bare interpreter."""

    def run(command: list[str]) -> float:
        best = []
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            best.append(time.perf_counter() - began)
        return figure(float(np.median(best)))

    return {
        "what": "touchline --help, as a process",
        "figures": {"median_s": run([sys.executable, "-m", "streaming.cli", "--help"])},
        "floor": {"python_median_s": run([sys.executable, "-c", "pass"])},
        "target": "<= 0.4 s",
    }
