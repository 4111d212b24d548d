"""One Kafka broker that is its own controller: its settings, its command line, and a check that it answers."""

from __future__ import annotations

import base64
import re
import socket
import struct
import subprocess
import uuid
from pathlib import Path
from typing import Final

from infra.local import processes
from streaming.errors import Unavailable
from streaming.flink.java import Java

#: formatting takes two seconds
FORMAT_S: Final = 120.0
JARS: Final = Path(__file__).parents[1] / ".jars" / "kafka"

#: What is set and why. A record of a whole snapshot must fit (16 MB), so fetching must fit it too. Transactions left open by a
#: crashed writer hold up every reader of committed records until they time out: they are looked for each second, not each 10.
SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # One broker holds the only copy of everything.
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # Fifty partitions of each are for a cluster; here they only make the first transaction and the first group slow.
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    "num.partitions": 4,
    # A mistyped topic is an error, never a new topic.
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "transaction.max.timeout.ms": 900_000,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    # A transactional id of Flink's sink names a checkpoint, so there are ever new ones: forget them after an hour, not a week.
    "transactional.id.expiration.ms": 3_600_000,
    # After a crash the controller lets a broker in again when it has missed the old one: after 3 s, not 9.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "log.cleaner.backoff.ms": 5000,
    "message.max.bytes": 16 << 20,
    "replica.fetch.max.bytes": 16 << 20,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "log.retention.hours": 24,
    "controlled.shutdown.enable": "true",
}

LOGGING: Final = """\
status = warn
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
logger.server.name = kafka.server
logger.server.level = info
"""


def version() -> str:
    """The version of Kafka whose jars are there."""
    for jar in JARS.glob("kafka_*.jar"):
        return jar.stem.split("-", 1)[1]
    raise Unavailable("the jars of Kafka are not there: make jars")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]


class Broker:
    """The files of one broker, all below ``folder``."""

    def __init__(self, folder: Path, java: Java, port: int, controller_port: int) -> None:
        self.folder = folder
        self.java = java
        self.port = port
        self.controller_port = controller_port
        self.properties = folder / "server.properties"

    def prepare(self) -> None:
        """Write the settings, and format the data folder where that has not been done; the data of an earlier run stay."""
        here = version()
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self.folder / "version"
        if kept.exists() and _numbers(kept.read_text()) > _numbers(here):
            mismatch = f"the data in {self.folder} are of Kafka {kept.read_text()}, which {here} cannot read"
            raise Unavailable(f"{mismatch}: make down ARGS=--wipe")
        kept.write_text(here)
        settings = {
            **SETTINGS,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "log.dirs": self.folder / "data",
        }
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        (self.folder / "log4j2.properties").write_text(LOGGING)
        if (self.folder / "data" / "meta.properties").exists():
            return
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self.properties), heap="128m")
        log = self.folder / "format.log"
        with log.open("wb") as out:
            try:
                code = subprocess.run(
                    command, stdout=out, stderr=subprocess.STDOUT, cwd=self.folder, check=False, timeout=FORMAT_S
                ).returncode
            except subprocess.TimeoutExpired:
                raise Unavailable(f"the broker's data folder was not formatted within {FORMAT_S:.0f} s; the log is {log}") from None
        if code:
            raise Unavailable(f"the broker's data folder could not be formatted: {processes.last_words(log)}")

    def command(self) -> list[str]:
        return self._java("kafka.Kafka", str(self.properties), heap="512m")

    def _java(self, main: str, *arguments: str, heap: str) -> list[str]:
        return [
            str(self.java.path),
            f"-Xmx{heap}",
            "-XX:+UseG1GC",
            processes.QUICK_COMPILER,
            "-XX:MaxGCPauseMillis=20",
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={self.folder}/crash.log",
            f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties",
            "-cp",
            f"{JARS}/*",
            main,
            *arguments,
        ]


def answers(port: int, timeout_s: float = 1.0) -> bool:
    """Whether a broker there answers a request for metadata, and names a broker that is ready for clients.

    A port that accepts is too little: a broker accepts before it has caught up with the controller, and names no broker until then.
    The request (Metadata, version 1, no topics) and its answer are laid out in Kafka's protocol guide.
    """
    client = b"touchline"
    body = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(struct.pack(">i", len(body)) + body)
            (length,) = struct.unpack(">i", _read(connection, 4))
            if not 12 <= length <= 1 << 20:  # not Kafka
                return False
            correlation, brokers = struct.unpack(">ii", _read(connection, length)[:8])
    except (OSError, EOFError):
        return False
    return correlation == 1 and brokers >= 1


def _read(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
