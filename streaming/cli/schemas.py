"""``touchline schemas``: the wire, described for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def schemas(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to; created when missing.")] = Path("schemas"),
) -> None:
    """Write the JSON Schemas, the AsyncAPI 3 document, and the OpenAPI 3.1 documents of the gateway and the model endpoint.

    Example: touchline schemas --out schemas
    """
    from models.serving.openapi import endpoint_document
    from streaming.errors import BadInput
    from streaming.web import schemas as made
    from streaming.web.gateway import application
    from streaming.web.hub import Hub
    from streaming.web.openapi import gateway_document

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, schema in made.json_schemas().items():
            (out / f"{name}.json").write_text(json.dumps(schema, indent=2) + "\n", "utf-8")
        documents = {
            "asyncapi.json": made.asyncapi(),
            "openapi.json": gateway_document(application(Hub()).routes),
            "openapi-endpoint.json": endpoint_document(),
        }
        for file, document in documents.items():
            (out / file).write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise BadInput(f"cannot write to {out}: {error.strerror}") from None
    print(f"{len(made.json_schemas())} schemas and {', '.join(documents)} in {out}")
