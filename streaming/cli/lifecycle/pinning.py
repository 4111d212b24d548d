"""A replay with the model versions of the recording, each from the record at which it was deployed."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from models.base import Model
from streaming.errors import BadInput
from streaming.operator.game import GameOperator
from streaming.operator.provenance import origin_of
from streaming.recordings.reader import Recording
from streaming.wire.records import Event, Telemetry


def pin_models(
    recording: Recording, records: Iterable[Telemetry | Event] | None = None, registry: Path | None = None, **options: Any
) -> tuple[GameOperator, Iterable[Any]]:
    """An operator, and the records for it. Versions are loaded from the package or the registry; ``BadInput`` when one is in
    neither. A recording without versions gets the shipped models. Models that were selected by name when it was made are selected
    again. Where another model predicted then and is off now, a line on stderr names it and the option that selects it."""
    from models.choice import packaged_versions
    from models.warm_up import ready
    from streaming.factory import explained_by, models_of, sport_named, with_views
    from streaming.operator.inference.reload import Pinned

    sport = sport_named(recording.game.sport)
    records = recording.records() if records is None else records
    first, later = _versions(recording)
    requested = recording.contents.requested
    first |= requested
    shipped, explained = models_of(sport, origin=origin_of(recording.game)), explained_by(sport)
    if all(name in shipped and shipped[name].version == version for name, version in first.items()) and not later:
        _report_off(recording, shipped, first, requested)
        return GameOperator(sport, recording.game, shipped, requested=requested, **options), records
    root = registry or Path(os.environ.get("TOUCHLINE_REGISTRY") or "model-registry")

    def of(name: str, version: str) -> Model:
        return ready(packaged_versions(name).get(version) or _kept(root, name, version, recording), explained=name in explained)

    def views(models: Mapping[str, Model]) -> dict[str, Any]:
        return with_views(sport, models)

    plain = {name: model for name, model in shipped.items() if "/" not in name}
    plain |= {name: of(name, version) for name, version in first.items() if name in shipped}
    changes = []
    now = dict(plain)
    for after_us, name, version in later:
        now = {**now, name: of(name, version)}
        changes.append((after_us, views(now)))
    pins = Pinned(views(plain), changes)
    _report_off(recording, plain, first, requested)
    return GameOperator(sport, recording.game, deployed=pins, requested=requested, **options), pins.stream(records)


def _report_off(recording: Recording, models: Mapping[str, Model], recorded: Container[str], requested: Container[str]) -> None:
    """Print a line for every model that predicted when the game was recorded and is off now."""
    from models.guard import guard_of, trained_on

    for name, model in sorted(models.items()):
        off = guard_of(model, origin_of(recording.game)).off
        if off and name in recorded and name not in requested and "/" not in name:
            ask = f"--model {name}@simulated" if trained_on(model) == "simulated" else f"--model {name}"
            print(
                f"{recording.path}: {name} {model.version} predicted when this was recorded and is off now ({off}); {ask} "
                "selects it by name",
                file=sys.stderr,
                flush=True,
            )


def _versions(recording: Recording) -> tuple[dict[str, str], list[tuple[int, str, str]]]:
    """The first version of every model, and the later ones: (after_us, model, version) in order."""
    first: dict[str, str] = {}
    later: list[tuple[int, str, str]] = []
    for row in recording.read("switches"):
        if row["before"]:
            later.append((row["after_us"], row["model"], row["version"]))
        else:
            first[row["model"]] = row["version"]
    if not first:  # models that were never switched are named by their predictions only
        for row in recording.read("predictions"):
            first.setdefault(row["model"].partition("/")[0], row["version"])
    return first, sorted(later)


def _kept(root: Path, name: str, version: str, recording: Recording) -> Model:
    from models.registry.store import Store

    try:
        return Store(root).load(name, version)
    except ValueError:
        raise BadInput(
            f"{recording.path} was made with {name} {version}, which neither ships nor is in the registry {root}: "
            f"pass its registry (--registry DIR), or other models (--model)"
        ) from None
