"""The gateway under attack: heads without an end, slow heads, bodies and too many connections end with their reason, and other
clients stay fast."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.client import connect

from models.serving.connection import MOST_HEAD_BYTES
from tests.streaming.web.conftest import ServedMatch
from tests.waiting import TIMEOUT_S, contention, quickest

LINE = b"GET /health HTTP/1.1\r\nhost: localhost\r\n"
#: what another client waits for an answer at most while an attack goes on, s
FAST_S = 0.1


def open_socket(served: ServedMatch) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.gateway.port), TIMEOUT_S)


def read_all(sock: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    got = b""
    try:
        while piece := sock.recv(65_536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def refusal(raw: bytes) -> tuple[int, str]:
    """Status and sentence of an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]


def health(served: ServedMatch) -> None:
    client = http.client.HTTPConnection("127.0.0.1", served.gateway.port, timeout=TIMEOUT_S)
    client.request("GET", "/health")
    assert client.getresponse().status == 200
    client.close()


def send_until_answered(sock: socket.socket, piece: bytes, pause_s: float) -> None:
    """One header, piece by piece, for as long as the gateway lets it."""
    sock.sendall(LINE + b"x: ")
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        sock.settimeout(pause_s)
        try:
            sock.send(piece)
        except TimeoutError:
            pass
        try:
            if sock.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
    sock.settimeout(TIMEOUT_S)


@contextmanager
def attack(served: ServedMatch, send: Callable[[socket.socket], None]) -> Iterator[list[bytes]]:
    """``send`` in a thread, until it is cut off; the list has the answer at the end."""
    answers: list[bytes] = []

    def run() -> None:
        with open_socket(served) as sock:
            send(sock)
            answers.append(read_all(sock))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /" + b"a" * 40_000,
        LINE + b"a: b\r\n" * 10_000,
        LINE + b"x: " + b"y" * 40_000,
        LINE + b"x: " + b"y" * 17_000 + b"\r\n\r\n",
    ],
    ids=["path", "many headers", "one header", "complete"],
)
def test_head_beyond_its_size_is_431(shared_served: ServedMatch, beginning: bytes) -> None:
    with open_socket(shared_served) as sock:
        sock.sendall(beginning)
        assert refusal(read_all(sock)) == (431, f"the request's head is larger than {MOST_HEAD_BYTES:,} bytes")


def test_head_within_its_size_is_answered(shared_served: ServedMatch) -> None:
    with open_socket(shared_served) as sock:
        sock.sendall(LINE + b"x: " + b"y" * 15_000 + b"\r\nconnection: close\r\n\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 200 ")


def test_body_beyond_its_size_is_413(shared_served: ServedMatch) -> None:
    with open_socket(shared_served) as sock:
        sock.sendall(b"POST /health HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n")
        assert sock.recv(65_536).startswith(b"HTTP/1.1 405 ")
        sock.sendall(b"b" * 20_000)
        status, sentence = refusal(b"HTTP/1.1 " + read_all(sock).rpartition(b"HTTP/1.1 ")[2])
    assert (status, sentence) == (413, f"the request's body is larger than {MOST_HEAD_BYTES:,} bytes")


def test_endless_header_is_cut_and_another_client_stays_fast(shared_served: ServedMatch) -> None:
    with attack(shared_served, lambda sock: send_until_answered(sock, b"y" * 65_536, 0.001)) as answers:
        assert quickest(lambda: health(shared_served)) < FAST_S * contention()
    assert refusal(answers[0])[0] == 431


def test_slow_head_is_408_and_another_client_stays_fast(shared_served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.http_limits.REQUEST_TIMEOUT_S", 0.5)
    with attack(shared_served, lambda sock: send_until_answered(sock, b"y", 0.05)) as answers:
        assert quickest(lambda: health(shared_served)) < FAST_S * contention()
    assert refusal(answers[0]) == (408, "the request was not complete after 0.5 s")


def test_second_request_of_a_connection_has_the_same_limits(shared_served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.http_limits.REQUEST_TIMEOUT_S", 0.5)
    for rest, status in ((LINE, b"408"), (LINE + b"x: " + b"y" * 40_000, b"431")):
        with open_socket(shared_served) as sock:
            sock.sendall(LINE + b"\r\n")
            first = sock.recv(65_536)
            assert first.startswith(b"HTTP/1.1 200 ")
            sock.sendall(rest)
            assert read_all(sock).split()[1] == status


def test_silent_connection_ends(shared_served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.http_limits.REQUEST_TIMEOUT_S", 0.2)
    with open_socket(shared_served) as sock:
        assert read_all(sock) == b""


def test_subscriptions_outlive_the_time_of_a_request(served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.http_limits.REQUEST_TIMEOUT_S", 0.2)
    served.push(2)
    with connect(f"{served.ws}?topics=stats.soccer.match.*") as client, open_socket(served) as sock:
        sock.sendall(b"GET /sse?topics=stats.soccer.match.score HTTP/1.1\r\nhost: localhost\r\n\r\n")
        for _ in range(2):
            client.recv(timeout=TIMEOUT_S)
        time.sleep(0.6)
        served.push()
        assert json.loads(client.recv(timeout=TIMEOUT_S))["kind"] == "stats"
        got = b""
        while got.count(b"event: stats") < 2:
            piece = sock.recv(65_536)
            assert piece, "the stream goes on"
            got += piece


def test_connection_beyond_the_most_is_503(served: ServedMatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.http_limits.MOST_CONNECTIONS", 2)
    with open_socket(served) as one, open_socket(served) as two:
        for sock in (one, two):
            sock.sendall(LINE + b"\r\n")
            assert sock.recv(65_536).startswith(b"HTTP/1.1 200 ")
        with open_socket(served) as third:
            assert refusal(read_all(third)) == (503, "2 connections are open: try again later")
