"""A small HTTP server in a process without pages: metrics, liveness and readiness.

``/metrics`` is Prometheus' text; ``/health`` and ``/live`` answer 503 when the process should be started again, ``/ready`` when it
does not deliver. The body has the reasons, one a line. Beyond the loopback the metrics and the reasons need a token of scope
metrics.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from models.serving.front import Front, bearer
from streaming.errors import Unavailable

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
#: a request that takes longer is ended
REQUEST_S: Final = 5.0
#: requests that are answered at one time; others wait for the next
MOST: Final = 8

Reasons = Callable[[], list[str]]


class Monitor:
    """Listens on ``host`` and ``port`` (0: any that is free; ``port`` then has it), from ``start`` to ``stop`` or ``with``.
    ``Unavailable`` with one sentence when the port cannot be had."""

    def __init__(
        self,
        collectors: Sequence[Collector],
        not_alive: Reasons,
        not_ready: Reasons,
        *,
        port: int,
        host: str = "127.0.0.1",
        front: Front | None = None,
    ) -> None:
        front = front or Front(host=host)
        registry = CollectorRegistry(auto_describe=False)
        for collector in collectors:
            registry.register(collector)
        pages: dict[str, Callable[[], tuple[int, bytes, str]]] = {
            "/metrics": lambda: (200, generate_latest(registry), CONTENT_TYPE),
            "/health": lambda: _answer(not_alive()),
            "/live": lambda: _answer(not_alive()),
            "/ready": lambda: _answer(not_ready()),
        }
        try:
            self._server = _Server((host, port), _handler(pages, front), front.tls)
        except OSError as error:
            why = "it is already in use: choose another with --monitor-port" if error.errno == errno.EADDRINUSE else error.strerror
            raise Unavailable(f"cannot listen on port {port} of {host}: {why}") from None
        except OverflowError:
            raise Unavailable(f"cannot listen on port {port}: ports go up to 65535") from None
        self.port = int(self._server.server_address[1])
        self.url = f"http{'s' if front.tls else ''}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="monitor", daemon=True)

    def start(self) -> Monitor:
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Monitor:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _answer(reasons: list[str]) -> tuple[int, bytes, str]:
    return 503 if reasons else 200, ("\n".join(reasons or ["ok"]) + "\n").encode(), "text/plain; charset=utf-8"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None) -> None:
        super().__init__(address, handler)
        self._free, self._tls = threading.BoundedSemaphore(MOST), tls

    def process_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        if self._free.acquire(timeout=REQUEST_S / 10):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        end = threading.Timer(REQUEST_S, _cut, (request,))
        end.daemon = True
        end.start()
        try:
            if self._tls is not None:
                request = self._tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)  # it does not speak TLS
        finally:
            end.cancel()
            self._free.release()

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """A client that went away or sent rubbish: there is nothing to say of it."""


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _handler(pages: dict[str, Callable[[], tuple[int, bytes, str]]], front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "touchline", ""

        def do_GET(self) -> None:
            status, body, kind = self._answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.send_header("cache-control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _answer(self, path: str) -> tuple[int, bytes, str]:
            if not front.host_allowed(self.headers.get("host", "")):
                return 421, b"this host is not served here\n", "text/plain"
            if (page := pages.get(path)) is None:
                return 404, b"there is /metrics, /health, /live and /ready\n", "text/plain"
            client, token = front.client(self.client_address[0]), bearer(self.headers.get("authorization", ""))
            grant = front.grant(token, client)
            if grant is not None and grant.metrics:
                return page()
            if token and not front.failed(client):
                return 429, b"too many wrong tokens\n", "text/plain"
            if path == "/metrics":
                return 401 if grant is None else 403, b"a token of scope metrics is needed\n", "text/plain"
            status, _, kind = page()
            return status, b"ok\n" if status == 200 else b"failing; a token of scope metrics shows why\n", kind

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler
