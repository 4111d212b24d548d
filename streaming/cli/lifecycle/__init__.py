"""The life of a model after its first training: the commands that `touchline models` has for it."""

from __future__ import annotations

import typer


def add(app: typer.Typer) -> None:
    """Add the commands to `touchline models`."""
    from streaming.cli.lifecycle import assessing, learning, registering, renewing

    for module in (learning, assessing, registering, renewing):
        for name, command in module.COMMANDS.items():
            app.command(name)(command)
