"""One keep-alive connection to an HTTP endpoint, on TCP or a Unix socket, on which every exchange ends by its deadline."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any, Final

import httptools

from models.serving.circuit_breaker import NoPrediction

MOST_ANSWER_BYTES: Final = 4 << 20
_PIECE: Final = 1 << 16

Address = tuple[Any, ...]


class Answer:
    """A response as the parser tells it."""

    __slots__ = ("body", "complete", "size", "status")

    def __init__(self) -> None:
        self.body: list[bytes] = []
        self.complete = False
        self.status = self.size = 0

    def on_message_begin(self) -> None:
        if self.complete:
            raise ValueError("more than one answer")

    def on_body(self, data: bytes) -> None:
        self.body.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


class Resolver:
    """The addresses of a host. A name is looked up in a thread of its own, because that cannot be told to end by a deadline."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._found: list[tuple[socket.AddressFamily, Address]] = []
        self._ready = threading.Event()
        self._looking = False
        self.again()

    def again(self) -> None:
        """Look the name up once more; what is known stays until then."""
        if not self._looking:
            self._looking = True
            threading.Thread(target=self._look, name="resolver", daemon=True).start()

    def _look(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._found = [(family, tuple(address)) for family, _, _, _, address in found]
            self._ready.set()
        except (OSError, UnicodeError):
            pass
        finally:
            self._looking = False

    def addresses(self, until_s: float) -> list[tuple[socket.AddressFamily, Address]]:
        if not self._ready.wait(max(0.0, until_s - time.monotonic())):
            self.again()
            raise NoPrediction("down", f"{self.host} has no address yet")
        return self._found


class Wire:
    """``where`` is a (host, port), or the path of a Unix socket. Not for several threads at once."""

    def __init__(self, where: tuple[str, int] | str) -> None:
        self._socket: socket.socket | None = None
        self.where = where
        self._resolver = None if isinstance(where, str) else Resolver(*where)
        self._pid = os.getpid()

    def exchange(self, request: bytes, until_s: float) -> Answer:
        """Send a request and read its answer before ``until_s`` (monotonic); ``NoPrediction`` otherwise, and the connection is
        gone.

        A connection that was open from before and fails before the first byte of an answer is tried again once, new: the
        endpoint may have closed it for being silent, or have been restarted.
        """
        if self._pid != os.getpid():  # a fork must not share its parent's connection
            self._socket, self._pid = None, os.getpid()
        while True:
            fresh = self._socket is None
            answer = Answer()
            try:
                return self._exchange(request, until_s, answer)
            except TimeoutError:
                self.close()
                raise NoPrediction("slow", "no answer by the deadline") from None
            except OSError as error:
                self.close()
                if fresh or answer.size:
                    if self._resolver is not None:
                        self._resolver.again()
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

    def _exchange(self, request: bytes, until_s: float, answer: Answer) -> Answer:
        sock = self._socket
        if sock is None:
            sock = self._socket = self._connect(until_s)
        else:
            _silent(sock)
        view = memoryview(request)
        while view:
            sock.settimeout(_left(until_s))
            view = view[sock.send(view) :]
        parser = httptools.HttpResponseParser(answer)
        while not answer.complete:
            sock.settimeout(_left(until_s))
            data = sock.recv(_PIECE)
            if not data:
                raise ConnectionResetError("the endpoint closed the connection")
            answer.size += len(data)
            if answer.size > MOST_ANSWER_BYTES:
                raise NoPrediction("wrong", f"an answer of more than {MOST_ANSWER_BYTES:,} bytes")
            parser.feed_data(data)
        answer.status = parser.get_status_code()
        if not parser.should_keep_alive():
            self.close()
        return answer

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
            return sock
        raise failed or ConnectionError("no address")


def _silent(sock: socket.socket) -> None:
    """Nothing may have come on a connection on which nothing was asked: it would be taken for the next answer."""
    sock.settimeout(0.0)
    try:
        stray = sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return
    raise ConnectionResetError("the endpoint sent what nobody asked for" if stray else "the endpoint closed the connection")


def _connected(family: int, address: str | Address, until_s: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(_left(until_s))
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _left(until_s: float) -> float:
    left_s = until_s - time.monotonic()
    if left_s <= 0.0:
        raise TimeoutError
    return left_s
