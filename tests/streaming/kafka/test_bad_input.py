"""Errors in the settings or the state of a broker: one sentence and exit code 2, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from infra.cluster import Cluster
from infra.local.broker import Broker, answers
from streaming.cli.app import run
from streaming.errors import Unavailable
from streaming.flink.java import find_java
from streaming.kafka.broker import admin, ensure
from streaming.kafka.settings import Address, parse
from streaming.runners.kafka.state_store import PROGRESS, read_states, state_key
from streaming.wire import topics
from streaming.wire.messages import decode_letter
from tests import real_cluster
from tests.faults.live import SPORT, RecordingIngress, load, moved, names, verdict

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def sentence(capsys: pytest.CaptureFixture[str], address: Address, *more: str) -> str:
    """The sentence with which ``touchline run`` refuses."""
    assert run(["run", "--source", address.text, "--sink", address.text, *more]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, "one sentence"
    return captured.err


@pytest.fixture
def address(broker: Cluster) -> Address:
    found = real_cluster.address_of(broker)
    real_cluster.recreate_topics(found, SPORT)
    return found


def send(address: Address, game: str, part: slice = slice(None), *, begin: bool = True, end: bool = True) -> list[Any]:
    """Some of a game, at once."""
    played = load(20.0)
    with RecordingIngress(address) as ingress:
        if begin:
            ingress.start(played.as_game(game, 0))
        for _, item in played.items[part]:
            ingress.send(moved(item, game, 0, 0))
        if end:
            ingress.end(game)
        return ingress.sent()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login is tried again as long as a broker may take to answer: here for less."""
    plain = Address.python
    monkeypatch.setattr(Address, "python", lambda self: plain(self) | {"bootstrap_timeout_ms": 3_000})


def test_broker_that_does_not_answer_is_one_sentence(hasty, capsys):
    output = sentence(capsys, parse(f"kafka://127.0.0.1:{real_cluster.free_port()}", environment={}))
    assert "no broker answers as expected at kafka://127.0.0.1:" in output
    assert "make up" in output


class Locked(NamedTuple):
    """A broker that requires a password, by the kind of its listener; ``ca`` is its certificate."""

    tls: str
    plain: str
    ca: Path


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("locked")
    key, ca = folder / "key.pem", folder / "ca.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(ca),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "both.pem").write_text(key.read_text() + ca.read_text())
    port, control, tls, plain = (real_cluster.free_port() for _ in range(4))
    try:
        server = Broker(folder / "kafka", find_java(), port, control)
        server.prepare()
    except Unavailable as error:
        pytest.skip(str(error))
    # In a file of properties the last word counts.
    users = (
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="admin" user_touchline="right";'
    )
    with server.properties.open("a") as more:
        more.write(
            f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control},TLS://127.0.0.1:{tls},PLAIN://127.0.0.1:{plain}\n"
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{port},TLS://127.0.0.1:{tls},PLAIN://127.0.0.1:{plain}\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SASL_SSL,PLAIN:SASL_PLAINTEXT\n"
            "sasl.enabled.mechanisms=PLAIN\n"
            f"listener.name.tls.plain.sasl.jaas.config={users}\nlistener.name.plain.plain.sasl.jaas.config={users}\n"
            f"listener.name.tls.ssl.keystore.type=PEM\nlistener.name.tls.ssl.keystore.location={folder / 'both.pem'}\n"
        )
    with (folder / "broker.log").open("wb") as log:
        process = subprocess.Popen(server.command(), cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        real_cluster.until(lambda: answers(port) or process.poll() is not None, "the broker answers")
        assert process.poll() is None, (folder / "broker.log").read_text()[-2000:]
        yield Locked(f"kafka://127.0.0.1:{tls}", f"kafka://127.0.0.1:{plain}", ca)
    finally:
        process.kill()
        process.wait(20)


def settings(folder: Path, protocol: str, password: str, ca: Path | None = None) -> Path:
    path = folder / "kafka.toml"
    lines = [
        f'security_protocol = "{protocol}"',
        'sasl_mechanism = "PLAIN"',
        'sasl_username = "touchline"',
        f'sasl_password = "{password}"',
        *([f'ssl_cafile = "{ca}"'] if ca else []),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_wrong_password_is_one_sentence(hasty, locked, tmp_path, capsys):
    for url, protocol in ((locked.plain, "SASL_PLAINTEXT"), (locked.tls, "SASL_SSL")):
        given = settings(tmp_path, protocol, "wrong", locked.ca)
        output = sentence(capsys, parse(url, given), "--kafka-settings", str(given))
        assert "refused the login: check sasl_username and sasl_password" in output
        assert "wrong" not in output.replace("wrong password", ""), "a secret is never printed"


def test_untrusted_certificate_is_one_sentence(hasty, locked, tmp_path, capsys):
    given = settings(tmp_path, "SASL_SSL", "right")
    output = sentence(capsys, parse(locked.tls, given), "--kafka-settings", str(given))
    assert "certificate" in output.lower()


def test_right_password_over_tls_connects(locked, tmp_path):
    given = settings(tmp_path, "SASL_SSL", "right", locked.ca)
    address = parse(locked.tls, given)
    ensure(address, SPORT, real_cluster.PARTITIONS)
    with real_cluster.start_operator(address, SPORT, "--kafka-settings", str(given)) as operator:
        sent = send(address, "secret")
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") == 0, "all input used and committed")
        assert operator.stop()[0] == 0
    assert verdict(address, sent).good


def test_changed_number_of_partitions_is_refused(address, capsys):
    output = sentence(capsys, address, "--partitions", str(real_cluster.PARTITIONS - 1))
    assert f"topic {topics.telemetry(SPORT)} has {real_cluster.PARTITIONS} partitions, not {real_cluster.PARTITIONS - 1}" in output
    with admin(address) as client:
        client.delete_topics([topics.stats(SPORT)])
        real_cluster.until(lambda: topics.stats(SPORT) not in client.list_topics(), "deleting a topic")
        client.create_topics({topics.stats(SPORT): {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    output = sentence(capsys, address)
    assert f"topic {topics.stats(SPORT)} has 2 partitions where {topics.telemetry(SPORT)} has {real_cluster.PARTITIONS}" in output


def test_telemetry_of_a_newer_schema_version_is_a_dead_letter(address):
    with RecordingIngress(address) as ingress:
        ingress.start(load(20.0).as_game("newer", 0))
        ingress.send(moved(load(20.0).items[0][1], "newer", 0, 0))
        raw = ingress.notes[-1][1]
        newer = raw[:2] + bytes([raw[2] + 1]) + raw[3:]
        ingress.raw("newer", newer)
        ingress.flush()
    with real_cluster.start_operator(address, SPORT) as operator:
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") == 0, "all input used and committed")
        assert operator.stop()[0] == 0
    (letter,) = [decode_letter(r.value) for r in real_cluster.records(address, topics.dead(topics.telemetry(SPORT)))]
    assert (letter.reason, letter.payload, letter.game) == ("schema version", newer, "newer")


def test_snapshot_of_a_newer_version_on_the_broker_is_refused(address):
    """The older program ends with one sentence and takes nothing; the newer one, which can read it, goes on from there."""
    (game,) = names("upgraded", 1)
    snapshots = topics.snapshots(SPORT)
    with real_cluster.start_operator(address, SPORT) as operator:
        sent = send(address, game, slice(0, 60), end=False)
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") == 0, "all input used and committed")
        assert operator.stop()[0] == 0
    partition = sent[0].partition
    state = read_states(address, snapshots, partition, "touchline")
    assert set(state) == {PROGRESS, game}
    version, offset, inner = msgspec.msgpack.decode(state[game])[:3]
    sent += send(address, game, slice(60, None), begin=False)
    left = real_cluster.lag(address, SPORT, "touchline")
    host = msgspec.msgpack.decode(inner[4:])
    newer = {
        "the envelope": msgspec.msgpack.encode([version + 1, offset, inner, "more"]),
        "the state in it": msgspec.msgpack.encode([version, offset, inner[:4] + msgspec.msgpack.encode([host[0] + 1, *host[1:]])]),
    }
    for what, value in newer.items():
        keep(address, snapshots, partition, game, value)
        with real_cluster.start_operator(address, SPORT, ready=False) as older:
            code, output = older.wait()
        assert code == 2, what
        (output,) = [line for line in output.splitlines() if line.startswith("touchline: ")]
        assert "has version 2, this program reads version 1" in output
        assert real_cluster.lag(address, SPORT, "touchline") == left, "nothing was taken"
    keep(address, snapshots, partition, game, state[game])
    with real_cluster.start_operator(address, SPORT) as operator:
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") == 0, "all input used and committed")
        assert operator.stop()[0] == 0
    found = verdict(address, sent)
    assert found.good, found


def keep(address: Address, topic: str, partition: int, game: str, value: bytes) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(**address.python(), acks="all", max_request_size=1 << 24)
    producer.send(topic, value, key=state_key("touchline", game), partition=partition).get(timeout=30)
    producer.close(timeout=5)
