"""Nodes of a written tree level by level, brothers side by side: xgboost predicts whatever the order, but its own contributions
(3.2) are wrong in another order, and tests compare ours with them."""

from __future__ import annotations

from typing import Any, Final

_PER_NODE: Final = (
    "split_indices", "split_conditions", "default_left", "sum_hessian", "base_weights", "loss_changes", "split_type",
)  # fmt: skip


def in_levels(tree: dict[str, Any]) -> dict[str, Any]:
    """The same tree (a dict as xgboost writes it, JSON) with its nodes renumbered."""
    left, right = tree["left_children"], tree["right_children"]
    order = [0]
    for node in order:
        if left[node] >= 0:
            order += [left[node], right[node]]
    place = {node: i for i, node in enumerate(order)}
    return {
        **tree,
        **{name: [tree[name][node] for node in order] for name in _PER_NODE},
        "left_children": [place.get(left[node], -1) for node in order],
        "right_children": [place.get(right[node], -1) for node in order],
        "parents": [place.get(tree["parents"][node], tree["parents"][node]) for node in order],
    }
