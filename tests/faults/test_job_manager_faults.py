"""A JobManager is lost, and its jobs with it: they go on from their newest checkpoint, and none goes on without. A commit that is
too late for the broker is noticed."""

from __future__ import annotations

import re
import sys
import time

import pytest

from infra.cluster import Cluster
from streaming.flink.poller import FlinkPoller, Job
from streaming.flink.rest import Rest
from streaming.runners.flink.job import Plan
from streaming.runners.flink.submission import submit_apart
from streaming.runners.flink.transactions import lost_of_job, open_transactions
from streaming.wire import topics
from streaming.wire.feed import GameEnd, encode_feed
from streaming.wire.messages import decode_stats
from tests import real_cluster
from tests.faults.live import SPORT, Feed, Viewer, assert_nothing_lost, names, send_at_once
from tests.real_cluster import until

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_lost_job_manager_loses_no_final_and_makes_no_dead_letter(address, flink: Cluster):
    """Killed twice: with the run that watches the job, which brings it back, and with both gone, after which the next run begins
    with the state or not at all."""
    games, group = names("manager")[:2], "manager"
    with (
        real_cluster.start_job(address, SPORT, flink, "process", "--group", group) as job,
        Feed(address, games) as feed,
        Viewer(address) as viewer,
    ):
        viewer.sees(games)
        feed.played(5.0)
        assert flink.kill("jobmanager")
        time.sleep(1.0)
        flink.start("jobmanager")
        job.wait_for("submits it again from file:")
        viewer.sees(games)
        print(f"\nJobManager killed: no new value for {viewer.gap_s:.1f} s at most")
        job.kill()
        assert flink.kill("jobmanager")
        flink.start("jobmanager")
        until(lambda: Rest(flink.rest).slots() == 2, "both TaskManagers are back")
        with real_cluster.start_job(address, SPORT, flink, "process", "--group", group, ready=False) as without:
            code, output = without.wait()
        assert code == 2
        (sentence,) = [line for line in output.splitlines() if line.startswith("touchline: ")]
        assert re.search(
            r"its newest checkpoint, file:/\S+/manager-soccer/[0-9a-f]{32}/chk-\d+ of .*--from-checkpoint newest", sentence
        )
        more = ("--group", group, "--from-checkpoint", "newest")
        with real_cluster.start_job(address, SPORT, flink, "process", *more) as again:
            assert "goes on from file:" in again.output
            viewer.sees(games)
            sent = feed.finish()
            assert_nothing_lost("JobManager killed twice", address, group, sent, viewer, after_s=1.5)
            code, output = again.stop()
    assert code == 0, output
    assert "has lost" not in job.output + output, "what a restart commits again is no loss"
    assert "may have lost" not in job.output + output


def test_commit_after_the_brokers_time_out_is_noticed(address, flink: Cluster):
    """The transaction of a few records times out after a second, its checkpoint comes after five: the job runs on, and what was in
    the transaction never reaches a reader of committed records."""
    rest = Rest(flink.rest)
    plan = Plan(
        address=address,
        sport=SPORT,
        rest=(rest.host, rest.port),
        group="late",
        python=sys.executable,
        checkpoint_ms=5_000,
        transaction_s=1,
    )
    job = submit_apart(plan, "streaming.factory")
    rest.wait_running(job)
    poller = FlinkPoller(flink.rest, lost=lost_of_job(address))
    games = [f"late-{n}" for n in range(20)]

    def newest() -> Job:
        (found,) = [one for one in poller.look().jobs if one.id == job]
        return found

    for game in games:  # where a checkpoint comes in time, the next game's does not
        send_at_once(address, [game], 0.5)
        real_cluster.produce(address, SPORT, [(game, encode_feed(GameEnd(game=game)))])
        until_s = time.monotonic() + 8
        while not newest().lost_commits and time.monotonic() < until_s:
            time.sleep(0.2)
        if (found := newest()).lost_commits:
            break
    else:
        pytest.fail("no commit was late")
    assert found.state == "RUNNING"
    assert rest.restores(job) == 0
    assert found.problem.startswith(f"job {job} has lost {found.lost_commits} transaction")
    seen = {
        update.game
        for record in real_cluster.records(address, topics.stats(SPORT))
        for update in decode_stats(record.value).updates
    }
    assert set(games[: games.index(game) + 1]) - seen, "and a game's stats are missing"


def test_transaction_of_a_dead_cluster_holds_up_readers_until_it_is_aborted(address):
    """A producer as Flink's sink has one leaves a transaction open: a reader of committed records gets nothing behind it."""
    from kafka import KafkaProducer

    topic, ident = topics.stats(SPORT), "dead-soccer-1a22-0-7"
    mine = {**address.python(), "transaction_timeout_ms": 600_000}
    left = KafkaProducer(**mine, transactional_id=ident)
    left.init_transactions()
    left.begin_transaction()
    left.send(topic, b"never committed", partition=0).get(timeout=20)
    with KafkaProducer(**address.python()) as other:
        other.send(topic, b"behind it", partition=0).get(timeout=20)

    def command(*more: str) -> str:
        program = real_cluster.Program("transactions", "--source", address.text, "--group", "dead", *more)
        with program:
            code, output = program.wait()
        assert code == 0, output
        return output

    found = re.search(rf"{ident}  checkpoint 7, open for \d+ s of 600, in 1 partition\n1 open transactions", command())
    assert found is not None
    assert "aborted 0 of 1" in command("--abort", "--after-checkpoint", "7"), "checkpoint 7 may still commit it"
    assert [one.checkpoint for one in open_transactions(address, "dead", SPORT)] == [7]
    assert "aborted 1 of 1" in command("--abort")
    assert [record.value for record in real_cluster.records(address, topic)] == [b"behind it"]
    assert open_transactions(address, "dead", SPORT) == []
    left.close(timeout=1)
