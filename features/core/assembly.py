"""A sport's tables, assembled from modules of one subject each, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

#: fields of a ``Sport``; a module has a row of one of them in the table of that name in capitals
TABLES = ("signals", "steps", "event_steps", "stats")


def tables(modules: Iterable[ModuleType]) -> dict[str, Any]:
    """The four tables of a ``Sport`` by the name of their field: the rows of those ``modules`` that have such a table, in order."""
    found = tuple(modules)
    return {name: tuple(row for module in found for row in getattr(module, name.upper(), ())) for name in TABLES}
