"""How long a test waits for a condition, and what a bound in seconds means on a machine that is slower or shared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: the longest wait for a condition; only a test that fails reaches it
TIMEOUT_S = 180.0
#: the same in milliseconds, for Playwright
TIMEOUT_MS = 1000 * TIMEOUT_S


def until(condition: Callable[[], Any], what: str = "the condition", timeout_s: float = TIMEOUT_S, every_s: float = 0.02) -> Any:
    """What ``condition`` returns once it is true."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not after {timeout_s:.0f} s"
        time.sleep(every_s)
    return found


#: what the work of ``contention`` takes on an idle core of the machine that bounds in seconds were set on
ALONE_S = 0.32


def contention() -> float:
    """How many times longer than there a piece of work takes here at the moment, and at least 1: a bound in seconds is meant for an
    idle core of that speed. Where cores are shared, or slower, it is that much longer."""
    began = time.monotonic()
    for _ in range(20_000):
        sum(range(1000))
    return max(1.0, (time.monotonic() - began) / ALONE_S)


#: what a target in seconds is multiplied by in the suite, which runs beside itself, on machines twice as slow and beside others:
#: recovery by a default of the broker or the cluster (45 s and 50 s) still fails. The figure itself is printed by each test.
SLACK = 2.5


def within_s(target_s: float, busy: float) -> float:
    """How long the suite waits for what takes ``target_s`` on a machine of its own, given the highest ``contention`` seen."""
    return SLACK * target_s * busy


def quickest(attempt: Callable[[], object], tries: int = 5) -> float:
    """Seconds that the quickest of some attempts took. A stall of the machine is in one of them or another; what is really slow is
    in all."""
    took_s = []
    for _ in range(tries):
        began = time.monotonic()
        attempt()
        took_s.append(time.monotonic() - began)
    return min(took_s)
