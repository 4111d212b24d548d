"""A sport is one module: the toy sport of the tests, installed like any package with the entry points, is in the catalogue, is
simulated, streamed and shown, and no module of the project names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from simulators.catalogue import simulators
from streaming.cli.demo_games import BEHIND_S
from tests.paths import ROOT
from tests.streaming import toy
from tests.streaming.toy_simulator import play
from tests.waiting import TIMEOUT_S, contention

POINTS = """
[touchline.sports]
toy = tests.streaming.toy:TOY

[touchline.simulators]
toy = tests.streaming.toy_simulator:play
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ``sys.path`` in which a package named toy-sport is installed, as pip would leave it."""
    site = tmp_path_factory.mktemp("site")
    info = site / "toy_sport-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-sport\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    return site


def touchline(site: Path | None, words: Sequence[str], timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with ``site`` on its path."""
    path = os.pathsep.join(str(p) for p in (site, ROOT) if p is not None)
    return subprocess.run(
        [sys.executable, "-m", "streaming.cli", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.mark.slow
def test_installed_sport_is_in_the_catalogue(installed: Path) -> None:
    assert "unknown sport 'toy'" in touchline(None, ["catalogue", "toy"]).stderr
    listed = touchline(installed, ["catalogue", "toy", "--json"])
    assert listed.returncode == 0, listed.stderr
    rows = json.loads(listed.stdout)
    assert [r["id"] for r in rows] == [s.id for s in toy.TOY.stats]
    assert {r["sport"] for r in rows} == {"toy"}


@pytest.mark.slow
def test_recorded_game_of_an_installed_sport_replays_to_hand_computed_stats(installed: Path, tmp_path: Path) -> None:
    made = touchline(installed, ["simulate", "toy", "--seed", "3", "--minutes", "0.2", "--out", str(tmp_path / "REC")])
    assert made.returncode == 0, made.stderr
    stats = tmp_path / "stats.jsonl"
    run = touchline(installed, ["replay", str(tmp_path / "REC"), "--out", str(stats)])
    assert run.returncode == 0, run.stderr
    finals = [u for u in map(json.loads, stats.read_text().splitlines()) if u["quality"] == "final"]
    end_us = play(3, 0.2).record.t0_us + 8_000_000
    found = {u["subject"]: u["value"] for u in finals if u["stat"] == "toy.player.path" and u["window_us"][1] == end_us}
    line = toy.track(8.0, seed=3)
    xy = np.stack([line.x_m, line.y_m], axis=1).astype(float).reshape(-1, 5, 2)
    path_km = np.sqrt((np.diff(xy, axis=0) ** 2).sum(axis=2)).sum(axis=0) / 1000
    assert found == pytest.approx({f"r{i}": path_km[i] for i in range(4)}, rel=1e-5)
    marks = [u["value"] for u in finals if u["stat"] == "toy.mark.before"]
    assert marks == [0, 0, 1, 1, 2, 2]  # marks of r1, r2, r3, r0, r1, r2: away and home in turn


@pytest.mark.slow
def test_installed_sport_is_played_live(installed: Path) -> None:
    words = ["demo", "toy", "--speed", "20", "--minutes", "0.5", "--port", "0", "--json"]
    live = touchline(installed, words)
    assert live.returncode == 0, live.stderr
    (figures,) = json.loads(live.stdout.splitlines()[-1])
    assert figures["game"] == "toy-2"
    assert figures["samples"] == 30 * toy.HZ * 5
    assert figures["windows"] >= 30 / toy.TOY.hop_s - 2
    assert figures["events"] == 15
    assert figures["not_used"] == {}
    assert figures["kept_up"] or figures["behind_s"] < BEHIND_S * contention()
    assert 1.0 < figures["took_s"] < TIMEOUT_S


@pytest.mark.slow
def test_games_of_every_sport_played_together_keep_up(installed: Path) -> None:
    live = touchline(installed, ["demo", "all", "--minutes", "2", "--for", "10", "--port", "0", "--json"], 500.0)
    assert live.returncode == 0, live.stderr
    busy = contention()
    figures = json.loads(live.stdout.splitlines()[-1])
    sports = {*simulators(), "toy"}
    assert {t["game"].split("-")[0] for t in figures} == sports
    for game in figures:
        assert f"/?game={game['game']}\n" in live.stdout
        assert game["windows"] > 20
        assert game["kept_up"] or game["behind_s"] < BEHIND_S * busy, game
    for name in sports:
        assert f"a simulated game of {name}, seed 2" in live.stdout
