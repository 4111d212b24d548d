"""How long a window's stats take from the operator's hands to a WebSocket client in another process, beside a bare server
that sends the very same bytes from the same thread, in turns, in the same run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np

from streaming.bench.figures import figure
from streaming.errors import Unavailable
from streaming.threads import WatchedThread
from streaming.wire.blocks import FrameBlock, StatBlock
from streaming.wire.records import Entity, GameRecord, Team

TEAM = 11
#: what is thrown away at the start of a run: caches, first allocations
WARM = 25
#: how long the server beside it may take to come up
START_S = 60.0


def _game(sport: str) -> GameRecord:
    entities = [Entity(id=f"{team}-{i}", team=team, shirt=i) for team in ("home", "away") for i in range(1, TEAM + 1)]
    return GameRecord(
        game="benchmark",
        sport=sport,
        t0_us=0,
        teams=(Team(id="home", name="Home"), Team(id="away", name="Away")),
        entities=[*entities, Entity(id="ball", role="ball")],
        tags=[],
        feeds=[],
        periods=[],
    )


def _window(sport: Any, record: GameRecord, k: int, rng: np.random.Generator) -> list[StatBlock | FrameBlock]:
    """What an operator publishes when a window closes: every window stat of the sport, and five frames to draw."""
    players = tuple(e.id for e in record.entities if e.team)
    subjects = {"player": players, "team": ("home", "away"), "ball": ("ball",), "match": ("match",)}
    end_us = np.array([k * 200_000], np.int64)
    blocks: list[StatBlock | FrameBlock] = []
    for stat in sport.stats:
        if stat.kind != "window":
            continue
        who = subjects[stat.per]
        shape = (1, len(who), len(stat.components)) if stat.components else (1, len(who))
        values = rng.random(shape) * 30
        blocks.append(
            StatBlock(
                stat=stat.id,
                game=record.game,
                sport=record.sport,
                unit=stat.unit,
                subjects=who,
                end_us=end_us,
                span_us=400_000,
                values=values,
                quality="final",
                ingress_us=end_us,
            )
        )
    ids = tuple(e.id for e in record.entities)
    t_us = k * 200_000 + np.arange(5, dtype=np.int64) * 40_000
    xyz_m = rng.random((5, len(ids), 3)).astype(np.float32) * 50
    blocks.append(FrameBlock(record.game, record.sport, ids, t_us, xyz_m, 1))
    return blocks


class _Bare:
    """A plain ``websockets`` server in a thread: text goes in from another thread and out to its clients."""

    def __init__(self) -> None:
        self.clients: set[Any] = set()
        self.port = 0
        self._ready = threading.Event()
        self._thread = WatchedThread(lambda: asyncio.run(self._serve()), "bare server", self._ready.set).start()
        if not self._ready.wait(START_S):
            raise Unavailable(f"the bare server of the benchmark did not start within {START_S:.0f} s")
        self._thread.check()

    async def _serve(self) -> None:
        from websockets.asyncio.server import serve

        self.loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self._client, "127.0.0.1", 0, compression=None) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._ready.set()
            await self._over.wait()

    async def _client(self, client: Any) -> None:
        self.clients.add(client)
        await client.wait_closed()

    def send(self, text: str) -> None:
        def out() -> None:
            from websockets.asyncio.server import broadcast

            broadcast(self.clients, text)

        self.loop.call_soon_threadsafe(out)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10.0)


def _listen(url: str, wanted: int) -> None:
    """The client process: the moment (wall clock, us) at which each message of stats was complete in its hands."""
    from websockets.sync.client import connect

    with connect(url, compression=None, max_size=None) as client:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        moments: list[float] = []
        while len(moments) < wanted:
            text = client.recv()
            now_us = time.time_ns() / 1000
            if '"kind":"stats"' in str(text[:20]):
                moments.append(now_us)
    sys.stdout.write(" ".join(f"{m:.1f}" for m in moments) + "\n")


def _client(url: str, wanted: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "streaming.bench.gateway", url, str(wanted)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def websocket_latency(sport: str | None = None, windows: int = 300, every_s: float = 0.02) -> dict[str, Any]:
    """From the hub's ``write`` to the last byte at a client that subscribes to everything, one window of all stats at a time.

    Returns p50 and p99 in microseconds, the same of the bare server (``floor_...``), and their ratios.
    """
    from features.core.sport import load_sport, sports
    from streaming.web.encoded_block import Delivery, EncodedBlock
    from streaming.web.filters import Filter
    from streaming.web.gateway import Gateway
    from streaming.web.hub import Hub

    declared = load_sport(sport or min(sports()))
    record, rng, hub, bare = _game(declared.name), np.random.default_rng(7), Hub(), _Bare()
    hub.attach(record)
    wanted = Filter.of(["stats.#", f"positions.{declared.name}"])
    sent: list[float] = []
    floor_sent: list[float] = []
    updates = size = 0
    with Gateway(hub, port=0) as gateway:
        query = f"/ws?topics={','.join(wanted.patterns).replace('#', '%23')}"
        urls = gateway.url.replace("http", "ws", 1) + query, f"ws://127.0.0.1:{bare.port}"
        clients = [_client(url, windows) for url in urls]
        for k in range(1, windows + 1):
            blocks = _window(declared, record, k, rng)
            # the same bytes for the bare server, made beforehand
            items = [i for b in blocks if isinstance(b, StatBlock) for i in EncodedBlock(b, f"stats.{b.stat}", k).items()]
            text = Delivery(record.game, k, items).text
            updates, size = len(items), len(text)
            sent.append(time.time_ns() / 1000)
            hub.write(blocks, k)
            time.sleep(every_s / 2)
            floor_sent.append(time.time_ns() / 1000)
            bare.send(text)
            time.sleep(every_s / 2)
        got = [process.communicate(timeout=60)[0].split() for process in clients]
    bare.stop()
    ours, floor = (np.array(g, float)[WARM:] - np.array(s)[WARM:] for g, s in zip(got, (sent, floor_sent), strict=True))
    figures: dict[str, Any] = {"windows": windows - WARM, "updates_per_window": updates, "bytes_per_window": size}
    for name, q in (("p50_us", 50), ("p99_us", 99)):
        took, least = float(np.percentile(ours, q)), float(np.percentile(floor, q))
        figures |= {name: figure(took), "floor_" + name: figure(least), "ratio_" + name[:3]: figure(took / least)}
    return figures


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _listen(sys.argv[1], int(sys.argv[2]))
    else:
        import json

        sys.stdout.write(json.dumps(websocket_latency(), indent=2) + "\n")
