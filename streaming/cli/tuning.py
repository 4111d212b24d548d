"""`touchline models train --tune N`: the search for a recipe, with its progress, and its record on the card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from streaming.cli.progress import Progress

if TYPE_CHECKING:
    from models.artefact import Card
    from models.specs import ModelSpec
    from models.training.training import Table
    from models.training.tuning import Tuned


def searched(model: ModelSpec, table: Table | None, real: Any, folder: Path, trials: int, seed: int) -> Tuned:
    """The recipe of the best of so many trials, on simulated rows or on the real data that ``real`` reads."""
    from models.training.tuning import tune

    if table is None:
        if not hasattr(real, "table"):
            raise ValueError(f"--tune cannot search a recipe for the real data of {model.name}: its recipe is fixed")
        table = real.table(folder)
    recipe = model.recipe if real is None else model.real or model.recipe
    with Progress(f"tune {model.name}", trials, "trials") as progress:
        tuned = tune(model, recipe, table, trials, seed, lambda _: progress.advance())
    print(
        f"tuned by {tuned.trials} trials ({tuned.pruned} pruned): log loss on games set aside {tuned.loss:.5f}, "
        f"of the known recipe {tuned.loss_before:.5f}: {'taken' if tuned.accepted else 'the known recipe is kept'}"
    )
    return tuned


def with_search(card: Card, tuned: Tuned | None) -> Card:
    """The card with the record of the search."""
    import msgspec

    return card if tuned is None else msgspec.structs.replace(card, parameters=card.parameters | {"tuned": tuned.as_card})
