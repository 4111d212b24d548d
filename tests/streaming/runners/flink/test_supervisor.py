"""A job is watched, brought back when its cluster has lost it, and what is wrong is reported once: on a cluster of a few lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from streaming.errors import BadInput, InputLost, Unavailable
from streaming.flink.rest import JobEntry, Refused, Rest
from streaming.kafka.settings import parse
from streaming.runners.flink import supervisor
from streaming.runners.flink.checkpoints import Retained
from streaming.runners.flink.job import Plan
from streaming.runners.flink.supervisor import ATTEMPTS, AWAY_S, LOST_S, LOST_WITH_HA_S, JobEffects, JobSupervisor

PLAN = Plan(address=parse("kafka://127.0.0.1:9", environment={}), sport="soccer", rest=("127.0.0.1", 9), group="g")
CHECKPOINT = Retained(1_796_048_733.0, "file:///c/chk-12", 12)
STATE = f"from {CHECKPOINT.text}"


class FakeCluster(Rest):
    """Knows ``known`` by state; ``away`` or ``leaderless`` it answers nothing of use."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.known = {"j1": "RUNNING"}
        self.away = self.leaderless = self.ha = False
        self.free, self.refused, self.cancelled = 1, 0, list[str]()
        self.never_runs = 0
        self.restored, self.starts = 0, False

    def get(self, path: str) -> Any:
        if self.away:
            raise Unavailable("no Flink cluster answers at http://127.0.0.1:9: Connection refused")
        if self.leaderless:
            raise Refused("an ongoing leader election", 503)
        if path == "/jobmanager/config":
            return [{"key": "high-availability.type", "value": "kubernetes"}] if self.ha else []
        if path == "/overview":
            return {"slots-available": self.free}
        raise AssertionError(path)

    def state(self, job: str) -> str:
        self.get("/overview")
        if job not in self.known:
            raise Refused(f"Job {job} not found", 404)
        return self.known[job]

    def jobs(self) -> list[JobEntry]:
        self.get("/overview")
        return [JobEntry(job, PLAN.title, state, 0.0, None, 0.0) for job, state in self.known.items()]

    def wait_running(self, job: str, patience_s: float = 0.0) -> None:
        if self.never_runs:
            self.never_runs -= 1
            raise Unavailable("the job is not running after 120 s: no worker")

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)
        self.known.pop(job, None)

    def cause(self, job: str) -> str:
        return "a reason"

    def refused_commits(self, job: str) -> int:
        return self.refused

    def running(self, job: str) -> bool:
        return not self.starts

    def restores(self, job: str) -> int:
        return self.restored

    def newest_checkpoint(self, job: str) -> int:
        return 40


class Scene:
    """A supervised job, a clock that the test moves, and all that was done."""

    def __init__(self) -> None:
        self.cluster, self.now_s = FakeCluster(), 100.0
        self.reports, self.submitted, self.cleared = list[str](), list[Plan](), list[int]()
        self.newest: Retained | None = CHECKPOINT
        self.aborted = 0
        self.guard: Callable[[], None] = lambda: None
        self.submit_fails = 0
        self.stop = threading.Event()
        effects = JobEffects(
            guard=self,
            submit=self._submit,
            newest=lambda: self.newest,
            clear=self._clear,
            lost=lambda checkpoint: self.aborted if checkpoint == 40 else 0,
            report=self.reports.append,
            now_s=lambda: self.now_s,
        )
        self.supervisor = JobSupervisor(PLAN, self.cluster, "j1", effects)

    def check(self) -> None:
        self.guard()

    def _clear(self, checkpoint: int) -> str:
        self.cleared.append(checkpoint)
        return ""

    def _submit(self, plan: Plan) -> str:
        self.submitted.append(plan)
        if self.submit_fails:
            self.submit_fails -= 1
            raise Unavailable("Flink did not take the job: full")
        job = f"j{len(self.submitted) + 1}"
        self.cluster.known[job] = "RUNNING"
        return job

    def turn(self, after_s: float = 2.0) -> None:
        self.now_s += after_s
        self.supervisor.look(self.stop)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(supervisor, "RETRY_S", 0.0)
    return Scene()


def test_nothing_is_reported_of_a_job_that_runs(scene):
    for _ in range(5):
        scene.turn()
    assert (scene.reports, scene.submitted) == ([], [])


def test_job_that_its_cluster_has_lost_goes_on_from_the_newest_checkpoint(scene):
    scene.cluster.away = True
    for _ in range(4):
        scene.turn()
    assert scene.reports == ["no Flink cluster answers at http://127.0.0.1:9: Connection refused; waits for it up to 600 s"], (
        "once, not at every turn"
    )
    scene.cluster.away = False
    scene.cluster.known.clear()
    scene.turn()
    assert not scene.submitted, "a cluster that has just come back may still be finding its jobs"
    scene.turn(LOST_S)
    (plan,) = scene.submitted
    assert plan.savepoint == CHECKPOINT.path
    assert scene.cleared == [12]
    assert scene.supervisor.job == "j2"
    assert scene.reports[1:] == [
        "the Flink cluster at http://127.0.0.1:9 does not know job j1",
        f"job j1 is lost with its cluster; try 1 of {ATTEMPTS}: submits it again {STATE}",
        "job j2 is on the air",
    ]
    scene.turn()
    assert len(scene.submitted) == 1


def test_cluster_with_high_availability_gets_time_to_bring_its_jobs_back(scene):
    scene.cluster.ha = True
    scene.cluster.known.clear()
    scene.turn()
    scene.turn(LOST_WITH_HA_S - 1)
    assert not scene.submitted
    scene.cluster.known["j1"] = "RUNNING"
    scene.turn(600)
    scene.cluster.known.clear()
    scene.turn()
    assert not scene.submitted, "it is counted from the newest loss"
    scene.turn(LOST_WITH_HA_S)
    assert len(scene.submitted) == 1


def test_cluster_without_a_leader_is_waited_for(scene):
    scene.cluster.leaderless = True
    for _ in range(10):
        scene.turn(10.0)
    assert not scene.submitted
    assert scene.reports == ["an ongoing leader election; waits for it up to 600 s"]


def test_cluster_that_stays_away_ends_the_run_with_the_way_on(scene):
    scene.cluster.away = True
    scene.turn()
    with pytest.raises(Unavailable, match=r"\A[^\n]*after 600 s the run ends[^\n]*--from-checkpoint newest\Z"):
        scene.turn(AWAY_S + 1)


def lost(scene: Scene) -> None:
    scene.cluster.known.clear()
    scene.turn()
    scene.turn(LOST_S)


def test_tries_are_bounded_and_each_is_one_sentence(scene):
    scene.submit_fails = ATTEMPTS
    with pytest.raises(Unavailable, match=rf"job j1 is lost, and was not brought back in {ATTEMPTS} tries"):
        lost(scene)
    assert len(scene.submitted) == ATTEMPTS
    assert [line for line in scene.reports if "has failed" in line] == [
        f"try {n} of {ATTEMPTS} to bring the job back has failed: Flink did not take the job: full" for n in range(1, ATTEMPTS + 1)
    ]


def test_job_that_was_taken_and_does_not_run_is_ended_before_the_next_try(scene):
    """Or there would be two of them."""
    scene.cluster.never_runs = 2
    lost(scene)
    assert scene.cluster.cancelled == ["j2", "j3"]
    assert (list(scene.cluster.known), scene.supervisor.job) == (["j4"], "j4")


def test_tries_count_anew_after_a_long_run(scene):
    for _ in range(ATTEMPTS + 2):
        lost(scene)
        scene.turn(supervisor.GOOD_S + 1)
    assert len(scene.submitted) == ATTEMPTS + 2


def test_job_that_another_run_has_brought_back_is_watched(scene):
    scene.turn()
    scene.cluster.known = {"other": "RUNNING"}
    scene.turn()
    scene.turn(LOST_S)
    assert (scene.submitted, scene.supervisor.job) == ([], "other")


def test_lost_job_without_a_checkpoint_ends_the_run(scene):
    scene.newest = None
    with pytest.raises(
        BadInput, match=r"none of its checkpoints is found from here: give one with --savepoint, or [^\n]* --fresh\Z"
    ):
        lost(scene)


def test_too_few_slots_end_a_try_after_their_time(scene, monkeypatch):
    scene.cluster.free = 0
    monkeypatch.setattr(scene.supervisor, "_now_s", lambda: scene.__setattr__("now_s", scene.now_s + 60) or scene.now_s)
    monkeypatch.setattr(scene.stop, "wait", lambda *_: False)
    with pytest.raises(Unavailable, match="was not brought back"):
        lost(scene)
    assert "has 0 free slots after 300 s, not 1" in scene.reports[-1]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "FINISHED"])
def test_job_that_has_ended_ends_the_run_with_its_reason(scene, state):
    scene.cluster.known["j1"] = state
    with pytest.raises(Unavailable, match=rf"\Ajob j1 ended as {state.lower()}: a reason\Z"):
        scene.turn()


def test_deleted_input_ends_the_job_and_the_run(scene):
    def gone() -> None:
        raise InputLost("topic telemetry.soccer was deleted while it was read; lost: nothing")

    scene.guard = gone
    with pytest.raises(InputLost):
        scene.turn()
    assert scene.cluster.cancelled == ["j1"]


def test_broker_that_is_away_is_reported_once_and_again_after_it_was_there(scene):
    def away() -> None:
        raise Unavailable("no broker answers")

    for guard in (away, away, lambda: None, away):
        scene.guard = guard
        scene.turn()
    assert scene.reports == ["no broker answers", "no broker answers"]


def test_lost_commits_are_reported_once_each_and_refused_repeats_are_not(scene):
    scene.cluster.refused = 1
    scene.turn()
    assert scene.reports == [], "what a restart commits again is refused, and not lost"
    scene.aborted = 1
    scene.turn()
    scene.turn()
    scene.aborted = scene.cluster.refused = 3
    scene.turn()
    assert [line.split(":")[0] for line in scene.reports] == ["job j1 has lost 1 transaction", "job j1 has lost 3 transactions"]


def test_refused_commit_that_the_broker_has_forgotten_may_be_lost(scene):
    """A second late request for its id has taken the aborted transaction from the broker's list."""
    scene.turn()
    scene.now_s += 20.0
    scene.cluster.refused = 1
    scene.turn()
    scene.turn()
    scene.cluster.refused = scene.aborted = 2
    scene.turn()
    assert [line.partition(": the")[0] for line in scene.reports] == [
        "job j1 may have lost 1 transaction",
        "job j1 has lost 2 transactions",
    ]


def test_repeats_of_a_job_that_has_started_again_are_not_lost(scene):
    scene.turn()
    scene.cluster.restored, scene.cluster.starts = 1, True
    scene.turn()
    scene.cluster.refused = 2
    scene.turn()
    scene.cluster.starts = False
    scene.turn()
    scene.now_s += 10.0
    scene.cluster.refused = 4  # measured late
    scene.turn()
    scene.now_s += 10.0
    scene.turn()
    assert scene.reports == []
    scene.cluster.refused = 5
    scene.turn()
    assert scene.reports[0].startswith("job j1 may have lost 1 transaction: ")


def test_aborted_transaction_is_reported_where_a_new_start_has_ended_the_count_of_the_sink(scene):
    scene.turn()
    scene.aborted, scene.cluster.restored = 1, 1
    scene.turn()
    scene.turn()
    assert len(scene.reports) == 1
    assert scene.reports[0].startswith("job j1 may have lost 1 transaction: ")


def test_stop_ends_the_watch(scene):
    scene.stop.set()
    scene.supervisor.watch(scene.stop)
    assert scene.reports == []
