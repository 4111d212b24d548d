"""A Formula 1 race on an invented circuit, twenty cars of ten invented teams, with a known truth."""

from __future__ import annotations

from typing import Any

#: (seed, minutes) of a game in which everything happens: operators warm up with it before a game is on the air
WARM_UP_GAME = (2, 2.0)


#: what ``touchline simulate f1 --with NAME=VALUE`` may set: a sensor that drifts, channel:car:second:drift per second
OPTIONS = {"fault": str}


def play(seed: int, minutes: float = 90.0, **options: Any) -> Any:
    """The race that ``seed`` stands for: a :class:`simulators.f1.game.GrandPrix`, with ``record`` and ``stream()``."""
    from simulators.f1.game import GrandPrix

    return GrandPrix(seed, minutes, **options)
