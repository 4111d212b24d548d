"""A bias by the number of players in sight, which shows how complete a freeze frame is.

A forest that was trained on complete frames and on frames of which a part is withheld predicts between the two where it cannot
distinguish them: too low for the whole ones, too high for the others. How many opponents and team-mates are in sight, and
whether the keeper is, says how likely each case is. Each case is given a level of its own, and a picture the mean of the levels of
the cases that it may belong to:

    margin += REACH * sum over cases of level(case) * P(case | opponents, team-mates, keeper)

with P from equally many shots of each case, and the levels such that summed xGoals equal the goals in every case (Newton's method;
as many equations as levels). Only the way to that is cut short by ``REACH``: all of it costs log loss. The sum is one tree more.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_INDEX
from models.base import Floats
from models.forest.breadth_first import in_levels
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import LOWEST, NO_PARENT

Ints = npt.NDArray[np.int64]
#: bounds between the numbers of opponents and of team-mates in sight
OPPONENTS: Final = (1.0, 2.0, 4.0, 6.0, 7.0, 8.0, 9.0, 10.0)
MATES: Final = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
CELLS: Final = (len(OPPONENTS) + 1) * (len(MATES) + 1) * 2
#: the share of the way that is gone; found on parts of the games that teach (docs/models.md)
REACH: Final = 0.5
_OPPONENTS, _MATES, _KEEPER = (SHOT_INDEX[name] for name in ("opponents_seen", "teammates_seen", "keeper_distance_m"))


def cell_of(rows: Floats) -> Ints:
    """(B,) the cell of each row (B, F), 0..CELLS-1; -1 where no player is in sight."""
    opponents, mates = rows[:, _OPPONENTS], rows[:, _MATES]
    seen = np.isfinite(opponents) & np.isfinite(mates)
    at = np.digitize(np.where(seen, opponents, 0.0), OPPONENTS) * (len(MATES) + 1) + np.digitize(np.where(seen, mates, 0.0), MATES)
    return np.asarray(np.where(seen, 2 * at + ~np.isnan(rows[:, _KEEPER]), -1), np.int64)


def levels(margin: Floats, label: Floats, case: Ints, cell: Ints) -> tuple[Floats, Floats]:
    """Levels (C,) of the cases 0..C-1 of rows (B,), and what they add to the margin in each cell (CELLS,), before ``REACH``.

    ``ValueError`` where a case has no row in sight, or only goals or only misses.
    """
    seen = cell >= 0
    margin, label, case, cell = margin[seen], label[seen], case[seen], cell[seen]
    cases = int(case.max(initial=-1)) + 1
    rows = np.bincount(case, minlength=cases)
    goals = np.bincount(case, label, cases)
    if not cases or not ((goals > 0.0) & (goals < rows)).all():
        raise ValueError("every case needs shots that went in and shots that did not")
    counts = np.bincount(case * CELLS + cell, minlength=cases * CELLS).reshape(cases, CELLS) / rows[:, None]
    total = counts.sum(0)
    share = np.where(total > 0.0, counts / np.where(total > 0.0, total, 1.0), 0.0)
    level = np.zeros(cases)
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-(margin + (level @ share)[cell])))
        off = goals - np.bincount(case, chance, cases)
        weight = np.bincount(case * CELLS + cell, chance * (1.0 - chance), cases * CELLS).reshape(cases, CELLS)
        step = np.linalg.lstsq(weight @ share.T, off, rcond=None)[0]
        level += step
        if np.abs(step).max() < 1e-10:
            break
    return level, level @ share


def levelled(blob: bytes, rows: Floats, label: Floats, case: Ints, reach: float = REACH) -> tuple[bytes, Floats]:
    """The model file ``blob`` with the levels that it needs on ``rows`` (B, F) of cases 0..C-1 (B,), and the levels (C,)."""
    cell = cell_of(rows)
    margin = Margins(read_forest(blob))(np.ascontiguousarray(rows))[:, 0]
    level, added = levels(margin, label, case, cell)
    return with_cells(blob, reach * added, np.bincount(cell[cell >= 0], minlength=CELLS), int((cell < 0).sum())), level


def with_cells(blob: bytes, added: Floats, rows: Ints, unseen: int) -> bytes:
    """The model file with a tree that adds ``added`` (CELLS,) to the margin by what is in sight, nothing where no player is;
    ``rows`` (CELLS,) and ``unseen`` are how many rows each leaf has, for the attributions."""
    nodes: list[list[float]] = []  # left, right, parent, feature, threshold or leaf, default left, cover

    def node(parent: int, feature: int, value: float, default_left: bool, cover: float) -> int:
        nodes.append([-1, -1, NO_PARENT if parent < 0 else parent, feature, value, default_left, max(cover, 1)])
        at = len(nodes) - 1
        if parent >= 0:
            nodes[parent][0 if nodes[parent][0] < 0 else 1] = at
        return at

    by = rows.reshape(len(OPPONENTS) + 1, len(MATES) + 1, 2)
    leaf = np.asarray(added, np.float64).reshape(by.shape)

    def opponents(parent: int, lo: int, hi: int) -> None:
        if hi - lo == 1:
            return mates(parent, lo, 0, len(MATES) + 1)
        middle = (lo + hi) // 2
        at = node(parent, _OPPONENTS, OPPONENTS[middle - 1], False, by[lo:hi].sum())
        opponents(at, lo, middle)
        return opponents(at, middle, hi)

    def mates(parent: int, i: int, lo: int, hi: int) -> None:
        if hi - lo == 1:
            at = node(parent, _KEEPER, LOWEST, True, by[i, lo].sum())
            for keeper in (0, 1):
                node(at, 0, float(leaf[i, lo, keeper]), False, by[i, lo, keeper])
            return
        middle = (lo + hi) // 2
        at = node(parent, _MATES, MATES[middle - 1], False, by[i, lo:hi].sum())
        mates(at, i, lo, middle)
        mates(at, i, middle, hi)

    root = node(-1, _OPPONENTS, LOWEST, True, float(by.sum() + unseen))
    node(root, 0, 0.0, False, unseen)
    opponents(root, 0, len(OPPONENTS) + 1)
    return _appended(blob, nodes)


def _appended(blob: bytes, nodes: list[list[float]]) -> bytes:
    document: dict[str, Any] = json.loads(blob)
    model = document["learner"]["gradient_booster"]["model"]
    left, right, parents, feature, value, default_left, cover = (list(column) for column in zip(*nodes, strict=True))
    n = len(nodes)
    tree = in_levels(
        {
            "left_children": left,
            "right_children": right,
            "parents": parents,
            "split_indices": feature,
            "split_conditions": [float(np.float32(v)) for v in value],
            "default_left": [int(d) for d in default_left],
            "sum_hessian": [float(c) for c in cover],
            "base_weights": [0.0] * n,
            "loss_changes": [0.0] * n,
            "split_type": [0] * n,
            "categories": [],
            "categories_nodes": [],
            "categories_segments": [],
            "categories_sizes": [],
            "id": len(model["trees"]),
            "tree_param": {**model["trees"][0]["tree_param"], "num_nodes": str(n)},
        }
    )
    model["trees"].append(tree)
    count = len(model["trees"])
    model["tree_info"], model["iteration_indptr"] = [0] * count, list(range(count + 1))
    model["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": str(count)}
    return json.dumps(document, separators=(",", ":")).encode()
