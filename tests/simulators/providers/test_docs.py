"""The lines in the docs, run as they stand there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulators.providers
from simulators.providers import PROVIDERS, Imported, providers, read, wyscout
from streaming.recordings.reader import Recording, Writer
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Telemetry
from tests.pages import blocks_of, install_page
from tests.simulators.providers import small

#: each line of the page that opens a table, after the import of its block
LINES = [
    f"{head}\n{line}"
    for head, *rest in (block.splitlines() for block in blocks_of("recordings.md"))
    for line in rest
    if head.startswith("import ") and " = " in line
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording REC that has samples, events with attrs, and stats."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "files").mkdir()
    imported = read("tracab", small.tracab(folder / "files"))
    t0 = imported.record.t0_us
    block = StatBlock(
        "soccer.player.speed",
        imported.record.game,
        "soccer",
        "km/h",
        ("P-1", "P-9"),
        np.array([t0, t0 + 200_000]),
        400_000,
        np.array([[1.0, 2.0], [3.0, np.nan]]),
        "final",
        np.array([t0, t0]),
    )
    with Writer(folder / "REC", imported.record) as writer:
        for record in imported.stream():
            writer.write(record)
        writer.write_outputs([block], t0)
    return folder


@pytest.mark.parametrize("line", LINES)
def test_one_line_opens_a_recording(recorded: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    module = line.split("\n")[0].removeprefix("import ")
    pytest.importorskip(module, reason=f"{module} comes with touchline[analysis]")
    monkeypatch.chdir(recorded)
    names: dict[str, object] = {}
    exec(line, names)
    (name,) = {"telemetry", "events", "stats", "xg"} & set(names)
    table = names[name]
    rows = len(table.fetchall()) if module == "duckdb" else len(table)  # type: ignore[attr-defined,arg-type]
    recording = Recording("REC")
    expected = {"telemetry": recording.samples, "events": recording.events, "stats": 4, "xg": 1}[name]
    if module == "duckdb":
        expected = {"events": 1, "stats": 2}.get(name, expected)
    assert rows == expected


def test_every_library_opens_every_table() -> None:
    opened = {(head.removeprefix("import "), line.split(" =")[0]) for head, line in (text.split("\n") for text in LINES)}
    assert {(lib, table) for lib in ("duckdb", "polars", "pandas") for table in ("telemetry", "events", "stats")} <= opened


def test_the_python_of_the_page(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded)
    (program,) = [block for block in blocks_of("recordings.md") if "Recording(" in block]
    names: dict[str, object] = {}
    exec(program, names)
    assert isinstance(names["recording"], Recording)


def test_the_example_provider_is_a_package_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_page("adding-a-provider.md", tmp_path, monkeypatch)
    (tmp_path / "positions.csv").write_text("frame,x,y\n0,52.5,34.0\n1,53.5,33.0\n")
    assert providers()["example"] == "Example tracking: one CSV of positions at 25 Hz."
    (packet,) = read("example", [tmp_path / "positions.csv"]).stream()
    assert isinstance(packet, Telemetry)
    assert (packet.x_m.tolist(), packet.y_m.tolist()) == ([0.0, 1.0], [0.0, -1.0])


@pytest.mark.real
def test_the_loop_over_many_matches(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(real_data)
    known = wyscout.match_ids
    monkeypatch.setattr(wyscout, "match_ids", lambda files: known(files)[:2])
    names: dict[str, object] = {}
    (program,) = blocks_of("providers.md")
    exec(program, names)
    assert isinstance(names["imported"], Imported)


def test_every_reader_of_this_project_is_declared() -> None:
    modules = {path.stem for path in Path(simulators.providers.__file__).parent.glob("[a-z]*.py")}
    assert modules == {name for name in providers() if PROVIDERS.packages(name) == ["touchline"]}
