"""A smooth additive model of a chance: cubic splines per feature in a logistic regression, and the same again as trees.

A few thousand goals do not teach a booster that a curve is smooth. A spline regression knows nothing else, and misses the
interactions that trees find; their average is better than either. To keep one artefact, one explanation and one compiled
path, the regression is then written down as trees: one per feature, with a leaf for each of up to 64 steps of its curve
(and one for "missing") that holds what the curve adds there, averaged over the training rows of the step.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.forest.breadth_first import in_levels

#: fewer distinct values than this are used as they are
_FEW: Final = 12
_BINS: Final = 64
_GROUP_BINS: Final = 32
#: a threshold that only a missing value passes on the left
_LOWEST: Final = float(np.float32(-3.0e38))
_NO_PARENT: Final = 2147483647


class SplineLogistic:
    """Logistic regression on spline bases, on the missingness of each feature, and on a slope of each feature in the group
    where the yes/no feature ``by`` is 1 (a header falls off with distance otherwise than a kick); ``by`` -1: no group.

    Missing values are put at the median, with a column of their own that says so. Features that do not vary are left out.
    ``strength`` is scikit-learn's C on standardised columns, ``knots`` the knots of each curve, at quantiles.
    ``own`` 0 gives the group slopes only; more lets it bend curves of its own, the more freely the larger.
    ``bend`` below 1 gives every curved feature a straight line as well, and shrinks what its curve departs from that line, in the
    group or anywhere, the more the smaller ``bend`` is: what is only noise in a feature then costs one number, not one per knot.
    """

    def __init__(
        self,
        rows: Floats,
        labels: Floats,
        by: int = -1,
        strength: float = 0.002,
        weights: Floats | None = None,
        knots: int = 6,
        own: float = 0.0,
        bend: float = 1.0,
    ) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import SplineTransformer, StandardScaler
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        present = ~np.isnan(rows)
        self._median = np.array([np.median(c[k]) if k.any() else 0.0 for c, k in zip(rows.T, present.T, strict=True)])
        filled = self._filled(rows)
        distinct = [len(np.unique(c)) for c in filled.T]
        gaps = [j for j in range(rows.shape[1]) if present[:, j].any() and not present[:, j].all()]
        self._curved = [j for j, n in enumerate(distinct) if n > _FEW]
        self._plain = [j for j, n in enumerate(distinct) if 1 < n <= _FEW]
        self._gaps, self.by = gaps, by if by >= 0 and distinct[by] > 1 else -1
        self._splines: Any = None
        if self._curved:
            self._splines = SplineTransformer(knots, degree=3, knots="quantile", extrapolation="constant")
            self._splines.fit(filled[:, self._curved])
        self._straight = self._curved if bend < 1.0 else []
        basis, self._owner, self._grouped, bent = self._basis(rows)
        scale = StandardScaler().fit(basis)
        self._mean, self._scale = scale.mean_, scale.scale_ / np.where(bent, bend, 1.0)
        self._own = own if self.by >= 0 else 0.0
        standard = self._with_own((basis - self._mean) / self._scale, rows)
        with threadpool_limits(1):  # narrow matrices: threads would only wait for each other
            fit = LogisticRegression(C=strength, max_iter=500).fit(standard, labels > 0.5, sample_weight=weights)
        self._coefficients = fit.coef_[0]
        self._weight = self._coefficients[: basis.shape[1]] / self._scale
        self.intercept = float(fit.intercept_[0] - (self._weight * self._mean).sum())

    def _filled(self, rows: Floats) -> Floats:
        return np.where(np.isnan(rows), self._median, rows)

    def _basis(self, rows: Floats) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Columns (B, K), the feature each belongs to, whether it counts in the group only, and whether it departs from a line."""
        filled = self._filled(rows)
        parts = [filled[:, self._plain], np.isnan(rows[:, self._gaps]).astype(np.float64), filled[:, self._straight]]
        owner = self._plain + self._gaps + self._straight
        bent = [False] * len(owner)
        if self._curved:
            curves = self._splines.transform(filled[:, self._curved])
            parts.append(curves)
            owner = owner + np.repeat(self._curved, curves.shape[1] // len(self._curved)).tolist()
            bent += [True] * curves.shape[1]
        grouped = [False] * len(owner)
        if self.by >= 0:
            slopes = [j for j in self._curved if j != self.by]
            parts.append(filled[:, slopes] * filled[:, [self.by]])
            owner, grouped, bent = owner + slopes, grouped + [True] * len(slopes), bent + [True] * len(slopes)
        return np.hstack(parts), np.array(owner, np.int64), np.array(grouped, np.bool_), np.array(bent, np.bool_)

    def _with_own(self, standard: Floats, rows: Floats) -> Floats:
        """Standardised columns (B, K), and the same again in the group alone when it has curves of its own."""
        if self._own == 0.0:
            return standard
        inside = _in_group(rows, self.by).astype(np.float64)
        return np.hstack([standard, self._own * standard[:, self._free()] * inside[:, None]])

    def _free(self) -> npt.NDArray[np.int64]:
        """The columns that get curves of their own in the group: all but its slopes and the column of the group itself."""
        return np.flatnonzero(~self._grouped & (self._owner != self.by)).astype(np.int64)

    def parts(self, rows: Floats) -> tuple[Floats, Floats]:
        """What each feature adds to the log-odds of each row: everywhere (B, F), and in the group of ``by`` (B, F)."""
        basis, owner, grouped, _ = self._basis(rows)
        added = basis * self._weight
        everywhere, inside = np.zeros(rows.shape), np.zeros(rows.shape)
        for k in range(len(owner)):
            (inside if grouped[k] else everywhere)[:, owner[k]] += added[:, k]
        if self._own > 0.0:
            standard = (basis - self._mean) / self._scale
            theirs = self._with_own(standard, rows)[:, basis.shape[1] :] * self._coefficients[basis.shape[1] :]
            for k, j in enumerate(owner[self._free()].tolist()):
                inside[:, j] += theirs[:, k]
        return everywhere, inside

    def margin(self, rows: Floats) -> Floats:
        """(B,) log-odds."""
        everywhere, inside = self.parts(rows)
        return np.asarray(self.intercept + everywhere.sum(1) + inside.sum(1), np.float64)


def _cuts(values: npt.NDArray[np.float32], curve: Floats, bins: int) -> list[int]:
    """Where to cut sorted ``values`` into bins over which the curve rises or falls by about the same amount: the few rows
    at an end, where it is steepest and matters most, are not lumped together as quantiles would. A cut never falls between
    equal values."""
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(curve)))])
    if way[-1] <= 0.0:
        return []
    cuts = np.searchsorted(way, way[-1] * np.arange(1, bins) / bins, "left")
    cuts = np.unique(np.searchsorted(values, values[np.minimum(cuts, len(values) - 1)], "left"))
    return [int(c) for c in cuts if c > 0]


def as_trees(
    smooth: SplineLogistic, rows: Floats, weight: float, monotone: Mapping[int, int] = MappingProxyType({})
) -> tuple[list[dict[str, Any]], float]:
    """The regression as xgboost's trees, leaves times ``weight``, and the margin that goes into the base score.

    ``monotone`` (feature: 1 rising, -1 falling) bends each such curve into the nearest one that keeps to it."""
    everywhere, inside = smooth.parts(rows)
    for j, way in monotone.items():
        for part, among in ((everywhere, ~np.isnan(rows[:, j])), (inside, ~np.isnan(rows[:, j]) & _in_group(rows, smooth.by))):
            if among.any() and np.ptp(part[among, j]) > 0.0:
                part[among, j] = _bent(rows[among, j], part[among, j], way)
    trees = []
    for j in range(rows.shape[1]):
        if np.ptp(everywhere[:, j]) > 0.0:
            trees.append(_Tree(weight).curve(rows, everywhere, j, _BINS, np.ones(len(rows), np.bool_)).document())
        if np.ptp(inside[:, j]) > 0.0:
            trees.append(_Tree(weight).grouped(rows, inside, j, smooth.by).document())
    return trees, weight * smooth.intercept


def _in_group(rows: Floats, by: int) -> npt.NDArray[np.bool_]:
    return rows[:, by] >= 0.5 if by >= 0 else np.zeros(len(rows), np.bool_)


def _bent(values: Floats, curve: Floats, way: int) -> Floats:
    """``curve`` (B,) made monotone in ``values``, by least squares."""
    from sklearn.isotonic import IsotonicRegression

    return np.asarray(IsotonicRegression(increasing=way > 0).fit(values, curve).predict(values), np.float64)


class _Tree:
    """A tree under construction, root first."""

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self._nodes: list[list[float]] = []  # left, right, parent, feature, threshold or leaf, default left, cover

    def curve(self, rows: Floats, added: Floats, j: int, bins: int, among: npt.NDArray[np.bool_], parent: int = -1) -> _Tree:
        """A balanced search over the steps of the curve of feature ``j``; leaves are means of ``added`` there."""
        missing = among & np.isnan(rows[:, j])
        present = among & ~missing
        if not present.any():
            self._leaf(parent, float(added[among, j].mean()) if among.any() else 0.0, int(among.sum()))
            return self
        if missing.any():
            parent = self._split(parent, j, _LOWEST, True, int(among.sum()))
            self._leaf(parent, float(added[missing, j].mean()), int(missing.sum()))
        order = np.flatnonzero(present)
        order = order[np.argsort(rows[order, j].astype(np.float32), kind="stable")]
        values, curve = rows[order, j].astype(np.float32), added[order, j]
        edges = [0, *_cuts(values, curve, bins), len(values)]
        self._search(parent, j, edges, values, curve)
        return self

    def _search(self, parent: int, j: int, edges: list[int], values: npt.NDArray[np.float32], added: Floats) -> None:
        first, last = edges[0], edges[-1]
        if len(edges) == 2:
            self._leaf(parent, float(added[first:last].mean()), last - first)
            return
        middle = len(edges) // 2
        at = self._split(parent, j, float(values[edges[middle]]), False, last - first)
        self._search(at, j, edges[: middle + 1], values, added)
        self._search(at, j, edges[middle:], values, added)

    def grouped(self, rows: Floats, added: Floats, j: int, by: int) -> _Tree:
        """Nothing outside the group (and where the group is unknown); the curve of ``j`` inside."""
        inside = rows[:, by] >= 0.5
        root = self._split(-1, by, 0.5, True, len(rows))
        self._leaf(root, 0.0, int((~inside).sum()))
        return self.curve(rows, added, j, _GROUP_BINS, inside, root)

    def _split(self, parent: int, feature: int, threshold: float, default_left: bool, cover: int) -> int:
        return self._add(parent, feature, threshold, default_left, cover)

    def _leaf(self, parent: int, value: float, cover: int) -> None:
        self._add(parent, 0, value * self._weight, False, cover)

    def _add(self, parent: int, feature: int, value: float, default_left: bool, cover: int) -> int:
        at = len(self._nodes)
        self._nodes.append([-1, -1, _NO_PARENT if parent < 0 else parent, feature, value, default_left, max(cover, 1)])
        if parent >= 0:
            self._nodes[parent][0 if self._nodes[parent][0] < 0 else 1] = at
        return at

    def document(self) -> dict[str, Any]:
        """As xgboost writes a tree; thresholds are what float32 values are compared with."""
        left, right, parents, feature, value, default_left, cover = (list(column) for column in zip(*self._nodes, strict=True))
        n = len(left)
        return in_levels(
            {
                "base_weights": [0.0] * n,
                "categories": [],
                "categories_nodes": [],
                "categories_segments": [],
                "categories_sizes": [],
                "default_left": [int(d) for d in default_left],
                "id": 0,
                "left_children": left,
                "loss_changes": [0.0] * n,
                "parents": parents,
                "right_children": right,
                "split_conditions": [float(np.float32(v)) for v in value],
                "split_indices": feature,
                "split_type": [0] * n,
                "sum_hessian": [float(c) for c in cover],
                "tree_param": {"num_deleted": "0", "num_feature": "0", "num_nodes": str(n), "size_leaf_vector": "1"},
            }
        )


def merge(parts: list[tuple[float, bytes]], trees: list[dict[str, Any]], margin: float) -> bytes:
    """One model file (JSON) whose margin is the weighted sum of those of ``parts`` (two-class boosters, saved as JSON), plus
    ``trees`` and ``margin``. Averaging is done by scaling leaves, so that xgboost itself can load the result."""
    merged: dict[str, Any] | None = None
    joined: list[dict[str, Any]] = []
    for weight, blob in parts:
        document = json.loads(blob)
        learner = document["learner"]
        base = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
        margin += weight * math.log(base / (1.0 - base))
        for tree in learner["gradient_booster"]["model"]["trees"]:
            for node, child in enumerate(tree["left_children"]):
                tree["base_weights"][node] *= weight
                if child == -1:
                    tree["split_conditions"][node] *= weight
            joined.append(tree)
        merged = merged or document
    if merged is None:
        raise ValueError("there is no booster to merge into")
    learner = merged["learner"]
    model = learner["gradient_booster"]["model"]
    for tree in trees:
        tree["tree_param"]["num_feature"] = learner["learner_model_param"]["num_feature"]
    joined += trees
    for number, tree in enumerate(joined):
        tree["id"] = number
    model["trees"], model["tree_info"] = joined, [0] * len(joined)
    model["iteration_indptr"] = list(range(len(joined) + 1))
    model["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": str(len(joined))}
    learner["learner_model_param"]["base_score"] = f"[{1.0 / (1.0 + math.exp(-margin)):.9E}]"
    learner["attributes"] = {}
    return json.dumps(merged, separators=(",", ":")).encode()
