"""Training tables from simulated games: entry points of the group ``touchline.training_tables`` under their models' names. Each
is a function of (first seed, games, progress) that returns a ``models.training.training.Table``, or a dict of such functions
by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from features.core.plugins import PluginGroup

if TYPE_CHECKING:
    from models.training.training import Table

TRAINING_TABLES: Final = PluginGroup("touchline.training_tables", "training table")


def simulated_table(name: str, seed: int, games: int | None = None, fresh: bool = False) -> Table:
    """The table of a model from so many games (by default what it is usually trained on, or with ``fresh`` evaluated by)."""
    from models.specs import spec_of
    from streaming.cli.progress import Progress

    spec = spec_of(name)
    count = games or (spec.fresh if fresh else spec.games)
    declared = TRAINING_TABLES.load(name)
    make = declared.get(name) if isinstance(declared, dict) else declared
    if not callable(make):
        raise TRAINING_TABLES.misfit(name, "holds no function for this model")
    with Progress("simulate", count, "games") as progress:
        table: Table = make(seed, count, progress.advance)
    return table
