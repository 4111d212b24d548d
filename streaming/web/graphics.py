"""The graphics that there are: one page each in ``static/graphics``, found by name. Its head says what it shows, of which sports:
its title, and the meta elements ``description``, ``sports`` (none: any), ``stats`` and ``parameters``."""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parent / "static" / "graphics"


class Graphic(msgspec.Struct, frozen=True, kw_only=True):
    """One overlay page. ``stats`` are the ids it stands on, ``parameters`` what its address may say after the question mark."""

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


@lru_cache(maxsize=1)
def graphics() -> dict[str, Graphic]:
    """Every graphic by name: those of any sport first, then sport by sport."""
    found = [described(page) for page in FOLDER.glob("*.html")]
    return {g.name: g for g in sorted(found, key=lambda g: (g.sports, g.name))}
