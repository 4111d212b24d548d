"""Clients that take what they can: pipelines, fields, frames, idle sockets, answers that are never read. Each is cut off with its
reason, memory stays bounded, and neither another client nor the game in the same process waits."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from models.serving.admission import Door, RateLimit, TokenBucket, client_of, connections_within_descriptors, is_loopback
from models.serving.connection import MOST_FIELDS
from streaming.web.gateway import Gateway
from streaming.web.http_limits import MOST_PIPELINED
from streaming.web.hub import Hub
from streaming.web.websocket_limits import MOST_FRAMES_AT_ONCE
from tests.streaming.web.conftest import ServedMatch
from tests.streaming.web.scripted import ScriptedMatch
from tests.waiting import TIMEOUT_S, contention, quickest, until

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
REQUEST = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
EMPTY_PING = b"\x89\x80abcd"


def open_socket(gateway: Gateway) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT_S)
    sock.settimeout(TIMEOUT_S)
    return sock


def read_all(sock: socket.socket) -> bytes:
    got = b""
    try:
        while piece := sock.recv(65_536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def health(gateway: Gateway) -> None:
    client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT_S)
    client.request("GET", "/health")
    assert client.getresponse().status == 200
    client.close()


def answered(gateway: Gateway) -> None:
    """The same for a client that connects again: a full server may cut it before its request is there."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return health(gateway)
        except ConnectionError:
            assert time.monotonic() < end, "never answered"


def push(sock: socket.socket, piece: bytes, most: int) -> int:
    """Send ``piece`` again and again until the other side cuts the connection; bytes sent. One that only stops reading holds on to
    what it has: ``TimeoutError``."""
    sent = 0
    sock.settimeout(30.0 * contention())
    try:
        while sent < most:
            sock.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


def test_head_with_too_many_fields_is_431(shared_served: ServedMatch) -> None:
    with open_socket(shared_served.gateway) as sock:
        sock.sendall(REQUEST[:-2] + b"a: b\r\n" * (MOST_FIELDS + 1) + b"\r\n")
        answer = read_all(sock)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert f"more than {MOST_FIELDS} fields".encode() in answer


def test_pipeline_beyond_its_length_is_cut(shared_served: ServedMatch) -> None:
    """A client that sends a million requests and reads no answer gets its first few, and costs no memory."""
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open_socket(shared_served.gateway) as sock:
        sent = push(sock, REQUEST * 1000, 100 << 20)
    assert sent < 20 << 20, "cut long before 100 MB"
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    assert grown_mb < 100
    assert quickest(lambda: health(shared_served.gateway)) < 0.1 * contention()


def test_short_pipeline_is_answered_in_order(shared_served: ServedMatch) -> None:
    with open_socket(shared_served.gateway) as sock:
        sock.sendall(REQUEST * MOST_PIPELINED + b"GET /none HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        answer = read_all(sock)
    assert answer.count(b"HTTP/1.1 200 ") == MOST_PIPELINED
    assert answer.rpartition(b"HTTP/1.1 ")[2].startswith(b"404 ")


@pytest.mark.slow
@pytest.mark.parametrize("frame", [EMPTY_PING, b"\x8a\x80abcd", b"\x80\x80abcd", b"\x81\x82abcd" + bytes([0x1A, 0x1F])])
def test_flood_of_frames_is_cut(served: ServedMatch, frame: bytes) -> None:
    """Pings, pongs, continuations without a beginning, and messages."""
    with open_socket(served.gateway) as sock:
        sock.sendall(UPGRADE)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 101 ")
        reader = threading.Thread(target=read_all, args=(sock,), daemon=True)
        reader.start()
        sent = push(sock, frame * 10_000, 50 << 20)
        assert sent < 20 << 20, "cut long before 50 MB"
        reader.join(TIMEOUT_S)
        assert not reader.is_alive()
    assert quickest(lambda: health(served.gateway)) < 0.1 * contention()


def test_flood_of_pings_ends_with_its_reason(served: ServedMatch) -> None:
    with connect(served.ws) as client:
        try:
            for _ in range(2 * MOST_FRAMES_AT_ONCE):
                client.ping()
            client.recv(timeout=TIMEOUT_S)
        except ConnectionClosed:
            pass
        until(lambda: client.protocol.close_code is not None)
        assert client.protocol.close_code == 1008
        assert "frames a second" in str(client.protocol.close_reason)


def test_client_that_never_reads_its_answer_is_cut(served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of server-sent events, and a WebSocket: neither stays beyond the time, whatever waits for them."""
    monkeypatch.setattr("streaming.web.http_limits.STUCK_S", 0.5)
    stuck = []
    for head in (
        b"GET /sse?topics=stats.%23 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        UPGRADE.replace(b"/ws ", b"/ws?topics=stats.%23 "),
    ):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", served.gateway.port))
        sock.sendall(head)
        stuck.append(sock)
    until(lambda: sum(served.hub.subscribers().values()) == 2)
    end = time.monotonic() + TIMEOUT_S
    while sum(served.hub.subscribers().values()):
        assert time.monotonic() < end, "still there"
        served.push(5)
        time.sleep(0.005)
    until(lambda: not served.gateway.door.inside)
    for sock in stuck:
        sock.close()


def test_idle_sockets_beyond_the_most_lock_nobody_out(served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.http_limits.MOST_CONNECTIONS", 20)
    idle = [open_socket(served.gateway) for _ in range(60)]
    with connect(f"{served.ws}?topics=stats.soccer.match.score") as viewer:
        until(lambda: served.hub.subscribers()["websocket"] == 1)
        idle += [open_socket(served.gateway) for _ in range(60)]
        health(served.gateway)
        assert len(served.gateway.door.inside) <= 21
        served.push()
        assert json.loads(viewer.recv(timeout=TIMEOUT_S))["kind"] == "game"
    for sock in idle:
        sock.close()
    until(lambda: not served.gateway.door.inside)
    assert not served.gateway.door.by_address


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 300, hard))
    yield in_use + 300
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_crowd_of_sockets_leaves_descriptors_for_files(few_descriptors: int) -> None:
    """As many idle sockets as there are descriptors: files can still be opened, and the gateway still answers."""
    with Gateway(Hub(), port=0) as gateway:
        crowd = Crowd(gateway.port, few_descriptors)
        try:
            until(lambda: gateway.door.cut > 0, "the gateway is full")
            with Path("/dev/null").open() as one, Path("/dev/zero").open() as other:
                assert one.fileno() != other.fileno()
            health(gateway)
        finally:
            crowd.close()


class Crowd:
    """Idle sockets, in a process of their own since the descriptors of this one are few."""

    def __init__(self, port: int, count: int) -> None:
        program = (
            "import resource, socket, sys\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)\n"
            f"held = [socket.create_connection(('127.0.0.1', {port})) for _ in range({count})]\n"
            "sys.stdin.read()\n"
        )
        self._process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)

    def close(self) -> None:
        self._process.communicate(timeout=TIMEOUT_S)
        assert self._process.returncode == 0


def test_connections_are_bounded_by_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((1_000_000, 4096), (1024, 768), (300, 150), (resource.RLIM_INFINITY, 4096)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert connections_within_descriptors(4096) == most


def test_door_bounds_each_address_but_this_machines_own() -> None:
    door = Door(lambda: 100, 3)
    tickets = [door.enter("203.0.113.7") for _ in range(4)]
    assert [t is not None and t.refusal for t in tickets] == [
        "",
        "",
        "",
        "3 connections of your address are open: close some first",
    ]
    assert [door.enter(f"2001:db8::{i}").refusal for i in range(3)] == ["", "", ""]  # type: ignore[union-attr]
    assert door.enter("2001:db8::ffff").refusal, "a network of 64 bits is one client"  # type: ignore[union-attr]
    assert not any(door.enter("127.0.0.1").refusal for _ in range(10))  # type: ignore[union-attr]
    for ticket in tickets:
        assert ticket is not None
        ticket.leave()
        ticket.leave()
    assert door.by_address["203.0.113.7"] == 0
    assert door.enter("203.0.113.7").refusal == ""  # type: ignore[union-attr]
    behind = Door(lambda: 100, 3, address_limited=False)
    assert not any(behind.enter("203.0.113.7").refusal for _ in range(10))  # type: ignore[union-attr]


def test_full_door_cuts_the_oldest_silent_one_and_then_refuses() -> None:
    door, cut = Door(lambda: 2), []
    first, second = door.enter("a"), door.enter("b")
    assert first is not None
    assert second is not None
    first.cut = lambda: cut.append("first")
    first.used()
    second.cut = lambda: cut.append("second")
    third = door.enter("c")
    assert third is not None
    assert third.refusal == ""
    assert cut == ["second"]
    third.used()
    refused = [door.enter("d") for _ in range(40)]
    assert refused[0] is not None
    assert refused[0].refusal == "2 connections are open: try again later"
    assert refused[-1] is None, "beyond a few that are told, connections are closed without a word"


def test_rates() -> None:
    bucket = TokenBucket(10.0, 3)
    now_s = time.monotonic()
    assert [bucket.take(now_s) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(now_s + 0.1001) for _ in range(2)] == [True, False]
    limit = RateLimit(1.0, 1)
    assert [limit.take(who) for who in ("a", "b", "a")] == [True, True, False]


def test_loopback_and_clients() -> None:
    for host in ("127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST", "a.localhost", "::ffff:127.0.0.1"):
        assert is_loopback(host), host
    for host in ("0.0.0.0", "::", "", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "::ffff:10.0.0.1"):
        assert not is_loopback(host), host
    assert client_of("2001:db8:1:2:3::4") == client_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert client_of("::ffff:10.0.0.1") == "10.0.0.1"


#: how late a game may be beside a client that attacks, on a machine of its own, s
LATE_S = 0.25


#: an attacker, a process of its own: reconnects whenever it is cut off
ATTACKER = """
import socket, sys
port, first, piece, times = int(sys.argv[1]), *(bytes.fromhex(a) for a in sys.argv[2:4]), int(sys.argv[4])
print("on", flush=True)
while True:
    try:
        sock = socket.create_connection(("127.0.0.1", port), 30)
        sock.sendall(first)
        while piece:
            sock.sendall(piece * times)
        sock.close()
    except OSError:
        sock.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "piece", "times"),
    [
        (REQUEST[:-2] + b"x: ", b"y", 65_536),
        (REQUEST[:-2], b"a: b\r\n", 10_000),
        (b"", REQUEST, 1000),
        (UPGRADE, EMPTY_PING, 10_000),
        (b"", b"", 1),
    ],
    ids=["header", "fields", "pipeline", "pings", "sockets"],
)
def test_game_in_the_same_process_stays_in_time_beside_an_attack(
    served: ServedMatch, first: bytes, piece: bytes, times: int
) -> None:
    """The game's thread publishes every 20 ms while four clients attack for two seconds: how late it is (the 99th percentile), and
    how long another client waits for an answer."""
    over, late_s = threading.Event(), list[float]()
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as the commands do that have a game and a gateway in one process

    def play() -> None:
        match, due_s = ScriptedMatch(), time.monotonic()
        while not over.is_set():
            due_s += 0.02
            time.sleep(max(0.0, due_s - time.monotonic()))
            late_s.append(time.monotonic() - due_s)
            served.hub.write(match.step()[0], match.t0_us)

    command = [sys.executable, "-c", ATTACKER, str(served.gateway.port), first.hex(), piece.hex(), str(times)]
    game = threading.Thread(target=play, daemon=True)
    attackers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(4)]
    try:
        for attacker in attackers:
            assert attacker.stdout is not None
            assert attacker.stdout.readline() == b"on\n"
        busy = contention()
        game.start()
        time.sleep(2.0)
        answered_s = quickest(lambda: answered(served.gateway))
    finally:
        over.set()
        sys.setswitchinterval(switch_s)
        for attacker in attackers:
            attacker.kill()
            attacker.communicate()
        game.join(TIMEOUT_S)
    worst_s = sorted(late_s)[int(0.99 * len(late_s))]
    shown = (worst_s * 1000, max(late_s) * 1000, answered_s * 1000, busy)
    print("game {:.0f} ms late (p99), {:.0f} ms at most; answer in {:.0f} ms; machine {:.1f} times as slow".format(*shown))
    assert worst_s < LATE_S * busy
    assert answered_s < LATE_S * busy
