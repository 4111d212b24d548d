"""What must hold for every window stat of every sport that has steps on tracking, whatever it measures."""

from __future__ import annotations

import re

import numpy as np
import pytest

from features.core import units
from features.soccer import SPORT
from tests.features.harness import Run, Scene, match_scene, roster_of, signals, window_stats

STATS = [stat for stat in SPORT.stats if stat.kind == "window"]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return match_scene()


@pytest.fixture(scope="module")
def whole(scene: Scene) -> dict[str, np.ndarray]:
    return window_stats(SPORT, scene)


@pytest.fixture(scope="module")
def long() -> dict[str, np.ndarray]:
    """Of four minutes: enough of everything that a share is counted of."""
    return window_stats(SPORT, match_scene(240.0))


def cuts(rows: int, seed: int) -> list[int]:
    rng, out = np.random.default_rng(seed), []
    while sum(out) < rows:
        out.append(5 * int(rng.choice([1, 1, 2, 7, 40])))
    return out


@pytest.mark.parametrize("chunks", ["hops", "mixed", "single rows"])
def test_the_way_a_game_is_cut_changes_no_bit(chunks: str, scene: Scene, whole: dict[str, np.ndarray]) -> None:
    rows = len(scene.t)
    cut = {"hops": [5] * (rows // 5), "mixed": cuts(rows, 3), "single rows": [1] * rows}[chunks]
    again = window_stats(SPORT, scene, cut)
    assert again.keys() == whole.keys()
    for name, values in whole.items():
        assert again[name].tobytes() == values.tobytes(), name


def test_signals_do_not_depend_on_the_cut_either(scene: Scene) -> None:
    whole, parts = signals(SPORT, scene), signals(SPORT, scene, cuts(len(scene.t), 8))
    for name, values in whole.items():
        assert parts[name].tobytes() == values.tobytes(), name


@pytest.mark.parametrize("stat", STATS, ids=lambda stat: stat.id)
def test_a_window_stat_has_its_shape_its_unit_and_a_value(stat, scene: Scene, long: dict[str, np.ndarray]) -> None:
    units.factor(stat.unit)
    subjects = {"player": len(scene.roster), "team": 2, "ball": 1, "match": 1}[stat.per]
    values = long[stat.id]
    assert values.shape[1:] == ((subjects, len(stat.components)) if stat.components else (subjects,))
    assert values.dtype == np.float64
    assert np.isfinite(values).any()
    assert not np.isinf(values).any()


@pytest.mark.parametrize("stat", STATS, ids=lambda stat: stat.id)
def test_a_share_stays_within_its_bounds(stat, long: dict[str, np.ndarray]) -> None:
    values = long[stat.id][np.isfinite(long[stat.id])]
    if stat.unit in ("%", "0..1"):
        assert values.min() >= 0.0
        assert values.max() <= 1.0
    elif stat.unit == "-1..1":
        assert np.abs(values).max() <= 1.0


def test_positions_are_left_as_they_were(scene: Scene) -> None:
    run = Run(SPORT, scene)
    frames = run.advance(500)
    assert frames.xyz[frames.lo : frames.hi].tobytes() == scene.xyz[:500].tobytes()
    before = {name: buffer.copy() for name, buffer in frames.signals.items()}
    for stat in STATS:
        stat.compute(frames, run.ends(stat))
    assert frames.xyz[frames.lo : frames.hi].tobytes() == scene.xyz[:500].tobytes()
    for name, buffer in frames.signals.items():
        assert buffer.tobytes() == before[name].tobytes(), f"a stat wrote to {name}"


def test_nothing_measured_gives_nothing() -> None:
    roster = roster_of()
    empty = Scene.of(roster, np.full((200, len(roster), 3), np.nan))
    for name, values in window_stats(SPORT, empty).items():
        assert np.isnan(values).all(), name


def test_a_ball_without_players_has_a_speed_and_no_possession() -> None:
    roster = roster_of()
    xyz = np.full((200, len(roster), 3), np.nan)
    xyz[:, -1] = 0.0
    values = window_stats(SPORT, Scene.of(roster, xyz))
    assert values["soccer.ball.speed"][-1, 0] == 0.0
    assert np.isnan(values["soccer.team.possession"]).all()


def test_a_game_without_a_ball_still_has_players() -> None:
    full = match_scene(10.0)
    roster = roster_of()
    blind = Scene.of(roster, np.where(np.arange(len(roster))[None, :, None] == roster.ball, np.nan, full.xyz))
    values = window_stats(SPORT, blind)
    assert np.isfinite(values["soccer.player.speed"]).any()
    assert np.isfinite(values["soccer.team.area"]).any()
    assert np.isnan(values["soccer.team.pitch_control"]).all()


def test_a_mirrored_game_is_the_same_game(scene: Scene, whole: dict[str, np.ndarray]) -> None:
    mirrored = window_stats(SPORT, scene.mirrored())
    for name, values in whole.items():
        np.testing.assert_allclose(mirrored[name], values, rtol=0, atol=1e-9, err_msg=name)


def test_rows_to_come_change_nothing(scene: Scene) -> None:
    """Causality: cut the future off, or replace it, and the past stays as it was."""
    half = len(scene.t) // 2
    other = match_scene(seed=9)
    xyz = scene.xyz.copy()
    xyz[half:] = other.xyz[half:]
    one = signals(SPORT, scene, [half])
    two = signals(SPORT, Scene(scene.roster, xyz, scene.t, scene.period, scene.attack, scene.channels), [half, half])
    for name, values in one.items():
        assert two[name][:half].tobytes() == values[:half].tobytes(), name


def test_the_table_is_consistent() -> None:
    names = [signal.name for signal in SPORT.signals]
    assert len(set(names)) == len(names)
    written = [signal for step in SPORT.steps for signal in step.writes]
    assert sorted(signal.name for signal in written) == sorted(names), "each signal is written by one step"
    assert {id(signal) for signal in written} == {id(signal) for signal in SPORT.signals}
    assert len({step.name for step in SPORT.steps}) == len(SPORT.steps)
    ids = [stat.id for stat in SPORT.stats]
    assert len(set(ids)) == len(ids)
    for stat in SPORT.stats:
        assert re.fullmatch(r"(soccer|game)\.[a-z_]+(\.[a-z_0-9]+)?", stat.id), stat.id
        assert stat.definition, stat.id
    for stat in STATS:
        assert (stat.every_s / SPORT.hop_s) % 1 == 0, stat.id


def test_the_state_of_a_game_stays_small() -> None:
    run = Run(SPORT, match_scene(1.0))
    assert sum(array.nbytes for array in run.state.values()) < 100_000
