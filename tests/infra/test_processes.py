"""Nothing is ever ended but what was started here: a pid that has been given to another, a bystander, a busy port's owner."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cluster import main
from infra.local import broker, processes
from infra.local.cluster import Cluster
from infra.local.processes import Process
from streaming.errors import BadInput, Unavailable
from streaming.flink.java import Java

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Process]]:
    """Processes to be ended after the test, whatever it did."""
    kept: list[Process] = []
    yield kept
    processes.end(kept, 0)


def python(started: list[Process], folder: Path, program: str, mark: str = "test") -> Process:
    process = processes.start([sys.executable, "-c", program], os.environ, folder / "log", mark)
    started.append(process)
    return process


def test_a_pid_that_was_given_to_another_process_is_left_alone(tmp_path, started):
    process = python(started, tmp_path, "import time; time.sleep(60)")
    before = Process(process.pid, process.started - 1)
    assert not processes.alive(before)
    assert not processes.send(before, signal.SIGKILL)
    assert processes.end([before], 0) == 0
    assert processes.alive(process)


def test_down_of_an_old_run_ends_nobody_who_has_its_pids_now(tmp_path, started):
    process = python(started, tmp_path, "import time; time.sleep(60)", mark="another")
    running = Cluster(tmp_path)
    ledger = {"mark": "0123", "shape": running.shape, "processes": {"broker": [process.pid, process.started - 1]}}
    (tmp_path / "processes.json").write_text(json.dumps(ledger))
    assert Cluster(tmp_path).down() == 0
    assert processes.alive(process)


def test_one_that_will_not_end_is_killed(tmp_path, started):
    process = python(started, tmp_path, STUBBORN)
    assert processes.wait_until(lambda: "ready" in (tmp_path / "log").read_text(), 10)
    assert processes.end([process], 0.3) == 1
    assert not processes.alive(process)


def test_what_a_process_started_is_found_when_it_is_gone(tmp_path, started):
    parent = python(started, tmp_path, PARENT, mark="0a1b/taskmanager-0")
    assert processes.wait_until(lambda: len(processes.marked("0a1b")) == 2, 10)
    processes.send(parent, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.alive(parent), 10)
    (worker,) = processes.marked("0a1b/taskmanager-0")
    assert worker.pid != parent.pid
    assert processes.marked("0a1b/taskmanager") == [], "a name is whole: taskmanager-1 is not taskmanager-10"
    assert processes.end([worker], 1) == 1


def test_each_has_a_session_of_its_own(tmp_path, started):
    process = python(started, tmp_path, "import time; time.sleep(60)")
    assert os.getsid(process.pid) == process.pid


def test_a_busy_port_is_one_sentence_before_anything_starts(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["up", "--run-dir", str(tmp_path), "--only", "kafka", "--kafka-port", str(port)]) == 2
    message = capsys.readouterr().err
    assert message == f"cluster: port {port} is taken, so the broker cannot have it: choose another with --kafka-port\n"
    assert not (tmp_path / "processes.json").exists()
    assert not (tmp_path / "kafka").exists()


def test_another_cluster_than_the_one_that_runs_is_refused(tmp_path, started):
    process = python(started, tmp_path, "import time; time.sleep(60)")
    shape = Cluster(tmp_path, mode="thread").shape
    ledger = {"mark": "test", "shape": shape, "processes": {"broker": list(process)}}
    (tmp_path / "processes.json").write_text(json.dumps(ledger))
    assert Cluster(tmp_path).shape["mode"] == "thread", "who asks for nothing gets what runs"
    assert Cluster(tmp_path, task_managers=3).shape["task_managers"] == 3, "more of them go beside those that run"
    with pytest.raises(BadInput, match="with mode thread, not process: make down first"):
        Cluster(tmp_path, mode="process")


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    (tmp_path / "processes.json").write_text("{")
    with pytest.raises(BadInput, match="is damaged"):
        Cluster(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [["--task-managers", "0"], ["--slots", "0"], ["--set", "no-equals-sign"]],
)
def test_bad_options_are_one_sentence(tmp_path, capsys, arguments):
    assert main(["up", "--run-dir", str(tmp_path), *arguments]) == 2
    assert capsys.readouterr().err.startswith("cluster: ")


def test_a_port_that_only_accepts_is_no_broker():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        assert not broker.answers(port)
        thread.join()
    assert not broker.answers(port), "and one that is closed neither"


def test_the_last_words_are_the_message_and_no_frame_of_a_stack_trace(tmp_path):
    log = tmp_path / "log"
    message = "java.net.BindException: Address already in use"
    log.write_text(f"... INFO  - fine\n{message}\n\tat sun.nio.ch.Net.bind(Net.java)\n\t... 9 more\n")
    assert processes.last_words(tmp_path / "none", log) == message


def test_a_part_that_ends_while_starting_is_one_sentence(tmp_path, monkeypatch):
    """With a broker that is a Python program, the sentence can be had without Java."""
    program = "import sys; sys.exit('ConfigException: Invalid value')"
    monkeypatch.setattr("infra.local.broker.Broker.prepare", lambda self: self.folder.mkdir())
    monkeypatch.setattr("infra.local.broker.Broker.command", lambda self: [sys.executable, "-c", program])
    cluster = Cluster(tmp_path, kafka_port=0, only="kafka")
    with pytest.raises(Unavailable, match="the broker ended while starting: ConfigException: Invalid value"):
        cluster.up()
    assert cluster.pids() == {}


def test_data_of_a_newer_kafka_are_left_alone(tmp_path, monkeypatch):
    jars = tmp_path / "jars"
    jars.mkdir()
    (jars / "kafka_2.13-4.2.1.jar").touch()
    monkeypatch.setattr(broker, "JARS", jars)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "version").write_text("4.10.0")
    with pytest.raises(Unavailable, match=r"of Kafka 4\.10\.0, which 4\.2\.1 cannot read: make down ARGS=--wipe"):
        broker.Broker(tmp_path / "kafka", Java(Path("java"), "17.0.15", "here"), 1, 2).prepare()
