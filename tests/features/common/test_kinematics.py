"""Motion kernels: cases worked by hand, and a plain slow recomputation."""

from __future__ import annotations

import numpy as np
import pytest

from features.common import kinematics

DT = 0.04


def slope(
    values: np.ndarray,
    *,
    window_s: float = 0.4,
    curvature: float = 0.75,
    least: int = 3,
    dt: float = DT,
    t: np.ndarray | None = None,
) -> np.ndarray:
    """Slopes of one column."""
    column = np.asarray(values, float)[:, None, None]
    out = np.empty_like(column)
    t = dt * np.arange(len(column)) if t is None else t
    kinematics.slope(column, t, 0, len(column), out, kinematics.Fit(dt, window_s, curvature, least))
    return out[:, 0, 0]


def plain_slope(values: np.ndarray, t: np.ndarray, row: int, window_s: float, curvature: float, least: int) -> float:
    kept = [
        k for k in range(max(0, row - round(window_s / DT)), row + 1) if np.isfinite(values[k]) and t[row] - t[k] <= window_s + 1e-4
    ]
    if row not in kept or len(kept) < least:
        return np.nan
    tau, y = t[kept] - t[row], values[kept]
    line = np.polynomial.polynomial.polyfit(tau, y, 1)[1]
    if len(kept) < 4:
        return line
    return (1 - curvature) * line + curvature * np.polynomial.polynomial.polyfit(tau, y, 2)[1]


def test_a_straight_run_has_its_speed_at_once() -> None:
    t = DT * np.arange(30)
    np.testing.assert_allclose(slope(3.0 + 7.0 * t)[2:], 7.0, atol=1e-9)


def test_a_parabola_is_followed_without_lag_by_full_curvature() -> None:
    t = DT * np.arange(30)
    np.testing.assert_allclose(slope(2.0 * t**2, curvature=1.0)[3:], 4.0 * t[3:], atol=1e-9)


def test_two_samples_by_hand() -> None:
    assert kinematics.slope_weights(0.5, 0.5, 0.0).tolist() == pytest.approx([2.0, -2.0])
    assert slope(np.array([1.0, 2.0]), least=2)[1] == pytest.approx(25.0)


@pytest.mark.parametrize("seed", range(3))
def test_equals_a_plain_fit_with_holes_anywhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, t = np.cumsum(rng.normal(0, 0.3, 120)), DT * np.arange(120)
    values[rng.uniform(size=120) < (0.0, 0.15, 0.5)[seed]] = np.nan
    t[60:] += 3.0  # the feed was away
    ours = slope(values, t=t)
    plain = [plain_slope(values, t, i, 0.4, 0.75, 3) for i in range(120)]
    np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-9)


def test_a_missing_sample_has_no_speed_and_a_jump_of_time_no_memory() -> None:
    values = np.arange(20.0)
    values[10] = np.nan
    out = slope(values, least=5)
    assert np.isnan(out[[0, 1, 2, 3, 10]]).all()
    assert np.isfinite(np.delete(out, [0, 1, 2, 3, 10])).all()
    t = DT * np.arange(20)
    t[12:] += 5.0
    assert np.isnan(slope(np.arange(20.0), least=5, t=t)[12:16]).all()


def test_a_window_too_short_for_two_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="two samples"):
        kinematics.slope_weights(0.1, 0.01, 0.0)


def test_weights_of_ones_own_replace_the_fit() -> None:
    column, out = np.arange(4.0)[:, None, None] ** 2, np.empty((4, 1, 1))
    kinematics.slope(column, DT * np.arange(4), 0, 4, out, kinematics.Fit(DT, DT, weights=np.array([100.0, -100.0])))
    assert out[1:, 0, 0].tolist() == [100.0, 300.0, 500.0]


def path(speed: list[float], x: list[float] | None = None, counts: list[int] | None = None, dt: float = 0.5) -> np.ndarray:
    v = np.array([[np.nan], *([s] for s in speed)])
    rows = len(v)
    xyz = np.zeros((rows, 1, 3))
    if x is not None:
        xyz[1:, 0, 0] = x
    on = np.array([1, *(counts or [1] * len(speed))], np.int8)
    out = np.full((rows, 1, 3), np.nan)
    kinematics.path_by_zone(xyz, v, dt * np.arange(rows), on, 1, rows, np.array([4.0]), 0.2, 2.0, 12.0, np.zeros((1, 3)), out)
    return out[1:, 0]


def test_distance_by_hand() -> None:
    # the first sight starts the count; 0.1 m/s is standing; 6 m/s belongs to the second zone
    rows = path([2.0, 2.0, 0.1, 6.0])
    assert rows[:, 0].tolist() == [0.0, 1.0, 1.0, 4.0]
    assert rows[-1].tolist() == [4.0, 1.0, 3.0]


def test_a_short_hole_is_crossed_by_its_chord_and_a_long_or_impossible_one_is_not() -> None:
    nan = np.nan
    # seen at x = 0 (t = 1.0), away for 0.5 s, back at 3 m after 1 s: 3 m at 3 m/s
    assert path([2.0, nan, 2.0], [0.0, nan, 3.0])[-1].tolist() == [3.0, 3.0, 0.0]
    assert path([2.0, nan, 2.0], [0.0, nan, 40.0])[-1, 0] == 0.0
    assert path([2.0, *[nan] * 5, 2.0], [0.0, *[nan] * 5, 9.0])[-1, 0] == 0.0


def test_a_break_adds_nothing() -> None:
    assert path([2.0, 2.0, 2.0, 2.0], counts=[1, 1, 0, 0])[-1, 0] == 1.0


def test_zone_edges_belong_to_the_faster_zone() -> None:
    edges = np.array([2.0, 4.0])
    assert [kinematics.zone_of(v, edges) for v in (0.0, 1.99, 2.0, 3.9, 4.0, 9.0)] == [0, 0, 1, 1, 2, 2]


def held(speed: list[float], rows: int = 3, counts: list[int] | None = None) -> list[float]:
    v = np.array([[np.nan], *([s] for s in speed)])
    out = np.full_like(v, np.nan)
    kinematics.held_maximum(v, np.array([1, *(counts or [1] * len(speed))]), 1, len(v), rows, out)
    return out[1:, 0].tolist()


def test_top_speed_must_be_held() -> None:
    nan = np.nan
    assert held([5, 9, 5, 5, 7, 7, 7])[2:] == [5, 5, 5, 5, 7]
    np.testing.assert_equal(held([5, nan, 5, 5]), [nan, nan, nan, nan])
    np.testing.assert_equal(held([5, 5, 5, 9, 9, 9], counts=[1, 1, 1, 0, 0, 0]), [nan, nan, 5, 5, 5, 5])


def count_spells(speed: list[float], dt: float = 0.5) -> list[float]:
    v = np.array([[np.nan], *([s] for s in speed)])
    out = np.full((len(v), 1, 2), np.nan)
    kinematics.spells(v, dt * np.arange(len(v)), np.ones(len(v)), 1, len(v), 7.0, 1.0, out)
    return out[1:, 0, 0].tolist()


def test_sprints_by_hand() -> None:
    # three samples at 2 Hz span the second; the spell counts once, however long
    assert count_spells([1, 7, 8, 9, 9, 9, 1]) == [0, 0, 0, 1, 1, 1, 1]
    assert count_spells([7, 7, 6, 7, 7, 7]) == [0, 0, 0, 0, 0, 1]
    assert count_spells([7, 7, np.nan, 7, 7]) == [0, 0, 0, 0, 0]
    np.testing.assert_equal(count_spells([np.nan, 7]), [np.nan, 0])


def test_level_ball_where_no_height_is_measured() -> None:
    velocity = np.array([[[3.0, 4.0, np.nan]], [[np.nan, np.nan, np.nan]], [[0.0, 3.0, 4.0]]])
    kinematics.level_when_flat(velocity, 0, 3)
    out = np.empty((3, 1))
    kinematics.magnitude(velocity, 0, 3, out)
    np.testing.assert_equal(out[:, 0], [5.0, np.nan, 5.0])
