"""The server: sockets, signals, time-outs, and a drain at the end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from models.serving.access import Grant, Tokens, digest
from models.serving.admission import Door, Ticket, connections_within_descriptors
from models.serving.app import MOST_CONNECTIONS, Endpoint
from models.serving.connection import Connection
from models.serving.front import Front
from models.serving.listener import Listener
from models.serving.loaded_models import LoadedModels

DRAIN_S: Final = 5.0
_CHECK_S: Final = 1.0


class Server:
    """Serves loaded models on TCP (``port`` 0: any free one; None: not at all) and, with ``uds``, on a Unix socket. ``token``
    stands for a ``front`` with this one token, which may do everything.

    ``OSError`` when an address is not available.
    """

    def __init__(
        self,
        loaded: LoadedModels,
        *,
        host: str = "127.0.0.1",
        port: int | None = 8090,
        uds: Path | None = None,
        token: str = "",
        front: Front | None = None,
        most_waiting: int = 1024,
        drain_s: float = DRAIN_S,
    ) -> None:
        self.loaded, self.host, self.port, self.uds, self.drain_s = loaded, host, port, uds, drain_s
        if front is None:
            tokens = Tokens.of([Grant("the token", frozenset(("admin",)), digest(token))]) if token else None
            front = Front(tokens, host=host, requests_per_s=None)
        self._front, self._most_waiting = front, most_waiting
        most = front.most_connections or MOST_CONNECTIONS
        self.door = Door(lambda: connections_within_descriptors(most), address_limited=not front.behind_proxy)
        self._servers: list[asyncio.AbstractServer] = []
        self._listeners: list[Listener] = []
        self.endpoint: Endpoint | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        endpoint = self.endpoint = Endpoint(self.loaded, loop, front=self._front, most_waiting=self._most_waiting)
        if self.port is not None:
            for family, kind, proto, _, address in _addresses(self.host, self.port):
                sock = _bound(family, kind, proto, address if not self._listeners else (address[0], self.port, *address[2:]))
                self.port = sock.getsockname()[1]
                listener = Listener(sock, self.door, lambda ticket: Connection(endpoint, ticket), self._front.tls)
                self._listeners.append(listener)
                listener.start(loop)
        if self.uds is not None:
            _remove_stale_socket(self.uds)
            old = os.umask(0o177)
            try:
                local = await loop.create_unix_server(lambda: self._local(endpoint), str(self.uds), backlog=512)
                self._servers.append(local)
            finally:
                os.umask(old)
        self._checks = loop.create_task(self._check(endpoint))

    def _local(self, endpoint: Endpoint) -> Connection:
        """A connection on the Unix socket. One for which there is no place at all gets a sentence all the same."""
        ticket = self.door.enter("") or Ticket(self.door, "", "too many connections are open: try again later")
        return Connection(endpoint, ticket)

    async def _check(self, endpoint: Endpoint) -> None:
        while True:
            await asyncio.sleep(_CHECK_S)
            if self._front.tokens is not None:
                self._front.tokens.refresh()
            now_s = time.monotonic()
            for connection in list(endpoint.connections):
                connection.check(now_s)

    async def stop(self) -> None:
        """Accept nothing more, answer the accepted requests, close."""
        for listener in self._listeners:
            listener.close()
        for server in self._servers:
            server.close()
        if self.uds is not None:
            self.uds.unlink(missing_ok=True)
        if self.endpoint is not None:
            await self.endpoint.drain_all(self.drain_s)
            self._checks.cancel()

    async def until_signal(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        # loaded models stay: the garbage collector need not scan them in the middle of a request
        gc.collect()
        gc.freeze()
        await stop.wait()
        await self.stop()


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[Any, ...]]]:
    """What a host name stands for; one of each kind."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list({(one[0], one[4][0]): one for one in found}.values())


def _bound(family: int, kind: int, proto: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, kind, proto)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _remove_stale_socket(path: Path) -> None:
    """Remove the socket of a server that is gone; ``OSError`` when a server answers there, or the path is no socket."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(f"{path} exists and is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(f"{path} is in use by another server")


@contextmanager
def in_thread(server: Server) -> Iterator[Server]:
    """Serve in a thread of this process, on a loop of its own, until the block ends."""
    import uvloop

    loop = uvloop.new_event_loop()
    ready, failed = threading.Event(), list[BaseException]()
    done = asyncio.Event()

    async def serve() -> None:
        try:
            await server.start()
        except BaseException as error:  # noqa: BLE001 (raised below, where it is waited for)
            failed.append(error)
            return
        finally:
            ready.set()
        await done.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="endpoint", daemon=True)
    thread.start()
    ready.wait()
    try:
        if failed:
            raise failed[0]
        yield server
    finally:
        if not failed:
            loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()
