"""A model on an endpoint: every request has a deadline, every response is checked, and a model in this process is the fallback."""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

import msgspec
import numpy as np

from models.base import Explained, Feature, Floats, Model, PredictionResult, digest_of
from models.guard import home_of, trained_on
from models.home import Home, Origin
from models.serving.circuit_breaker import CircuitBreaker, NoPrediction

DEADLINE_S: Final = 0.025


class EndpointReply(msgspec.Struct):
    """The body of a response."""

    predictions: list[float | list[float | None] | None]
    version: str = "unknown"
    #: the whole hash of the artefact; empty from endpoints that do not send it
    digest: str = ""


class FeatureDescription(msgspec.Struct):
    name: str
    unit: str = ""


class Transport(Protocol):
    """How rows get to the endpoint and back."""

    @property
    def describes(self) -> bool:
        """Whether ``describe`` can say what the model's features are."""

    def invoke(self, body: bytes, until_s: float) -> bytes:
        """Rows in JSON to predictions in JSON; ``NoPrediction`` otherwise, by ``until_s`` (monotonic)."""

    def describe(self, until_s: float) -> tuple[str, list[FeatureDescription]]:
        """Version and features of the model on the endpoint; ``NoPrediction`` otherwise."""


class RemoteModel:
    """A ``models.base.FallibleModel`` behind a transport.

    Parameters
    ----------
    name, features : of the model, as they are known here
    deadline_s : for connecting, sending and receiving together
    local : the model in this process: it gives the shape of a prediction, and explains those of its own version
    use_fallback : whether ``local`` predicts when the endpoint does not
    version : the only version that is accepted, of twelve digits or more; empty: the one that is deployed, if its features are
    these
    """

    def __init__(
        self,
        name: str,
        features: tuple[Feature, ...],
        transport: Transport,
        *,
        deadline_s: float = DEADLINE_S,
        local: Model | None = None,
        use_fallback: bool = True,
        version: str = "",
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._name, self._features, self.transport = name, features, transport
        self.deadline_s, self.local, self.pinned = deadline_s, local, version
        self.use_fallback = use_fallback and local is not None
        self.breaker = breaker or CircuitBreaker()
        if local is not None:  # this also loads its compiled code before a deadline depends on it
            self._shape: tuple[int, ...] | None = local.predict(np.full((1, len(features)), np.nan)).shape[1:]
        else:
            self._shape = None
        self._verified_version, self._verified_digest = "", ""
        self._lock = threading.Lock()
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(EndpointReply).decode

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        """That of the last response; before the first one the required version, or the one in this process."""
        return self._verified_version or self.pinned or (self.local.version if self.local else "unknown")

    @property
    def digest(self) -> str:
        """The whole hash of the artefact that made the last response; empty where the endpoint does not send it."""
        return self._verified_digest

    @property
    def features(self) -> tuple[Feature, ...]:
        return self._features

    @property
    def home(self) -> Home | None:
        """That of the model in this process: the endpoint gets only rows for which it is valid."""
        return home_of(self.local)

    @property
    def trained_on_origin(self) -> Origin:
        return trained_on(self.local)

    def predict(self, rows: Floats) -> Floats:
        """``NoPrediction`` when neither the endpoint nor a fallback has a prediction."""
        result = self.try_predict(rows)
        if result.values is None:
            raise NoPrediction(result.fallback_reason, f"{self._name} has no prediction and no fallback")
        return result.values

    def try_predict(self, rows: Floats, spent_s: float = 0.0) -> PredictionResult:
        """The prediction of the endpoint, or of the fallback, or none; within the deadline less ``spent_s``."""
        remaining_s = self.deadline_s - spent_s
        until_s = time.monotonic() + remaining_s
        if remaining_s <= 0.0 or not self._lock.acquire(timeout=remaining_s):
            return self._fall_back(rows, NoPrediction("late", "other models used up the deadline"))
        try:
            self.breaker.check()
            values, version, digest = self._request(rows, until_s)
            self.breaker.succeeded()
        except NoPrediction as error:
            # a request with little of the deadline left does not show that the endpoint is slow
            late = error.reason == "slow" and remaining_s < 0.5 * self.deadline_s
            counted = NoPrediction("late", "little of the deadline was left") if late else error
            self.breaker.failed(counted)
            return self._fall_back(rows, counted)
        finally:
            self._lock.release()
        local = self.local
        # explanations are computed here, so they hold for the same artefact only
        same = local is not None and (digest_of(local) == digest if digest else local.version == version)
        attribute = local.attribute if same and isinstance(local, Explained) else None
        return PredictionResult(values, self._name, version, "", attribute)

    def _fall_back(self, rows: Floats, error: NoPrediction) -> PredictionResult:
        local = self.local
        if local is None or not self.use_fallback:
            return PredictionResult(None, self._name, self.version, error.reason)
        return PredictionResult(
            local.predict(rows), local.name, local.version, error.reason, local.attribute if isinstance(local, Explained) else None
        )

    def _request(self, rows: Floats, until_s: float) -> tuple[Floats, str, str]:
        if np.isinf(rows).any():
            raise NoPrediction("refused", "a feature is infinite")
        transport = self.transport
        if transport.describes and not self._verified_version:
            self._describe(until_s)
        raw = transport.invoke(self._encode(rows.tolist()), until_s)
        try:
            reply = self._decode(raw)
            values = np.array(reply.predictions, np.float64)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise NoPrediction("wrong", f"the response holds no predictions: {str(error)[:200]}") from None
        if (reply.version, reply.digest) != (self._verified_version, self._verified_digest):
            self._switch(reply.version, reply.digest, until_s)
        if len(values) != len(rows):
            raise NoPrediction("wrong", f"{len(values)} predictions for {len(rows)} rows")
        shape = values.shape[1:]
        if self._shape is None:
            self._shape = shape
        if shape != self._shape:
            raise NoPrediction("wrong", f"predictions of shape {shape}, not {self._shape}")
        if ((values < 0.0) | (values > 1.0)).any():
            raise NoPrediction("wrong", "a probability outside of 0 to 1")
        return values, reply.version, reply.digest

    def _switch(self, version: str, digest: str, until_s: float) -> None:
        """The response is of another version than the last: it must be an accepted one and take the same features."""
        if self.pinned and not (version == self.pinned or digest.startswith(self.pinned)):
            raise NoPrediction("wrong", f"the response is of version {digest or version}, {self.pinned} is required")
        described = version == self._verified_version and not self._verified_digest  # it was a moment ago, without its digest
        if described or not self.transport.describes:
            self._verified_version, self._verified_digest = version, digest
            return
        self._verified_version, self._verified_digest = "", ""
        self._describe(until_s)
        if self._verified_version != version:
            found, self._verified_version = self._verified_version, ""
            raise NoPrediction("wrong", f"the response is of version {version}, {found} is loaded")
        self._verified_digest = digest

    def _describe(self, until_s: float) -> None:
        version, features = self.transport.describe(until_s)
        if self.pinned and not self.pinned.startswith(version) and not version.startswith(self.pinned):
            raise NoPrediction("wrong", f"version {version} is loaded, {self.pinned} is required")
        theirs, ours = [(f.name, f.unit) for f in features], [(f.name, f.unit) for f in self._features]
        if theirs != ours:
            raise NoPrediction("wrong", f"version {version} of {self._name} takes other features than the model in this process")
        self._verified_version = version
