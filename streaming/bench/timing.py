"""How a benchmark times a call, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from streaming.bench.figures import figure

#: at least "what", "figures", "floor" and "target"
Result = dict[str, Any]


def timed(work: Callable[[], Any], repeat: int, inner: int = 1) -> dict[str, float]:
    """p50 and p99 of one call, us."""
    times = np.empty(repeat)
    for i in range(repeat):
        start = time.perf_counter_ns()
        for _ in range(inner):
            work()
        times[i] = (time.perf_counter_ns() - start) / inner / 1000
    return quantiles(times)


def quantiles(times_us: Any) -> dict[str, float]:
    p50, p99 = np.percentile(times_us, [50, 99])
    return {"p50_us": figure(float(p50)), "p99_us": figure(float(p99))}
