"""What a sport's table is put together from: modules of one subject each, read in order."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any


def rows_of(modules: Iterable[ModuleType], name: str) -> tuple[Any, ...]:
    """The rows of the table ``name`` (``SIGNALS``, ``STEPS``, ``EVENT_STEPS`` or ``STATS``) of those ``modules`` that have one, in
    their order."""
    return tuple(row for module in modules for row in getattr(module, name, ()))
