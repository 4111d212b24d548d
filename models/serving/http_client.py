"""One keep-alive connection to an HTTP endpoint, on TCP or a Unix socket, on which every exchange ends by its deadline."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from typing import Any, Final

import httptools

from models.serving.circuit_breaker import NoPrediction

MAX_RESPONSE_BYTES: Final = 4 << 20
_CHUNK_BYTES: Final = 1 << 16

Address = tuple[Any, ...]


class HttpResponse:
    """A response, filled by the parser."""

    __slots__ = ("body", "complete", "size", "status")

    def __init__(self) -> None:
        self.body: list[bytes] = []
        self.complete = False
        self.status = self.size = 0

    def on_message_begin(self) -> None:
        if self.complete:
            raise ValueError("more than one response")

    def on_body(self, data: bytes) -> None:
        self.body.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


class Resolver:
    """The addresses of a host. A name is looked up in a thread of its own, because a look-up has no deadline."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._addresses: list[tuple[socket.AddressFamily, Address]] = []
        self._ready = threading.Event()
        self._lookup_running = False
        self.refresh()

    def refresh(self) -> None:
        """Look the name up once more; the known addresses stay until then."""
        if not self._lookup_running:
            self._lookup_running = True
            threading.Thread(target=self._look_up, name="resolver", daemon=True).start()

    def _look_up(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._addresses = [(family, tuple(address)) for family, _, _, _, address in found]
            self._ready.set()
        except (OSError, UnicodeError):
            pass
        finally:
            self._lookup_running = False

    def addresses(self, until_s: float) -> list[tuple[socket.AddressFamily, Address]]:
        if not self._ready.wait(max(0.0, until_s - time.monotonic())):
            self.refresh()
            raise NoPrediction("down", f"{self.host} has no address yet")
        return self._addresses


class HttpConnection:
    """``where`` is a (host, port), or the path of a Unix socket; ``tls`` makes it HTTPS. Not for several threads at once."""

    def __init__(self, where: tuple[str, int] | str, tls: ssl.SSLContext | None = None) -> None:
        self._socket: socket.socket | None = None
        self.where, self._tls = where, tls
        self._resolver = None if isinstance(where, str) else Resolver(*where)
        self._pid = os.getpid()

    def exchange(self, request: bytes, until_s: float) -> HttpResponse:
        """Send a request and read its response before ``until_s`` (monotonic); ``NoPrediction`` otherwise, and the connection is
        gone.

        A connection that was open from before and fails before the first byte of a response is opened anew and tried once
        more: the endpoint may have closed it while it was idle, or have been restarted.
        """
        if self._pid != os.getpid():  # a fork must not share its parent's connection
            self._socket, self._pid = None, os.getpid()
        while True:
            fresh = self._socket is None
            response = HttpResponse()
            try:
                return self._exchange(request, until_s, response)
            except TimeoutError:
                self.close()
                raise NoPrediction("slow", "no response by the deadline") from None
            except OSError as error:
                self.close()
                if fresh or response.size:
                    if self._resolver is not None:
                        self._resolver.refresh()
                    raise NoPrediction("down", str(error.strerror or error)) from None
            except httptools.HttpParserError as error:
                self.close()
                raise NoPrediction("wrong", f"not HTTP: {error}") from None
            except NoPrediction:
                self.close()
                raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __del__(self) -> None:
        self.close()

    def _exchange(self, request: bytes, until_s: float, response: HttpResponse) -> HttpResponse:
        sock = self._socket
        if sock is None:
            sock = self._socket = self._connect(until_s)
        else:
            _require_no_input(sock)
        view = memoryview(request)
        while view:
            sock.settimeout(_remaining_s(until_s))
            view = view[sock.send(view) :]
        parser = httptools.HttpResponseParser(response)
        while not response.complete:
            sock.settimeout(_remaining_s(until_s))
            data = sock.recv(_CHUNK_BYTES)
            if not data:
                raise ConnectionResetError("the endpoint closed the connection")
            response.size += len(data)
            if response.size > MAX_RESPONSE_BYTES:
                raise NoPrediction("wrong", f"a response of more than {MAX_RESPONSE_BYTES:,} bytes")
            parser.feed_data(data)
        response.status = parser.get_status_code()
        if not parser.should_keep_alive():
            self.close()
        return response

    def _connect(self, until_s: float) -> socket.socket:
        if isinstance(self.where, str):
            return _connected(socket.AF_UNIX, self.where, until_s)
        assert self._resolver is not None
        failed: OSError | None = None
        for family, address in self._resolver.addresses(until_s):
            try:
                sock = _connected(family, address, until_s)
            except ConnectionError as error:
                failed = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock if self._tls is None else _secured(sock, self._tls, self.where[0], until_s)
        raise failed or ConnectionError("no address")


def _require_no_input(sock: socket.socket) -> None:
    """An idle connection must have no input: it would be taken for the next response."""
    sock.settimeout(0.0)
    try:
        # TLS has no look ahead; what is no data of the endpoint's (a new session ticket) is read and is no input
        stray = sock.recv(1) if isinstance(sock, ssl.SSLSocket) else sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, ssl.SSLWantReadError):
        return
    raise ConnectionResetError("the endpoint sent data without a request" if stray else "the endpoint closed the connection")


def _connected(family: int, address: str | Address, until_s: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(_remaining_s(until_s))
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _secured(sock: socket.socket, tls: ssl.SSLContext, host: str, until_s: float) -> ssl.SSLSocket:
    try:
        sock.settimeout(_remaining_s(until_s))
        return tls.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def _remaining_s(until_s: float) -> float:
    remaining_s = until_s - time.monotonic()
    if remaining_s <= 0.0:
        raise TimeoutError
    return remaining_s
