"""What clients of the gateway send: subscriptions, cursors, and requests to the REST interface."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any

from starlette.datastructures import QueryParams

from streaming.errors import BadInput
from streaming.web import websocket
from streaming.web.filters import read_cursor
from streaming.web.gateway import application
from streaming.web.hub import Hub
from tests.fuzz import mutations
from tests.fuzz.target import Finding, Target
from tests.streaming import toy

_ADDRESSES = ("stats.toy.player.speed", "events.toy.mark", "positions.toy", "stats." + "a." * 60 + "b")


#: of a request
_LONGEST_S = 5.0


def targets() -> Iterator[Target]:
    yield Target("subscription", _message, _messages, (BadInput,), mutations.one)
    yield Target("subscription-query", _query, _queries, (BadInput,))
    yield Target("cursor", _cursor, lambda: [b"17", b"toy-1:17,a%2Fb:3", b"a:1"], (BadInput,))
    yield Target("rest", _request, _requests, ())


@cache
def _hub() -> Hub:
    hub = Hub()
    record = toy.game()
    hub.attach(record)
    operator = toy.final_only(record)
    for one in (toy.track(1.0), toy.mark(1, 0.5)):
        hub.write(operator.on_record(one, 1), 1)
    hub.drain()
    return hub


def _message(data: bytes) -> None:
    selection, after = websocket.from_message(_hub(), data)
    _used(selection, after)


def _query(data: bytes) -> None:
    selection, after = websocket.from_query(_hub(), QueryParams(data.decode("latin-1")))
    _used(selection, after)


def _used(selection: Any, after: dict[str, int]) -> None:
    for address in _ADDRESSES:
        selection.matches(address)
    for cache_ in _hub().games.values():
        cache_.latest(selection)
        cache_.moments(selection)
        cache_.resume(selection, after.get(cache_.game, 0), lambda delivery: None)


def _cursor(data: bytes) -> None:
    read_cursor(data.decode("latin-1"), frozenset({"toy-1"}))


def _messages() -> list[bytes]:
    return [
        b'{"topics": ["stats.toy.player.*"]}',
        b'{"topics": ["#", "events.*.mark"], "game": "toy-1", "subject": ["r1"], "after": 3}',
        b'{"topics": ["stats.toy.#"], "game": ["toy-1"], "after": "toy-1:2"}',
    ]


def _queries() -> list[bytes]:
    return [b"topics=stats.toy.player.*&game=toy-1&from=toy-1:2", b"topics=%23&subject=r1,r2", b"topics=stats.*.speed,events.#"]


# -- REST --------------------------------------------------------------------------------------------------------------------


@cache
def _app() -> tuple[asyncio.AbstractEventLoop, Any]:
    loop = asyncio.new_event_loop()
    return loop, application(_hub())


def _requests() -> list[bytes]:
    """A line of method, path and query each; headers may follow."""
    paths = (
        "/", "/health", "/metrics", "/asyncapi.json", "/api/schemas", "/api/schemas/Event.json", "/api/games",
        "/api/games/toy-1", "/api/games/toy-1/latest?stat=toy.player.*&subject=r1", "/api/games/toy-1/moments?stat=%23",
        "/api/games/toy-1/history?stat=toy.*", "/api/games/toy-1/events?type=mark", "/api/games/%2e%2e%2fx/latest",
        "/api/catalogue", "/api/catalogue/soccer", "/api/models", "/api/graphics", "/api/recordings", "/api/operators",
        "/graphics/tower", "/graphics/../x", "/static/%2e%2e/%2e%2e/x", "/ograf/x.html",
    )  # fmt: skip
    return [f"GET {path}\naccept: */*\nhost: localhost".encode() for path in paths]


def _request(data: bytes) -> None:
    """One request through the application, without a socket: its status is never a mistake of ours."""
    lines = data.split(b"\n")
    method, _, target = lines[0].partition(b" ")
    path, _, query = target.partition(b"?")
    if path.startswith(b"/sse") or not path.startswith(b"/"):
        return  # a stream has no end
    headers = [
        (name.strip().lower(), value.strip()) for name, colon, value in (line.partition(b":") for line in lines[1:20]) if colon
    ]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method.decode("latin-1").upper() or "GET",
        "scheme": "http", "path": _decoded(path), "raw_path": path, "query_string": query, "root_path": "", "headers": headers,
        "server": ("127.0.0.1", 8080), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    loop, app = _app()
    status: list[int] = []
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    loop.run_until_complete(asyncio.wait_for(app(scope, receive, send), _LONGEST_S))
    if not status or status[0] >= 500:
        raise Finding(f"the answer has the status {status}")


def _decoded(path: bytes) -> str:
    from urllib.parse import unquote

    return unquote(path.decode("latin-1"))
