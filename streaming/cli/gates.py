"""`touchline models gate`: the gate that decides whether a model of simulated games may predict in real ones, measured on real
outcomes and stored on the card."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from streaming.cli.error_mapping import plain_errors

_HOW: Final = "Folder of real data as docs/models.md describes it."


def gate(
    name: Annotated[str, typer.Argument(help="Name of the model; touchline models list shows them.")],
    source: Annotated[str, typer.Option("--data", help=_HOW)],
    model: Annotated[str | None, typer.Option(help="Folder of the artefact; default: NAME@simulated.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the result on the artefact's card.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Test a model on real outcomes of games that it was not trained on: it must beat the base rate and a simple logistic
    regression, and be calibrated. Of several readings the narrowest counts. Without --write the card stays as it is.

    Example: touchline models gate lead-probability --data mlb_stolen_bases
    """
    with plain_errors():
        import msgspec

        from models.artefact import load, model_file, save
        from models.gate import Gate, narrowest
        from models.recipes import reader_of

        reader = reader_of(name)
        folder = Path(source)
        if not folder.is_dir():
            raise ValueError(f"--data is a folder of real data; there is no folder {source}")
        source_model = model or f"{name}@simulated"
        forest = load(source_model)
        if forest.card.home is None:
            raise ValueError(f"the card of {source_model} does not state for which rows the model is valid: train it again")
        predictions = reader.predict_held_out(folder, source_model, 0, lambda text: print(text, file=sys.stderr))
        readings: dict[str, Gate] = {each.reading: measured(each) for each in predictions}
        found = narrowest(list(readings.values()))
        version = forest.version
        if write:
            path = model_file(source_model)
            home = msgspec.structs.replace(forest.card.home, gate=found)
            version = save(path.parent, msgspec.structs.replace(forest.card, home=home), path.read_bytes()).version
    if as_json:
        rows = {reading: msgspec.to_builtins(each) | {"passed": each.passed} for reading, each in readings.items()}
        result = {"model": name, "version": version, "passed": found.passed, "reason": found.reason, "readings": rows}
        print(json.dumps(result, indent=1))
        return
    for reading, each in readings.items():
        print(
            f"{reading or name}: log loss {each.log_loss:.4f}, base rate {each.base_rate_log_loss:.4f}, logistic "
            f"{each.logistic_log_loss:.4f} (ours minus it, 95 %: {each.low:+.4f} to {each.high:+.4f}), ECE {each.ece:.3f}, "
            f"{each.rows} rows of {each.games} games"
        )
    print(f"{source_model} {version}: " + ("passed" if found.passed else f"off in real games: {found.reason}"))


def measured(predictions: Any) -> Any:
    """The ``Gate`` of an evaluation set; its reference is the logistic regression, where it has one."""
    from models.gate import gate as measure

    logistic = predictions.reference if predictions.versus == "logistic" else None
    data = str(predictions.facts.get("source", f"real outcomes of {predictions.model}"))
    return measure(data, predictions.rows, predictions.label, predictions.probability, predictions.game, logistic)
