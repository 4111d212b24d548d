"""A model that is asked elsewhere: it keeps its deadline, believes nothing that cannot be, and has a stand-in."""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

import msgspec
import numpy as np

from models.base import Answer, Explained, Feature, Floats, Model
from models.guard import home_of, trained_on
from models.home import Home, Origin
from models.serving.circuit_breaker import CircuitBreaker, NoPrediction

DEADLINE_S: Final = 0.025


class EndpointReply(msgspec.Struct):
    """The body of an answer."""

    predictions: list[float | list[float | None] | None]
    version: str = "unknown"


class Described(msgspec.Struct):
    name: str
    unit: str = ""


class Transport(Protocol):
    """How rows get to the endpoint and back."""

    @property
    def describes(self) -> bool:
        """Whether ``describe`` can say what the model's features are."""

    def invoke(self, body: bytes, until_s: float) -> bytes:
        """Rows in JSON to predictions in JSON; ``NoPrediction`` otherwise, by ``until_s`` (monotonic)."""

    def describe(self, until_s: float) -> tuple[str, list[Described]]:
        """Version and features of the model that answers; ``NoPrediction`` otherwise."""


class RemoteModel:
    """A ``models.base.Answering`` behind a transport.

    Parameters
    ----------
    name, features : what is asked, as this side understands it
    deadline_s : for connecting, sending and receiving together
    local : the model here: it knows what shape an answer has, explains what the same version has said there, and
    stands_in : answers instead when the endpoint does not; else nobody does
    version : the only version whose answers are taken; empty: whichever is deployed, as long as its features are these
    """

    def __init__(
        self,
        name: str,
        features: tuple[Feature, ...],
        transport: Transport,
        *,
        deadline_s: float = DEADLINE_S,
        local: Model | None = None,
        stands_in: bool = True,
        version: str = "",
        health: CircuitBreaker | None = None,
    ) -> None:
        self._name, self._features, self.transport = name, features, transport
        self.deadline_s, self.local, self.pinned = deadline_s, local, version
        self.stands_in = stands_in and local is not None
        self.health = health or CircuitBreaker()
        if local is not None:  # and its compiled code is loaded before it is needed in a hurry
            self._shape: tuple[int, ...] | None = local.predict(np.full((1, len(features)), np.nan)).shape[1:]
        else:
            self._shape = None
        self._fits = ""
        self._lock = threading.Lock()
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(EndpointReply).decode

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        """The one that answered last; before that the one asked for, or the version here."""
        return self._fits or self.pinned or (self.local.version if self.local else "unknown")

    @property
    def features(self) -> tuple[Feature, ...]:
        return self._features

    @property
    def home(self) -> Home | None:
        """That of the model here, which says what rows mean: the endpoint is asked about no others."""
        return home_of(self.local)

    @property
    def trained_on_origin(self) -> Origin:
        return trained_on(self.local)

    def predict(self, rows: Floats) -> Floats:
        """``NoPrediction`` when neither the endpoint nor a stand-in has an answer."""
        answer = self.ask(rows)
        if answer.values is None:
            raise NoPrediction(answer.instead, f"{self._name} has no answer and no stand-in")
        return answer.values

    def ask(self, rows: Floats, spent_s: float = 0.0) -> Answer:
        """The endpoint's answer, or the stand-in's, or none; within the deadline less what has been ``spent_s`` of it already."""
        left_s = self.deadline_s - spent_s
        until_s = time.monotonic() + left_s
        if left_s <= 0.0 or not self._lock.acquire(timeout=left_s):
            return self._instead(rows, NoPrediction("late", "others had taken the time"))
        try:
            self.health.check()
            values, version = self._asked(rows, until_s)
            self.health.answered()
        except NoPrediction as error:
            # with most of the time gone before it was asked, an endpoint cannot be blamed for being slow
            late = error.reason == "slow" and left_s < 0.5 * self.deadline_s
            blamed = NoPrediction("late", "little time was left") if late else error
            self.health.failed(blamed)
            return self._instead(rows, blamed)
        finally:
            self._lock.release()
        local = self.local
        # reasons are worked out here, by the same model; of another version they would be another model's reasons
        attribute = local.attribute if isinstance(local, Explained) and local.version == version else None
        return Answer(values, self._name, version, "", attribute)

    def _instead(self, rows: Floats, error: NoPrediction) -> Answer:
        local = self.local
        if local is None or not self.stands_in:
            return Answer(None, self._name, self.version, error.reason)
        return Answer(
            local.predict(rows), local.name, local.version, error.reason, local.attribute if isinstance(local, Explained) else None
        )

    def _asked(self, rows: Floats, until_s: float) -> tuple[Floats, str]:
        if np.isinf(rows).any():
            raise NoPrediction("refused", "a feature is infinite, which no endpoint takes")
        transport = self.transport
        if transport.describes and not self._fits:
            self._describe(until_s)
        raw = transport.invoke(self._encode(rows.tolist()), until_s)
        try:
            told = self._decode(raw)
            values = np.array(told.predictions, np.float64)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise NoPrediction("wrong", f"the answer is not predictions: {str(error)[:200]}") from None
        if told.version != self._fits:
            self._switch(told.version, until_s)
        if len(values) != len(rows):
            raise NoPrediction("wrong", f"{len(values)} answers to {len(rows)} rows")
        shape = values.shape[1:]
        if self._shape is None:
            self._shape = shape
        if shape != self._shape:
            raise NoPrediction("wrong", f"answers of shape {shape}, not {self._shape}")
        if ((values < 0.0) | (values > 1.0)).any():
            raise NoPrediction("wrong", "a probability outside of 0 to 1")
        return values, told.version

    def _switch(self, version: str, until_s: float) -> None:
        """Another version has answered than before: it must be allowed to, and take the same features."""
        if self.pinned and version != self.pinned:
            raise NoPrediction("wrong", f"version {version} answered, {self.pinned} is wanted")
        if not self.transport.describes:
            self._fits = version
            return
        self._fits = ""
        self._describe(until_s)
        if self._fits != version:
            found, self._fits = self._fits, ""
            raise NoPrediction("wrong", f"version {version} answered, {found} is loaded")

    def _describe(self, until_s: float) -> None:
        version, features = self.transport.describe(until_s)
        if self.pinned and version != self.pinned:
            raise NoPrediction("wrong", f"version {version} is loaded, {self.pinned} is wanted")
        theirs, ours = [(f.name, f.unit) for f in features], [(f.name, f.unit) for f in self._features]
        if theirs != ours:
            raise NoPrediction("wrong", f"version {version} of {self._name} takes other features than are known here")
        self._fits = version
