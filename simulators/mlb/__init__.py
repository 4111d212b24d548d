"""A baseball game that a viewer accepts, with a known truth: pitches, steals, balls in play."""

from __future__ import annotations

from typing import Any

WORLD = "mlb"


def play(seed: int, minutes: float = 90.0, **options: Any) -> Any:
    """The game that ``seed`` stands for: a :class:`simulators.mlb.game.Game`, with ``record`` and ``stream()``."""
    from simulators.mlb.game import Game

    return Game(seed, minutes, **options)
