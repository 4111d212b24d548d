"""Ctrl-C that arrives inside a finalizer or a C callback, where Python drops every exception."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Final

#: s until a dropped Ctrl-C is raised again: long enough for a finalizer to end, too short for a person to notice
AGAIN_S: Final = 0.02


def keep_interrupts() -> None:
    """Raise a `KeyboardInterrupt` again that was dropped, until it arrives where it can end the command.

    Python raises it in whatever the main thread runs. In a `__del__` or a callback from C (numba frees compiled code so)
    it is reported as "Exception ignored" and lost: the command would run on to its end. Call it from the main thread.
    """
    report = sys.unraisablehook

    def raise_again(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        else:
            report(unraisable)

    def on_alarm(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, on_alarm)
    sys.unraisablehook = raise_again
