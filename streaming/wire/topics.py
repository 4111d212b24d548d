"""Every topic name, key and id, once. Leaf module."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")


def telemetry(sport: str) -> str:
    """Input: everything of a game in one order, its record, packets, events and its end (``streaming.wire.feed``)."""
    return f"telemetry.{sport}"


def games(sport: str) -> str:
    """Game records; compacted, so that a late subscriber has them, too."""
    return f"games.{sport}"


def events(sport: str) -> str:
    """Events as an operator took them."""
    return f"events.{sport}"


def stats(sport: str) -> str:
    """All stats of a sport, keyed by game; the stat's own address is :func:`address`."""
    return f"stats.{sport}"


def positions(sport: str) -> str:
    """Positions for drawing, latest value wins."""
    return f"positions.{sport}"


def predictions(sport: str) -> str:
    """Predictions of models, with their features."""
    return f"predictions.{sport}"


def dead(source: str) -> str:
    """Dead letters of the kind ``source``: ``telemetry.<sport>`` or ``events.<sport>``."""
    return f"dead.{source}"


def health(sport: str) -> str:
    """How each operator is doing, once a second; compacted, keyed by game."""
    return f"health.{sport}"


def snapshots(sport: str) -> str:
    """State of the games and how far the input has been used, by consumer group; compacted. Written and read by the runner on
    Kafka alone."""
    return f"snapshots.{sport}"


def inputs(sport: str) -> tuple[str, ...]:
    return games(sport), telemetry(sport)


def outputs(sport: str) -> tuple[str, ...]:
    letters = (dead(source) for source in (telemetry(sport), events(sport)))
    return stats(sport), events(sport), positions(sport), predictions(sport), *letters, health(sport)


def compacted(sport: str) -> tuple[str, ...]:
    """Topics that keep the newest record of each key."""
    return games(sport), health(sport), snapshots(sport)


def every(sport: str) -> tuple[str, ...]:
    return *inputs(sport), *outputs(sport), snapshots(sport)


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
