"""The models that are known by name. A model is an entry point of the group ``touchline.models``: a ``ModelSpec``, or a tuple of
them with one of that name. Ours are in a module here per sport."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from features.core.plugins import OWN_PACKAGE, PluginGroup, source_of
from models.specs.declaration import ModelSpec, Recipe

__all__ = ["SPECS", "ModelSpec", "Recipe", "artefact_root", "spec_of", "sport_of"]

MODELS: Final = PluginGroup("touchline.models", "model")


class _Specs(Mapping[str, ModelSpec]):
    """Every model by name; its module is imported when it is looked up."""

    def __getitem__(self, name: str) -> ModelSpec:
        if name not in MODELS:
            raise KeyError(name)
        return spec_of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(MODELS.names())

    def __len__(self) -> int:
        return len(MODELS.names())

    def __contains__(self, name: object) -> bool:
        return name in MODELS


SPECS: Final = _Specs()


def spec_of(name: str) -> ModelSpec:
    """``ValueError`` with the known names for an unknown one, and where the entry point holds no such model."""
    declared = MODELS.load(name)
    for spec in declared if isinstance(declared, tuple) else (declared,):
        if isinstance(spec, ModelSpec) and spec.name == name:
            return spec
    raise MODELS.misfit(name, f"holds no ModelSpec of the name {name}")


def sport_of(name: str) -> str:
    """The sport of a model: that of the stat whose value it is."""
    return spec_of(name).stat.partition(".")[0]


def artefact_root(name: str) -> Path | None:
    """The folder in which the package that declares a model brings its artefacts, in ``simulated/<name>`` and ``real/<name>``: for
    ours ``models/artefacts``, for others ``artefacts`` beside the module of the entry point. None where it has no source file."""
    if MODELS.packages(name) == [OWN_PACKAGE]:
        return Path(__file__).parents[1] / "artefacts"
    source = source_of(MODELS.find(name).module)
    return None if source is None else source.parent / "artefacts"
