"""Simulators by sport: functions ``play(seed, minutes, *, game=None, **options)`` that are entry points of the group
``touchline.simulators``. docs/adding-a-simulator.md adds one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from features.core.plugins import PluginGroup
from streaming.errors import BadInput, plugin_errors
from streaming.wire.records import Event, GameRecord, Telemetry

#: packages that were written for version 0.1 use the older name of the group
SIMULATORS: Final = PluginGroup("touchline.simulators", "simulator", deprecated="touchline.worlds")


class Simulator(Protocol):
    """A game that has not been played yet."""

    record: GameRecord

    def stream(self, frames_per_packet: int = 1) -> Iterator[Telemetry | Event]:
        """Its records in the order of arrival; each call plays the same game from its start."""
        ...


def simulators() -> list[str]:
    """Names of the sports that can be simulated; no simulator is imported."""
    return SIMULATORS.names()


def options_of(sport: str, settings: Sequence[str]) -> dict[str, Any]:
    """Options of the sport's simulator, each NAME=VALUE, with the types in its module's ``OPTIONS``. ``BadInput`` for others."""
    known: dict[str, type] = getattr(_module(sport), "OPTIONS", {})
    found: dict[str, Any] = {}
    for text in settings:
        name, _, value = text.partition("=")
        if name not in known:
            raise BadInput(f"the {sport} simulator has no option {name!r}; its options: {', '.join(sorted(known)) or 'none'}")
        try:
            found[name] = known[name](value)
        except ValueError:
            raise BadInput(f"{name} is a {known[name].__name__}, not {value!r}") from None
    return found


def open_simulator(sport: str, seed: int, minutes: float, **options: str | int | None) -> Simulator:
    """The game of ``seed``. ``BadInput`` when ``sport`` has no simulator."""
    simulator: Simulator = _play(sport)(seed, minutes, **options)
    return simulator


def warm_up_game(sport: str) -> Simulator:
    """A short game in which everything happens that an operator of the sport computes: (seed, minutes) are ``WARM_UP_GAME`` of
    the simulator's module, which modules written for version 0.1 call ``REHEARSAL``; (1, 3.0) by default."""
    module = _module(sport)
    seed, minutes = getattr(module, "WARM_UP_GAME", getattr(module, "REHEARSAL", (1, 3.0)))
    return open_simulator(sport, seed, minutes)


def check_simulator(sport: str) -> None:
    """``BadInput`` when ``sport`` has no simulator."""
    with plugin_errors():
        SIMULATORS.find(sport)


def _play(sport: str) -> Callable[..., Any]:
    with plugin_errors():
        play = SIMULATORS.load(sport)
        if not callable(play):
            raise SIMULATORS.misfit(sport, "is no function")
    function: Callable[..., Any] = play
    return function


def _module(sport: str) -> Any:
    """The module whose function plays the sport's games."""
    return sys.modules[_play(sport).__module__]
