"""uvicorn's HTTP connection with the limits of the endpoint's server (``models.serving.connection``): without them one client that
sends a header without an end keeps the event loop busy, since the parser copies what it has of a header whenever more arrives.

A request of the gateway is a head and no body, so that one bound holds for all of it. Size and time are checked before the parser
gets to see what is beyond; WebSockets, once upgraded, have limits of their own.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from models.serving.connection import LINGER_S, MOST_HEAD_BYTES, REQUEST_TIMEOUT_S

#: every viewer of a page holds one connection
MOST_CONNECTIONS: Final = 4096

_TOO_LONG: Final = f"the request's head is larger than {MOST_HEAD_BYTES:,} bytes"
_BODY: Final = f"the request's body is larger than {MOST_HEAD_BYTES:,} bytes"


class LimitedHttp(HttpToolsProtocol):
    """One connection. A request that is larger than ``MOST_HEAD_BYTES``, or not complete ``REQUEST_TIMEOUT_S`` after its first byte
    (or after the connection, when it is the first), is answered with its reason, and the connection ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._request_bytes = 0
        self._in_head, self._in_body, self._refused = False, False, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(503, f"{MOST_CONNECTIONS:,} connections are open: try again later")
        else:
            self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self._too_slow)
        self._request_bytes += len(data)
        super().data_received(data)
        if self._request_bytes > MOST_HEAD_BYTES and not self._refused:
            if self._in_body:
                self._refuse(413, _BODY)
            elif self._in_head:
                self._refuse(431, _TOO_LONG)

    def handle_websocket_upgrade(self) -> None:
        self._complete()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        if self._refused:
            return
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD_BYTES:
            self._refuse(431, _TOO_LONG)  # all of it arrived at once
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._complete()
        if not self._refused:
            super().on_message_complete()

    def _complete(self) -> None:
        """The request is all here: the clock stops until the next."""
        self._request_bytes, self._in_head, self._in_body = 0, False, False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._request_bytes:
            self._refuse(408, f"the request was not complete after {REQUEST_TIMEOUT_S:g} s")
        else:
            self.transport.close()

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer, read no more, and close: at once where an answer to an earlier request is still on its way."""
        self._refused = True
        self._complete()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        body = msgspec.json.encode({"error": sentence})
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        # The client may be sending still; closed at once, it would be reset before it has read the answer.
        self.flow.pause_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.abort)
