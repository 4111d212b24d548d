"""Python workers that end with their TaskManager. Flink leaves them running when a TaskManager is killed: they hold memory and, on
a small machine, the CPU of their successors."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Final

LOOK_S: Final = 1.0


def end_with_task_manager(pid: int | None = None) -> int | None:
    """From now on this process, a Python worker, ends when its TaskManager does: the nearest Java process above it, whose pid is
    returned. None, and nothing to do, where Python runs inside the TaskManager itself."""
    java = task_manager_of(os.getpid() if pid is None else pid)
    if java is None or java == os.getpid():
        return None
    started = _start_time(java)
    thread = threading.Thread(target=_watch, args=(java, started), name="task-manager-watch", daemon=True)
    thread.start()
    return java


def task_manager_of(pid: int) -> int | None:
    """The nearest process called java at or above ``pid``."""
    while pid > 1:
        stat = _stat(pid)
        if stat is None:
            return None
        name, parent = stat
        if name == "java":
            return pid
        pid = parent
    return None


def _watch(java: int, started: str | None) -> None:
    while _start_time(java) == started:
        time.sleep(LOOK_S)
    os._exit(1)  # threads of the worker would wait for ever


def _stat(pid: int) -> tuple[str, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
    # A thread may rename its process; the program behind it stays what it is.
    try:
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        pass
    return name, int(rest[1])


def _start_time(pid: int) -> str | None:
    """Start time of a process, by which a later one of the same number differs; None when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    rest = text[text.rindex(")") + 2 :].split()
    return None if rest[0] == "Z" else rest[19]
