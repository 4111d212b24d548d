"""The one queue in front of the models: bounded, and batched only with the requests that are waiting already.

Requests for the same model that arrive in one turn of the event loop are predicted in one batch; no request waits for a batch to
fill. A long request is computed in slices and goes to the back of the queue in between, so that it does not delay others.
Predictions do not depend on it: a model computes each row by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from models.base import Floats
from models.serving.contract import RETRY, Refused
from models.serving.loaded_models import ServedModel

#: rows of one batch
SLICE_ROWS: Final = 256


class Job:
    """Rows for a model; ``done`` is called with the predictions or the refusal."""

    __slots__ = ("at", "deadline_s", "done", "model", "out", "rows")

    def __init__(
        self, model: ServedModel, rows: Floats, deadline_s: float | None, done: Callable[[Floats | Refused], None]
    ) -> None:
        self.model, self.rows, self.deadline_s, self.done = model, rows, deadline_s, done
        self.at = 0
        self.out: list[Floats] = []


class Queue:
    """``most_jobs`` and ``most_rows`` bound the queue; beyond, a request is refused with ``Retry-After``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_jobs: int = 1024, most_rows: int = 100_000) -> None:
        self._loop, self.most_jobs, self.most_rows = loop, most_jobs, most_rows
        self.jobs: deque[Job] = deque()
        self.rows = 0
        self._scheduled = False

    def offer(self, job: Job) -> None:
        """Take a job; ``Refused`` when the queue is full."""
        if len(self.jobs) >= self.most_jobs or self.rows + len(job.rows) > self.most_rows:
            raise Refused("queue full", f"{len(self.jobs):,} requests of {self.rows:,} rows are waiting: try again", RETRY)
        self.jobs.append(job)
        self.rows += len(job.rows)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_batch)

    def _run_batch(self) -> None:
        self._scheduled = False
        by_model: dict[int, list[Job]] = {}
        room, now_s = SLICE_ROWS, time.monotonic()
        while self.jobs and room > 0:
            job = self.jobs.popleft()
            if job.deadline_s is not None and now_s > job.deadline_s:
                self._end(job, Refused("deadline passed", "the deadline passed while the request was waiting"))
                continue
            room -= min(len(job.rows) - job.at, SLICE_ROWS)
            by_model.setdefault(id(job.model), []).append(job)
        if self.jobs:
            self._schedule()
        for jobs in by_model.values():
            self._predict(jobs)

    def _predict(self, jobs: list[Job]) -> None:
        slices = [job.rows[job.at : job.at + SLICE_ROWS] for job in jobs]
        try:
            answers = jobs[0].model.predict(slices[0] if len(slices) == 1 else np.concatenate(slices))
            if len(answers) != sum(map(len, slices)):
                raise ValueError(f"{len(answers)} answers")
        except Exception as error:  # noqa: BLE001 - an error of one model must not reach the other requests
            if len(jobs) == 1:
                name = jobs[0].model.name
                self._end(jobs[0], Refused("model failed", f"{name} failed: {type(error).__name__}: {str(error)[:200]}"))
                return
            for job in jobs:
                self._predict([job])
            return
        at = 0
        for job, rows in zip(jobs, slices):
            job.out.append(answers[at : at + len(rows)])
            at += len(rows)
            job.at += len(rows)
            if job.at < len(job.rows):
                self.jobs.append(job)
                self._schedule()
            else:
                self._end(job, job.out[0] if len(job.out) == 1 else np.concatenate(job.out))

    def _end(self, job: Job, answer: Floats | Refused) -> None:
        self.rows -= len(job.rows)
        job.done(answer)
