"""A recording played again: the same records in the same order with the same stamps, as slowly or as fast as wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from streaming.errors import BadInput
from streaming.recordings.reader import Recording
from streaming.sources.recording import due
from streaming.wire.records import Event, Telemetry


def parse_speed(text: str) -> float | None:
    """``1``, ``10`` or ``2.5`` times real time; ``max`` is None, as fast as it is taken.

    >>> parse_speed("10"), parse_speed("max")
    (10.0, None)
    """
    if text == "max":
        return None
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = -1.0
    if not 0.01 <= speed <= 10_000:
        raise BadInput(f"{text!r} is not a speed: give a number from 0.01 to 10000, such as 1 or 10, or max")
    return speed


def parse_from(text: str) -> float:
    """Seconds into the recording: ``12:30``, ``1:02:03`` or ``750``.

    >>> parse_from("12:30")
    750.0
    """
    seconds = 0.0
    try:
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e6 or text.count(":") > 2:
        raise BadInput(f"{text!r} is not a time: give minutes and seconds, such as 12:30")
    return seconds


def replay(
    recording: Recording,
    speed: float | None,
    from_s: float = 0.0,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    max_samples: int = 8192,
) -> Iterator[Telemetry | Event]:
    """Every record when it is due (see :func:`due`), counted from the first call of ``next``.

    A reader that falls behind is not hurried: it gets the records as fast as it takes them until it has caught up.
    """
    began = clock()
    for at_s, record in due(recording, speed, from_s, max_samples):
        wait_s = began + at_s - clock()
        if at_s and wait_s > 0:
            sleep(wait_s)
        yield record
