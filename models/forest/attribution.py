"""Exact path-dependent TreeSHAP, compiled: what each feature adds to the margin, as xgboost's ``pred_contribs`` defines it.

Per leaf of value v, let feature j of its path have w_j, the product of the cover ratios of j's splits on the path, and o_j,
1 if the row satisfies all of them and 0 otherwise. The Shapley value of feature i (Lundberg et al. 2020, weights
s! (d-1-s)! / d!) is, since that weight is the integral of t^s (1-t)^(d-1-s) over [0, 1] (the beta function),

    phi_i = v * integral of (o_i - w_i) * product over j != i of (t o_j + (1 - t) w_j) dt

whose integrand is a polynomial of degree d - 1 in t: Gauss-Legendre with Q >= d/2 points is exact (compare Linear TreeSHAP,
Yu et al. 2022). The product is carried down the tree once and the leaf sums back up, so that a tree costs O(nodes * Q).
Every factor depends on the row only through (o of the feature's previous split, o now), three cases, and is tabulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from models.base import Floats
from models.forest.evaluate import double
from models.forest.format import Float32s, Forest, Int32s

#: quadrature points are taken four at a time: one vector register of float64
_BLOCK: Final = 4
#: the most of a table; a forest beyond it (about 10 million nodes) is not for explaining live
_MOST_BYTES: Final = 2_000_000_000


@dataclass(frozen=True)
class Paths:
    """Nodes in pre-order, tree after tree (root first). ``above`` is the parent, ``prior`` the node at the end of the
    nearest higher edge that split on the same feature (the root when there is none), ``splits`` the feature of the edge
    into the node. ``table`` (Q / 4, nodes, 3, 8) holds, by case, four ratios that the product is multiplied with on the way
    down and four gains that the leaf sums are multiplied with on the way up: one cache line. ``value`` is v at a leaf and 0
    elsewhere, ``weights`` (Q / 4, 4) are the quadrature's."""

    start: Int32s
    above: Int32s
    prior: Int32s
    splits: Int32s
    right: npt.NDArray[np.bool_]
    inner: npt.NDArray[np.bool_]
    slot: Int32s
    threshold: Float32s
    value: Floats
    table: Floats
    weights: Floats
    group: Int32s
    expected: Floats
    features: int


def paths(forest: Forest) -> Paths:
    """Tabulate a forest; ``ValueError`` when its covers are missing, since the values would mean nothing."""
    nodes = len(forest.left)
    order, above = np.empty(nodes, np.int32), np.zeros(nodes, np.int32)
    start = np.zeros(forest.trees + 1, np.int32)
    prior, right, unique = np.zeros(nodes, np.int32), np.zeros(nodes, np.bool_), np.zeros(nodes, np.int32)
    share = np.ones(nodes)
    stack = np.empty(forest.depth * 2 + 4, np.int32)
    used = _preorder(
        forest.start,
        forest.left,
        forest.right,
        forest.feature,
        forest.cover,
        order,
        above,
        start,
        prior,
        right,
        unique,
        share,
        stack,
    )
    if used < 0:
        raise ValueError("the model's covers are zero: its predictions cannot be explained")
    order, above, prior, right = order[:used], above[:used], prior[:used], right[:used]
    share, deepest = share[:used], int(unique[:used].max())
    blocks = max(1, math.ceil(max(1, math.ceil(deepest / 2)) / _BLOCK))
    if blocks * used * 3 * _BLOCK * 16 > _MOST_BYTES:
        raise ValueError("the model is too large to be explained")
    is_root = np.zeros(used, np.bool_)
    is_root[start[:-1]] = True
    table, weights = _table(forest, prior, share, is_root, blocks)
    expected = forest.base.copy()
    leaf = forest.left[order] < 0
    reach = _reach(above, is_root, forest.cover[order])
    tree_of = np.repeat(np.arange(forest.trees), np.diff(start))
    np.add.at(expected, forest.group[tree_of[leaf]], (reach * forest.threshold[order])[leaf])
    return Paths(
        start=start,
        above=above,
        prior=prior,
        splits=np.where(is_root, 0, forest.feature[order[above]]).astype(np.int32),
        right=right,
        inner=~leaf,
        slot=(forest.feature[order] + np.where(forest.default_left[order], 0, forest.features)).astype(np.int32),
        threshold=forest.threshold[order],
        value=np.where(leaf, forest.threshold[order].astype(np.float64), 0.0),
        table=table,
        weights=weights,
        group=forest.group,
        expected=expected,
        features=forest.features,
    )


@kernel
def _preorder(
    start: Int32s,
    left: Int32s,
    right: Int32s,
    feature: Int32s,
    cover: Floats,
    order: Int32s,
    above: Int32s,
    begins: Int32s,
    prior: Int32s,
    is_right: npt.NDArray[np.bool_],
    unique: Int32s,
    share: Floats,
    stack: Int32s,
) -> int:
    """Number the reachable nodes; ``share`` is w of the edge's feature so far, ``unique`` how many features the path has.
    Returns how many nodes there are, or -1 when an inner node has no cover."""
    count = 0
    place = np.zeros(len(left), np.int32)  # old node -> new number
    parent = np.full(len(left), -1, np.int32)
    for tree in range(len(start) - 1):
        begins[tree] = count
        top = 0
        stack[0] = start[tree]
        while top >= 0:
            node = stack[top]
            top -= 1
            new = count
            count += 1
            order[new], place[node] = node, new
            if parent[node] < 0:
                above[new], prior[new] = new, new
            else:
                up = place[parent[node]]
                above[new] = up
                is_right[new] = right[parent[node]] == node
                if not cover[parent[node]] > 0.0:
                    return -1
                split = feature[parent[node]]
                # the nearest higher edge that split on the same feature
                at = up
                while at != begins[tree] and feature[order[above[at]]] != split:
                    at = above[at]
                prior[new] = at
                own = cover[node] / cover[parent[node]]
                share[new] = own * share[at] if at != begins[tree] else own
                unique[new] = unique[up] + (at == begins[tree])
            if left[node] >= 0:
                parent[left[node]], parent[right[node]] = node, node
                stack[top + 1], stack[top + 2] = right[node], left[node]
                top += 2
    begins[len(start) - 1] = count
    return count


@kernel
def _reach(above: Int32s, is_root: npt.NDArray[np.bool_], cover: Floats) -> Floats:
    """Share of the training rows of a tree that come through each node."""
    out = np.ones(len(above))
    for i in range(len(above)):
        if not is_root[i]:
            out[i] = out[above[i]] * cover[i] / cover[above[i]]
    return out


def _table(forest: Forest, prior: Int32s, share: Floats, is_root: npt.NDArray[np.bool_], blocks: int) -> tuple[Floats, Floats]:
    nodes, width = len(prior), blocks * _BLOCK
    points, weights = np.polynomial.legendre.leggauss(width)
    t, weights = 0.5 * (points + 1.0), 0.5 * weights
    first = is_root[prior][:, None]  # no earlier split on the feature: its factor so far is 1
    w, before = share[:, None], share[prior][:, None]
    yes, no = t + (1.0 - t) * w, (1.0 - t) * w
    yes_before = np.where(first, 1.0, t + (1.0 - t) * before)
    no_before = np.where(first, 1.0, (1.0 - t) * before)
    gain_before = np.where(first, 0.0, (1.0 - before) / yes_before)
    table = np.empty((nodes, 3, 2, width))
    # a path that no training row took has no_before = 0, and its product is 0 already
    table[:, 0, 0] = np.divide(no, no_before, out=np.zeros_like(no), where=no_before > 0.0)
    table[:, 0, 1] = 0.0
    table[:, 1, 0], table[:, 1, 1] = no / yes_before, -1.0 / (1.0 - t) - gain_before
    table[:, 2, 0], table[:, 2, 1] = yes / yes_before, (1.0 - w) / yes - gain_before
    parts = np.moveaxis(table.reshape(nodes, 3, 2, blocks, _BLOCK), 3, 0)
    return np.ascontiguousarray(parts).reshape(blocks, nodes, 3, 2 * _BLOCK), weights.reshape(blocks, _BLOCK)


@kernel
def attribute(
    rows: Floats,
    start: Int32s,
    above: Int32s,
    prior: Int32s,
    splits: Int32s,
    right: npt.NDArray[np.bool_],
    inner: npt.NDArray[np.bool_],
    slot: Int32s,
    threshold: Float32s,
    value: Floats,
    table: Floats,
    weights: Floats,
    group: Int32s,
    expected: Floats,
    out: Floats,
) -> None:
    """Contributions (B, C, F + 1) of ``rows`` (B, F): features, then the expected margin."""
    features, classes = rows.shape[1], len(expected)
    most = 0
    for tree in range(len(start) - 1):
        most = max(most, start[tree + 1] - start[tree])
    x = np.empty(2 * features, np.float32)
    goes_right, holds, line = np.empty(most, np.bool_), np.empty(most, np.uint8), np.empty(most, np.uint32)
    product, total, phi = np.empty(4 * most), np.empty(4 * most), np.empty(classes * features * 4)
    out[:] = 0.0
    # unsigned indices: a signed one costs a test for "counted from the end" at every load
    four, eight, three = np.uint64(4), np.uint64(8), np.uint64(3)
    for b in range(rows.shape[0]):
        double(rows[b], x)
        for block in range(table.shape[0]):
            cells = table[block].reshape(-1)
            phi[:] = 0.0
            for tree in range(len(start) - 1):
                root, count = np.uint64(start[tree]), np.uint64(start[tree + 1] - start[tree])
                c = np.uint64(group[tree] * features)
                for i in range(count):
                    n = root + i
                    goes_right[i] = inner[n] & (x[np.uint64(slot[n])] >= threshold[n])
                holds[0] = 1
                for q in range(4):
                    product[q] = 1.0
                    total[q] = 0.0
                for i in range(np.uint64(1), count):
                    n = root + i
                    up, earlier = np.uint64(above[n]) - root, np.uint64(prior[n]) - root
                    held = holds[earlier]
                    now = held & np.uint8(goes_right[up] == right[n])
                    holds[i] = now
                    cell = (three * n + np.uint64(held) + np.uint64(now)) * eight
                    line[i] = cell
                    p, at, v = four * up, four * i, value[n]
                    r0 = product[p] * cells[cell]
                    r1 = product[p + np.uint64(1)] * cells[cell + np.uint64(1)]
                    r2 = product[p + np.uint64(2)] * cells[cell + np.uint64(2)]
                    r3 = product[p + np.uint64(3)] * cells[cell + np.uint64(3)]
                    product[at], product[at + np.uint64(1)] = r0, r1
                    product[at + np.uint64(2)], product[at + np.uint64(3)] = r2, r3
                    total[at], total[at + np.uint64(1)] = r0 * v, r1 * v
                    total[at + np.uint64(2)], total[at + np.uint64(3)] = r2 * v, r3 * v
                for j in range(np.uint64(1), count):
                    i = count - j
                    n = root + i
                    cell = np.uint64(line[i]) + four
                    to, at = four * (c + np.uint64(splits[n])), four * i
                    p = four * (np.uint64(above[n]) - root)
                    t0, t1 = total[at], total[at + np.uint64(1)]
                    t2, t3 = total[at + np.uint64(2)], total[at + np.uint64(3)]
                    f0 = phi[to] + t0 * cells[cell]
                    f1 = phi[to + np.uint64(1)] + t1 * cells[cell + np.uint64(1)]
                    f2 = phi[to + np.uint64(2)] + t2 * cells[cell + np.uint64(2)]
                    f3 = phi[to + np.uint64(3)] + t3 * cells[cell + np.uint64(3)]
                    phi[to], phi[to + np.uint64(1)], phi[to + np.uint64(2)], phi[to + np.uint64(3)] = f0, f1, f2, f3
                    s0, s1 = total[p] + t0, total[p + np.uint64(1)] + t1
                    s2, s3 = total[p + np.uint64(2)] + t2, total[p + np.uint64(3)] + t3
                    total[p], total[p + np.uint64(1)], total[p + np.uint64(2)], total[p + np.uint64(3)] = s0, s1, s2, s3
            for k in range(classes):
                for f in range(features):
                    for q in range(4):
                        out[b, k, f] += phi[4 * (k * features + f) + q] * weights[block, q]
        for k in range(classes):
            out[b, k, features] = expected[k]


class Attribution:
    """Shapley values of a forest: ``Attribution(forest)(rows (B, F)) -> (B, C, F + 1)``; a row sums to its margin."""

    def __init__(self, forest: Forest) -> None:
        self.paths = paths(forest)

    def __call__(self, rows: Floats) -> Floats:
        p = self.paths
        out = np.empty((rows.shape[0], len(p.expected), p.features + 1))
        attribute(
            rows,
            p.start,
            p.above,
            p.prior,
            p.splits,
            p.right,
            p.inner,
            p.slot,
            p.threshold,
            p.value,
            p.table,
            p.weights,
            p.group,
            p.expected,
            out,
        )
        return out
