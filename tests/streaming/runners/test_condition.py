"""The monitor of an operator process: what it exports, and when it is not ready or not alive."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.serving.access import Tokens, new_token
from models.serving.front import Front
from streaming.cli.app import run
from streaming.errors import Unavailable
from streaming.observability import monitor as monitors
from streaming.observability.monitor import Monitor
from streaming.runners.kafka.condition import LOOP_S, STUCK_S, Condition, RunnerCollector
from streaming.runners.kafka.metrics import RunnerMetrics
from streaming.runners.kafka.transactions import Transactions
from tests.waiting import TIMEOUT_S


def ready() -> RunnerMetrics:
    found = RunnerMetrics()
    found.polled_s, found.member = 100.0, True
    return found


def reasons(metrics: RunnerMetrics, now_s: float = 100.0) -> tuple[list[str], list[str]]:
    condition = Condition(metrics, lambda: now_s, most_behind=1_000)
    return condition.not_alive(), condition.not_ready()


def test_process_that_reads_and_commits_is_alive_and_ready():
    assert reasons(ready()) == ([], [])


def test_starting_process_is_alive_and_not_ready():
    alive, (why,) = reasons(RunnerMetrics())
    assert alive == []
    assert "starting" in why


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"trouble": "no broker answers at kafka://b:9092"}, "no broker answers"),
        ({"member": False}, "not a member"),
        ({"behind": {0: 600, 1: 401}}, "1,001 records behind, more than 1,000"),
    ],
)
def test_process_that_does_not_deliver_is_alive_and_not_ready(change, sentence):
    metrics = ready()
    for name, value in change.items():
        setattr(metrics, name, value)
    alive, (why,) = reasons(metrics)
    assert alive == []
    assert sentence in why


def test_restarts_in_a_row_are_a_loop_and_old_ones_are_not():
    metrics = ready()
    for at_s in (10.0, 90.0, 95.0):
        metrics.restarted(at_s)
    assert reasons(metrics) == ([], [])
    metrics.restarted(99.0)
    assert "3 restarts" in reasons(metrics)[1][0]
    metrics.polled_s = 99.0 + LOOP_S + 1
    assert reasons(metrics, 99.0 + LOOP_S + 1) == ([], [])


def test_stuck_process_is_not_alive():
    alive, not_ready = reasons(ready(), 100.0 + STUCK_S + 1)
    assert len(alive) == 1
    assert alive == not_ready


@pytest.fixture
def served() -> Iterator[tuple[Monitor, RunnerMetrics]]:
    metrics = ready()
    metrics.committed(1.0, 1.012)
    metrics.behind = {3: 7}
    condition = Condition(metrics, lambda: 100.0, 1_000)
    with Monitor([RunnerCollector(metrics, "soccer", "touchline")], condition.not_alive, condition.not_ready, port=0) as monitor:
        yield monitor, metrics


def get(monitor: Monitor, path: str, token: str = "", host: str = "") -> tuple[int, str]:
    client = HTTPConnection("127.0.0.1", monitor.port, timeout=TIMEOUT_S)
    headers = ({"authorization": f"Bearer {token}"} if token else {}) | ({"host": host} if host else {})
    client.request("GET", path, headers=headers)
    response = client.getresponse()
    found = response.status, response.read().decode()
    client.close()
    return found


def test_monitor_answers_with_the_reason(served):
    monitor, metrics = served
    assert [get(monitor, path) for path in ("/health", "/live", "/ready")] == [(200, "ok\n")] * 3
    metrics.trouble = "no broker answers"
    assert get(monitor, "/ready") == (503, "no broker answers\n")
    assert get(monitor, "/live")[0] == get(monitor, "/health")[0] == 200, "starting it again would not bring the broker back"
    assert get(monitor, "/elsewhere")[0] == 404


def test_monitor_exports_what_the_runner_counts(served):
    monitor, metrics = served
    metrics.restarted(50.0)
    text = get(monitor, "/metrics")[1]
    found: dict[str, Any] = {
        s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples if "le" not in s.labels
    }
    assert found == {
        "touchline_operator_commits_total": 1.0,
        "touchline_operator_failed_commits_total": 0.0,
        "touchline_operator_restarts_total": 1.0,
        "touchline_operator_rebalances_total": 0.0,
        "touchline_operator_renewed_epochs_total": 0.0,
        "touchline_operator_commit_seconds_count": 1.0,
        "touchline_operator_commit_seconds_sum": pytest.approx(0.012),
        "touchline_operator_records_behind": 7.0,
        "touchline_operator_games": 0.0,
        "touchline_operator_member": 1.0,
        "touchline_operator_broker_up": 1.0,
    }
    buckets = {s.labels["le"]: s.value for f in text_string_to_metric_families(text) for s in f.samples if "le" in s.labels}
    assert (buckets["0.01"], buckets["0.02"]) == (0.0, 1.0)


def test_request_without_an_end_does_not_hold_the_monitor(served, monkeypatch):
    monkeypatch.setattr(monitors, "REQUEST_S", 0.2)
    monitor, _ = served
    slow = [socket.create_connection(("127.0.0.1", monitor.port)) for _ in range(monitors.MOST)]
    for line in slow:
        line.sendall(b"GET /health HTTP/1.1\r\nhost: ")
    ended = time.monotonic() + TIMEOUT_S
    while time.monotonic() < ended:
        try:
            assert get(monitor, "/live") == (200, "ok\n")
            break
        except OSError:
            continue
    else:
        raise AssertionError("slow clients keep everybody out")
    for line in slow:
        line.close()


def test_port_that_is_taken_is_one_sentence(served):
    with pytest.raises(Unavailable, match="already in use"):
        Monitor([], list, list, port=served[0].port)


def test_commits_are_counted_and_timed_as_they_end():
    """The real transactions over a producer that fails every second commit, with a clock that goes on by 10 ms at each look."""
    metrics, ticks = RunnerMetrics(), iter(range(10_000))

    class Producer:
        failing, unclear = False, False

        def __getattr__(self, name: str) -> Any:
            def call(*_: Any, **__: Any) -> None:
                if name == "commit_transaction" and Producer.failing:
                    raise RuntimeError("refused")

            return call

    class Signal:
        def __init__(self) -> None:
            self.on = False

        def set(self) -> None:
            self.on = True

        def clear(self) -> None:
            self.on = False

        def is_set(self) -> bool:
            return self.on

        def wait(self, _: float | None = None) -> bool:
            return self.on

    effects: Any = SimpleNamespace(
        monotonic_s=lambda: next(ticks) / 100, signal=Signal, producer=lambda _: Producer(), spawn=lambda work, *_: work()
    )
    out = Transactions(effects, "t", lambda: None, metrics)
    out.commit({})
    out.settle()
    assert (metrics.commits, metrics.failed_commits, metrics.commit_latency.count) == (1, 0, 1)
    assert metrics.commit_latency.sum_us == pytest.approx(10_000, rel=2), "some looks at the clock later"
    Producer.failing = True
    out.commit({})
    with pytest.raises(RuntimeError):
        out.settle()
    assert (metrics.commits, metrics.failed_commits) == (1, 1)


def test_monitor_beyond_the_loopback_shows_metrics_and_reasons_to_a_token_alone():
    token, grant = new_token("prometheus", ["admin"], None)
    reader, reading = new_token("viewer", ["read"], None)
    front = Front(Tokens.of([grant, reading]), host="0.0.0.0", behind_proxy=True)
    failing = ["no broker answers"]
    with Monitor([], list, lambda: failing, port=0, front=front) as monitor:
        assert get(monitor, "/live") == (200, "ok\n")
        assert get(monitor, "/ready") == (503, "failing; a token of scope metrics shows why\n")
        assert get(monitor, "/ready", token) == (503, "no broker answers\n")
        assert [get(monitor, "/metrics", shown)[0] for shown in ("", "wrong", reader, token)] == [401, 401, 403, 200]
        assert get(monitor, "/live", host="rebound.example.com")[0] == 421


def test_run_refuses_a_monitor_that_is_open_to_others(capsys):
    url = "kafka://127.0.0.1:1"
    assert run(["run", "--source", url, "--sink", url, "--monitor-port", "0", "--monitor-host", "0.0.0.0"]) == 2
    assert "--monitor-host 0.0.0.0" in capsys.readouterr().err
