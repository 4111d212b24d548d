"""One way to find plugins. Sports, simulators, providers, sinks, sources, graphics and models are entry points in the metadata of
installed packages; those of this project are declared in its ``setup.cfg``.

Listing names imports no plugin; ``PluginGroup.load`` imports one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from importlib.metadata import EntryPoint, EntryPoints

#: the distribution that declares the plugins of this project
OWN_PACKAGE: Final = "touchline"


class PluginError(ValueError):
    """An unknown name, a name that two packages declare, or an entry point without an object; the text is one sentence."""


class PluginUnavailable(PluginError):
    """A plugin that cannot be imported, since ``module`` is not installed."""

    def __init__(self, sentence: str, module: str) -> None:
        super().__init__(sentence)
        self.module = module


@dataclass(frozen=True)
class PluginGroup:
    """The plugins of one kind.

    ``group`` is the name of the entry point group and ``noun`` what messages call one of its plugins. ``deprecated`` is an older
    name of the group, which other packages may still use.
    """

    group: str
    noun: str
    deprecated: str = ""

    def names(self) -> list[str]:
        """Names of all plugins, sorted."""
        return sorted(self._points())

    def __contains__(self, name: object) -> bool:
        return name in self._points()

    def find(self, name: str) -> EntryPoint:
        """The entry point of a plugin; ``PluginError`` for an unknown name and for one that several packages declare."""
        known = self._points()
        if name not in known:
            listed = ", ".join(sorted(known)) or f"none, so {OWN_PACKAGE} must be installed again"
            raise PluginError(f"unknown {self.noun} {name!r}: this installation knows {listed}")
        points = known[name]
        if len(points) > 1:
            packages = ", ".join(package_of(point) for point in points)
            raise PluginError(f"the {self.noun} {name} is offered more than once, by {packages}: uninstall all but one")
        return points[0]

    def packages(self, name: str) -> list[str]:
        """The installed packages that declare a plugin."""
        return [package_of(point) for point in self._points()[name]]

    def load(self, name: str) -> Any:
        """The object of a plugin, imported now; ``PluginError`` as in :meth:`find` and where the object is not there,
        ``PluginUnavailable`` where an import fails."""
        point = self.find(name)
        try:
            return point.load()
        except AttributeError:
            raise self.misfit(name, "does not exist") from None
        except ImportError as error:
            module = error.name or point.module
            package = package_of(point)
            mend = "" if package == OWN_PACKAGE else f", which comes with {package}"
            raise PluginUnavailable(f"the {self.noun} {name} needs the package {module}{mend}", module) from error

    def misfit(self, name: str, what: str) -> PluginError:
        """The error to raise for a plugin whose object is not what its group wants: ``what`` ends the sentence."""
        point = self.find(name)
        return PluginError(f"{package_of(point)} offers the {self.noun} {name} as {point.value}, which {what}")

    def first_line(self, name: str) -> str:
        """First line of the docstring of a plugin's module, read as text: nothing is imported. Empty where there is none."""
        source = source_of(self._points()[name][0].module)
        if source is None:
            return ""
        return source.read_text("utf-8").lstrip().removeprefix('"""').split("\n", 1)[0].removesuffix('"""')

    def _points(self) -> dict[str, list[EntryPoint]]:
        """Entry points by name: one for each package that declares the name."""
        return _declared((self.group, self.deprecated), tuple(sys.path))


def package_of(point: EntryPoint) -> str:
    """The installed package that declares an entry point."""
    return point.dist.name if point.dist is not None else point.module


def source_of(module: str) -> Path | None:
    """The source file of a module; neither it nor the packages that it is in are imported. None where there is no such file."""
    path: Any = None
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        spec = next(_specs(".".join(parts[:depth]), path), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations or ()
    source = Path(spec.origin) if spec is not None and spec.origin else None
    return source if source is not None and source.suffix == ".py" and source.is_file() else None


def _specs(name: str, path: Any) -> Iterator[ModuleSpec]:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            yield spec


@lru_cache(maxsize=64)
def _declared(groups: tuple[str, ...], path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    installed = _installed(path)
    found: dict[str, dict[str, EntryPoint]] = {}
    for group in filter(None, groups):
        for point in installed.select(group=group):
            found.setdefault(point.name, {}).setdefault(package_of(point), point)
    return {name: sorted(points.values(), key=_own_first) for name, points in found.items()}


def _own_first(point: EntryPoint) -> tuple[bool, str]:
    package = package_of(point)
    return package != OWN_PACKAGE, package


@lru_cache(maxsize=4)
def _installed(path: tuple[str, ...]) -> EntryPoints:
    """Entry points of all packages on ``path``: ``sys.path``, whose scan takes about 10 ms."""
    from importlib.metadata import entry_points  # costs 80 ms where no other module has imported it

    found: EntryPoints = entry_points()  # type: ignore[assignment]  # whose stub speaks of Python 3.9
    return found
