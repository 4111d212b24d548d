"""`touchline models`: train, score, evaluate, list and explain models. Only this layer knows both the models and the worlds
that their training tables come from."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streaming.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from models.training import Table

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False,
    help="Train, score, evaluate, list and explain models.\n\nExample: touchline models explain xgoals",
)

_SHOTS, _FRAMES = "shots.parquet", "freeze_frames.parquet"
#: how far the seeds of an evaluation are from those of training
_FRESH_SEED: Final = 1_000_000

Source = Annotated[
    str, typer.Option("--data", help="simulated, or statsbomb:FOLDER with shots.parquet and freeze_frames.parquet")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="The model: xgoals, pass-completion, soccer-win-probability.")],
    source: Source = "simulated",
    out: Annotated[Path | None, typer.Option(help="Folder of the artefact; by default one named like the model.")] = None,
    games: Annotated[int | None, typer.Option(min=5, help="Simulated games to learn from.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the first simulated game, of folds and of sampling.")] = 1,
) -> None:
    """Train a model and write its artefact.

    Example: touchline models train xgoals --data statsbomb:shots --out my-xgoals
    """
    with _plain_errors():
        from models.artefact import save
        from models.known import known
        from models.training import train as fit
        from streaming.cli.progress import Progress

        model = known(name)
        folder = out or Path(name)
        table = _table(name, source, seed, games)
        recipe = model.recipe
        command = f"touchline models train {name} --data {source.split(':')[0]}"
        command += f" --games {table.source['games']} --seed {seed}" if source == "simulated" else f":FOLDER --seed {seed}"
        with Progress(f"train {name}", recipe.folds + 1, "fits") as progress:
            card, blob = fit(model, recipe, table, seed=seed, command=command, tell=lambda text: progress.advance())
        card = save(folder, card, blob)
    print(f"{name} {card.version} in {folder}: {_line(card.metrics['held_out'])} on held-out games")


@app.command()
def score(
    name: Annotated[str, typer.Argument(help="The model: xgoals.")],
    shots: Annotated[Path, typer.Option(help="Parquet file, one row per shot.")],
    frames: Annotated[Path, typer.Option(help="Parquet file, one row per visible player of a shot.")],
    out: Annotated[Path, typer.Option(help="Parquet file to write: shot_id, xgoals.")],
    model: Annotated[str | None, typer.Option(help="Folder of the artefact; by default the one that ships.")] = None,
) -> None:
    """Give every shot of a file its probability.

    Example: touchline models score xgoals --shots shots.parquet --frames frames.parquet --model my-xgoals --out xg.parquet
    """
    with _plain_errors():
        import numpy as np

        from models.artefact import load
        from models.statsbomb import load as load_shots
        from models.tables import write_table

        if name != "xgoals":
            raise ValueError(f"only xgoals can score a file of shots, not {name}")
        forest = load(model or name)
        if forest.name != name:
            raise ValueError(f"{model} is a model of {forest.name}, not of {name}")
        table = load_shots(shots, frames)
        probability = forest.predict(table.rows) if len(table.rows) else np.empty(0)
        write_table(out, {"shot_id": table.shot_id.tolist(), "xgoals": probability})
    print(f"{len(table.rows)} shots scored by {forest.name} {forest.version} into {out}")


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="The model: xgoals, pass-completion, soccer-win-probability.")],
    source: Source = "simulated",
    model: Annotated[str | None, typer.Option(help="Artefact to judge; on real shots else cross-validation.")] = None,
    games: Annotated[int | None, typer.Option(min=5, help="Simulated games to judge by.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the first simulated game, or of the folds.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a reliability plot (PNG).")] = None,
    as_json: Json = False,
) -> None:
    """Judge a model: on fresh simulated games against the true probabilities, or on real shots, whole matches held out,
    against the provider's own xG (penalties excluded).

    Example: touchline models evaluate xgoals --data statsbomb:shots --plot reliability.png
    """
    with _plain_errors():
        from models import evaluation

        if source == "simulated":
            first = _FRESH_SEED if seed is None else seed
            report = evaluation.on_simulated(model or name, _table(name, source, first, games, fresh=True))
        else:
            table = _table(name, source, seed or 0, games)
            report = evaluation.on_real(name, table, seed or 0, model, _tell)
        if plot is not None:
            from models.plots import reliability_plot

            reliability_plot(report, plot)
    print(json.dumps(report, indent=1) if as_json else evaluation.as_text(report))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The models that ship with the package.

    Example: touchline models list --json
    """
    with _plain_errors():
        from models.artefact import load, shipped

        cards = [load(name).card for name in shipped()]
    if as_json:
        rows = [{key: getattr(c, key) for key in ("name", "version", "title", "classes", "command", "metrics")} for c in cards]
        print(json.dumps(rows, indent=1))
        return
    for c in cards:
        print(f"{c.name}  {c.version}  {c.title}  ({len(c.features)} features; {_line(c.metrics['held_out'])})")


@app.command()
def explain(
    model: Annotated[str, typer.Argument(help="Folder of an artefact, or the name of one that ships.")],
    shots: Annotated[Path | None, typer.Option(help="Parquet file of shots, to explain one of them.")] = None,
    frames: Annotated[Path | None, typer.Option(help="Parquet file of their freeze frames.")] = None,
    shot: Annotated[str | None, typer.Option(help="Id of the shot to explain.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many features to name.")] = 5,
    as_json: Json = False,
) -> None:
    """What a model is made of; or, for one shot, what moved its probability.

    Example: touchline models explain xgoals --shots shots.parquet --frames frames.parquet --shot 9a9e2541
    """
    with _plain_errors():
        from models import evaluation
        from models.artefact import load

        forest = load(model)
        if shot is None:
            report = evaluation.describe(forest)
        else:
            if shots is None or frames is None:
                raise ValueError("to explain a shot, --shots and --frames are needed")
            from models.statsbomb import load as load_shots

            table = load_shots(shots, frames)
            found = [i for i, each in enumerate(table.shot_id.tolist()) if each.startswith(shot)]
            if len(found) != 1:
                raise ValueError(f"{len(found)} shots in {shots} have an id that begins with {shot!r}")
            report = evaluation.explain(forest, table.rows[found[0]], top) | {"shot_id": str(table.shot_id[found[0]])}
    print(json.dumps(report, indent=1) if as_json else evaluation.as_text(report))


def _table(name: str, source: str, seed: int, games: int | None, fresh: bool = False) -> Table:
    """The training or evaluation table that ``source`` names."""
    kind, _, folder = source.partition(":")
    if kind == "statsbomb" and folder:
        if name != "xgoals":
            raise ValueError(f"a file of shots can train xgoals, not {name}")
        from models.statsbomb import load, training_table

        return training_table(load(Path(folder) / _SHOTS, Path(folder) / _FRAMES))
    if source != "simulated":
        raise ValueError(f"--data is simulated or statsbomb:FOLDER, not {source}")
    from models.known import known, sport_of
    from streaming.cli.progress import Progress

    asked = known(name)
    count = games or (asked.fresh if fresh else asked.games)
    tables = importlib.import_module(f"streaming.cli.tables.{sport_of(name)}").TABLES
    with Progress("simulate", count, "games") as progress:
        table: Table = tables[name](seed, count, progress.advance)
    return table


def _line(scores: dict[str, Any]) -> str:
    words = {"log_loss": "log loss", "brier": "Brier", "auc": "AUC", "ece": "ECE"}
    return ", ".join(f"{words.get(name, name)} {value:.4f}" for name, value in scores.items())


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What the lower layers say in a ``ValueError``, or a library that is not installed, as an error of the command."""
    try:
        yield
    except ValueError as error:
        raise BadInput(str(error)) from error
    except ModuleNotFoundError as error:
        raise Unavailable(f"this needs {error.name}: pip install 'touchline[train,plots]'") from error
    except OSError as error:
        raise BadInput(str(error)) from error
