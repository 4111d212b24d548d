"""The table of commands. Each is a module of its own that is imported when the command is called."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from streaming.cli.variables import add_variables, load
from streaming.errors import TouchlineError

#: command -> (module, attribute, one line for --help)
COMMANDS: Final = {
    "demo": ("streaming.cli.demo", "demo", "Simulate a game, stream it, and serve its pages."),
    "simulate": ("streaming.cli.simulate", "app", "Play a simulated game into a recording."),
    "import": ("streaming.cli.importing", "import_", "Turn a provider's files into a recording."),
    "full-rate": ("streaming.cli.full_rate", "app", "Send or receive raw telemetry at full rate."),
    "replay": ("streaming.cli.replay", "replay", "Run a recording through the pipeline, at any speed."),
    "run": ("streaming.cli.run", "run", "Run live games from Kafka to Kafka, in this process or on Flink."),
    "serve": ("streaming.cli.serve", "serve", "Serve the pages of games that run elsewhere, from Kafka."),
    "tokens": ("streaming.cli.tokens", "app", "Make, list and take back tokens of the gateway and the endpoint."),
    "dead": ("streaming.cli.dead", "app", "List dead letters, or send their records again."),
    "transactions": ("streaming.cli.transactions", "transactions", "List open transactions of Flink jobs, or abort them."),
    "models": ("streaming.cli.models", "app", "Train, score, evaluate, list and explain models."),
    "endpoint": ("streaming.cli.endpoint", "endpoint", "Serve models over HTTP, by the SageMaker container contract."),
    "check": ("streaming.cli.check", "app", "Count the highlights and stories of real games."),
    "marginals": ("streaming.cli.marginals", "marginals", "Compare simulated games with real ones, figure by figure."),
    "catalogue": ("streaming.cli.catalogue", "catalogue", "List every stat: unit, definition, topic, graphic."),
    "ograf": ("streaming.cli.ograf", "ograf", "Write the graphics in the OGraf format."),
    "schemas": ("streaming.cli.schemas", "schemas", "Write the JSON Schemas and the AsyncAPI document."),
    "bench": ("streaming.cli.bench", "bench", "Run the benchmarks, each beside its floor."),
    "sim": ("streaming.cli.sim", "sim", "Simulate deployments under faults, every order of events decided by a seed."),
    "doctor": ("streaming.cli.doctor", "doctor", "Check what is installed and reachable, and how to mend the rest."),
    "access": ("streaming.cli.access", "access", "Print what a broker has to allow a part of a deployment."),
    "settings": ("streaming.cli.settings", "settings", "Print what environment and settings file set."),
    "warm": ("streaming.cli.warm", "warm", "Fill the cache of compiled code."),
}

EPILOG: Final = (
    "Start with: touchline demo soccer. Every command answers --help with an example. Every option is also an environment variable "
    "(TOUCHLINE_RUN_COMMIT_MS for run --commit-ms) and a key of the settings file."
)
#: options before the command; they may stand behind it, too
GLOBAL: Final = ("--settings", "--log-level", "--log-format", "--traces", "--trace-sample")


def load_command(name: str) -> Any:
    """A command, with the environment variables of its options."""
    module, attribute, _ = COMMANDS[name]
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
    else:
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command()(found)
        command = typer.main.get_command(single)
    command.name = name
    add_variables(command, name)
    return command


#: filled when the log of this command line is JSON
_json: list[bool] = []


class _Lazy(TyperGroup):
    """A group that lists its commands and imports one when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


app = typer.Typer(cls=_Lazy, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, epilog=EPILOG)


@app.callback()
def _touchline(
    ctx: typer.Context,
    settings: Annotated[
        Path | None,
        typer.Option(envvar="TOUCHLINE_SETTINGS", help="TOML file with options: [run], commit-ms = 200.", metavar="FILE"),
    ] = None,
    log_level: Annotated[
        str, typer.Option(envvar="TOUCHLINE_LOG_LEVEL", help="debug, info, warning or error. Default: warning.")
    ] = "",
    log_format: Annotated[str, typer.Option(envvar="TOUCHLINE_LOG_FORMAT", help="text or json. Default: text.")] = "",
    traces: Annotated[
        str,
        typer.Option(
            envvar=["TOUCHLINE_TRACES", "OTEL_EXPORTER_OTLP_ENDPOINT"], help="Send spans to this OTLP/HTTP receiver.", metavar="URL"
        ),
    ] = "",
    trace_sample: Annotated[
        float, typer.Option(envvar="TOUCHLINE_TRACE_SAMPLE", help="Part of the records that is traced, where none says so.")
    ] = 0.01,
) -> None:
    """Turn live tracking data into broadcast stats in milliseconds."""
    from streaming.observability import traces as following
    from streaming.observability.logs import configured

    log: dict[str, str] = {}
    if settings is not None:
        ctx.default_map, log = load(settings, load_command, list(COMMANDS))
    level, form = log_level or log.get("log_level", ""), log_format or log.get("log_format", "")
    if form == "json":
        _json.append(True)
    ctx.with_resource(configured(level or "warning", form or "text", clients=bool(level or form)))
    ctx.with_resource(following.configured(traces, trace_sample))


def hoist(arguments: list[str]) -> list[str]:
    """``arguments`` with the options of ``GLOBAL`` in front of the command, wherever they stand.

    >>> hoist(["run", "--log-level", "info", "--sport", "nfl"])
    ['--log-level', 'info', 'run', '--sport', 'nfl']
    """
    front, rest = [], []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            (front if word.partition("=")[0] in GLOBAL else rest).append(word)
    return front + rest


def run(arguments: list[str]) -> int:
    """Run a command line. An error is one sentence on stderr and the exit code 2 (130 after Ctrl-C)."""
    _json.clear()
    try:
        result = typer.main.get_command(app).main(hoist(arguments), prog_name="touchline", standalone_mode=False)
    except TouchlineError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader closed the pipe (head, less): no error, but nothing may be flushed into it any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if _is_usage(error):
            return _fail(error.format_message())  # type: ignore[attr-defined]
        if type(error).__name__ == "Abort":
            return _fail("interrupted", 130)
        raise
    if result == 130:  # typer turns Ctrl-C into an exit code without a message
        return _fail("interrupted", 130)
    return result if isinstance(result, int) else 0


def _is_usage(error: Exception) -> bool:
    """A wrong command line, as typer's own copy of click reports it."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _fail(sentence: str, code: int = 2) -> int:
    if _json:  # a log in JSON has nothing else in it
        from streaming.observability.logs import timestamp

        line = {"time": timestamp(time.time()), "level": "error", "logger": "touchline", "message": sentence}
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"touchline: {sentence}", file=sys.stderr)
    return code
