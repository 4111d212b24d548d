"""The web application put together, and the server that runs it: in the foreground until Ctrl-C, or in a thread."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from models.serving.access import Tokens
from models.serving.admission import Door, Ticket, connections_within_descriptors
from models.serving.front import Front
from models.serving.listener import Listener
from streaming.errors import BadInput, Unavailable
from streaming.threads import WatchedThread
from streaming.web import http_limits, rest
from streaming.web.cluster_poller import ClusterPoller
from streaming.web.front import FrontDoor
from streaming.web.front_metrics import FrontCollector
from streaming.web.graphics import graphics, page_of, part_of
from streaming.web.hub import Hub
from streaming.web.prometheus import exposition
from streaming.web.sse import sse
from streaming.web.websocket import WebSocketSession
from streaming.web.websocket_limits import LimitedWebSocket

STATIC = Path(__file__).parent / "static"
PAGES = {
    "/": "live.html",
    "/operator": "operator.html",
    "/catalogue": "catalogue.html",
}
#: a client that reads slowly should find new values behind its socket, not megabytes of old ones
SEND_BUFFER_BYTES = 256 * 1024
#: longest message that the protocol accepts; the application has a lower limit and answers with a sentence
MAX_FRAME_BYTES = 1 << 16

#: how often the tokens of open subscriptions are looked at, s
TOKEN_CHECK_S = 2.0


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return FileResponse(STATIC / name, headers={"cache-control": "no-cache"})

    return page


async def _graphic(request: Request) -> Response:
    """The page of a graphic, or a file beside it."""
    name, file = request.path_params["name"], request.path_params.get("file")
    path = page_of(name) if file is None else part_of(name, file)
    if path is None:
        raise HTTPException(404, f"there is no graphic at {request.scope['path'][:80]!r}: /api/graphics lists the graphics")
    return FileResponse(path, headers={"cache-control": "no-cache"})


async def _websocket(websocket: WebSocket) -> None:
    await WebSocketSession(websocket.app.state.hub, websocket).run()


async def _end_revoked(hub: Hub, tokens: Tokens) -> None:
    while True:
        await asyncio.sleep(TOKEN_CHECK_S)
        hub.end_revoked(tokens.still)


def application(
    hub: Hub, *, recordings: Path | None = None, cluster: ClusterPoller | None = None, front: Front | None = None
) -> Starlette:
    """The ASGI application over ``hub``; ``recordings`` is a folder of recordings that may be listed, ``cluster`` polls the broker
    and the Flink cluster that feed the hub, ``front`` says who may do what (without: as on the loopback)."""
    front = front or Front()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        hub.bind(asyncio.get_running_loop())
        checks = None if front.tokens is None else asyncio.create_task(_end_revoked(hub, front.tokens))
        try:
            yield
        finally:
            if checks is not None:
                checks.cancel()
            hub.unbind()

    graphics()  # a graphic that cannot be shown ends the command and not a broadcast
    routes: list[BaseRoute] = [Route(path, _page(name)) for path, name in PAGES.items()]
    routes += [
        Route("/graphics/{name}", _graphic),
        Route("/graphics/{name}/{file}", _graphic),
        WebSocketRoute("/ws", _websocket),
        Route("/sse", sse),
        Route("/health", rest.health),
        Route("/live", rest.live),
        Route("/ready", rest.ready),
        Route("/metrics", rest.metrics),
        Route("/asyncapi.json", rest.asyncapi),
        Route("/openapi.json", rest.openapi),
        Route("/api/schemas", rest.schema_names),
        Route("/api/schemas/{name}.json", rest.schema),
        Route("/api/games", rest.games),
        Route("/api/games/{game:path}/latest", rest.latest),
        Route("/api/games/{game:path}/moments", rest.moments),
        Route("/api/games/{game:path}/history", rest.history),
        Route("/api/games/{game:path}/events", rest.events),
        Route("/api/games/{game:path}", rest.game),
        Route("/api/catalogue", rest.catalogue),
        Route("/api/catalogue/{sport}", rest.catalogue),
        Route("/api/models", rest.models),
        Route("/api/graphics", rest.graphic_list),
        Route("/ograf/{file}", rest.ograf),
        Route("/api/recordings", rest.recordings),
        Route("/api/operators", rest.operators),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    problems: dict[Any, Any] = {HTTPException: rest.error_response, BadInput: rest.error_response}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=problems)
    app.add_middleware(FrontDoor, front=front)
    app.state.hub, app.state.recordings, app.state.cluster = hub, recordings, cluster
    app.state.front = front
    app.state.exposition = exposition(hub, cluster, folders=() if recordings is None else (recordings,))
    app.state.exposition.register(FrontCollector(front, hub))
    return app


def listen(host: str, port: int) -> socket.socket:
    """A bound socket (port 0: any that is free); ``Unavailable`` with one sentence when it cannot be had."""
    if not 0 <= port <= 65_535:
        raise Unavailable(f"cannot listen on port {port}: ports go up to 65535")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            sock.bind(address)
        except BaseException:
            sock.close()
            raise
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise Unavailable(f"port {port} on {host} is already in use: choose another with --port") from None
        why = error.strerror if isinstance(error, OSError) else "that is not a host name"
        raise Unavailable(f"cannot listen on {host}, port {port}: {why}") from None
    return sock


#: time until the server must serve
START_S = 60.0


class _Server(uvicorn.Server):
    """Ends the subscriptions first, so that open event streams do not hold up the end."""

    def __init__(self, config: uvicorn.Config, hub: Hub, door: Door) -> None:
        super().__init__(config)
        self.hub, self.door = hub, door
        self.ready = threading.Event()
        self._listeners: list[Listener] = []

    def _protocol(self, ticket: Ticket) -> asyncio.Protocol:
        return http_limits.LimitedHttp(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, ticket=ticket
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])  # all but the sockets, whose connections are counted from the start
        for sock in sockets or []:
            listener = Listener(sock, self.door, self._protocol, self.config.ssl)
            self._listeners.append(listener)
            listener.start(asyncio.get_running_loop(), self.config.backlog)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self._listeners:
            listener.close()
        self.hub.unbind()
        await super().shutdown([])


class Gateway:
    """A listening gateway over ``hub``.

    ``run()`` serves in the foreground until Ctrl-C; ``start()`` and ``stop()`` (or ``with``) serve in a thread. The
    port is bound when the object is made, so that a busy one is known before anything else begins; ``url`` has it.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        recordings: Path | None = None,
        cluster: ClusterPoller | None = None,
        front: Front | None = None,
    ) -> None:
        self.hub, front = hub, front or Front(host=host)
        self.socket = listen(host, port)
        name, self.port = self.socket.getsockname()[:2]
        self.url = f"{'http' if front.tls is None else 'https'}://{f'[{name}]' if ':' in name else name}:{self.port}"
        config = uvicorn.Config(
            application(hub, recordings=recordings, cluster=cluster, front=front),
            loop="uvloop",
            http=http_limits.LimitedHttp,
            ws=LimitedWebSocket,
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the front reads them, where a proxy is stated
            ssl_context_factory=None if (tls := front.tls) is None else (lambda *_: tls),
            timeout_graceful_shutdown=2,
        )
        self.door = Door(
            lambda: connections_within_descriptors(front.most_connections or http_limits.MOST_CONNECTIONS),
            address_limited=not front.behind_proxy,
        )
        front.door = self.door
        self._server = _Server(config, hub, self.door)
        self._thread: WatchedThread | None = None

    def run(self) -> None:
        """Serve until interrupted; returns normally after Ctrl-C."""
        try:
            self._server.run(sockets=[self.socket])
        except KeyboardInterrupt:
            pass
        finally:
            self.socket.close()

    def start(self) -> Gateway:
        """Serve in a thread; returns once connections are accepted."""
        self._thread = WatchedThread(self.run, "gateway", self._server.ready.set).start()
        if not self._server.ready.wait(START_S):
            raise Unavailable(f"the gateway at {self.url} did not start within {START_S:.0f} s")
        self._thread.check()
        return self

    def check(self) -> None:
        """Raise the error of its thread, if any: without it the pages would stop silently."""
        if self._thread is not None:
            self._thread.check()

    def stop(self) -> None:
        """End it: subscriptions first, then the server."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10.0)
        self.socket.close()

    def __enter__(self) -> Gateway:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def serve(hub: Hub, *, host: str = "127.0.0.1", port: int = 8080, recordings: Path | None = None) -> None:
    """Serve ``hub`` in the foreground until Ctrl-C."""
    Gateway(hub, host=host, port=port, recordings=recordings).run()
