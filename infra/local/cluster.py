"""The broker and the cluster as one thing with parts, whose processes are written down in its folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import secrets
import shutil
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from infra.local import broker, flink, processes
from infra.local.processes import Process
from streaming.errors import BadInput, Unavailable
from streaming.flink.java import find_java

RUN_DIR: Final = Path(__file__).resolve().parents[2] / ".run"
START_TIMEOUT_S: Final = 120.0
DEFAULTS: Final[Mapping[str, Any]] = {
    "kafka_port": 9092, "flink_port": 8081, "task_managers": 2, "mode": "process", "only": None, "settings": {},
}  # fmt: skip


class Cluster:
    """What runs in ``run_dir``, or may. A port of 0 is chosen; ``settings`` are Flink's own, over those of ``flink.SETTINGS``.

    What is left out is as in ``DEFAULTS``, or as it runs there already: ``Cluster(run_dir)`` is a handle of what runs.
    """

    def __init__(
        self,
        run_dir: Path | str = RUN_DIR,
        *,
        kafka_port: int | None = None,
        flink_port: int | None = None,
        task_managers: int | None = None,
        slots: int | None = None,
        mode: str | None = None,
        only: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if mode not in (None, "process", "thread"):
            raise BadInput(f"the mode is process or thread, not {mode}")
        if only not in (None, "kafka", "flink"):
            raise BadInput(f"only is kafka or flink, not {only}")
        if any(count is not None and count < 1 for count in (task_managers, slots)):
            raise BadInput("a Flink cluster needs at least one TaskManager with one slot")
        requested = {
            "kafka_port": kafka_port,
            "flink_port": flink_port,
            "task_managers": task_managers,
            "slots": slots,
            "mode": mode,
            "only": only,
            "settings": None if settings is None else dict(settings),
        }
        self._requested = {key: value for key, value in requested.items() if value is not None}
        self.run_dir = Path(run_dir).resolve()
        self._ledger = self.run_dir / "processes.json"
        self._processes: dict[str, Process] = {}
        self._mark = secrets.token_hex(8)
        self.shape: dict[str, Any] = {"controller_port": 0, "rpc_port": 0, **DEFAULTS, **self._requested}
        # In thread mode all slots of a TaskManager share one interpreter and its lock: more than one gains nothing.
        self.shape.setdefault("slots", 1 if self.shape["mode"] == "thread" else 2)
        self._read()

    # -- what it is

    @property
    def roles(self) -> list[str]:
        kafka = [] if self.shape["only"] == "flink" else ["broker"]
        if self.shape["only"] == "kafka":
            return kafka
        return [*kafka, "jobmanager", *(f"taskmanager-{number}" for number in range(self.shape["task_managers"]))]

    @property
    def bootstrap(self) -> str:
        """For ``bootstrap_servers``."""
        return f"127.0.0.1:{self.shape['kafka_port']}"

    @property
    def rest(self) -> str:
        """Flink's REST interface, and its pages."""
        return f"http://127.0.0.1:{self.shape['flink_port']}"

    def pid(self, role: str) -> int | None:
        """The pid of a part that runs, else None."""
        process = self._processes.get(role)
        if process is None or not processes.alive(process):
            self._read()  # another handle may have started it again
            process = self._processes.get(role)
        return process.pid if process and processes.alive(process) else None

    def pids(self) -> dict[str, int]:
        return {role: pid for role in self.roles if (pid := self.pid(role)) is not None}

    def workers(self, role: str) -> list[int]:
        """The pids of what this part has started in turn (Python workers), also those that have outlived it."""
        return [found.pid for found in processes.marked(f"{self._mark}/{role}") if found.pid != self.pid(role)]

    def log(self, role: str) -> Path:
        return self.run_dir / ("kafka/broker.log" if role == "broker" else f"flink/log/{role}.log")

    def ready(self, role: str) -> bool:
        """Whether this part answers; for a TaskManager: whether the JobManager knows it and what it has room for."""
        if self.pid(role) is None:
            return False
        if role == "broker":
            return broker.answers(self.shape["kafka_port"])
        if role == "jobmanager":
            return flink.get_json(self.shape["flink_port"], "/overview") is not None
        answer = flink.get_json(self.shape["flink_port"], "/taskmanagers") or {}
        # One that has ended is listed, under the same name, until it is missed: the process must be the one that serves that port.
        return any(
            known.get("id") == role
            and known.get("slotsNumber", 0) > 0
            and processes.listens(self._processes[role], known.get("dataPort", 0))
            for known in answer.get("taskmanagers", ())
        )

    def environment(self) -> dict[str, str]:
        """The environment for a program that hands this cluster a job with PyFlink: settings, jars, Java."""
        return self._flink().environment()

    # -- what it does

    def up(self) -> list[str]:
        """Start what does not run, and wait until all of it answers; the parts that were started."""
        with self._locked():
            self._read()
            started = [role for role in self.roles if self.pid(role) is None]
            self._choose_ports(started)
            self._prepare(started)
            try:
                for role in started:
                    self._launch(role)
                for role in self.roles:
                    self.wait(role)
            except BaseException:
                self._end(started)
                raise
            return started

    def down(self) -> int:
        """End what was started in this folder, and what that has started in turn; how many processes there were."""
        if not self._ledger.exists():
            return 0
        with self._locked():
            self._read()
            return self._end(list(self._processes))

    def start(self, role: str, *, wait: bool = True) -> None:
        """Start one part (again), on the data and the ports that it had."""
        with self._locked():
            self._read()
            if role not in self.roles:
                raise BadInput(f"no part is called {role}: there are {', '.join(self.roles)}")
            if self.pid(role) is not None:
                return
            self._choose_ports([role])
            self._prepare([role])
            self._reap(role)
            self._launch(role)
            if wait:
                self.wait(role)

    def wipe(self) -> None:
        """End everything, and remove its data, logs and checkpoints."""
        self.down()
        for name in ("kafka", "flink"):
            shutil.rmtree(self.run_dir / name, ignore_errors=True)
        self._ledger.unlink(missing_ok=True)

    def stop(self, role: str) -> None:
        """End one part and its workers, in good order."""
        with self._locked():
            self._read()
            self._end([role])

    def kill(self, role: str, number: signal.Signals = signal.SIGKILL) -> bool:
        """Send a signal to one part and to nothing that it started: after SIGKILL its workers are left, as in a real crash."""
        process = self._processes.get(role)
        if process is None or not processes.send(process, number):
            return False
        if number == signal.SIGKILL:  # until it is gone, it would still count as running
            processes.wait_until(lambda: not processes.alive(process), 5.0)
        return True

    # -- how

    def _broker(self) -> broker.Broker:
        return broker.Broker(self.run_dir / "kafka", find_java(), self.shape["kafka_port"], self.shape["controller_port"])

    def _flink(self) -> flink.Flink:
        shape = self.shape
        own = (shape[key] for key in ("flink_port", "rpc_port", "slots", "mode", "settings"))
        return flink.Flink(self.run_dir / "flink", find_java(), *own)

    def _prepare(self, starting: list[str]) -> None:
        if "broker" in starting:
            self._broker().prepare()
        if "jobmanager" in starting:
            self._flink().prepare()

    def _launch(self, role: str) -> None:
        if role == "broker":
            command, environment = self._broker().command(), dict(os.environ)
        else:
            cluster = self._flink()
            command = cluster.job_manager() if role == "jobmanager" else cluster.task_manager(role)
            environment = cluster.environment()
        self._processes[role] = processes.start(command, environment, self._out(role), f"{self._mark}/{role}")
        self._write()

    def _out(self, role: str) -> Path:
        """What a part prints, which for Flink is not its log but Java's message when it cannot start."""
        return self.log(role) if role == "broker" else self.log(role).with_suffix(".out")

    def wait(self, role: str) -> None:
        """Until the part answers; ``Unavailable`` when it ends instead, or takes too long."""

        def settled() -> bool:
            return self.ready(role) or self.pid(role) is None

        in_time = processes.wait_until(settled, START_TIMEOUT_S)
        if self.pid(role) is None:
            raise Unavailable(f"the {role} ended while starting: {processes.last_words(self.log(role), self._out(role))}")
        if not in_time:
            raise Unavailable(f"the {role} does not answer after {START_TIMEOUT_S:.0f} s; its log is {self.log(role)}")

    def _end(self, roles: list[str]) -> int:
        ended = processes.end(self._processes[role] for role in roles if role in self._processes)
        for role in roles:
            ended += self._reap(role)
            self._processes.pop(role, None)
        self._write()
        return ended

    def _reap(self, role: str) -> int:
        """End the workers that a part has left behind: they wait for orders that cannot come."""
        return processes.end(processes.marked(f"{self._mark}/{role}"), 0.2)

    def _choose_ports(self, starting: list[str]) -> None:
        """Choose those that are 0, and refuse those that are taken, before anything starts."""
        served = {"broker": ("kafka_port", "controller_port"), "jobmanager": ("flink_port", "rpc_port")}
        for role in starting:
            for name in served.get(role, ()):
                port = self.shape[name]
                if port == 0:
                    self.shape[name] = _free_port()
                elif not _is_free(port):
                    option = {"kafka_port": "--kafka-port", "flink_port": "--flink-port"}.get(name)
                    mend = f"choose another with {option}" if option else "make down, then make up"
                    raise Unavailable(f"port {port} is taken, so the {role} cannot have it: {mend}")

    def _read(self) -> None:
        """Take over what runs in the folder already, with its ports and settings; refuse settings that differ."""
        if not self._ledger.exists():
            return
        try:
            state = json.loads(self._ledger.read_text())
            found = {role: Process(*pair) for role, pair in state["processes"].items()}
            mark, shape = state["mark"], state["shape"]
        except (ValueError, TypeError, KeyError) as error:
            raise BadInput(f"{self._ledger} is damaged ({error}): end what it started by hand, and remove it") from error
        if not any(processes.alive(process) for process in found.values()) and not processes.marked(mark):
            return
        for key, value in self._requested.items():
            fits = shape["task_managers"] <= value if key == "task_managers" else value in (0, shape[key])
            if key != "only" and not fits:
                raise BadInput(f"a cluster runs in {self.run_dir} with {key} {shape[key]}, not {value}: make down first")
        # The other part, or more TaskManagers, are started beside what runs.
        shape["only"] = shape["only"] if self._requested.get("only") == shape["only"] else None
        shape["task_managers"] = self._requested.get("task_managers", shape["task_managers"])
        self._processes, self._mark, self.shape = found, mark, shape

    def _write(self) -> None:
        state = {"mark": self._mark, "shape": self.shape, "processes": self._processes}
        fresh = self._ledger.with_suffix(".new")
        fresh.write_text(json.dumps(state, indent=2) + "\n")
        fresh.replace(self._ledger)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Two callers at once would each start a broker."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        with (self.run_dir / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _free_port() -> int:
    """A free port, below those that the system gives to outgoing connections.

    While a broker is down its clients try again and again, each from a port that the system picks: were the broker's own among
    them, one would in time be connected to itself, and hold the port that the broker needs.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    below = range(max(1024, first - 12_000), first) or range(20_000, 32_000)
    return next(port for port in random.sample(below, len(below)) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does: a connection that has just ended is no listener
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
