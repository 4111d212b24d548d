"""touchline import: a recording, or one sentence and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.cli.app import run
from streaming.recordings.reader import Recording
from tests.simulators.providers import small, small_kloppy, small_wyscout


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "files").mkdir()
    return [str(path) for path in small.tracab(tmp_path / "files")]


def test_import_makes_a_recording_of_provider_files(tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "tracab", *files, "--out", str(tmp_path / "rec"), "--json"]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    recording = Recording(tmp_path / "rec")
    assert (figures["samples"], figures["events"]) == (recording.samples, recording.events) == (55, 4)
    assert "importing tracab-1-2" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tracap", "{file}"], "unknown provider 'tracap'"),
        (["tracab", "missing.parquet"], "there is no file missing.parquet"),
        (["zxy", "{file}"], "zxy"),
        (["sportec", "{file}"], "sportec needs"),
        (["tracab"], "FILE"),
    ],
)
def test_import_with_bad_arguments_is_refused_with_one_sentence(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    tracking = next(path for path in files if path.endswith("tracking.parquet"))
    given = [argument.replace("{file}", tracking) for argument in arguments]
    assert run(["import", *given, "--out", str(tmp_path / "rec")]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files"]


def test_import_keeps_an_existing_recording(tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["import", "tracab", *files, "--out", str(tmp_path / "rec")]
    assert run(arguments) == 0
    before = (tmp_path / "rec" / "recording.json").read_bytes()
    assert run(arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "rec" / "recording.json").read_bytes() == before
    assert run([*arguments, "--force"]) == 0


def test_import_help_lists_the_providers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Example: touchline import" in out
    for provider in small.GAMES:
        assert f"{provider}:" in out


def test_import_makes_a_recording_of_each_match_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording each, warnings in words, and one sentence about those that could not be imported."""
    (tmp_path / "files").mkdir()
    lone = [*small_wyscout.MATCH[:1], ("1H", 9.0, 2, 22, "Save attempt", "Reflexes", (0, 0), (0, 0), [101, 1802])]
    matches = {7: small_wyscout.MATCH, 8: lone, 9: lone}
    about = [small_wyscout.about(7, "Penalties", (2, 1), (2, 1)), small_wyscout.about(8, score=(1, 0))]
    files = [str(path) for path in small_wyscout.tables(tmp_path / "files", matches, about)]
    assert run(["import", "wyscout", *files, "--out", str(tmp_path / "all")]) == 2
    out, err = capsys.readouterr()
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["7", "8"]
    assert "notes: a goal is reported by the keeper's row alone" in out
    assert "1 of 3 games could not be imported; the first is 9: " in err
    assert "matches.parquet: match 9 has events but is not among the matches" in err
    assert run(["import", "wyscout", *files, "--out", str(tmp_path / "one"), "--pick", "7"]) == 0
    assert Recording(tmp_path / "one").read_events() == Recording(tmp_path / "all" / "7").read_events()


def test_import_reads_a_format_of_kloppy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("kloppy", reason="kloppy reads this format: pip install 'touchline[providers]'")
    (tmp_path / "files").mkdir()
    files = [str(path) for path in small_kloppy.statsbomb(tmp_path / "files")]
    assert run(["import", "kloppy:statsbomb", *files, "--out", str(tmp_path / "rec")]) == 0
    assert Recording(tmp_path / "rec").game.title == "Hosts - Guests"
    assert run(["import", "kloppy:footy", *files, "--out", str(tmp_path / "no")]) == 2
    assert "kloppy reads no format 'footy': give kloppy:FORMAT with one of" in capsys.readouterr().err
