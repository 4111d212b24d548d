"""What doctor says of Java, the jars, Kafka and Flink, where each is there and where it is not."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from streaming.cli import doctor
from streaming.cli.app import run
from streaming.errors import Unavailable
from streaming.flink.java import find_java
from tests.plugin_packages import install


def fake_java(folder: Path, version: str) -> Path:
    """A home of Java whose program only prints its version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    return folder


@contextmanager
def rest(body: str) -> Iterator[str]:
    """A server that answers every HTTP request with ``body``; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def closed_port() -> Iterator[str]:
    """An address that is bound and not listened on: no server answers there, and none can take it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def test_doctor_prefers_the_java_of_java_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "named", "21.0.8")))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "on-path", "17.0.15") / "bin"), prepend=":")
    found = find_java()
    assert (found.version, found.found, found.home) == ("21.0.8", "JAVA_HOME", tmp_path / "named")


def test_doctor_skips_a_java_that_flink_does_not_support(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "named", "25.0.1")))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "on-path", "17.0.15") / "bin"), prepend=":")
    assert find_java().version == "17.0.15"


@pytest.mark.usefixtures("no_java")
def test_doctor_without_java_names_what_it_found_and_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "named", "11.0.2")))
    with pytest.raises(Unavailable, match="no Java 17 to 21 found"):
        find_java()
    what, ok, about, mend = doctor.java_row()
    assert (what, ok, about) == ("Java", False, "no Java 17 to 21 found (JAVA_HOME is 11.0.2)")
    assert "openjdk-17" in mend


def test_doctor_reports_a_broker_that_does_not_listen(monkeypatch, closed_port):
    monkeypatch.setattr(doctor, "KAFKA", closed_port)
    assert doctor.kafka_row() == ("Kafka", False, f"no broker listens at {closed_port}", "make up")


@pytest.mark.parametrize(
    ("body", "ok", "about"),
    [
        ('{"flink-version": "2.2.1", "taskmanagers": 2, "slots-available": 3}', True, "Flink 2.2.1, 2 TaskManagers, 3 slots free"),
        ('{"flink-version": "2.2.1", "taskmanagers": 0, "slots-available": 0}', False, "has no TaskManager"),
        ("<html>", False, "no JobManager answers"),
        ("[]", False, "no JobManager answers"),
    ],
)
def test_doctor_distinguishes_flink_from_other_servers(monkeypatch, body, ok, about):
    with rest(body) as address:
        monkeypatch.setattr(doctor, "FLINK", address)
        row = doctor.flink_row()
    assert row[1] is ok
    assert about in row[2]
    assert row[3] == ("" if ok else "make up")


def test_doctor_reports_a_job_manager_that_does_not_listen(monkeypatch, closed_port):
    monkeypatch.setattr(doctor, "FLINK", closed_port)
    assert doctor.flink_row()[1:] == (False, f"no JobManager answers at {closed_port}", "make up")


def test_doctor_reports_jars_that_are_not_fetched(monkeypatch):
    def missing() -> Path:
        raise Unavailable("not here")

    monkeypatch.setattr("streaming.runners.flink.jars.connector", missing)
    assert doctor.jars_row() == ("jars", False, "Kafka, and Flink's connector to it, are not fetched", "make jars")


def test_doctor_prints_every_row(monkeypatch, closed_port, capsys):
    monkeypatch.setattr(doctor, "KAFKA", closed_port)
    monkeypatch.setattr(doctor, "FLINK", closed_port)
    assert run(["doctor", "--json"]) == 0
    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"Java", "jars", "Kafka", "Flink", "extra [flink]"} <= set(rows)
    assert rows["Kafka"]["mend"] == rows["Flink"]["mend"] == "make up"


def test_doctor_lists_foreign_plugins_and_duplicate_names(tmp_path, monkeypatch):
    rows = {what: (ok, about, mend) for what, ok, about, mend in doctor.plugin_rows()}
    assert rows["sports"][:2] == (True, "4 of touchline")
    assert all(ok for ok, _, _ in rows.values())
    install(tmp_path, monkeypatch, "box", {"touchline.sports": ["toy = toy_box:TOY", "nfl = toy_box:TOY"]})
    rows = {what: (ok, about, mend) for what, ok, about, mend in doctor.plugin_rows()}
    assert rows["sports"][:2] == (True, "4 of touchline, toy (box)")
    assert rows["sport nfl"] == (False, "the sport nfl is offered more than once, by touchline, box", "uninstall all but one")
