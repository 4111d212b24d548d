"""A soccer match that a viewer accepts, with a known truth."""

from __future__ import annotations

from typing import Any

#: (seed, minutes) of a game in which everything happens: operators warm up with it before a game is on the air
WARM_UP_GAME = (2, 20.0)


#: what ``touchline simulate soccer --with NAME=VALUE`` may set: log-odds by which all players finish better
OPTIONS = {"finishing": float}


def play(seed: int, minutes: float = 90.0, **options: Any) -> Any:
    """The match that ``seed`` stands for: a :class:`simulators.soccer.game.Match`, with ``record`` and ``stream()``."""
    from simulators.soccer.game import Match

    return Match(seed, minutes, **options)
