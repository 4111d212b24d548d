"""State of a Flink cluster and its jobs, from its REST interface."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from streaming.flink.metrics import Measure, of_job, of_managers
from streaming.flink.rest import ENDED, Refused, Rest

#: how long one answer may take, seconds
TIMEOUT_S: Final = 2.0


class Checkpoint(msgspec.Struct, frozen=True):
    """The newest completed one. ``age_s`` is how much of the input would be gone through again if the job failed now."""

    id: int
    age_s: float
    duration_ms: int
    size_bytes: int


class Job(msgspec.Struct, frozen=True):
    """The newest job of its name. ``restarts`` counts since it was submitted, ``failed`` its failed checkpoints."""

    id: str
    name: str
    state: str
    running_s: float
    restarts: int | None = None
    checkpoint: Checkpoint | None = None
    completed: int = 0
    failed: int = 0


class Cluster(msgspec.Struct, frozen=True):
    """A look at a cluster."""

    version: str
    taskmanagers: int
    slots: int
    slots_free: int
    jobs: list[Job]
    measures: list[Measure]


class FlinkPoller:
    """Polls the REST interface at ``url`` (``http://host:port``)."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._rest = Rest(url, timeout_s)

    def look(self) -> Cluster:
        """``Unavailable`` with one sentence when it does not answer, or not as a Flink cluster does."""
        try:
            return self._look()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._rest.not_flink(error) from None

    def _look(self) -> Cluster:
        overview = self._rest.get("/overview")
        newest: dict[str, dict[str, Any]] = {}
        for job in self._rest.get("/jobs/overview")["jobs"]:
            known = newest.get(job["name"])
            if known is None or job["start-time"] > known["start-time"]:
                newest[job["name"]] = job
        jobs = [job for _, job in sorted(newest.items())]
        measures = of_managers(self._rest)
        for job in jobs:
            if job["state"] not in ENDED:
                measures += of_job(self._rest, job["jid"], job["name"])
        return Cluster(
            version=str(overview["flink-version"]),
            taskmanagers=int(overview["taskmanagers"]),
            slots=int(overview["slots-total"]),
            slots_free=int(overview["slots-available"]),
            jobs=[self._job(job) for job in jobs],
            measures=measures,
        )

    def _job(self, job: dict[str, Any]) -> Job:
        path = f"/jobs/{job['jid']}"
        counts, latest = {}, None
        try:
            checkpoints = self._rest.get(path + "/checkpoints")
            counts, latest = checkpoints["counts"], checkpoints["latest"]["completed"]
        except Refused:
            pass  # a job without checkpoints, or one that is gone since it was listed
        return Job(
            id=str(job["jid"]),
            name=str(job["name"]),
            state=str(job["state"]),
            running_s=job["duration"] / 1000,
            restarts=self._restarts(path),
            checkpoint=_checkpoint(latest) if latest else None,
            completed=int(counts.get("completed", 0)),
            failed=int(counts.get("failed", 0)),
        )

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
