"""Commits that a job's sink could not make. It logs each and goes on, so what they have cost is found out from outside: from the
sink's count of refused commits, and from the broker, which knows the aborted transactions.

Neither is enough. The sink counts from its latest start on, and commits again then what was committed before: that is refused, too.
The broker forgets an aborted transaction once its id is taken anew, as by a request for it that arrives a second time, late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from streaming.flink.poller import lost_commits_problem

#: the cluster's measures are so old at most, s: it collects them every ten (metrics.fetcher.update-interval)
MEASURED_S: Final = 15.0


class Commits:
    """Of one job, look after look. ``lost`` are transactions that the broker had aborted before their commit. ``unclear`` are those
    that may be: a commit was refused and the broker does not tell any more what became of it, or a transaction was aborted and the
    sink's count is gone."""

    def __init__(self) -> None:
        self.lost = self.unclear = 0
        self.measured_s = MEASURED_S
        self._first: int | None = None
        #: the start of the job that ``_refused`` is of, by what it has restored, and when its tasks had begun
        self._start, self._since_s = -1, 0.0
        self._refused = 0
        #: refused commits that are not known to be lost
        self._open = 0

    def look(
        self, now_s: float, refused: int, restores: int, running: bool, checkpoint: int, aborted: Callable[[int], int]
    ) -> None:
        """``refused`` is the sink's count since the latest start, ``restores`` how often the job has gone on from a checkpoint,
        ``running`` whether all its tasks have begun, ``checkpoint`` the newest complete one; ``aborted`` asks the broker for the
        number of aborted transactions up to it, and may raise: then nothing has changed."""
        first = restores if self._first is None else self._first
        there = aborted(checkpoint) if refused or restores > first else 0
        lost = max(self.lost, there) if refused else self.lost
        if restores != self._start or not running or refused < self._refused:
            # A sink repeats commits before its task has begun, and they are measured later.
            self._start, self._since_s = restores if running else -1, now_s
        elif now_s - self._since_s > self.measured_s:
            self._open += refused - self._refused - (lost - self.lost)
        self._first, self._refused, self.lost = first, refused, lost
        self.unclear = max(self.unclear, self._open, there - lost)

    def problem(self, job: str) -> str:
        """What there is to report of ``job``; empty when nothing is."""
        found = []
        if self.lost:
            found.append(lost_commits_problem(job, self.lost))
        if self.unclear:
            many = f"{self.unclear} {'more ' if self.lost else ''}{'transaction' if self.unclear == 1 else 'transactions'}"
            found.append(
                f"job {job} may have lost {many}: the commit was refused or the transaction aborted, and whether committed readers "
                "have its stats cannot be found out any more (docs/runners.md, Transactions)"
            )
        return "; ".join(found)
