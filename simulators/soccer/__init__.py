"""A soccer match that a viewer accepts, with a known truth."""

from __future__ import annotations

from typing import Any

#: a game, (seed, minutes), in which everything happens: played to nobody before one is on the air
REHEARSAL = (2, 20.0)


#: what ``touchline simulate soccer --with NAME=VALUE`` may set: log-odds by which everybody finishes better
OPTIONS = {"finishing": float}


def play(seed: int, minutes: float = 90.0, **options: Any) -> Any:
    """The match that ``seed`` stands for: a :class:`simulators.soccer.game.Match`, with ``record`` and ``stream()``."""
    from simulators.soccer.game import Match

    return Match(seed, minutes, **options)
