"""Model files rewritten: two forests in one file, a bias, a leaf more, and a file without training data.

A model that predicts at two moments, with more known at the second, may have two forests. One artefact holds both when every tree
of the first is below a node for "a feature of the second moment is missing", and every tree of the second below its other side.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from models.forest.breadth_first import in_levels

#: a threshold that only a missing value passes on the left
LOWEST: Final = -3.0e38
NO_PARENT: Final = 2147483647


def gate_on_missing(missing: bytes, present: bytes, feature: int, below: float = LOWEST) -> bytes:
    """One model file that predicts with ``missing`` where ``feature`` is missing, or less than ``below``, and with ``present``
    where it is not: every tree goes below a gate node, whose other side adds nothing."""
    document, other = json.loads(missing), json.loads(present)
    trees: list[dict[str, Any]] = []
    margins = []
    for part, inside in ((document, 0), (other, 1)):
        base = float(str(part["learner"]["learner_model_param"]["base_score"]).strip("[]"))
        margins.append(math.log(base / (1.0 - base)))
        trees += [_below(tree, feature, inside, below) for tree in part["learner"]["gradient_booster"]["model"]["trees"]]
    only = {
        "left_children": [-1],
        "right_children": [-1],
        "parents": [NO_PARENT],
        "split_indices": [0],
        "default_left": [0],
        "sum_hessian": [1.0],
        "base_weights": [0.0],
        "loss_changes": [0.0],
        "split_type": [0],
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "tree_param": trees[0]["tree_param"],
    }
    trees += [_below({**only, "split_conditions": [margin]}, feature, side, below) for side, margin in enumerate(margins)]
    learner = document["learner"]
    for number, tree in enumerate(trees):
        tree["id"] = number
        tree["tree_param"]["num_feature"] = learner["learner_model_param"]["num_feature"]
    model = learner["gradient_booster"]["model"]
    model["trees"], model["tree_info"] = trees, [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": str(len(trees))}
    learner["learner_model_param"]["base_score"] = "[5E-1]"
    return json.dumps(document, separators=(",", ":")).encode()


def _below(tree: dict[str, Any], feature: int, side: int, below: float) -> dict[str, Any]:
    """The tree on one side (0: the feature is missing or less) of a new root; a leaf of 0 on the other."""
    n = len(tree["left_children"])
    children = [1, n + 1] if side == 0 else [n + 1, 1]

    def moved(nodes: list[int]) -> list[int]:
        return [node + 1 if node >= 0 else -1 for node in nodes]

    def around(first: Any, name: str, last: Any) -> list[Any]:
        return [first, *tree[name], last]

    cover = tree["sum_hessian"][0]
    return in_levels(
        {
            **tree,
            "left_children": [children[0], *moved(tree["left_children"]), -1],
            "right_children": [children[1], *moved(tree["right_children"]), -1],
            "parents": [NO_PARENT, 0, *(p + 1 for p in tree["parents"][1:]), 0],
            "split_indices": around(feature, "split_indices", 0),
            "split_conditions": around(below, "split_conditions", 0.0),
            "default_left": around(1, "default_left", 0),
            "sum_hessian": around(2.0 * cover, "sum_hessian", cover),
            "base_weights": around(0.0, "base_weights", 0.0),
            "loss_changes": around(0.0, "loss_changes", 0.0),
            "split_type": around(0, "split_type", 0),
            "tree_param": {**tree["tree_param"], "num_nodes": str(n + 2)},
        }
    )


def add_bias(blob: bytes, margin: float) -> bytes:
    """The model file with ``margin`` added to every prediction."""
    document = json.loads(blob)
    parameters = document["learner"]["learner_model_param"]
    base = float(str(parameters["base_score"]).strip("[]"))
    moved = math.log(base / (1.0 - base)) + margin
    parameters["base_score"] = f"[{1.0 / (1.0 + math.exp(-moved)):.9E}]"
    return json.dumps(document, separators=(",", ":")).encode()


def with_leaf(blob: bytes, feature: int, margin: float) -> bytes:
    """The model file with ``margin`` added where ``feature`` is 1, and nothing where it is 0 or missing."""
    document = json.loads(blob)
    model = document["learner"]["gradient_booster"]["model"]
    tree = in_levels(
        {
            "left_children": [1, -1, -1],
            "right_children": [2, -1, -1],
            "parents": [NO_PARENT, 0, 0],
            "split_indices": [feature, 0, 0],
            "split_conditions": [0.5, 0.0, margin],
            "default_left": [1, 0, 0],
            "sum_hessian": [2.0, 1.0, 1.0],
            "base_weights": [0.0] * 3,
            "loss_changes": [0.0] * 3,
            "split_type": [0] * 3,
            "categories": [],
            "categories_nodes": [],
            "categories_segments": [],
            "categories_sizes": [],
            "id": len(model["trees"]),
            "tree_param": {**model["trees"][0]["tree_param"], "num_nodes": "3"},
        }
    )
    model["trees"].append(tree)
    count = len(model["trees"])
    model["tree_info"], model["iteration_indptr"] = [0] * count, list(range(count + 1))
    model["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": str(count)}
    return json.dumps(document, separators=(",", ":")).encode()


def strip_training_data(blob: bytes, digits: int = 6) -> bytes:
    """The model file without gains and weights of inner nodes, which only training reads, and with numbers cut to ``digits``
    figures."""
    document = json.loads(blob)
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        n = len(tree["left_children"])
        tree["base_weights"], tree["loss_changes"] = [0.0] * n, [0.0] * n
        tree["sum_hessian"] = [float(f"{v:.3g}") for v in tree["sum_hessian"]]
        tree["split_conditions"] = [float(f"{v:.{digits}g}") for v in tree["split_conditions"]]
    return json.dumps(document, separators=(",", ":")).encode()
