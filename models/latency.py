"""How long something took, counted finely enough that a quantile is that of what was measured, and mergeable: counts of several
processes added up are the counts of all.

Buckets follow one another at a distance of at most 5 % and have round numbers among their bounds, so that coarser buckets are sums
of them: 1.00, 1.05, ... 2.0, 2.1, ... 5.0, 5.25, ... 10 in each decade from a microsecond to 100 s.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

_DECADES: Final = 8
#: hundredths: bounds of a decade without its last
_FINE: Final = (*range(100, 200, 5), *range(200, 500, 10), *range(500, 1000, 25))
_COARSE: Final = (
    100, 110, 120, 130, 140, 150, 160, 180, 200, 220, 240, 270, 300, 330, 360, 400, 450, 500, 550, 600, 650, 725, 800, 900,
)  # fmt: skip


def _bounds(hundredths: Iterable[int], decades: Iterable[int]) -> tuple[float, ...]:
    """In ascending order, from one decade's beginning to the last one's end; nearest to the decimal fraction that each is."""
    several = list(decades)
    found = [part * 10**decade / 100 for decade in several for part in hundredths]
    return (*found, 10.0 ** (several[-1] + 1))


#: upper bounds of the buckets, us, each included in its bucket; the last bucket is open
BOUNDS_US: Final = _bounds(_FINE, range(_DECADES))
#: as Prometheus gets them: 24 to a decade from 10 us to 10 s, a tenth apart
EXPOSED_US: Final = _bounds(_COARSE, range(1, 7))
#: as they are drawn on the operator page
DRAWN_US: Final = (50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000)
#: a quantile is off by no more than this part of itself where it is more than a microsecond
RELATIVE_ERROR: Final = 0.05


class Latency:
    """A histogram of microseconds with a sum and a maximum; cheap enough for the hot path. One thread adds, any may read."""

    __slots__ = ("count", "counts", "max_us", "sum_us")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_US) + 1)
        self.count, self.sum_us, self.max_us = 0, 0.0, 0.0

    def add(self, us: float) -> None:
        """Count ``us``; where two clocks measured less than nothing, since one was set, it is nothing."""
        if us < 0.0:
            us = 0.0
        self.counts[bisect_left(BOUNDS_US, us)] += 1
        self.count += 1
        self.sum_us += us
        if us > self.max_us:
            self.max_us = us

    def merge(self, other: Latency) -> None:
        """Count what another has counted, too."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.count += other.count
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)

    def quantile(self, q: float) -> float:
        """The ``q`` quantile, us, within ``RELATIVE_ERROR`` of that of the values that were added; NaN when there are none. Inside
        a bucket values are taken to be spread evenly; the last of them, and what is beyond the last bound, is the maximum."""
        counts = self.counts.copy()
        if not (total := sum(counts)):
            return float("nan")
        rank, seen = max(1, ceil(q * total)), 0
        if rank == total:
            return self.max_us
        for i, n in enumerate(counts[:-1]):
            if seen + n >= rank:
                low, high = BOUNDS_US[i - 1] if i else 0.0, BOUNDS_US[i]
                return min(low + (high - low) * (rank - seen - 0.5) / n, self.max_us)
            seen += n
        return self.max_us

    def summed(self, bounds_us: Sequence[float]) -> list[int]:
        """Counts by buckets with these upper bounds, which must be among ``BOUNDS_US``, and an open one."""
        ends = [*(_PLACE[bound] + 1 for bound in bounds_us), len(self.counts)]
        return [sum(self.counts[low:high]) for low, high in zip([0, *ends], ends, strict=False)]


def prometheus_buckets(latency: Latency, bounds_us: Sequence[float] = EXPOSED_US) -> list[tuple[str, float]]:
    """Cumulative (upper bound in seconds, count), as Prometheus' text format has them; the last is ``+Inf``."""
    total, out = 0, []
    for bound, n in zip((*bounds_us, None), latency.summed(bounds_us), strict=True):
        total += n
        out.append(("+Inf" if bound is None else repr(bound / 1e6), float(total)))
    return out


_PLACE: Final = {bound: i for i, bound in enumerate(BOUNDS_US)}
