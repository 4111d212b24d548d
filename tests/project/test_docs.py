"""The documentation: every page is in the site's navigation, its Python runs as it stands there, its commands and options exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml

from simulators.providers import Imported, providers, read, wyscout
from streaming.cli.app import app
from streaming.recordings.reader import Recording, Writer
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Telemetry
from tests.doc_examples import install_page
from tests.paths import ROOT
from tests.simulators.providers import small
from tests.small_simulators import small_simulator

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)

#: pages whose Python has tests of its own, here or elsewhere
ELSEWHERE = {
    "adding-a-graphic.md": "tests/streaming/web/test_installed_graphic.py",
    "adding-a-model.md": "tests/project/test_adding.py",
    "adding-a-provider.md": "test_example_provider_works_as_a_package",
    "adding-a-runner.md": "tests/project/test_adding.py",
    "adding-a-simulator.md": "tests/project/test_adding.py",
    "adding-a-sink.md": "tests/project/test_adding.py",
    "adding-a-source.md": "tests/project/test_adding.py",
    "adding-a-sport.md": "tests/project/test_adding.py",
    "adding-a-stat.md": "tests/features/test_adding_a_stat.py",
    "providers.md": "test_loop_over_many_matches_writes_a_table_of_each",
    "simulator.md": "test_simulator_block_of_the_page_gives_a_soccer_match",
}


def python_blocks(page: Path) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text("utf-8")) if language == "python"]


def blocks() -> Iterator[Any]:
    """Every block that runs in a folder with the recordings ``match`` and ``REC``, with its page and number."""
    for page in PAGES:
        for number, text in enumerate(python_blocks(page)):
            if page.name not in ELSEWHERE:
                slow = [pytest.mark.slow] if "replay(" in text or "operator" in text else []
                yield pytest.param(page, number, marks=slow, id=f"{page.stem}-{number}")


# -- the site ------------------------------------------------------------------------------------------------------------


def pages_of(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [page for each in (nav.values() if isinstance(nav, dict) else nav) for page in pages_of(each)]


def test_navigation_has_every_page_once() -> None:
    listed = pages_of(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.slow
def test_site_builds_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs comes with touchline[docs]")
    monkeypatch.chdir(ROOT)
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path)))
    page = (tmp_path / "api.html").read_text("utf-8")
    assert "open_recording" in page
    assert "an opened recording, or its folder" in re.sub(r"<[^>]+>", "", page), "a parameter's description is shown as text"


def test_modules_of_the_migration_page_exist() -> None:
    rows = re.findall(
        r"^\| `[\w.]+` \| `([a-z0-9_]+(?:\.[a-z0-9_]+)+)` \|$", (DOCS / "migration.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) > 100
    places = {name: ROOT.joinpath(*name.split(".")) for name in rows}
    assert [name for name, place in places.items() if not (place.with_suffix(".py").is_file() or place.is_dir())] == []


# -- Python --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``match``, half a minute of a simulated game, and ``REC``, a small file of a provider with stats."""
    folder = tmp_path_factory.mktemp("docs")
    world = small_simulator("soccer", 7, 0.5)
    with Writer(folder / "match", world.record) as writer:
        for record in world.stream(250):
            writer.write(record)
    (folder / "files").mkdir()
    imported = read("tracab", small.tracab(folder / "files"))
    t0 = imported.record.t0_us
    ends = np.array([t0, t0 + 200_000])
    values = np.array([[1.0, 2.0], [3.0, np.nan]])
    block = StatBlock(
        stat="soccer.player.speed",
        game=imported.record.game,
        sport="soccer",
        unit="km/h",
        subjects=("P-1", "P-9"),
        end_us=ends,
        span_us=400_000,
        values=values,
        quality="final",
        ingress_us=ends,
    )
    with Writer(folder / "REC", imported.record) as writer:
        for each in imported.stream():
            writer.write(each)
        writer.write_outputs([block], t0)
    return folder


def run(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that a block leaves behind; skips where a library of an extra is missing."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import) and (name := node.names[0].name) in ("duckdb", "polars", "pandas"):
            pytest.importorskip(name, reason=f"{name} comes with touchline[analysis]")
    if ".to_pandas()" in text:
        pytest.importorskip("pandas", reason="pandas comes with touchline[analysis]")
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(text, names)
    return names


@pytest.mark.parametrize(("page", "number"), list(blocks()))
def test_python_block_of_a_page_runs(page: Path, number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(python_blocks(page)[number], folder, monkeypatch)
    assert len(names) > 1, "a block that leaves no name behind shows nothing"


def test_every_python_block_is_run_by_a_test() -> None:
    with_python = {page.name for page in PAGES if python_blocks(page)}
    assert {"README.md", "python.md", "recordings.md", *ELSEWHERE} <= with_python
    for place in ELSEWHERE.values():
        assert place in globals() or (ROOT / place).is_file(), place


@pytest.mark.parametrize("library", ["duckdb", "polars", "pandas"])
def test_every_library_of_the_page_opens_every_table(library: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = [text for text in python_blocks(DOCS / "recordings.md") if f"import {library}\n" in text and "telemetry" in text]
    names = run(text, folder, monkeypatch)
    recording = Recording(folder / "REC")
    rows = {name: len(names[name].fetchall() if library == "duckdb" else names[name]) for name in ("telemetry", "events", "stats")}
    whole = {"telemetry": recording.samples, "events": recording.events, "stats": 4}
    assert rows == (
        {**whole, "events": 1, "stats": 2} if library == "duckdb" else whole
    )  # DuckDB's select shots and group subjects


@pytest.mark.slow
def test_simulator_block_of_the_page_gives_a_soccer_match(monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = python_blocks(DOCS / "simulator.md")
    names: dict[str, Any] = {}
    exec(text.replace("minutes=90", "minutes=0.2"), names)
    assert names["match"].record.sport == "soccer"


@pytest.mark.real
def test_loop_over_many_matches_writes_a_table_of_each(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = wyscout.match_ids
    monkeypatch.setattr(wyscout, "match_ids", lambda files: known(files)[:2])
    (text,) = python_blocks(DOCS / "providers.md")
    assert isinstance(run(text, real_data, monkeypatch)["imported"], Imported)


# -- the example provider ------------------------------------------------------------------------------------------------

POSITIONS = "frame,x,y\n0,52.5,34.0\n1,53.5,33.0\n"
TITLE = "Example tracking: one CSV of positions at 25 Hz."


def test_example_provider_works_as_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's module and its ``setup.cfg``, installed."""
    install_page("adding-a-provider.md", tmp_path, monkeypatch)
    (tmp_path / "positions.csv").write_text(POSITIONS)
    assert providers()["example"] == TITLE
    (packet,) = read("example", [tmp_path / "positions.csv"]).stream()
    assert isinstance(packet, Telemetry)
    assert (packet.x_m.tolist(), packet.y_m.tolist()) == ([0.0, 1.0], [0.0, -1.0])


# -- commands ------------------------------------------------------------------------------------------------------------


def command_lines(page: Path) -> list[str]:
    """Every ``touchline ...`` of a page: lines of code blocks without their comments, and code in the text."""
    text = page.read_text("utf-8")
    code = [line.strip() for _, block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    code += [line.strip() for line in re.findall(r"^ {4}(touchline .*)$", text, re.MULTILINE)]
    code += [span.replace("\n", " ") for span in re.findall(r"`(touchline [^`]+)`", FENCE.sub("", text))]
    commands = [re.split(r"\s{2,}|\s#|;\s|\s&$", line.removeprefix("$ "))[0] for line in code]
    return [line for line in commands if line.startswith("touchline ")]


def unknown_words(line: str) -> list[str]:
    """The command or the options of a line that the program does not have."""
    command: Any = typer.main.get_command(app)
    words = shlex.split(line.translate(str.maketrans("[]|", "   ")))[1:]
    while words and hasattr(command, "get_command") and not words[0].startswith("-"):
        name = words.pop(0)
        if re.fullmatch(r"[A-Z]+|\.\.\.", name):  # a placeholder: whatever follows depends on it
            return []
        command = command.get_command(None, name)
        if command is None:
            return [name]
    provider = words[0].partition(":")[0] if command.name == "import" and words else ""
    if re.match(r"[a-z]", provider) and provider not in {*providers(), "example"}:
        return [provider]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    return [word for word in words if word.startswith("--") and word.split("=")[0].rstrip(",.") not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_of_a_page_exist(page: Path) -> None:
    wrong = {line: words for line in command_lines(page) if (words := unknown_words(line))}
    assert not wrong


def test_stale_command_is_found() -> None:
    assert unknown_words("touchline replays REC") == ["replays"]
    assert unknown_words("touchline models train xgoals --epochs 3") == ["--epochs"]
    assert unknown_words("touchline import f1 laps.csv --out REC") == ["f1"]
    assert unknown_words("touchline replay REC [--speed 10] --serve") == []
    assert "touchline replay match --out stats.parquet" in command_lines(DOCS / "start.md")


def test_make_targets_of_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE))
        assert named <= targets, page.name
