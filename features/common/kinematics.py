"""Causal speed, acceleration, path length and spells of speed: the part of motion that every sport shares.

A velocity is the slope, at the newest sample, of a polynomial fitted by least squares to the last ``window_s`` seconds
(Savitzky and Golay 1964, taken at the right-hand end so that nothing later than the sample is used). A straight line is
calm but late, a parabola is prompt but amplifies the inches of noise in a tag; ``curvature`` mixes the two slopes (0
the line, 1 the parabola). Every sum runs in one fixed order over samples, so a row's result does not depend on the rows
computed with it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats

#: relative slack on time differences: clocks count microseconds, windows count samples
_SLACK_S = 1e-4


@lru_cache(maxsize=64)
def slope_weights(dt_s: float, window_s: float, curvature: float) -> Floats:
    """(W,) 1/s: weights of the last W = window/dt + 1 even samples, newest first, whose dot product is the slope at the
    newest.

    >>> slope_weights(0.1, 0.1, 0.0).round(6).tolist()
    [10.0, -10.0]
    """
    samples = round(window_s / dt_s) + 1
    if samples < 2:
        raise ValueError(f"a slope needs two samples: {window_s} s at {dt_s} s a sample holds {samples}")
    tau = -dt_s * np.arange(samples)
    weights: Floats = np.linalg.pinv(np.vander(tau, 2, increasing=True))[1]
    if curvature > 0 and samples > 2:
        parabola = np.linalg.pinv(np.vander(tau, 3, increasing=True))[1]
        weights = (1 - curvature) * weights + curvature * parabola
    weights.setflags(write=False)
    return weights


def samples_in(dt_s: float, window_s: float, fewest: int = 2) -> int:
    """How many samples ``dt_s`` apart a window holds, both its ends counted; at least ``fewest``.

    >>> samples_in(0.04, 0.16), samples_in(0.1, 0.16), samples_in(0.1, 0.04)
    (5, 3, 2)
    """
    return max(round(window_s / dt_s) + 1, fewest)


def reach_of(dt_s: float, window_s: float) -> float:
    """How old a sample of a window may be, s: the window as asked for, or its whole number of samples where that is longer, so that
    a window of 0.16 s has its three samples at 10 Hz as well."""
    return max(window_s, round(window_s / dt_s) * dt_s) + _SLACK_S


@kernel
def ragged_slope(values: Any, t: Any, row: int, column: int, samples: int, reach_s: float, curvature: float, least: int) -> float:
    """The same slope where samples are missing: fitted to those of the last ``samples`` rows that exist, are finite and
    at most ``reach_s`` older than ``row``. NaN with fewer than ``least`` (>= 2) of them or without the newest."""
    nan = np.nan
    if not np.isfinite(values[row, column]) or not np.isfinite(t[row]):
        return nan
    n = 0
    s1, s2, s3, s4, y0, y1, y2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    origin = values[row, column]
    for k in range(min(samples, row + 1)):
        tau = t[row - k] - t[row]
        y = values[row - k, column] - origin
        if not (np.isfinite(y) and -tau <= reach_s):
            continue
        n += 1
        q = tau * tau
        s1 += tau
        s2 += q
        s3 += q * tau
        s4 += q * q
        y0 += y
        y1 += y * tau
        y2 += y * q
    if n < max(least, 2):
        return nan
    line = (n * y1 - s1 * y0) / (n * s2 - s1 * s1)
    if curvature <= 0.0 or n < 4:
        return line
    # Cramer's rule on the normal equations of a + b tau + c tau^2; b is the slope at tau = 0
    det = n * (s2 * s4 - s3 * s3) - s1 * (s1 * s4 - s2 * s3) + s2 * (s1 * s3 - s2 * s2)
    parabola = (n * (y1 * s4 - s3 * y2) - y0 * (s1 * s4 - s2 * s3) + s2 * (s1 * y2 - y1 * s2)) / det
    return (1.0 - curvature) * line + curvature * parabola


@kernel
def end_slope(values: Any, t: Any, lo: int, hi: int, weights: Any, reach_s: float, curvature: float, least: int, out: Any) -> None:
    """Write the slope of ``values`` (rows, N * B) at rows lo..hi into ``out`` (rows, N, C), C <= B, per second.

    Whole windows take ``weights`` (newest first); a window with a hole, or one that crosses a jump of ``t`` (rows,),
    takes :func:`ragged_slope`. NaN where the newest value is missing.
    """
    entities, axes, columns = out.shape[1], out.shape[2], values.shape[1]
    block, samples = columns // entities, weights.shape[0]
    total = np.empty(columns)
    for i in range(lo, hi):
        whole = i + 1 >= samples and t[i] - t[i + 1 - samples] <= reach_s
        total[:] = 0.0 if whole else np.nan
        if whole:
            for k in range(samples):
                w, older = weights[k], values[i - k]
                for m in range(columns):
                    total[m] += w * older[m]
        for n in range(entities):
            for c in range(axes):
                m = n * block + c
                if np.isnan(total[m]) and not np.isnan(values[i, m]):
                    total[m] = ragged_slope(values, t, i, m, samples, reach_s, curvature, least)
                out[i, n, c] = total[m]


class Fit(NamedTuple):
    """How a slope is fitted: over the last ``window_s`` of samples ``dt_s`` apart, of which at least ``least`` are there.

    ``weights`` (newest first, ``window_s / dt_s + 1`` of them) replace the fit's own where a window is whole: a sport
    may have a filter fitted to its sensors.
    """

    dt_s: float
    window_s: float
    curvature: float = 0.0
    least: int = 2
    weights: Floats | None = None


def slope(values: Floats, t: Floats, lo: int, hi: int, out: Floats, fit: Fit) -> None:
    """Slope per second of ``values`` (rows, N, B) in rows ``lo..hi``, into ``out`` (rows, N, C) with C <= B."""
    weights = slope_weights(fit.dt_s, fit.window_s, fit.curvature) if fit.weights is None else fit.weights
    flat = values.reshape(len(values), -1)
    end_slope(flat, t, lo, hi, weights, reach_of(fit.dt_s, fit.window_s), fit.curvature, fit.least, out)


@kernel
def level_when_flat(velocity: Any, lo: int, hi: int) -> None:
    """Where height was not measured (vz missing, vx known) take vz = 0, in place in ``velocity`` (rows, N, 3)."""
    for i in range(lo, hi):
        for n in range(velocity.shape[1]):
            if np.isnan(velocity[i, n, 2]) and not np.isnan(velocity[i, n, 0]):
                velocity[i, n, 2] = 0.0


@kernel
def forget_faster(vectors: Any, lo: int, hi: int, fastest: float) -> None:
    """What is longer than ``fastest`` is missing, in place in ``vectors`` (rows, N, C): velocities or accelerations that no body
    has."""
    for i in range(lo, hi):
        for n in range(vectors.shape[1]):
            total = 0.0
            for c in range(vectors.shape[2]):
                total += vectors[i, n, c] * vectors[i, n, c]
            if total > fastest * fastest:
                for c in range(vectors.shape[2]):
                    vectors[i, n, c] = np.nan


@kernel
def magnitude(vectors: Any, lo: int, hi: int, out: Any) -> None:
    """Euclidean length over the last axis: (rows, N, C) -> (rows, N)."""
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            total = 0.0
            for c in range(vectors.shape[2]):
                total += vectors[i, n, c] * vectors[i, n, c]
            out[i, n] = np.sqrt(total)


@kernel
def zone_of(speed: float, edges: Any) -> int:
    """Index of the band that ``speed`` falls in: band z is edges[z-1] <= speed < edges[z]."""
    z = 0
    while z < edges.shape[0] and speed >= edges[z]:
        z += 1
    return z


@kernel
def path_by_zone(
    xyz: Any,
    speed: Any,
    t: Any,
    counts: Any,
    lo: int,
    hi: int,
    edges: Any,
    still: float,
    bridge_s: float,
    fastest: float,
    last: Any,
    out: Any,
) -> None:
    """Path length so far, whole and by speed zone, into ``out`` (rows, N, 1 + Z), m; NaN until an entity is first seen.

    Integrates ``speed`` (rows, N) over rows whose ``counts`` (rows,) is positive. Below ``still`` m/s nothing is added:
    a tag at rest jitters, and the jitter would add hundreds of metres to a match. A hole of at most ``bridge_s`` is
    crossed by its chord, unless that needs more than ``fastest`` m/s. ``last`` (N, 3) carries time, x and y of the row
    before a hole.
    """
    for i in range(lo, hi):
        if i == 0:
            continue
        dt = t[i] - t[i - 1]
        for n in range(out.shape[1]):
            seen = not np.isnan(out[i - 1, n, 0])
            v = speed[i, n]
            before = speed[i - 1, n]
            for z in range(out.shape[2]):
                out[i, n, z] = out[i - 1, n, z]
            if np.isnan(v):
                if not np.isnan(before):
                    last[n, 0], last[n, 1], last[n, 2] = t[i - 1], xyz[i - 1, n, 0], xyz[i - 1, n, 1]
                continue
            if counts[i] <= 0:
                continue
            if not seen:
                for z in range(out.shape[2]):
                    out[i, n, z] = 0.0
                continue
            length = v * dt
            if np.isnan(before):
                hole = t[i] - last[n, 0]
                length = np.sqrt((xyz[i, n, 0] - last[n, 1]) ** 2 + (xyz[i, n, 1] - last[n, 2]) ** 2)
                v = length / hole
                if not (0.0 < hole <= bridge_s and v <= fastest):
                    continue
            if v >= still:
                out[i, n, 0] += length
                out[i, n, 1 + zone_of(v, edges)] += length


@kernel
def held_maximum(speed: Any, counts: Any, lo: int, hi: int, rows: int, out: Any) -> None:
    """Highest speed so far that was held for ``rows`` consecutive rows (rows, N): the running maximum of the least
    speed in that stretch, so that a single wild sample is no record. NaN until such a stretch exists."""
    for i in range(max(lo, 1), hi):
        for n in range(out.shape[1]):
            top = out[i - 1, n]
            out[i, n] = top
            if counts[i] <= 0 or i + 1 < rows or not (np.isnan(top) or speed[i, n] > top):
                continue
            least = speed[i, n]
            for k in range(1, rows):
                v = speed[i - k, n]
                least = v if not v >= least else least  # a NaN stays: no comparison with it is true
                if np.isnan(least):
                    break
            if not np.isnan(least) and (np.isnan(top) or least > top):
                out[i, n] = least


@kernel
def spells(speed: Any, t: Any, counts: Any, lo: int, hi: int, threshold: float, hold_s: float, out: Any) -> None:
    """Count spells at or above ``threshold`` that last ``hold_s``, into ``out`` (rows, N, 2): spells so far and the
    length of the running one in s (-1: none). The count is NaN until an entity is first seen; a missing sample ends
    a spell."""
    for i in range(max(lo, 1), hi):
        dt = t[i] - t[i - 1]
        for n in range(out.shape[1]):
            count, running = out[i - 1, n, 0], out[i - 1, n, 1]
            v = speed[i, n]
            if counts[i] > 0 and np.isnan(count) and not np.isnan(v):
                count = 0.0
            if counts[i] > 0 and v >= threshold:
                longer = running + dt if running >= 0.0 else 0.0
                if longer >= hold_s - 1e-6 and running < hold_s - 1e-6:
                    count += 1.0
                running = longer
            else:
                running = -1.0
            out[i, n, 0], out[i, n, 1] = count, running
