"""The endpoint's contract, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import artefact
from models.base import Feature
from models.curve import curve_of
from models.serving.access import Tokens, new_token
from models.serving.connection import MOST_FIELDS, MOST_PIPELINED
from models.serving.front import Front
from models.serving.loaded_models import LoadedModels
from models.serving.server import Server, in_thread
from tests.waiting import TIMEOUT_S, until

#: how many features xGoals takes
WIDTH = len(artefact.load("xgoals").features)


class Slow:
    """Sleeps for the first value of the row, s; predicts half of the second. ``width``: predictions (B, width)."""

    version = "1"
    features = (Feature("sleep_s", "s"), Feature("share", "0..1"))

    def __init__(self, name: str = "slow", width: int = 0) -> None:
        self.name, self.width = name, width
        self.batch_sizes: list[int] = []

    def predict(self, rows: Any) -> Any:
        self.batch_sizes.append(len(rows))
        if (rows[:, 0] < 0).any():
            raise RuntimeError("negative time")
        time.sleep(float(np.nan_to_num(rows[:, 0]).max()))
        one = np.nan_to_num(rows[:, 1]) / 2
        return np.repeat(one[:, None], self.width, axis=1) if self.width else one


@pytest.fixture
def loaded() -> LoadedModels:
    loaded = LoadedModels()
    loaded.add("xgoals", artefact.load("xgoals"), str(artefact.SHIPPED / "simulated" / "xgoals"))
    return loaded


@pytest.fixture
def server(loaded: LoadedModels, tmp_path: Path) -> Iterator[Server]:
    with in_thread(Server(loaded, port=0, uds=tmp_path / "e.sock", most_waiting=8, drain_s=2.0)) as server:
        yield server


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", server.port or 0, timeout=TIMEOUT_S)
    try:
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None:
            sent = {"content-type": "application/json"} | sent
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        raw = response.read()
        kind = response.headers.get("content-type", "")
        return response.status, json.loads(raw) if kind == "application/json" else raw.decode(), dict(response.headers)
    finally:
        connection.close()


def rows_of(model: Any, n: int, seed: int = 1) -> Any:
    rows = np.random.default_rng(seed).uniform(0, 1, (n, len(model.features)))
    rows[:, ::5] = np.nan
    return rows


def nulls(rows: Any) -> list[list[float | None]]:
    return [[None if v != v else v for v in row] for row in rows.tolist()]


@pytest.mark.parametrize("n", [1, 21, 300])
def test_answers_are_the_models_own_to_the_bit(server: Server, loaded: LoadedModels, n: int) -> None:
    model = loaded.models["xgoals"].model
    rows = rows_of(model, n)
    expected = model.predict(rows).tolist()
    names = [f.name for f in model.features]
    for body in (
        nulls(rows),
        {"instances": nulls(rows)},
        {"instances": [{"features": r} for r in nulls(rows)]},
        [dict(zip(names, r)) for r in nulls(rows)],
    ):
        status, response_body, headers = ask(server, "POST", "/invocations", body)
        assert (status, response_body["predictions"], response_body["version"]) == (200, expected, model.version)
        assert headers["x-touchline-version"] == model.version
    table = "\n".join(",".join("" if v != v else repr(v) for v in row) for row in rows.tolist())
    turned = ",".join(names[::-1]) + "\n" + "\n".join(",".join(map(repr, row[::-1])) for row in rows.tolist())
    for text in (table, turned):
        status, response_body, _ = ask(server, "POST", "/models/xgoals/invoke", text, content_type="text/csv", accept="text/csv")
        assert (status, [float(line) for line in response_body.split()]) == (200, expected)


def test_a_vector_valued_model_answers_a_row_of_values(server: Server, loaded: LoadedModels) -> None:
    loaded.add("lead/curve", Slow(width=21), "")
    status, response_body, _ = ask(server, "POST", "/models/lead%2Fcurve/invoke", [[0, 0.5], [0, None]])
    assert (status, response_body["predictions"]) == (200, [[0.25] * 21, [0.0] * 21])
    status, response_body, _ = ask(
        server, "POST", "/invocations", [0, 1], X_Amzn_SageMaker_Target_Model="lead/curve", accept="text/csv"
    )
    assert (status, response_body) == (200, ",".join(["0.5"] * 21) + "\n")


@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        ([[1.0]], "application/json", 400, "wrong column count"),
        ([], "application/json", 400, "no rows"),
        ("", "application/json", 400, "malformed body"),
        ("[[NaN]]", "application/json", 400, "malformed body"),
        ('[["1"]]', "application/json", 400, "malformed body"),
        ("[[true]]", "application/json", 400, "malformed body"),
        ("[" * 50_000, "application/json", 400, "malformed body"),
        (b"\xff\xfe", "application/json", 400, "malformed body"),
        ({"rows": [[1.0]]}, "application/json", 400, "malformed body"),
        ([1.0, [None]], "application/json", 400, "malformed body"),
        ([2.0, {}, {}], "application/json", 400, "malformed body"),
        ([{"no_such": 1.0}], "application/json", 400, "unknown feature"),
        ([{"distance_m": 1e999}], "application/json", 400, "malformed body"),
        ("1e999" + "," * (WIDTH - 1), "text/csv", 400, "infinite value"),
        ("inf" + "," * (WIDTH - 1), "text/csv", 400, "infinite value"),
        ("-Infinity" + "," * (WIDTH - 1), "text/csv", 400, "infinite value"),
        ("1_0" + "," * (WIDTH - 1), "text/csv", 400, "malformed body"),
        ("one" + "," * (WIDTH - 1), "text/csv", 400, "malformed body"),
        ("1,2", "text/csv", 400, "wrong column count"),
        ("distance_m,distance_m\n1,2", "text/csv", 400, "unknown feature"),
        ("", "text/csv", 400, "no rows"),
        ("é", "text/csv", 400, "malformed body"),
        ([{"distance_m": 16_000.0}], "application/json", 400, "absurd value"),
        ([[]] * 10_001, "application/json", 413, "too many rows"),
        ("x", "application/x-www-form-urlencoded", 415, "unsupported media type"),
    ],
)
def test_bad_input_is_refused_with_a_reason(
    server: Server, loaded: LoadedModels, body: Any, kind: str, status: int, reason: str
) -> None:
    if isinstance(body, list) and body == [{"distance_m": 1e999}]:
        body = '[{"distance_m": 1e999}]'
    if isinstance(body, str):
        body = body.encode()
    got, response_body, _ = ask(server, "POST", "/models/xgoals/invoke", body, content_type=kind)
    assert (got, response_body["error"]["reason"]) == (status, reason)
    assert len(response_body["error"]["message"]) < 400
    assert loaded.models["xgoals"].metrics.errors == {reason: 1}


def test_missing_values_are_accepted_and_percentages_refused(server: Server) -> None:
    nothing = [[None] * WIDTH]
    assert ask(server, "POST", "/invocations", nothing)[0] == 200
    assert ask(server, "POST", "/invocations", "nan" + ",NaN" * (WIDTH - 1), content_type="text/csv")[0] == 200
    status, response_body, _ = ask(server, "POST", "/invocations", [{"header": 85.0}])
    assert (status, response_body["error"]["reason"]) == (400, "absurd value")
    assert "header of row 0 is 85 0..1" in response_body["error"]["message"]


def test_unknown_paths_and_methods_are_refused(server: Server) -> None:
    for method, path, status in [
        ("GET", "/nowhere", 404),
        ("POST", "/ping", 405),
        ("GET", "/invocations", 405),
        ("PUT", "/models", 405),
        ("GET", "/models/none", 404),
        ("DELETE", "/models/none", 404),
        ("POST", "/models/none/invoke", 404),
        ("PATCH", "/models/xgoals", 405),
        ("GET", "/models/xgoals/invoke", 405),
        ("GET", "/models/xgoals/invoke/more", 404),
    ]:
        got, response_body, headers = ask(server, method, path)
        assert got == status, (method, path, response_body)
        assert ("allow" in headers) == (status == 405)
    assert ask(server, "POST", "/invocations", [[None] * WIDTH], accept="image/png")[0] == 406
    assert ask(server, "POST", "/invocations", [[None] * WIDTH], accept="image/png, */*;q=0.1")[0] == 200
    assert ask(server, "POST", "/invocations", [[None] * WIDTH], X_Touchline_Deadline_Ms="soon")[0] == 400
    assert ask(server, "POST", "/invocations", [[None] * WIDTH], content_encoding="gzip")[0] == 415


def test_models_are_loaded_listed_replaced_and_unloaded(server: Server, loaded: LoadedModels, tmp_path: Path) -> None:
    url = str(artefact.SHIPPED / "simulated" / "pass-completion")
    assert ask(server, "POST", "/models", {"model_name": "passes", "url": url})[0] == 200
    assert ask(server, "POST", "/models", {"model_name": "passes", "url": url})[0] == 409
    listed = ask(server, "GET", "/models")[1]["models"]
    assert [m["modelName"] for m in listed] == ["xgoals", "passes"]
    card = ask(server, "GET", "/models/passes")[1]
    assert card["modelUrl"] == url
    assert [f["name"] for f in card["features"]] == [f.name for f in artefact.load("pass-completion").features]
    # two are loaded: one must be named
    assert ask(server, "POST", "/invocations", [[None] * WIDTH])[1]["error"]["reason"] == "no model named"
    assert ask(server, "PUT", "/models/passes", {"url": str(artefact.SHIPPED / "simulated" / "xgoals")})[0] == 200
    assert ask(server, "GET", "/models/passes")[1]["version"] == artefact.load("xgoals").version
    assert ask(server, "DELETE", "/models/passes")[0] == 200
    assert ask(server, "POST", "/models/passes/invoke", [[None] * WIDTH])[0] == 404
    assert ask(server, "POST", "/models", {"model_name": "x", "url": str(tmp_path)})[1]["error"]["reason"] == "forbidden folder"
    assert ask(server, "POST", "/models", {"model_name": "x", "url": f"{artefact.SHIPPED}/../../.."})[0] == 403
    assert ask(server, "POST", "/models", {"model_name": "x", "url": str(artefact.SHIPPED)})[1]["error"]["reason"] == "bad model"
    assert ask(server, "POST", "/models", {"model_name": "a\nb", "url": url})[0] == 400
    assert ask(server, "POST", "/models", {"model_name": "x", "url": url}, content_type="text/plain")[0] == 415


def test_a_curve_is_loaded_and_unloaded_with_its_model(server: Server, loaded: LoadedModels) -> None:
    url = str(artefact.SHIPPED / "simulated" / "lead-probability")
    assert ask(server, "POST", "/models", {"model_name": "lead", "url": url})[0] == 200
    model = artefact.load("lead-probability")
    row = [0.3 if f.unit == "0..1" else 3.0 for f in model.features]
    status, response_body, _ = ask(server, "POST", "/models/lead%2Fcurve/invoke", [row])
    assert status == 200
    assert response_body["predictions"] == curve_of(model).predict(np.array([row])).tolist()
    assert len(response_body["predictions"][0]) == 21
    replaced = loaded.models["lead/curve"]
    assert ask(server, "PUT", "/models/lead", {"url": url})[0] == 200
    assert loaded.models["lead/curve"] is not replaced
    assert ask(server, "DELETE", "/models/lead")[0] == 200
    assert list(loaded.models) == ["xgoals"]


def test_a_too_large_body_is_refused_before_it_is_read(server: Server) -> None:
    """A gigabyte that is announced is refused by its announcement, one that is not by the first megabyte."""
    for headers in (b"content-length: 1073741824\r\n\r\n", b"content-length: 1073741824\r\nexpect: 100-continue\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
            sock.sendall(b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\n" + headers)
            assert sock.recv(100).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
        sock.sendall(b"POST /invocations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        piece, sent = b"10000\r\n" + b"1" * 65_536 + b"\r\n", 0
        sock.settimeout(0.001)
        answer = b""
        while not answer and sent < 1 << 30:
            sock.settimeout(TIMEOUT_S)
            sock.sendall(piece)
            sent += 65_536
            sock.settimeout(0.001)
            try:
                answer = sock.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 16 << 20


def test_endless_heads_and_half_requests_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    line = b"GET / HTTP/1.1\r\n"
    for beginning in (b"GET /" + b"a" * 40_000, line + b"a: b\r\n" * 10_000, line + b"x: " + b"y" * 40_000):
        with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
            sock.sendall(beginning)
            assert sock.recv(100).startswith(b"HTTP/1.1 431 ")
    monkeypatch.setattr("models.serving.connection.REQUEST_TIMEOUT_S", 0.2)
    with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
        sock.sendall(b"POST /invocations HTTP/1.1\r\ncontent-length: 10\r\n\r\n12")
        assert sock.recv(100).startswith(b"HTTP/1.1 408 ")


def test_pipelined_requests_are_answered_in_order(server: Server, loaded: LoadedModels) -> None:
    loaded.add("slow", Slow(), "")
    body = [b"[0.01,0.5]", b"[0,1]"]
    batch_sizes = (
        b"".join(b"POST /models/slow/invoke HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(b), b) for b in body)
        + b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
        sock.sendall(batch_sizes)
        raw = b""
        while piece := sock.recv(65_536):
            raw += piece
    found = [raw.index(text) for text in (b'"predictions":[0.25]', b'"predictions":[0.5]', b'{"status":"ok"}')]
    assert found == sorted(found)


def test_waiting_requests_are_batched_and_a_bad_row_fails_alone(server: Server, loaded: LoadedModels) -> None:
    slow = Slow()
    loaded.add("slow", slow, "")
    slow.batch_sizes.clear()
    bodies = [b"[0,0.2]", b"[-1,0.2]", b"[0,0.4]"]
    batch_sizes = b"".join(
        b"POST /models/slow/invoke HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(b), b) for b in bodies
    )
    with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
        sock.sendall(batch_sizes)
        raw = b""
        while raw.count(b"HTTP/1.1 ") < 3 or not raw.endswith(b"}"):
            raw += sock.recv(65_536)
    assert slow.batch_sizes == [3, 1, 1, 1]
    assert b'"predictions":[0.1]' in raw
    assert b"HTTP/1.1 500 " in raw
    assert b'"predictions":[0.2]' in raw


def test_a_full_queue_and_a_passed_deadline_are_refused(server: Server, loaded: LoadedModels) -> None:
    loaded.add("slow", Slow(), "")
    one = b"POST /models/slow/invoke HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n[0.05,.5]"
    one = one.replace(b"[0.05,.5]", b"[0.05,1]").replace(b": 9", b": 8")
    with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
        sock.sendall(one * 12)
        raw = b""
        while raw.count(b"HTTP/1.1 ") < 12 or not raw.endswith(b"}"):
            raw += sock.recv(65_536)
    assert raw.count(b"HTTP/1.1 200 ") == 8
    assert raw.count(b"HTTP/1.1 503 ") == 4
    assert raw.count(b"retry-after: 1") == 4
    late = b"POST /models/slow/invoke HTTP/1.1\r\nx-touchline-deadline-ms: 20\r\ncontent-length: 8\r\n\r\n[0.00,1]"
    # a long request of another model holds the queue up: 257 rows are more than one slice
    loaded.add("other", Slow("other"), "")
    long = json.dumps([[0.05, 1.0]] * 257).encode()
    first = b"POST /models/other/invoke HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(long), long)
    with socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S) as sock:
        sock.sendall(first + late)
        raw = b""
        while raw.count(b"HTTP/1.1 ") < 2 or not raw.endswith(b"}"):
            raw += sock.recv(65_536)
    assert raw.count(b"HTTP/1.1 504 ") == 1
    assert loaded.models["slow"].metrics.errors["deadline passed"] == 1


def test_metrics_add_up(server: Server, loaded: LoadedModels) -> None:
    from prometheus_client.parser import text_string_to_metric_families as parse

    for n in (1, 21):
        ask(server, "POST", "/invocations", [[None] * WIDTH] * n)
    ask(server, "POST", "/invocations", [[1.0]])
    ask(server, "POST", "/models/none/invoke", [[1.0]])
    samples = {
        (s.name, s.labels.get("model"), s.labels.get("reason"), s.labels.get("le")): s.value
        for family in parse(ask(server, "GET", "/metrics")[1])
        for s in family.samples
    }
    base = "touchline_endpoint_"
    assert samples[f"{base}requests_total", "xgoals", None, None] == 3
    assert samples[f"{base}rows_total", "xgoals", None, None] == 22
    assert samples[f"{base}errors_total", "xgoals", "wrong column count", None] == 1
    assert samples[f"{base}errors_total", "", "unknown model", None] == 1
    assert samples[f"{base}latency_seconds_bucket", "xgoals", None, "+Inf"] == 2
    assert samples[f"{base}latency_seconds_count", "xgoals", None, None] == 2


def test_requests_without_the_token_are_refused(loaded: LoadedModels) -> None:
    with in_thread(Server(loaded, port=0, token="sésame")) as server:
        assert ask(server, "GET", "/ping")[0] == 200
        assert ask(server, "GET", "/models")[0] == 401
        assert ask(server, "GET", "/models", authorization="Bearer wrong")[0] == 401
        assert ask(server, "GET", "/models", authorization="Bearer s\xe9same")[0] == 200


def test_shutdown_answers_the_accepted_requests(loaded: LoadedModels, tmp_path: Path) -> None:
    slow = Slow()
    loaded.add("slow", slow, "")
    slow.batch_sizes.clear()
    answers: list[int] = []
    with in_thread(Server(loaded, port=0, uds=tmp_path / "e.sock")) as server:
        idle = socket.create_connection(("127.0.0.1", server.port or 0), TIMEOUT_S)
        asking = threading.Thread(target=lambda: answers.append(ask(server, "POST", "/models/slow/invoke", [0.3, 1])[0]))
        asking.start()
        until(lambda: slow.batch_sizes, "the request has been taken in")
    asking.join()
    assert answers == [200]
    assert idle.recv(10) == b""
    idle.close()
    assert not (tmp_path / "e.sock").exists()


def test_replacing_a_model_under_load_drops_and_mixes_nothing(server: Server, loaded: LoadedModels) -> None:
    """Each answer is one version's, the values of which are its own."""
    a, b = Slow("m"), Slow("m", width=2)
    b.version = "2"
    loaded.add("m", a, "")
    stop, seen, wrong = threading.Event(), set[str](), list[Any]()

    def load() -> None:
        connection = HTTPConnection("127.0.0.1", server.port or 0, timeout=TIMEOUT_S)
        while not stop.is_set():
            connection.request("POST", "/models/m/invoke", "[0,1]")
            response = connection.getresponse()
            response_body = json.loads(response.read())
            seen.add(response_body.get("version", ""))
            if response.status != 200 or response_body["predictions"] != {"1": [0.5], "2": [[0.5, 0.5]]}[response_body["version"]]:
                wrong.append(response_body)
        connection.close()

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    until_s, i = time.monotonic() + TIMEOUT_S, 0
    while i < 40 or (seen != {"1", "2"} and time.monotonic() < until_s):
        loaded.add("m", b if i % 2 == 0 else a, "")
        time.sleep(0.01)
        i += 1
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert seen == {"1", "2"}


def exchange(server: Server, raw: bytes) -> bytes:
    """Everything that is answered to ``raw``, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as sock:
        got = b""
        try:
            sock.sendall(raw)
            while piece := sock.recv(1 << 16):
                got += piece
        except ConnectionError:
            pass
    return got


def test_a_head_with_too_many_fields_is_refused(server: Server) -> None:
    answer = exchange(server, b"GET /ping HTTP/1.1\r\n" + b"a: b\r\n" * (MOST_FIELDS + 1) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert f"more than {MOST_FIELDS} fields".encode() in answer


def test_a_pipeline_that_waits_is_bounded(loaded: LoadedModels) -> None:
    loaded.add("slow", Slow(), "")
    body = b"[[0, 1]]"
    with in_thread(Server(loaded, port=0)) as server:
        post = b"POST /models/slow/invoke HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        answer = exchange(server, post * (MOST_PIPELINED + 100))
    assert answer.count(b"HTTP/1.1 200 ") == MOST_PIPELINED
    assert b"too many requests" in answer
    assert loaded.metrics[""].errors["too many requests"] == 1


def test_silent_sockets_beyond_the_most_lock_nobody_out(loaded: LoadedModels) -> None:
    with in_thread(Server(loaded, port=0, front=Front(most_connections=10))) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) for _ in range(40)]
        assert ask(server, "GET", "/ping")[0] == 200
        until(lambda: len(server.door.inside) <= 10)
        for sock in idle:
            sock.close()


def test_a_client_that_never_reads_is_cut_off(loaded: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.serving.connection.STUCK_S", 0.2)
    with in_thread(Server(loaded, port=0)) as server:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", server.port))
        sock.settimeout(1.0)
        request = b"GET /models/xgoals HTTP/1.1\r\nhost: localhost\r\n\r\n"
        try:
            while True:
                sock.sendall(request * 10)
        except OSError:
            pass
        end = time.monotonic() + TIMEOUT_S
        while server.door.inside:
            assert time.monotonic() < end
            time.sleep(0.02)
        sock.close()


def test_scopes_hosts_and_origins(loaded: LoadedModels) -> None:
    made = {scope: new_token(scope, [scope]) for scope in ("predict", "metrics", "admin", "sport:soccer")}
    front = Front(Tokens.of([grant for _, grant in made.values()]), requests_per_s=None)
    one = [[None] * WIDTH]
    with in_thread(Server(loaded, port=0, front=front)) as server:

        def status(method: str, path: str, scope: str, body: Any = None, **more: str) -> int:
            return ask(server, method, path, body, authorization=f"Bearer {made[scope][0]}", **more)[0]

        assert status("POST", "/invocations", "predict", one) == 200
        assert status("POST", "/models/xgoals/invoke", "predict", one) == 200
        assert status("GET", "/models", "predict") == 200
        for method, path in (("GET", "/metrics"), ("POST", "/models"), ("PUT", "/models/xgoals"), ("DELETE", "/models/xgoals")):
            got = ask(server, method, path, {"url": "x"}, authorization=f"Bearer {made['predict'][0]}")
            assert (got[0], got[1]["error"]["reason"]) == (403, "missing scope"), (method, path)
        assert status("POST", "/invocations", "sport:soccer", one) == 403
        assert status("GET", "/metrics", "admin") == status("GET", "/metrics", "metrics") == 200
        assert status("GET", "/models", "metrics") == status("POST", "/invocations", "metrics", one) == 403
        assert status("GET", "/models", "admin", host="evil.example") == 421
        assert status("POST", "/invocations", "predict", one, origin="https://evil.example") == 403
        answers = [ask(server, "GET", "/models", authorization="Bearer wrong")[0] for _ in range(30)]
        assert (answers[0], answers[-1]) == (401, 429)
        assert status("DELETE", "/models/xgoals", "admin") == 200
        assert ask(server, "GET", "/ping", host="evil.example")[0] == 200, "a probe asks by any name"
