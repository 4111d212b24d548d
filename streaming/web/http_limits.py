"""uvicorn's HTTP connection with the limits of the endpoint's server (``models.serving.connection``): without them one client that
sends a header without an end keeps the event loop busy, since the parser copies what it has of a header whenever more arrives.

A request of the gateway is a head and no body, so that one bound holds for all of it. Size and time are checked before the parser
gets to see what is beyond, slice by slice; WebSockets, once upgraded, have the limits of ``streaming.web.websocket_limits``.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from models.serving.admission import Ticket
from models.serving.connection import LINGER_S, MOST_FIELDS, MOST_HEAD_BYTES, REQUEST_TIMEOUT_S, SLICE_BYTES

#: every viewer of a page holds one connection; fewer where the limit of open files is low (``models.serving.admission``)
MOST_CONNECTIONS: Final = 4096
#: requests of one connection that wait for an answer to an earlier one: browsers send none
MOST_PIPELINED: Final = 16
#: a client whose socket takes nothing for so long is cut off, s
STUCK_S: Final = 30.0

_TOO_LONG: Final = f"the request's head is larger than {MOST_HEAD_BYTES:,} bytes"
_BODY: Final = f"the request's body is larger than {MOST_HEAD_BYTES:,} bytes"


class CountedConnection(asyncio.Protocol):
    """Goes before uvicorn's protocol class: a connection leaves its place when it is lost, and is aborted when its client has taken
    nothing from its full buffer for ``STUCK_S``."""

    #: the place of the connection among the counted ones
    ticket: Ticket | None = None
    _transport: asyncio.Transport
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_room()
        if self.ticket is not None:
            self.ticket.leave()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stuck is None:
            self._stuck = asyncio.get_running_loop().call_later(STUCK_S, self._transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._has_room()

    def _has_room(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


class LimitedHttp(CountedConnection, HttpToolsProtocol):
    """One connection. A request that is larger than ``MOST_HEAD_BYTES``, or not complete ``REQUEST_TIMEOUT_S`` after its first byte
    (or after the connection, when it is the first), is answered with its reason, and the connection ends. So does one with more
    than ``MOST_PIPELINED`` requests waiting for earlier answers, and one whose client stops reading."""

    def __init__(self, *args: Any, ticket: Ticket | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ticket = ticket
        self._deadline: asyncio.TimerHandle | None = None
        self._request_bytes = 0
        self._in_head, self._in_body, self._refused, self._upgraded = False, False, False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.ticket is not None:
            self.ticket.cut = self._transport.abort
            if self.ticket.refusal:
                self._refuse(503, self.ticket.refusal)
                return
        self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if len(data) <= SLICE_BYTES:
            self._feed(data)
            return
        for start in range(0, len(data), SLICE_BYTES):
            if self._refused or self._upgraded or self.transport.is_closing():
                return
            self._feed(data[start : start + SLICE_BYTES])

    def _feed(self, data: bytes) -> None:
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
        """As uvicorn's, and the place of the connection goes over to the WebSocket."""
        self._complete()
        self._upgraded = True
        self.connections.discard(self)
        output = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.scope["headers"]:
            output += [name, b": ", value, b"\r\n"]
        output.append(b"\r\n")
        assert self.ws_protocol_class is not None
        protocol: Any = self.ws_protocol_class(config=self.config, server_state=self.server_state, app_state=self.app_state)  # type: ignore[call-arg]
        protocol.ticket, self.ticket = self.ticket, None
        protocol.connection_made(self.transport)
        protocol.data_received(b"".join(output))
        self.transport.set_protocol(protocol)

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
        if len(self.headers) > MOST_FIELDS:
            self._refuse(431, f"the request's head has more than {MOST_FIELDS} fields")
            return
        if len(self.pipeline) >= MOST_PIPELINED:
            self._refuse(429, f"more than {MOST_PIPELINED} requests of this connection are waiting for an answer")
            return
        if self.ticket is not None:
            self.ticket.used()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._complete()
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, with its reason as everything else has it."""
        if not self._refused:
            self._refuse(400, "this is not HTTP/1.1")

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
