"""What a process of this machine has used of the processors, to the nanosecond; /proc counts in hundredths of a second, which is
nothing at all for a quick process."""

from __future__ import annotations

import ctypes
import os
import time

_libc = ctypes.CDLL(None, use_errno=True)


def cpu_s(pid: int) -> float:
    """Seconds of all its threads, in the kernel and outside; ``ProcessLookupError`` when there is no such process."""
    clock = ctypes.c_int()
    if number := _libc.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise ProcessLookupError(number, os.strerror(number))
    return time.clock_gettime(clock.value)
