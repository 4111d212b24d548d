"""xgboost's portable model file, read without xgboost and checked in full: a forest of plain arrays.

A file that passes is a set of proper binary trees over known features with finite thresholds, leaves and covers; whatever
walks it afterwards need not look out for cycles or stray indices. Anything else is a ``ValueError`` with one sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.forest import ubjson

Int32s = npt.NDArray[np.int32]
Float32s = npt.NDArray[np.float32]

#: objective -> how a margin becomes a probability
LINKS: Final = {
    "binary:logistic": "logistic",
    "reg:logistic": "logistic",
    "binary:logitraw": "logistic",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
}
_MOST_NODES: Final = 50_000_000
_DEEPEST: Final = 64


class _TreeParam(msgspec.Struct):
    num_nodes: str
    size_leaf_vector: str = "1"


class _Tree(msgspec.Struct):
    left_children: list[int]
    right_children: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]
    sum_hessian: list[float]
    tree_param: _TreeParam
    split_type: list[int] = []
    categories: list[int] = []


class _Model(msgspec.Struct):
    trees: list[_Tree]
    tree_info: list[int]


class _Booster(msgspec.Struct):
    name: str
    model: _Model | None = None


class _LearnerParam(msgspec.Struct):
    base_score: str
    num_feature: str
    num_class: str = "0"
    num_target: str = "1"


class _Objective(msgspec.Struct):
    name: str


class _Learner(msgspec.Struct):
    gradient_booster: _Booster
    learner_model_param: _LearnerParam
    objective: _Objective


class _File(msgspec.Struct):
    learner: _Learner


@dataclass(frozen=True)
class Forest:
    """Trees one after another in shared node arrays; ``start[t]`` is the root of tree t, ``start[-1]`` the number of nodes.

    ``left`` and ``right`` are absolute node numbers, -1 at a leaf; ``threshold`` holds the leaf's value there. A row goes
    left where ``float32(x) < threshold``, and where x is NaN and ``default_left``. ``group`` is the class a tree adds to,
    ``base`` (C,) the margin before any tree; C is 1 for two classes.
    """

    start: Int32s
    left: Int32s
    right: Int32s
    feature: Int32s
    threshold: Float32s
    default_left: npt.NDArray[np.bool_]
    cover: Floats
    group: Int32s
    base: Floats
    features: int
    depth: int

    @property
    def trees(self) -> int:
        return len(self.start) - 1

    @property
    def classes(self) -> int:
        return len(self.base)


def read_forest(blob: bytes) -> Forest:
    """Parse a model saved by xgboost as JSON or UBJSON."""
    try:
        if blob.lstrip()[:1] == b"{" and b'"learner"' in blob[:4096]:
            document = msgspec.json.decode(blob, type=_File)
        else:
            document = msgspec.convert(ubjson.decode(blob), _File)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"not an xgboost model file: {error}") from None
    return _forest(document.learner)


def _forest(learner: _Learner) -> Forest:
    link = LINKS.get(learner.objective.name)
    if link is None:
        raise ValueError(f"the model's objective is {learner.objective.name}; only {', '.join(sorted(LINKS))} can be used")
    booster = learner.gradient_booster
    if booster.name != "gbtree" or booster.model is None:
        raise ValueError(f"the model's booster is {booster.name}; only gbtree can be used")
    if _whole(learner.learner_model_param.num_target, "num_target") > 1:
        raise ValueError("the model has several targets; only one can be used")
    features = _whole(learner.learner_model_param.num_feature, "num_feature")
    classes = max(1, _whole(learner.learner_model_param.num_class, "num_class"))
    if features < 1 or (link == "softmax") != (classes > 1):
        raise ValueError("the model's numbers of features and classes do not fit its objective")
    trees, group = booster.model.trees, booster.model.tree_info
    if not trees or len(group) != len(trees) or min(group) < 0 or max(group) >= classes:
        raise ValueError("the model has no trees, or trees of unknown classes")
    if sum(len(tree.left_children) for tree in trees) > _MOST_NODES:
        raise ValueError(f"the model has more than {_MOST_NODES} nodes")
    parts = [_checked(tree, number, features) for number, tree in enumerate(trees)]
    start = np.cumsum([0] + [len(part["left"]) for part in parts]).astype(np.int32)
    shifted = {
        side: np.concatenate([np.where(p[side] < 0, -1, p[side] + s) for p, s in zip(parts, start, strict=False)])
        for side in ("left", "right")
    }
    joined = {key: np.concatenate([p[key] for p in parts]) for key in ("feature", "threshold", "default_left", "cover")}
    return Forest(
        start=start,
        left=shifted["left"].astype(np.int32),
        right=shifted["right"].astype(np.int32),
        feature=joined["feature"],
        threshold=joined["threshold"],
        default_left=joined["default_left"],
        cover=joined["cover"],
        group=np.array(group, np.int32),
        base=_base(learner.learner_model_param.base_score, classes, link, learner.objective.name),
        features=features,
        depth=max(part["depth"] for part in parts),
    )


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"the model's {name} is {text[:40]!r}, not a whole number")
    return int(text)


def _base(text: str, classes: int, link: str, objective: str) -> Floats:
    """Margin before any tree. A logistic base score is stored as a probability, a softmax one as a margin per class."""
    try:
        values = np.array([float(part) for part in text.strip("[] ").split(",")])
    except ValueError:
        raise ValueError(f"the model's base score is {text[:40]!r}, not a number") from None
    if len(values) == 1:
        values = np.repeat(values, classes)
    if len(values) != classes or not np.isfinite(values).all():
        raise ValueError("the model's base score does not fit its classes")
    if link == "logistic" and objective != "binary:logitraw":
        if not 0.0 < values[0] < 1.0:
            raise ValueError("the model's base score is not a probability between 0 and 1")
        return np.array([math.log(values[0] / (1.0 - values[0]))])
    return values


def _checked(tree: _Tree, number: int, features: int) -> dict[str, Any]:
    """Arrays of one tree, proved to be a tree: every node but the root is the child of exactly one node reached from it."""
    where = f"tree {number} of the model"
    count = len(tree.left_children)
    lists = (tree.right_children, tree.split_indices, tree.split_conditions, tree.default_left, tree.sum_hessian)
    if count == 0 or any(len(each) != count for each in lists):
        raise ValueError(f"{where} has arrays of different lengths")
    if tree.categories or any(tree.split_type):
        raise ValueError(f"{where} splits on categories; only numbers can be used")
    if tree.tree_param.size_leaf_vector not in ("0", "1"):
        raise ValueError(f"{where} has vector leaves; only numbers can be used")
    try:
        left, right = np.array(tree.left_children, np.int32), np.array(tree.right_children, np.int32)
        feature = np.array(tree.split_indices, np.int32)
        default_left = np.array(tree.default_left, np.int64) != 0
    except OverflowError:
        raise ValueError(f"{where} holds an index out of range") from None
    with np.errstate(over="ignore"):
        threshold = np.array(tree.split_conditions, np.float64).astype(np.float32)
    cover = np.array(tree.sum_hessian, np.float64)
    leaf = left == -1
    if (leaf != (right == -1)).any():
        raise ValueError(f"{where} has a node with one child")
    inner = ~leaf
    children = np.concatenate([left[inner], right[inner]])
    if children.size and (children.min() < 1 or children.max() >= count or np.bincount(children).max() > 1):
        raise ValueError(f"{where} is not a tree: a node is out of range or has two parents")
    if inner.any() and (feature[inner].min() < 0 or feature[inner].max() >= features):
        raise ValueError(f"{where} splits on a feature that the model does not have")
    if not np.isfinite(threshold).all():
        raise ValueError(f"{where} has a threshold or leaf that is not a finite number")
    if not np.isfinite(cover).all() or (cover < 0).any():
        raise ValueError(f"{where} has a cover that is not a finite number >= 0")
    depth, level, reached = 0, np.zeros(1, np.int64), 1
    while True:
        level = level[inner[level]]
        if not level.size:
            break
        level = np.concatenate([left[level], right[level]]).astype(np.int64)
        reached += len(level)
        depth += 1
        # children have one parent each, but a ring apart from the root would never be reached
        if depth > _DEEPEST:
            raise ValueError(f"{where} is deeper than {_DEEPEST} levels")
    live = _reachable(left, right, inner) if reached != count else None
    if live is not None and (inner & ~live).any():
        raise ValueError(f"{where} has a ring of nodes that the root does not reach")
    feature = np.where(leaf, 0, feature).astype(np.int32)
    return {
        "left": left,
        "right": right,
        "feature": feature,
        "threshold": threshold,
        "default_left": default_left,
        "cover": cover,
        "depth": depth,
    }


def _reachable(left: Int32s, right: Int32s, inner: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(left), np.bool_)
    stack = [0]
    while stack:
        node = stack.pop()
        found[node] = True
        if inner[node]:
            stack += [int(left[node]), int(right[node])]
    return found
