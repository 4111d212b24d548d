"""Every topic name, key and id, once. Leaf module."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")


def telemetry(sport: str) -> str:
    return f"telemetry.{sport}"


def events(sport: str) -> str:
    return f"events.{sport}"


def games(sport: str) -> str:
    """Game records; compacted, keyed by game."""
    return f"games.{sport}"


def stats(sport: str) -> str:
    """All stats of a sport, keyed by game; the stat's own address is :func:`address`."""
    return f"stats.{sport}"


def positions(sport: str) -> str:
    """Positions for drawing, a message per frame, latest value wins."""
    return f"positions.{sport}"


def dead(source: str) -> str:
    """Dead letters of the topic ``source``."""
    return f"dead.{source}"


def inputs(sport: str) -> tuple[str, ...]:
    return games(sport), telemetry(sport), events(sport)


def outputs(sport: str) -> tuple[str, ...]:
    return stats(sport), positions(sport), *(dead(source) for source in (telemetry(sport), events(sport)))


def key(game: str) -> bytes:
    """Every record of a game has the game as its key: one partition, one order."""
    return game.encode()


def address(stat: str) -> str:
    """What a subscriber's pattern is matched with: ``stats.soccer.shot.xgoals``."""
    return f"stats.{stat}"


def window_id(game: str, stat: str, subject: str, end_us: int) -> str:
    """The id of a windowed value; the same for its provisional and its final update."""
    return f"{game}/{stat}/{subject}/{end_us}"


def event_id(game: str, stat: str, subject: str, event: str) -> str:
    """The id of a value that belongs to an event."""
    return f"{game}/{stat}/{subject}/{event}"


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str]:
    """A topic pattern as a regular expression: ``*`` is one word, a trailing ``#`` or ``*`` any rest.

    >>> bool(pattern("stats.soccer.shot.*").match("stats.soccer.shot.xgoals"))
    True
    >>> bool(pattern("stats.soccer.*").match("stats.soccer.shot.xgoals"))
    True
    """
    if len(text) > 200:
        raise ValueError("a topic pattern is at most 200 characters long")
    words = text.split(".")
    for word in words:
        if word not in ("*", "#") and not _SAFE.match(word):
            raise ValueError(f"{text!r} is not a topic pattern: words of letters, digits, _ and -, joined by dots, or *")
    out = [r"[^.]+" if word == "*" else re.escape(word) for word in words[:-1]]
    out.append(r".+" if words[-1] in ("*", "#") else re.escape(words[-1]))
    if "#" in words[:-1]:
        raise ValueError(f"{text!r}: # may only stand at the end")
    return re.compile(r"\.".join(out) + r"\Z")
