"""The same on a real Flink cluster: TaskManagers die and hang, the broker goes and comes, two jobs share the machines."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cluster import Cluster
from streaming import topics
from streaming.kafka.broker import admin
from streaming.kafka.settings import Address
from tests import cluster as real
from tests.faults.live import SPORT, Feed, Viewer, names, send_at_once, verdict

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

#: how long numbers may stand still after a process has died
BACK_S = 10.0
GROUP = "faults"


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Cluster]:
    yield from real.started(tmp_path, only="kafka")


def used(address: Address, group: str = GROUP) -> None:
    real.until(lambda: real.behind(address, SPORT, group) == 0, "all input used and committed", 90)


def stood_still(viewer: Viewer, games: list[str], what: str) -> float:
    """Numbers of every game again; how long they had stood still, s. The next fault is measured by itself."""
    viewer.sees(games)
    gap_s = viewer.gap_s
    print(f"\n{what}: numbers stood still for {gap_s:.1f} s")
    viewer.seen.clear()
    viewer.sees(games)
    return gap_s


def test_a_task_manager_killed_another_stopped_and_the_broker_killed(flink: Cluster, own_broker: Cluster):
    address, games = real.address_of(own_broker), names("flink")
    real.fresh(address, SPORT)
    with (
        real.job(address, SPORT, flink, "process", "--group", GROUP) as job,
        Feed(address, games, 80.0) as feed, Viewer(address) as viewer,
    ):  # fmt: skip
        viewer.sees(games)

        killed = real.host_of(flink, job)
        workers = flink.workers(killed)
        assert workers, "Python works beside the TaskManager"
        assert flink.kill(killed)
        killed_s = stood_still(viewer, games, "TaskManager killed")
        real.until(lambda: not flink.workers(killed), "the workers of the killed TaskManager end", 15)
        flink.start(killed)

        stopped = real.host_of(flink, job)
        assert stopped != killed
        assert flink.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        stopped_s = stood_still(viewer, games, "TaskManager stopped")
        assert time.monotonic() - began < 20, "the other was to take over before it comes back"
        time.sleep(max(0.0, began + 20 - time.monotonic()))
        assert flink.kill(stopped, signal.SIGCONT)
        viewer.sees(games)

        assert own_broker.kill("broker")
        began = time.monotonic()
        own_broker.start("broker")
        away_s = time.monotonic() - began
        broker_s = stood_still(viewer, games, f"broker away for {away_s:.1f} s")

        sent = feed.finish()
        used(address)
        assert job.stop()[0] == 0
    found = verdict(address, sent)
    assert found.good, found
    assert killed_s <= BACK_S
    assert stopped_s <= BACK_S
    assert broker_s <= BACK_S + away_s


def test_two_jobs_at_once_and_the_input_of_one_deleted(flink: Cluster, broker: Cluster, own_broker: Cluster):
    """Each has its own code, topics and workers. One loses its input and ends with the sentence that says what was lost; the other
    goes on."""
    addresses = [real.address_of(broker), real.address_of(own_broker)]
    for address in addresses:
        real.fresh(address, SPORT)
    with real.job(addresses[0], SPORT, flink, "process", "--group", GROUP) as one:
        with real.job(addresses[1], SPORT, flink, "process", "--group", GROUP) as two:
            lost = send_at_once(addresses[1], names("lost"), 20.0)
            used(addresses[1])
            assert verdict(addresses[1], lost).good
            with admin(addresses[1]) as client:
                client.delete_topics([topics.telemetry(SPORT)])
            code, said = two.ended(60)
            assert code == 2
            assert f"topic {topics.telemetry(SPORT)} was deleted while it was read; lost: nothing" in said
        sent = send_at_once(addresses[0], names("kept"), 20.0)
        used(addresses[0])
        assert one.stop()[0] == 0
    found = verdict(addresses[0], sent)
    assert found.good, found
