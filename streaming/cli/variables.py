"""Options from elsewhere than the command line: every one has an environment variable, and a key in one settings file.

A value is that of the command line, else of the environment (``TOUCHLINE_RUN_COMMIT_MS``), else of the file (``[run]``,
``commit-ms = 200``), else the default.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from streaming.errors import BadInput, excerpt

PREFIX: Final = "TOUCHLINE"
#: section of the options before the command
LOG: Final = {"level": "log_level", "format": "log_format"}


def option_name(option: Any) -> str:
    """``--commit-ms`` as ``commit-ms``.

    >>> from types import SimpleNamespace
    >>> option_name(SimpleNamespace(opts=["-n", "--commit-ms"], name="commit_ms"))
    'commit-ms'
    """
    return str(max(option.opts, key=len)).lstrip("-")


def variable(command: tuple[str, ...], option: Any) -> str:
    """The name of an option's environment variable."""
    return "_".join((PREFIX, *command, option_name(option))).upper().replace("-", "_")


def options(command: Any) -> list[Any]:
    """The options of one command, without ``--help``; arguments have neither variable nor key."""
    return [p for p in command.params if p.opts and p.opts[0].startswith("-") and p.name != "help"]


def walk(command: Any, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and those below it, each with its words."""
    below = getattr(command, "commands", None)
    yield name, command
    for word, each in (below or {}).items():
        yield from walk(each, (*name, word))


def add_variables(command: Any, name: str) -> None:
    """Give every option of a command, and of those below it, its environment variable; one that it has already stays beside it."""
    for words, each in walk(command, (name,)):
        for option in options(each):
            others = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
            own = variable(words, option)
            option.show_envvar = bool(others)
            option.envvar = [own, *(other for other in others if other != own)]


def load(path: Path, command_of: Callable[[str], Any], commands: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """(Defaults by command and parameter as click wants them, options of the log). ``BadInput`` with one sentence that names the
    section and key which is not known."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read the settings {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no TOMLDecodeError
        raise BadInput(f"the settings {path} are not TOML: {error}") from None
    log = found.pop("log", {})
    if not isinstance(log, dict):
        raise BadInput(f"the settings {path}: log is a section, [log]")
    for key, value in log.items():
        if key not in LOG or not isinstance(value, str):
            raise BadInput(f"the settings {path}: [log] has no {key} = {excerpt(value)}: level and format, both words")
    defaults = {}
    for name, section in found.items():
        if name not in commands:
            raise BadInput(f"the settings {path}: there is no command for [{name}]{_near(name, [*commands, 'log'])}")
        if not isinstance(section, dict):
            raise BadInput(f"the settings {path}: {name} is a section, [{name}]")
        defaults[name] = _section(path, name, section, command_of(name))
    return defaults, {LOG[key]: value for key, value in log.items()}


def _section(path: Path, where: str, section: dict[str, Any], command: Any) -> dict[str, Any]:
    known = {option_name(option): option for option in options(command)}
    below = getattr(command, "commands", None) or {}
    out: dict[str, Any] = {}
    for key, value in section.items():
        name = key.replace("_", "-")
        if isinstance(value, dict) and key in below:
            out[key] = _section(path, f"{where}.{key}", value, below[key])
        elif name in known:
            out[known[name].name] = _value(f"the settings {path}: [{where}] {key}", value, known[name])
        else:
            raise BadInput(f"the settings {path}: [{where}] has no option {key!r}{_near(name, [*known, *below])}")
    return out


def _value(where: str, value: Any, option: Any) -> Any:
    """As the command line would have it: words, which the option itself turns into what it wants."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise BadInput(f"{where} is true or false, not {excerpt(value)}")
        return value
    several = value if option.multiple and isinstance(value, list) else [value]
    if any(isinstance(one, bool) or not isinstance(one, str | int | float) or _is_long(one) for one in several):
        raise BadInput(f"{where} is a word or a number{', or a list of them' if option.multiple else ''}, not {excerpt(value)}")
    return [str(one) for one in several] if option.multiple else str(value)


def _is_long(value: Any) -> bool:
    """Whether it is a number that Python does not write in decimal digits."""
    return isinstance(value, int) and value.bit_length() > 1000


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" (is it {near[0]}?)" if near else ""
