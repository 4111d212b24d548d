"""Real games from files. A provider is a function ``read(files) -> Imported``, an entry point of the group
``touchline.providers``; ours are modules here, named by vendor.

Whatever the provider does with space and time is undone in its module: what comes out is metres from the centre spot in
the stadium's fixed orientation, event time in microseconds, and the words of the sport's vocabulary. docs/time.md and
docs/adding-a-provider.md say how.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from features.core.plugins import OWN_PACKAGE, PluginGroup
from simulators.providers._guard import attempted, guarded
from streaming.errors import BadInput, Unavailable, plugin_errors
from streaming.wire.records import Event, GameRecord, Telemetry

PROVIDERS: Final = PluginGroup("touchline.providers", "provider")
#: names of providers in version 0.1 -> names by vendor
RENAMED: Final = {"f1": "tracinginsights", "f1_live": "f1_livetiming"}

#: a provider's own figure beside ours: the attr or channel, the factor that takes it to SI, and how the two are to be compared: an
#: ``angle`` (rad) by the shorter way round, a ``magnitude`` with our value without its sign
Reference = tuple[str, float] | tuple[str, float, Literal["angle", "magnitude"]]


@dataclass(frozen=True)
class Imported:
    """A game from a provider's files.

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
    """Every provider with the first line of its module's docstring; none is imported."""
    return {name: PROVIDERS.first_line(name) or f"offered by {PROVIDERS.packages(name)[0]}" for name in PROVIDERS.names()}


def current_name(provider: str) -> str:
    """``NAME`` or ``NAME:KIND`` with the provider's present name: that of version 0.1 still works."""
    name, colon, kind = provider.partition(":")
    return RENAMED.get(name, name) + colon + kind if name not in PROVIDERS else provider


def read(provider: str, files: list[Path], pick: str = "") -> Imported:
    """The game in ``provider``'s ``files``; ``BadInput`` with one sentence for other files. ``pick`` chooses one, where files
    hold many: it goes to providers whose ``read`` takes it. So does the text after a colon, as ``kind``: "kloppy:opta"."""
    name, kind = _checked(provider, files)

    def one() -> Imported:
        with _needing(name):
            reader = _reader(name)
            takes = inspect.signature(reader).parameters
            if pick and "pick" not in takes:
                raise BadInput(f"{name} files hold one game: there is nothing to pick")
            if kind and "kind" not in takes:
                raise BadInput(f"{name} files are of one kind: write {name}, not {name}:{kind}")
            options = {option: value for option, value in (("pick", pick), ("kind", kind)) if value}
            imported: Imported = reader(files, **options)
        return imported

    return guarded(name, files, one)


def read_all(provider: str, files: list[Path]) -> list[tuple[str, Callable[[], Imported]]]:
    """Every game of the files: its name and what reads it. One game has no name; only a provider with a function ``recordings`` in
    its module has files of many."""
    name, kind = _checked(provider, files)
    with _needing(name):
        module = sys.modules[_reader(name).__module__]
        several = attempted(name, files, lambda: list(module.recordings(files))) if hasattr(module, "recordings") else []
    if len(several) > 1:
        return [(game, partial(guarded, name, files, one)) for game, one in several]
    if several:
        return [("", partial(guarded, name, files, several[0][1]))]
    return [("", lambda: read(f"{name}:{kind}" if kind else name, files))]


def _checked(provider: str, files: list[Path]) -> tuple[str, str]:
    """Name and kind of ``NAME:KIND``. ``BadInput`` without such a provider, or without one of the files."""
    name, _, kind = current_name(provider).partition(":")
    with plugin_errors():
        PROVIDERS.find(name)
    for path in files:
        if not path.is_file():
            raise BadInput(f"there is no file {path}")
    return name, kind


@contextmanager
def _needing(name: str) -> Iterator[None]:
    """``Unavailable`` without a package that the provider needs."""
    try:
        yield
    except ImportError as error:
        own = PROVIDERS.packages(name) == [OWN_PACKAGE]
        mend = "pip install 'touchline[providers]'" if own else "it comes with the package that offers the provider"
        raise Unavailable(f"reading {name} files needs the package {error.name}: {mend}") from error


def _reader(name: str) -> Callable[..., Any]:
    """The function that reads ``name``'s files; ``BadInput`` where two packages offer it, or the object is no function."""
    with plugin_errors():
        importlib.import_module(PROVIDERS.find(name).module)  # whose ImportError ``_needing`` words
        reader = PROVIDERS.load(name)
        if not inspect.isroutine(reader):
            raise PROVIDERS.misfit(name, "is no function")
    function: Callable[..., Any] = reader
    return function
