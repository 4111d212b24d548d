"""Whether probabilities still mean what they say, told as early as outcomes allow.

Two cumulative sums (Page 1954) of the log-likelihood ratio of "the log-odds are off by SHIFT", up and down, against "they are
right". By Lorden (1971), while the model is right at least exp(LIMIT) outcomes pass on average before a sum reaches LIMIT by
chance: 8,100 labelled shots, which are some 350 matches. A season in which the odds of a goal doubled is found after about
LIMIT / KL outcomes, where KL, at a tenth of shots scored, is 0.03: 300 shots, 13 matches.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

#: log-odds; e^0.5 is two thirds more odds
SHIFT: Final = 0.5
LIMIT: Final = 9.0
#: outcomes whose calibration is told
WINDOW: Final = 1_000
_EDGE: Final = 1e-6


@dataclass
class CalibrationDrift:
    """Feed it ``outcome(p, y)``, the probability that was on the air and what happened, 0 or 1, in order. A drift stays until
    ``reset``: another version is another question."""

    up: float = 0.0
    down: float = 0.0
    count: int = 0
    raised_at: int = 0
    _recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def outcome(self, p: float, y: float) -> bool:
        """Whether a drift is raised by this very outcome."""
        p = min(max(p, _EDGE), 1.0 - _EDGE)
        self.count += 1
        self._recent.append((p, y))
        self.up = max(0.0, self.up + _ratio(p, y, SHIFT))
        self.down = max(0.0, self.down + _ratio(p, y, -SHIFT))
        if not self.raised_at and max(self.up, self.down) > LIMIT:
            self.raised_at = self.count
            return True
        return False

    @property
    def drifted(self) -> bool:
        return self.raised_at > 0

    def recent(self) -> tuple[float, float, float]:
        """Of the latest outcomes: mean probability, share that happened, and the difference in standard errors (NaN of none)."""
        if not self._recent:
            return math.nan, math.nan, math.nan
        n = len(self._recent)
        said, was = sum(p for p, _ in self._recent), sum(y for _, y in self._recent)
        spread = math.sqrt(sum(p * (1.0 - p) for p, _ in self._recent))
        return said / n, was / n, (was - said) / spread

    def reset(self) -> None:
        self.up = self.down = 0.0
        self.count = self.raised_at = 0
        self._recent.clear()


def _ratio(p: float, y: float, shift: float) -> float:
    """Log-likelihood of the outcome under shifted log-odds, minus that under the stated ones."""
    other = 1.0 / (1.0 + (1.0 - p) / p * math.exp(-shift))
    return math.log(other / p) if y > 0.5 else math.log((1.0 - other) / (1.0 - p))
