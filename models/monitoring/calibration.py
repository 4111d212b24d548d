"""Whether probabilities are still calibrated, detected as early as outcomes allow.

Two cumulative sums (Page 1954) of the log-likelihood ratio of "the log-odds are off by SHIFT", up and down, against "they are
right". By Lorden (1971), while the model is right at least exp(LIMIT) outcomes pass on average before a sum reaches LIMIT by
chance: 8,100 labelled shots, which are some 350 matches. A season in which the odds of a goal doubled is found after about
LIMIT / KL outcomes, where KL, at a tenth of shots scored, is 0.03: 300 shots, 13 matches.

Predictions with the same labelling event (every second of a match, by its result; eighteen numbers of yards, by one run) are one
outcome: its term is the mean of their log-likelihood ratios. By Jensen's inequality the expectation of its exponential is still at
most 1, which the bound needs, however the predictions depend on each other.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final

from models.base import Floats

#: log-odds; e^0.5 is two thirds more odds
SHIFT: Final = 0.5
LIMIT: Final = 9.0
#: outcomes in ``recent``
WINDOW: Final = 1_000
_EDGE: Final = 1e-6


@dataclass
class CalibrationDrift:
    """Takes ``outcome(p, y)`` in order: the probabilities (B,) on the air and the outcomes (B,), 0 or 1, of all predictions with
    the same labelling event. A drift stays until ``reset``, for another version."""

    up: float = 0.0
    down: float = 0.0
    count: int = 0
    raised_at: int = 0
    #: of each outcome the mean probability, the observed share, and its largest possible variance
    _recent: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def outcome(self, p: Floats, y: Floats) -> bool:
        """Whether this outcome raises the drift."""
        predicted, observed = [min(max(each, _EDGE), 1.0 - _EDGE) for each in p.tolist()], y.tolist()
        n = len(predicted)
        self.count += 1
        # the spread of a mean is largest where everything moves together
        spread = sum(math.sqrt(each * (1.0 - each)) for each in predicted) / n
        self._recent.append((sum(predicted) / n, sum(observed) / n, spread**2))
        self.up = max(0.0, self.up + sum(map(_ratio, predicted, observed, repeat(SHIFT))) / n)
        self.down = max(0.0, self.down + sum(map(_ratio, predicted, observed, repeat(-SHIFT))) / n)
        if not self.raised_at and max(self.up, self.down) > LIMIT:
            self.raised_at = self.count
            return True
        return False

    @property
    def drifted(self) -> bool:
        return self.raised_at > 0

    def recent(self) -> tuple[float, float, float]:
        """Of the latest outcomes: mean probability, observed share, and the difference in standard errors (NaN without
        outcomes)."""
        if not self._recent:
            return math.nan, math.nan, math.nan
        n = len(self._recent)
        predicted, observed, spread = (sum(column) for column in zip(*self._recent, strict=True))
        return predicted / n, observed / n, (observed - predicted) / math.sqrt(spread)

    def reset(self) -> None:
        self.up = self.down = 0.0
        self.count = self.raised_at = 0
        self._recent.clear()


def _ratio(p: float, y: float, shift: float) -> float:
    """Log-likelihood of the outcome under shifted log-odds, minus that under the predicted ones."""
    other = 1.0 / (1.0 + (1.0 - p) / p * math.exp(-shift))
    return math.log(other / p) if y > 0.5 else math.log((1.0 - other) / (1.0 - p))
