"""Which of the package's models a game gets, by where the game comes from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from models.artefact import ForestModel, load, shipped_folder
from models.guard import trained_on
from models.home import ORIGINS, Origin


def default_model(name: str, game: Origin) -> str:
    """The default artefact of a game of this origin: for a real game the one that was trained on real
    games where the package has it, else the one that was trained on simulated ones (which is off in a real game unless it has
    passed the gate)."""
    real = f"{name}@real"
    return real if game == "real" and shipped_folder(real) is not None else f"{name}@simulated"


@cache
def packaged(model: str) -> ForestModel:
    """An artefact of the package. Models never change, so every operator of a process may have the same one."""
    return load(model)


def packaged_versions(name: str) -> dict[str, ForestModel]:
    """The versions of a model that the package has."""
    found = [packaged(f"{name}@{origin}") for origin in ORIGINS if shipped_folder(f"{name}@{origin}") is not None]
    return {model.version: model for model in found}


def at_home(models: Mapping[str, Any], game: Origin) -> dict[str, Any]:
    """``models`` by name, but in a real game the package's own of simulated games give way to the package's own of real ones."""
    found = dict(models)
    for name, model in models.items():
        if game == "real" and trained_on(model) == "simulated" and model.version in packaged_versions(name):
            found[name] = packaged(default_model(name, game))
    return found
