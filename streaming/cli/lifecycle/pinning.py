"""A replay with the model versions of the recording, each from the record at which it was deployed."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from models.artefact import ForestModel
from models.base import Model
from streaming.errors import BadInput
from streaming.operator.game import GameOperator
from streaming.operator.provenance import origin_of
from streaming.recordings.model_copies import ModelVersion, copy_of
from streaming.recordings.reader import Recording
from streaming.wire.records import Event, Telemetry


def pin_models(
    recording: Recording, records: Iterable[Telemetry | Event] | None = None, registry: Path | None = None, **options: Any
) -> tuple[GameOperator, Iterable[Any]]:
    """An operator, and the records for it. Versions are loaded from the recording's own copies, the package or the registry;
    ``BadInput`` when one is in none of them. A recording that names no versions gets the shipped models; where it was recorded
    from a feed that operators elsewhere answered, a line on stderr says so. Models that were selected by name when it was made
    are selected again. Where another model predicted then and is off now, a line on stderr names it and the option that selects
    it."""
    from models.warm_up import ready
    from streaming.factory import explained_by, models_of, sport_named, with_views
    from streaming.operator.inference.reload import Pinned

    sport = sport_named(recording.game.sport)
    records = recording.records() if records is None else records
    first, later, predicted = _versions(recording)
    requested = recording.contents.requested
    for name, version in requested.items():
        if name not in first or first[name].version != version:
            first[name] = ModelVersion(name, version)
    shipped, explained = models_of(sport, origin=origin_of(recording.game)), explained_by(sport)
    if recording.contents.aired and not first:
        _say(
            f"{recording.path} does not name the models that answered this feed: those that ship answer now, "
            "or name others (--model)"
        )
    missing = sorted({name for name in shipped if "/" not in name} - set(first)) if recording.contents.models else []
    if missing:
        _say(f"{recording.path} was recorded without {', '.join(missing)}: what ships answers for them")
    root = registry or Path(os.environ.get("TOUCHLINE_REGISTRY") or "model-registry")

    def of(wanted: ModelVersion) -> Model:
        own = shipped.get(wanted.model)
        if isinstance(own, ForestModel) and _is(own, wanted):
            return own
        return ready(find_version(wanted, root, recording), explained=wanted.model in explained)

    plain = {name: model for name, model in shipped.items() if "/" not in name}
    plain |= {name: of(wanted) for name, wanted in first.items() if name in shipped}
    changes = []
    now = dict(plain)
    for after_us, wanted in later:
        now = {**now, wanted.model: of(wanted)}
        changes.append((after_us, with_views(sport, now)))
    pins = Pinned(with_views(sport, plain), changes)
    _report_off(recording, plain, predicted, requested)
    return GameOperator(sport, recording.game, deployed=pins, requested=requested, **options), pins.stream(records)


def find_version(wanted: ModelVersion, root: Path, recording: Recording | None = None) -> Model:
    """The artefact of this version and digest: the recording's own copy, or that of the package or of the registry at ``root``;
    ``BadInput`` with its name when it is in none of them."""
    from models.artefact import load
    from models.choice import packaged_version
    from models.registry.store import Store
    from models.unavailable import UNAVAILABLE, UnavailableModel

    name, version, digest = wanted.model, wanted.version, wanted.digest
    if digest.startswith(UNAVAILABLE):
        return UnavailableModel(name, version, digest.removeprefix(UNAVAILABLE))
    whose = "a prediction" if recording is None else str(recording.path)
    reason = ""
    if recording is not None and digest and (copy := copy_of(recording.path, name, digest)).is_dir():
        try:
            model = load(copy)
            if _is(model, wanted):
                return model
            reason = f"; its own copy is {model.name} {model.digest}"
        except (ValueError, OSError) as error:
            reason = f"; its own copy cannot be used: {error}"
    if (own := packaged_version(name, version, digest)) is not None:
        return own
    store = Store(root)
    try:
        model = store.load(name, digest or version)
        if _is(model, wanted):
            return model
    except (ValueError, OSError) as error:
        if root.is_dir() and any(v.version.startswith(version) for v in _known(store, name)):
            reason += f"; in the registry: {error}"
    raise BadInput(
        f"{whose} was made with {name} {version}, which neither ships nor is in the registry {root}: "
        f"pass its registry (--registry DIR), or other models (--model){reason}" + (f"; its digest is {digest}" if digest else "")
    )


def _known(store: Any, name: str) -> list[Any]:
    try:
        found: list[Any] = store.versions(name)
    except (ValueError, OSError):
        return []
    return found


def _is(model: ForestModel, wanted: ModelVersion) -> bool:
    """Whether it is this artefact; without a whole digest the digits that there are decide."""
    whole = wanted.digest or wanted.version
    return model.name == wanted.model and (model.digest == whole if wanted.digest else model.digest.startswith(whole))


def _report_off(recording: Recording, models: Mapping[str, Model], predicted: Container[str], requested: Container[str]) -> None:
    """Print a line for every model that predicted when the game was recorded and is off now."""
    from models.guard import guard_of, trained_on

    for name, model in sorted(models.items()):
        off = guard_of(model, origin_of(recording.game)).off
        if off and name in predicted and name not in requested and "/" not in name:
            ask = f"--model {name}@simulated" if trained_on(model) == "simulated" else f"--model {name}"
            _say(
                f"{recording.path}: {name} {model.version} predicted when this was recorded and is off now ({off}); {ask} "
                "selects it by name"
            )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _versions(recording: Recording) -> tuple[dict[str, ModelVersion], list[tuple[int, ModelVersion]], set[str]]:
    """The first version of every model, the later ones as (after_us, version) in order, and the models that predicted; ``BadInput``
    where several versions of a model predicted and nothing shows where they changed."""
    first: dict[str, ModelVersion] = {}
    later: list[tuple[int, ModelVersion]] = []
    for row in recording.read("switches"):
        wanted = ModelVersion(row["model"], row["version"], row.get("digest") or "")
        if row["before"]:
            later.append((row["after_us"], wanted))
        else:
            first[row["model"]] = wanted
    by_answer: dict[str, set[str]] = {}
    for row in recording.read("predictions", ("model", "version")):
        by_answer.setdefault(row["model"].partition("/")[0], set()).add(row["version"])
    for name, versions in by_answer.items():
        if name in first:
            continue
        # models on an endpoint, and all of recordings of earlier programs, are named by their predictions only
        if len(versions) > 1:
            raise BadInput(
                f"{recording.path}: {name} answered in {' and '.join(sorted(versions))}, and where it changed was not recorded: "
                f"name one (--model)"
            )
        first[name] = ModelVersion(name, *versions)
    return first, sorted(later, key=lambda change: change[0]), set(by_answer)
