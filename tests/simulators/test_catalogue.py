"""Simulators are found by name; `touchline simulate` plays a game into a recording, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simulators import soccer
from simulators.catalogue import open_simulator, options_of, simulators, warm_up_game
from simulators.soccer.game import Match
from simulators.soccer.scorelines import MINUTES, chance_rate, scorelines
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.recordings.reader import Recording
from streaming.wire.records import Event, Telemetry


def test_a_simulator_is_found_by_its_sport_and_an_unknown_one_is_bad_input() -> None:
    assert "soccer" in simulators()
    assert "providers" not in simulators()
    simulator = open_simulator("soccer", 5, 1.0, game="cup-final")
    assert simulator.record.game == "cup-final"
    assert isinstance(next(iter(simulator.stream())), Telemetry)
    with pytest.raises(BadInput, match=r"unknown simulator 'chess': this installation knows .*soccer"):
        open_simulator("chess", 1, 1.0)


def test_simulate_records_the_match_of_the_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "REC"
    assert run(["simulate", "soccer", "--seed", "5", "--minutes", "0.5", "--out", str(out), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    rec, match = Recording(out), Match(5, 0.5)
    assert rec.game == match.record
    assert result["samples"] == rec.samples == 23 * 750
    assert result["title"] == match.record.title
    events = [r for r in match.stream() if isinstance(r, Event)]
    assert rec.read_events() == events
    assert result["events"] == len(events)
    recorded = np.concatenate([p.x_m for p in rec.records() if isinstance(p, Telemetry)])
    played = np.concatenate([p.x_m for p in match.stream() if isinstance(p, Telemetry)])
    assert np.array_equal(recorded, played)


def test_simulate_adds_the_sensor_faults_of_its_options(tmp_path: Path) -> None:
    out = tmp_path / "REC"
    options = ["--noise-in", "2", "--loss", "0.1", "--disorder-ms", "40", "--rfid"]
    assert run(["simulate", "soccer", "--seed", "5", "--minutes", "0.5", "--out", str(out), *options]) == 0
    rec = Recording(out)
    assert rec.game.provenance["fault.noise_in"] == "2"
    assert not rec.game.feeds[0].aligned
    assert rec.samples == pytest.approx(0.9 * 23 * 748, rel=0.03)


def test_options_have_the_types_that_the_simulator_declares() -> None:
    assert options_of("soccer", ["finishing=1.5"]) == {"finishing": 1.5}
    assert options_of("f1", ["fault=speed_mps:3:10:0.5"]) == {"fault": "speed_mps:3:10:0.5"}
    assert open_simulator("soccer", 5, 0.5, **options_of("soccer", ["finishing=1"])).record.provenance["finishing"] == "1"


@pytest.mark.parametrize("name", ["WARM_UP_GAME", "REHEARSAL"])
def test_the_warm_up_game_has_the_seed_and_length_of_the_module_by_its_name_in_0_2_or_0_1(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delattr(soccer, "WARM_UP_GAME")
    monkeypatch.setattr(soccer, name, (4, 0.5), raising=False)
    assert {key: warm_up_game("soccer").record.provenance[key] for key in ("seed", "minutes")} == {"seed": "4", "minutes": "0.5"}


def test_bad_options_of_simulate_are_one_sentence_and_leave_no_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "REC"
    for options, sentence in (
        (["chess"], "unknown simulator 'chess'"),
        (["soccer", "--minutes", "nan"], "0.1 to 240 minutes"),
        (["soccer", "--seed", "-4"], "a seed is a whole number"),
        (["soccer", "--loss", "2"], "loss is a share from 0 to 1"),
        (["soccer", "--minutes", "1", "--disorder-ms", "500"], "exceed the lateness of 100 ms"),
        (["mlb", "--with", "finishing=1"], "the mlb simulator has no option 'finishing'; its options: none"),
        (["soccer", "--with", "finishing=much"], "finishing is a float, not 'much'"),
        (["soccer", "--with", "finishing=9"], "finishing is -5 to 5 on the log-odds of a goal"),
    ):
        assert run(["simulate", *options, "--out", str(out)]) == 2
        error = capsys.readouterr().err
        assert sentence in error
        assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_simulate_replaces_an_existing_folder_only_with_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "REC"
    play = ["simulate", "soccer", "--minutes", "0.2", "--out", str(out)]
    assert run([*play, "--seed", "1"]) == 0
    assert run([*play, "--seed", "2"]) == 2
    assert str(out) in capsys.readouterr().err
    assert Recording(out).game.provenance["seed"] == "1"
    assert run([*play, "--seed", "2", "--force"]) == 0
    assert Recording(out).game.provenance["seed"] == "2"


def test_an_interrupted_simulate_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Match.stream

    def interrupted(self: Match, frames_per_packet: int = 1) -> Iterator[Telemetry | Event]:
        for n, record in enumerate(whole(self, frames_per_packet)):
            if n == 3:
                raise KeyboardInterrupt
            yield record

    monkeypatch.setattr(Match, "stream", interrupted)
    assert run(["simulate", "soccer", "--minutes", "2", "--out", str(tmp_path / "REC")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_scores_and_counts_of_scorelines_never_fall() -> None:
    n = 3000
    table = scorelines(3, n)
    assert {len(column) for column in table.values()} == {n * (MINUTES + 1)}
    for name in (f"{side}_{what}" for side in ("home", "away") for what in ("score", "red", "xgoals", "chances", "exposure")):
        by_match = table[name].reshape(n, MINUTES + 1)
        assert (by_match[:, 0] == 0).all()
        assert (np.diff(by_match, axis=1) >= 0).all()
    home, away = (table[c].reshape(n, -1)[:, -1] for c in ("home_score", "away_score"))
    result = table["result"].reshape(n, -1)
    assert (result == result[:, :1]).all()
    assert np.array_equal(result[:, 0], np.where(home > away, 0, np.where(home == away, 1, 2)))
    assert 2.3 < (home + away).mean() < 2.95
    assert 0.35 < (result[:, 0] == 0).mean() < 0.48
    goals, expected = (home + away).sum(), (table["home_xgoals"] + table["away_xgoals"]).reshape(n, -1)[:, -1].sum()
    assert abs(goals - expected) < 4 * np.sqrt(expected)
    again = scorelines(3, n)
    assert all(np.array_equal(table[c], again[c]) for c in table)


def test_scorelines_every_20_minutes_are_rows_of_the_full_ones() -> None:
    thin = scorelines(3, 10, every_min=20)
    assert thin["minute"][:6].tolist() == [0, 20, 40, 60, 80, 90]
    full = scorelines(3, 10)
    assert np.array_equal(thin["result"][::6], full["result"][:: MINUTES + 1])
    assert len(scorelines(3, 0)["match"]) == 0
    with pytest.raises(ValueError, match="cannot be made"):
        scorelines(3, 10, every_min=0)


def test_a_team_that_trails_or_has_more_players_attacks_more() -> None:
    even = np.zeros((1, 2))
    level = chance_rate(45, even, np.array([[0, 0]], np.int16), np.array([[0, 0]], np.int16))[0]
    assert level[0] == level[1]
    behind = chance_rate(45, even, np.array([[0, 1]], np.int16), np.array([[0, 0]], np.int16))[0]
    assert behind[0] > level[0] > behind[1]
    fewer = chance_rate(45, even, np.array([[0, 0]], np.int16), np.array([[0, 1]], np.int16))[0]
    assert fewer[0] > level[0] > fewer[1]
