"""Telemetry of cars at full rate: made, received, decoded, reduced, recorded."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from streaming.bench.figures import figure
from streaming.bench.timing import Result


def _blocks(held_bytes: int) -> tuple[Any, list[bytes]]:
    """The plan's bytes and so many blocks of a simulated race, from the start on."""
    from simulators.f1.full_rate import FullRate
    from simulators.f1.game import GrandPrix

    full = FullRate(GrandPrix(7, 4.0))
    kept, size = [], 0
    for block in full:
        kept.append(bytes(block))
        size += len(block)
        if size >= held_bytes:
            break
    # whole rounds of all cars, so that the blocks can be sent again with later times
    per_hop = full.cars * 5
    return full, kept[: 1 + (len(kept) - 1) // per_hop * per_hop]


def _send(port: int, held_bytes: int, times: int) -> None:
    """A sender process: the held blocks again and again, each time later."""
    from streaming.reducing.blocks import PREFIX

    full, kept = _blocks(held_bytes)
    plan, blocks = kept[0], [bytearray(block) for block in kept[1:]]
    stretch_us = len(blocks) // full.cars * 20_000
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(plan)
        for _ in range(times):
            for block in blocks:
                connection.sendall(block)
            for block in blocks:
                fields = list(PREFIX.unpack_from(block))
                fields[6] += stretch_us
                PREFIX.pack_into(block, 0, *fields)


@contextmanager
def _sender(held_bytes: int, times: int) -> Iterator[socket.socket]:
    server = socket.create_server(("127.0.0.1", 0))
    process = get_context("spawn").Process(target=_send, args=(server.getsockname()[1], held_bytes, times), daemon=True)
    process.start()
    try:
        connection, _ = server.accept()
        with connection:
            connection.recv(1, socket.MSG_PEEK)  # the sender has made its blocks
            yield connection
    finally:
        server.close()
        process.join(30)
        if process.is_alive():
            process.terminate()


def cars(held_bytes: int = 200_000_000, times: int = 20) -> Result:
    """Made at full rate on one core; received over loopback from another process, decoded and reduced to windows of 100 ms; the
    same with the raw blocks recorded. The floors pass over the same bytes in memory, and receive them without reducing. So many
    bytes of raw blocks are held in memory and sent so many ``times``."""
    from simulators.f1.full_rate import FullRate
    from simulators.f1.game import GrandPrix
    from streaming.reducing.kernel import touch
    from streaming.reducing.receiving import RawRecorder, receive
    from streaming.reducing.reducer import Reducer

    full, kept = _blocks(held_bytes)
    data = b"".join(kept)
    figures: dict[str, Any] = {"needed_gb_s": figure(full.bytes_per_second / 1e9)}
    floor: dict[str, Any] = {}

    # warm, then: made, as fast as it goes, motion of the race and all
    making = iter(FullRate(GrandPrix(8, 4.0)))
    for _ in range(200):
        next(making)
    start, made = time.process_time(), 0
    for _, block in zip(range(3 * held_bytes // 10_000), making):
        made += len(block)
    figures["made_gb_s"] = figure(made / (time.process_time() - start) / 1e9)

    words = np.frombuffer(data[: len(data) // 8 * 8], np.uint64)
    touch(words[:1000])
    start = time.perf_counter()
    for _ in range(3):
        touch(words)
    floor["memory_pass_gb_s"] = figure(3 * len(data) / (time.perf_counter() - start) / 1e9)

    Reducer().read(memoryview(data[: len(kept[0]) + 200_000]))
    reducer = Reducer()
    start = time.process_time()
    reducer.read(memoryview(data))
    figures["reduced_in_memory_gb_s"] = figure(len(data) / (time.process_time() - start) / 1e9)

    with _sender(held_bytes, times // 4) as connection:
        room, total = memoryview(bytearray(1 << 20)), 0
        start = time.perf_counter()
        while n := connection.recv_into(room):
            total += n
        floor["received_only_gb_s"] = figure(total / (time.perf_counter() - start) / 1e9)

    packets: list[int] = []

    def deliver(found: list[Any]) -> None:
        packets.extend(len(packet) for packet in found)

    def measured(recorder: Any) -> tuple[float, float]:
        reducer = Reducer()
        with _sender(held_bytes, times if recorder is None else times // 2) as connection:
            start, cpu = time.perf_counter(), time.process_time()
            total = receive(connection, reducer, deliver, lambda: time.time_ns() // 1000, recorder)
            took, spent = time.perf_counter() - start, time.process_time() - cpu
        odd = {key: n for key, n in reducer.counts.items() if key[0] != "accepted"}
        if odd:
            raise RuntimeError(f"the reducer set aside {odd}")
        return total / took / 1e9, total / spent / 1e9

    wall, cpu = measured(None)
    figures |= {"received_and_reduced_gb_s": figure(wall), "per_cpu_second_gb": figure(cpu), "windows": sum(packets)}
    folder = Path(tempfile.mkdtemp(prefix="touchline-raw-", dir=os.environ.get("TOUCHLINE_SCRATCH")))
    try:
        recorder = RawRecorder(folder / "raw")
        wall, cpu = measured(recorder)
        recorder.close()
        figures |= {"recorded_gb_s": figure(wall), "recorded_per_cpu_second_gb": figure(cpu)}
        figures["recorded_bytes"] = recorder.written
    finally:
        shutil.rmtree(folder)
    return {
        "what": "20 cars, 120 channels each at its own rate: made, received over loopback, reduced to 100 ms windows, recorded",
        "figures": figures,
        "floor": floor,
        "target": "made >= 0.375 GB/s, received and reduced >= 1 GB/s a core, recorded >= 0.4 GB/s",
    }
