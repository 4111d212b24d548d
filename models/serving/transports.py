"""How rows get to an endpoint: over HTTP, or through the SageMaker runtime."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Final
from urllib.parse import quote

import msgspec

from models.serving.circuit_breaker import NoPrediction
from models.serving.client import FeatureDescription
from models.serving.http_client import HttpConnection

_REASONS: Final = {400: "refused", 413: "refused", 503: "busy", 504: "slow"}


class _Card(msgspec.Struct):
    version: str
    features: list[FeatureDescription]


class HttpTransport:
    """An endpoint of this project's, on (host, port) or the path of a Unix socket. ``token`` is sent with every request; a function
    is asked again when the endpoint no longer accepts what it had."""

    describes = True

    def __init__(
        self,
        where: tuple[str, int] | str,
        model: str,
        token: str | Callable[[], str] = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.wire = HttpConnection(where, tls)
        if isinstance(where, str):
            self._host = "localhost"
        else:
            self._host = f"[{where[0]}]:{where[1]}" if ":" in where[0] else f"{where[0]}:{where[1]}"
        self._path = f"/models/{quote(model, safe='')}"
        self._token = token
        self._write_heads()

    def _write_heads(self) -> None:
        token = self._token if isinstance(self._token, str) else self._token()
        common = f"host: {self._host}\r\n" + (f"authorization: Bearer {token}\r\n" if token else "")
        self._get = f"GET {self._path} HTTP/1.1\r\n{common}\r\n".encode()
        self._post = f"POST {self._path}/invoke HTTP/1.1\r\n{common}content-type: application/json\r\n".encode()

    def invoke(self, body: bytes, until_s: float) -> bytes:
        remaining_ms = max(1.0, (until_s - time.monotonic()) * 1000.0)
        headers = b"%bx-touchline-deadline-ms: %.1f\r\ncontent-length: %d\r\n\r\n" % (self._post, remaining_ms, len(body))
        return self._body(headers + body, until_s)

    def describe(self, until_s: float) -> tuple[str, list[FeatureDescription]]:
        try:
            card = msgspec.json.decode(self._body(self._get, until_s), type=_Card)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise NoPrediction("wrong", f"the endpoint does not describe its model: {str(error)[:200]}") from None
        return card.version, card.features

    def _body(self, request: bytes, until_s: float) -> bytes:
        response = self.wire.exchange(request, until_s)
        body = b"".join(response.body)
        if response.status == 401 and not isinstance(self._token, str):
            try:
                self._write_heads()  # the token may have been exchanged: the next request has the new one
            except ValueError as error:
                raise NoPrediction("refused", str(error)) from None
        if response.status != 200:
            detail = body[:300].decode("utf-8", "replace")
            raise NoPrediction(_REASONS.get(response.status, "wrong"), f"status {response.status}: {detail}")
        return body


class SageMakerTransport:
    """An endpoint in AWS. The client's own timeouts count from one byte to the next; so the call runs in a thread and is left there
    when the deadline passes. While a call is still running, no other is made."""

    describes = False

    def __init__(self, endpoint: str, *, target: str = "", region: str = "", client: Any = None) -> None:
        self._client = client if client is not None else _runtime(region)
        self._arguments = {"EndpointName": endpoint, "ContentType": "application/json", "Accept": "application/json"}
        if target:
            self._arguments["TargetModel"] = target
        self._thread = ThreadPoolExecutor(1, "sagemaker")
        self._call: Future[bytes] | None = None

    def invoke(self, body: bytes, until_s: float) -> bytes:
        if self._call is not None and not self._call.done():
            raise NoPrediction("busy", "the last call is still running")
        self._call = self._thread.submit(self._invoke, body)
        try:
            return self._call.result(max(0.0, until_s - time.monotonic()))
        except FutureTimeout:
            raise NoPrediction("slow", "no response by the deadline") from None
        except NoPrediction:
            raise
        except Exception as error:  # noqa: BLE001 - botocore's classes are made at run time
            status = int(getattr(error, "response", {}).get("OriginalStatusCode") or 0)
            reason = _REASONS.get(status, "wrong" if status else "down")
            raise NoPrediction(reason, f"{type(error).__name__}: {str(error)[:300]}") from None

    def _invoke(self, body: bytes) -> bytes:
        raw: bytes = self._client.invoke_endpoint(Body=body, **self._arguments)["Body"].read()
        return raw

    def describe(self, until_s: float) -> tuple[str, list[FeatureDescription]]:
        raise NoPrediction("wrong", "the SageMaker runtime does not describe its models")


def _runtime(region: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise ValueError("sagemaker: needs boto3, which the extra [aws] installs") from None
    config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    try:
        return boto3.client("sagemaker-runtime", config=config, **({"region_name": region} if region else {}))
    except Exception as error:  # noqa: BLE001 - botocore's classes are made at run time
        raise ValueError(f"sagemaker: {error}") from None
