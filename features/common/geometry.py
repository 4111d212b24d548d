"""Shapes in the plane, for any sport: hulls, extents, spread.

Points are rows (x, y) in metres. A kernel that takes ``count`` reads the first ``count`` rows of its work space.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from features.core.compiled import kernel


@kernel
def cross(ox: float, oy: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Twice the signed area of the triangle o, a, b: positive when it turns to the left."""
    return (ax - ox) * (by - oy) - (ay - oy) * (bx - ox)


@kernel
def hull_area(points: Any, count: int, hull: Any) -> float:
    """Area of the convex hull of ``points[:count]`` by Andrew's monotone chain (1979); NaN below three points.

    Sorts ``points`` in place; ``hull`` is work space of (>= 2 * count, 2). Points on one line have area 0.
    """
    if count < 3:
        return np.nan
    for i in range(1, count):  # insertion sort by x, then y: no faster for a dozen points
        x, y = points[i, 0], points[i, 1]
        j = i - 1
        while j >= 0 and (points[j, 0] > x or (points[j, 0] == x and points[j, 1] > y)):
            points[j + 1, 0], points[j + 1, 1] = points[j, 0], points[j, 1]
            j -= 1
        points[j + 1, 0], points[j + 1, 1] = x, y
    size = 0
    for i in range(count):
        while (
            size >= 2
            and cross(hull[size - 2, 0], hull[size - 2, 1], hull[size - 1, 0], hull[size - 1, 1], points[i, 0], points[i, 1]) <= 0.0
        ):
            size -= 1
        hull[size, 0], hull[size, 1] = points[i, 0], points[i, 1]
        size += 1
    lower = size + 1
    for i in range(count - 2, -1, -1):
        while (
            size >= lower
            and cross(hull[size - 2, 0], hull[size - 2, 1], hull[size - 1, 0], hull[size - 1, 1], points[i, 0], points[i, 1]) <= 0.0
        ):
            size -= 1
        hull[size, 0], hull[size, 1] = points[i, 0], points[i, 1]
        size += 1
    twice = 0.0
    for i in range(size - 1):
        twice += hull[i, 0] * hull[i + 1, 1] - hull[i + 1, 0] * hull[i, 1]
    return abs(twice) / 2.0


@kernel
def extent(points: Any, count: int, axis: int) -> tuple[float, float]:
    """(least, greatest) coordinate of ``points[:count]`` along ``axis``; NaN without points."""
    least, most = np.nan, np.nan
    for i in range(count):
        v = points[i, axis]
        if not v >= least:
            least = v
        if not v <= most:
            most = v
    return least, most


@kernel
def spread(points: Any, count: int) -> float:
    """Root mean square distance of ``points[:count]`` from their centroid; NaN without points."""
    if count == 0:
        return np.nan
    x, y = 0.0, 0.0
    for i in range(count):
        x += points[i, 0]
        y += points[i, 1]
    x, y = x / count, y / count
    total = 0.0
    for i in range(count):
        total += (points[i, 0] - x) ** 2 + (points[i, 1] - y) ** 2
    root: float = np.sqrt(total / count)
    return root
