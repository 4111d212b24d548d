"""Where reading is: the file, the row or object in it, and the field that was asked for last.

The functions that open files set it, so that what fails while a game is read can be shown to the user by its place. The field
costs time, a note at every access; so it is noted only in a second reading of files that could not be read (:func:`noting`),
whose rows and objects are :class:`Noted`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_NOTHING: Final = object()


@dataclass
class Place:
    """``where`` is a row or an object ("line 3", "players[2]"), empty when not known; so is ``field``. ``value`` is what the field
    held, None without a field."""

    file: Path | None = None
    where: str = ""
    field: str = ""
    value: Any = None
    notes: bool = False


_NOW: ContextVar[Place | None] = ContextVar("place in a provider's files", default=None)


@contextmanager
def reading(*, notes: bool = False) -> Iterator[Place]:
    """A new place, in which nothing has been opened yet."""
    place = Place(notes=notes)
    before = _NOW.set(place)
    try:
        yield place
    finally:
        _NOW.reset(before)


def noting() -> bool:
    """Whether every access is noted."""
    place = _NOW.get()
    return place is not None and place.notes


def at(file: Path, where: str = "") -> None:
    """Reading is at ``file`` now."""
    place = _NOW.get()
    if place is not None:
        place.file, place.where, place.field, place.value = file, where, "", None


class Noted(dict[str, Any]):
    """A row or object that notes what is asked of it. Equal to the dict that it is made of."""

    __slots__ = ("file", "where")

    def __init__(self, values: Mapping[str, Any], file: Path, where: str) -> None:
        super().__init__(values)
        self.file, self.where = file, where

    def __getitem__(self, name: str) -> Any:
        self._note(name, super().get(name, _NOTHING))
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name, default)
        self._note(name, found)
        return found

    def _note(self, name: str, value: Any) -> None:
        place = _NOW.get()
        if place is not None:
            place.file, place.where, place.field = self.file, self.where, str(name)
            place.value = None if value is _NOTHING else value


def like(row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """``values`` in the place of ``row``, of which they are made."""
    return Noted(values, row.file, row.where) if isinstance(row, Noted) else values


def noted_rows(rows: Iterable[Mapping[str, Any]], file: Path, first: int = 2) -> list[dict[str, Any]]:
    """The rows of a table with their lines, the first row being line ``first``."""
    return [Noted(row, file, f"line {line}") for line, row in enumerate(rows, first)]


def noted(value: Any, file: Path, where: str = "") -> Any:
    """A JSON value, all of whose objects note what is asked of them; ``RecursionError`` when it is nested too deeply."""
    if isinstance(value, dict):
        inside = {key: noted(one, file, f"{where}.{key}" if where else str(key)) for key, one in value.items()}
        return Noted(inside, file, where)
    if isinstance(value, list):
        return [noted(one, file, f"{where}[{at_}]") for at_, one in enumerate(value)]
    return value
