"""After a failure an endpoint gets no request for a moment, so that it does not cost its deadline every time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 2.0


class NoPrediction(Exception):
    """There is no prediction. ``reason`` is a short stable label: down, slow, busy, refused, wrong, circuit_open, late."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class CircuitBreaker:
    """Counts requests by result, and opens after a failure: for ``FIRST_PAUSE_S``, then twice as long each time, at most
    ``LONGEST_PAUSE_S``. A request that the endpoint refused is no failure of the endpoint."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open_until_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self.counts: Counter[str] = Counter()
        self.last = ""

    def check(self) -> None:
        """``NoPrediction`` while the circuit is open, with the last failure."""
        remaining_s = self._open_until_s - self._clock()
        if remaining_s > 0.0:
            raise NoPrediction("circuit_open", f"next request in {remaining_s:.2f} s, after {self.last}")

    def succeeded(self) -> None:
        self.counts["succeeded"] += 1
        self._pause_s, self._open_until_s = FIRST_PAUSE_S, 0.0

    def failed(self, error: NoPrediction) -> None:
        self.counts[error.reason] += 1
        if error.reason in ("refused", "circuit_open", "late"):
            return
        self.last = str(error)
        self._open_until_s = self._clock() + self._pause_s
        self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)
