"""HTTP/1.1 on one socket, lean: httptools parses, responses go out in the order of their requests, and every input has a
limit.

Why it is written by hand, where the gateway runs on uvicorn: a request here is 50 us, of which uvicorn and ASGI alone are more
(docs/performance.md), and under attack it held where uvicorn did not. One client that sent a header without an end kept uvicorn's
event loop busy for every other client, since nothing bounds what the parser gathers. Here the head's size, the time until a request
is complete and the number of connections are bounded before the parser gathers anything. The gateway borrows these limits
(``streaming.web.http_limits``).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final, Protocol, cast

import httptools

from models.serving.admission import Ticket
from models.serving.contract import MOST_BODY_BYTES, RETRY, Refused

MOST_HEAD_BYTES: Final = 16_384
#: fields of a head
MOST_FIELDS: Final = 100
#: requests of one connection that wait for an answer
MOST_PIPELINED: Final = 64
#: what the parser gets in one go: bounds are checked before the next slice
SLICE_BYTES: Final = 16_384
#: a request must be complete so long after its first byte; an idle connection is closed after so long, s
REQUEST_TIMEOUT_S: Final = 10.0
IDLE_TIMEOUT_S: Final = 75.0
#: how long input is read and dropped after a refusal, so that the client can read the reason, s
LINGER_S: Final = 1.0
#: a client whose socket takes nothing of its answers for so long is cut off, s
STUCK_S: Final = 30.0

_PHRASES: Final = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large", 415: "Unsupported Media Type",
    421: "Misdirected Request", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable", 504: "Gateway Timeout",
    507: "Insufficient Storage",
}  # fmt: skip
_OK: Final = b"HTTP/1.1 200 OK\r\ncontent-type: "
_CLOSE: Final = b"connection: close\r\n"
_HEADERS: Final = frozenset(
    (
        b"content-type", b"accept", b"content-encoding", b"authorization", b"host", b"origin", b"x-forwarded-for",
        b"x-amzn-sagemaker-target-model",
        b"x-touchline-deadline-ms",
    )
)  # fmt: skip


class Request:
    """One request; ``answer`` or ``refuse`` ends it, once."""

    __slots__ = ("_connection", "address", "body", "data", "headers", "keep_alive", "method", "started_s", "target")

    def __init__(self, connection: Connection) -> None:
        self._connection, self.address = connection, connection.address
        self.started_s = time.monotonic()
        self.target, self.method, self.body = b"", "", b""
        self.headers: dict[bytes, str] = {}
        self.keep_alive = True
        self.data: bytes | None = None

    def answer(self, body: bytes, kind: bytes = b"application/json", extra: bytes = b"") -> None:
        self._end(b"%b%b\r\n%bcontent-length: %d\r\n" % (_OK, kind, extra, len(body)), body)

    def refuse(self, refused: Refused) -> None:
        body, status = refused.body(), refused.status
        line = f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._end(line.encode() + refused.headers, body)

    def _end(self, headers: bytes, body: bytes) -> None:
        connection = self._connection
        if self.data is not None:
            return
        if connection.draining:
            self.keep_alive = False
        self.data = b"%b%b\r\n%b" % (headers, b"" if self.keep_alive else _CLOSE, body)
        connection.flush()


class App(Protocol):
    """Answers requests."""

    connections: set[Connection]

    def admit(self, connection: Connection) -> Refused | None: ...

    def handle(self, request: Request) -> None: ...

    def count_refused(self, refused: Refused) -> None: ...


class Connection(asyncio.Protocol):
    """The socket of one client. Requests may be pipelined, up to ``MOST_PIPELINED``."""

    def __init__(self, app: App, ticket: Ticket | None = None) -> None:
        self.app, self.ticket = app, ticket
        self.address = "" if ticket is None else ticket.address
        self.draining = False
        self.transport: asyncio.Transport | None = None
        self.active_s = time.monotonic()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._request: Request | None = None
        self._parts: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = self._fields = 0
        self._in_head = True
        self._stuck: asyncio.TimerHandle | None = None
        self._input_ignored = self._input_unread = self._eof = self._used = False

    # -- transport side -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one without declaring it
        self.app.connections.add(self)
        if self.ticket is not None:
            self.ticket.cut = self.transport.abort
        refused = self.app.admit(self)
        if refused is not None:
            self._refuse(refused)

    def connection_lost(self, exc: Exception | None) -> None:
        self.app.connections.discard(self)
        if self.ticket is not None:
            self.ticket.leave()
        self._stop_stuck()
        self.transport, self._request = None, None
        self._waiting.clear()
        self._parts.clear()

    def pause_writing(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()
            if self._stuck is None:
                self._stuck = asyncio.get_running_loop().call_later(STUCK_S, self.transport.abort)

    def _stop_stuck(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def resume_writing(self) -> None:
        self._stop_stuck()
        if self.transport is not None:
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if len(data) <= SLICE_BYTES:
            self._feed(data)
            return
        for start in range(0, len(data), SLICE_BYTES):
            if self._input_ignored or self.transport is None:
                return
            self._feed(data[start : start + SLICE_BYTES])

    def _feed(self, data: bytes) -> None:
        if self._input_ignored:
            return
        if self._request is None:
            self._begin()
        self.active_s = time.monotonic()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(Refused("malformed request", "connections cannot be upgraded"))
        except httptools.HttpParserError as error:
            if not self._input_ignored:
                self._refuse(Refused("malformed request", f"this is not HTTP/1.1: {error}"))
        else:
            if self._in_head and self._request is not None and self._head_bytes > MOST_HEAD_BYTES and not self._input_ignored:
                self._refuse(_TOO_LONG)

    def eof_received(self) -> bool:
        # requests from before the client closed its side are still answered
        self._eof = True
        return bool(self._waiting)

    # -- parser side --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._request = Request(self)
        self._in_head, self._head_bytes, self._fields, self._body_bytes = True, 0, 0, 0
        self._parts = []

    def on_message_begin(self) -> None:
        if self._request is None:
            self._begin()

    def on_url(self, url: bytes) -> None:
        if self._request is not None:
            self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._input_ignored or self._request is None:
            return
        name = name.lower()
        self._fields += 1
        if self._fields > MOST_FIELDS:
            self._refuse(Refused("head too large", f"the request's head has more than {MOST_FIELDS} fields"))
            return
        if not self._in_head:  # a trailer
            self._head_bytes += len(name) + len(value)
            if self._head_bytes > 2 * MOST_HEAD_BYTES:
                self._refuse(_TOO_LONG)
            return
        if name in _HEADERS:
            self._request.headers[name] = value.decode("latin-1")
        elif name == b"content-length":
            if value.isdigit() and (len(value) > 15 or int(value) > MOST_BODY_BYTES):
                self._refuse(_TOO_LARGE)
        elif name == b"expect" and value.lower() == b"100-continue":
            self._request.headers[name] = "100-continue"

    def on_headers_complete(self) -> None:
        request = self._request
        if self._input_ignored or request is None:
            return
        self._in_head = False
        request.method = self._parser.get_method().decode("latin-1")
        request.keep_alive = self._parser.should_keep_alive()
        if b"expect" in request.headers and not self._waiting and self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._input_ignored:
            return
        self._body_bytes += len(body)
        if self._body_bytes > MOST_BODY_BYTES:
            self._refuse(_TOO_LARGE)
            return
        self._parts.append(body)

    def on_message_complete(self) -> None:
        request = self._request
        if self._input_ignored or request is None:
            return
        request.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if len(self._waiting) >= MOST_PIPELINED:
            self._refuse(_TOO_MANY)
            return
        if not self._used and self.ticket is not None:
            self._used = True
            self.ticket.used()
        self._parts, self._request = [], None
        self._waiting.append(request)
        if not request.keep_alive:
            self._input_ignored = True
        self.app.handle(request)

    # -- answers -------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write the responses that are ready, in the order of the requests."""
        transport = self.transport
        while self._waiting and self._waiting[0].data is not None and transport is not None:
            request = self._waiting.popleft()
            transport.write(request.data)  # type: ignore[arg-type]
            if not request.keep_alive:
                self._input_ignored = True
                self._waiting.clear()
                self._close(transport)
                return
        if self._eof and not self._waiting and transport is not None:
            transport.close()

    def _close(self, transport: asyncio.Transport) -> None:
        if not self._input_unread:
            transport.close()
            return
        # The client may still be sending; an immediate close would reset it before it has read the response.
        if transport.can_write_eof():
            transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_S, transport.abort)

    def drain(self) -> None:
        """Close as soon as all requests are answered."""
        self.draining = True
        if not self._waiting and self._request is None and self.transport is not None:
            self.transport.close()

    def check(self, now_s: float) -> None:
        """Close at ``now_s`` what has been idle, or has sent half a request, for too long."""
        if self._input_ignored or self._waiting or self.transport is None:
            return
        if self._request is not None:
            if now_s - self._request.started_s > REQUEST_TIMEOUT_S:
                self._refuse(Refused("too slow", f"the request was not complete after {REQUEST_TIMEOUT_S:g} s"))
        elif now_s - self.active_s > IDLE_TIMEOUT_S:
            self.transport.close()

    def _refuse(self, refused: Refused) -> None:
        """Read no more input: answer after the earlier requests, and close."""
        request = self._request or Request(self)
        self._request, self._parts = None, []
        self._input_ignored, self._input_unread, request.keep_alive = True, True, False
        self.app.count_refused(refused)
        self._waiting.append(request)
        request.refuse(refused)


_TOO_MANY: Final = Refused(
    "too many requests", f"more than {MOST_PIPELINED} requests of this connection are waiting for an answer", RETRY
)
_TOO_LARGE: Final = Refused("body too large", f"the body is larger than {MOST_BODY_BYTES:,} bytes")
_TOO_LONG: Final = Refused("head too large", f"the request's head is larger than {MOST_HEAD_BYTES:,} bytes")
