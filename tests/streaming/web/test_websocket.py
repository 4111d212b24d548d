"""Real sockets: WebSocket and event streams, hostile messages, a stuck subscriber, a busy port, Ctrl-C."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from streaming.errors import TouchlineError, Unavailable
from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from streaming.web.subscribers import DEPTH
from tests.streaming.web.conftest import ServedMatch
from tests.waiting import TIMEOUT_S, contention, until


def messages(client: ClientConnection, enough: Callable[[dict], bool]) -> list[dict]:
    """Messages up to the first that is enough."""
    found = []
    while True:
        found.append(json.loads(client.recv(timeout=TIMEOUT_S)))
        if enough(found[-1]):
            return found


def exhaust(client: ClientConnection) -> None:
    """Read until the line ends."""
    while True:
        client.recv(timeout=TIMEOUT_S)


def is_stats(message: dict) -> bool:
    return message["kind"] == "stats"


def test_websocket_subscribes_by_query_and_resumes(served: ServedMatch) -> None:
    served.push(3)
    with connect(f"{served.ws}?topics=stats.soccer.match.*&game=demo-1") as client:
        (game, snapshot) = messages(client, is_stats)
        assert game["record"]["game"] == "demo-1"
        assert snapshot["snapshot"] is True
        served.push()
        fresh = messages(client, is_stats)[-1]
        assert "snapshot" not in fresh
        assert {u["stat"] for u in fresh["updates"]} == {"soccer.match.score", "soccer.match.win_probability"}
    served.push(2)
    with connect(f"{served.ws}?topics=stats.soccer.match.*&game=demo-1&from={fresh['seq']}") as client:
        assert messages(client, is_stats)[-1]["seq"] == fresh["seq"] + 1


def test_websocket_subscribes_by_message_and_replaces_the_subscription(served: ServedMatch) -> None:
    served.push(2)
    with connect(served.ws) as client:
        client.send(json.dumps({"topics": ["stats.soccer.team.possession"], "game": "demo-1"}))
        assert {u["stat"] for u in messages(client, is_stats)[-1]["updates"]} == {"soccer.team.possession"}
        client.send(json.dumps({"topics": ["stats.soccer.ball.*"], "subject": ["ball"]}))
        assert {u["stat"] for u in messages(client, is_stats)[-1]["updates"]} == {"soccer.ball.speed"}
        until(lambda: served.hub.subscribers()["websocket"] == 1)
    until(lambda: served.hub.subscribers()["websocket"] == 0)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"topics": []}',
        '{"topics": ["a..b"]}',
        '{"topics": "stats.#"}',
        '{"topics": ["stats.#"], "x": 1}',
        '{"topics": ["stats.#"], "game": "nope"}',
        '{"topics": ["stats.#"], "after": {"a": 1}}',
        '{"topics": ["stats.#"], "after": "zz"}',
        "[" * 15_000,
        '{"topics": ["' + "a" * 15_000 + '"]}',
        '"\\ud800"',
    ],
)
def test_websocket_answers_a_bad_message_and_stays_open(shared_served: ServedMatch, raw: str) -> None:
    with connect(shared_served.ws) as client:
        client.send(raw)
        problem = json.loads(client.recv(timeout=TIMEOUT_S))
        assert problem["kind"] == "problem"
        assert "\n" not in problem["error"]
        assert "Traceback" not in problem["error"]
        assert 10 < len(problem["error"]) < 400
        client.send('{"topics": ["stats.soccer.ball.speed"]}')
        assert json.loads(client.recv(timeout=TIMEOUT_S))["kind"] == "game"


@pytest.mark.parametrize(("raw", "code"), [(b"\x00\x01", 1003), ("x" * 20_000, 1009)])
def test_websocket_closes_on_a_binary_or_long_message(shared_served: ServedMatch, raw: str | bytes, code: int) -> None:
    with connect(shared_served.ws) as client:
        client.send(raw)
        with pytest.raises(ConnectionClosed) as closed:
            exhaust(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
    assert shared_served.hub.subscribers()["websocket"] == 0


def test_websocket_closes_on_a_message_of_megabytes_unread(shared_served: ServedMatch) -> None:
    with connect(shared_served.ws) as client, pytest.raises(ConnectionClosed):
        flood(client)
    with connect(f"{shared_served.ws}?topics=stats.%23") as other:
        assert json.loads(other.recv(timeout=TIMEOUT_S))["kind"] == "game"


def flood(client: ClientConnection) -> None:
    """Three megabytes at once, then whatever comes back."""
    client.send("x" * (3 << 20))
    exhaust(client)


@pytest.mark.parametrize(
    ("query", "status"),
    [("topics=a..b", 400), ("topics=stats.%23&game=nope", 404), ("topics=stats.%23&from=5", 400), ("topics=,", 400)],
)
def test_websocket_and_sse_refuse_a_bad_query_with_its_status(shared_served: ServedMatch, query: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{shared_served.ws}?{query}"):
        pass
    assert refused.value.response.status_code == status
    assert "error" in json.loads(refused.value.response.body or b"{}")
    line = http.client.HTTPConnection("127.0.0.1", shared_served.gateway.port, timeout=TIMEOUT_S)
    line.request("GET", f"/sse?{query}")
    answer = line.getresponse()
    assert answer.status == status
    assert set(json.loads(answer.read())) == {"error"}
    line.close()


class Stream:
    """A client of server-sent events."""

    def __init__(self, served: ServedMatch, query: str, last: str = "") -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", served.gateway.port, timeout=TIMEOUT_S)
        self.line.request("GET", f"/sse?{query}", headers={"Last-Event-ID": last} if last else {})
        self.answer = self.line.getresponse()
        assert self.answer.getheader("content-type", "").startswith("text/event-stream")

    def next(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while True:
            row = self.answer.readline().decode().rstrip("\n")
            if not row and "data" in fields:
                return fields
            name, _, value = row.partition(": ")
            if name in ("id", "event", "data"):
                fields[name] = value

    def close(self) -> None:
        self.answer.close()
        self.line.close()


def test_sse_resumes_from_its_last_event_id(served: ServedMatch) -> None:
    served.push(2)
    stream = Stream(served, "topics=stats.soccer.match.score")
    assert stream.next()["event"] == "game"
    first = stream.next()
    assert first["event"] == "stats"
    stream.close()
    until(lambda: served.hub.subscribers()["sse"] == 0)
    served.push(2)
    again = Stream(served, "topics=stats.soccer.match.score", first["id"])
    assert again.next()["event"] == "game"
    missed = [again.next(), again.next()]
    ends = [json.loads(m["data"])["updates"][0]["window_us"][1] for m in missed]
    assert ends == [served.match.t0_us + k * 200_000 for k in (3, 4)]
    assert missed[-1]["id"] == f"demo-1:{served.hub.games['demo-1'].seq}"
    again.close()
    late = Stream(served, "topics=stats.soccer.match.score", "demo-1:17")
    assert [late.next()["event"] for _ in range(3)] == ["game", "gap", "stats"]
    late.close()


@pytest.mark.slow
def test_stuck_subscriber_delays_no_other_and_loses_no_event(served: ServedMatch) -> None:
    """One client reads nothing while 2,000 windows go by; the other sees each of them at once."""
    stuck = socket.create_connection(("127.0.0.1", served.gateway.port))
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    stuck.sendall(
        b"GET /ws?topics=stats.%23 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    until(lambda: served.hub.subscribers()["websocket"] == 1)
    (members,) = served.hub.groups.values()
    (outbox,) = members
    worst, ends = 0.0, []
    with connect(f"{served.ws}?topics=stats.soccer.match.score") as quick:
        until(lambda: served.hub.subscribers()["websocket"] == 2)
        for _ in range(400):
            sent = time.monotonic()
            served.push()
            ends.append(messages(quick, is_stats)[-1]["updates"][0]["window_us"][1])
            worst = max(worst, time.monotonic() - sent)
    assert ends == [served.match.t0_us + k * 200_000 for k in range(1, 401)]
    assert worst < TIMEOUT_S / 10  # a stuck client that held the others up would hold them for ever
    assert outbox.skipped > 1000
    assert outbox.waiting <= DEPTH
    stuck.settimeout(TIMEOUT_S)
    received = b""
    final = f'"event":"shot-{served.match.shots}"'.encode()
    while final not in received or str(ends[-1]).encode() not in received:
        received += stuck.recv(1 << 20)
    for shot in range(1, served.match.shots + 1):
        assert f'"event":"shot-{shot}"'.encode() in received
    stuck.close()
    until(lambda: served.hub.subscribers()["websocket"] == 0)


def test_gateway_on_a_busy_port_raises_one_sentence(served: ServedMatch) -> None:
    with pytest.raises(Unavailable, match=rf"^port {served.gateway.port} on 127.0.0.1 is already in use"):
        Gateway(Hub(), port=served.gateway.port)
    with pytest.raises(Unavailable, match=r"^cannot listen on no\.such\.host\.invalid, port 1"):
        Gateway(Hub(), host="no.such.host.invalid", port=1)
    with pytest.raises(Unavailable, match="cannot listen"):
        Gateway(Hub(), port=99_999)


def test_gateway_whose_thread_failed_raises_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object, sockets: object = None) -> None:
        raise OSError("no more files")

    monkeypatch.setattr("uvicorn.Server.run", fails)
    gateway = Gateway(Hub(), port=0)
    with pytest.raises(TouchlineError, match=r"^the thread 'gateway' failed \(OSError\)"):
        gateway.start()
    with pytest.raises(TouchlineError):
        gateway.check()
    gateway.stop()


def test_gateway_stop_ends_open_connections_at_once(served: ServedMatch) -> None:
    served.push(1)
    stream = Stream(served, "topics=stats.soccer.match.score")
    with connect(f"{served.ws}?topics=stats.soccer.match.score") as client:
        until(lambda: sum(served.hub.subscribers().values()) == 2)
        before = time.monotonic()
        served.gateway.stop()
        assert time.monotonic() - before < 4.0 * contention()
        with pytest.raises(ConnectionClosed):
            exhaust(client)
    stream.close()


@pytest.mark.slow
def test_serve_on_ctrl_c_exits_with_0_and_no_output() -> None:
    program = "from streaming.web.gateway import Gateway; from streaming.web.hub import Hub; gateway = Gateway(Hub(), port=0); "
    program += "print(gateway.port, flush=True); gateway.run()"
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None
    port = int(process.stdout.readline())

    def serves() -> bool:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        try:
            line.request("GET", "/health")
            return line.getresponse().status == 200
        except ConnectionRefusedError:
            return False
        finally:
            line.close()

    until(serves, "it serves")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert errors == b""
