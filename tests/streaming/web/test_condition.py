"""/health, /ready and /live of a gateway: 503 with the reason, and when each fails."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from streaming.errors import Unavailable
from streaming.operator.metrics import OperatorMetrics
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
