"""The models that the project knows by name: a module here per sport, found by its name, with its ``MODELS``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

from models.specs.declaration import ModelSpec, Recipe

__all__ = ["SPECS", "ModelSpec", "Recipe", "spec_of", "sport_of"]


def _declared() -> dict[str, ModelSpec]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "declaration"]
    found = [(name, model) for name in names for model in importlib.import_module(f"{__name__}.{name}").MODELS]
    _SPORT.update((model.name, name) for name, model in found)
    return {model.name: model for _, model in found}


_SPORT: Final[dict[str, str]] = {}
SPECS: Final[dict[str, ModelSpec]] = _declared()


def spec_of(name: str) -> ModelSpec:
    """``ValueError`` with the known names otherwise."""
    if name not in SPECS:
        raise ValueError(f"unknown model {name!r}: this installation knows {', '.join(sorted(SPECS))}")
    return SPECS[name]


def sport_of(name: str) -> str:
    """The sport whose module declares the model."""
    return _SPORT[spec_of(name).name]
