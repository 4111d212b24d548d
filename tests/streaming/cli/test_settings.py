"""Options by environment and settings file: precedence, unknown keys, and what `touchline settings` prints."""

from __future__ import annotations

import json
import sys
import types
from typing import Annotated

import pytest
import typer

from streaming.cli import app as program
from streaming.cli.app import COMMANDS, load_command, run
from streaming.cli.variables import options, variable, walk
from tests.paths import ROOT

taken: list[tuple[int, list[str], bool]] = []


def command(
    number: Annotated[int, typer.Option("--commit-ms", help="x", min=1)] = 1,
    model: Annotated[list[str] | None, typer.Option(help="x")] = None,
    force: Annotated[bool, typer.Option("--force", help="x")] = False,
    token: Annotated[str, typer.Option(help="x")] = "",
) -> None:
    """One command. Example: none."""
    taken.append((number, list(model or ()), force))


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """A command `toy`, and a group `toys` with the command `play` in it."""
    module = types.ModuleType("toy_command")
    module.toy = command
    module.toys = typer.Typer(add_completion=False, rich_markup_mode=None)
    module.toys.command("play")(command)
    module.toys.command("rest")(lambda: None)
    monkeypatch.setitem(sys.modules, "toy_command", module)
    monkeypatch.setitem(program.COMMANDS, "toy", ("toy_command", "toy", "x"))
    monkeypatch.setitem(program.COMMANDS, "toys", ("toy_command", "toys", "x"))
    taken.clear()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "touchline.toml"

    def write(text: str) -> str:
        path.write_text(text)
        return str(path)

    return write


def test_command_line_goes_before_environment_before_file_before_default(file, monkeypatch):
    path = file("[toy]\ncommit-ms = 3\nmodel = ['a', 'b']\nforce = true\n[toys.play]\ncommit_ms = 4")
    assert run(["toy"]) == 0
    assert run(["--settings", path, "toy"]) == 0
    monkeypatch.setenv("TOUCHLINE_TOY_COMMIT_MS", "5")
    assert run(["--settings", path, "toy"]) == 0
    assert run(["toy", "--commit-ms", "6", "--settings", path]) == 0
    assert run([f"--settings={path}", "toys", "play"]) == 0
    monkeypatch.setenv("TOUCHLINE_TOYS_PLAY_COMMIT_MS", "7")
    monkeypatch.setenv("TOUCHLINE_TOYS_PLAY_MODEL", "c d")
    monkeypatch.setenv("TOUCHLINE_SETTINGS", path)
    assert run(["toys", "play"]) == 0
    file_has = ["a", "b"], True
    assert taken == [(1, [], False), (3, *file_has), (5, *file_has), (6, *file_has), (4, [], False), (7, ["c", "d"], False)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[toy]\ncomit-ms = 3", "[toy] has no option 'comit-ms' (is it commit-ms?)"),
        ("[to]\nx = 3", "there is no command for [to] (is it toy?)"),
        ("toy = 3", "toy is a section"),
        ("[toys]\ncommit-ms = 3", "[toys] has no option 'commit-ms'"),
        ("[toys.pla]\ncommit-ms = 3", "[toys] has no option 'pla' (is it play?)"),
        ("[toy]\ncommit-ms = true", "[toy] commit-ms is a word or a number, not True"),
        ("[toy]\ncommit-ms = [1]", "[toy] commit-ms is a word or a number, not [1]"),
        ("[toy]\nforce = 'yes'", "[toy] force is true or false, not 'yes'"),
        ("[toy]\ncommit-ms = 0", "--commit-ms"),
        ("[log]\nlevels = 'info'", "[log] has no levels = 'info'"),
        ("[log]\nlevel = 'loud'", "there is no log level 'loud'"),
        ("log = 3", "log is a section"),
        ("[toy", "are not TOML"),
        ("[toy]\ncommit-ms = " + "9" * 5000, "are not TOML"),
        ("[toy]\ncommit-ms = " + "[" * 3000, "are not TOML"),
        ("[toy]\ncommit-ms = 0x" + "f" * 5000, "[toy] commit-ms is a word or a number, not a value of the type int"),
        ("[toy]\nforce." + ".".join("a" * 3000) + " = 1", "[toy] force is true or false, not {'a': {"),
        ("log.level." + ".".join("a" * 3000) + " = 1", "[log] has no level = {'a': {"),
    ],
)
def test_mistake_in_the_file_is_one_sentence_that_names_it(file, capsys, text, words):
    assert run(["--settings", file(text), "toy"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not taken


def test_file_that_is_not_there_is_one_sentence(capsys):
    assert run(["--settings", "/nowhere/touchline.toml", "toy"]) == 2
    assert capsys.readouterr().err == "touchline: cannot read the settings /nowhere/touchline.toml: No such file or directory\n"


def test_log_options_of_file_and_environment(file, capsys, monkeypatch):
    path = file("[log]\nlevel = 'info'\nformat = 'json'")
    assert run(["--settings", path, "toy", "--no-such"]) == 2
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"]) == ("error", "touchline")
    monkeypatch.setenv("TOUCHLINE_LOG_FORMAT", "text")
    assert run(["--settings", path, "toy", "--no-such"]) == 2
    assert capsys.readouterr().err.startswith("touchline: ")


def test_settings_prints_what_is_in_force_and_no_secret(file, capsys, monkeypatch):
    path = file("[toy]\ncommit-ms = 3\nmodel = ['a']\ntoken = 'geheim1'")
    monkeypatch.setenv("TOUCHLINE_TOY_FORCE", "1")
    monkeypatch.setenv("TOUCHLINE_KAFKA_SASL_PASSWORD", "geheim2")
    assert run(["--settings", path, "settings", "toy"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines() == [
        "[toy]",
        'commit-ms = "3"  # settings file',
        'model = ["a"]  # settings file',
        'force = "1"  # TOUCHLINE_TOY_FORCE',
        'token = "***"  # settings file',
        "",
        "# TOUCHLINE_KAFKA_SASL_PASSWORD is set in the environment",
    ]
    assert run(["settings", "toys", "play", "--all"]) == 0
    assert "[toys.play]\ncommit-ms = 1  # default\n" in capsys.readouterr().out
    assert run(["settings", "toys", "no"]) == 2


def test_every_option_of_every_command_has_a_variable_of_its_own():
    seen: dict[str, tuple[str, ...]] = {}
    for name in COMMANDS:
        for words, each in walk(load_command(name), (name,)):
            for option in options(each):
                own = variable(words, option)
                assert own in option.envvar
                assert seen.setdefault(own, words) == words, f"{own} is there twice"
    assert {"TOUCHLINE_RUN_COMMIT_MS", "TOUCHLINE_SERVE_SOURCE", "TOUCHLINE_DEAD_LIST_REASON", "TOUCHLINE_DEMO_FOR"} <= seen.keys()


def test_example_of_the_documentation_is_read(tmp_path):
    text = (ROOT / "docs" / "operating.md").read_text()
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert "[run]" in example
    path = tmp_path / "example.toml"
    path.write_text(example)
    assert run(["--settings", str(path), "toy"]) == 0
