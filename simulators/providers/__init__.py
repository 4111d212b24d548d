"""Real games from files: a module here per provider, found by its name, with one function ``read(files) -> Imported``; or such a
function of an installed package under the entry point ``touchline.providers``.

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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from simulators.providers._reading import guarded
from streaming.errors import BadInput, Unavailable
from streaming.wire.records import Event, GameRecord, Telemetry

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
    found = {name: _first_line(f"{__name__}.{name}") for name in _own()}
    for name, points in _offered().items():
        found.setdefault(name, _first_line(points[0].module) or f"offered by {_package(points[0])}")
    return found


def read(provider: str, files: list[Path], pick: str = "") -> Imported:
    """The game that ``provider``'s ``files`` tell; ``BadInput`` with one sentence when they don't. ``pick`` says which, where files
    hold many: it goes to providers whose ``read`` takes it. So does what follows a colon, as ``kind``: "kloppy:opta"."""
    _known(provider, files)
    name, _, kind = provider.partition(":")

    def one() -> Imported:
        with _needing(name):
            reader = _reader(name)
            takes = inspect.signature(reader).parameters
            if pick and "pick" not in takes:
                raise BadInput(f"{name} files hold one game: there is nothing to pick")
            if kind and "kind" not in takes:
                raise BadInput(f"{name} files are of one kind: say {name}, not {provider}")
            options = {option: value for option, value in (("pick", pick), ("kind", kind)) if value}
            imported: Imported = reader(files, **options)
        return imported

    return guarded(name, files, one)


def read_all(provider: str, files: list[Path]) -> list[tuple[str, Callable[[], Imported]]]:
    """Every game of the files: its name and what reads it. One game has no name; only a provider with a function ``recordings`` in
    its module has files of many."""
    _known(provider, files)
    name = provider.partition(":")[0]
    if name in _own():
        with _needing(name):
            module = importlib.import_module(f"{__name__}.{name}")
            several = list(module.recordings(files)) if hasattr(module, "recordings") else []
        if len(several) > 1:
            return [(game, partial(guarded, name, files, one)) for game, one in several]
        if several:
            return [("", partial(guarded, name, files, several[0][1]))]
    return [("", lambda: read(provider, files))]


def _known(provider: str, files: list[Path]) -> None:
    """``BadInput`` without such a provider, or without one of the files."""
    known, name = providers(), provider.partition(":")[0]
    if name not in known:
        raise BadInput(f"unknown provider {name!r}: this installation knows {', '.join(sorted(known))}")
    for path in files:
        if not path.is_file():
            raise BadInput(f"there is no file {path}")


@contextmanager
def _needing(name: str) -> Iterator[None]:
    """``Unavailable`` without a package that the provider needs."""
    try:
        yield
    except ImportError as error:
        mend = "pip install 'touchline[providers]'" if name in _own() else "it comes with the package that offers the provider"
        raise Unavailable(f"reading {name} files needs the package {error.name}: {mend}") from error


def _own() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]


def _offered() -> dict[str, list[EntryPoint]]:
    """What installed packages offer, by name."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group="touchline.providers"):
        found.setdefault(point.name, []).append(point)
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


def _first_line(module: str) -> str:
    """Of a module's docstring, read as text; empty when there is no such module."""
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return ""
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    return Path(spec.origin).read_text("utf-8").lstrip().removeprefix('"""').split("\n", 1)[0].removesuffix('"""')


def _reader(name: str) -> Callable[..., Any]:
    """The function that reads ``name``'s files; ``BadInput`` where two offer it, or what is offered is none."""
    own, points = name in _own(), _offered().get(name, [])
    if own + len(points) > 1:
        packages = ", ".join(["touchline"] * own + [_package(point) for point in points])
        raise BadInput(f"the provider {name} is offered more than once, by {packages}: uninstall all but one")
    if own:
        reader: Callable[..., Any] = importlib.import_module(f"{__name__}.{name}").read
        return reader
    offered: Callable[..., Any] | None = None
    with suppress(AttributeError):
        offered = points[0].load()
    if offered is None or not inspect.isroutine(offered):
        raise BadInput(f"{_package(points[0])} offers the provider {name} as {points[0].value}, which is no function")
    return offered
