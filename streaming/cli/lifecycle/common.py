"""What the commands of a model's life share: where the registry is, who acts, and how a version is named."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from models.artefact import Card, ForestModel
    from models.registry.store import Store, Version
    from streaming.monitoring.watch import ModelWatch
    from streaming.web.hub import Hub

#: names of variables
REGISTRY: Final = "TOUCHLINE_REGISTRY"
TRACKING: Final = "TOUCHLINE_TRACKING"

Name = Annotated[str, typer.Argument(help="Name of the model; touchline models list shows them.")]
Registry = Annotated[Path, typer.Option("--registry", envvar=REGISTRY, help="Folder of the model registry.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
By = Annotated[str, typer.Option("--by", help="Name for the audit log; default: the current user.", metavar="WHO")]
DEFAULT: Final = Path("model-registry")


def registry_at(root: Path) -> Store:
    from models.registry.store import Store

    return Store(root)


def whoever(by: str) -> str:
    """The name for the audit log."""
    if by:
        return by
    try:
        return os.environ.get("TOUCHLINE_USER") or getpass.getuser()
    except (KeyError, OSError):
        raise ValueError("cannot determine the user name; pass --by") from None


def enrol(root: Path, folder: Path, by: str, why: str) -> Version:
    """Register an artefact, pending, and track its training in MLflow where that is installed."""
    store = registry_at(root)
    known_before = {v.version for n in store.names() for v in store.versions(n)}
    version = store.register(folder, whoever(by), why)
    if version.version not in known_before:
        track(store, version, new=True)
    return version


def track(store: Store, version: Version, *, new: bool = False) -> None:
    """Tell MLflow; where it is not installed, say so. What the registry holds stands in any case.
    ``TOUCHLINE_TRACKING=none`` leaves it out."""
    if os.environ.get(TRACKING) == "none":
        return
    from models.registry.mlflow_view import Tracker

    try:
        tracker = Tracker(store)
    except ModuleNotFoundError:
        print("touchline: not tracked in MLflow, which is not installed: pip install 'touchline[mlops]'", file=sys.stderr)
        return
    if new:
        tracker.trained(version)
    else:
        tracker.moved(version)


def find_model(store: Store, text: str, name: str = "") -> ForestModel:
    """A model by folder, as NAME@VERSION of the registry (VERSION may be the first letters, ``deployed`` or ``shipped``), as a bare
    VERSION where ``name`` is known, or by the name of one that ships (NAME, NAME@simulated, NAME@real)."""
    from models.artefact import load

    of, at, version = text.partition("@")
    if at and version not in ("simulated", "real"):
        return store.load(of, version)
    if name and not at and not (Path(text) / "card.json").is_file() and text != name:
        return store.load(name, text)
    return load(text)


def text_of(version: Version) -> str:
    """A line for a person."""
    done = "; ".join(f"{e.deed} {e.at or 'from the beginning'} by {e.by}: {e.why}" for e in version.entries)
    return f"{version.name}  {version.version}  {version.state}  ({done})"


def cards_in(root: Path) -> Callable[[str, str], Card | None]:
    """A function that finds the card of a version, in the package or in the registry; None when it is in neither."""
    from models.choice import packaged_versions
    from models.registry.store import Store

    store = Store(root)

    @cache
    def card_of(name: str, version: str) -> Card | None:
        own = packaged_versions(name).get(version)
        if own is not None:
            return own.card
        try:
            return store.load(name, version).card
        except ValueError:
            return None

    return card_of


def listed(root: Path) -> dict[str, list[dict[str, str]]]:
    """The versions in a registry by model, each with its state and what was done to it last."""
    store = registry_at(root)
    return {
        name: [
            {
                "version": v.version,
                "state": v.state,
                "deed": v.entries[-1].deed,
                "at": v.entries[-1].at,
                "by": v.entries[-1].by,
                "why": v.entries[-1].why,
            }
            for v in store.versions(name)
        ]
        for name in store.names()
    }


Contradicted = Annotated[
    str,
    typer.Option(
        help="When outcomes contradict a model during games: withhold it from pages and subscribers, or only warn.",
        metavar="withhold|warn",
        envvar="TOUCHLINE_CONTRADICTED",
    ),
]


def watch_models(hub: Hub, root: Path | None, policy: str) -> ModelWatch:
    """Have the hub watch the models of its games; ``BadInput`` for a policy that there is not."""
    from streaming.errors import BadInput
    from streaming.web.withholding import POLICIES

    if policy not in POLICIES:
        raise BadInput(f"--contradicted is {' or '.join(POLICIES)}, not {policy!r}")
    models = model_watch(root)
    hub.watch(models, "warn" if policy == "warn" else "withhold")
    return models


def model_watch(root: Path | None) -> ModelWatch:
    """A watch over the models of every sport, and over the calibration of those of which a game says what came of them."""
    from streaming.monitoring.watch import ModelWatch
    from streaming.outcome_labels import all_labels

    return ModelWatch(all_labels(), cards_in(root or DEFAULT))
