"""The WebSocket: subscribe by query or by message, one JSON object per message either way."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from models.serving.access import ANYBODY, Grant
from models.serving.front import Front
from streaming.errors import BadInput
from streaming.web import messages
from streaming.web.filters import Filter, Forbidden, read_cursor, split
from streaming.web.front import grant_of
from streaming.web.hub import Hub
from streaming.web.subscribers import Subscriber

#: longest message of a client
MAX_MESSAGE_BYTES = 16 * 1024
#: a client whose socket takes nothing for so long is cut off; it resumes with its cursor
STUCK_S = 30.0

UNSUPPORTED, POLICY, TOO_BIG, TRY_LATER = 1003, 1008, 1009, 1013

EXAMPLE = '{"topics": ["stats.soccer.shot.*"]}'

_subscribe = msgspec.json.Decoder(messages.Subscribe)


class UnknownGame(BadInput):
    """A subscription to an unknown game."""


def status_of(error: BadInput) -> int:
    """The HTTP status of what is wrong with a request."""
    return 403 if isinstance(error, Forbidden) else 404 if isinstance(error, UnknownGame) else 400


def from_query(hub: Hub, query: Any, grant: Grant = ANYBODY) -> tuple[Filter, dict[str, int]]:
    """Filter and cursor of a query string; ``BadInput``, ``Forbidden`` or ``UnknownGame`` with one sentence."""
    games = split(query.getlist("game"))
    selection = Filter.of(split(query.getlist("topics")), games, split(query.getlist("subject")))
    return _checked(hub, selection, grant), read_cursor(query.get("from"), selection.games)


def _checked(hub: Hub, selection: Filter, grant: Grant) -> Filter:
    selection = selection.restricted(grant, hub.sport_of)
    for game in sorted(selection.games):
        if game not in hub.games:
            raise UnknownGame(f"there is no game {game[:80]!r} here: /api/games lists the games")
    return selection


def from_message(hub: Hub, raw: str | bytes, grant: Grant = ANYBODY) -> tuple[Filter, dict[str, int]]:
    """As :func:`from_query`, for a client's message."""
    try:
        request = _subscribe.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadInput(f"not a subscription like {EXAMPLE}: {error}") from None
    games = [request.game] if isinstance(request.game, str) else request.game
    subjects = [request.subject] if isinstance(request.subject, str) else request.subject
    selection = _checked(hub, Filter.of(request.topics, games, subjects), grant)
    return selection, read_cursor(request.after, selection.games)


class WebSocketSession:
    """One client's connection: a reader for its subscriptions, a writer for its messages."""

    def __init__(self, hub: Hub, websocket: WebSocket) -> None:
        self.hub, self.websocket = hub, websocket
        self.grant = grant_of(websocket.scope)
        self.subscriber: Subscriber | None = None
        self.writer: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until either side closes the connection."""
        query = self.websocket.query_params
        try:
            first = from_query(self.hub, query, self.grant) if query.getlist("topics") else None
        except BadInput as error:
            status = status_of(error)
            await self.websocket.send_denial_response(JSONResponse({"error": str(error)}, status))
            return
        await self.websocket.accept()
        try:
            if first is not None:
                await self._subscribe(*first)
            await self._read()
        except WebSocketDisconnect:
            pass
        finally:
            await self._unsubscribe()

    async def _subscribe(self, selection: Filter, after: dict[str, int]) -> None:
        await self._unsubscribe()
        self.subscriber = Subscriber(selection, "websocket", self.grant if self.grant.sha256 else None)
        self.hub.subscribe(self.subscriber, after)
        self.writer = asyncio.create_task(self._write(self.subscriber))

    async def _unsubscribe(self) -> None:
        if self.subscriber is not None and self.writer is not None:
            self.hub.unsubscribe(self.subscriber)
            self.writer.cancel()
            await asyncio.gather(self.writer, return_exceptions=True)
            self.subscriber = self.writer = None

    async def _read(self) -> None:
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            raw = message.get("text")
            if raw is None:
                await self._refuse("send JSON text, not binary messages", UNSUPPORTED)
                return
            if len(raw) > MAX_MESSAGE_BYTES:
                await self._refuse(f"a message is at most {MAX_MESSAGE_BYTES} bytes long", TOO_BIG)
                return
            if self.grant.sha256 and not self._still_allowed():
                await self._close("the token has expired or was taken back", POLICY)
                return
            try:
                selection, after = from_message(self.hub, raw, self.grant)
            except BadInput as error:
                await self.websocket.send_text(messages.text(messages.Problem(error=str(error))))
            else:
                await self._subscribe(selection, after)

    def _still_allowed(self) -> bool:
        front: Front = self.websocket.app.state.front
        return front.tokens is None or front.tokens.still(self.grant)

    async def _refuse(self, sentence: str, code: int) -> None:
        await self.websocket.send_text(messages.text(messages.Problem(error=sentence)))
        await self.websocket.close(code, sentence)

    async def _write(self, subscriber: Subscriber) -> None:
        send, delivered = self.websocket.send, self.hub.delivered
        try:
            while batch := await subscriber.next_batch():
                async with asyncio.timeout(STUCK_S):
                    for out in batch:
                        await send({"type": "websocket.send", "text": out.text})
                        if out.stamp_ns:
                            delivered(out.stamp_ns, "websocket")
        except (WebSocketDisconnect, RuntimeError, OSError):
            return
        except TimeoutError:
            await self._close("the client reads nothing: reconnect with the cursor")
            return
        if subscriber.revoked:
            await self._close("the token has expired or was taken back", POLICY)
        elif subscriber.overrun:
            await self._close("the client is too far behind: reconnect with the cursor")

    async def _close(self, sentence: str, code: int = TRY_LATER) -> None:
        if self.websocket.application_state is WebSocketState.CONNECTED:
            try:
                async with asyncio.timeout(1.0):
                    await self.websocket.close(code, sentence)
            except (TimeoutError, RuntimeError, OSError):
                pass
