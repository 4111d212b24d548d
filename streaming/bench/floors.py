"""The least that a server on loopback can cost: ``python -m streaming.bench.floors echo|asgi BYTES`` answers every request
with as many bytes, and prints its port. ``echo`` is a bare socket on uvloop, ``asgi`` a raw ASGI application on uvicorn with
httptools."""

from __future__ import annotations

import asyncio
import sys
from typing import Any


class _Echo(asyncio.Protocol):
    """Each request ends with an empty line or with its rows, in one piece; nothing is parsed."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.answer)


async def _echo(size: int) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % size
    answer = head + b"1" * size
    server = await asyncio.get_running_loop().create_server(lambda: _Echo(answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _asgi(size: int) -> None:
    import uvicorn

    body = b"1" * size
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    start["headers"] += [(b"content-length", b"%d" % size)]  # type: ignore[operator]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        await send(start)
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(app, port=0, loop="uvloop", http="httptools", access_log=False, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    import uvloop

    uvloop.run({"echo": _echo, "asgi": _asgi}[sys.argv[1]](int(sys.argv[2])))
