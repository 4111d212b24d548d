"""``touchline settings``: what is in force, and where it was set."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from streaming.cli import variables
from streaming.observability.logs import HIDDEN, without_secrets

#: in the name of an option whose value is not printed
_SECRET = ("password", "secret", "token", "key")


def settings(
    ctx: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(help="Command, such as run or dead list. Default: all.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Options with their defaults, too.")] = False,
) -> None:
    """Print the options that the environment and the settings file set, as sections of such a file; secrets are left out.

    Example: touchline settings run --all
    """
    from streaming.cli.app import COMMANDS, load_command
    from streaming.errors import BadInput

    words = tuple(command or ())
    if words and words[0] not in COMMANDS:
        raise BadInput(f"there is no command {words[0]!r}: touchline --help lists them")
    defaults: Any = ctx.parent.default_map if ctx.parent is not None else None
    found = False
    for name in [words[0]] if words else COMMANDS:
        for path, each in variables.walk(load_command(name), (name,)):
            if path[: len(words)] != words:
                continue
            found = True
            lines = list(_lines(path, each, defaults or {}, everything))
            if lines:
                print(f"[{'.'.join(path)}]", *lines, sep="\n", end="\n\n")
    if not found:
        raise BadInput(f"there is no command {' '.join(words)!r}: touchline {words[0]} --help lists them")
    for name in sorted(os.environ):
        if name.startswith("TOUCHLINE_KAFKA_"):
            print(f"# {name} is set in the environment")


def _lines(path: tuple[str, ...], command: Any, defaults: dict[str, Any], everything: bool) -> Any:
    section: Any = defaults
    for word in path:
        section = section.get(word, {}) if isinstance(section, dict) else {}
    for option in variables.options(command):
        name = variables.option_name(option)
        from_environment = next((known for known in option.envvar or () if os.environ.get(known)), None)
        if from_environment is not None:
            value, source = os.environ[from_environment], from_environment
        elif option.name in section:
            value, source = section[option.name], "settings file"
        elif everything:
            value, source = option.default, "default"
        else:
            continue
        if value is None:
            yield f"# {name} is not set"
        else:
            yield f"{name} = {_printed(name, value)}  # {source}"


def _printed(name: str, value: Any) -> str:
    if any(word in name.split("-") for word in _SECRET):
        return json.dumps(HIDDEN)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return json.dumps([without_secrets(str(one)) for one in value], ensure_ascii=False)
    return json.dumps(without_secrets(str(value)), ensure_ascii=False)
