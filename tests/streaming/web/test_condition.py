"""/health, /ready and /live of a gateway: 503 with the reason, and when each fails."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from streaming.errors import Unavailable
from streaming.operator.metrics import OperatorMetrics
from streaming.web import condition, game_cache
from streaming.web.cluster_poller import ClusterPoller
from streaming.web.condition import AWAY_S
from streaming.web.gateway import application
from streaming.web.hub import Hub
from tests.streaming.web.scripted import record
from tests.streaming.web.test_cluster_poller import polled, watched


def conditions(hub: Hub, cluster: ClusterPoller | None) -> dict[str, tuple[int, list[str]]]:
    async def get() -> dict[str, tuple[int, list[str]]]:
        transport = httpx.ASGITransport(application(hub, cluster=cluster))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answers = {path: await client.get(path) for path in ("/health", "/ready", "/live")}
        return {path: (answer.status_code, answer.json().get("problems", [])) for path, answer in answers.items()}

    return asyncio.run(get())


def away() -> list[Any]:
    raise Unavailable("no broker answers as expected at kafka://here:9092")


def hub_with(silent_s: float) -> Hub:
    hub, metrics = Hub(), OperatorMetrics(("a",))
    metrics.arrival_us = int((time.time() - silent_s) * 1e6)
    hub.attach(record())
    hub.measure("demo-1", metrics, "elsewhere", int(time.time() * 1e6))
    hub.drain()
    return hub


@pytest.mark.parametrize("cluster", [None, "polled"])
def test_gateway_is_healthy_with_its_broker_and_without_one(cluster):
    found = conditions(Hub(), polled(watched()) if cluster else None)
    assert found == dict.fromkeys(("/health", "/ready", "/live"), (200, []))


def test_gateway_is_not_healthy_once_its_broker_is_away_for_longer():
    cluster = polled(watched())
    cluster.kafka._read = away
    polled(cluster)
    assert conditions(Hub(), cluster)["/health"] == (200, []), "it has answered just now"
    cluster.kafka._at_s -= AWAY_S + 1
    found = conditions(Hub(), cluster)
    assert found["/health"] == found["/ready"] == (503, ["no broker answers as expected at kafka://here:9092"])
    assert found["/live"] == (200, []), "another start would not bring the broker back"
    polled_again = watched(lag=away)
    assert conditions(Hub(), polled(polled_again))["/health"][0] == 503, "it has never answered"


def test_gateway_whose_reading_fails_is_not_healthy():
    cluster = polled(watched())
    cluster.reader.trouble = "reading from kafka://here:9092 failed"
    assert conditions(Hub(), cluster)["/health"] == (503, ["reading from kafka://here:9092 failed"])


def test_gateway_is_ready_once_it_has_read_the_past():
    cluster = polled(watched())
    cluster.reader.caught_up = False  # type: ignore[misc]
    found = conditions(Hub(), cluster)
    assert (found["/health"], found["/live"]) == ((200, []), (200, []))
    assert found["/ready"][0] == 503


@pytest.mark.parametrize(("limit_s", "silent_s", "status"), [(60.0, 100.0, 503), (60.0, 10.0, 200), (0.0, 100.0, 200)])
def test_silent_feed_is_a_problem_beyond_the_limit_that_is_set(limit_s, silent_s, status):
    cluster = polled(watched())
    cluster.silent_limit_s = limit_s
    found = conditions(hub_with(silent_s), cluster)["/health"]
    assert found == (status, ["no record for more than 60 s of demo-1"] if status == 503 else [])


@pytest.mark.parametrize("by_s", [-3600, 3600])
def test_clock_of_the_gateway_or_an_operator_that_is_set_shows_no_time_below_nothing(monkeypatch, by_s):
    """The operator's figures go on, its game stays, and every age is 0 or more."""
    hub = hub_with(0.0)
    game = next(iter(hub.games))
    real_us = time.time_ns() // 1000
    for n, reported_us in enumerate((real_us, real_us + int(1e6 * by_s), real_us + int(1e6 * by_s) + 1)):
        metrics = OperatorMetrics(())
        metrics.windows, metrics.arrival_us = 10 + n, reported_us
        hub.measure(game, metrics, "kafka", reported_us)
        hub.drain()
        assert hub.games[game].metrics.windows == 10 + n, "the newest report is shown"
    hub.keep_s = 10_000.0  # both clocks are off, in opposite directions
    monkeypatch.setattr(condition, "time", SetTime(-by_s))
    monkeypatch.setattr(game_cache, "time", SetTime(-by_s))
    assert hub.games[game].silent_s >= 0
    assert all(silent_s >= 0 for silent_s in condition.silences(hub).values())
    hub.drop_silent()
    assert game in hub.games


class SetTime:
    """The module ``time`` of a machine whose clock was set by so much."""

    monotonic_ns, monotonic = staticmethod(time.monotonic_ns), staticmethod(time.monotonic)

    def __init__(self, by_s: float) -> None:
        self.by_s = by_s

    def time(self) -> float:
        return time.time() + self.by_s

    def time_ns(self) -> int:
        return time.time_ns() + int(self.by_s * 1e9)
