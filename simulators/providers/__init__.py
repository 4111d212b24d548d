"""Real games from files: a module here per provider, found by its name, with one function ``read(files) -> Imported``.

Whatever the provider does with space and time is undone in its module: what comes out is metres from the centre spot in
the stadium's fixed orientation, event time in microseconds, and the words of the sport's vocabulary. docs/time.md and
docs/adding-a-provider.md say how.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from streaming.errors import BadInput, Unavailable
from streaming.records import Event, GameRecord, Telemetry

#: a provider's own figure beside ours: the attr or channel, the factor that takes it to SI, and how the two are to be compared: an
#: ``angle`` (rad) by the shorter way round, a ``magnitude`` with our value without its sign
Reference = tuple[str, float] | tuple[str, float, Literal["angle", "magnitude"]]


@dataclass(frozen=True)
class Imported:
    """A game as a provider's files tell it.

    ``stream()`` gives its records in the order of (synthetic) arrival, from the beginning each time; ``samples`` is how
    many telemetry samples that will be, for a progress bar. ``event_references`` and ``channel_references`` name the
    provider's own figures that stand beside ours: {stat: (attr of its events, or channel of its samples, with the
    factor that takes it to SI)}.
    """

    record: GameRecord
    stream: Callable[[], Iterator[Telemetry | Event]]
    samples: int
    event_references: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    channel_references: Mapping[str, Reference] = field(default_factory=dict)


def providers() -> dict[str, str]:
    """Every provider with the first line of its module's docstring; none is imported for that."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            spec = importlib.util.find_spec(f"{__name__}.{module.name}")
            source = Path(spec.origin).read_text("utf-8") if spec and spec.origin else ""
            found[module.name] = source.lstrip().removeprefix('"""').split("\n", 1)[0].removesuffix('"""')
    return found


def read(provider: str, files: list[Path], pick: str = "") -> Imported:
    """The game that ``provider``'s ``files`` tell; ``BadInput`` with one sentence when they don't. ``pick`` says which, where files
    hold many: it goes to providers whose ``read`` takes it."""
    known = providers()
    if provider not in known:
        raise BadInput(f"unknown provider {provider!r}: this installation knows {', '.join(sorted(known))}")
    for path in files:
        if not path.is_file():
            raise BadInput(f"there is no file {path}")
    try:
        module = importlib.import_module(f"{__name__}.{provider}")
        if pick and "pick" not in inspect.signature(module.read).parameters:
            raise BadInput(f"{provider} files hold one game: there is nothing to pick")
        imported: Imported = module.read(files, pick=pick) if pick else module.read(files)
    except ImportError as error:
        raise Unavailable(
            f"reading {provider} files needs the package {error.name}: pip install 'touchline[providers]'"
        ) from error
    return imported


def read_all(provider: str, files: list[Path]) -> list[tuple[str, Callable[[], Imported]]]:
    """Every game of the files: its name and what reads it. One game has no name; only a provider's module with a function
    ``recordings`` has files of many."""
    module = f"{__name__}.{provider}"
    if provider in providers() and importlib.util.find_spec(module) and all(path.is_file() for path in files):
        recordings = getattr(importlib.import_module(module), "recordings", None)
        several = [] if recordings is None else list(recordings(files))
        if several:
            return several if len(several) > 1 else [("", several[0][1])]
    return [("", lambda: read(provider, files))]
