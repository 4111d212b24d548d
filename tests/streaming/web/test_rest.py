"""Plain requests, over the ASGI transport: no socket, no thread."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from streaming.web.gateway import application
from streaming.web.hub import Hub
from streaming.wire.records import decode_game, decode_stat, encode
from tests.streaming.web.scripted import ScriptedMatch, record


@lru_cache
def seen(steps: int) -> Hub:
    """A hub that has seen ``steps`` windows; asking changes nothing in it."""
    hub, match = Hub(), ScriptedMatch()
    hub.attach(match.record, match.metrics)
    for _ in range(steps):
        outputs, events = match.step()
        hub.write(outputs, match.t0_us)
        hub.report(events)
        hub.drain()
    hub.write([match.dead()], 1)
    hub.drain()
    return hub


def ask(path: str, recordings: Path | None = None, steps: int = 120, hub: Hub | None = None) -> httpx.Response:
    """One request to a gateway that has seen ``steps`` windows."""
    hub = hub or seen(steps)

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(application(hub, recordings=recordings))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get(path)

    return asyncio.run(get())


def test_games_request_lists_games_newest_first() -> None:
    (game,) = ask("/api/games").json()
    assert (game["game"], game["sport"], game["title"]) == ("demo-1", "soccer", "Harbour City v Northgate")
    assert decode_game(ask("/api/games/demo-1").content) == record()
    assert ask("/api/games", hub=Hub()).json() == []


def test_latest_request_filters_by_pattern_and_subject() -> None:
    body = ask("/api/games/demo-1/latest?stat=soccer.team.*").json()
    assert {u["stat"].rsplit(".", 1)[0] for u in body["updates"]} == {"soccer.team"}
    assert len(body["updates"]) == 8
    one = ask("/api/games/demo-1/latest?stat=soccer.player.*&subject=away-7").json()["updates"]
    assert {u["subject"] for u in one} == {"away-7"}
    assert len(ask("/api/games/demo-1/latest").json()["updates"]) > 80


def test_moments_events_and_history_requests_have_the_past() -> None:
    shots = ask("/api/games/demo-1/moments?stat=soccer.shot.xgoals").json()["updates"]
    assert [(u["event"], u["value"]) for u in shots] == [("shot-1", 0.31), ("shot-2", 0.06)]
    assert [e["id"] for e in ask("/api/games/demo-1/events?type=shot").json()] == ["shot-1", "shot-2"]
    past = ask("/api/games/demo-1/history?stat=soccer.match.*").json()
    assert set(past) == {"soccer.match.score", "soccer.match.win_probability"}
    assert past["soccer.match.score"][-1][1] == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/games/nope", 404),
        ("/api/games/nope/latest", 404),
        ("/api/games/demo-1/latest?stat=a..b", 400),
        ("/api/games/demo-1/moments?stat=" + "x" * 300, 400),
        ("/api/catalogue/quidditch", 404),
        ("/api/schemas/nope.json", 404),
        ("/nope", 404),
        ("/static/../gateway.py", 404),
        ("/static/%2e%2e/gateway.py", 404),
        ("/sse", 400),
        ("/sse?topics=stats.%23&game=nope", 404),
    ],
)
def test_bad_request_gets_its_status_and_one_sentence(path: str, status: int) -> None:
    response = ask(path, steps=1)
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert "\n" not in response.json()["error"]


def test_gateway_refuses_methods_that_write() -> None:
    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(application(Hub()))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.post("/api/games", content=b"x")

    assert asyncio.run(post()).status_code == 405


def test_page_has_its_content_security_policy_and_no_foreign_address() -> None:
    for path in ("/", "/operator", "/catalogue", "/graphics/lower-third"):
        page = ask(path, steps=1)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "//" not in page.text.replace("http-equiv", "")  # nothing is fetched from elsewhere
    font = ask("/static/fonts/barlow-latin-400-normal.woff2", steps=1)
    assert font.content[:4] == b"wOF2"


def test_metrics_request_has_the_operators_figures() -> None:
    response = ask("/metrics")
    families = {f.name: f for f in text_string_to_metric_families(response.text)}

    def value(family: str, name: str, **labels: str) -> float:
        (found,) = [
            s.value for s in families[family].samples if s.name == name and all(s.labels.get(k) == v for k, v in labels.items())
        ]
        return found

    where = {"sport": "soccer", "game": "demo-1"}
    window = "touchline_window_latency_seconds"
    assert value(window, f"{window}_count", **where) == 120
    assert value(window, f"{window}_bucket", le="+Inf", **where) == 120
    buckets = [s.value for s in families[window].samples if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert value("touchline_step_seconds", "touchline_step_seconds_total", step="pitch_control", **where) > 0.005
    assert value("touchline_records", "touchline_records_total", kind="late", reason="after the watermark") == 9
    assert value("touchline_records", "touchline_records_total", kind="quarantined", reason="teleport") == 1
    assert value("touchline_watermark_lag_seconds", "touchline_watermark_lag_seconds", **where) == pytest.approx(0.104)
    assert value("touchline_dead_letters", "touchline_dead_letters_total", reason="truncated") == 1
    assert value("touchline_subscribers", "touchline_subscribers", transport="websocket") == 0


def test_operators_request_has_metrics_and_dead_letters() -> None:
    body: dict[str, Any] = ask("/api/operators").json()
    metrics = body["games"]["demo-1"]["meters"]
    assert [s["name"] for s in metrics["steps"]][:2] == ["framing", "speed"]
    assert metrics["window_latency"]["count"] == sum(metrics["window_latency"]["counts"]) == 120
    assert body["dead"][0]["reason"] == "truncated"
    assert len(body["buckets_us"]) + 1 == len(metrics["window_latency"]["counts"])


def test_models_request_has_units_and_labels_of_features() -> None:
    features = ask("/api/models", steps=1).json()["xgoals"]["features"]
    assert features["distance_m"]["unit"] == "m"
    assert " " in features["distance_m"]["label"]


def test_catalogue_request_lists_every_stat_of_the_sport() -> None:
    from features.core.sport import load_sport

    rows = ask("/api/catalogue/soccer", steps=1).json()
    assert [r["id"] for r in rows] == [s.id for s in load_sport("soccer").stats]
    assert ask("/api/catalogue", steps=1).json()["soccer"] == rows
    xgoals = next(r for r in rows if r["id"] == "soccer.shot.xgoals")
    assert (xgoals["topic"], xgoals["unit"], xgoals["model"], xgoals["kind"]) == (
        "stats.soccer.shot.xgoals",
        "0..1",
        "xgoals",
        "event",
    )


def test_recordings_request_lists_recordings_of_the_folder(tmp_path: Path) -> None:
    assert ask("/api/recordings").json() == []
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "game.json").write_bytes(encode(record("g-1")))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "game.json").write_text("{")
    (tmp_path / "empty").mkdir()
    assert ask("/api/recordings", tmp_path).json() == [
        {"name": "one", "game": "g-1", "sport": "soccer", "title": "Harbour City v Northgate"}
    ]


def test_game_whose_id_needs_quoting_is_found() -> None:
    hub = Hub()
    hub.attach(record("2026/cup final, é"))
    hub.write([ScriptedMatch("2026/cup final, é").block("soccer.ball.speed", "km/h", ("ball",), [float("nan")], 5)], 1)
    hub.drain()
    body = ask("/api/games/2026%2Fcup%20final%2C%20%C3%A9/latest", hub=hub).json()
    assert body["game"] == "2026/cup final, é"
    assert body["updates"][0]["value"] is None


def test_health_request_answers_and_latest_values_decode() -> None:
    assert ask("/health").json() == {"status": "ok", "games": 1, "subscribers": 0}
    for update in ask("/api/games/demo-1/latest?stat=soccer.match.*").json()["updates"]:
        assert decode_stat(httpx.Response(200, json=update).content).sport == "soccer"
