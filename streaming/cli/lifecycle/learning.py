"""`touchline models prepare` and `retrain`: what was on the air becomes a training table, and a table a new version."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streaming.cli.error_mapping import plain_errors
from streaming.cli.lifecycle.common import DEFAULT, By, Name, Registry

if TYPE_CHECKING:
    from models.training.labelled_predictions import LabelledPredictions

Recordings = Annotated[list[Path], typer.Argument(help="Folders of recordings.", metavar="REC...")]
Replay = Annotated[bool, typer.Option("--replay", help="Compute the features again, even if the recording holds predictions.")]


def prepare(
    name: Name,
    recordings: Recordings,
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="TABLE.parquet")],
    replay: Replay = False,
) -> None:
    """Write a training table from recorded games: the features exactly as they were on air, and the outcome as label.

    Example: touchline models prepare xgoals REC1 REC2 --out shots.parquet

    Where a recording holds predictions, their features are taken; otherwise the game is run again, which gives the same features to
    the bit.
    """
    with plain_errors():
        table = gathered(name, recordings, replay)
        table.write(out)
    labelled = int((table.label == table.label).sum())
    print(f"{len(table)} predictions of {name}, {labelled} with what came of them, from {len(recordings)} games in {out}")


def unsaid(name: str) -> str:
    """Why no recording says what came of what the model was asked; empty when one does."""
    from streaming.outcome_labels import label_of

    try:
        label_of(name)
    except ValueError as error:
        return str(error)
    return ""


def gathered(
    name: str, recordings: list[Path], replay: bool = False, labelled: bool = True, missing: Counter[str] | None = None
) -> LabelledPredictions:
    """Of all recordings, one after the other; ``ValueError`` when they are to be ``labelled`` and cannot be."""
    from models.specs import spec_of
    from models.training.labelled_predictions import joined
    from streaming.cli.progress import Progress

    spec_of(name)
    if labelled and (why := unsaid(name)):  # said before the work
        raise ValueError(why)
    parts: list[LabelledPredictions] = []
    with Progress(f"prepare {name}", len(recordings), "games") as progress:
        for path in recordings:
            parts.append(of_recording(name, path, replay, missing))
            progress.advance()
    games = [str(part.game[0]) for part in parts if len(part)]
    if twice := {game for game in games if games.count(game) > 1}:
        raise ValueError(f"two recordings of {sorted(twice)[0]} are given: its rows would count twice")
    return joined(parts)


def of_recording(name: str, path: Path, replay: bool = False, missing: Counter[str] | None = None) -> LabelledPredictions:
    """The predictions that it holds, or, without them, those of an operator that is given its records again; ``missing`` then
    counts the values that there are not, by reason."""
    from models.specs import sport_of
    from streaming.monitoring.labels import EventHistory
    from streaming.monitoring.prediction_join import join_outcomes, logged_by, logged_in
    from streaming.outcome_labels import label_of, unlabelled
    from streaming.recordings.reader import Recording

    recording = Recording(path)
    if recording.game.sport != sport_of(name):
        raise ValueError(f"{path} is a game of {recording.game.sport}; {name} is asked in {sport_of(name)}")
    said = [] if replay else logged_in(recording, name)
    if not said:
        from streaming.cli.lifecycle.pinning import pinned

        operator, records = pinned(recording, draw=False, provisional=False)
        for record in records:
            said += logged_by(operator.on_record(record), name)
        said += logged_by(operator.finish(), name)
        if missing is not None:
            stats = {stat.id for stat in operator.sport.stats if stat.model and stat.model.partition("/")[0] == name}
            missing.update({reason: n for stat, reason, n in operator.metrics.unavailable() if stat in stats})
    label = unlabelled() if unsaid(name) else label_of(name)
    return join_outcomes(name, said, EventHistory(recording.game, recording.read_events()), label)


def retrain(
    name: Name,
    source: Annotated[
        list[Path],
        typer.Option("--from", help="A table from touchline models prepare, or recordings; may be repeated.", metavar="PATH"),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the artefact; default: the model's name.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of folds and sampling.")] = 1,
    by: By = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit log.", metavar="TEXT")] = "retrained on what aired",
    registry: Registry = DEFAULT,
) -> None:
    """Train on recorded predictions and their outcomes, and register the new version as pending.

    Example: touchline models retrain xgoals --from shots.parquet --out xgoals-may
    """
    with plain_errors():
        from models.artefact import save
        from models.evaluation.evaluation import as_text
        from models.specs import spec_of
        from models.training.training import train
        from streaming.cli.lifecycle.common import enrol
        from streaming.cli.progress import Progress

        model = spec_of(name)
        table = lived_from(name, source).table()
        command = f"touchline models retrain {name} --from TABLE --seed {seed}"
        with Progress(f"train {name}", model.recipe.folds + 1, "fits") as progress:
            card, blob = train(model, model.recipe, table, seed=seed, command=command, tell=lambda _: progress.advance())
        folder = out or Path(name)
        card = save(folder, card, blob)
        version = enrol(registry, folder, by, why)
    held = as_text({"model": name, "version": card.version, "scores": card.metrics["held_out"]}).splitlines()[-1]
    print(f"{name} {card.version} in {folder}, {version.state} in {registry}: {held} on what was held out")


def lived_from(name: str, source: list[Path], labelled: bool = True, missing: Counter[str] | None = None) -> LabelledPredictions:
    """From tables and recordings alike; ``missing`` counts the values that replayed recordings do not have, by reason."""
    from models.training.labelled_predictions import joined, read_lived

    recordings = [path for path in source if path.is_dir()]
    parts = [read_lived(name, path) for path in source if not path.is_dir()]
    return joined([*parts, *([gathered(name, recordings, labelled=labelled, missing=missing)] if recordings else [])])


COMMANDS: Final = {"prepare": prepare, "retrain": retrain}
