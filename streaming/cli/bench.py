"""``touchline bench``: the hot paths, each beside a floor measured in the same run."""

from __future__ import annotations

import importlib
import json
from typing import Annotated, Any, Final

import typer

#: name -> (module, function); a function returns a dict with at least "what", "figures", "target" and "floor"
BENCHES: Final = {
    "codec": ("streaming.cli.benches", "codec"),
    "window": ("streaming.cli.benches", "window"),
    "websocket": ("streaming.cli.benches", "websocket"),
    "replay": ("streaming.cli.benches", "replay"),
    "kinematics": ("streaming.cli.benches", "kinematics"),
    "xgoals": ("streaming.cli.benches", "xgoals"),
    "attribution": ("streaming.cli.benches", "attribution"),
    "start": ("streaming.cli.benches", "start"),
}


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"Some of: {', '.join(BENCHES)}; all when none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Measure the hot paths beside their floors: figures of one machine at one moment, so look at the ratios.

    Example: touchline bench window replay
    """
    from streaming.errors import BadInput

    unknown = [name for name in names or [] if name not in BENCHES]
    if unknown:
        raise BadInput(f"no benchmark {unknown[0]!r}: there are {', '.join(BENCHES)}")
    results = []
    for name in names or BENCHES:
        module, function = BENCHES[name]
        result: dict[str, Any] = {"name": name, **getattr(importlib.import_module(module), function)()}
        results.append(result)
        if not as_json:
            print(f"{name}: {result['what']}")
            for part in ("figures", "floor"):
                text = ", ".join(f"{key} {value:,}" for key, value in result[part].items())
                print(f"  {part:<8} {text}")
            print(f"  target   {result['target']}", flush=True)
    if as_json:
        print(json.dumps(results, indent=2))
