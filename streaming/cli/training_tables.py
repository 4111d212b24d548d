"""Training tables from simulated games: a module per sport, named like it, with its ``TABLES``: model name -> function of
(first seed, games, tell) that returns a ``models.training.training.Table``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.training.training import Table


def simulated_table(name: str, seed: int, games: int | None = None, fresh: bool = False) -> Table:
    """The table of a model from so many games (else what it is usually trained on, or with ``fresh`` evaluated by)."""
    from models.specs import spec_of, sport_of
    from streaming.cli.progress import Progress

    asked = spec_of(name)
    count = games or (asked.fresh if fresh else asked.games)
    tables = importlib.import_module(f"simulators.{sport_of(name)}.training_data").TABLES
    with Progress("simulate", count, "games") as progress:
        table: Table = tables[name](seed, count, progress.advance)
    return table
