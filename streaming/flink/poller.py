"""State of a Flink cluster and its jobs, from its REST interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from streaming.errors import Unavailable
from streaming.flink.metrics import Measure, of_job, of_managers
from streaming.flink.rest import JobEntry, Refused, Rest

#: how long one answer may take, seconds
TIMEOUT_S: Final = 2.0
#: an ended job is shown for so long
ENDED_SHOWN_S: Final = 600.0


def lost_commits_problem(job: str, lost: int) -> str:
    """The sentence for a job whose sink could not commit."""
    return (
        f"job {job} has lost {lost} {'transaction' if lost == 1 else 'transactions'}: the broker had aborted "
        f"{'it' if lost == 1 else 'them'} before the commit, so committed readers never get the stats of that checkpoint "
        "(docs/runners.md, Transactions)"
    )


class Checkpoint(msgspec.Struct, frozen=True):
    """The newest completed one. ``age_s`` is how much of the input would be gone through again if the job failed now."""

    id: int
    age_s: float
    duration_ms: int
    size_bytes: int


class Job(msgspec.Struct, frozen=True):
    """One job. ``restarts`` counts since it was submitted, ``failed`` its failed checkpoints, ``lost_commits`` the
    transactions that the broker had aborted before their commit (None: not known), ``problem`` is that in a sentence."""

    id: str
    name: str
    state: str
    running_s: float
    restarts: int | None = None
    checkpoint: Checkpoint | None = None
    completed: int = 0
    failed: int = 0
    lost_commits: int | None = None
    problem: str = ""


class Cluster(msgspec.Struct, frozen=True):
    """A look at a cluster. ``jobs`` are those that have not ended, and behind them those that ended a while ago at most."""

    version: str
    taskmanagers: int
    slots: int
    slots_free: int
    jobs: list[Job]
    measures: list[Measure]


def shown(jobs: Iterable[JobEntry], now_s: float) -> list[JobEntry]:
    """Running jobs first, by name; ended ones only for a while, and not where another of their name is on the air."""
    jobs = list(jobs)
    on = {job.name for job in jobs if not job.over}
    kept = [
        job
        for job in jobs
        if not job.over or (job.name not in on and now_s - (job.ended_s or job.started_s + job.running_s) < ENDED_SHOWN_S)
    ]
    return sorted(kept, key=lambda job: (job.over, job.state != "RUNNING", job.name, -job.started_s))


class FlinkPoller:
    """Polls the REST interface at ``url`` (``http://host:port``). ``lost`` is asked, with the name of a job and its newest
    checkpoint, how many transactions the broker has aborted that the job believes to be committed (None: not one of ours)."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S, lost: Callable[[str, int], int | None] | None = None) -> None:
        self._rest, self._lost = Rest(url, timeout_s), lost

    def look(self) -> Cluster:
        """``Unavailable`` with one sentence when it does not answer, or not as a Flink cluster does."""
        try:
            return self._look()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._rest.not_flink(error) from None

    def _look(self) -> Cluster:
        overview = self._rest.get("/overview")
        jobs = shown(self._rest.jobs(), time.time())
        measures = of_managers(self._rest)
        for job in jobs:
            if not job.over:
                measures += of_job(self._rest, job.id, job.name)
        return Cluster(
            version=str(overview["flink-version"]),
            taskmanagers=int(overview["taskmanagers"]),
            slots=int(overview["slots-total"]),
            slots_free=int(overview["slots-available"]),
            jobs=[self._job(job) for job in jobs],
            measures=measures,
        )

    def _job(self, job: JobEntry) -> Job:
        path = f"/jobs/{job.id}"
        counts, latest = {}, None
        try:
            checkpoints = self._rest.get(path + "/checkpoints")
            counts, latest = checkpoints["counts"], checkpoints["latest"]["completed"]
        except Refused:
            pass  # a job without checkpoints, or one that is gone since it was listed
        lost = None if job.over else self._lost_commits(job, int(latest["id"]) if latest else 0)
        return Job(
            id=job.id,
            name=job.name,
            state=job.state,
            running_s=job.running_s,
            restarts=self._restarts(path),
            checkpoint=_checkpoint(latest) if latest else None,
            completed=int(counts.get("completed", 0)),
            failed=int(counts.get("failed", 0)),
            lost_commits=lost,
            problem=lost_commits_problem(job.id, lost) if lost else "",
        )

    def _lost_commits(self, job: JobEntry, checkpoint: int) -> int | None:
        try:
            if self._rest.refused_commits(job.id) == 0:
                return 0
            return None if self._lost is None else self._lost(job.name, checkpoint)
        except Unavailable:
            return None  # the job is gone, or the broker is away, which the gateway shows by itself

    def _restarts(self, path: str) -> int | None:
        try:
            found = self._rest.get(path + "/metrics?get=numRestarts")
        except Refused:
            return None
        return int(float(found[0]["value"])) if found else None


def _checkpoint(latest: dict[str, Any]) -> Checkpoint:
    done_ms = int(latest["latest_ack_timestamp"])
    return Checkpoint(
        id=int(latest["id"]),
        age_s=max(0.0, time.time() - done_ms / 1000),
        duration_ms=int(latest["end_to_end_duration"]),
        size_bytes=int(latest.get("state_size") or 0),
    )
