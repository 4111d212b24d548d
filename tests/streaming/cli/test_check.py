"""touchline check highlights: figures of the games it was given, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.cli.app import run
from tests.simulators.providers import small_wyscout


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The same match twice: a goal, a penalty, an own goal, and a shoot-out."""
    matches = dict.fromkeys((7, 8), small_wyscout.MATCH)
    about = [small_wyscout.about(match, "Penalties", (2, 1), (2, 1)) for match in matches]
    return [str(path) for path in small_wyscout.tables(tmp_path, matches, about)]


def test_check_counts_every_goal_of_every_match(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "highlights", "wyscout", *files, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["games"], report["scores"], report["scores_shown"]) == (2, 6, 6)
    assert (report["labels"]["goal"], report["labels"]["own_goal"]) == (4, 2)
    assert report["topics"]["shootout"] == 2
    assert run(["check", "highlights", "wyscout", *files, "--every", "2", "--stories"]) == 0
    text = capsys.readouterr().out
    assert "games: 1\n" in text
    assert "scores that are highlights: " in text
    assert " goal" in text


def test_check_of_a_recording_equals_that_of_its_files(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    match = "7"
    assert run(["import", "wyscout", *files, "--pick", match, "--out", str(tmp_path / "rec")]) == 0
    capsys.readouterr()
    found = []
    for arguments in (["wyscout", *files, "--pick", match], ["recordings", str(tmp_path / "rec")]):
        assert run(["check", "highlights", *arguments, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["wyscoot", "{file}"], "unknown provider 'wyscoot'"),
        (["wyscout", "missing.parquet"], "missing.parquet"),
        (["recordings", "nowhere"], "nowhere"),
        (["wyscout"], "FILE"),
        (["wyscout", "{file}", "--every", "0"], "--every"),
    ],
)
def test_check_with_bad_arguments_is_refused_with_one_sentence(
    files: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    given = [argument.replace("{file}", files[0]) for argument in arguments]
    assert run(["check", "highlights", *given]) == 2
    error = capsys.readouterr().err
    assert sentence in error
