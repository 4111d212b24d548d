"""`touchline models renew`: the card of an older artefact is brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from streaming.cli.error_mapping import plain_errors


def renew(
    model: Annotated[str, typer.Argument(help="Folder of an artefact, or the name of a shipped one.")],
    out: Annotated[Path, typer.Option(help="Folder of the artefact to write; it may be the same.")],
    fewer: Annotated[
        int | None, typer.Option("--games", min=5, help="Only the first games, this many; the card records it.")
    ] = None,
) -> None:
    """Add training profile and limits to the card of an older model. Trees, calibration and predictions stay; the version, a hash
    of card and trees, changes.

    Example: touchline models renew nfl-tackle --out nfl-tackle

    The games that the card names are simulated again, and must give the training table of the model.
    """
    with plain_errors():
        from models.artefact import load, model_file, save
        from models.specs import spec_of
        from models.training.training import renewed
        from streaming.cli.training_tables import simulated_table

        before = load(model)
        trained_on = before.card.trained_on
        games, seed = trained_on.get("games"), trained_on.get("first_seed")
        if not (isinstance(games, int) and isinstance(seed, int)):
            raise ValueError(f"{before.name} {before.version} was not trained on simulated games: train it again")
        blob = model_file(model).read_bytes()
        table = simulated_table(before.name, seed, min(fewer or games, games))
        card = save(out, renewed(spec_of(before.name), before.card, table), blob)
    print(f"{card.name} {card.version} in {out}: the trees of {before.version}, with profile and limits")


COMMANDS: Final = {"renew": renew}
