"""Ctrl-C that arrives in a finalizer still ends the command."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import ROOT

#: Ctrl-C in the first finalizer, and again in a second one while the first is raised anew
DROPPED = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the shell has left of it
from streaming.cli.interrupts import AGAIN_S, keep_interrupts

class Finalizer:
    def __init__(self, interrupt, wait_s):
        self.interrupt, self.wait_s = interrupt, wait_s

    def __del__(self):
        if self.interrupt:
            os.kill(os.getpid(), signal.SIGINT)
        end = time.monotonic() + self.wait_s
        while time.monotonic() < end:
            pass

if sys.argv[1] == "kept":
    keep_interrupts()
Finalizer(True, 0.0)
Finalizer(False, 3 * AGAIN_S)
end = time.monotonic() + 20 * AGAIN_S
try:
    while time.monotonic() < end:
        time.sleep(0.01)
except KeyboardInterrupt:
    print("interrupted")
else:
    print("ran on")
"""


def outcome(how: str) -> str:
    ran = subprocess.run([sys.executable, "-c", DROPPED, how], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_python_alone_drops_it():
    """Where this fails, `keep_interrupts` is not needed any more."""
    assert outcome("dropped") == "ran on"


def test_dropped_interrupt_is_raised_again():
    assert outcome("kept") == "interrupted"


def test_other_unraisable_exceptions_are_still_reported():
    program = (
        "from streaming.cli.interrupts import keep_interrupts\n"
        "keep_interrupts()\n"
        "class Broken:\n    def __del__(self): raise ValueError('reported')\n"
        "Broken()\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "reported" in ran.stderr
