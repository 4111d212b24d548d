"""A client that is cheap enough to measure servers of some ten microseconds: raw bytes on keep-alive sockets, no parsing but for
the end of the answer. It is the same for every server."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from streaming.bench.cpu import cpu_s

Ints = npt.NDArray[np.int64]


@dataclass
class Target:
    """A server at a port of loopback or at a Unix socket, and one request to it. ``cores``: how many it may use, for the price."""

    name: str
    where: int | str
    request: bytes
    _: KW_ONLY
    cores: int = 1
    #: the server's process, where it is one: its own CPU time is valid even while other load disturbs the machine
    pid: int = 0
    cpu_us: float = 0.0
    requests: int = 0
    took_ns: list[Ints] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def connect(self) -> socket.socket:
        if isinstance(self.where, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(self.where)
        else:
            sock = socket.create_connection(("127.0.0.1", self.where))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(30.0)
        return sock

    def figures(self) -> dict[str, float]:
        p50, p99 = np.percentile(np.concatenate(self.took_ns) / 1000.0, [50, 99])
        measured = {"p50_us": float(p50), "p99_us": float(p99), "tps": float(np.median(self.rates))}
        return measured | ({"cpu_us": self.cpu_us} if self.pid else {})


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _whole(raw: bytes) -> bool:
    """Whether an answer is complete; ``ValueError`` when it is not a prediction."""
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(f"the server answered {raw[:300].decode('utf-8', 'replace')}")
    at = head.lower().find(b"content-length:")
    if at < 0:
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0])


def one_by_one(target: Target, n: int) -> Ints:
    """Round trips on one connection, each after the other, ns."""
    took = np.empty(n, np.int64)
    with target.connect() as sock:
        for i in range(n):
            start = time.perf_counter_ns()
            sock.sendall(target.request)
            raw = sock.recv(1 << 16)
            while not _whole(raw):
                piece = sock.recv(1 << 16)
                if not piece:
                    raise ValueError("the server closed the connection")
                raw += piece
            took[i] = time.perf_counter_ns() - start
    return took


class _Client(asyncio.Protocol):
    def __init__(self, target: Target, until: float, done: asyncio.Future[int]) -> None:
        self.request, self.until, self.done, self.n, self.got = target.request, until, done, 0, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.got = self.got + data if self.got else data
        if not _whole(self.got):
            return
        self.got = b""
        self.n += 1
        if time.perf_counter() < self.until:
            self.transport.write(self.request)
        else:
            self.transport.close()
            self.done.set_result(self.n)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ValueError("the server closed the connection"))


def together(target: Target, connections: int, seconds: float) -> float:
    """Predictions a second, with as many requests on their way as there are connections."""
    import uvloop

    async def run() -> float:
        loop = asyncio.get_running_loop()
        start = time.perf_counter()
        waiting = []
        for _ in range(connections):
            done: asyncio.Future[int] = loop.create_future()
            await loop.create_connection(lambda done=done: _Client(target, start + seconds, done), sock=target.connect())  # type: ignore[misc]
            waiting.append(done)
        n = sum(await asyncio.gather(*waiting))
        return n / (time.perf_counter() - start)

    return float(uvloop.run(run()))


def measure(targets: list[Target], *, rounds: int = 5, n: int = 400, connections: int = 16, seconds: float = 0.3) -> None:
    """All of them in turn, again and again, so that what disturbs the machine disturbs each of them."""
    for target in targets:
        one_by_one(target, 50)
    before_s = {target.pid: cpu_s(target.pid) for target in targets if target.pid}
    for _ in range(rounds):
        for target in targets:
            target.took_ns.append(one_by_one(target, n))
            target.requests += n
        for target in targets:
            rate = together(target, connections, seconds)
            target.rates.append(rate)
            target.requests += round(rate * seconds)
    for target in targets:
        if target.pid:
            requests = sum(other.requests for other in targets if other.pid == target.pid)
            target.cpu_us = (cpu_s(target.pid) - before_s[target.pid]) / requests * 1e6
