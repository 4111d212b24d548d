"""The state of the broker and of the Flink cluster behind a gateway: read from a fake server that answers as Flink 2.2 does."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.latency import Latency
from streaming.errors import BadInput, Unavailable
from streaming.flink import metrics as measures
from streaming.flink.poller import Checkpoint, FlinkPoller
from streaming.flink.rest import Refused, Rest
from streaming.kafka.lag import GroupLag, PartitionLag
from streaming.operator.metrics import OperatorMetrics
from streaming.web.cluster_poller import ClusterPoller
from streaming.web.filters import Filter
from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from streaming.web.subscribers import Subscriber
from streaming.wire.blocks import StatBlock
from tests.streaming.web.scripted import ScriptedMatch, record
from tests.streaming.web.test_browser import browser
from tests.waiting import TIMEOUT_MS, TIMEOUT_S

__all__ = ["browser"]


SOCCER, NFL = "touchline soccer (touchline-flink)", "touchline nfl (touchline-flink)"
#: what Flink 2.2 calls the measure of refused commits
REFUSED = "results[6]__Committer.failedCommittables"


def replies(age_s: float = 1.5) -> dict[str, Any]:
    """By path, what a cluster answers with a running job, a newer one of its name that has ended, one that failed a minute ago and
    one that failed long ago."""
    done_ms = int((time.time() - age_s) * 1000)
    now_ms = int(time.time() * 1000)
    latest = {"id": 81, "latest_ack_timestamp": done_ms, "end_to_end_duration": 20, "state_size": 1_310_326}
    jobs = [
        {"jid": jid, "name": name, "start-time": now_ms - age_ms, "duration": ran_ms, "end-time": end_ms, "state": state}
        for jid, name, age_ms, ran_ms, end_ms, state in (
            ("a1", SOCCER, 5_000, 1_000, now_ms - 4_000, "FINISHED"),
            ("b2", SOCCER, 98_706, 98_706, -1, "RUNNING"),
            ("c3", NFL, 60_010, 10, now_ms - 60_000, "FAILED"),
            ("d4", "touchline mlb (touchline-flink)", 7_200_000, 10, now_ms - 7_190_000, "FAILED"),
        )
    ]
    return {
        "/overview": {"taskmanagers": 2, "slots-total": 4, "slots-available": 3, "flink-version": "2.2.1"},
        "/jobs/overview": {"jobs": jobs},
        "/jobs/b2/checkpoints": {"counts": {"completed": 81, "failed": 16}, "latest": {"completed": latest}},
        "/jobs/b2/metrics?get=numRestarts": [{"id": "numRestarts", "value": "3"}],
        "/jobs/c3/checkpoints": {"counts": {"completed": 0, "failed": 0}, "latest": {"completed": None}},
        "/jobs/c3/metrics?get=numRestarts": [],
        "/jobs/b2": {"vertices": [{"id": "v1", "name": "games", "parallelism": 2}]},
        "/jobs/b2/vertices/v1/subtasks/metrics": [{"id": REFUSED}, {"id": "results[6]__Committer.pendingCommittables"}],
        f"/jobs/b2/vertices/v1/subtasks/metrics?get={quote(REFUSED)}&agg=sum": [{"id": REFUSED, "sum": 2.0}],
        "/jobs/b2/vertices/v1/metrics?get=" + ",".join(f"{n}.{q.flink}" for n in (0, 1) for q in measures.TASK): [
            {"id": "0.busyTimeMsPerSecond", "value": "250"},
            {"id": "1.busyTimeMsPerSecond", "value": "NaN"},
            {"id": "0.backPressuredTimeMsPerSecond", "value": "10"},
            {"id": "1.numRecordsInPerSecond", "value": "50.5"},
            {"id": "1.numRecordsOutPerSecond", "value": "80"},
        ],
        "/taskmanagers": {"taskmanagers": [{"id": "taskmanager-0"}, {"id": "gone"}]},
        "/taskmanagers/taskmanager-0/metrics?get=" + ",".join(q.flink for q in measures.MANAGER): [
            {"id": "Status.JVM.CPU.Load", "value": "0.5"},
            {"id": "Status.JVM.Memory.Heap.Used", "value": "1000"},
            {"id": "Status.JVM.Memory.Heap.Max", "value": "4000"},
            {"id": "Status.JVM.GarbageCollector.All.TimeMsPerSecond", "value": "20"},
        ],
    }


class FakeFlink:
    """A REST interface whose answers may be changed: an object, bytes as they are, a status, or seconds of silence."""

    def __init__(self) -> None:
        self.replies: dict[str, Any] = replies()
        self.refusals: dict[str, Any] = {}
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                refusal = stand_in.refusals.get(self.path)
                reply = stand_in.replies.get(self.path, 404) if refusal is None else refusal
                if isinstance(reply, float):
                    time.sleep(reply)
                raw = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
                self.send_response(404 if refusal else reply if isinstance(reply, int) else 200)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the client may have closed the connection
                    self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def flink() -> Iterator[FakeFlink]:
    found = FakeFlink()
    yield found
    found.stop()


# -- Flink -------------------------------------------------------------------------------------------------------------


def test_flink_poller_returns_running_jobs_and_those_that_ended_lately(flink):
    """The one on air stays when a newer one of its name has ended; what ended two hours ago is gone."""
    found = FlinkPoller(flink.url + "/").look()
    assert (found.version, found.taskmanagers, found.slots, found.slots_free) == ("2.2.1", 2, 4, 3)
    soccer, nfl = found.jobs
    assert (nfl.id, nfl.name) == ("c3", NFL)
    assert (soccer.id, soccer.state, soccer.restarts, soccer.completed, soccer.failed) == ("b2", "RUNNING", 3, 81, 16)
    kept = soccer.checkpoint
    assert isinstance(kept, Checkpoint)
    assert (kept.id, kept.duration_ms, kept.size_bytes) == (81, 20, 1_310_326)
    assert 1.4 < kept.age_s < TIMEOUT_S
    assert (nfl.state, nfl.restarts, nfl.checkpoint) == ("FAILED", None, None)


def test_flink_poller_lists_a_job_that_ends_between_two_requests(flink):
    del flink.replies["/jobs/b2/checkpoints"], flink.replies["/jobs/b2/metrics?get=numRestarts"]
    soccer = FlinkPoller(flink.url).look().jobs[0]
    assert (soccer.state, soccer.checkpoint, soccer.restarts) == ("RUNNING", None, None)


def test_two_running_jobs_of_a_name_are_two(flink):
    flink.replies["/jobs/overview"]["jobs"][0] |= {"state": "RUNNING", "end-time": -1}
    jobs = FlinkPoller(flink.url).look().jobs
    assert [(job.id, job.state) for job in jobs] == [("a1", "RUNNING"), ("b2", "RUNNING"), ("c3", "FAILED")]


@pytest.mark.parametrize(("aborted", "lost"), [(0, 0), (2, 2), (None, None)])
def test_refused_commits_are_lost_where_the_broker_has_aborted_the_transactions(flink, aborted, lost):
    """A job that goes on from a checkpoint commits again what was committed: the broker refuses that, and nothing is lost."""
    asked: list[tuple[str, int]] = []

    def look(name: str, checkpoint: int) -> int | None:
        asked.append((name, checkpoint))
        return aborted

    soccer = FlinkPoller(flink.url, lost=look).look().jobs[0]
    assert asked == [(SOCCER, 81)]
    assert soccer.lost_commits == lost
    assert ("job b2 has lost 2 transactions: the broker had aborted them" in soccer.problem) == bool(lost)


def test_lost_commits_are_unknown_without_a_broker_and_none_where_none_was_refused(flink):
    assert FlinkPoller(flink.url).look().jobs[0].lost_commits is None
    flink.replies[f"/jobs/b2/vertices/v1/subtasks/metrics?get={quote(REFUSED)}&agg=sum"] = [{"id": REFUSED, "sum": 0.0}]
    assert FlinkPoller(flink.url).look().jobs[0].lost_commits == 0


def test_broker_that_is_away_hides_no_job(flink):
    def away(*_: object) -> int:
        raise Unavailable("no broker answers")

    assert FlinkPoller(flink.url, lost=away).look().jobs[0].lost_commits is None


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (503, "refused /overview: status 503"),
        (b"<html>", "is not a Flink cluster"),
        (b"[" * 100_000, "is not a Flink cluster"),
        ([], "is not a Flink cluster"),
        ({}, "is not a Flink cluster"),
        ({"taskmanagers": "x", "slots-total": None, "flink-version": 1}, "is not a Flink cluster"),
        (3.0, "no Flink cluster answers"),
    ],
)
def test_flink_poller_of_a_server_that_is_no_cluster_raises_one_sentence(flink, reply, words):
    flink.replies["/overview"] = reply
    with pytest.raises(Unavailable, match=rf"\A[^\n]*{words}[^\n]*\Z"):
        FlinkPoller(flink.url, timeout_s=0.2 if isinstance(reply, float) else TIMEOUT_S).look()


def test_flink_poller_of_a_closed_port_raises_one_sentence(flink):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match=r"\Ano Flink cluster answers at http://127[^\n]*: Connection refused [^\n]*\Z"):
            FlinkPoller(f"http://127.0.0.1:{free.getsockname()[1]}").look()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8081", "ftp://a", "http://", "http://a:b", "http://u:p@a:8081", "http://[::1"])
def test_flink_poller_of_a_bad_address_raises_one_sentence(url):
    with pytest.raises(BadInput, match=r"\A[^\n]+: give http://host:port\Z"):
        FlinkPoller(url)


@pytest.mark.slow
def test_flink_poller_distinguishes_a_refusal_from_an_absent_cluster(flink):
    """The sentence has the reason that Flink gives; a caller that does not need the answer continues."""
    flink.refusals["/jobs/no/checkpoints"] = {"errors": ["Not found.", "org.apache.flink.Gone: job no\n at a line"]}
    with pytest.raises(Refused, match=r"refused /jobs/no/checkpoints: org\.apache\.flink\.Gone: job no\Z"):
        Rest(flink.url).get("/jobs/no/checkpoints")
    flink.replies["/jobs/b2/checkpoints"] = 6.0
    with pytest.raises(Unavailable) as away:
        FlinkPoller(flink.url, timeout_s=3.0).look()
    assert not isinstance(away.value, Refused)


# -- the poller of the gateway -----------------------------------------------------------------------------------------


class FakeSubscriber:
    """The state of a subscriber."""

    def __init__(self) -> None:
        self.lag, self.delay, self.taken, self.unreadable, self.trouble = {"soccer": 2}, Latency(), 900, 1, ""
        self.caught_up = True
        self.delay.add(1_500.0)


LAGS = [
    GroupLag("soccer", "touchline", 2, [PartitionLag(0, 90, 100, 10), PartitionLag(1, None, 7, 7), PartitionLag(2, 5, 5, 0)]),
    GroupLag("soccer", "touchline-flink", 0, [PartitionLag(p, 40, 400 * (p == 1) + 40, 400 * (p == 1)) for p in range(3)]),
]


def polled(watch: ClusterPoller) -> ClusterPoller:
    for each in (watch.kafka, watch.flink):
        if each is not None:
            each.poll()
    return watch


def watched(flink: FakeFlink | None = None, lag: Any = lambda: LAGS) -> ClusterPoller:
    return ClusterPoller(
        "kafka://here:9092",
        lag,
        FakeSubscriber(),
        flink.url if flink else "",
        FlinkPoller(flink.url, lost=lambda *_: 1).look if flink else None,
    )


def metrics(url: str) -> dict[tuple[str, ...], float]:
    """(name, values of its labels in the order of their names...) -> value; no line stands there twice."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(httpx.get(url + "/metrics").text):
        for sample in family.samples:
            key = (sample.name, *(value for _, value in sorted(sample.labels.items())))
            assert key not in found, f"{key} is there twice"
            found[key] = sample.value
    return found


def test_operators_request_and_metrics_have_the_cluster(flink):
    hub = Hub()
    hub.attach(record())
    hub.measure("demo-1", OperatorMetrics(("a",)), "kafka embedded, x", int((time.time() - 4) * 1e6))
    with Gateway(hub, port=0, cluster=polled(watched(flink))) as gateway:
        answer = httpx.get(gateway.url + "/api/operators").json()
        numbers = metrics(gateway.url)
    game, cluster = answer["games"]["demo-1"], answer["cluster"]
    assert game["runner"] == "kafka embedded, x"
    assert 3.9 < game["reported_s"] < TIMEOUT_S
    assert cluster["gateway"] | {"delay_p50_us": 0, "delay_p99_us": 0} == {
        "lag": {"soccer": 2},
        "caught_up": True,
        "taken": 900,
        "unreadable": 1,
        "delay_p50_us": 0,
        "delay_p99_us": 0,
        "problem": "",
    }
    groups = [(g["group"], g["members"], g["lag"]) for g in cluster["kafka"]["groups"]]
    assert groups == [("touchline", 2, 17), ("touchline-flink", 0, 400)]
    assert cluster["kafka"]["groups"][0]["partitions"][1] == {"partition": 1, "committed": None, "end": 7, "lag": 7}
    assert cluster["flink"]["cluster"]["jobs"][0]["checkpoint"]["id"] == 81
    assert numbers["touchline_kafka_lag_records", "touchline", "0", "soccer"] == 10
    assert numbers["touchline_kafka_lag_records", "touchline-flink", "1", "soccer"] == 400
    assert numbers["touchline_kafka_group_members", "touchline", "soccer"] == 2
    assert numbers["touchline_gateway_lag_records", "soccer"] == 2
    assert numbers["touchline_gateway_unreadable_total",] == 1
    assert numbers["touchline_gateway_delay_seconds_count",] == 1
    assert numbers["touchline_kafka_up",] == numbers["touchline_flink_up",] == 1
    assert numbers["touchline_flink_job_up", "b2", SOCCER, "RUNNING"] == 1
    assert numbers["touchline_flink_job_up", "c3", NFL, "FAILED"] == 0
    assert len([key for key in numbers if key[0] == "touchline_flink_job_up"]) == 2
    assert 1.4 < numbers["touchline_flink_checkpoint_age_seconds", "b2", SOCCER] < TIMEOUT_S
    assert numbers["touchline_flink_checkpoint_duration_seconds", "b2", SOCCER] == 0.02
    assert numbers["touchline_flink_checkpoint_size_bytes", "b2", SOCCER] == 1_310_326
    assert numbers["touchline_flink_checkpoint_failed_total", "b2", SOCCER] == 16
    assert numbers["touchline_flink_restarts_total", "b2", SOCCER] == 3
    assert numbers["touchline_flink_lost_commits_total", "b2", SOCCER] == 1
    assert numbers["touchline_flink_task_busy_ratio", "b2", SOCCER, "0", "games"] == 0.25
    assert ("touchline_flink_task_busy_ratio", "b2", SOCCER, "1", "games") not in numbers, "not measured is not zero"
    assert numbers["touchline_flink_task_backpressured_ratio", "b2", SOCCER, "0", "games"] == 0.01
    assert numbers["touchline_flink_task_records_in_per_second", "b2", SOCCER, "1", "games"] == 50.5
    assert numbers["touchline_flink_taskmanager_cpu_ratio", "taskmanager-0"] == 0.5
    assert numbers["touchline_flink_taskmanager_heap_max_bytes", "taskmanager-0"] == 4000
    assert numbers["touchline_flink_taskmanager_gc_ratio", "taskmanager-0"] == 0.02
    assert [numbers[f"touchline_flink_{name}",] for name in ("taskmanagers", "slots", "slots_free")] == [2, 4, 3]


def test_health_names_what_flink_has_lost_and_the_gateway_stays_ready(flink):
    watch = polled(watched(flink))
    with Gateway(Hub(), port=0, cluster=watch) as gateway:
        sick, ready = httpx.get(gateway.url + "/health"), httpx.get(gateway.url + "/ready")
        flink.replies[f"/jobs/b2/vertices/v1/subtasks/metrics?get={quote(REFUSED)}&agg=sum"] = []
        polled(watch)
        well = httpx.get(gateway.url + "/health")
        flink.replies = {}
        watch.flink._at_s -= 60
        polled(watch)
        away = httpx.get(gateway.url + "/health")
    assert (sick.status_code, ready.status_code, well.status_code, away.status_code) == (503, 200, 200, 503)
    assert "job b2 has lost 1 transaction" in sick.text
    assert "status 404" in away.text


def test_operators_request_without_a_cluster_has_none():
    with Gateway(Hub(), port=0) as gateway:
        assert httpx.get(gateway.url + "/api/operators").json()["cluster"] is None
        assert not [name for name, *_ in metrics(gateway.url) if "kafka" in name or "flink" in name]


def test_part_that_does_not_answer_is_down_and_has_no_old_figures(flink):
    gone = False

    def lag() -> list[GroupLag]:
        if gone:
            raise Unavailable("no broker answers as expected at kafka://here:9092: it went")
        return LAGS

    watch = polled(watched(flink, lag))
    flink.replies, gone = {}, True
    polled(watch)
    with Gateway(Hub(), port=0, cluster=watch) as gateway:
        answer = httpx.get(gateway.url + "/api/operators").json()["cluster"]
        numbers = metrics(gateway.url)
    assert answer["kafka"]["problem"].endswith("it went")
    assert answer["kafka"]["age_s"] is not None
    assert "status 404" in answer["flink"]["problem"]
    assert numbers["touchline_kafka_up",] == numbers["touchline_flink_up",] == 0
    assert not [name for name, *_ in numbers if name.startswith(("touchline_flink_job", "touchline_kafka_lag"))]


def test_polled_value_whose_read_fails_has_a_problem_and_no_value(caplog):
    watch = watched(lag=lambda: 1 / 0)
    watch.kafka.poll()
    assert watch.kafka.problem == "reading kafka://here:9092 failed: ZeroDivisionError"
    assert watch.kafka.age_s is None
    assert watch.report()["kafka"]["groups"] == []


def test_part_that_hangs_does_not_delay_the_other(flink):
    held = threading.Event()

    def hangs() -> list[GroupLag]:
        held.wait(TIMEOUT_S)
        return []

    with watched(flink, hangs) as watch, Gateway(Hub(), port=0, cluster=watch) as gateway:
        end = time.monotonic() + TIMEOUT_S
        while httpx.get(gateway.url + "/api/operators").json()["cluster"]["flink"]["cluster"] is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert httpx.get(gateway.url + "/api/operators").json()["cluster"]["kafka"]["age_s"] is None
        held.set()


# -- the hub, fed from elsewhere ---------------------------------------------------------------------------------------


def test_hub_keeps_the_newest_report_of_an_operator_in_any_order():
    hub, old, new = Hub(), OperatorMetrics(("a",)), OperatorMetrics(("a",))
    hub.measure("demo-1", new, "there", 20)
    hub.measure("demo-1", old, "here", 10)
    hub.attach(record())
    hub.drain()
    channel = hub.games["demo-1"]
    assert (channel.metrics is new, channel.runner, channel.reported_us) == (True, "there", 20)
    assert channel.record == record()


def test_subscriber_gets_a_game_record_only_when_it_changes():
    hub, match = Hub(), ScriptedMatch()
    subscriber = Subscriber(Filter.of(["stats.#"]), "websocket")
    hub.subscribe(subscriber, {})
    for _ in range(3):
        hub.attach(match.record)
        hub.measure("demo-1", match.metrics, "there", 5)
    hub.drain()
    assert [out.kind for out in subscriber.pop_batch()] == ["game"]
    hub.attach(record(t0_us=5))
    hub.drain()
    assert [out.kind for out in subscriber.pop_batch()] == ["game"]


def test_hub_with_an_invalid_block_still_publishes_the_others(caplog):
    hub, match = Hub(), ScriptedMatch()
    hub.attach(match.record)
    broken = StatBlock(
        stat="x",
        game="demo-1",
        sport="soccer",
        unit="",
        subjects=("match",),
        end_us=np.array([1]),
        span_us=1,
        values=[[object()]],
        quality="final",
        ingress_us=np.array([1]),
    )
    good = match.step()[0]
    hub.write([broken], 3)
    hub.write(good, 4)
    assert hub.waiting == 3
    hub.drain()
    assert (hub.waiting, len(hub.games["demo-1"].ring) >= 1) == (0, True)
    assert "published at 3 cannot be shown" in caplog.text
    assert hub.games["demo-1"].latest(Filter.of(["stats.soccer.#"]))


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_operator_page_shows_the_scale_out_card_only_with_a_cluster(browser, flink):
    hub, match = Hub(), ScriptedMatch()
    hub.attach(match.record)
    hub.measure("demo-1", match.metrics, "kafka embedded, touchline-1", time.time_ns() // 1000)
    watch = polled(watched(flink))
    with Gateway(hub, port=0, cluster=watch) as gateway:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(gateway.url + "/operator")
        page.locator("#cluster .lanes").first.wait_for(timeout=TIMEOUT_MS)
        text = " ".join(page.locator("#cluster").inner_text().split())
        for words in (
            "2 processes",
            "17 records",
            "400 records",
            "2 messages",
            "2 TaskManagers, 3 of 4 slots free",
            "running",
            "16 of 97",
            "20 ms, 1.3 MB",
            "Harbour City v Northgate",
            "demo-1, kafka embedded, touchline-1",
            "s ago",
            "job b2 has lost 1 transaction",
        ):
            assert words in text, words
        assert page.locator("#cluster .lanes div").count() == 6
        assert page.locator("#cluster .lanes .over").count() == 1
        flink.replies = {}
        polled(watch)
        page.locator("#cluster .problem", has_text="status 404").wait_for(timeout=TIMEOUT_MS)
        assert faults == []
        page.close()
    with Gateway(Hub(), port=0) as gateway:
        page = browser.new_page()
        page.goto(gateway.url + "/operator")
        page.locator("#figures .card").first.wait_for(timeout=TIMEOUT_MS)
        assert page.locator("#cluster").is_hidden()
        page.close()
