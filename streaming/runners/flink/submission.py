"""Hands a job over in a process of its own.

Names of operators hold a number that the planner of a JVM counts up, so that a second job of one process has other names than the
first, and the state of the first does not fit it. A process of its own can be ended, too, when it does not come to an end, and
its JVM takes no memory while the job is watched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from streaming.errors import BadInput, TouchlineError, Unavailable
from streaming.runners.flink.job import Plan, submit

#: a submission takes 10 to 25 s; what takes so much longer is stuck
SUBMIT_S: Final = 300.0


class _Answer(msgspec.Struct):
    """Of the process: the job's id, or a sentence and whether it is about what a person gave."""

    job: str = ""
    problem: str = ""
    bad_input: bool = False


def submit_apart(plan: Plan, factory: str, timeout_s: float = SUBMIT_S) -> str:
    """``submit`` in a process of its own; the job's id. ``Unavailable`` with one sentence also when it takes longer than
    ``timeout_s``."""
    # Where this program is installed as a wheel, its packages are found by way of a folder that is not on every path.
    root = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    # The plan, which may hold a password, goes through a pipe: arguments and environments can be read by others.
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, factory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the one who watches
    )
    try:
        out, _ = process.communicate(msgspec.json.encode(plan), timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the job was not handed over to the Flink cluster within {timeout_s:.0f} s") from None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with its JVM
            process.wait(10)
    lines = out.splitlines()
    try:
        answer = msgspec.json.decode(lines[-1] if lines else b"", type=_Answer)
    except msgspec.DecodeError:
        raise Unavailable(f"the process that hands the job over ended with code {process.returncode} and no answer") from None
    if answer.problem:
        raise (BadInput if answer.bad_input else Unavailable)(answer.problem)
    return answer.job


def main() -> None:
    """The process: a plan on standard input, the answer on standard output."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    try:
        answer = _Answer(job=submit(plan, sys.argv[1]))
    except TouchlineError as error:
        answer = _Answer(problem=str(error), bad_input=isinstance(error, BadInput))
    sys.stdout.buffer.write(b"\n" + msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)  # PyFlink leaves threads behind, which may wait for ever


if __name__ == "__main__":
    main()
