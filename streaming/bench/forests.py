"""How fast a prediction and its explanation are, beside a plain walker and xgboost itself, measured in the same run.

The forest is grown here, of exactly the size that is claimed (full trees of random splits, no training needed), and the
rows rotate, so that no branch predictor and no cache can learn the answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from features.core.axis import Axis
from features.core.compiled import kernel
from models.artefact import Card, CardFeature, ForestModel
from models.base import Floats
from models.curve import Curve
from models.forest.attribution import Attribution
from models.forest.evaluate import margins_nodes
from models.forest.format import read_forest

_FEATURES: Final = 50
_ROWS: Final = 512

Timing = dict[str, Any]


def xgoals_prediction(calls: int = 4_000, trees: int = 500, depth: int = 6) -> Timing:
    """One row through ``trees`` full trees of ``depth`` levels, calibration and checks included: what a shot costs live."""
    blob, rows = _blob(trees, depth), _rows()
    forest = read_forest(blob)
    model = ForestModel(_card(), forest)
    out = np.empty((1, 1))

    def plain(row: Floats) -> None:
        f = forest
        margins_nodes(row, f.start, f.left, f.right, f.feature, f.threshold, f.default_left, f.group, f.base, out)

    contenders: dict[str, Callable[[Floats], object]] = {"plain walker, compiled": plain} | _peer(blob, contributions=False)
    return _timed(f"one prediction, {trees} trees x depth {depth}", model.predict, rows, contenders, calls)


def attribution(calls: int = 1_000, trees: int = 200, depth: int = 6) -> Timing:
    """Exact SHAP values of one row through trees whose node count is that of trained ones (about half of a full tree)."""
    blob, rows = _blob(trees, depth, full=False), _rows()
    explain = Attribution(read_forest(blob))
    name = f"attribution of one prediction, {trees} trees x depth {depth}"
    return _timed(name, explain, rows, _peer(blob, contributions=True), calls)


#: points of a lead curve, and features of the model behind it
_POINTS: Final = 21
_LEAD_FEATURES: Final = 32


@kernel
def _spread(row: Any, points: Any, out: Any) -> None:
    for p in range(points.shape[0]):
        out[p, 0], out[p, 1], out[p, 2] = points[p], row[17] - 0.7 * points[p], row[11] + 0.4 * points[p]


def lead_curve(calls: int = 4_000, trees: int = 200, depth: int = 6) -> Timing:
    """The 21 points of a lead curve through ``trees`` full trees of ``depth`` levels, three of 32 features following the lead;
    calibration and checks included. Beside it 21 rows of their own through our walker and through xgboost, which give the same."""
    blob, rows = _blob(trees, depth, features=_LEAD_FEATURES), _rows(_LEAD_FEATURES)
    model = ForestModel(_card(_LEAD_FEATURES), read_forest(blob))
    axis = Axis("lead", np.linspace(-2.0, 2.0, _POINTS), tuple(f"f{c}" for c in (3, 17, 11)), _spread)
    curve = Curve(model, axis)
    laid = np.stack([curve.rows(row) for row in rows])

    def as_rows(row: Floats) -> Floats:
        return model.predict(curve.rows(row[0]))

    contenders: dict[str, Callable[[Floats], object]] = {"21 rows by our walker": as_rows}
    peers = _peer(blob, contributions=False)
    if peers:
        inplace_predict = peers["xgboost inplace_predict"]
        contenders["21 rows by xgboost"] = lambda row: inplace_predict(curve.rows(row[0]))
    found = _timed(f"a lead curve, {trees} trees x depth {depth}", curve.predict, rows, contenders, calls)
    sample = slice(0, 32)
    ours = curve.predict(rows[sample])
    found["worst_difference"] = float(np.abs(ours - np.stack([model.predict(r) for r in laid[sample]])).max())
    if peers:
        theirs = np.stack([np.asarray(peers["xgboost inplace_predict"](r), np.float64) for r in laid[sample]])
        found["worst_difference_to_xgboost"] = float(np.abs(ours - theirs).max())
    return found


def _timed(
    name: str, ours: Callable[[Floats], object], rows: Floats, contenders: dict[str, Callable[[Floats], object]], calls: int
) -> Timing:
    p50, p99 = _percentiles(ours, rows, calls)
    floor = {}
    for other, call in contenders.items():
        middle, _ = _percentiles(call, rows, max(50, calls // 10))
        floor[other] = {"p50_us": middle, "times_ours": middle / p50}
    return {"name": name, "p50_us": p50, "p99_us": p99, "floor": floor}


def _percentiles(call: Callable[[Floats], object], rows: Floats, calls: int) -> tuple[float, float]:
    each = [rows[i : i + 1] for i in range(len(rows))]
    for row in each[:50]:
        call(row)
    took = np.empty(calls)
    for i in range(calls):
        row = each[i % len(each)]
        begin = time.perf_counter_ns()
        call(row)
        took[i] = time.perf_counter_ns() - begin
    p50, p99 = np.percentile(took, (50, 99)) / 1e3
    return float(p50), float(p99)


def _peer(blob: bytes, contributions: bool) -> dict[str, Callable[[Floats], object]]:
    """xgboost on the same forest with one thread (its fastest for one row); empty when it is not installed."""
    try:
        import xgboost
    except ModuleNotFoundError:
        return {}
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(blob))
    if contributions:
        return {"xgboost pred_contribs": lambda row: booster.predict(xgboost.DMatrix(row), pred_contribs=True)}
    return {"xgboost inplace_predict": booster.inplace_predict}


def _rows(features: int = _FEATURES) -> Floats:
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(_ROWS, features))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def _card(count: int = _FEATURES) -> Card:
    features = [CardFeature(f"f{i}", "1") for i in range(count)]
    return Card("benchmark", "random trees", ["no", "yes"], features, {}, "touchline bench", 7)


def _blob(trees: int, depth: int, full: bool = True, features: int = _FEATURES) -> bytes:
    """A model file of random trees; not ``full``: a node below the second level is a leaf with a chance of one in seven."""
    rng = np.random.default_rng(11)
    grown = [_tree(rng, number, depth, 0.0 if full else 1 / 7, features) for number in range(trees)]
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(trees)},
        "trees": grown,
        "tree_info": [0] * trees,
        "iteration_indptr": list(range(trees + 1)),
        "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
    }
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"name": "gbtree", "model": model},
        "learner_model_param": {
            "base_score": "[1E-1]",
            "boost_from_average": "1",
            "num_class": "0",
            "num_feature": str(features),
            "num_target": "1",
        },
        "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}},
    }
    return json.dumps({"learner": learner, "version": [3, 2, 0]}).encode()


def _tree(rng: np.random.Generator, number: int, depth: int, leaf_chance: float, features: int) -> dict[str, Any]:
    left, right, parent, level, cover = [-1], [-1], [2147483647], [0], [1000.0]
    at = 0
    while at < len(left):
        if level[at] < depth and (level[at] < 2 or rng.random() >= leaf_chance):
            share = rng.uniform(0.2, 0.8)
            left[at], right[at] = len(left), len(left) + 1
            for part in (share, 1.0 - share):
                left.append(-1)
                right.append(-1)
                parent.append(at)
                level.append(level[at] + 1)
                cover.append(cover[at] * part)
        at += 1
    n = len(left)
    inner = np.array(left) >= 0
    values = np.where(inner, rng.normal(size=n), rng.normal(0.0, 0.02, n)).astype(np.float32).astype(float)
    return {
        "left_children": left,
        "right_children": right,
        "parents": parent,
        "split_conditions": values.tolist(),
        "split_indices": np.where(inner, rng.integers(0, features, n), 0).tolist(),
        "default_left": np.where(inner, rng.integers(0, 2, n), 0).tolist(),
        "sum_hessian": cover,
        "base_weights": values.tolist(),
        "loss_changes": [0.0] * n,
        "split_type": [0] * n,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "id": number,
        "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(n), "size_leaf_vector": "1"},
    }
