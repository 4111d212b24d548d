"""The real broker and the real cluster: up, killed, up again, down, on ports of their own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local import broker, flink, processes
from infra.local.cluster import Cluster
from streaming.errors import Unavailable
from streaming.flink.java import find_java
from tests.real_cluster import until

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(scope="module", autouse=True)
def _parts() -> None:
    try:
        find_java()
    except Unavailable as error:
        pytest.skip(str(error))
    if not any(broker.JARS.glob("*.jar")) or not any(flink.JARS.glob("*.jar")):
        pytest.skip("the jars are not there: make jars")


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of another owner, started by the same program as the cluster."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    yield process
    process.kill()
    process.wait()


def test_broker_starts_restarts_on_its_data_and_stops(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import KafkaAdminClient, NewTopic

    cluster = Cluster(tmp_path, only="kafka", kafka_port=0)
    try:
        assert cluster.up() == ["broker"]
        first = cluster.pid("broker")
        assert cluster.up() == [], "a second time there is nothing to start"
        assert Cluster(tmp_path).pids() == {"broker": first}, "another handle finds it by its folder"
        with KafkaAdminClient(bootstrap_servers=cluster.bootstrap) as admin:
            admin.create_topics([NewTopic("kept", 1, 1)])
        with KafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id="one") as producer:
            producer.init_transactions()
            producer.begin_transaction()
            producer.send("kept", b"before the crash")
            producer.commit_transaction()
        assert cluster.kill("broker")
        assert cluster.pid("broker") is None
        cluster.start("broker")
        assert cluster.pid("broker") != first
        with KafkaConsumer(bootstrap_servers=cluster.bootstrap, isolation_level="read_committed") as consumer:
            partition = TopicPartition("kept", 0)
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            found: list[bytes] = []

            def read() -> bool:
                found.extend(record.value for records in consumer.poll(200).values() for record in records)
                return bool(found)

            assert processes.wait_until(read, 20)
        assert found == [b"before the crash"]
    finally:
        cluster.down()
    assert cluster.pids() == {}
    assert not broker.answers(cluster.shape["kafka_port"])
    assert bystander.poll() is None, "nothing else was ended"


def test_cluster_starts_replaces_a_task_manager_and_stops(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    if importlib.util.find_spec("pyflink") is None:
        pytest.skip("the extra [flink] is not installed: uv pip install -c constraints.txt -e '.[flink]'")
    cluster = Cluster(tmp_path, only="flink", flink_port=0, task_managers=1, slots=3)
    try:
        assert cluster.up() == ["jobmanager", "taskmanager-0"]
        port = cluster.shape["flink_port"]
        overview = flink.get_json(port, "/overview")
        assert overview is not None
        assert (overview["taskmanagers"], overview["slots-total"]) == (1, 3)
        assert overview["flink-version"] == importlib.metadata.version("apache-flink")
        assert_closed(cluster.rest)
        # What a TaskManager starts inherits its mark: a stand-in for a Python worker, which outlives a kill and not a start.
        mark = _environment(cluster.pid("taskmanager-0"))[processes.MARK]
        worker = processes.start([sys.executable, "-c", "import time; time.sleep(300)"], {}, tmp_path / "out", mark)
        # Its environment can be read a moment after it has been started.
        until(lambda: cluster.workers("taskmanager-0") == [worker.pid], "the mark is found", 10)
        assert cluster.kill("taskmanager-0")
        assert processes.alive(worker)
        cluster.start("taskmanager-0")
        assert not processes.alive(worker)
        assert cluster.ready("taskmanager-0")
        pids = cluster.pids()
        assert set(pids) == {"jobmanager", "taskmanager-0"}
        assert all(processes.start_time(pid) for pid in pids.values())
    finally:
        cluster.down()
    assert cluster.pids() == {}
    assert not any(processes.start_time(pid) for pid in pids.values())
    assert bystander.poll() is None, "nothing else was ended"


def assert_closed(rest: str) -> None:
    """Nobody uploads a jar or reads from another origin; what a job's client needs is there."""
    boundary = b"--x\r\ncontent-disposition: form-data; name=jarfile; filename=a.jar\r\n\r\nPK\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x", "origin": "http://elsewhere.example"}
    for path in ("/jars/upload", "/jars/a.jar/run", "/jars/a.jar/plan"):
        answer = httpx.post(rest + path, content=boundary, headers=headers)
        assert answer.status_code in (400, 404), f"{path}: {answer.text}"
        assert "POST request not allowed" in answer.text or f"Not found: {path}" in answer.text, f"{path}: {answer.text}"
    assert httpx.post(rest + "/jobs", json={}).status_code == 400, "a submission is read, and refused for what is in it"
    answer = httpx.get(rest + "/overview", headers={"origin": "http://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == rest
    features = httpx.get(rest + "/config").json()["features"]
    assert not any(features[name] for name in ("web-submit", "web-cancel", "web-rescale"))


def _environment(pid: int | None) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)
