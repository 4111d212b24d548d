"""Headers of messages: what is in a message stands in them, and is a schema that is served."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np

from streaming.kafka.settings import Address
from streaming.runners.kafka.transactions import Transactions
from streaming.wire.blocks import DeadLetter, Prediction
from streaming.wire.headers import GROUP, JSON, input_headers, read_headers
from streaming.wire.messages import FULL_BYTES, messages
from tests.streaming.web.scripted import ScriptedMatch


def test_headers_have_the_schema_its_version_the_game_and_the_stats_inside():
    from streaming.web.schemas import json_schemas

    match = ScriptedMatch("g-é", shot_every=1)
    outputs, events = match.step()
    letter = DeadLetter("telemetry.soccer", "g-é", "late", 0, b"", "")
    prediction = Prediction(
        game="g-é", stat="soccer.shot.xgoals", event="e1", t_us=5, model="xgoals", version="v1", features=np.zeros(3),
        answer=np.array([0.5]), quality="final",
    )  # fmt: skip
    seen = set()
    for message in messages("soccer", "g-é", [*outputs, *events, letter, prediction], 7):
        found = read_headers(message.headers)
        assert found["content-type"] == JSON.decode()
        assert found["game"] == "g-é"
        assert found["schema"] in json_schemas()
        seen.add(found["schema"])
        body = json.loads(message.value)
        assert found["schema-version"] == str(body.get("v", 1))
        if found["schema"] == "stat-batch":
            assert set(found["stats"].split(",")) == {update["stat"] for update in body["updates"]}
    assert seen == {"stat-batch", "event", "positions", "dead-letter", "prediction"}


def test_each_message_of_a_long_stretch_names_its_own_stats():
    match = ScriptedMatch()
    outputs = [output for _ in range(40) for output in match.step()[0]]
    sent = [m for m in messages("soccer", "demo-1", outputs, 7) if m.topic == "stats.soccer"]
    assert len(sent) > 1
    assert len(sent[0].value) >= FULL_BYTES
    for message in sent:
        updates = json.loads(message.value)["updates"]
        assert set(read_headers(message.headers)["stats"].split(",")) == {update["stat"] for update in updates}


def test_packet_of_the_input_is_not_json():
    assert read_headers(input_headers("g", b"TL\x01"))["content-type"] == "application/octet-stream"
    assert read_headers(input_headers("g", b'{"v":1}'))["content-type"] == "application/json"


def test_headers_of_others_are_ignored():
    assert read_headers(None) == {}
    assert read_headers([("trace", b"\xff\xfe"), (GROUP, b"a"), ("x-y", b"1")]) == {"group": "a", "x-y": "1"}


def test_transaction_sends_headers():
    sent: list[Any] = []

    class Producer:
        def send(self, topic: str, value: bytes, **more: Any) -> None:
            sent.append((topic, value, more))

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

    signal = SimpleNamespace(set=lambda: None, wait=lambda _=None: True, is_set=lambda: True, clear=lambda: None)
    effects: Any = SimpleNamespace(monotonic_s=lambda: 0.0, signal=lambda: signal, producer=lambda _: Producer())
    Transactions(effects, "t", lambda: None).send("stats.soccer", b"g", b"{}", ((GROUP, b"touchline"),))
    assert sent == [("stats.soccer", b"{}", {"key": b"g", "headers": ((GROUP, b"touchline"),)})]


def test_client_takes_the_headers():
    """kafka-python wants a list of (str, bytes): its own check, without a broker."""
    from kafka import KafkaProducer

    from streaming.kafka.producer import Producer
    from streaming.runners.kafka.client import ClientProducer

    taken: list[Any] = []

    class Client(KafkaProducer):
        def __init__(self) -> None:
            pass

        def send(self, topic: str, *values: Any, headers: Any = None, **more: Any) -> Any:
            if not isinstance(headers, list):
                raise TypeError("headers must be list-type")
            taken.append(headers)
            return SimpleNamespace(add_errback=lambda _: None, get=lambda timeout: None)

        def __del__(self) -> None:
            pass

    one, two = ClientProducer.__new__(ClientProducer), Producer.__new__(Producer)
    one._producer = two._producer = Client()
    two._failed, two.address = None, Address(("host:9092",))
    one.send("t", b"v", key=b"k", headers=((GROUP, b"a"),))
    two.put("t", "g", b"v", ((GROUP, b"a"),))
    two.put_and_wait("t", "g", b"v")
    assert taken == [[(GROUP, b"a")], [(GROUP, b"a")], []]
