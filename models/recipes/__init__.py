"""Models that can be trained on real data: a module per model, an entry point of the group ``touchline.recipes`` under its name.

Such a module offers

- ``FILES``: the options of ``touchline models score`` that it wants, each the path of a file; those in ``OPTIONAL``, if there is
  such a tuple, may be left out;
- ``MAIN`` and ``EXPLAINED``, where it evaluates several cases: the reading of a single plot, and those that are explained;
- ``FITS``: how often ``on_progress`` is called while training;
- ``train(folder, seed, command, on_progress) -> (card, model file)``;
- ``predict_held_out(folder, artefact, seed, on_progress) -> evaluation sets``: predictions of held-out rows; without an artefact
the
  recipe is trained on the others, or cross-validated;
- ``report(evaluation sets) -> report``, and ``evaluate``, which is both;
- ``table(folder)``, if its recipe can be searched (``touchline models train --tune``), and then ``train`` takes a ``recipe``;
- ``score(model, files) -> (columns to write, what was scored)``, if it scores files; without it, there are no ``FILES``.

All of them raise ``ValueError`` with one sentence for bad data.
"""

from __future__ import annotations

from typing import Any, Final

from features.core.plugins import PluginGroup
from models.specs import spec_of

RECIPES: Final = PluginGroup("touchline.recipes", "recipe")


def reader_of(model: str) -> Any:
    """The module for ``model``; ``ValueError`` when it has no recipe for real data."""
    name = spec_of(model).name
    if name not in RECIPES:
        raise ValueError(f"{model} is trained on simulated games only: it has no recipe for real data")
    return RECIPES.load(name)
