"""Shared by the life-cycle commands of models: the registry, the user's name, and how a version is named."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from models.artefact import Card, ForestModel
    from models.registry.store import Store, Version
    from streaming.monitoring.watch import ModelWatch
    from streaming.recordings.model_copies import Timed
    from streaming.web.hub import Hub

#: names of variables
REGISTRY: Final = "TOUCHLINE_REGISTRY"
TRACKING: Final = "TOUCHLINE_TRACKING"
#: how long an action on the registry waits for MLflow at most, s
MLFLOW_S: Final = 30.0

Name = Annotated[str, typer.Argument(help="Name of the model; touchline models list shows them.")]
Registry = Annotated[Path, typer.Option("--registry", envvar=REGISTRY, help="Folder of the model registry.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
By = Annotated[str, typer.Option("--by", help="Name for the audit log; default: the current user.", metavar="WHO")]
DEFAULT_REGISTRY: Final = Path("model-registry")


def registry_at(root: Path) -> Store:
    from models.registry.store import Store

    return Store(root)


def user_name(by: str) -> str:
    """The name for the audit log: ``by``, or the current user."""
    if by:
        return by
    try:
        return os.environ.get("TOUCHLINE_USER") or getpass.getuser()
    except (KeyError, OSError):
        raise ValueError("cannot determine the user name; pass --by") from None


def register_artefact(root: Path, folder: Path, by: str, why: str) -> Version:
    """Register an artefact, pending, and mirror it in MLflow where that is installed."""
    store = registry_at(root)
    version = store.register(folder, user_name(by), why)
    mirror_in_mlflow(store)
    return version


def mirror_in_mlflow(store: Store) -> None:
    """Have MLflow's view of the registry caught up, in a process of its own and for :data:`MLFLOW_S` at most; where that fails,
    a line on stderr says so, and the next action catches up. The registry has everything before. ``TOUCHLINE_TRACKING=none``
    switches it off."""
    if os.environ.get(TRACKING) == "none":
        return
    from models.registry.mlflow_view import caught_up

    problem = caught_up(store.root, MLFLOW_S)
    if problem:
        print(f"touchline: not tracked in MLflow: {problem}", file=sys.stderr)


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


def card_finder(root: Path, recordings: Sequence[Path] = ()) -> Callable[[str, str], Card | None]:
    """A function that finds the card of a version, with the recordings, in the package or in the registry; None when it is in none
    of them, or cannot be read now."""
    from streaming.cli.lifecycle.pinning import find_version
    from streaming.errors import BadInput
    from streaming.recordings.model_copies import ModelVersion
    from streaming.recordings.reader import Recording

    found: dict[tuple[str, str], Card] = {}
    recorded = [Recording(path) for path in recordings]

    def card_of(name: str, version: str) -> Card | None:
        if (name, version) in found:
            return found[name, version]
        wanted: list[tuple[ModelVersion, Recording | None]] = [
            (each, recording)
            for recording in recorded
            for each in recording.contents.models
            if (each.model, each.version) == (name, version)
        ]
        for each, recording in [*wanted, (ModelVersion(name, version), None)]:
            with suppress(BadInput, ValueError, OSError):
                card: Card | None = getattr(find_version(each, root, recording), "card", None)
                if card is not None:
                    found[name, version] = card
                    return card
        return None

    return card_of


def versions_by_model(root: Path) -> dict[str, list[dict[str, str]]]:
    """The versions in a registry by model, each with its state and its last entry in the audit log."""
    store = registry_at(root)
    return {
        name: [
            {
                "version": v.version,
                "state": v.state,
                "deed": v.entries[-1].action,
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


def watch_models(hub: Hub, root: Path | None, policy: str, timed: Timed = "live", recording: Path | None = None) -> ModelWatch:
    """Have the hub watch the models of its games, whose predictions are ``timed`` in a live game or in the replay of ``recording``;
    ``BadInput`` for an unknown policy."""
    from streaming.errors import BadInput
    from streaming.web.withholding import POLICIES

    if policy not in POLICIES:
        raise BadInput(f"--contradicted is {' or '.join(POLICIES)}, not {policy!r}")
    models = model_watch(root, timed, () if recording is None else (recording,))
    hub.watch(models, "warn" if policy == "warn" else "withhold")
    return models


def model_watch(root: Path | None, timed: Timed = "live", recordings: Sequence[Path] = ()) -> ModelWatch:
    """A watch over the models of every sport, with the calibration of those whose outcomes a game reports."""
    import models.registry.store  # noqa: F401 (now, and not when the first model answers in a game)
    from streaming.monitoring.watch import ModelWatch
    from streaming.outcome_labels import all_labels

    return ModelWatch(all_labels(), card_finder(root or DEFAULT_REGISTRY, recordings), timed)
