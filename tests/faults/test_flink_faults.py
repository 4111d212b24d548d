"""The same on a Flink cluster: its TaskManagers, its broker and its input break under a job whose games are on the air."""

from __future__ import annotations

import re
import signal
import time

import pytest

from infra.cluster import Cluster
from streaming.kafka.broker import admin
from streaming.kafka.settings import Address
from streaming.wire import topics
from tests import real_cluster
from tests.faults import live
from tests.faults.live import SPORT, Feed, Sent, Viewer, names, send_at_once, verdict
from tests.waiting import within_s

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

#: how long numbers may stand still after a process has died, on a machine of its own
BACK_S = 10.0
#: more than twice as long as the JobManager waits for a heartbeat (infra/local/flink.py)
PAUSED_S = 8.0


def assert_nothing_lost(what: str, address: Address, group: str, sent: list[Sent], viewer: Viewer) -> None:
    live.assert_nothing_lost(
        what, address, group, sent, viewer, after_s=1.5
    )  # what the last checkpoint has committed is out by then


def test_killed_and_then_paused_task_manager_loses_no_final(address, flink: Cluster):
    """One is killed and started again. Then the one that has the games does nothing until the other has them, for longer than the
    cluster waits for its heartbeats: what it had begun must not be published when it wakes."""
    games, group = names("task-managers"), "task-managers"
    with real_cluster.start_job(address, SPORT, flink, "process", "--group", group) as job, Feed(address, games) as feed:
        with Viewer(address) as viewer:
            viewer.sees(games)
            feed.played(5.0)
            busy = real_cluster.contention()
            killed = real_cluster.host_of(flink, job)
            assert flink.kill(killed)
            viewer.sees(games)
            print(f"\nTaskManager killed: no new value for {viewer.gap_s:.1f} s at most")
            flink.start(killed)
            viewer.sees(games)
            paused = real_cluster.host_of(flink, job)
            assert flink.kill(paused, signal.SIGSTOP)
            stopped = time.monotonic()
            viewer.sees(games)
            busy = max(busy, real_cluster.contention())
            time.sleep(max(0.0, stopped + PAUSED_S - time.monotonic()))
            flink.kill(paused, signal.SIGCONT)
            sent = feed.finish()
            assert_nothing_lost(f"one killed, one stopped for {PAUSED_S:g} s or more", address, group, sent, viewer)
        # One that wakes up with a transaction of another's is ended by Flink itself, if it had records on their way: then what
        # watches over it (make up does not) starts it anew.
        real_cluster.until(lambda: flink.ready(paused) or flink.pid(paused) is None, "it is back in the cluster, or has ended")
        flink.start(paused)
        assert flink.ready(paused)
        assert job.stop()[0] == 0
    assert viewer.gap_s <= within_s(BACK_S, busy)


def test_broker_killed_under_a_job_loses_no_final(own_broker: Cluster, flink: Cluster):
    address, group = real_cluster.address_of(own_broker), "broker"
    real_cluster.recreate_topics(address, SPORT)
    games = names("broker")[:2]
    with real_cluster.start_job(address, SPORT, flink, "process", "--group", group) as job, Feed(address, games) as feed:
        with Viewer(address) as viewer:
            viewer.sees(games)
            feed.played(5.0)
            busy = real_cluster.contention()
            assert own_broker.kill("broker")
            down = time.monotonic()
            own_broker.start("broker")
            away_s = time.monotonic() - down
            viewer.sees(games)
            busy = max(busy, real_cluster.contention())
            sent = feed.finish()
            assert_nothing_lost(f"broker away for {away_s:.1f} s", address, group, sent, viewer)
        assert job.stop()[0] == 0
    assert viewer.gap_s <= within_s(BACK_S, busy) + away_s


def test_two_jobs_on_one_cluster_do_not_disturb_each_other(address, own_broker: Cluster, flink: Cluster):
    """A slot each, a broker each; the first is stopped while the second goes on."""
    other = real_cluster.address_of(own_broker)
    real_cluster.recreate_topics(other, SPORT)
    mine, yours = names("mine"), names("yours")
    with (
        real_cluster.start_job(address, SPORT, flink, "thread", "--group", "mine", ready=False) as one,
        real_cluster.start_job(other, SPORT, flink, "thread", "--group", "yours") as two,
    ):
        one.wait_for("on the air", real_cluster.ON_THE_AIR_S)
        with (
            Feed(address, mine) as first,
            Feed(other, yours) as second,
            Viewer(address) as one_viewer,
            Viewer(other) as two_viewer,
        ):
            one_viewer.sees(mine)
            two_viewer.sees(yours)
            sent = first.finish()
            real_cluster.until(lambda: real_cluster.lag(address, SPORT, "mine") == 0, "all input of the first used and committed")
            assert one.stop()[0] == 0
            two_viewer.sees(yours)
            assert second.playing, "the other was to be seen after the first had ended"
            assert_nothing_lost("one of two jobs", address, "mine", sent, one_viewer)
            assert_nothing_lost("the other", other, "yours", second.finish(), two_viewer)
            assert two.stop()[0] == 0


def test_input_deleted_under_a_job_ends_it_and_names_the_lost_offsets(address, flink: Cluster):
    """The run ends with one sentence that names what was never used, and takes its job with it."""
    group = "deleted"
    games = [name for i in range(7) for name in names(f"gone-{i}")]
    sent = send_at_once(address, games, 30.0)
    with real_cluster.start_job(address, SPORT, flink, "process", "--group", group) as job:
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, group) < 0.8 * len(sent), "some of it is used")
        with admin(address) as client:
            client.delete_topics([topics.telemetry(SPORT)])
        code, output = job.wait()
    print("\n" + output)
    assert code == 2, output
    (sentence,) = [line for line in output.splitlines() if line.startswith("touchline: topic ")]
    assert f"topic {topics.telemetry(SPORT)} was deleted" in sentence
    spans = {int(p): (int(a), int(b)) for p, a, b in re.findall(r"partition (\d+): offsets (\d+) to (\d+)", sentence)}
    assert spans
    ends = {p: max(s.offset for s in sent if s.partition == p) for p in spans}
    assert {p: b for p, (_, b) in spans.items()} == ends
    used = [one for one in sent if one.partition not in spans or one.offset < spans[one.partition][0]]
    assert len(used) < len(sent)
    found = verdict(address, used)
    # What was used and not yet committed by a checkpoint when the topic went may be out as well; nothing else may.
    assert (found.lost, found.wrong) == (0, 0), found
