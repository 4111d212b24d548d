"""The OpenAPI documents describe what the servers do: schemathesis asks both in every way that the documents allow, and some that
they do not; nothing is a 5xx, and every answer is of its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from starlette.routing import Route

from models import artefact
from models.serving.loaded_models import LoadedModels
from models.serving.openapi import endpoint_document
from models.serving.server import Server, in_thread
from streaming.web.gateway import Gateway, application
from streaming.web.hub import Hub
from streaming.web.openapi import gateway_document
from streaming.web.replies import ANSWERS, QUERY
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.scripted_sports import GAMES

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
QUICK = settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=20)


APP = application(Hub())
GATEWAY = schemathesis.openapi.from_dict(gateway_document(APP.routes))
ENDPOINT = schemathesis.openapi.from_dict(endpoint_document())
#: a stream has no end; ``test_websocket`` reads it
FINITE = GATEWAY.exclude(path="/sse")


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    """A gateway with a game of each sport."""
    hub = Hub()
    for game in [ScriptedMatch(), *(kind(t0_us=1_700_000_000_000_000) for kind in GAMES.values())]:
        hub.attach(game.record, game.metrics)
        for _ in range(40):
            outputs, events = game.step()
            hub.report(events)
            hub.write(outputs, 0)
    with Gateway(hub, port=0) as running:
        yield running.url


def test_every_route_is_described() -> None:
    routes = {route.path for route in APP.routes if isinstance(route, Route)}
    assert routes == set(ANSWERS)
    assert set(QUERY) <= routes
    document = gateway_document(APP.routes)
    assert document["openapi"] == "3.1.0"
    assert "/api/games/{game}/latest" in document["paths"]
    for found in (document, endpoint_document()):
        for schema in found["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)


def test_documents_are_served(gateway: str, endpoint: str) -> None:
    assert httpx.get(f"{gateway}/openapi.json").json() == gateway_document(APP.routes)
    assert httpx.get(f"{endpoint}/openapi.json").json() == endpoint_document()


def test_games_of_each_sport_answer_as_described(gateway: str) -> None:
    """What schemathesis does not guess: the ids of games."""
    document = gateway_document(APP.routes)
    with httpx.Client(base_url=gateway) as client:
        games = client.get("/api/games").json()
        assert len(games) == 1 + len(GAMES)
        checked = 0
        for game in games:
            for path, item in document["paths"].items():
                if "{game}" in path or "{sport}" in path:
                    answer = client.get(path.replace("{game}", game["game"]).replace("{sport}", game["sport"]))
                    schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
                    whole = {**schema, "components": document["components"]}
                    assert answer.status_code == 200
                    Draft202012Validator(whole).validate(answer.json())
                    checked += 1
        assert checked == 6 * len(games)


def check(case: Any, base_url: str) -> None:
    case.call_and_validate(checks=CHECKS, base_url=base_url)


@pytest.mark.slow
@FINITE.parametrize()
@QUICK
def test_gateway_answers_by_its_document(case: Any, gateway: str) -> None:
    check(case, gateway)


@pytest.mark.slow
@FINITE.parametrize()
@LONG
def test_gateway_answers_by_its_document_to_many(case: Any, gateway: str) -> None:
    check(case, gateway)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    loaded = LoadedModels()
    loaded.add("xgoals", artefact.load("xgoals"), str(artefact.SHIPPED / "simulated" / "xgoals"))
    with in_thread(Server(loaded, port=0)) as server:
        yield f"http://127.0.0.1:{server.port}"


@ENDPOINT.parametrize()
@QUICK
def test_endpoint_answers_by_its_document(case: Any, endpoint: str) -> None:
    check(case, endpoint)


@pytest.mark.slow
@ENDPOINT.parametrize()
@LONG
def test_endpoint_answers_by_its_document_to_many(case: Any, endpoint: str) -> None:
    check(case, endpoint)
