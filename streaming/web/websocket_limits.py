"""uvicorn's WebSocket connection with limits: on the frames that a client sends, and on how long its socket may take nothing."""

from __future__ import annotations

from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from models.serving.admission import TokenBucket
from models.serving.connection import LINGER_S
from streaming.web.http_limits import CountedConnection

#: frames of one client, control frames among them: at once, and then a second. A client subscribes now and then, and answers a
#: ping every twenty seconds.
MOST_FRAMES_AT_ONCE: Final = 200
MOST_FRAMES_PER_S: Final = 20.0
#: what the parser gets in one go: a flood ends before the next slice
FRAME_SLICE_BYTES: Final = 4096

POLICY: Final = 1008


class LimitedWebSocket(CountedConnection, WebSocketsSansIOProtocol):
    """One connection. A client that sends more frames than ``MOST_FRAMES_PER_S`` for long is cut off with the code 1008."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames_left = TokenBucket(MOST_FRAMES_PER_S, MOST_FRAMES_AT_ONCE)
        self._cut = False

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:  # the request, whose size is bounded already
            super().data_received(data)
            return
        for start in range(0, len(data), FRAME_SLICE_BYTES):
            if self._cut or self.transport.is_closing():
                return
            super().data_received(data[start : start + FRAME_SLICE_BYTES])

    def handle_text(self, event: Frame) -> None:
        if self._admit():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        if self._admit():
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        if self._admit():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if self._admit():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._admit():
            super().handle_pong(event)

    def _admit(self) -> bool:
        if self._cut or self._frames_left.take():
            return not self._cut
        self._cut = True
        self.stop_keepalive()
        if not self.close_sent:
            self.conn.data_to_send()  # answers to the flood
            self.conn.fail(POLICY, f"more than {MOST_FRAMES_PER_S:g} frames a second")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        # The client may be sending still; closed at once, it would be reset before it has read why.
        self.transport.pause_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.abort)
        return False
