"""A game of American football, play by play, with a known truth behind everything that is drawn."""

from __future__ import annotations

from typing import Any

#: (seed, minutes) of a game in which everything happens: operators warm up with it before a game is on the air
WARM_UP_GAME = (20, 8.0)


def play(seed: int, minutes: float = 60.0, **options: Any) -> Any:
    """The game that ``seed`` stands for: a :class:`simulators.nfl.game.Match`, with ``record`` and ``stream()``."""
    from simulators.nfl.game import Match

    return Match(seed, minutes, **options)
