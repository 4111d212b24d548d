"""`touchline models prepare` and `retrain`: recorded predictions become a training table, and a table a new version."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streaming.cli.error_mapping import plain_errors
from streaming.cli.lifecycle.common import DEFAULT_REGISTRY, By, Name, Registry

if TYPE_CHECKING:
    from models.training.labelled_predictions import LabelledPredictions

Recordings = Annotated[list[Path], typer.Argument(help="Folders of recordings.", metavar="REC...")]
Replay = Annotated[bool, typer.Option("--replay", help="Compute the features again, also where the recording holds predictions.")]


def prepare(
    name: Name,
    recordings: Recordings,
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="TABLE.parquet")],
    replay: Replay = False,
    registry: Registry = DEFAULT_REGISTRY,
) -> None:
    """Write a training table from recorded games: the features exactly as they were on air, and the outcome as label.

    Example: touchline models prepare xgoals REC1 REC2 --out shots.parquet

    Where a recording holds predictions, their features are taken; otherwise the game is replayed, which gives the same features to
    the bit. A replay uses the versions that the recording names: its own copies, those of the package or those of the registry.
    """
    with plain_errors():
        table = gather_predictions(name, recordings, replay, registry=registry)
        table.write(out)
    labelled = int((table.label == table.label).sum())
    print(f"{len(table)} predictions of {name}, {labelled} of them labelled, from {len(recordings)} games in {out}")


def no_label_reason(name: str) -> str:
    """Why recordings hold no labels for the model; empty when they do."""
    from streaming.outcome_labels import label_of

    try:
        label_of(name)
    except ValueError as error:
        return str(error)
    return ""


def gather_predictions(
    name: str,
    recordings: list[Path],
    replay: bool = False,
    labelled: bool = True,
    missing: Counter[str] | None = None,
    registry: Path | None = None,
) -> LabelledPredictions:
    """The predictions of all recordings, in order; ``ValueError`` when they must be ``labelled`` and the model has no labels, and
    where a recording is played again and a version that it names is not to be had."""
    from models.specs import spec_of
    from models.training.labelled_predictions import concatenate
    from streaming.cli.progress import Progress

    spec_of(name)
    if labelled and (why := no_label_reason(name)):  # before the work
        raise ValueError(why)
    parts: list[LabelledPredictions] = []
    with Progress(f"prepare {name}", len(recordings), "games") as progress:
        for path in recordings:
            parts.append(predictions_of(name, path, replay, missing, registry))
            progress.advance()
    games = [str(part.game[0]) for part in parts if len(part)]
    if twice := {game for game in games if games.count(game) > 1}:
        raise ValueError(f"two recordings of {sorted(twice)[0]} are given: its rows would count twice")
    return concatenate(parts)


def predictions_of(
    name: str, path: Path, replay: bool = False, missing: Counter[str] | None = None, registry: Path | None = None
) -> LabelledPredictions:
    """The predictions in a recording; where it has none, those of an operator that replays its records, without the times that it
    takes. ``missing`` then counts the missing values by reason."""
    from models.specs import sport_of
    from streaming.monitoring.labels import EventHistory
    from streaming.monitoring.prediction_join import join_outcomes, logged_by, logged_in, untimed
    from streaming.outcome_labels import label_of, unlabelled
    from streaming.recordings.reader import Recording

    recording = Recording(path)
    if recording.game.sport != sport_of(name):
        raise ValueError(f"{path} is a game of {recording.game.sport}; {name} is a model of {sport_of(name)}")
    logged = [] if replay else logged_in(recording, name)
    if not logged:
        from streaming.cli.lifecycle.pinning import pin_models

        operator, records = pin_models(recording, registry=registry, draw=False, provisional=False)
        for record in records:
            logged += logged_by(operator.on_record(record), name)
        logged = untimed([*logged, *logged_by(operator.finish(), name)])
        if missing is not None:
            stats = {stat.id for stat in operator.sport.stats if stat.model and stat.model.partition("/")[0] == name}
            missing.update({reason: n for stat, reason, n in operator.metrics.unavailable() if stat in stats})
    label = unlabelled() if no_label_reason(name) else label_of(name)
    return join_outcomes(name, logged, EventHistory(recording.game, recording.read_events()), label)


def retrain(
    name: Name,
    source: Annotated[
        list[Path],
        typer.Option("--from", help="A table from touchline models prepare, or recordings; may be repeated.", metavar="PATH"),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the artefact; default: the model's name.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of folds and sampling.")] = 1,
    by: By = "",
    why: Annotated[
        str, typer.Option("--why", help="The reason, for the audit log.", metavar="TEXT")
    ] = "retrained on recorded predictions",
    registry: Registry = DEFAULT_REGISTRY,
) -> None:
    """Train on recorded predictions and their outcomes, and register the new version as pending.

    Example: touchline models retrain xgoals --from shots.parquet --out xgoals-may
    """
    with plain_errors():
        from models.artefact import save
        from models.evaluation.evaluation import as_text
        from models.specs import spec_of
        from models.training.training import train
        from streaming.cli.lifecycle.common import register_artefact
        from streaming.cli.progress import Progress

        model = spec_of(name)
        table = labelled_from(name, source, registry=registry).table()
        command = f"touchline models retrain {name} --from TABLE --seed {seed}"
        with Progress(f"train {name}", model.recipe.folds + 1, "fits") as progress:
            card, blob = train(model, model.recipe, table, seed=seed, command=command, on_progress=lambda _: progress.advance())
        folder = out or Path(name)
        card = save(folder, card, blob)
        version = register_artefact(registry, folder, by, why)
    held = as_text({"model": name, "version": card.version, "scores": card.metrics["held_out"]}).splitlines()[-1]
    print(f"{name} {card.version} in {folder}, {version.state} in {registry}: {held} on held-out games")


def labelled_from(
    name: str,
    source: list[Path],
    labelled: bool = True,
    missing: Counter[str] | None = None,
    registry: Path | None = None,
) -> LabelledPredictions:
    """Labelled predictions of tables and recordings; ``missing`` counts the missing values of replayed recordings by reason."""
    from models.training.labelled_predictions import concatenate, read_labelled

    recordings = [path for path in source if path.is_dir()]
    parts = [read_labelled(name, path) for path in source if not path.is_dir()]
    if recordings:
        parts.append(gather_predictions(name, recordings, labelled=labelled, missing=missing, registry=registry))
    return concatenate(parts)


COMMANDS: Final = {"prepare": prepare, "retrain": retrain}
