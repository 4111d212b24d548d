"""The worlds that can be played, found by name: a module or package ``simulators/<sport>`` that assigns ``WORLD`` at top level
and offers ``play(seed, minutes)``, or such a function of an installed package under the entry point ``touchline.worlds``. Adding
one is adding a file; there is no list to edit."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from streaming.errors import BadInput
from streaming.wire.records import Event, GameRecord, Telemetry

_ASSIGNS_WORLD = re.compile(r"^WORLD\b.*=", re.MULTILINE)


class Simulator(Protocol):
    """A game that has not been played yet."""

    record: GameRecord

    def stream(self, frames_per_packet: int = 1) -> Iterator[Telemetry | Event]:
        """Its records in the order of arrival; each call plays the same game from its start."""
        ...


def _offered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="touchline.worlds")}


def simulators() -> list[str]:
    """Names of the sports that can be simulated. Modules are read as text, none is imported."""
    import simulators

    found = []
    for module in pkgutil.iter_modules(simulators.__path__):
        spec = importlib.util.find_spec(f"simulators.{module.name}")
        if spec and spec.origin and _ASSIGNS_WORLD.search(Path(spec.origin).read_text("utf-8")):
            found.append(module.name)
    return sorted({*found, *_offered()})


def options_of(sport: str, given: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE each, as the sport's world takes them: its module lists their types in ``OPTIONS``. ``BadInput`` for any other."""
    known: dict[str, type] = getattr(sys.modules[_play(sport).__module__], "OPTIONS", {})
    found: dict[str, Any] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in known:
            raise BadInput(f"a simulated game of {sport} has no option {name!r}: there is {', '.join(sorted(known)) or 'none'}")
        try:
            found[name] = known[name](value)
        except ValueError:
            raise BadInput(f"{name} is a {known[name].__name__}, not {value!r}") from None
    return found


def open_simulator(sport: str, seed: int, minutes: float, **options: str | int | None) -> Simulator:
    """The game that ``seed`` stands for. ``BadInput`` when nobody simulates ``sport``."""
    world: Simulator = _play(sport)(seed, minutes, **options)
    return world


def warm_up_game(sport: str) -> Simulator:
    """A short game in which everything happens that an operator of the sport can be asked to work out. Which one, the sport's world
    says: (seed, minutes) in ``REHEARSAL``."""
    seed, minutes = getattr(sys.modules[_play(sport).__module__], "REHEARSAL", (1, 3.0))
    return open_simulator(sport, seed, minutes)


def check_simulator(sport: str) -> None:
    """``BadInput`` when nobody simulates ``sport``."""
    known = simulators()
    if sport not in known:
        raise BadInput(f"no simulator for {sport!r}: there is one for {', '.join(known)}")


def _play(sport: str) -> Any:
    check_simulator(sport)
    offered = _offered().get(sport)
    return offered.load() if offered is not None else importlib.import_module(f"simulators.{sport}").play
