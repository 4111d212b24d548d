"""Figures keep their digits however small they are, and a process's time on the processors is known to less than a tick."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.bench.cpu import cpu_s
from streaming.bench.figures import figure


@given(st.floats(1e-12, 1e12))
def test_figure_is_rounded_to_four_digits_and_never_to_zero(value):
    assert figure(value) == pytest.approx(value, rel=0.5001e-3)
    assert figure(value) > 0
    assert figure(-value) == -figure(value)


def test_nan_stays_nan_and_zero_stays_zero():
    assert math.isnan(figure(math.nan))
    assert figure(math.inf) == math.inf
    assert figure(0.0) == 0.0
    assert figure(9.99996) == 10.0


def test_memory_of_a_short_process_is_measured():
    """Less than the hundredth of a second that /proc counts in."""
    program = "import sys; sys.stdout.write('up'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-S", "-E", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(2)
        first, second = cpu_s(process.pid), cpu_s(process.pid)
        assert 0 < first <= second < 60
        process.kill()
    with pytest.raises(ProcessLookupError):
        cpu_s(process.pid)


def test_own_usage_equals_that_of_python():
    before, ours, after = time.process_time(), cpu_s(os.getpid()), time.process_time()
    assert before <= ours <= after
