"""Shapes in the plane, by hand and against plain recomputation."""

from __future__ import annotations

import numpy as np
import pytest

from features.common.geometry import extent, hull_area, spread


def area(points: list[tuple[float, float]] | np.ndarray) -> float:
    rows = np.array(points, float).reshape(-1, 2)
    return hull_area(rows, len(rows), np.empty((2 * len(rows) + 2, 2)))


def test_hulls_by_hand() -> None:
    square = [(0.0, 0.0), (2.0, 0.0), (2.0, 3.0), (0.0, 3.0)]
    assert area(square) == 6.0
    assert area([*square, (1.0, 1.0), (1.0, 0.0), (2.0, 3.0)]) == 6.0
    assert area([(0.0, 0.0), (4.0, 0.0), (0.0, 3.0)]) == 6.0
    assert area([(0.0, 0.0), (1.0, 1.0), (5.0, 5.0)]) == 0.0
    assert np.isnan(area([(0.0, 0.0), (1.0, 1.0)]))


def wrapped(points: np.ndarray) -> float:
    """The same area by walking round the hull (Jarvis), then adding up triangles."""
    start = here = int(np.argmin(points[:, 0]))
    total, origin = 0.0, points[start]
    while True:
        ahead = (here + 1) % len(points)
        for j in range(len(points)):
            a, b = points[ahead] - points[here], points[j] - points[here]
            if a[0] * b[1] - a[1] * b[0] < 0:
                ahead = j
        a, b = points[here] - origin, points[ahead] - origin
        total += (a[0] * b[1] - a[1] * b[0]) / 2
        here = ahead
        if here == start:
            return abs(total)


@pytest.mark.parametrize("seed", range(5))
def test_hulls_against_gift_wrapping(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        points = rng.normal(0, 15, (int(rng.integers(3, 12)), 2))
        assert area(points.copy()) == pytest.approx(wrapped(points), abs=1e-9)


def test_extent_and_spread() -> None:
    points = np.array([[1.0, 5.0], [4.0, -2.0], [9.0, 9.0]])
    assert extent(points, 2, 0) == (1.0, 4.0)
    assert extent(points, 3, 1) == (-2.0, 9.0)
    assert np.isnan(extent(points, 0, 0)).all()
    # two points 2 m apart are 1 m from their middle
    assert spread(np.array([[0.0, 0.0], [2.0, 0.0]]), 2) == 1.0
    assert np.isnan(spread(points, 0))
    centred = points - points.mean(axis=0)
    assert spread(points, 3) == pytest.approx(np.sqrt((centred**2).sum(axis=1).mean()), abs=1e-12)
