"""Pitch control against the differential equation itself, solved in small steps."""

from __future__ import annotations

import numpy as np
import pytest

from features.soccer import SPORT, control
from tests.features.harness import Run, Scene, roster_of

PITCH = (105.0, 68.0)


def plain(x: float, y: float, start: np.ndarray, homes: int, ball: np.ndarray, dt: float = 0.01) -> float:
    """Spearman's equation by the midpoint rule, every player counted, f from its formula."""
    tau = control.REACTION_S + np.hypot(start[0] - x, start[1] - y) / control.TOP_MPS
    now = np.hypot(ball[0] - x, ball[1] - y) / control.BALL_MPS
    home = away = 0.0
    while home + away < 0.9999 and now < 40.0:
        f = 1.0 / (1.0 + np.exp(-np.pi / np.sqrt(3.0) / control.SIGMA_S * (now + dt / 2 - tau)))
        a, b = control.LAMBDA_PER_S * f[:homes].sum(), control.LAMBDA_PER_S * f[homes:].sum()
        free = (1.0 - home - away) * (1.0 - (a + b) * dt / 2)
        home, away, now = home + free * a * dt, away + free * b * dt, now + dt
    return home / (home + away)


def moment(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    xyz, velocity = np.full((1, 31, 3), np.nan), np.full((1, 31, 2), np.nan)
    for side in range(2):
        seen = slice(15 * side, 15 * side + 11)
        xyz[0, seen, 0], xyz[0, seen, 1] = rng.normal(16.0 * side - 8.0, 16.0, 11), rng.uniform(-30, 30, 11)
        velocity[0, seen] = rng.normal(0.0, 2.5, (11, 2))
    xyz[0, 30] = rng.uniform(-40, 40), rng.uniform(-30, 30), 0.0
    return xyz, velocity, np.array([0] * 15 + [1] * 15 + [-1], np.int8)


def grid_of(xyz: np.ndarray, velocity: np.ndarray, team: np.ndarray) -> np.ndarray:
    out = np.empty((control.COLUMNS, control.ROWS))
    control.control_grid(xyz, velocity, 0, team, 30, *PITCH, control.ARRIVED, control.RULE, out)
    return out


@pytest.mark.parametrize("seed", range(4))
def test_no_cell_errs_by_more_than_a_hundredth(seed: int) -> None:
    xyz, velocity, team = moment(seed)
    grid = grid_of(xyz, velocity, team)
    start = xyz[0, :30, :2] + control.REACTION_S * velocity[0, :30]
    start = start[np.isfinite(start[:, 0])].T
    errors = []
    for i in range(seed % 3, control.COLUMNS, 3):
        for j in range(seed % 5, control.ROWS, 5):
            x, y = ((i + 0.5) / control.COLUMNS - 0.5) * PITCH[0], ((j + 0.5) / control.ROWS - 0.5) * PITCH[1]
            errors.append(grid[i, j] - plain(x, y, start, 11, xyz[0, 30]))
    assert np.abs(errors).max() <= 0.01
    assert abs(np.mean(errors)) <= 0.001


def test_the_table_is_the_formula() -> None:
    lag = np.linspace(-3.5, 3.5, 999)
    steep = np.pi / np.sqrt(3.0) / control.SIGMA_S
    found = np.array([control._presence(v, control.ARRIVED) for v in lag])
    np.testing.assert_allclose(found[:, 0], 1 / (1 + np.exp(-steep * lag)), atol=0.0015)
    np.testing.assert_allclose(found[:, 1], np.logaddexp(0, steep * lag) / steep, atol=0.0015)


def test_swapping_the_teams_swaps_the_shares() -> None:
    xyz, velocity, team = moment(11)
    swapped = np.where(team >= 0, 1 - team, team).astype(np.int8)
    np.testing.assert_allclose(grid_of(xyz, velocity, swapped), 1.0 - grid_of(xyz, velocity, team), atol=1e-12)


def stat_of(home: list[tuple[float, float]], away: list[tuple[float, float]], ball: tuple[float, float]) -> np.ndarray:
    roster = roster_of(3, 3)
    xyz = np.full((25, len(roster), 2), np.nan)
    for k, place in enumerate(home):
        xyz[:, k] = place
    for k, place in enumerate(away):
        xyz[:, 3 + k] = place
    xyz[:, -1] = ball
    run = Run(SPORT, Scene.of(roster, xyz))
    run.advance(25)
    return control.pitch_control(run.frames, np.array([run.frames.hi - 1]))[0]


def test_two_players_in_mirror_image_share_the_pitch() -> None:
    shares = stat_of([(-20.0, 0.0)], [(20.0, 0.0)], (0.0, 0.0))
    np.testing.assert_allclose(shares[:, 0], 0.5, atol=1e-9)
    # each is far from the third that it attacks, and the other is in it
    np.testing.assert_allclose(shares[0, 1], shares[1, 1], atol=1e-9)
    assert shares[0, 1] < 0.05


def test_a_player_at_the_ball_controls_the_place() -> None:
    shares = stat_of([(0.0, 0.0), (30.0, 10.0), (30.0, -10.0)], [(-50.0, 30.0)], (0.0, 0.0))
    assert shares[0, 0] > 0.8
    assert shares[0, 1] > 0.99
    assert shares.sum(axis=0)[0] == pytest.approx(1.0)


def test_pitch_control_without_ball_or_opponents_is_missing() -> None:
    nan = float("nan")
    assert np.isnan(stat_of([(0.0, 0.0)], [(9.0, 9.0)], (nan, nan))).all()
    assert np.isnan(stat_of([(0.0, 0.0)], [], (0.0, 0.0))).all()


def test_pitch_control_is_the_mean_of_the_cells() -> None:
    roster = roster_of(3, 3)
    xyz = np.full((25, len(roster), 2), np.nan)
    xyz[:, 0], xyz[:, 3], xyz[:, -1] = (-20.0, 5.0), (20.0, -5.0), (0.0, 0.0)
    run = Run(SPORT, Scene.of(roster, xyz))
    run.advance(25)
    frames, grid = run.frames, np.full((control.COLUMNS, control.ROWS), np.nan)
    field, row = frames.field, frames.hi - 1
    control.control_grid(
        frames.xyz,
        frames["velocity"],
        row,
        roster.team,
        roster.ball,
        field.length_m,
        field.width_m,
        control.ARRIVED,
        control.RULE,
        grid,
    )
    assert grid.shape == (50, 32)
    assert grid[10, 18] > 0.99
    assert grid[39, 13] < 0.01
    assert grid.mean() == pytest.approx(control.pitch_control(run.frames, np.array([run.frames.hi - 1]))[0, 0, 0])
