"""Predictions at many values of one feature, by one walk per tree: the 21 points of a lead curve in some ten microseconds.

The points of a curve share a row but for the columns that follow the axis. All of them enter a tree together and go on together
as long as the nodes split on what they share, or on a column in which they all lie on one side. Where such a column rises or
falls along the axis, a node parts a range of points into two ranges, and both are walked on. A range that ends in a leaf adds the
leaf to each of its points. Every point thus adds up the same leaves in the same order as a row of its own would (see
``models.forest.evaluate``), so that both ways give the same bits, and a forest that is monotone in the axis gives a monotone curve.

A column that neither rises nor falls along the axis would part a range into more than two: then the points are walked as rows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.axis import Axis
from features.core.compiled import kernel
from models.artefact import ForestModel
from models.base import Feature, Floats
from models.forest.evaluate import Slots, double, perfect
from models.forest.format import Float32s, Int32s
from models.home import Home, Origin

_DEEPEST_STACK: Final = 16


@kernel
def lay_out(row: Floats, spread: Floats, columns: Int32s, table: Float32s) -> bool:
    """Write the points as the table (2 F, P) that the walk reads; whether every column of ``spread`` (P, C) rises or falls
    throughout, or is missing throughout."""
    points, features = spread.shape[0], len(row)
    twice = np.empty(2 * features, np.float32)
    double(row, twice)
    for f in range(2 * features):
        for p in range(points):
            table[f, p] = twice[f]
    bent = 0
    for c in range(len(columns)):
        f = columns[c]
        falls, rises, missing = 0, 0, 0
        for p in range(points):
            x = np.float32(spread[p, c])
            gone = x != x
            table[f, p] = np.float32(-np.inf) if gone else x
            table[features + f, p] = np.float32(np.inf) if gone else x
            missing += 1 if gone else 0
            if p > 0:
                before = np.float32(spread[p - 1, c])
                rises += 1 if x > before else 0
                falls += 1 if x < before else 0
        if not (missing == points or (missing == 0 and (rises == 0 or falls == 0))):
            bent += 1
    return bent == 0


@kernel
def margins_curve(
    row: Floats,
    spread: Floats,
    columns: Int32s,
    table: Float32s,
    feature: Slots,
    threshold: Float32s,
    leaf: Float32s,
    base: float,
    out: Floats,
) -> bool:
    """Margins (P,) of a row (F,) at the points of ``spread`` (P, C) into ``out``, for a forest of two classes laid out as perfect
    trees; False, and nothing written, when a column bends along the axis. ``table`` (2 F, P) is room to work in."""
    if not lay_out(row, spread, columns, table):
        return False
    points, trees, inner = table.shape[1], feature.shape[0], feature.shape[1]
    flat = table.reshape(-1)
    nodes, values, leaves = feature.reshape(-1), threshold.reshape(-1), leaf.reshape(-1)
    node = np.empty(_DEEPEST_STACK, np.int64)
    first = np.empty(_DEEPEST_STACK, np.int64)
    last = np.empty(_DEEPEST_STACK, np.int64)
    for p in range(points):
        out[p] = base
    for tree in range(trees):
        at, i, a, z, waiting = tree * inner, 0, 0, points - 1, 0
        while True:
            while i < inner:
                x, limit = np.int64(nodes[at + i]) * points, values[at + i]
                right, other = flat[x + a] >= limit, flat[x + z] >= limit
                if right == other:
                    i = 2 * i + 1 + right
                    continue
                middle = a + 1
                while (flat[x + middle] >= limit) == right:
                    middle += 1
                node[waiting], first[waiting], last[waiting] = 2 * i + 1 + other, middle, z
                waiting += 1
                z = middle - 1
                i = 2 * i + 1 + right
            value = np.float64(leaves[tree * (inner + 1) + i - inner])
            for p in range(a, z + 1):
                out[p] += value
            if waiting == 0:
                break
            waiting -= 1
            i, a, z = node[waiting], first[waiting], last[waiting]
    return True


class Curve:
    """A two-class model evaluated along an axis: a ``models.base.Model`` whose ``predict`` is (B, F) -> (B, P)."""

    def __init__(self, model: ForestModel, axis: Axis) -> None:
        names = [f.name for f in model.features]
        unknown = [name for name in axis.columns if name not in names]
        if unknown or model.forest.classes != 1:
            why = f"it has no feature {', '.join(unknown)}" if unknown else "it has more than two classes"
            raise ValueError(f"{model.name} has no curve along {axis.name}: {why}")
        self.model, self.axis = model, axis
        self.columns = np.array([names.index(name) for name in axis.columns], np.int32)
        self._perfect = perfect(model.forest)
        self._base = float(model.forest.base[0])
        points, features = len(axis.points), len(names)
        self._shape = (points, features)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def version(self) -> str:
        return self.model.version

    @property
    def digest(self) -> str:
        """The whole hash of the model's artefact."""
        return self.model.digest

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.model.features

    @property
    def home(self) -> Home | None:
        return self.model.home

    @property
    def trained_on_origin(self) -> Origin:
        return self.model.trained_on_origin

    def predict(self, rows: Floats) -> Floats:
        margins = self.margins(np.ascontiguousarray(rows, np.float64))
        return self.model.calibrated(margins.reshape(-1, 1)).reshape(margins.shape)

    def margins(self, rows: Floats) -> Floats:
        """(B, P) log-odds before calibration."""
        points, features = self._shape
        if rows.ndim != 2 or rows.shape[1] != features:
            raise ValueError(f"{self.name} takes rows of {features} features, not an array {rows.shape}")
        out = np.empty((rows.shape[0], points))
        spread = np.empty((points, len(self.columns)))
        table = np.empty((2 * features, points), np.float32)
        p = self._perfect
        for b in range(rows.shape[0]):
            self.axis.spread(rows[b], self.axis.points, spread)
            if p is None or not margins_curve(
                rows[b], spread, self.columns, table, p.feature, p.threshold, p.leaf, self._base, out[b]
            ):
                out[b] = self.model.margin(self.rows(rows[b]))[:, 0]
        return out

    def rows(self, row: Floats) -> Floats:
        """(P, F): the points of one row as rows of their own, which give the same answers one by one."""
        spread = np.empty((self._shape[0], len(self.columns)))
        self.axis.spread(row, self.axis.points, spread)
        out = np.repeat(row.reshape(1, -1), self._shape[0], axis=0)
        out[:, self.columns] = spread
        return out


def curve_of(model: ForestModel) -> Curve:
    """The curve that a known model declares; ``ValueError`` when it declares none."""
    import importlib

    from models.specs import SPECS

    spec = SPECS.get(model.name)
    if spec is None or not spec.curve:
        raise ValueError(f"{model.name} has no curve")
    module, attribute = spec.curve
    axis: Any = getattr(importlib.import_module(module), attribute)
    return Curve(model, axis)
