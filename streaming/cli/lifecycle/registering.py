"""`touchline models approve`, `deploy` and `history`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from streaming.cli.error_mapping import plain_errors
from streaming.cli.lifecycle.common import DEFAULT_REGISTRY, By, Json, Name, Registry, mirror_in_mlflow, registry_at, user_name

Which = Annotated[str, typer.Argument(help="The version, its first letters, deployed or shipped.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log.", metavar="TEXT")]


def register(
    folder: Annotated[Path, typer.Argument(help="Folder of an artefact.")],
    by: By = "",
    why: Why = "trained elsewhere",
    registry: Registry = DEFAULT_REGISTRY,
) -> None:
    """Register an artefact that was trained elsewhere, as pending.

    Example: touchline models register my-xgoals --by "B. Marsh" --why "trained on the whole of last season"
    """
    from streaming.cli.lifecycle.common import register_artefact

    with plain_errors():
        version = register_artefact(registry, folder, by, why)
    print(f"{version.name} {version.version} is {version.state} in {registry}")


def approve(
    name: Name,
    version: Which,
    by: Annotated[str, typer.Option("--by", help="Name of the approver.", metavar="WHO")],
    why: Why,
    registry: Registry = DEFAULT_REGISTRY,
    as_json: Json = False,
) -> None:
    """Approve a version of a model; name, time and reason are kept. Only an approved version can be deployed.

    Example: touchline models approve xgoals 3fa91c --by "A. Ortega" --why "better by 0.004 on 40 held-out games"
    """
    with plain_errors():
        store = registry_at(registry)
        done = store.approve(name, version, by, why)
        mirror_in_mlflow(store)
    entry = done.entries[-1]
    if as_json:
        print(json.dumps({"model": name, "version": done.version, "state": done.state, "by": entry.by, "at": entry.at}))
    else:
        print(f"{name} {done.version} approved by {entry.by} at {entry.at}: {entry.why}")


def deploy(
    name: Name,
    version: Which,
    by: By = "",
    why: Why = "deployed",
    registry: Registry = DEFAULT_REGISTRY,
    as_json: Json = False,
) -> None:
    """Deploy an approved version to every operator and endpoint that follows the registry; each switches between two records. To
    roll back, deploy an earlier version.

    Example: touchline models deploy xgoals 3fa91c --why "approved this morning"
    """
    with plain_errors():
        store = registry_at(registry)
        done = store.deploy(name, version, user_name(by), why)
        mirror_in_mlflow(store)
    entry = done.entries[-1]
    if as_json:
        print(json.dumps({"model": name, "version": done.version, "state": done.state, "before": entry.before, "at": entry.at}))
    else:
        print(f"{name} {done.version} is live, instead of {entry.before or 'none'}")


def history(name: Name, registry: Registry = DEFAULT_REGISTRY, as_json: Json = False) -> None:
    """List the audit log of a model: action, name, time, reason.

    Example: touchline models history xgoals
    """
    import msgspec

    with plain_errors():
        store = registry_at(registry)
        entries, damaged = store.history(name), store.damaged_lines(name)
    if damaged:
        print(f"touchline: {damaged} line{'s' * (damaged > 1)} of the audit log of {name} cannot be read", file=sys.stderr)
    if as_json:
        print(json.dumps([msgspec.to_builtins(entry) for entry in entries], indent=1))
        return
    for e in entries:
        print(f"{e.at or 'from the beginning':25s}  {e.version}  {e.action:10s}  {e.by}: {e.why}")


COMMANDS: Final = {"register": register, "approve": approve, "deploy": deploy, "history": history}
