"""Which of the package's models a game gets, by where the game comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from models.artefact import CARD, ForestModel, load, shipped_folder
from models.base import digest_of
from models.guard import trained_on
from models.home import ORIGINS, Origin


def default_model(name: str, game: Origin) -> str:
    """The default artefact of a game of this origin: for a real game the one that was trained on real
    games where the package has it, else the one that was trained on simulated ones (which is off in a real game unless it has
    passed the gate)."""
    real = f"{name}@real"
    return real if game == "real" and shipped_folder(real) is not None else f"{name}@simulated"


def packaged(model: str) -> ForestModel:
    """An artefact of the package. Models never change, so every operator of a process may have the same one."""
    folder = shipped_folder(model)
    return load(model) if folder is None else _packaged(model, folder, (folder / CARD).stat().st_mtime_ns)


@cache
def _packaged(model: str, folder: Path, modified_ns: int) -> ForestModel:
    return load(folder)


def packaged_models(name: str) -> list[ForestModel]:
    """The artefacts of a model that the package has; one that cannot be read is none."""
    found = []
    for origin in ORIGINS:
        if shipped_folder(f"{name}@{origin}") is not None:
            with suppress(ValueError, OSError):
                found.append(packaged(f"{name}@{origin}"))
    return found


def packaged_version(name: str, version: str, digest: str = "") -> ForestModel | None:
    """The package's artefact of this version, and of this whole ``digest`` where that is known; None when it has none."""
    found = [model for model in packaged_models(name) if model.digest.startswith(version)]
    return next((model for model in found if digest in ("", model.digest)), None)


def at_home(models: Mapping[str, Any], game: Origin, counterpart: Callable[[Any], Any] = lambda model: None) -> dict[str, Any]:
    """``models`` by name, but in a real game the package's own of simulated games give way to the package's own of real ones. Of a
    package that is no longer installed, ``counterpart`` finds that of real games, None where there is none."""
    found = dict(models)
    for name, model in models.items():
        if game == "real" and trained_on(model) == "simulated":
            own = packaged_models(name)
            if any(digest_of(each) == digest_of(model) for each in own):
                found[name] = next((each for each in own if trained_on(each) == "real"), model)
            else:
                found[name] = counterpart(model) or model
    return found
