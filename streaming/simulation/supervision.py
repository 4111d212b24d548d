"""The run that watches a Flink job, in the simulation: the production supervisor on the simulated broker and cluster.

A commit that comes too late is dropped by the job, which goes on: committed readers never get its outputs. That they are told so is
all that is promised (docs/runners.md, Transactions), so a run holds only if the supervisor has reported every lost transaction that
something was left of.
"""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from streaming.errors import Unavailable
from streaming.flink.rest import Rest
from streaming.runners.flink.job import Plan
from streaming.runners.flink.supervisor import JobEffects, JobSupervisor
from streaming.runners.flink.transactions import lost_among
from streaming.simulation.effects import ADDRESS
from streaming.simulation.tally import SPORT

if TYPE_CHECKING:
    from streaming.simulation.flink import Job

#: the group of the job
GROUP: Final = "touchline"
#: the id of the job: one that is started again by its cluster keeps it
IDENT: Final = "simulated"
_LOST: Final = re.compile(r"has lost (\d+) transaction")
_UNCLEAR: Final = re.compile(r"may have lost (\d+) ")


class _Rest:
    """Of ``Rest``, what the supervisor asks of a job that its cluster knows."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def state(self, ident: str) -> str:
        return "RUNNING"

    def running(self, ident: str) -> bool:
        return self._job.running

    def refused_commits(self, ident: str) -> int:
        return len(self._job.refused)

    def restores(self, ident: str) -> int:
        return self._job.attempt - 1

    def newest_checkpoint(self, ident: str) -> int:
        return self._job.stored.names


class _Admin:
    """Of kafka-python's ``KafkaAdminClient``, the list of transactions."""

    def __init__(self, job: Job) -> None:
        self._coordinator = job.run.broker.transactions

    def list_transactions(self, state_filters: tuple[str, ...]) -> dict[int, list[Any]]:
        assert state_filters == ("CompleteAbort",)
        return {0: [SimpleNamespace(transactional_id=name) for name in self._coordinator.aborted()]}


class _NoGuard:
    """The guard of the input is simulated by ``JobWatch``."""

    def check(self) -> None: ...


class Supervision:
    """``reports`` are the sentences that the supervisor has shown."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.reports: list[str] = []
        plan = Plan(address=ADDRESS, sport=SPORT, group=GROUP, rest=("simulated", 8081))
        effects = JobEffects(
            guard=_NoGuard(),
            submit=lambda _: IDENT,
            newest=lambda: None,
            clear=lambda _: "",
            lost=self._lost,
            report=self._report,
            now_s=lambda: job.run.world.now_s,
        )
        #: producer ids of dropped transactions of which there was something to see at a look
        self._seen: set[int] = set()
        #: the attempt of the job at the latest look at which it ran, and how many refused commits it had at the first one
        self._attempt = self._before = 0
        self._supervisor = JobSupervisor(plan, cast(Rest, _Rest(job)), IDENT, effects)
        self._supervisor._commits.measured_s = 0.0  # the count of the simulated sink is never old

    def _lost(self, checkpoint: int) -> int:
        if self._job.run.weather.down:
            raise Unavailable("no broker answers")
        return lost_among(_Admin(self._job), self._supervisor.plan.group, SPORT, checkpoint)

    def _report(self, sentence: str) -> None:
        self._job.run.world.note("supervisor", sentence)
        self.reports.append(sentence)

    def look(self) -> None:
        """One turn of its watch."""
        job, broker = self._job, self._job.run.broker
        if not job.run.weather.down:
            self._seen |= job.dropped & set(broker.transactions.aborted().values())
            if job.running and self._attempt != job.attempt:
                self._attempt, self._before = job.attempt, len(job.refused)
            if job.running:
                self._seen.update(job.refused[self._before :])
        self._supervisor.look(threading.Event())

    def check(self) -> set[int]:
        """Producer ids of the lost transactions, when all of them were reported; else the run has failed. It has failed, too, when
        one is reported as lost that was not, or when something is reported of a job whose commits were all made at its first start.

        As docs/runners.md has it, one need not be reported of which nothing was left by the next look: its id was taken anew, and
        the job had started again.
        """
        job, broker = self._job, self._job.run.broker
        records = [record for topic in broker.topics.values() for log in topic.logs for record in log.records]
        aborted = {record.span.pid for record in records if record.span is not None and record.span.state == "aborted"}
        lost = job.dropped & aborted
        # A late AddPartitionsToTxn opens a transaction without records: it is aborted, and counted as lost all the same.
        empty = sum(pid not in aborted for pid in broker.transactions.aborted().values())
        reported, unclear = self._most(_LOST), self._most(_UNCLEAR)
        known = reported <= len(lost) + empty and (job.dropped or job.attempt > 1 or not reported + unclear)
        if known and len(lost & self._seen) <= reported + unclear:
            return lost
        job.run.world.fail(
            f"of {len(job.dropped)} dropped commits {len(lost)} were lost; reported are {reported} as lost, {unclear} as unclear"
        )
        return set()

    def _most(self, pattern: re.Pattern[str]) -> int:
        return max((int(found.group(1)) for found in map(pattern.search, self.reports) if found), default=0)
