"""``touchline ograf``: every graphic as a folder that an OGraf renderer takes in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ograf(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to; created when missing.")] = Path("ograf"),
    gateway: Annotated[
        str,
        typer.Option("--gateway", metavar="URL", help="Address of touchline serve or touchline demo, as the renderer reaches it."),
    ] = "http://127.0.0.1:8080",
) -> None:
    """Write every graphic as an OGraf graphic (EBU, version 1): a manifest and a web component each.

    Example: touchline ograf --out ograf --gateway http://10.0.0.5:8080
    """
    from urllib.parse import urlsplit

    from streaming.errors import BadInput
    from streaming.web.ograf import files

    try:
        parts = urlsplit(gateway)
        good = parts.scheme in ("http", "https") and bool(parts.netloc)
    except ValueError:
        good = False
    if not good:
        raise BadInput(f"--gateway {gateway} is not an address like http://127.0.0.1:8080")
    gateway = gateway.rstrip("/")
    found = files(gateway)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in found.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise BadInput(f"cannot write to {out}: {error.strerror}") from None
    print(f"{sum(name.endswith('.ograf.json') for name in found)} graphics with data from {gateway} in {out}")
