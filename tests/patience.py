"""How long a test waits for what must come, and what a bound in seconds means on a machine that is slower or shared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: for what comes in a moment on a machine of its own: reached only by a test that fails
PATIENCE_S = 180.0
#: the same as Playwright wants it
PATIENCE_MS = 1000 * PATIENCE_S


def until(
    condition: Callable[[], Any], what: str = "what was waited for", patience_s: float = PATIENCE_S, every_s: float = 0.02
) -> Any:
    """What ``condition`` returns once it is true."""
    end = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not after {patience_s:.0f} s"
        time.sleep(every_s)
    return found


#: what the work of ``contention`` takes on a core of our own of the machine that bounds in seconds were set on
ALONE_S = 0.32


def contention() -> float:
    """How many times longer than there a piece of work takes here at the moment, and at least 1: a bound in seconds is meant for a
    core of that speed that is ours alone. Where cores are shared with others, or slower, it is that much longer."""
    began = time.monotonic()
    for _ in range(20_000):
        sum(range(1000))
    return max(1.0, (time.monotonic() - began) / ALONE_S)


#: what a target in seconds is multiplied by in the suite, which runs beside itself, on machines twice as slow and beside others:
#: recovery by a default of the broker or the cluster (45 s and 50 s) still fails. The figure itself is printed by each test.
ROOM = 2.5


def within_s(target_s: float, busy: float) -> float:
    """How long the suite waits for what takes ``target_s`` on a machine of its own, given the highest ``contention`` seen."""
    return ROOM * target_s * busy


def quickest(attempt: Callable[[], object], tries: int = 5) -> float:
    """Seconds that the quickest of some attempts took. A stall of the machine is in one of them or another; what is really slow is
    in all."""
    took_s = []
    for _ in range(tries):
        began = time.monotonic()
        attempt()
        took_s.append(time.monotonic() - began)
    return min(took_s)
