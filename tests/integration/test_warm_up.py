"""The first shot, goal or highlight of a game compiles, imports and lays out nothing: whatever an operator may ever call is there
before the first record, by whichever command the game goes on the air."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streaming.cli.app import run
from tests.integration.warm_up_probe import recorded
from tests.paths import ROOT

pytestmark = pytest.mark.slow

SPORTS = ("f1", "mlb", "nfl", "soccer")
#: what must have happened in the game for its silence to say something
HAPPENED = {
    "soccer": {"shot", "pass", "save"},
    "nfl": {"pass_forward", "touchdown", "tackle"},
    "mlb": {"batted_ball", "play", "steal"},
    "f1": {"overtake_attempt", "loop", "corner"},
}


def on_air(*arguments: str) -> dict[str, Any]:
    """The report of the process of :mod:`tests.integration.warm_up_probe`."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.warm_up_probe", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def silent(found: dict[str, Any], sport: str) -> None:
    assert HAPPENED[sport] <= set(found["events"])
    assert found["highlights"] > 0
    assert found["found"] == []


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("recordings")
    return {sport: recorded(sport, folder / sport) for sport in SPORTS}


@pytest.mark.parametrize("sport", SPORTS)
def test_demo_compiles_and_imports_nothing_during_a_game(sport):
    silent(on_air("demo", sport), sport)


@pytest.mark.parametrize("sport", SPORTS)
def test_run_compiles_and_imports_nothing_during_a_game(sport):
    silent(on_air("run", sport), sport)


@pytest.mark.parametrize("sport", SPORTS)
def test_live_replay_compiles_and_imports_nothing_during_a_game(sport, recordings):
    silent(on_air("replay", sport, str(recordings[sport])), sport)


@pytest.mark.parametrize(("command", "sport"), [("demo", "soccer"), ("run", "mlb"), ("replay", "nfl")])
def test_game_without_warm_up_compiles_at_its_first_chance(command, sport, recordings):
    """The probe finds what is compiled and imported without a warm-up."""
    given = [str(recordings[sport])] if command == "replay" else []
    new = [each for moment in on_air(command, sport, *given, "--cold")["found"] for each in moment["new"]]
    assert any(each.startswith("compiled features.") for each in new)


@pytest.mark.real
@pytest.mark.parametrize(("provider", "files"), [("sportec", "soccer_dfl_sportec/*"), ("tracab", "soccer_tracab_opta/*")])
def test_live_replay_of_a_real_match_compiles_and_imports_nothing(real_data, tmp_path, provider, files):
    """Its events are looked for in the tracking, its clocks are apart, and its game is no simulated one."""
    if provider == "sportec":
        pytest.importorskip("kloppy", reason="kloppy reads this format: pip install 'touchline[providers]'")
    match = tmp_path / "match"
    assert run(["import", provider, *map(str, sorted(real_data.glob(files))), "--out", str(match)]) == 0
    found = on_air("replay", "soccer", str(match))
    assert found["events"]["pass"] > 50
    assert found["found"] == []
