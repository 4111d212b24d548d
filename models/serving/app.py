"""The paths of the SageMaker container contract, and one for Prometheus.

GET    /ping                       200 while models can be asked
POST   /invocations                rows in, predictions out; the model is the only one, or X-Amzn-SageMaker-Target-Model
GET    /models                     what is loaded
POST   /models                     {"model_name": ..., "url": ...}: load
GET    /models/NAME                one of them: version, features with units
PUT    /models/NAME                {"url": ...}: another version takes its place, with no request in between
DELETE /models/NAME                unload
POST   /models/NAME/invoke         rows in, predictions out
GET    /execution-parameters       what a batch job may send
GET    /metrics                    Prometheus
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar
from urllib.parse import unquote

import msgspec

from models.base import Floats
from models.serving import metrics
from models.serving.connection import Connection, Request
from models.serving.contract import CSV, JSON, MOST_BODY_BYTES, Refused, answer_type, body_type, decode, encode, media_type
from models.serving.queue import RETRY, Job, Queue
from models.serving.registry import Registry, Served

T = TypeVar("T")

MOST_CONNECTIONS: Final = 1024
_BYTES: Final = {JSON: JSON.encode(), CSV: b"text/csv; charset=utf-8"}
_ALLOWED: Final = {
    "/ping": "GET",
    "/metrics": "GET",
    "/execution-parameters": "GET",
    "/invocations": "POST",
    "/models": "GET, POST",
}


class _Load(msgspec.Struct):
    model_name: str
    url: str


class _Replace(msgspec.Struct):
    url: str


class Endpoint:
    """Answers requests from a registry. ``token``: what every request but /ping must carry as a bearer token, when it is set."""

    def __init__(self, registry: Registry, loop: asyncio.AbstractEventLoop, *, token: str = "", most_waiting: int = 1024) -> None:
        self.registry = registry
        self.connections: set[Connection] = set()
        self.queue = Queue(loop, most_waiting)
        self.draining = False
        self._loop, self._token = loop, f"Bearer {token}".encode() if token else b""
        # one at a time: what is asked for last is what is loaded last
        self._loader = ThreadPoolExecutor(1, "models")
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what a connection calls ---------------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> Refused | None:
        if self.draining:
            return Refused("draining", "the endpoint is going down", RETRY)
        if len(self.connections) > MOST_CONNECTIONS:
            return Refused("too many connections", f"{MOST_CONNECTIONS:,} connections are open", RETRY)
        return None

    def count_unread(self, refused: Refused) -> None:
        self.registry.tallies[""].refused(refused.reason)

    def handle(self, request: Request) -> None:
        """Answer a request, now or later; whatever it is, this does not raise."""
        try:
            self._route(request)
        except Refused as refused:
            self.registry.tallies[""].refused(refused.reason)
            request.refuse(refused)
        except Exception as error:  # noqa: BLE001 - nobody else's request may suffer from a mistake of ours
            failed = Refused("model failed", f"the request could not be handled: {type(error).__name__}")
            self.registry.tallies[""].refused(failed.reason)
            request.refuse(failed)

    # -- routes --------------------------------------------------------------------------------------------------------

    def _route(self, request: Request) -> None:
        path, method = request.target.partition(b"?")[0].decode("latin-1"), request.method
        if path == "/ping" and method == "GET":
            request.answer(b'{"status":"ok"}')
            return
        if self._token and not hmac.compare_digest(request.headers.get(b"authorization", "").encode(), self._token):
            raise Refused("not allowed", "this endpoint wants its token (Authorization: Bearer)", b"www-authenticate: Bearer\r\n")
        if path == "/invocations" and method == "POST":
            target = request.headers.get(b"x-amzn-sagemaker-target-model", "")
            self._invoke(request, self.registry.named(target) if target else self.registry.only())
            return
        parts = path.split("/")
        if len(parts) in (3, 4) and parts[1] == "models" and parts[2]:
            name, tail = unquote(parts[2]), parts[3] if len(parts) == 4 else ""
            if tail == "invoke" and method == "POST":
                self._invoke(request, self.registry.named(name))
                return
            if not tail:
                self._model(request, name)
                return
            allowed = "POST" if tail == "invoke" else ""
        else:
            if path == "/models":
                self._models(request)
                return
            if method == "GET" and path == "/metrics":
                gauges: dict[str, tuple[str, Callable[[], float]]] = {
                    "connections": ("Connections open.", lambda: len(self.connections)),
                    "waiting_rows": ("Rows waiting for their turn.", lambda: self.queue.rows),
                    "models": ("Models loaded.", lambda: len(self.registry.models)),
                }
                request.answer(metrics.exposition(self.registry.tallies, gauges), metrics.CONTENT_TYPE)
                return
            if method == "GET" and path == "/execution-parameters":
                most_mb = MOST_BODY_BYTES >> 20
                request.answer(b'{"MaxConcurrentTransforms":8,"BatchStrategy":"MULTI_RECORD","MaxPayloadInMB":%d}' % most_mb)
                return
            allowed = _ALLOWED.get(path, "")
        raise _not_here(path, method, allowed)

    def _models(self, request: Request) -> None:
        registry = self.registry
        if request.method == "GET":
            listed = [{"modelName": s.name, "modelUrl": s.url} for s in registry.models.values()]
            request.answer(msgspec.json.encode({"models": listed}))
            return
        if request.method != "POST":
            raise _not_here("/models", request.method, _ALLOWED["/models"])
        wanted = _body(request, _Load)

        def check() -> None:
            if wanted.model_name in registry.models:
                raise Refused("already loaded", f"{wanted.model_name[:80]} is loaded; PUT puts another in its place")

        check()
        self._load(request, wanted.model_name, wanted.url, check)

    def _model(self, request: Request, name: str) -> None:
        if request.method == "GET":
            request.answer(msgspec.json.encode(self.registry.named(name).card()))
        elif request.method == "DELETE":
            self.registry.remove(name)
            request.answer(b"{}")
        elif request.method == "PUT":
            self.registry.named(name)
            self._load(request, name, _body(request, _Replace).url, lambda: None)
        else:
            raise _not_here("/models/NAME", request.method, "GET, PUT, DELETE")

    def _load(self, request: Request, name: str, url: str, check: Callable[[], None]) -> None:
        """Read a model away from the loop, and have it served when it is ready; then answer."""
        registry = self.registry

        def open_() -> list[Served]:
            return registry.prepared(name, registry.opened(url), url)

        async def load() -> None:
            try:
                ready = await self._loop.run_in_executor(self._loader, open_)
                check()
                registry.install(ready)
                card = ready[0].card()
            except Refused as refused:
                registry.tallies[""].refused(refused.reason)
                request.refuse(refused)
            except Exception as error:  # noqa: BLE001 - a request must be answered, whatever is wrong with the model
                failed = Refused("model failed", f"the model could not be loaded: {type(error).__name__}")
                registry.tallies[""].refused(failed.reason)
                request.refuse(failed)
            else:
                request.answer(msgspec.json.encode(card))

        task = self._loop.create_task(load())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- predictions ---------------------------------------------------------------------------------------------------

    def _invoke(self, request: Request, served: Served) -> None:
        headers = request.headers
        try:
            if b"content-encoding" in headers and headers[b"content-encoding"].lower() != "identity":
                raise Refused("unsupported media type", "the body is compressed: send it as it is")
            kind = answer_type(headers.get(b"accept", ""))
            rows = decode(request.body, body_type(headers.get(b"content-type", "")), served.names)
            served.plausible.check(rows)
            deadline_s = _deadline(headers.get(b"x-touchline-deadline-ms", ""), request.began_s)

            def done(answer: Floats | Refused) -> None:
                if isinstance(answer, Refused):
                    served.tally.refused(answer.reason)
                    request.refuse(answer)
                    return
                request.answer(encode(answer, kind, served.name, served.version), _BYTES[kind], served.head)
                served.tally.answered(len(rows), time.monotonic() - request.began_s)

            self.queue.offer(Job(served, rows, deadline_s, done))
        except Refused as refused:
            served.tally.refused(refused.reason)
            request.refuse(refused)
        request.body = b""

    async def drained(self, patience_s: float) -> None:
        """Take nobody in any more, answer what was asked, and close; after ``patience_s`` whatever is left."""
        self.draining = True
        until_s = time.monotonic() + patience_s
        for connection in list(self.connections):
            connection.drain()
        while self.connections and time.monotonic() < until_s:
            await asyncio.sleep(0.005)
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()
        self._loader.shutdown(wait=False, cancel_futures=True)


def _deadline(header: str, began_s: float) -> float | None:
    """When, on the monotonic clock, nobody wants the answer any more."""
    if not header:
        return None
    try:
        budget_ms = float(header)
    except ValueError:
        budget_ms = -1.0
    if not 0.0 < budget_ms <= 3_600_000.0:
        raise Refused("bad deadline", f"X-Touchline-Deadline-Ms is {header[:40]!r}: milliseconds, more than 0, are wanted")
    return began_s + budget_ms / 1000.0


def _body(request: Request, kind: type[T]) -> T:
    # asked for by name: a page in a browser cannot send this type to another origin without leave
    if media_type(request.headers.get(b"content-type", "")) != JSON:
        raise Refused("unsupported media type", f"a model is loaded by {JSON}")
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Refused("malformed body", f"the body is not what loads a model: {str(error)[:200]}") from None


def _not_here(path: str, method: str, allowed: str) -> Refused:
    if allowed:
        return Refused("method not allowed", f"{path} takes {allowed}, not {method}", f"allow: {allowed}\r\n".encode())
    return Refused("unknown path", f"nothing is at {path[:80]}: try /models, /models/NAME/invoke, /invocations, /ping or /metrics")
