"""The benchmarks that ``touchline bench`` runs. Each times the real thing and, in the same run, a floor for it."""

from __future__ import annotations

import gc
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Result = dict[str, Any]


def _timed(work: Callable[[], Any], repeat: int, inner: int = 1) -> dict[str, float]:
    """p50 and p99 of one call, us."""
    times = np.empty(repeat)
    for i in range(repeat):
        start = time.perf_counter_ns()
        for _ in range(inner):
            work()
        times[i] = (time.perf_counter_ns() - start) / inner / 1000
    return _quantiles(times)


def _quantiles(times_us: Any) -> dict[str, float]:
    p50, p99 = np.percentile(times_us, [50, 99])
    return {"p50_us": round(float(p50), 2), "p99_us": round(float(p99), 2)}


def codec() -> Result:
    """A 23-entity frame to bytes and back; the floor packs and unpacks the same fields with struct."""
    from streaming.records import Telemetry, decode_telemetry, encode_telemetry

    rng = np.random.default_rng(1)
    n = 23
    xyz = rng.normal(0, 20, (3, n)).astype(np.float32)
    packet = Telemetry(
        "soccer-7", "tracking", np.full(n, 1_700_000_000_000_000), np.arange(n, dtype=np.uint32), xyz[0], xyz[1], xyz[2], 1
    )
    layout = struct.Struct(f"<{n}q{n}I{3 * n}f")
    values = [*packet.t_us.tolist(), *packet.tag.tolist(), *xyz.ravel().tolist()]
    figures = _timed(lambda: decode_telemetry(encode_telemetry(packet)), 400, 50)
    floor = _timed(lambda: layout.unpack(layout.pack(*values)), 400, 50)
    return {
        "what": "encode and decode a packet of one frame, 23 entities",
        "figures": figures | {"bytes": len(encode_telemetry(packet))},
        "floor": {"struct_" + k: v for k, v in floor.items()},
        "target": "<= 5 us",
    }


def _world(minutes: float) -> Any:
    from simulators.worlds import open_world

    return open_world("soccer", 7, minutes)


def window(minutes: float = 6.0) -> Result:
    """Live, a frame at a time: the record that closes a window arrives -> every stat of it is with the sink."""
    from streaming.cli.equipment import operator_for
    from streaming.game import GameOperator
    from streaming.sinks import ListSink

    world = _world(minutes)
    records = list(world.stream())
    operator: GameOperator = operator_for(world.record)
    warm = operator_for(world.record)
    for record in records[:1500]:
        warm.on_record(record)
    gc.collect()
    gc.freeze()
    times, sink = [], ListSink()
    for record in records:
        windows = operator.meters.windows
        start = time.perf_counter_ns()
        out = operator.on_record(record)
        sink.write(out, 0)
        spent = time.perf_counter_ns() - start
        if operator.meters.windows != windows:
            times.append(spent / 1000)
        sink.outputs.clear()
        sink.published_us.clear()
    gc.unfreeze()
    one = np.zeros((10, 41))
    from features.compiled import kernel

    @kernel
    def touch(x: Any) -> float:
        total = 0.0
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total += x[i, j]
        return total

    touch(one)
    floor = _timed(lambda: touch(one), 400, 50)
    slowest = sorted(zip(operator.meters.step_ns / np.maximum(operator.meters.step_calls, 1), operator.meters.steps), reverse=True)
    return {
        "what": f"window closed -> all its stats published, in-process, {len(operator.meters.steps)} named steps",
        "figures": _quantiles(times) | {"windows": len(times), "steps": len(operator.meters.steps)},
        "slowest_us": {name: round(ns / 1000, 1) for ns, name in slowest[:8]},
        "floor": {"empty_compiled_step_" + k: v for k, v in floor.items()},
        "target": "p50 <= 300 us, p99 <= 1,000 us",
    }


def websocket() -> Result:
    """The same through the gateway to a WebSocket client on loopback; the floor is a bare echo of the same bytes."""
    from streaming.web.benchmark import websocket_latency

    measured = websocket_latency()
    return {
        "what": "window closed -> its stats with a WebSocket client on loopback",
        "figures": {k: v for k, v in measured.items() if not k.startswith("floor")},
        "floor": {k.removeprefix("floor_"): v for k, v in measured.items() if k.startswith("floor")},
        "target": "p99 <= 10,000 us",
    }


def replay(minutes: float = 90.0) -> Result:
    """A recorded match from disk through every step; the floor reads the same columns and adds them up."""
    from streaming.cli.equipment import operator_for
    from streaming.recording import Recording, Writer
    from streaming.records import Telemetry
    from streaming.runners.embedded import EmbeddedRunner

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "match"
        world = _world(minutes)
        with Writer(path, world.record) as writer:
            for record in world.stream(50):
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
            "times_real_time": round(played_s / took_s), "took_s": round(took_s, 2), "cpu_s": round(cpu_s, 2),
            "windows": operator.meters.windows,
        },
        "floor": {"read_and_add_s": round(floor_s, 2)},
        "target": ">= 1,000 times real time on one core",
    }  # fmt: skip


def kinematics() -> Result:
    """Bytes in, kinematics of every window, bytes out: decode, order, frame, speed and distance, encode; against a pass of
    numpy over the same samples."""
    from dataclasses import replace

    from streaming.cli.equipment import sport_named
    from streaming.game import GameOperator
    from streaming.records import Telemetry, decode_telemetry, encode_telemetry

    sport = sport_named("soccer")
    keep = {"motion.velocity"}
    steps = tuple(step for step in sport.steps if step.name in keep)
    small = replace(sport, steps=steps, event_steps=(), stats=tuple(s for s in sport.stats if s.id == "soccer.player.speed"))
    world = _world(4.0)
    raw = [encode_telemetry(r) for r in world.stream(25) if isinstance(r, Telemetry)]
    samples = sum(len(decode_telemetry(r)) for r in raw)
    GameOperator(small, world.record, draw=False).on_record(decode_telemetry(raw[0]))
    operator = GameOperator(small, world.record, draw=False)
    start = time.perf_counter()
    columns = 0
    for bytes_in in raw:
        for block in operator.on_record(decode_telemetry(bytes_in)):
            columns += len(block.values.tobytes())  # type: ignore[union-attr]
    took_s = time.perf_counter() - start
    start = time.perf_counter()
    for bytes_in in raw:
        packet = decode_telemetry(bytes_in)
        np.hypot(np.diff(packet.x_m), np.diff(packet.y_m)).sum()
    floor_s = time.perf_counter() - start
    return {
        "what": "kinematics alone, a second of samples per packet, decode and encode included",
        "figures": {"samples_per_s": round(samples / took_s), "samples": samples, "result_bytes": columns},
        "floor": {"numpy_pass_samples_per_s": round(samples / floor_s)},
        "target": ">= 5,000,000 samples/s/core",
    }


def xgoals() -> Result:
    from models.benchmarks import xgoals_prediction

    return _model(xgoals_prediction(), "one xGoals prediction in-process, 500 trees x depth 6", "p50 <= 15 us")


def attribution() -> Result:
    from models.benchmarks import attribution as measured

    return _model(measured(), "attribution of one prediction, 200 trees x depth 6", "p50 <= 300 us")


def _model(measured: dict[str, Any], what: str, target: str) -> Result:
    figures = {k: round(v, 1) for k, v in measured.items() if k.endswith("_us")}
    floor = {f"{peer}_p50_us": round(found["p50_us"], 1) for peer, found in measured["floor"].items()}
    return {"what": what, "figures": figures, "floor": floor, "target": target}


def start() -> Result:
    """``touchline --help`` as a process; the floor is the bare interpreter."""

    def run(command: list[str]) -> float:
        best = []
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            best.append(time.perf_counter() - began)
        return round(float(np.median(best)), 3)

    return {
        "what": "touchline --help, as a process",
        "figures": {"median_s": run([sys.executable, "-m", "streaming.cli", "--help"])},
        "floor": {"python_median_s": run([sys.executable, "-c", "pass"])},
        "target": "<= 0.4 s",
    }


def _load(seconds: float) -> Any:
    """A game that is sent as many, so many seconds long."""
    from streaming.kafka.load import Load

    world = _world(1.5)
    return Load(world.record, world.stream(), seconds)


def _broker() -> str:
    """Where the broker is; ``Unavailable`` with one sentence, and at once, when nobody listens there."""
    from streaming.errors import Unavailable
    from streaming.kafka.benchmark import ENVIRONMENT
    from streaming.kafka.settings import parse

    url = os.environ.get(ENVIRONMENT, "kafka://127.0.0.1:9092")
    for server in parse(url).servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), 5.0).close()
        except OSError:
            continue
        return url
    raise Unavailable(f"no broker answers at {url}: make up starts one on this machine, {ENVIRONMENT} says where another is")


def _cluster() -> str:
    """The same of the Flink cluster."""
    from streaming.flink.benchmark import ENVIRONMENT
    from streaming.flink.rest import Rest

    rest = Rest(os.environ.get(ENVIRONMENT, "http://127.0.0.1:8081"))
    rest.slots()
    return rest.url


def kafka(seconds: float = 24.0) -> Result:
    """Ten games through a real broker both ways; the floor answers each message at once with as many bytes."""
    from streaming.kafka.benchmark import kafka_latency

    measured = kafka_latency(_broker(), _load(seconds))
    return {
        "what": "window closed -> its stats with a subscriber on a real broker, 10 games, embedded runner",
        "figures": {k: v for k, v in measured.items() if not k.startswith("floor")},
        "floor": {"relay_" + k.removeprefix("floor_"): v for k, v in measured.items() if k.startswith("floor")},
        "target": "p99 <= 50,000 us, read uncommitted; committed adds the commit interval",
    }


def flink(seconds: float = 24.0) -> Result:
    """The same on a Flink cluster, Python beside the TaskManager and in it."""
    from streaming.flink.benchmark import flink_latency

    url = _broker()
    measured = flink_latency(url, _cluster(), _load(seconds))
    return {
        "what": "window closed -> its stats with a subscriber, 10 games on one slot of a real Flink cluster",
        "figures": {k: v for k, v in measured.items() if not k.startswith("floor")},
        "floor": {"relay_" + k.removeprefix("floor_"): v for k, v in measured.items() if k.startswith("floor")},
        "target": "p99 <= 250,000 us in process mode, <= 50,000 us in thread mode, read uncommitted",
    }


def flink_curve(seconds: float = 17.0) -> Result:
    """Games at once against latency and CPU, for each profile on one and on two slots."""
    from streaming.flink.benchmark import BUDGETS_US, curve, keep

    url, cluster = _broker(), _cluster()
    load, rows = _load(seconds), []
    for profile in ("embedded", "process", "thread"):
        for slots in (1, 2):
            rows += curve(url, cluster, load, profile, slots)
    drawing, _ = keep(rows, Path(os.environ.get("TOUCHLINE_CURVE", "docs")))
    figures: dict[str, int] = {}
    for row in rows:
        key = f"{row['profile']}_{row['slots']}_slots_games"
        figures.setdefault(key, 0)
        if row["p99_us"] <= BUDGETS_US[row["profile"]]:
            figures[key] = row["games"]
    return {
        "what": f"most games at once within the budget; drawn in {drawing}",
        "figures": figures,
        "floor": {"one_game_p50_us": min(row["p50_us"] for row in rows)},
        "target": "p99 <= 250,000 us in process mode, <= 50,000 us in thread mode and embedded",
    }
