"""What an operator emits: columns, not messages. Sinks make StatUpdates of them, once, when a subscriber wants them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from streaming.wire import topics
from streaming.wire.records import STAT_VERSION, Clocks, FrameUse, ModelUse, StatUpdate, Telemetry

Quality = Literal["final", "provisional", "stale", "unavailable"]
_NAN = float("nan")
#: of a record that could not be used so much is kept; a packet's samples are kept in as many letters as it takes
MAX_PAYLOAD_BYTES: Final = 256_000


class StatBlock(msgspec.Struct, kw_only=True, eq=False):
    """Values of one stat: K windows by S subjects, (K, S) or (K, S, D), already in the wire's unit; or one event's value.

    ``end_us`` (K,) window ends; ``ingress_us`` (K,) arrival of the record that closed each window. ``live`` (K, S) masks the
    subjects that had been seen in this game by then: the others are not published, and a NaN of a live one is null.
    """

    stat: str
    game: str
    sport: str
    unit: str
    subjects: tuple[str, ...]
    end_us: npt.NDArray[np.int64]
    span_us: int
    values: Any
    quality: Quality
    ingress_us: npt.NDArray[np.int64]
    live: npt.NDArray[np.bool_] | None = None
    revision: int = 0
    event: str | None = None
    frame: FrameUse | None = None
    model: ModelUse | None = None
    #: why there is no value, in a block of quality ``unavailable``
    reason: str = ""

    @property
    def settled(self) -> bool:
        """Whether it stands: a final value, or the word that there is none."""
        return self.quality in ("final", "unavailable")

    def __len__(self) -> int:
        return len(self.end_us) * len(self.subjects) if self.live is None else int(self.live.sum())

    def updates(self, published_us: int) -> Iterator[StatUpdate]:
        """One StatUpdate per window and live subject."""
        for k, end in enumerate(self.end_us.tolist()):
            clocks = Clocks(event_us=end, ingress_us=int(self.ingress_us[k]), published_us=published_us)
            for s, subject in enumerate(self.subjects):
                if self.live is not None and not self.live[k, s]:
                    continue
                if self.event is None:
                    ident = topics.window_id(self.game, self.stat, subject, end)
                else:
                    ident = topics.event_id(self.game, self.stat, subject, self.event)
                yield StatUpdate(
                    v=STAT_VERSION,
                    id=ident,
                    stat=self.stat,
                    game=self.game,
                    sport=self.sport,
                    subject=subject,
                    value=plain(self.values[k][s]),
                    unit=self.unit,
                    quality=self.quality,
                    window_us=(end - self.span_us, end),
                    clocks=clocks,
                    revision=self.revision,
                    event=self.event,
                    frame=self.frame,
                    model=self.model,
                    reason=self.reason,
                )


def plain(value: Any) -> float | str | list[float | None] | dict[str, Any] | None:
    """A JSON value: NaN and infinities are null, arrays are lists, objects stay objects."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, dict):
        return {key: _within(part) for key, part in value.items()}
    if isinstance(value, (np.ndarray, list, tuple)):
        return [None if v is None or v != v or v in (_INF, -_INF) else float(v) for v in value]
    number = float(value)
    return None if number != number or number in (_INF, -_INF) else number


def _within(part: Any) -> Any:
    """A part of an object as JSON has it; whole numbers stay whole."""
    if isinstance(part, dict):
        return {key: _within(inner) for key, inner in part.items()}
    if isinstance(part, (np.ndarray, list, tuple)):
        return [_within(inner) for inner in part]
    if isinstance(part, np.generic):
        part = part.item()
    return None if isinstance(part, float) and not math.isfinite(part) else part


_INF = float("inf")


@dataclass(slots=True)
class FrameBlock:
    """Positions for drawing: ``xyz_m`` (T, N, 3) float32 at ``t_us`` (T,), NaN where unknown; ``ids`` is axis N."""

    game: str
    sport: str
    ids: tuple[str, ...]
    t_us: npt.NDArray[np.int64]
    xyz_m: npt.NDArray[np.float32]
    period: int = 0


@dataclass(slots=True)
class DeadLetter:
    """A record (bytes) or the samples of a packet that could not be used, and why. Nothing is dropped silently."""

    source: str
    game: str
    reason: str
    arrival_us: int
    payload: bytes | Telemetry
    detail: str = ""

    #: what a payload that was cut was as a whole: bytes, and SHA-256 in hexadecimal; 0 and empty where it is whole
    cut_from_bytes: int = 0
    sha256: str = ""

    def __len__(self) -> int:
        return 1 if isinstance(self.payload, bytes) else len(self.payload)

    @classmethod
    def of(cls, source: str, game: str, reason: str, arrival_us: int, raw: bytes, detail: str = "") -> DeadLetter:
        """Of a record's bytes: of what is longer than ``MAX_PAYLOAD_BYTES`` the beginning, its length and its hash. A letter goes
        the way of every other message, and one that no broker takes would stop the game that it is about."""
        if len(raw) <= MAX_PAYLOAD_BYTES:
            return cls(source, game, reason, arrival_us, raw, detail)
        digest = hashlib.sha256(raw).hexdigest()
        return cls(source, game, reason, arrival_us, raw[:MAX_PAYLOAD_BYTES], detail, len(raw), digest)


class Prediction(msgspec.Struct, kw_only=True, eq=False):
    """The features and the answer of a model; with the label that follows later this is the next training set."""

    game: str
    stat: str
    event: str | None
    t_us: int
    model: str
    version: str
    features: npt.NDArray[np.float64]
    answer: npt.NDArray[np.float64]
    quality: Quality
    #: how long the model took for all rows together; NaN where that was not measured
    took_us: float = _NAN
    #: of each row of the features
    subjects: tuple[str, ...] = ()


@dataclass(slots=True)
class ModelSwitch:
    """From the first record on that arrived after ``after_us``, ``model`` answers in ``version`` instead of ``before`` (empty:
    it is the version that the operator began with). ``digest`` is the whole hash of its artefact, ``folder`` where that was read
    (both empty where they are unknown)."""

    game: str
    model: str
    before: str
    version: str
    after_us: int
    digest: str = ""
    folder: str = ""


Output = StatBlock | FrameBlock | DeadLetter | Prediction | ModelSwitch
