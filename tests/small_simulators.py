"""Simulators of a size for tests: a race of six cars tests the same code as one of twenty."""

from __future__ import annotations

from typing import Any, Final

from simulators.catalogue import Simulator, open_simulator

FEWER: Final[dict[str, dict[str, Any]]] = {"f1": {"cars": 6}}


def small_simulator(sport: str, seed: int, minutes: float, game: str | None = None) -> Simulator:
    return open_simulator(sport, seed, minutes, game=game, **FEWER.get(sport, {}))
