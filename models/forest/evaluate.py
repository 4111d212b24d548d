"""Compiled evaluation of a forest: every tree padded to a perfect one, eight walked at a time.

Layout. A tree of depth D becomes 2**D - 1 (feature, threshold) pairs in heap order and 2**D leaves; where the real tree
ends early its leaf is repeated below. A step is then ``i = 2 i + 1 + (x[feature[i]] >= threshold[i])``: no branch to
predict, no child pointer to wait for. Missing values need no branch either: a row is laid out twice, once with NaN as
-inf (goes left everywhere) and once with NaN as +inf (goes right), and a node's feature index picks the copy that its
default direction needs. Eight trees in flight hide the latency of the loads.

Comparisons are made in float32, as xgboost makes them; sums run in float64 in tree order, whatever the number of rows,
so that a row's answer never depends on its neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from models.base import Floats
from models.forest.format import Float32s, Forest, Int32s

#: deeper forests would double in size per level; they are walked node by node
_DEEPEST: Final = 10
_LANES: Final = 8

Slots = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


@dataclass(frozen=True)
class PerfectForest:
    """``feature`` (T, 2**D - 1) indexes the doubled row (2 F,); ``leaf`` (T, 2**D); T is a multiple of eight (the rest adds 0)."""

    feature: Slots
    threshold: Float32s
    leaf: Float32s
    group: Int32s
    base: Floats
    features: int
    depth: int


def perfect(forest: Forest) -> PerfectForest | None:
    """Lay the forest out for the fast walk; None when it is too deep for that."""
    if forest.depth > _DEEPEST:
        return None
    depth = max(1, forest.depth)
    inner, padded = (1 << depth) - 1, -(-forest.trees // _LANES) * _LANES
    narrow = 2 * forest.features <= 65_535
    feature: Slots = np.zeros((padded, inner), np.uint16) if narrow else np.zeros((padded, inner), np.uint32)
    leaf = np.zeros((padded, inner + 1), np.float32)
    threshold = np.full((padded, inner), np.inf, np.float32)
    _lay_out(
        forest.start,
        forest.left,
        forest.right,
        forest.feature,
        forest.threshold,
        forest.default_left,
        forest.features,
        feature,
        threshold,
        leaf,
    )
    group = np.zeros(padded, np.int32)
    group[: forest.trees] = forest.group
    return PerfectForest(feature, threshold, leaf, group, forest.base, forest.features, depth)


@kernel
def _lay_out(
    start: Int32s,
    left: Int32s,
    right: Int32s,
    source: Int32s,
    value: Float32s,
    default_left: npt.NDArray[np.bool_],
    features: int,
    feature: Slots,
    threshold: Float32s,
    leaf: Float32s,
) -> None:
    inner = feature.shape[1]
    at = np.empty(2 * inner + 1, np.int64)
    for tree in range(len(start) - 1):
        at[0] = start[tree]
        for i in range(2 * inner + 1):
            node = at[i]
            if i >= inner:
                leaf[tree, i - inner] = value[node]
            elif left[node] < 0:
                at[2 * i + 1] = node
                at[2 * i + 2] = node
            else:
                threshold[tree, i] = value[node]
                feature[tree, i] = source[node] + (0 if default_left[node] else features)
                at[2 * i + 1] = left[node]
                at[2 * i + 2] = right[node]


@kernel
def double(row: Floats, out: Float32s) -> None:
    """Write a row (F,) as float32 twice into ``out`` (2 F,): NaN as -inf, then NaN as +inf."""
    features = len(row)
    for f in range(features):
        x = np.float32(row[f])
        missing = math.isnan(x)
        out[f] = np.float32(-np.inf) if missing else x
        out[features + f] = np.float32(np.inf) if missing else x


@kernel
def margins_perfect(
    rows: Floats, feature: Slots, threshold: Float32s, leaf: Float32s, group: Int32s, base: Floats, depth: int, out: Floats
) -> None:
    """Margins (B, C) of ``rows`` (B, F) into ``out``."""
    # unsigned arithmetic throughout: a signed index costs a test for "counted from the end" at every load
    trees, inner = np.uint64(feature.shape[0]), np.uint64(feature.shape[1])
    one, two, step = np.uint64(1), np.uint64(2), inner + np.uint64(1)
    nodes, values, leaves = feature.reshape(-1), threshold.reshape(-1), leaf.reshape(-1)
    x = np.empty(2 * rows.shape[1], np.float32)
    for b in range(rows.shape[0]):
        double(rows[b], x)
        for c in range(len(base)):
            out[b, c] = base[c]
        single = base[0]
        o0, l0, t = np.uint64(0), np.uint64(0), 0
        while o0 < trees * inner:
            o1 = o0 + inner
            o2 = o1 + inner
            o3 = o2 + inner
            o4 = o3 + inner
            o5 = o4 + inner
            o6 = o5 + inner
            o7 = o6 + inner
            i0 = i1 = i2 = i3 = i4 = i5 = i6 = i7 = np.uint64(0)
            for _ in range(depth):
                i0 = two * i0 + one + np.uint64(x[nodes[o0 + i0]] >= values[o0 + i0])
                i1 = two * i1 + one + np.uint64(x[nodes[o1 + i1]] >= values[o1 + i1])
                i2 = two * i2 + one + np.uint64(x[nodes[o2 + i2]] >= values[o2 + i2])
                i3 = two * i3 + one + np.uint64(x[nodes[o3 + i3]] >= values[o3 + i3])
                i4 = two * i4 + one + np.uint64(x[nodes[o4 + i4]] >= values[o4 + i4])
                i5 = two * i5 + one + np.uint64(x[nodes[o5 + i5]] >= values[o5 + i5])
                i6 = two * i6 + one + np.uint64(x[nodes[o6 + i6]] >= values[o6 + i6])
                i7 = two * i7 + one + np.uint64(x[nodes[o7 + i7]] >= values[o7 + i7])
            # the heap number of a tree's first leaf is ``inner``
            first = l0 - inner
            v0, v1, v2 = leaves[first + i0], leaves[first + step + i1], leaves[first + two * step + i2]
            first += step + two * step
            v3, v4, v5 = leaves[first + i3], leaves[first + step + i4], leaves[first + two * step + i5]
            first += step + two * step
            v6, v7 = leaves[first + i6], leaves[first + step + i7]
            if len(base) == 1:
                single = single + v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7
            else:
                out[b, group[t]] += v0
                out[b, group[t + 1]] += v1
                out[b, group[t + 2]] += v2
                out[b, group[t + 3]] += v3
                out[b, group[t + 4]] += v4
                out[b, group[t + 5]] += v5
                out[b, group[t + 6]] += v6
                out[b, group[t + 7]] += v7
            o0, l0, t = o7 + inner, l0 + two * two * two * step, t + 8
        if len(base) == 1:
            out[b, 0] = single


@kernel
def margins_nodes(
    rows: Floats,
    start: Int32s,
    left: Int32s,
    right: Int32s,
    feature: Int32s,
    threshold: Float32s,
    default_left: npt.NDArray[np.bool_],
    group: Int32s,
    base: Floats,
    out: Floats,
) -> None:
    """The same by child pointers: for forests too deep to pad, and as the plain walker that benchmarks compare with."""
    for b in range(rows.shape[0]):
        for c in range(len(base)):
            out[b, c] = base[c]
        for tree in range(len(start) - 1):
            node = start[tree]
            while left[node] >= 0:
                x = np.float32(rows[b, feature[node]])
                if math.isnan(x):
                    node = left[node] if default_left[node] else right[node]
                else:
                    node = left[node] if x < threshold[node] else right[node]
            out[b, group[tree]] += threshold[node]


class Margins:
    """Margins of a forest: ``Margins(forest)(rows (B, F) float64) -> (B, C)``."""

    def __init__(self, forest: Forest) -> None:
        self.forest = forest
        self._perfect = perfect(forest)

    def __call__(self, rows: Floats) -> Floats:
        out = np.empty((rows.shape[0], self.forest.classes))
        p, f = self._perfect, self.forest
        if p is None:
            margins_nodes(rows, f.start, f.left, f.right, f.feature, f.threshold, f.default_left, f.group, f.base, out)
        else:
            margins_perfect(rows, p.feature, p.threshold, p.leaf, p.group, p.base, p.depth, out)
        return out
