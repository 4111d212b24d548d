"""On CI a browser, a broker or a cluster that is missing, or a real game that got lost, fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

CASES = """
import pytest

@pytest.mark.browser
def test_browser():
    pytest.skip("no Chromium")

@pytest.mark.real
def test_real():
    pytest.skip("game is not there")

@pytest.mark.cluster
def test_cluster():
    pytest.skip("no jars")

@pytest.mark.browser
@pytest.mark.xfail(reason="known")
def test_known():
    assert False

def test_plain():
    pytest.skip("not today")
"""


def _run(folder: Path, ci: str, games: Path) -> tuple[int, str]:
    (folder / "test_cases.py").write_text(CASES)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  browser\n  cluster\n  real\n")
    env = {**os.environ, "CI": ci, "TOUCHLINE_DATA": str(games), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-q", "test_cases.py"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ci", "games_there", "code", "counts"),
    [
        ("true", True, 1, "3 failed, 1 skipped, 1 xfailed"),
        ("true", False, 1, "2 failed, 2 skipped, 1 xfailed"),
        ("", True, 0, "4 skipped, 1 xfailed"),
    ],
)
def test_skip_of_a_required_test_fails_in_ci(tmp_path: Path, ci: str, games_there: bool, code: int, counts: str) -> None:
    games = tmp_path / "games"
    if games_there:
        games.mkdir()
    returned, output = _run(tmp_path, ci, games)
    assert returned == code
    assert counts in output
    if ci:
        assert "must not skip where CI=true: Skipped: no Chromium" in output
