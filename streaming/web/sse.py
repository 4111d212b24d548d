"""Server-sent events: the same messages for clients that only speak HTTP, resumed with Last-Event-ID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streaming.web.filters import read_cursor
from streaming.web.front import grant_of
from streaming.web.hub import Hub
from streaming.web.subscribers import OutboxItem, Subscriber
from streaming.web.websocket import from_query

#: a comment is sent after so much silence, so that proxies keep the connection open
QUIET_S = 15.0


def frame(out: OutboxItem) -> bytes:
    """One message in the text/event-stream format; the id is the cursor after it."""
    ident = f"id: {out.cursor}\n" if out.cursor is not None else ""
    return f"{ident}event: {out.kind}\ndata: {out.text}\n\n".encode()


async def _stream(hub: Hub, subscriber: Subscriber, after: dict[str, int]) -> AsyncIterator[bytes]:
    hub.subscribe(subscriber, after)
    try:
        yield b"retry: 1000\n\n"
        while not subscriber.closed:
            try:
                async with asyncio.timeout(QUIET_S):
                    batch = await subscriber.next_batch()
            except TimeoutError:
                yield b": quiet\n\n"
                continue
            for out in batch:
                yield frame(out)
                if out.stamp_ns:
                    hub.delivered(out.stamp_ns, "sse")
    finally:
        hub.unsubscribe(subscriber)


async def sse(request: Request) -> Response:
    """``/sse?topics=...&game=...&subject=...&from=...``; a header Last-Event-ID counts for more than ``from``."""
    hub: Hub = request.app.state.hub
    grant = grant_of(request.scope)
    selection, after = from_query(hub, request.query_params, grant)
    if last := request.headers.get("last-event-id"):
        after = read_cursor(last, selection.games)
    return StreamingResponse(
        _stream(hub, Subscriber(selection, "sse", grant if grant.sha256 else None), after),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )
