"""touchline marginals: figures of simulated games beside those of real ones, each within a fifth or explained."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from models.marginals import NEAR, SPORTS, Figures, figures, kept_figures, real_figures
from streaming.errors import BadInput

#: the first game of every table
SEED: Final = 1
_TITLES: Final = {"soccer": "Soccer", "nfl": "American football", "mlb": "Baseball", "f1": "Formula 1"}


@dataclass(frozen=True)
class Row:
    """A marginal: its figures and why the simulated one is off, "" where it is near."""

    marginal: str
    simulated: float
    real: float
    near: bool
    why: str


def marginals(
    sports: Annotated[list[str] | None, typer.Argument(help="Which sports: all when left out.", metavar="SPORT...")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Work the real figures out anew from the tables in this folder.", metavar="FOLDER"),
    ] = None,
    games: Annotated[int | None, typer.Option(help="Simulated games; else as many as the sport's table has.", min=1)] = None,
    keep: Annotated[Path | None, typer.Option(help="With --data: write the real figures to this file.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The rows as JSON.")] = False,
) -> None:
    """Compare simulated games with real ones: a table (Markdown) of how often things happen and how large they are.

    Example: touchline marginals nfl --data data

    The games have the seeds 1, 2, ... A figure that is not within 20 % of the real one has a sentence with the reason.
    """
    if keep is not None and data is None:
        raise BadInput("--keep needs --data FOLDER: the real figures that are kept are worked out from its tables")
    chosen = sports or list(SPORTS)
    for sport in chosen:
        if sport not in SPORTS:
            raise BadInput(f"there are no marginals of {sport!r}: there are those of {', '.join(SPORTS)}")
    real: dict[str, Figures] = {}
    for sport in chosen:
        try:
            real[sport] = kept_figures(sport) if data is None else real_figures(sport, data)
        except ValueError as error:
            raise BadInput(str(error)) from None
    if keep is not None:
        known = json.loads(keep.read_text("utf-8")) if keep.is_file() else {}
        keep.write_text(json.dumps(known | real, indent=1) + "\n", "utf-8")
    tables = {sport: rows(sport, real[sport], games) for sport in chosen}
    if as_json:
        print(json.dumps({sport: [asdict(row) for row in table] for sport, table in tables.items()}, indent=1))
        return
    print("\n\n".join(as_markdown(sport, table, games) for sport, table in tables.items()))


def rows(sport: str, real: Figures, games: int | None = None) -> list[Row]:
    """The table of ``sport``: simulated games (so many, else the sport's own number) beside the figures of ``real`` ones."""
    played = importlib.import_module(f"simulators.{sport}.marginals")
    simulated = figures(sport, played.facts(SEED, games or played.GAMES))
    found = []
    for name, value in simulated.items():
        near = abs(value - real[name]) <= NEAR * abs(real[name])
        found.append(Row(name, value, real[name], near, "" if near else played.EXPLAINED.get(name, "")))
    return found


def as_markdown(sport: str, table: list[Row], games: int | None = None) -> str:
    """The table under its title."""
    count = games or importlib.import_module(f"simulators.{sport}.marginals").GAMES
    near = sum(row.near for row in table)
    lines = [
        f"### {_TITLES[sport]}",
        "",
        f"{count} simulated games; {near} of {len(table)} figures within 20 %.",
        "",
        "| marginal | simulated | real | ratio | within 20 %, or why not |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in table:
        ratio = f"{row.simulated / row.real:.2f}" if row.real else ""
        lines.append(f"| {row.marginal} | {_figure(row.simulated)} | {_figure(row.real)} | {ratio} | {_verdict(row)} |")
    return "\n".join(lines)


def _verdict(row: Row) -> str:
    return "yes" if row.near else row.why or "not explained"


def _figure(value: float) -> str:
    if value != value:
        return "none"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
