"""Several boosters, weighted, as one xgboost model file: its margin is the weighted sum of theirs.

Averaging on the margin is done by scaling leaves, so that the result is an ordinary forest that xgboost itself can load.
"""

from __future__ import annotations

import json
import math
from typing import Any


def merge(parts: list[tuple[float, bytes]], objective: str = "binary:logistic") -> bytes:
    """One model file (JSON bytes) from ``(weight, model file as JSON)``; all must have the same features and one margin.

    A part trained on squared error (its base score is a margin) and one trained on log loss (a probability) may be mixed.
    """
    trees: list[dict[str, Any]] = []
    margin = 0.0
    merged: dict[str, Any] | None = None
    for weight, blob in parts:
        document = json.loads(blob)
        learner = document["learner"]
        model = learner["gradient_booster"]["model"]
        margin += weight * _base_margin(learner)
        for tree in model["trees"]:
            for node, child in enumerate(tree["left_children"]):
                tree["base_weights"][node] *= weight
                if child == -1:
                    tree["split_conditions"][node] *= weight
            tree["id"] = len(trees)
            trees.append(tree)
        if learner["objective"]["name"] == objective and merged is None:
            merged = document
    if merged is None:
        raise ValueError(f"none of the models was trained with {objective}")
    learner = merged["learner"]
    model = learner["gradient_booster"]["model"]
    model["trees"], model["tree_info"] = trees, [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": str(len(trees))}
    learner["learner_model_param"]["base_score"] = f"[{1.0 / (1.0 + math.exp(-margin)):.9E}]"
    learner["attributes"] = {}
    return json.dumps(merged, separators=(",", ":")).encode()


def _base_margin(learner: dict[str, Any]) -> float:
    value = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
    name = learner["objective"]["name"]
    if name == "reg:squarederror":
        return value
    if name == "binary:logistic":
        return math.log(value / (1.0 - value))
    raise ValueError(f"a model trained with {name} cannot be merged")
