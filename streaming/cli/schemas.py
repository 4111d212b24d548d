"""``touchline schemas``: the wire, described for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def schemas(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to; created when missing.")] = Path("schemas"),
) -> None:
    """Write the JSON Schemas and the AsyncAPI 3 document.

    Example: touchline schemas --out schemas
    """
    from streaming.errors import BadInput
    from streaming.web import schemas as made

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, schema in made.json_schemas().items():
            (out / f"{name}.json").write_text(json.dumps(schema, indent=2) + "\n", "utf-8")
        (out / "asyncapi.json").write_text(json.dumps(made.asyncapi(), indent=2) + "\n", "utf-8")
    except OSError as error:
        raise BadInput(f"cannot write to {out}: {error.strerror}") from None
    print(f"{len(made.json_schemas())} schemas and asyncapi.json in {out}")
