"""Processes that are started here, and that nothing else is ever ended for.

A pid alone may have been given to another process since, so a process is known by its pid *and* its start time. What it starts
in turn (Flink starts Python workers, which outlive a TaskManager that is killed) inherits a mark in its environment and is found
by that.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

MARK: Final = "TOUCHLINE_CLUSTER"

#: For a JVM on a machine whose cores everything shares: Java's first compiler alone. Its second one makes long runs of hot code
#: faster and takes a core for most of a minute for it; the first ten games on a fresh cluster then waited up to 1.4 s for their
#: numbers instead of 0.2 s, and what Java does for us per record is little.
QUICK_COMPILER: Final = "-XX:TieredStopAtLevel=1"


class Process(NamedTuple):
    pid: int
    started: int
    """Clock ticks from boot to its start, as ``/proc/PID/stat`` has them."""


def start_time(pid: int) -> int | None:
    """When the process that has ``pid`` now was started; None when there is none, or it has ended and is not yet collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat[stat.rindex(")") + 2 :].split()  # the name before may hold spaces and brackets
        # The first thread of a process that was killed can be done before the others: until they are, its ports are not free.
        ended = fields[0] in "ZX" and len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except OSError:
        return None
    return None if ended else int(fields[19])


def start(command: Sequence[str], environment: Mapping[str, str], log: Path, mark: str) -> Process:
    """Start ``command`` in a session of its own, so that Ctrl-C at the caller's terminal does not reach it.

    It is to outlive the caller, hence not ``subprocess``, which warns of children without a wait.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        command[0],
        command,
        {**environment, MARK: mark},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return Process(pid, start_time(pid) or 0)


def alive(process: Process) -> bool:
    if start_time(process.pid) == process.started:
        return True
    with contextlib.suppress(ChildProcessError):  # of another process than this one
        os.waitpid(process.pid, os.WNOHANG)  # collects its exit; without a wait it stays in the table as a zombie
    return False


def send(process: Process, number: signal.Signals) -> bool:
    """Send a signal to exactly this process; False when it has ended, even if another has its pid now."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # The handle is fixed to the process that had the pid when it was opened: what is compared below cannot change any more.
        if start_time(process.pid) != process.started:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def marked(mark: str) -> list[Process]:
    """Every process with this mark, or one that begins with it and a slash, in the environment that it was started with."""
    exact = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or another user's
            continue
        if any(entry == exact or entry.startswith(exact + b"/") for entry in environment):
            started = start_time(int(folder.name))
            if started is not None:
                found.append(Process(int(folder.name), started))
    return found


def end(processes: Iterable[Process], grace_s: float = 10.0) -> int:
    """Ask them all to end, and kill those that have not after ``grace_s``. How many there were to end."""
    terminated = [process for process in processes if send(process, signal.SIGTERM)]
    wait_until(lambda: not any(alive(process) for process in terminated), grace_s)
    left = [process for process in terminated if send(process, signal.SIGKILL)]
    wait_until(lambda: not any(alive(process) for process in left), 5.0)
    return len(terminated)


def listens(process: Process, port: int) -> bool:
    """Whether this very process listens on a TCP port of this machine."""
    try:
        owned = {os.readlink(handle) for handle in Path(f"/proc/{process.pid}/fd").iterdir()}
        rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/{process.pid}/net/{name}").read_text().splitlines()]
    except OSError:
        return False
    listening = "0A"
    return any(row[3] == listening and int(row[1].split(":")[1], 16) == port and f"socket:[{row[9]}]" in owned for row in rows)


def wait_until(done: Callable[[], bool], timeout_s: float) -> bool:
    """Ask until the answer is yes; False when time is up."""
    until = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def last_words(*logs: Path) -> str:
    """The last error message of the first log that has one, rather than a frame of a stack trace."""
    for log in logs:
        with contextlib.suppress(OSError):
            lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-300:]]
            spoken = [line for line in lines if line and not line.startswith(("at ", "...", "#")) and " INFO " not in line]
            blamed = [line for line in spoken if re.search(r"Exception|Error|ERROR|FATAL", line)]
            if spoken:
                return (blamed or spoken)[-1][:300]
    return "its log is empty"
