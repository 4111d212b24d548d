"""`touchline models`: train, score, evaluate, list and explain models; the life-cycle commands are in `streaming.cli.lifecycle`.
Only this layer knows both the models and the simulators that their training tables come from."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from streaming.cli.error_mapping import plain_errors as _plain_errors
from streaming.cli.gates import gate
from streaming.cli.lifecycle import add as add_life
from streaming.cli.lifecycle.common import DEFAULT_REGISTRY, By, Registry
from streaming.cli.training_tables import simulated_table

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train, score, evaluate, list and explain models; prepare, retrain, compare, approve, deploy and monitor them.\n\n"
    "Example: touchline models explain xgoals",
)

#: first seed of an evaluation, far from those of training
_FRESH_SEED: Final = 1_000_000
SIMULATED: Final = "simulated"

Source = Annotated[str, typer.Option("--data", help="simulated, or a folder of real data as docs/models.md describes it.")]
Name = Annotated[str, typer.Argument(help="Name of the model; touchline models list shows them.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


@app.command()
def train(
    name: Name,
    source: Source = "simulated",
    out: Annotated[Path | None, typer.Option(help="Folder of the artefact; default: the model's name.")] = None,
    games: Annotated[int | None, typer.Option(min=5, help="Number of simulated games to train on.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed: of the first simulated game, of folds, of sampling.")] = 1,
    trials: Annotated[int, typer.Option("--tune", min=0, help="Number of recipes to try first (optuna).")] = 0,
    by: By = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit log.", metavar="TEXT")] = "trained",
    registry: Registry = DEFAULT_REGISTRY,
) -> None:
    """Train a model, write its artefact, and register it as pending; it can then be compared, approved and deployed.

    Example: touchline models train xgoals --data shots --out my-xgoals
    """
    with _plain_errors():
        from models.artefact import save
        from models.specs import spec_of
        from models.training.training import train as fit
        from streaming.cli.lifecycle.common import register_artefact
        from streaming.cli.progress import Progress
        from streaming.cli.tuning import searched, with_search

        model = spec_of(name)
        folder = out or Path(name)
        command = f"touchline models train {name} --data {'simulated' if source == SIMULATED else 'FOLDER'}"
        real = None if source == SIMULATED else _reader(name, source)
        table = simulated_table(name, seed, games) if real is None else None
        tuned = None
        if trials:
            tuned = searched(model, table, real, _folder(source), trials, seed)
            command += f" --tune {trials}"
        with Progress(f"train {name}", model.recipe.folds + 1 if real is None else real.FITS, "fits") as progress:

            def on_progress(_: str) -> None:
                progress.advance()

            if table is not None:
                command += f" --games {table.source['games']} --seed {seed}"
                recipe = tuned.recipe if tuned else model.recipe
                card, blob = fit(model, recipe, table, seed=seed, command=command, on_progress=on_progress)
            else:
                assert real is not None
                options = {"recipe": tuned.recipe} if tuned else {}
                card, blob = real.train(_folder(source), seed, f"{command} --seed {seed}", on_progress, **options)
        card = with_search(card, tuned)
        card = save(folder, card, blob)
        state = register_artefact(registry, folder, by, why).state
    print(f"{name} {card.version} in {folder}, {state} in {registry}: {_line(card.metrics['held_out'])} on held-out games")


@app.command()
def score(
    name: Name,
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    shots: Annotated[Path | None, typer.Option(help="For xgoals: Parquet file, one row per shot.")] = None,
    frames: Annotated[Path | None, typer.Option(help="For xgoals: Parquet file, one row per visible player of a shot.")] = None,
    plays: Annotated[
        Path | None, typer.Option(help="For lead-probability: .csv, .csv.gz or .parquet, one row per attempt.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Folder of the artefact; default: the shipped one, trained on real games where there is one.")
    ] = None,
) -> None:
    """Score every row of a file of real data. The probability is null where there is none: a shot without a place, or outside of
    the range that the model was trained on.

    Example: touchline models score xgoals --shots shots.parquet --frames frames.parquet --out xg.parquet

    Shots without freeze frames: touchline models score xgoals --shots shots.parquet --out xg.parquet

    Steals: touchline models score lead-probability --plays steal_leads.csv.gz --model my-leads --out leads.parquet
    """
    with _plain_errors():
        from models.artefact import load
        from models.choice import default_model
        from models.recipes import reader_of
        from models.training.tables import write_table

        reader = reader_of(name)
        if not hasattr(reader, "score"):
            raise ValueError(f"{name} scores no files; touchline models evaluate {name} --data FOLDER evaluates it")
        given = {word: path for word, path in (("shots", shots), ("frames", frames), ("plays", plays)) if path is not None}
        optional = set(getattr(reader, "OPTIONAL", ()))
        if not set(reader.FILES) - optional <= set(given) <= set(reader.FILES):
            needed = " and ".join(f"--{word}" for word in reader.FILES if word not in optional)
            more = "".join(f", --{word} where there are any" for word in sorted(optional))
            raise ValueError(f"to score {name}, give {needed}{more}, and no other file")
        forest = load(model or default_model(name, "real"))
        if forest.name != name:
            raise ValueError(f"{model} is a model of {forest.name}, not of {name}")
        columns, what = reader.score(forest, given)
        what, _, without = what.partition("; ")
        write_table(out, columns)
    print(f"{what} scored by {forest.name} {forest.version} into {out}" + (f"; {without}" if without else ""))


@app.command()
def evaluate(
    name: Name,
    source: Source = "simulated",
    model: Annotated[
        str | None, typer.Option(help="Artefact to evaluate; default on real data: the recipe, with games held out.")
    ] = None,
    games: Annotated[int | None, typer.Option(min=5, help="Number of simulated games to evaluate on.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed: of the first simulated game, or of the folds.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a reliability plot (PNG).")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the report and plots of reliability, lift and groups.")] = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model: on fresh simulated games against the true probabilities, or on held-out real games.

    xgoals is evaluated on whole matches (penalties excluded), against the provider's own xG, with a part of the positions missing
    against a model made for that case, and without positions against a logistic regression; lead-probability on the last four
    months against a plain logistic regression.

    Example: touchline models evaluate xgoals --data shots --model xgoals@real --out xgoals-report
    """
    with _plain_errors():
        from models.evaluation import evaluation
        from streaming.cli.evaluation_reports import evaluated

        if source == SIMULATED:
            table = simulated_table(name, _FRESH_SEED if seed is None else seed, games, fresh=True)
            predictions = (evaluation.simulated_predictions(model or name, table),)
            report, main = evaluation.on_simulated(model or name, table), ""
        else:
            reader = _reader(name, source)
            main = getattr(reader, "MAIN", "")
            predictions = reader.predict_held_out(_folder(source), model, seed or 0, _print_status)
            report = reader.report(predictions)
        report, written = evaluated(predictions, report, out, main)
        for path in written:
            _print_status(f"wrote {path}")
        if plot is not None:
            from models.evaluation.plots import reliability_plot

            for each in predictions:
                reliability_plot(replace(each, reading="") if each.reading == main else each, plot)
    print(json.dumps(report, indent=1) if as_json else evaluation.as_text(report))


@app.command("list")
def list_(registry: Registry = DEFAULT_REGISTRY, as_json: Json = False) -> None:
    """List the models that ship with the package, and the versions in the registry: pending, approved or deployed.

    Example: touchline models list --json
    """
    with _plain_errors():
        from models.artefact import load, shipped
        from models.evaluation.evaluation import limits_of
        from models.home import ORIGINS
        from streaming.cli.lifecycle.common import versions_by_model

        cards = [load(f"{name}@{origin}").card for origin in ORIGINS for name in shipped(origin)]
        registered = versions_by_model(registry)
    if as_json:
        rows = [{key: getattr(c, key) for key in ("name", "version", "title", "classes", "command", "metrics")} for c in cards]
        listed = zip(rows, cards, strict=True)
        print(json.dumps([{**row, "limits": limits_of(c), "registry": registered.get(c.name, [])} for row, c in listed], indent=1))
        return
    for c in cards:
        data = c.trained_on.get("source", "unknown data")
        print(f"{c.name}  {c.version}  {c.title}  (trained on {data}; {len(c.features)} features; {_line(c.metrics['held_out'])})")
        print(f"    limits: {limits_of(c)}")
        for v in registered.get(c.name, []):
            print(f"    {v['version']}  {v['state']:9s} {v['deed']} {v['at'] or 'from the beginning'} by {v['by']}: {v['why']}")


@app.command()
def explain(
    model: Annotated[str, typer.Argument(help="Folder of an artefact, or the name of a shipped one.")],
    shots: Annotated[Path | None, typer.Option(help="Parquet file of shots, to explain one of them.")] = None,
    frames: Annotated[Path | None, typer.Option(help="Parquet file of the freeze frames.")] = None,
    shot: Annotated[str | None, typer.Option(help="Id of the shot to explain.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Number of features to print.")] = 5,
    source: Annotated[str | None, typer.Option("--data", help="simulated or a folder: explain the whole model.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the report and plots of importance and groups.")] = None,
    games: Annotated[int | None, typer.Option(min=5, help="Number of simulated games to explain it on.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed: of the first simulated game, or of the folds.")] = None,
    as_json: Json = False,
) -> None:
    """Explain a model: its features and limits; for one shot, the features that moved its probability most; with --data, the
    importance and effect of each feature, and calibration and error of every group, with a warning where a group is worse than the
    whole.

    A name with a folder of real data explains the recipe with whole games held out; a model folder is explained itself.

    Example: touchline models explain xgoals --data shots --out explained

    One shot: touchline models explain xgoals --shots shots.parquet --frames frames.parquet --shot 9a9e2541
    """
    with _plain_errors():
        from models.artefact import load
        from models.evaluation import evaluation

        if out is not None and source is None:
            raise ValueError("--out needs --data: simulated, or a folder of real data")
        if source is not None:
            report, text = _explained(model, source, out, games, seed)
            print(json.dumps(report, indent=1) if as_json else text)
            return
        forest = load(model)
        if shot is None:
            report = evaluation.describe(forest)
        else:
            if shots is None or frames is None:
                raise ValueError("to explain a shot, --shots and --frames are needed")
            from models.data.statsbomb_shots import load as load_shots

            table = load_shots(shots, frames)
            found = [i for i, each in enumerate(table.shot_id.tolist()) if each.startswith(shot)]
            if len(found) != 1:
                raise ValueError(f"{len(found)} shots in {shots} have an id that begins with {shot!r}")
            report = evaluation.explain(forest, table.rows[found[0]], top) | {"shot_id": str(table.shot_id[found[0]])}
    print(json.dumps(report, indent=1) if as_json else evaluation.as_text(report))


def _explained(model: str, source: str, out: Path | None, games: int | None, seed: int | None) -> tuple[dict[str, Any], str]:
    """The explanation of a model as a whole, and its text; written files are listed on stderr."""
    from models.artefact import load
    from models.evaluation import evaluation
    from models.specs import SPECS
    from streaming.cli.evaluation_reports import explained

    name = model if model in SPECS and not Path(model).is_dir() else load(model).name
    if source == SIMULATED:
        table = simulated_table(name, _FRESH_SEED if seed is None else seed, games, fresh=True)
        predictions = (evaluation.simulated_predictions(model, table),)
    else:
        reader = _reader(name, source)
        predictions = reader.predict_held_out(_folder(source), None if name == model else model, seed or 0, _print_status)
        wanted = getattr(reader, "EXPLAINED", tuple(each.reading for each in predictions))
        predictions = tuple(each for each in predictions if each.reading in wanted)
        if len(predictions) == 1:
            predictions = (replace(predictions[0], reading=""),)
    report, text, written = explained(predictions, out)
    for path in written:
        _print_status(f"wrote {path}")
    return report, text


def _folder(source: str) -> Path:
    """The folder that ``--data`` names; earlier versions required the prefix ``statsbomb:``, which is still accepted."""
    return Path(source.removeprefix("statsbomb:"))


def _reader(name: str, source: str) -> Any:
    """The recipe module of a model; ``ValueError`` when there is none, or no such folder."""
    from models.recipes import reader_of

    reader = reader_of(name)
    if not _folder(source).is_dir():
        raise ValueError(f"--data is simulated or a folder; there is no folder {_folder(source)}")
    return reader


def _line(scores: dict[str, Any]) -> str:
    words = {"log_loss": "log loss", "brier": "Brier", "auc": "AUC", "ece": "ECE"}
    return ", ".join(f"{words.get(name, name)} {value:.4f}" for name, value in scores.items())


def _print_status(text: str) -> None:
    print(text, file=sys.stderr)


app.command()(gate)
add_life(app)
