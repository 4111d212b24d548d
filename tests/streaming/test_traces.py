"""Traces of a record's way: one trace from ingress to socket, none where they are off, and what a receiver gets."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.cli.app import run
from streaming.errors import BadInput, Unavailable
from streaming.kafka.ingress import Ingress
from streaming.kafka.settings import Address
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.observability import traces
from streaming.observability.traces import HEADER, Traces, configured
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.runner import KafkaRunner
from streaming.web.filters import Filter
from streaming.web.hub import Hub
from streaming.web.subscribers import Subscriber
from tests.paths import ROOT
from tests.streaming.toy import TOY, final_only, game, track

pytest.importorskip("opentelemetry.sdk", reason="the extra traces is not installed")
ADDRESS = Address(("host:9092",))


@pytest.fixture
def exporter(monkeypatch) -> Iterator[Any]:
    """Every record is traced, into memory."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    found = InMemorySpanExporter()
    following = Traces(found, 1.0, at_once=True)
    monkeypatch.setattr(traces, "active", following)
    yield found
    following.close()


class Log:
    """A topic in memory in the place of a broker's client."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def send(self, topic: str, value: bytes, *, key: bytes, headers: Any = ()) -> Any:
        offset = len(self.of(topic))
        place = SimpleNamespace(topic=topic, partition=0, offset=offset)
        self.records.append(
            SimpleNamespace(**vars(place), key=key, value=value, headers=list(headers), timestamp=1_700_000_000_000)
        )
        future = SimpleNamespace(get=lambda timeout: place)
        future.add_errback = lambda _: future
        future.add_callback = lambda call: call(place)
        return future

    def of(self, topic: str) -> list[Any]:
        return [record for record in self.records if record.topic == topic]


def play() -> tuple[Log, Log, Hub]:
    """A game from the ingress through the runner's own code to a subscriber of the hub."""
    into, out, hub = Log(), Log(), Hub()
    ingress = Ingress.__new__(Ingress)
    ingress.address, ingress.sport, ingress.packed = ADDRESS, TOY, False
    ingress._failed, ingress._producer, ingress._packers = None, into, {}
    ingress._topic = f"telemetry.{TOY.name}"
    ingress.start(game())
    ingress.send(track(3.0))
    effects: Any = SimpleNamespace(monotonic_s=lambda: 0.0, now_us=lambda: 5, unique=lambda: "x")
    runner = KafkaRunner(ADDRESS, TOY.name, final_only, effects=effects)
    runner._out = SimpleNamespace(send=lambda topic, key, value, headers: out.send(topic, value, key=key, headers=headers))  # type: ignore[assignment]
    part = Partition(0, TOY.name, final_only)
    for record in into.of(f"telemetry.{TOY.name}"):
        runner._take(part, record)
    reader, client = KafkaSubscriber(ADDRESS, [TOY.name], hub), Subscriber(Filter.of(["stats.#"]), "websocket")
    hub.subscribe(client, {})
    for record in out.of(f"stats.{TOY.name}"):
        reader.handle(record)
    hub.drain()
    for message in client.pop_batch():
        if message.stamp_ns:
            hub.delivered(message.stamp_ns, "websocket")
    return into, out, hub


def test_one_trace_follows_a_record_from_the_ingress_to_the_socket(exporter):
    play()
    spans = exporter.get_finished_spans()
    by_id = {span.context.span_id: span for span in spans}
    (delivery, *_) = [span for span in spans if span.name == "delivery"]
    way, span = [], delivery
    while span is not None:
        way.append(span.name)
        assert span.context.trace_id == delivery.context.trace_id
        assert span.start_time <= span.end_time
        span = by_id[span.parent.span_id] if span.parent is not None else None
    assert way == ["delivery", "gateway", "publish", "operator", "ingress"]
    operator = next(span for span in spans if span.name == "operator" and span.attributes["touchline.outputs"])
    assert operator.attributes["touchline.game"] == "toy-1"
    assert (operator.attributes["touchline.partition"], operator.attributes["touchline.offset"]) == (0, 1)


def test_nothing_is_added_where_traces_are_off():
    assert traces.active is None
    into, out, hub = play()
    assert out.of("stats.toy")
    assert not [name for record in (*into.records, *out.records) for name, _ in record.headers if name == HEADER]
    assert not hub.followed


def test_outputs_are_the_same_with_traces_and_without(exporter):
    with_them = [record.value for record in play()[1].records]
    traces.active = None
    assert [record.value for record in play()[1].records] == with_them


def test_only_a_part_is_sampled_and_the_first_decision_holds(exporter):
    following = traces.active
    assert following is not None
    following.sample = 0.25
    made = [following.begin("ingress", None) for _ in range(2_000)]
    assert 350 < sum(span is not None for span in made) < 650
    following.sample = 0.0
    (span,) = [span for span in made if span is not None][:1]
    assert following.begin("operator", span.headers) is not None, "who has begun has decided"
    off = span.headers[0][1][:-2] + b"00"
    following.sample = 1.0
    assert following.begin("operator", [(HEADER, off)]) is None, "and also against it"


@given(st.lists(st.tuples(st.sampled_from([HEADER, "x"]), st.none() | st.binary(max_size=60)), max_size=3))
def test_any_header_is_a_context_or_none(found):
    assert traces._parent(found) is None or len(found[-1][1]) == 55


@pytest.mark.parametrize("value", [b"00-" + b"0" * 32 + b"-" + b"1" * 16 + b"-01", b"00-" + b"1" * 32 + b"-" + b"0" * 16 + b"-01"])
def test_context_of_zeros_is_none(value):
    assert traces._parent([(HEADER, value)]) is None


def test_followed_records_of_a_hub_are_bounded(exporter):
    hub = Hub()
    for _ in range(1_000):
        hub.write([], 0, traces.active.begin("gateway", None))  # type: ignore[union-attr]
    assert len(hub.followed) <= 256


class Receiver:
    """What an OTLP/HTTP receiver gets."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.paths: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

                raw = self.rfile.read(int(self.headers["content-length"]))
                receiver.paths.append(self.path)
                for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
                    name = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
                    receiver.spans += [(name, span.name) for scope in resource.scope_spans for span in scope.spans]
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


def test_receiver_gets_the_spans_of_a_command(monkeypatch):
    receiver = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    seen = []

    def work() -> None:
        assert traces.active is not None
        seen.append(traces.active.sample)
        play()

    monkeypatch.setattr("streaming.cli.warm.warm", work)
    try:
        assert run(["warm", "--trace-sample", "1"]) == 0
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
    assert seen == [1.0]
    assert set(receiver.paths) == {"/v1/traces"}
    assert {name for _, name in receiver.spans} == {"ingress", "operator", "publish", "gateway", "delivery"}
    assert {service for service, _ in receiver.spans} == {"touchline"}
    assert traces.active is None


@pytest.mark.parametrize("url", ["host:4318", "ftp://host", "http://", "http://["])
def test_bad_address_is_one_sentence(url):
    with pytest.raises(BadInput, match="is no address of traces"), configured(url):
        pass


def test_bad_sample_is_one_sentence():
    with pytest.raises(BadInput, match="above 0 and at most 1"), configured("http://host:4318", 2.0):
        pass


def test_sdk_that_is_not_installed_is_one_sentence():
    def make(_: str) -> Any:
        raise ImportError

    with pytest.raises(Unavailable, match=r"pip install 'touchline\[traces\]'"), configured("http://host:4318", make=make):
        pass


def test_nothing_of_opentelemetry_is_imported_while_traces_are_off():
    program = (
        "import sys, streaming.runners.kafka.runner, streaming.web.gateway, streaming.kafka.ingress, streaming.kafka.subscriber; "
    )
    program += "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
