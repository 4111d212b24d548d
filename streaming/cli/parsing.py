"""Options of the command line as numbers: ``--speed`` and ``--from``."""

from __future__ import annotations

from streaming.errors import BadInput


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
