"""A soccer match that a viewer accepts, with a known truth."""

from __future__ import annotations

from typing import Any

WORLD = "soccer"


def match(seed: int, minutes: float = 90.0, **options: Any) -> Any:
    """A :class:`simulators.soccer.match.Match`."""
    from simulators.soccer.match import Match

    return Match(seed, minutes, **options)
