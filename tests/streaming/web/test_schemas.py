"""The generated documents: real records are valid under them, broken ones are not, every reference leads somewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from streaming.operator.health import Health, encode_health
from streaming.web import messages, schemas
from streaming.web.filters import Filter
from streaming.web.hub import Hub
from streaming.web.subscribers import Subscriber
from streaming.wire import messages as wire
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, Output, Prediction
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Event, encode
from tests.streaming.web.scripted import ScriptedMatch, record


@lru_cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schemas.json_schemas()[name])


def valid(name: str, instance: Any) -> bool:
    return validator(name).is_valid(instance)


def messages_of_a_match() -> list[dict[str, Any]]:
    hub, match = Hub(ring=4), ScriptedMatch(shot_every=6)
    hub.attach(match.record)
    subscriber = Subscriber(Filter.of(["#"]), "websocket")
    hub.subscribe(subscriber, {})
    found = []
    for _ in range(8):
        outputs, events = match.step()
        hub.write(outputs, 1)
        hub.report(events)
        hub.drain()
        found += subscriber.pop_batch()
    late = Subscriber(Filter.of(["#"]), "websocket")
    hub.subscribe(late, {"demo-1": 1})
    return [json.loads(out.text) for out in [*found, *late.pop_batch()]]


def test_json_schemas_are_valid_schemas() -> None:
    for schema in schemas.json_schemas().values():
        Draft202012Validator.check_schema(schema)
    kinds = {"event", "stat-update", "stat-batch", "game-record", "game-start", "game-end", "positions"}
    assert kinds | {"dead-letter", "prediction", "health", "highlight", "story"} <= set(schemas.json_schemas())


def test_highlights_and_stories_are_valid_under_their_schemas() -> None:
    scored: dict[str, Any] = {"stat": "soccer.match.score", "subject": "match", "value": [1.0, 0.0]}
    basis: list[dict[str, Any]] = [{"event": "e", "type": "shot", "outcome": "goal"}, scored]
    clip = {"start_s": 1.0, "end_s": 9.0, "score": 0.9, "label": "goal", "reasons": ["goal"], "basis": basis, "follows": ""}
    story = {"en": "Goal!", "de": "Tor!", "ru": "Гол!", "es": "¡Gol!", "topic": "goal", "score": 0.9, "basis": basis}
    assert valid("highlight", clip)
    assert valid("story", story)
    assert not valid("highlight", {**clip, "label": None})
    assert not valid("highlight", json.dumps(clip))
    assert not valid("story", json.dumps(story))
    block = ScriptedMatch().block("game.highlight", "object", ("match",), [None], 5)
    for value in (clip, story, None):
        block.values = [[value]]
        update = json.loads(encode(next(block.updates(1))))
        assert update["value"] == value
        assert valid("stat-update", update)


def test_message_of_the_gateway_is_valid_under_its_schema() -> None:
    found = messages_of_a_match()
    assert {m["kind"] for m in found} == {"game", "stats", "positions", "gap"}
    for message in found:
        assert valid(message["kind"], message), message
        for update in message.get("updates", []):
            assert valid("stat-update", update), update
        for event in message.get("events", []):
            assert valid("event", event), event
    assert valid("problem", json.loads(messages.text(messages.Problem(error="no"))))


def test_schema_accepts_records_and_refuses_others() -> None:
    game = json.loads(encode(record()))
    assert valid("game-record", game)
    assert not valid("game-record", {**game, "teams": []})
    assert valid("game-record", {**game, "teams": game["teams"][:1]})
    assert not valid("game-record", {k: v for k, v in game.items() if k != "sport"})
    _, event = ScriptedMatch().shot(5, ScriptedMatch().xyz(0.0), 3)
    assert valid("event", json.loads(encode(event)))
    assert not valid("event", {**json.loads(encode(event)), "period": 51})
    assert not valid("event", {**json.loads(encode(event)), "t_us": 1.5})
    assert valid("subscribe", {"topics": ["stats.#"], "after": 4})
    assert not valid("subscribe", {"topics": []})
    assert not valid("subscribe", {"topics": ["x"], "more": 1})


#: the schema of what an operator writes, by the beginning of its topic
WRITTEN = {"stats": "stat-batch", "positions": "positions", "dead": "dead-letter", "predictions": "prediction", "events": "event"}


def test_message_on_a_topic_is_valid_under_its_schema() -> None:
    match = ScriptedMatch(shot_every=6)
    prediction = Prediction(
        game="demo-1",
        stat="soccer.shot.xgoals",
        event="shot-1",
        t_us=5,
        model="xgoals",
        version="1",
        features=np.array([1.0, np.nan]),
        answer=np.array([0.3]),
        quality="final",
    )
    outputs: list[Output | Event] = [match.dead(), DeadLetter("events.soccer", "demo-1", "bad event", 5, b"\xff"), prediction]
    for _ in range(8):
        blocks, events = match.step()
        outputs += [*blocks, *events]
    seen = set()
    for message in wire.messages("soccer", "demo-1", outputs, 7):
        word = message.topic.partition(".")[0]
        seen.add(message.topic)
        assert valid(WRITTEN[word], json.loads(message.value)), message.value[:300]
    assert seen == set(topics.outputs("soccer")) - {topics.health("soccer")}
    health = json.loads(encode_health(Health.of("demo-1", "soccer", "here", match.metrics, 5)))
    assert valid("health", health)
    assert not valid("health", {**health, "windows": "many"})
    start, end = (json.loads(encode_feed(r)) for r in (GameStart(record=record()), GameEnd(game="demo-1")))
    assert valid("game-start", start)
    assert valid("game-end", end)
    assert not valid("game-end", start)
    assert not valid("stat-batch", {"game": "g", "sport": "s", "updates": [{"id": "x"}]})


def test_described_layout_of_a_packet_is_that_of_the_encoder() -> None:
    text = schemas.TELEMETRY_LAYOUT
    assert text.index("samples") < text.index("arrival_us}") < text.index("[game, feed, [channel names]]") < text.index("t_us i64")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def follow(document: Any, reference: str) -> Any:
    assert reference.startswith("#/"), reference
    for word in reference[2:].split("/"):
        document = document[word.replace("~1", "/").replace("~0", "~")]
    return document


def test_asyncapi_document_has_no_dangling_reference() -> None:
    document = schemas.asyncapi("example:1")
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    for server in document["servers"].values():
        assert {"host", "protocol"} <= set(server)
    for reference in references(document):
        assert follow(document, reference) is not None
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = follow(document, operation["channel"]["$ref"])
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            assert message["$ref"].rsplit("/", 1)[1] in channel["messages"]
    for channel in document["channels"].values():
        wanted = {part.split("}")[0] for part in channel["address"].split("{")[1:]}
        assert wanted == set(channel.get("parameters", {}))
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    addresses = {c["address"] for c in document["channels"].values()}
    # snapshots are internal
    assert addresses == {*topics.every("{sport}"), "/ws"} - {topics.snapshots("{sport}")}
    used = {m for c in document["channels"].values() for m in c["messages"]}
    assert used == set(document["components"]["messages"]) - {"stat-update"}


@pytest.mark.slow
def test_schemas_command_writes_every_schema(tmp_path: Path) -> None:
    run = [sys.executable, "-c", "import typer, sys; from streaming.cli.schemas import schemas; typer.run(schemas)"]
    done = subprocess.run([*run, "--out", str(tmp_path / "s")], capture_output=True, text=True, check=True)
    assert "schemas and asyncapi.json" in done.stdout
    for name, schema in schemas.json_schemas().items():
        assert json.loads((tmp_path / "s" / f"{name}.json").read_text()) == schema
    assert json.loads((tmp_path / "s" / "asyncapi.json").read_text())["asyncapi"] == "3.0.0"
