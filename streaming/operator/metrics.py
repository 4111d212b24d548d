"""What an operator counts and times while it works: plain numbers, read by the operator page and by Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
import numpy.typing as npt

from models.latency import Latency

#: the kind of count of values that there are not; its reasons are ``<stat>: <reason>``
UNAVAILABLE = "unavailable"


@dataclass
class OperatorMetrics:
    """One operator's figures.

    ``steps`` are the names in order; ``step_ns`` the time of each in total, ``step_last_ns`` in the latest call,
    ``step_max_ns`` in the worst, ``step_calls`` how often. ``counts`` has (kind, reason) keys, where kind is "accepted",
    "late", "duplicate", "dropped" or "quarantined" for records, and :data:`UNAVAILABLE` for values.
    """

    steps: tuple[str, ...]
    _: KW_ONLY
    step_ns: npt.NDArray[np.int64] = field(init=False)
    step_last_ns: npt.NDArray[np.int64] = field(init=False)
    step_max_ns: npt.NDArray[np.int64] = field(init=False)
    step_calls: npt.NDArray[np.int64] = field(init=False)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    windows: int = 0
    events: int = 0
    #: window closed -> every stat of it handed to the sink
    window_latency: Latency = field(default_factory=Latency)
    #: event arrived -> its stats handed to the sink
    event_latency: Latency = field(default_factory=Latency)
    watermark_us: int = 0
    arrival_us: int = 0
    #: when the latest event happened that was taken
    event_us: int = 0

    def __post_init__(self) -> None:
        n = len(self.steps)
        self.step_ns, self.step_last_ns = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.step_max_ns, self.step_calls = np.zeros(n, np.int64), np.zeros(n, np.int64)

    def published(self, windows: int, events: int, us: float) -> None:
        """A record's results were handed over ``us`` after its arrival; ``windows`` and ``events`` were counted before it. A
        record that closes several windows says nothing of one, and is left out."""
        if self.windows == windows + 1:
            self.window_latency.add(us)
        if self.counts["accepted", "event"] != events:
            self.event_latency.add(us)

    def count_unavailable(self, stat: str, reasons: Mapping[str, int]) -> None:
        """Final values of ``stat`` that are missing because its model has no inference there, by reason."""
        for reason, values in reasons.items():
            self.counts[UNAVAILABLE, f"{stat}: {reason}"] += values

    def unavailable(self) -> list[tuple[str, str, int]]:
        """(stat, reason, values) of the values that are unavailable."""
        found = [(*why.partition(": ")[::2], n) for (kind, why), n in sorted(self.counts.copy().items()) if kind == UNAVAILABLE]
        return [(stat, reason, n) for stat, reason, n in found]

    def records(self) -> list[tuple[str, str, int]]:
        """(kind, reason, records): how many were accepted, late, duplicate, dropped or quarantined."""
        return [(kind, why, n) for (kind, why), n in sorted(self.counts.copy().items()) if kind != UNAVAILABLE]

    def dump(self) -> list[tuple[str, str, int]]:
        """The counts, which are part of a snapshot; times are not."""
        return [(kind, reason, n) for (kind, reason), n in sorted(self.counts.items())]

    def load(self, counts: list[tuple[str, str, int]]) -> None:
        """The inverse of :meth:`dump`."""
        self.counts.clear()
        self.counts.update({(kind, reason): n for kind, reason, n in counts})

    @property
    def watermark_lag_us(self) -> int:
        """How far event time that is settled lies behind the newest arrival."""
        return self.arrival_us - self.watermark_us if self.watermark_us else 0
