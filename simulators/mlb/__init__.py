"""A baseball game that a viewer accepts, with a known truth: pitches, steals, balls in play."""

from __future__ import annotations

from typing import Any

#: (seed, minutes) of a game in which everything happens: operators warm up with it before a game is on the air
WARM_UP_GAME = (42, 10.0)


def play(seed: int, minutes: float = 90.0, **options: Any) -> Any:
    """The game that ``seed`` stands for: a :class:`simulators.mlb.game.Game`, with ``record`` and ``stream()``."""
    from simulators.mlb.game import Game

    return Game(seed, minutes, **options)
