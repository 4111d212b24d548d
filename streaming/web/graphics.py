"""The graphics. A graphic is an entry point of the group ``touchline.graphics``: the folder (a ``Path``) with the page
``<name>.html``. Ours are in ``static/graphics``. The head of the page describes it: its title, and the meta elements
``description``, ``sports`` (none: any), ``stats`` and ``parameters``. The page of another package loads its scripts and
styles, files in that folder, from ``/graphics/<name>/<file>``."""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import msgspec

from features.core.plugins import PluginGroup
from streaming.errors import plugin_errors

GRAPHICS: Final = PluginGroup("touchline.graphics", "graphic")
FOLDER: Final = Path(__file__).parent / "static" / "graphics"
#: what a page of another package may load from its folder; a folder may hold Python files, which are not given out
PARTS: Final = (".css", ".js", ".json", ".mjs", ".png", ".svg", ".webp", ".woff2")


class Graphic(msgspec.Struct, frozen=True, kw_only=True):
    """One overlay page. ``stats`` are the ids of the stats it shows, ``parameters`` those of its address."""

    name: str
    url: str
    title: str
    description: str
    sports: list[str]
    stats: list[str]
    parameters: list[str]


class _Head(HTMLParser):
    """Title and meta elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.meta, self._inside = "", dict[str, str](), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._inside = tag == "title"
        if tag == "meta" and (name := found.get("name")):
            self.meta[name] = found.get("content") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.title += data


def described(page: Path) -> Graphic:
    """What a graphic's page says of itself."""
    head = _Head()
    head.feed(page.read_text("utf-8"))
    meta = head.meta.get
    return Graphic(
        name=page.stem,
        url=f"/graphics/{page.stem}",
        title=head.title.strip(),
        description=meta("description", ""),
        sports=meta("sports", "").split(),
        stats=meta("stats", "").split(),
        parameters=meta("parameters", "").split(),
    )


def page_of(name: str) -> Path | None:
    """The page of a graphic; None for an unknown name, ``BadInput`` where the entry point is no folder with such a page."""
    if name not in GRAPHICS:
        return None
    with plugin_errors():
        folder = GRAPHICS.load(name)
        page = folder / f"{name}.html" if isinstance(folder, Path) else None
        if page is None or not page.is_file():
            raise GRAPHICS.misfit(name, f"is no folder with a page {name}.html")
    return page


def part_of(name: str, file: str) -> Path | None:
    """A script, style or picture beside the page of a graphic; None where there is no such file."""
    page = page_of(name)
    path = None if page is None else page.parent / file
    return path if path is not None and path.suffix in PARTS and path.is_file() else None


@lru_cache(maxsize=1)
def graphics() -> dict[str, Graphic]:
    """Every graphic by name: those of any sport first, then sport by sport."""
    found = [described(page) for name in GRAPHICS.names() if (page := page_of(name)) is not None]
    return {g.name: g for g in sorted(found, key=lambda g: (g.sports, g.name))}
