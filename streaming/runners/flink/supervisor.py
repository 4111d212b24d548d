"""Watches a job for as long as it is to be on the air, and submits it again when its cluster has come back without it.

A standalone JobManager keeps its jobs in memory: one that is lost loses them, while their checkpoints stay. (Flink's own high
availability needs Kubernetes or ZooKeeper; where it is configured, the cluster brings its jobs back by itself.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import msgspec

from streaming.errors import BadInput, InputLost, TouchlineError, Unavailable
from streaming.flink.rest import ENDED, Refused, Rest
from streaming.runners.flink import checkpoints
from streaming.runners.flink.commits import Commits
from streaming.runners.flink.job import Plan

POLL_S: Final = 2.0
#: how long a cluster may be away before the run ends
AWAY_S: Final = 600.0
#: a job is taken for lost when the cluster has not known it for so long: a new leader needs a moment to bring back what it keeps
LOST_S: Final = 4.0
LOST_WITH_HA_S: Final = 120.0
#: tries to bring a job back, and how long it must have run for them to count anew
ATTEMPTS: Final = 5
GOOD_S: Final = 600.0
#: wait between two tries, and for slots of TaskManagers that come back, seconds
RETRY_S: Final = 5.0
SLOTS_S: Final = 300.0


class Guard(Protocol):
    """``streaming.kafka.broker.TopicGuard``."""

    def check(self) -> None: ...


class JobEffects(NamedTuple):
    """What a supervisor does beyond the cluster. ``submit(plan)`` hands a job over and gives its id, ``newest()`` names the
    newest state that this group's jobs have left, ``clear(checkpoint)`` ends transactions that no state names, ``lost(checkpoint)``
    counts those up to it that the broker aborted, ``report`` shows a sentence, ``now_s`` is a clock."""

    guard: Guard
    submit: Callable[[Plan], str]
    newest: Callable[[], checkpoints.Retained | None]
    clear: Callable[[int], str]
    lost: Callable[[int], int]
    report: Callable[[str], None]
    now_s: Callable[[], float] = time.monotonic


class JobSupervisor:
    """Watches ``job``, which began with ``plan``; ``job`` is another one when it had to be submitted again."""

    def __init__(self, plan: Plan, rest: Rest, job: str, effects: JobEffects) -> None:
        self.plan, self.rest, self.job = plan, rest, job
        self._effects, self._report, self._now_s = effects, effects.report, effects.now_s
        self._reported: dict[str, str] = {}
        self._commits = Commits()
        self._attempts = 0
        self._since_s = self._now_s()
        self._away_s: float | None = None
        self._missing_s: float | None = None

    def watch(self, stop: threading.Event) -> None:
        """Until ``stop``. ``InputLost`` when the input was deleted: the job is ended first. ``Unavailable`` with one sentence when
        the job has ended, or cannot be brought back."""
        while not stop.wait(POLL_S):
            self.look(stop)

    def look(self, stop: threading.Event) -> None:
        """One turn of ``watch``."""
        try:
            self._effects.guard.check()
            self._note("broker", "")
        except InputLost:
            self._cancel(self.job)
            raise
        except Unavailable as error:
            self._note("broker", str(error))  # the broker is away: the job waits for it
        try:
            state = self.rest.state(self.job)
        except Refused as error:
            self._on_refusal(error, stop)
            return
        except Unavailable as error:
            self._on_away(error)
            return
        self._away_s = self._missing_s = None
        self._note("cluster", "")
        if state in ENDED:
            raise Unavailable(f"job {self.job} ended as {state.lower()}: {self._cause()}")
        if self._attempts and self._now_s() - self._since_s > GOOD_S:
            self._attempts = 0
        self._check_commits()

    # -- what goes wrong -------------------------------------------------------------------------------------------

    def _on_away(self, error: Unavailable) -> None:
        now_s = self._now_s()
        self._away_s = now_s if self._away_s is None else self._away_s
        self._missing_s = None
        if now_s - self._away_s > AWAY_S:
            raise Unavailable(
                f"{error}; after {AWAY_S:.0f} s the run ends, and job {self.job} may go on without it: once the cluster is back, "
                "watch it or go on from its newest checkpoint with --from-checkpoint newest"
            )
        self._note("cluster", f"{error}; waits for it up to {AWAY_S:.0f} s")

    def _on_refusal(self, error: Refused, stop: threading.Event) -> None:
        if error.status != 404:
            self._on_away(error)  # a cluster without a leader
            return
        now_s = self._now_s()
        self._away_s = None
        if self._missing_s is None:
            self._missing_s = now_s
            self._note("cluster", f"the Flink cluster at {self.rest.url} does not know job {self.job}")
        if now_s - self._missing_s >= (LOST_WITH_HA_S if self._highly_available() else LOST_S):
            self._bring_back(stop)

    def _highly_available(self) -> bool:
        try:
            return self.rest.settings().get("high-availability.type", "NONE").upper() != "NONE"
        except Unavailable:
            return False

    def _bring_back(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._attempts += 1
            if self._attempts > ATTEMPTS:
                raise Unavailable(f"job {self.job} is lost, and was not brought back in {ATTEMPTS} tries")
            try:
                self._resubmit(stop)
                return
            except BadInput:
                raise
            except TouchlineError as error:
                self._report(f"try {self._attempts} of {ATTEMPTS} to bring the job back has failed: {error}")
                stop.wait(RETRY_S)

    def _resubmit(self, stop: threading.Event) -> None:
        others = [job for job in self.rest.jobs() if job.name == self.plan.title and not job.over]
        if others:  # another run has been faster
            self._take_over(others[0].id)
            self._report(f"job {self.job} of this group runs instead")
            return
        found = self._effects.newest()
        if found is None:
            raise BadInput(
                f"job {self.job} is lost with its cluster, and none of its checkpoints is found from here: give one with "
                "--savepoint, or begin without the state of its games with --fresh"
            )
        self._wait_slots(stop)
        if stop.is_set():
            return
        self._report(
            f"job {self.job} is lost with its cluster; try {self._attempts} of {ATTEMPTS}: submits it again from {found.text}"
        )
        if found.number is not None and (done := self._effects.clear(found.number)):
            self._report(done)
        job = self._effects.submit(msgspec.structs.replace(self.plan, savepoint=found.path))
        try:
            self.rest.wait_running(job)
        except BaseException:
            self._cancel(job)  # or the next try would make it two
            raise
        self._take_over(job)
        self._report(f"job {job} is on the air")

    def _take_over(self, job: str) -> None:
        self.job, self._commits, self._missing_s, self._away_s = job, Commits(), None, None
        self._since_s = self._now_s()
        self._reported.clear()

    def _wait_slots(self, stop: threading.Event) -> None:
        until_s = self._now_s() + SLOTS_S
        while (free := self.rest.slots()) < self.plan.parallelism:
            if self._now_s() > until_s:
                raise Unavailable(
                    f"the Flink cluster at {self.rest.url} has {free} free slots after {SLOTS_S:.0f} s, not {self.plan.parallelism}"
                )
            if stop.wait(1.0):
                return

    def _check_commits(self) -> None:
        """A transaction that the broker had aborted before its commit is one line in Flink's log, and the job runs on."""
        job, commits = self.job, self._commits
        before = commits.problem(job)
        try:
            running, restores = self.rest.running(job), self.rest.restores(job)
            refused, checkpoint = self.rest.refused_commits(job), self.rest.newest_checkpoint(job)
            commits.look(self._now_s(), refused, restores, running, checkpoint, self._effects.lost)
        except Unavailable:
            return  # the next turn asks again
        if (problem := commits.problem(job)) != before:
            self._report(problem)

    # -- reports ----------------------------------------------------------------------------------------------------

    def _note(self, what: str, sentence: str) -> None:
        """Show a state once, not at every turn."""
        if sentence and self._reported.get(what) != sentence:
            self._report(sentence)
        self._reported[what] = sentence

    def _cancel(self, job: str) -> None:
        try:
            self.rest.cancel(job)
        except Unavailable as error:
            self._report(f"job {job} could not be cancelled: {error}")

    def _cause(self) -> str:
        try:
            return self.rest.cause(self.job)
        except Unavailable:
            return "Flink gives no reason"
