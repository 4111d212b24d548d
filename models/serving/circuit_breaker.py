"""When to ask again: an endpoint that failed is left alone for a moment, so that it does not cost its deadline every time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.25
LONGEST_S: Final = 2.0


class NoPrediction(Exception):
    """No prediction was to be had. ``reason`` is a short stable label: down, slow, busy, refused, wrong, resting, late."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class CircuitBreaker:
    """Counts what came of the questions, and rests after failures: FIRST_S, then twice as long each time, at most LONGEST_S.
    A question that the endpoint itself refused is no failure of the endpoint."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s = 0.0
        self._pause_s = FIRST_S
        self.counts: Counter[str] = Counter()
        self.last = ""

    def check(self) -> None:
        """``NoPrediction`` while it rests, with why it does."""
        left_s = self._until_s - self._clock()
        if left_s > 0.0:
            raise NoPrediction("resting", f"asked again in {left_s:.2f} s, after {self.last}")

    def answered(self) -> None:
        self.counts["answered"] += 1
        self._pause_s, self._until_s = FIRST_S, 0.0

    def failed(self, error: NoPrediction) -> None:
        self.counts[error.reason] += 1
        if error.reason in ("refused", "resting", "late"):
            return
        self.last = str(error)
        self._until_s = self._clock() + self._pause_s
        self._pause_s = min(2.0 * self._pause_s, LONGEST_S)
