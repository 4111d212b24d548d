"""Every real game through the doors that its users have: imported with ``--check``, and replayed. What goes out is of models that
were trained on real games, or there is no value and a reason."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from models.artefact import shipped
from models.choice import packaged
from streaming.cli.app import run
from streaming.factory import operator_for
from streaming.recordings.reader import Recording
from streaming.wire.blocks import Prediction, StatBlock
from streaming.wire.records import Telemetry

pytestmark = [pytest.mark.real, pytest.mark.slow]

#: name -> (provider, files, the game of files that hold many, {stat: (least pairs, largest RMSE)} of the provider's own figures)
GAMES: dict[str, tuple[str, str, str, dict[str, tuple[int, float]]]] = {
    "sportec": ("sportec", "soccer_dfl_sportec/*", "", {"soccer.shot.xgoals": (26, 0.13), "soccer.shot.distance": (26, 0.05)}),
    "metrica": ("metrica", "soccer_metrica_events/*", "", {}),
    "tracab": ("tracab", "soccer_tracab_opta/*", "", {}),
    "zxy": ("zxy", "soccer_zxy_tromso/*", "", {"soccer.player.speed": (5_000, 0.5)}),
    "skillcorner 1": ("skillcorner", "soccer_skillcorner_ball/1886347*", "", {}),
    "skillcorner 2": ("skillcorner", "soccer_skillcorner_ball/1925299*", "", {}),
    "wyscout 1": ("wyscout", "wyscout_events/*", "2499719", {}),
    "wyscout 2": ("wyscout", "wyscout_events/*", "2057954", {}),
    "ngs": ("ngs", "nfl_ngs_highlights/*", "2018091602", {"nfl.player.speed": (3_000, 0.35)}),
    "f1": ("tracinginsights", "f1_dutch_gp_2025_race/*", "", {"f1.car.lap_time": (1_300, 0.01)}),
    "f1 replay": ("f1_replay", "f1_replay_10hz/*", "", {}),
    "f1 live": ("f1_livetiming", "f1_live_timing/2024_silverstone_fp1_live*", "", {}),
}
#: so much of a game's tracking is looked at value by value; --check has gone through all of it
WATCHED_S = 1_200
REAL_VERSIONS = {name: packaged(f"{name}@real").version for name in shipped("real")}


@pytest.mark.parametrize("name", GAMES)
def test_real_game_publishes_no_implausible_value(
    name: str, real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider, files, pick, bounds = GAMES[name]
    out = tmp_path / "rec"
    given = [str(path) for path in sorted(real_data.glob(files))]
    assert run(["import", provider, *given, "--out", str(out), "--check", "--json", *(["--pick", pick] if pick else [])]) == 0
    report = json.loads(capsys.readouterr().out)
    found = {one["stat"]: one for one in report["agreement"]}
    for stat, (pairs, most) in bounds.items():
        assert found[stat]["n"] >= pairs, stat
        assert found[stat]["rmse"] <= most, stat
    recording = Recording(out)
    operator = operator_for(recording.game, draw=False, provisional=False)
    announced: Counter[tuple[str, str]] = Counter()
    for record in recording.records():
        if isinstance(record, Telemetry) and record.t_us[-1] > recording.game.t0_us + WATCHED_S * 1_000_000:
            break
        for output in operator.on_record(record):
            _believable(output, announced)
    for output in operator.finish():
        _believable(output, announced)
    # reported once as it begins, counted each time, and with the same words in --check
    counted = {stat for stat, _, _ in operator.metrics.unavailable()}
    assert {stat for stat, _ in announced} == counted
    assert all(any(stat in line for line in report["unavailable"]) for stat in counted)


def _believable(output: Any, announced: Counter[tuple[str, str]]) -> None:
    if isinstance(output, Prediction):
        assert REAL_VERSIONS.get(output.model) == output.version, f"{output.stat} of {output.model} {output.version}"
    if not isinstance(output, StatBlock):
        return
    if output.quality == "unavailable":
        assert output.reason
        announced.update((output.stat, subject) for subject in output.subjects)
    elif output.model is not None:
        assert REAL_VERSIONS.get(output.model.name) == output.model.version, output.stat
        assert not output.model.experimental
