"""``touchline`` as a process of its own that starts at once: forked from a process in which everything is loaded.

An operator takes some seconds of a core to load its models and kernels and to play its warm-up game. Tests of what becomes of
operators start dozens, and need none of that; a killed one is as dead, and shares no more with another than memory that neither
writes. Those that measure a start take a fresh process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.loaded"])


def _work(arguments: list[str], environment: dict[str, str], folder: str, output: Connection) -> None:
    """In the process: the command line, with what a start has done already left out."""
    from streaming import factory
    from streaming.cli.app import run
    from streaming.cli.interrupts import keep_interrupts

    for number in (1, 2):
        os.dup2(output.fileno(), number)
    output.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    factory.prepare = lambda name, make: None
    keep_interrupts()
    sys.exit(run(arguments))


class ForkedProcess:
    """Of ``subprocess.Popen``, what tests use."""

    def __init__(self, arguments: list[str], environment: dict[str, str], folder: Path) -> None:
        ours, theirs = _FORKS.Pipe(duplex=False)
        # A daemon: it is ended with the tests, if they are ended in its middle.
        self._process = _FORKS.Process(target=_work, args=(arguments, environment, str(folder), theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.stdout = os.fdopen(os.dup(ours.fileno()))
        ours.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
