"""What a broker has to allow: the documented list is the code's, and a broker that allows exactly that lets every part work."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.local.broker import Broker, answers
from streaming.cli.app import run
from streaming.errors import BadInput, Unavailable
from streaming.flink.java import find_java
from streaming.kafka.access import ROLES, Permission, commands, permissions
from streaming.kafka.broker import admin, ensure
from streaming.kafka.dead_letters import DeadLetterReader, LetterFilter
from streaming.kafka.ingress import Ingress
from streaming.kafka.lag import LagWatch
from streaming.kafka.settings import Address, parse
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.runners.kafka.runner import KafkaRunner
from streaming.runners.kafka.state_store import state_key
from streaming.web.hub import Hub
from streaming.wire import topics
from streaming.wire.headers import read_headers
from tests import real_cluster
from tests.paths import ROOT
from tests.streaming.kafka.test_tokens import TokenServer, settings
from tests.streaming.toy import TOY, final_only, game, mark, track

SPORT = TOY.name
PREFIX = "staging."


def test_documented_list_is_what_the_code_has():
    text = (ROOT / "docs" / "operating.md").read_text()
    documented = {line for line in text.splitlines() if line.startswith("| ") and line.split()[1] in ROLES and "`" in line}
    found = {
        f"| {role} | {p.kind} `{p.name}{'*' if p.prefixed else ''}` | {', '.join(p.operations)} |"
        for role in ROLES
        for p in permissions(role, Address(("b:1",)), "SPORT")
    }
    assert documented == found


def test_prefix_is_in_every_name():
    address = parse("kafka://b:1/?topic_prefix=staging.", environment={})
    assert all(p.name.startswith("staging.") for role in ROLES for p in permissions(role, address, "nfl"))


def test_commands_are_those_of_kafka(capsys):
    prefixed = Permission("transactional-id", "a-", ("Write",), prefixed=True)
    assert commands("User:x y", [prefixed], "b:1") == [
        "kafka-acls.sh --bootstrap-server b:1 --add --allow-principal 'User:x y' --operation Write --transactional-id a- "
        "--resource-pattern-type prefixed"
    ]
    assert run(["access", "monitor", "--sport", "nfl", "--source", "kafka://b:9093"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "kafka-acls.sh --bootstrap-server b:9093 --add --allow-principal User:touchline-monitor --operation Read --topic events.nfl"
    )
    assert run(["access", "everything"]) == 2
    with pytest.raises(BadInput, match="there is no role"):
        permissions("everything", Address(("b:1",)), "nfl")


# -- a broker with an authorizer -----------------------------------------------------------------------------------------------


class Guarded(NamedTuple):
    """A broker that allows nothing by default; ``of(role)`` is an address with the role's login, ``super_user`` may do all."""

    super_user: Address
    of: Callable[[str], Address]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    port, control, login = (real_cluster.free_port() for _ in range(3))
    try:
        server = Broker(folder / "kafka", find_java(), port, control)
        server.prepare()
    except Unavailable as error:
        pytest.skip(str(error))
    module = "org.apache.kafka.common.security"
    users = " ".join(f'user_{role}="right-{role}"' for role in ROLES)
    with server.properties.open("a") as more:  # in a file of properties the last word counts
        more.write(
            f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control},LOGIN://127.0.0.1:{login}\n"
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login}\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT\n"
            "sasl.enabled.mechanisms=PLAIN,OAUTHBEARER\n"
            f"listener.name.login.plain.sasl.jaas.config={module}.plain.PlainLoginModule required {users};\n"
            f"listener.name.login.oauthbearer.sasl.jaas.config={module}.oauthbearer.OAuthBearerLoginModule required "
            'unsecuredLoginStringClaim_sub="broker";\n'
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\nsuper.users=User:ANONYMOUS\n"
        )
    tokens = TokenServer()

    def of(role: str) -> Address:
        where = folder / role
        where.mkdir(exist_ok=True)
        if role == "operator":  # with a token; the others with a password
            given = settings(tokens, where)
        else:
            given = where / "kafka.toml"
            given.write_text(
                'security_protocol = "SASL_PLAINTEXT"\nsasl_mechanism = "PLAIN"\n'
                f'sasl_username = "{role}"\nsasl_password = "right-{role}"\n'
            )
        return parse(f"kafka://127.0.0.1:{login}/?topic_prefix={PREFIX}", given, {})

    with (folder / "broker.log").open("wb") as log:
        process = subprocess.Popen(server.command(), cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        real_cluster.until(lambda: answers(port) or process.poll() is not None, "the broker answers")
        assert process.poll() is None, (folder / "broker.log").read_text()[-2000:]
        root = parse(f"kafka://127.0.0.1:{port}/?topic_prefix={PREFIX}", environment={})
        for role in ROLES:
            allow(root, f"User:{role}", permissions(role, root, SPORT))
        yield Guarded(root, of)
    finally:
        process.kill()
        process.wait(20)
        tokens.stop()


def allow(root: Address, principal: str, allowed: list[Permission]) -> None:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

    acls = [
        ACL(
            principal=principal,
            host="*",
            operation=ACLOperation[operation.upper()],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                ResourceType[p.kind.upper().replace("-", "_")],
                p.name,
                ACLResourcePatternType.PREFIXED if p.prefixed else ACLResourcePatternType.LITERAL,
            ),
        )
        for p in allowed
        for operation in p.operations
    ]
    with admin(root) as client:
        assert not client.create_acls(acls)["failed"]


@pytest.mark.cluster
def test_every_part_works_with_exactly_what_it_is_allowed(guarded):
    """A game from the feed through the operator to the gateway, under a prefix, with a dead letter that is sent again; then the
    ended game leaves the compacted topics."""
    ensure(guarded.of("setup"), SPORT, 2)
    hub = Hub()
    with running(guarded.of("operator")) as runner:
        with Ingress(guarded.of("feed"), TOY) as ingress:
            ensure(guarded.of("feed"), SPORT)
            ingress.start(game())
            for second in range(4):
                ingress.send(track(1.0, start_s=float(second)))
            ingress.send(mark(1, 2.0))
            ingress.raw("toy-9", b"{}")
            ingress.end("toy-1")
        with KafkaSubscriber(guarded.of("gateway"), [SPORT], hub, look_back_s=600.0) as reader:
            real_cluster.until(lambda: drained(hub).games.get("toy-1") and hub.dead_letter_counts, "the game is on the screen")
            real_cluster.until(lambda: reader.caught_up, "all is read")
            assert not reader.trouble
            groups = LagWatch(guarded.of("gateway"), [SPORT]).look()
            assert [(group.group, group.members) for group in groups] == [(f"{PREFIX}touchline", 1)]
        with DeadLetterReader(guarded.of("letters"), SPORT) as letters, Ingress(guarded.of("letters"), TOY) as again:
            found = letters.to_send(LetterFilter("toy-9", ""))
            assert found
            letters.send(found, again)
        runner.keep_s = 0.0
        with Ingress(guarded.of("feed"), TOY) as ingress:
            ingress.raw("toy-8", b"{}")  # something to commit
        check_tombstones(guarded.super_user)
    assert runner.metrics.failed_commits == 0
    assert runner.metrics.commits > 0
    assert runner.metrics.member
    sent = list(real_cluster.records(guarded.super_user, PREFIX + topics.stats(SPORT)))
    assert {read_headers(record.headers)["group"] for record in sent} == {f"{PREFIX}touchline"}
    assert {read_headers(record.headers)["schema"] for record in sent} == {"stat-batch"}
    with admin(guarded.super_user) as client:
        own = {name for name in client.list_topics() if not name.startswith("__")}
        assert own == {PREFIX + name for name in topics.every(SPORT)}


def check_tombstones(root: Address) -> None:
    wanted = {
        PREFIX + topics.games(SPORT): b"toy-1",
        PREFIX + topics.health(SPORT): b"toy-1",
        PREFIX + topics.snapshots(SPORT): state_key(f"{PREFIX}touchline", "toy-1"),
    }

    def gone(topic: str, key: bytes) -> bool:
        last = {record.key: record.value for record in real_cluster.records(root, topic)}
        return key in last and last[key] is None

    for topic, key in wanted.items():
        real_cluster.until(lambda topic=topic, key=key: gone(topic, key), f"{topic} has a tombstone")


class Running:
    """A runner in this process."""

    def __init__(self, address: Address) -> None:
        self.runner, self.stop = KafkaRunner(address, SPORT, final_only), threading.Event()
        self.failed: list[BaseException] = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.runner.run(self.stop)
        except BaseException as error:  # noqa: BLE001 (raised on leaving)
            self.failed.append(error)

    def __enter__(self) -> KafkaRunner:
        self.thread.start()
        real_cluster.until(lambda: self.failed or self.runner.parts, "it has partitions")
        return self.runner

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self.thread.join(real_cluster.TIMEOUT_S)
        assert not self.failed, self.failed[0]


running = Running


def drained(hub: Hub) -> Hub:
    hub.drain()
    return hub


@pytest.mark.cluster
def test_what_is_not_allowed_is_refused(guarded):
    from kafka import KafkaConsumer, KafkaProducer, errors
    from kafka.structs import TopicPartition

    ensure(guarded.of("setup"), SPORT, 2)

    def write(role: str, topic: str) -> None:
        producer = KafkaProducer(**guarded.of(role).python(), max_block_ms=10_000)
        try:
            producer.send(topic, b"{}", key=b"k").get(timeout=20)
        finally:
            producer.close(timeout=1)

    def read(address: Address, topic: str) -> int:
        """How many records it gets; an error of the client is none."""
        consumer: Any = KafkaConsumer(**address.python(), enable_auto_commit=False)
        here = TopicPartition(topic, 0)
        try:
            consumer.assign([here])
            consumer.seek(here, 0)
            return sum(len(records) for _ in range(5) for records in consumer.poll(timeout_ms=400).values())
        except errors.AuthorizationError:
            return 0
        finally:
            consumer.close()

    for role, topic in (
        ("gateway", topics.stats(SPORT)),
        ("gateway", topics.telemetry(SPORT)),
        ("feed", topics.stats(SPORT)),
        ("monitor", topics.predictions(SPORT)),
    ):
        with pytest.raises(errors.KafkaError, match="Authorization"):
            write(role, PREFIX + topic)
    for role, topic in (
        ("feed", topics.stats(SPORT)),
        ("gateway", topics.telemetry(SPORT)),
        ("gateway", topics.snapshots(SPORT)),
        ("monitor", topics.stats(SPORT)),
    ):
        name = PREFIX + topic
        own = guarded.super_user
        producer = KafkaProducer(**own.python())
        producer.send(name, b"{}", key=b"k", partition=0).get(timeout=20)
        producer.close(timeout=5)
        assert read(own, name) > 0
        assert read(guarded.of(role), name) == 0
    with pytest.raises(Unavailable, match="does not allow this login"):
        ensure(
            guarded.of("operator").__class__(guarded.of("operator").servers, guarded.of("operator").security, "other."), SPORT, 2
        )


@pytest.mark.cluster
def test_token_of_somebody_else_is_refused_like_a_wrong_password(guarded, tmp_path: Path):
    server = TokenServer()
    server.life_s = -3600  # it has ended when the broker sees it
    server.answer = (200, b'{"access_token": "' + server.token("operator:x").encode() + b'", "expires_in": 60}')
    try:
        address = guarded.of("operator")
        bad = parse(f"kafka://{address.servers[0]}", settings(server, tmp_path), {})
        with pytest.raises(Unavailable, match="refused the login"):
            ensure(bad, SPORT)
    finally:
        server.stop()
