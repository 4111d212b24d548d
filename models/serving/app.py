"""The paths of the SageMaker container contract, and one for Prometheus.

GET    /ping                       200 while it is ready
POST   /invocations                rows in, predictions out; the model is the only one, or X-Amzn-SageMaker-Target-Model
GET    /models                     the loaded models
POST   /models                     {"model_name": ..., "url": ...}: load
GET    /models/NAME                one of them: version, features with units
PUT    /models/NAME                {"url": ...}: replace it by another version, between two requests
DELETE /models/NAME                unload
POST   /models/NAME/invoke         rows in, predictions out
GET    /execution-parameters       limits for batch jobs
GET    /metrics                    Prometheus
GET    /openapi.json               these paths as an OpenAPI document
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar
from urllib.parse import unquote

import msgspec

from models.base import Floats
from models.serving import metrics
from models.serving.connection import Connection, Request
from models.serving.contract import CSV, JSON, MOST_BODY_BYTES, RETRY, Refused, answer_type, body_type, decode, encode, media_type
from models.serving.front import Front, bearer
from models.serving.loaded_models import LoadedModels, ServedModel
from models.serving.openapi import Load, Replace, endpoint_document
from models.serving.queue import Job, Queue

T = TypeVar("T")

MOST_CONNECTIONS: Final = 1024
_BYTES: Final = {JSON: JSON.encode(), CSV: b"text/csv; charset=utf-8"}
_ALLOWED: Final = {
    "/ping": "GET",
    "/metrics": "GET",
    "/execution-parameters": "GET",
    "/openapi.json": "GET",
    "/invocations": "POST",
    "/models": "GET, POST",
}


class Endpoint:
    """Answers requests from the loaded models. ``front`` says to whom (without: as on the loopback); /ping is for everybody."""

    def __init__(
        self, loaded: LoadedModels, loop: asyncio.AbstractEventLoop, *, front: Front | None = None, most_waiting: int = 1024
    ) -> None:
        self.loaded = loaded
        self.connections: set[Connection] = set()
        self.queue = Queue(loop, most_waiting)
        self.draining = False
        self._loop, self._front = loop, front or Front(requests_per_s=None)
        # one at a time, in the order of the requests
        self._loader = ThreadPoolExecutor(1, "models")
        self._tasks: set[asyncio.Task[None]] = set()

    # -- for connections ---------------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> Refused | None:
        if self.draining:
            return Refused("draining", "the endpoint is shutting down", RETRY)
        if connection.ticket is not None and connection.ticket.refusal:
            return Refused("too many connections", connection.ticket.refusal, RETRY)
        return None

    def count_refused(self, refused: Refused) -> None:
        self.loaded.metrics[""].refused(refused.reason)

    def handle(self, request: Request) -> None:
        """Answer a request, now or later; never raises."""
        try:
            self._route(request)
        except Refused as refused:
            self.loaded.metrics[""].refused(refused.reason)
            request.refuse(refused)
        except Exception as error:  # noqa: BLE001 - an error in one request must not reach the others
            failed = Refused("model failed", f"the request could not be handled: {type(error).__name__}")
            self.loaded.metrics[""].refused(failed.reason)
            request.refuse(failed)

    # -- routes --------------------------------------------------------------------------------------------------------

    def _route(self, request: Request) -> None:
        path, method = request.target.partition(b"?")[0].decode("latin-1"), request.method
        if path == "/ping" and method == "GET":
            request.answer(b'{"status":"ok"}')
            return
        self._check(request, path)
        if path == "/invocations" and method == "POST":
            target = request.headers.get(b"x-amzn-sagemaker-target-model", "")
            self._invoke(request, self.loaded.find(target) if target else self.loaded.single())
            return
        parts = path.split("/")
        if len(parts) in (3, 4) and parts[1] == "models" and parts[2]:
            name, tail = unquote(parts[2]), parts[3] if len(parts) == 4 else ""
            if tail == "invoke" and method == "POST":
                self._invoke(request, self.loaded.find(name))
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
                    "waiting_rows": ("Rows waiting in the queue.", lambda: self.queue.rows),
                    "models": ("Models loaded.", lambda: len(self.loaded.models)),
                }
                request.answer(metrics.exposition(self.loaded.metrics, gauges), metrics.CONTENT_TYPE)
                return
            if method == "GET" and path == "/openapi.json":
                request.answer(msgspec.json.encode(endpoint_document()))
                return
            if method == "GET" and path == "/execution-parameters":
                most_mb = MOST_BODY_BYTES >> 20
                request.answer(b'{"MaxConcurrentTransforms":8,"BatchStrategy":"MULTI_RECORD","MaxPayloadInMB":%d}' % most_mb)
                return
            allowed = _ALLOWED.get(path, "")
        raise _not_found(path, method, allowed)

    def _check(self, request: Request, path: str) -> None:
        """Refuse what this request's host, origin or token does not allow."""
        front, headers = self._front, request.headers
        host, origin = headers.get(b"host", ""), headers.get(b"origin", "")
        if not front.host_allowed(host):
            raise Refused("wrong host", f"this endpoint is not {host[:80]!r}: --allowed-host names the hosts it answers to")
        if not front.origin_allowed(origin, host):
            raise Refused("wrong origin", f"pages of {origin[:80]!r} may not ask here")
        if front.tokens is None:
            return
        client = front.client(request.address, headers.get(b"x-forwarded-for", ""))
        token = bearer(headers.get(b"authorization", ""))
        grant = front.grant(token, client)
        if grant is None:
            if token and not front.failed(client):
                raise Refused("too many requests", "too many wrong tokens: try again later", RETRY)
            raise Refused("not allowed", "this endpoint needs a token (Authorization: Bearer)", b"www-authenticate: Bearer\r\n")
        if not front.within_rate(grant, client):
            raise Refused("too many requests", "too many requests: try again later", RETRY)
        scope = "metrics" if path == "/metrics" else "admin" if request.method != "GET" and _changes(path) else "predict"
        if not grant.allowed("predicts" if scope == "predict" else scope):
            raise Refused("missing scope", f"this token may not {request.method} {path[:80]}: it lacks the scope {scope}")

    def _models(self, request: Request) -> None:
        loaded = self.loaded
        if request.method == "GET":
            listed = [{"modelName": s.name, "modelUrl": s.url} for s in loaded.models.values()]
            request.answer(msgspec.json.encode({"models": listed}))
            return
        if request.method != "POST":
            raise _not_found("/models", request.method, _ALLOWED["/models"])
        load = _body(request, Load)

        def check() -> None:
            if load.model_name in loaded.models:
                raise Refused("already loaded", f"{load.model_name[:80]} is loaded; PUT puts another in its place")

        check()
        self._load(request, load.model_name, load.url, check)

    def _model(self, request: Request, name: str) -> None:
        if request.method == "GET":
            request.answer(msgspec.json.encode(self.loaded.find(name).card()))
        elif request.method == "DELETE":
            self.loaded.remove(name)
            request.answer(b"{}")
        elif request.method == "PUT":
            self.loaded.find(name)
            self._load(request, name, _body(request, Replace).url, lambda: None)
        else:
            raise _not_found("/models/NAME", request.method, "GET, PUT, DELETE")

    def _load(self, request: Request, name: str, url: str, check: Callable[[], None]) -> None:
        """Read a model on a thread, serve it, then answer."""
        loaded = self.loaded

        def open_() -> list[ServedModel]:
            return loaded.prepare(name, loaded.open_folder(url), url)

        async def load() -> None:
            try:
                ready = await self._loop.run_in_executor(self._loader, open_)
                check()
                loaded.install(ready)
                card = ready[0].card()
            except Refused as refused:
                loaded.metrics[""].refused(refused.reason)
                request.refuse(refused)
            except Exception as error:  # noqa: BLE001 - every request must be answered
                failed = Refused("model failed", f"the model could not be loaded: {type(error).__name__}")
                loaded.metrics[""].refused(failed.reason)
                request.refuse(failed)
            else:
                request.answer(msgspec.json.encode(card))

        task = self._loop.create_task(load())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- predictions ---------------------------------------------------------------------------------------------------

    def _invoke(self, request: Request, served: ServedModel) -> None:
        headers = request.headers
        try:
            if b"content-encoding" in headers and headers[b"content-encoding"].lower() != "identity":
                raise Refused("unsupported media type", "the body is compressed: send it uncompressed")
            kind = answer_type(headers.get(b"accept", ""))
            rows = decode(request.body, body_type(headers.get(b"content-type", "")), served.names)
            served.plausible_range.check(rows)
            deadline_s = _deadline(headers.get(b"x-touchline-deadline-ms", ""), request.started_s)

            def done(answer: Floats | Refused) -> None:
                if isinstance(answer, Refused):
                    served.metrics.refused(answer.reason)
                    request.refuse(answer)
                    return
                request.answer(encode(answer, kind, served.name, served.version, served.digest), _BYTES[kind], served.headers)
                served.metrics.answered(len(rows), time.monotonic() - request.started_s)

            self.queue.offer(Job(served, rows, deadline_s, done))
        except Refused as refused:
            served.metrics.refused(refused.reason)
            request.refuse(refused)
        request.body = b""

    async def drain_all(self, timeout_s: float) -> None:
        """Accept nothing more, answer the accepted requests, and close; after ``timeout_s`` abort the rest."""
        self.draining = True
        until_s = time.monotonic() + timeout_s
        for connection in list(self.connections):
            connection.drain()
        while self.connections and time.monotonic() < until_s:
            await asyncio.sleep(0.005)
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()
        self._loader.shutdown(wait=False, cancel_futures=True)


def _deadline(header: str, started_s: float) -> float | None:
    """The deadline of the response on the monotonic clock, s."""
    if not header:
        return None
    try:
        budget_ms = float(header)
    except ValueError:
        budget_ms = -1.0
    if not 0.0 < budget_ms <= 3_600_000.0:
        raise Refused("bad deadline", f"X-Touchline-Deadline-Ms is {header[:40]!r}, not milliseconds more than 0")
    return started_s + budget_ms / 1000.0


def _body(request: Request, kind: type[T]) -> T:
    # required: a page in a browser cannot send this type to another origin without permission
    if media_type(request.headers.get(b"content-type", "")) != JSON:
        raise Refused("unsupported media type", f"a request to load a model is {JSON}")
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Refused("malformed body", f"the body does not describe a model to load: {str(error)[:200]}") from None


def _changes(path: str) -> bool:
    """Whether a request that is no GET loads or unloads a model, and does not ask one."""
    return path.startswith("/models") and not path.endswith("/invoke")


def _not_found(path: str, method: str, allowed: str) -> Refused:
    if allowed:
        return Refused("method not allowed", f"{path} accepts {allowed}, not {method}", f"allow: {allowed}\r\n".encode())
    return Refused("unknown path", f"there is no {path[:80]}: try /models, /models/NAME/invoke, /invocations, /ping or /metrics")
