"""A model on an endpoint: equal predictions when all is well, and fallbacks in time when it is not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from models import artefact
from models.base import FallibleModel, Model
from models.serving import circuit_breaker
from models.serving.access import Tokens, new_token
from models.serving.circuit_breaker import CircuitBreaker, NoPrediction
from models.serving.client import RemoteModel
from models.serving.connect import connect
from models.serving.front import Front
from models.serving.listener import tls_context
from models.serving.loaded_models import LoadedModels
from models.serving.server import Server, in_thread
from models.serving.transports import SageMakerTransport
from tests.certificates import self_signed
from tests.waiting import TIMEOUT_S, contention, quickest, until

XGOALS = artefact.load("xgoals")


def rows(n: int = 3, seed: int = 1) -> Any:
    out = np.random.default_rng(seed).uniform(0, 1, (n, len(XGOALS.features)))
    out[:, ::4] = np.nan
    return out


def remote(setting: str, local: Model | None = XGOALS) -> RemoteModel:
    model = connect("xgoals", setting, local=local, features=XGOALS.features)
    assert isinstance(model, RemoteModel)
    return model


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    loaded = LoadedModels()
    loaded.add("xgoals", XGOALS, "")
    with in_thread(Server(loaded, port=0, uds=tmp_path / "e.sock")) as server:
        yield server


def test_connect_selects_the_place_by_one_setting(server: Server, tmp_path: Path) -> None:
    inputs = rows(21)
    expected = XGOALS.predict(inputs)
    for setting in (f"http://127.0.0.1:{server.port}", f"http://localhost:{server.port}/", f"unix:{tmp_path}/e.sock"):
        model = remote(f"{setting}?deadline_ms=60000")
        answer = model.try_predict(inputs)
        assert isinstance(model, FallibleModel)
        assert (answer.fallback_reason, answer.name, answer.version) == ("", "xgoals", XGOALS.version)
        assert answer.values is not None
        assert answer.values.tobytes() == expected.tobytes()
        assert answer.attribute is not None  # the same version is here, too
        assert model.predict(inputs).tobytes() == expected.tobytes()
    assert connect("xgoals", "xgoals").predict(inputs).tobytes() == expected.tobytes()
    assert connect("xgoals", str(artefact.SHIPPED / "simulated" / "xgoals")).version == XGOALS.version


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("https://h:x", "http://host:port"),
        ("http://", "names no endpoint"),
        ("http://h:99999", "host:port"),
        ("http://h/path", "host:port"),
        ("http://h:1?deadline_ms=0", "deadline_ms"),
        ("http://h:1?deadline=5", "unknown option"),
        ("unix:", "names no endpoint"),
        ("http://h:1?fallback=maybe", "fallback"),
        ("http://h:1?region=x", "unknown option"),
        ("http://h:1?x", "name=value"),
        ("nowhere", "neither"),
    ],
)
def test_a_bad_setting_is_one_sentence(setting: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        connect("xgoals", setting)


@contextmanager
def answering(respond: Callable[[bytes, socket.socket], None]) -> Iterator[str]:
    """A server whose every request goes to ``respond``, which may do what it likes with the socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_: list[socket.socket] = []

    def serve(sock: socket.socket) -> None:
        try:
            while request := sock.recv(1 << 20):
                respond(request, sock)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            open_.append(sock)
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in open_:
            sock.close()


def http(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


CARD = msgspec.json.encode({"version": XGOALS.version, "features": [{"name": f.name, "unit": f.unit} for f in XGOALS.features]})


def body_of(predictions: Any, version: str = XGOALS.version) -> bytes:
    return http(msgspec.json.encode({"predictions": predictions, "version": version}))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (body_of([0.1, 0.2]), "wrong"),  # two answers to three rows
        (body_of([0.1, 0.2, 1.5]), "wrong"),
        (body_of([0.1, 0.2, -0.1]), "wrong"),
        (body_of([[0.1, 0.9]] * 3), "wrong"),  # of another shape
        (body_of([0.1, 0.2, 0.3], "another"), "wrong"),  # which the endpoint does not say that it has
        (http(b"{"), "wrong"),
        (http(b'{"predictions":["a"]}'), "wrong"),
        (http(b'{"predictions":[[0.1],[0.1,0.2],[]]}'), "wrong"),
        (b"SSH-2.0-x\r\n", "wrong"),
        (http(b"no", 404), "wrong"),
        (http(b"no", 500), "wrong"),
        (http(b"no", 503), "busy"),
        (http(b"no", 504), "slow"),
        (b"HTTP/1.1 200 OK\r\n", "slow"),  # and then nothing more
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n", "slow"),
        (body_of([0.1, 0.2, 0.3]) * 2, "wrong"),  # more predictions than rows
    ],
)
def test_malformed_responses_are_refused_with_a_reason(answer: bytes, reason: str) -> None:
    def respond(request: bytes, sock: socket.socket) -> None:
        sock.sendall(http(CARD) if request.startswith(b"GET ") else answer)

    with answering(respond) as url:
        # what comes at once is judged for what it is, however slow the machine; for what does not, the deadline is kept
        deadline_s = 0.15 if reason == "slow" else 60.0
        model = remote(f"{url}?deadline_ms={1000 * deadline_s:.0f}")
        got = model.try_predict(rows())
        assert got.fallback_reason == reason
        if reason == "slow":
            took_s = quickest(lambda: remote(f"{url}?deadline_ms=150").try_predict(rows()), 3)
            assert took_s < 0.15 + 0.25 * contention()
        assert got.values is not None
        assert got.values.tobytes() == XGOALS.predict(rows()).tobytes()
        alone = remote(f"{url}?deadline_ms={1000 * deadline_s:.0f}&fallback=none")
        assert alone.try_predict(rows()).values is None
        with pytest.raises(NoPrediction):
            alone.predict(rows())


def test_an_endpoint_with_other_features_gets_no_rows() -> None:
    card = msgspec.json.encode({"version": "9", "features": [{"name": "distance_yd", "unit": "yd"}]})
    inputs: list[bytes] = []

    def respond(request: bytes, sock: socket.socket) -> None:
        inputs.append(request)
        sock.sendall(http(card))

    with answering(respond) as url:
        assert remote(f"{url}?deadline_ms=60000").try_predict(rows()).fallback_reason == "wrong"
    assert all(request.startswith(b"GET ") for request in inputs)


def test_another_version_is_accepted_when_its_features_fit_and_none_is_pinned() -> None:
    version = [XGOALS.version]

    def respond(request: bytes, sock: socket.socket) -> None:
        card = CARD.replace(XGOALS.version.encode(), version[0].encode())
        sock.sendall(http(card) if request.startswith(b"GET ") else body_of([0.1, 0.2, 0.3], version[0]))

    with answering(respond) as url:
        model, pinned = remote(f"{url}?deadline_ms=60000"), remote(f"{url}?deadline_ms=60000&version={XGOALS.version}")
        assert (model.try_predict(rows()).fallback_reason, pinned.try_predict(rows()).fallback_reason) == ("", "")
        version[0] = "v2"
        answer = model.try_predict(rows())
        assert (answer.fallback_reason, answer.version, model.version) == ("", "v2", "v2")
        assert answer.attribute is None  # the reasons of the model here would be another model's
        assert pinned.try_predict(rows()).fallback_reason == "wrong"


@pytest.mark.slow
def test_the_deadline_counts_from_end_to_end() -> None:
    """A byte every 10 ms is never silent for long, and never done."""

    def drip(request: bytes, sock: socket.socket) -> None:
        for byte in http(CARD):
            sock.sendall(bytes([byte]))
            time.sleep(0.01)

    def slow(url: str) -> None:
        model = remote(f"{url}?deadline_ms=100")
        assert model.try_predict(rows()).fallback_reason == "slow"
        assert model.try_predict(rows(), spent_s=0.1).fallback_reason == "late"  # others have taken the time

    most_s = 0.1 + 0.15 * contention()
    with answering(drip) as url:
        assert quickest(lambda: slow(url)) < most_s
    with socket.create_server(("127.0.0.1", 0), backlog=20) as silent:
        took_s = quickest(lambda: slow(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        assert 0.08 < took_s < most_s


def test_an_open_circuit_limits_requests_to_a_dead_endpoint() -> None:
    now = [0.0]
    pauses = CircuitBreaker(lambda: now[0])
    failures = 0
    for _ in range(1000):  # ten seconds of a question every 10 ms
        now[0] += 0.01
        try:
            pauses.check()
        except NoPrediction:
            continue
        failures += 1
        pauses.failed(NoPrediction("slow", ""))
    # after 0.25, 0.5, 1 and then every 2 s
    assert failures == 8
    pauses.succeeded()
    pauses.failed(NoPrediction("slow", ""))
    now[0] += circuit_breaker.FIRST_PAUSE_S
    pauses.check()
    pauses.failed(NoPrediction("refused", ""))  # our own mistake
    pauses.check()


def test_a_restarted_endpoint_is_used_again(tmp_path: Path) -> None:
    loaded = LoadedModels()
    loaded.add("xgoals", XGOALS, "")
    model, now = remote(f"unix:{tmp_path}/e.sock?deadline_ms=60000"), [0.0]
    assert model.try_predict(rows()).fallback_reason == "down"
    for _ in range(2):
        model.breaker = CircuitBreaker(lambda: now[0])
        with in_thread(Server(loaded, port=None, uds=tmp_path / "e.sock")):
            assert model.try_predict(rows()).fallback_reason == ""
            assert model.try_predict(rows()).fallback_reason == ""
        assert model.try_predict(rows()).fallback_reason == "down"
        assert model.try_predict(rows()).fallback_reason == "circuit_open"
        now[0] += circuit_breaker.FIRST_PAUSE_S
    with in_thread(Server(loaded, port=None, uds=tmp_path / "e.sock")):
        now[0] += 2 * circuit_breaker.FIRST_PAUSE_S
        assert model.try_predict(rows()).fallback_reason == ""


def test_an_unknown_host_does_not_delay_beyond_the_deadline() -> None:

    def try_predict() -> None:
        assert remote("http://no-such-host.invalid:1?deadline_ms=50").try_predict(rows()).fallback_reason == "down"

    assert quickest(try_predict, 3) < 1.0 * contention()


def test_rows_with_infinity_are_not_sent() -> None:
    model = remote("unix:/nowhere?deadline_ms=50")
    inputs = rows()
    inputs[0, 1] = np.inf
    answer = model.try_predict(inputs)
    assert (answer.fallback_reason, model.breaker.counts["refused"]) == ("refused", 1)


class Runtime:
    """What boto3's client does of interest here."""

    def __init__(self) -> None:
        self.answers, self.calls = threading.Event(), list[dict[str, Any]]()
        self.answers.set()

    def invoke_endpoint(self, *, Body: bytes, **inputs: Any) -> dict[str, Any]:
        import io

        self.calls.append(inputs)
        assert self.answers.wait(TIMEOUT_S)
        values = XGOALS.predict(np.array(msgspec.json.decode(Body), np.float64)).tolist()
        return {"Body": io.BytesIO(msgspec.json.encode({"predictions": values, "version": XGOALS.version}))}


def test_sagemaker_keeps_the_deadline_too() -> None:
    runtime = Runtime()
    transport = SageMakerTransport("xg", target="xgoals.tar.gz", client=runtime)
    model = RemoteModel("xgoals", XGOALS.features, transport, deadline_s=TIMEOUT_S, local=XGOALS)
    answer = model.try_predict(rows())
    assert (answer.fallback_reason, answer.version) == ("", XGOALS.version)
    assert answer.values is not None
    assert answer.values.tobytes() == XGOALS.predict(rows()).tobytes()
    assert runtime.calls[0] == {
        "EndpointName": "xg",
        "ContentType": "application/json",
        "Accept": "application/json",
        "TargetModel": "xgoals.tar.gz",
    }
    runtime.answers.clear()
    model.deadline_s = 0.1
    start = time.monotonic()
    assert model.try_predict(rows()).fallback_reason == "slow"
    assert time.monotonic() - start < 5.0 * contention()  # the call itself is out for minutes
    model.breaker = CircuitBreaker()
    assert model.try_predict(rows()).fallback_reason == "busy"  # the call is out there still
    assert len(runtime.calls) == 2
    runtime.answers.set()
    model.deadline_s = TIMEOUT_S

    def answered() -> bool:
        model.breaker = CircuitBreaker()
        return model.try_predict(rows()).fallback_reason == ""

    until(answered, "the endpoint is used again")


def test_endpoint_over_tls_by_a_token_that_is_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reads its token from a file, and again when the endpoint no longer accepts it."""
    certificate, key = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (old, old_grant), (new, new_grant) = (new_token(name, ["predict"]) for name in ("old", "new"))
    token = tmp_path / "token"
    token.write_text(old)
    monkeypatch.setenv("TOUCHLINE_ENDPOINT_TOKEN_FILE", str(token))
    loaded = LoadedModels()
    loaded.add("xgoals", XGOALS, "")
    tokens = Tokens.of([old_grant])
    front = Front(tokens, requests_per_s=None, tls=tls_context(certificate, key))
    with in_thread(Server(loaded, port=0, front=front)) as server:
        model = connect("xgoals", f"https://localhost:{server.port}?deadline_ms=60000", XGOALS)
        assert isinstance(model, RemoteModel)
        inputs = rows()
        for _ in range(3):
            answer = model.try_predict(inputs)
            assert answer.fallback_reason == ""
            assert answer.values is not None
        tokens._take([new_grant])
        token.write_text(new)
        reasons = [model.try_predict(inputs).fallback_reason for _ in range(3)]
        assert reasons[0] != ""
        until(lambda: model.try_predict(inputs).fallback_reason == "", "the new token is in use")
        untrusted = connect("xgoals", f"https://127.0.0.2:{server.port}?deadline_ms=60000", XGOALS)
        assert isinstance(untrusted, RemoteModel)
        assert untrusted.try_predict(inputs).fallback_reason == "down", "a certificate of another name"
