"""``touchline doctor``: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import sys
from typing import Annotated

import typer

#: extra -> (modules that it brings, what it is for)
EXTRAS = {
    "train": (("xgboost", "sklearn"), "training models"),
    "providers": (("kloppy", "lxml"), "importing real games"),
    "analysis": (("duckdb", "pandas", "polars"), "looking into recordings"),
    "plots": (("matplotlib", "mplsoccer"), "plots"),
}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Say what is installed and reachable, and how to mend the rest.

    Example: touchline doctor
    """
    from simulators.worlds import worlds
    from streaming.cli.equipment import models_of, sport_named
    from streaming.errors import BadInput

    rows: list[tuple[str, bool, str, str]] = []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    rows.append(("Python 3.11", version == "3.11", version, "make setup PYTHON=/path/to/python3.11"))
    for name in worlds():
        try:
            models_of(sport_named(name))
            rows.append((f"models of {name}", True, "shipped artefacts load", ""))
        except BadInput as error:
            rows.append((f"models of {name}", False, str(error), f"touchline models list {name}"))
    for extra, (modules, purpose) in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        rows.append(
            (f"extra [{extra}]", not missing, purpose, f"pip install -c constraints.txt -e '.[{extra}]'")
        )
    browser = next((shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome") if shutil.which(n)), None)
    rows.append(("Chromium", browser is not None, "for the browser tests", "apt-get install chromium"))
    with socket.socket() as probe:
        busy = probe.connect_ex(("127.0.0.1", 8080)) == 0
    rows.append(("port 8080", not busy, "the pages' default port", "touchline demo --port 8081"))
    if as_json:
        print(json.dumps([dict(zip(("what", "ok", "about", "mend"), row)) for row in rows], indent=2))
        return
    for what, ok, about, mend in rows:
        print(f"{'ok     ' if ok else 'missing'}  {what:<20} {about}" + ("" if ok else f"\n         -> {mend}"))
