"""What a runner on Kafka counts and times of its own work: plain numbers, read by its monitor in another thread.

The games' own figures are those of ``streaming.operator.metrics``, and go out as health messages.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from models.latency import Latency

#: restarts whose time is kept: more within ``LOOP_S`` are a loop all the more
_RESTARTS: Final = 16


class RunnerMetrics:
    """One process. Times are those of ``Effects.monotonic_s``."""

    def __init__(self) -> None:
        self.commits = self.failed_commits = self.restarts = self.rebalances = 0
        #: new epochs of producers, each after a request of a transaction that got no answer
        self.renewed_epochs = 0
        #: from the decision to commit until the broker has committed
        self.commit_latency = Latency()
        self.committed_s = self.polled_s = 0.0
        #: when the latest restarts from the last commit were
        self.restarted_s: deque[float] = deque(maxlen=_RESTARTS)
        #: by partition of this process, the records that it has not read yet
        self.behind: dict[int, int] = {}
        self.games = 0
        self.member = False
        #: why the broker does not answer, as a sentence; empty while it does
        self.trouble = ""

    def committed(self, began_s: float, now_s: float) -> None:
        """A transaction stands."""
        self.commits += 1
        self.committed_s = now_s
        self.commit_latency.add(1e6 * (now_s - began_s))

    def restarted(self, now_s: float) -> None:
        """Everything since the last commit was given up."""
        self.restarts += 1
        self.restarted_s.append(now_s)

    @property
    def records_behind(self) -> int:
        return sum(self.behind.values())

    def restarts_since(self, since_s: float) -> int:
        return sum(at_s >= since_s for at_s in list(self.restarted_s))
