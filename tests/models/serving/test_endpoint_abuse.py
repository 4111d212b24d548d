"""Ten thousand requests that are wrong in every way that hypothesis finds on the contract: each gets a 4xx with a reason, or its
connection closed, the process neither dies nor grows, and proper requests are answered meanwhile."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from models.artefact import load
from models.serving.contract import STATUS
from tests.waiting import TIMEOUT_S

MALFORMED = 10_000
GIGABYTE = 1 << 30
GOOD = json.dumps([[None] * len(load("xgoals").features)]).encode()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The endpoint as a process of its own: its id and its socket."""
    path = tmp_path_factory.mktemp("endpoint") / "e.sock"
    command = [sys.executable, "-m", "streaming.cli", "endpoint", "--port", "0", "--uds", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        assert "Ctrl-C ends it" in running.stdout.readline()
        yield running.pid, path
        assert running.poll() is None
        running.terminate()
        output, _ = running.communicate(timeout=TIMEOUT_S)
        # no error was logged
        assert output == "drained: every request that was taken in has been answered\n"
        assert running.returncode == 0


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def ask(path: Path, raw: bytes) -> tuple[int, Any]:
    """Status and body of the answer to ``raw``; 0 when the connection is closed without one."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT_S)
        sock.connect(str(path))
        try:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = b""
        try:
            while piece := sock.recv(1 << 16):
                got += piece
        except ConnectionResetError:
            pass
    if not got:
        return 0, None
    headers, _, body = got.partition(b"\r\n\r\n")
    length = int(headers.lower().partition(b"content-length: ")[2].split()[0])
    return int(headers.split()[1]), json.loads(body[:length])


class Proper:
    """Asks properly all the while, and keeps what is answered."""

    def __init__(self, path: Path) -> None:
        self.path, self.answers, self.stop = path, Counter[Any](), threading.Event()
        self.longest_s = 0.0

    def run(self) -> None:
        request = b"POST /models/xgoals/invoke HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(GOOD), GOOD)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(str(self.path))
            while not self.stop.is_set():
                start = time.monotonic()
                sock.sendall(request)
                got = sock.recv(1 << 16)
                self.longest_s = max(self.longest_s, time.monotonic() - start)
                self.answers[got[:15], got.partition(b"\r\n\r\n")[2]] += 1
                time.sleep(0.002)

    def __enter__(self) -> Proper:
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        assert len(self.answers) == 1, self.answers
        assert next(iter(self.answers))[0] == b"HTTP/1.1 200 OK"


names = [f.name for f in load("xgoals").features]
cell = st.one_of(st.none(), st.floats(-1, 1), st.sampled_from(["1", "NaN", True, {}, [], [[]], 10**400, -(10**12), 1e18]))
wrong_rows = st.one_of(
    st.lists(st.floats(0, 1), min_size=0, max_size=50),  # a column count that is wrong
    st.lists(st.lists(cell, max_size=60).filter(lambda row: len(row) != len(names)), max_size=4),
    st.dictionaries(st.text(max_size=8).filter(lambda k: k not in names), cell, max_size=3),
    st.lists(st.dictionaries(st.text(max_size=8).filter(lambda k: k not in names), cell, min_size=1, max_size=3), max_size=3),
    st.lists(st.just({names[0]: 1e15}), min_size=1, max_size=3),
    st.lists(st.recursive(st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=10), max_size=3),
)
json_bodies = wrong_rows.map(lambda rows: json.dumps(rows).encode())
csv_bodies = st.one_of(
    st.lists(st.sampled_from(["1", "inf", "-inf", "1e999", "x", "1_0", "0x1", "", '"', "nan"]), max_size=40).map(",".join),
    st.text(st.characters(codec="utf-8"), max_size=60).filter(lambda text: text.count(",") != len(names) - 1),
).map(lambda text: text.encode())
body = st.one_of(
    st.tuples(st.just(b"application/json"), st.one_of(json_bodies, st.binary(max_size=80).filter(lambda b: b[:1] != b"["))),
    st.tuples(st.just(b"text/csv"), csv_bodies),
    st.tuples(st.sampled_from([b"text/plain", b"application/xml", b"multipart/form-data"]), st.binary(max_size=40)),
)
path = st.one_of(
    st.just(b"/models/xgoals/invoke"),
    st.just(b"/models/xgoals/invoke"),
    st.just(b"/invocations"),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map(lambda t: b"/models/" + t.encode() + b"/invoke/x"),
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that is wrong somewhere: in its rows, its type, its path, its head, or its framing."""
    kind, rows = draw(body)
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(st.binary(min_size=1, max_size=200))
    method = draw(st.sampled_from([b"POST", b"POST", b"POST", b"POST", b"PUT", b"BREW", b"post"]))
    headers = method + b" " + draw(path) + b" HTTP/1.1\r\nhost: x\r\ncontent-type: " + kind + b"\r\n"
    if how == 1:
        length = draw(st.sampled_from([b"-1", b"x", b"1 2", b"99999999999999999999", b"2147483648"]))
        return headers + b"content-length: " + length + b"\r\n\r\n"
    if how == 2:
        size = draw(st.sampled_from([b"zz", b"-5", b"FFFFFFFFFFFFFFFFF", b"7fffffff", b"5;x=y"]))
        return headers + b"transfer-encoding: chunked\r\n\r\n" + size + b"\r\n" + rows[:4] + b"\r\n"
    if how == 3:
        return headers + b"x: " + draw(st.binary(max_size=40)) + b"\r\n\x00bad header\r\n\r\n" + rows
    if how == 4:
        return headers + b"content-length: 3\r\ncontent-length: 4\r\n\r\n" + rows
    if how == 5:
        wrong = [b"accept: image/png", b"x-touchline-deadline-ms: -1", b"content-encoding: gzip", b"upgrade: h2c"]
        headers += draw(st.sampled_from(wrong)) + b"\r\n"
    if how == 6:
        headers += b"transfer-encoding: chunked\r\n"
        return headers + b"\r\n%x\r\n" % len(rows) + rows + b"\r\n0\r\n\r\n"
    return headers + b"content-length: %d\r\n\r\n" % len(rows) + rows


def hammer(path_: Path, examples: int, seen: Counter[tuple[int, str]]) -> None:
    @seed(8)
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(requests())
    def wrong(raw: bytes) -> None:
        status, response_body = ask(path_, raw)
        if status == 0:
            seen[0, ""] += 1
            return
        assert 400 <= status < 500, (status, response_body, raw)
        error = response_body["error"]
        assert STATUS[error["reason"]] == status
        assert 0 < len(error["message"]) < 400
        seen[status, error["reason"]] += 1

    wrong()


def attempt(process: tuple[int, Path], examples: int) -> None:
    pid, path_ = process
    seen: Counter[tuple[int, str]] = Counter()
    hammer(path_, examples // 4, seen)  # from here on nothing grows any more
    before_kb = resident_kb(pid)
    with Proper(path_) as proper:
        hammer(path_, examples - examples // 4, seen)
    grown_kb = resident_kb(pid) - before_kb
    print(f"\n{seen.total():,} malformed: {dict(seen.most_common())}; {proper.answers.total():,} proper; grown by {grown_kb} kB")
    assert seen.total() >= examples
    assert len(seen) >= 10  # many kinds of wrong
    assert grown_kb < 2_048
    assert len(os.listdir(f"/proc/{pid}/fd")) < 40


@pytest.mark.slow
def test_malformed_requests_get_a_reason_and_nobody_else_notices(process: tuple[int, Path]) -> None:
    attempt(process, 400)


@pytest.mark.slow
def test_ten_thousand_malformed_requests(process: tuple[int, Path]) -> None:
    attempt(process, MALFORMED)


@pytest.mark.slow
def test_a_gigabyte_is_not_taken(process: tuple[int, Path]) -> None:
    """Announced and sent; chunked and sent: as much of a gigabyte as the endpoint lets the client send."""
    pid, path_ = process
    for framing, piece in [
        (b"content-length: %d\r\n\r\n" % GIGABYTE, b"1" * (1 << 20)),
        (b"transfer-encoding: chunked\r\n\r\n", b"100000\r\n" + b"1" * (1 << 20) + b"\r\n"),
    ]:
        before_kb, sent, most_kb = resident_kb(pid), 0, 0
        with Proper(path_), socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(str(path_))
            sock.sendall(b"POST /models/xgoals/invoke HTTP/1.1\r\nhost: x\r\n" + framing)
            try:
                while sent < GIGABYTE:
                    sock.sendall(piece)
                    sent += 1 << 20
                    most_kb = max(most_kb, resident_kb(pid) - before_kb)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = b""
            try:
                answer = sock.recv(1 << 16)
            except ConnectionResetError:
                pass
        print(f"\n{sent >> 20} MB could be sent; grown by {most_kb} kB at most; {answer[:40]!r}")
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"body too large" in answer
        assert most_kb < 8_192
