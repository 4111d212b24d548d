"""The levels of pictures by how many are in sight: each case's sum of chances agrees with what happened."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.soccer.shots import SHOT_INDEX
from models.artefact import load, model_file
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.recipes.shared import sight

FEATURES = len(SHOT_INDEX)


def shown(opponents: float, mates: float, keeper: float) -> np.ndarray:
    row = np.full(FEATURES, np.nan)
    row[[SHOT_INDEX["opponents_seen"], SHOT_INDEX["teammates_seen"], SHOT_INDEX["keeper_distance_m"]]] = opponents, mates, keeper
    return row


def pictures(seed: int = 3, shots: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, labels and cases: 0 whole, more opponents in sight and fewer goals; 1 a part of it, with as many goals."""
    rng = np.random.default_rng(seed)
    whole = np.stack([shown(o, m, 9.0) for o, m in zip(rng.integers(5, 11, shots), rng.integers(2, 8, shots), strict=True)])
    part = np.stack(
        [
            shown(o, m, 9.0 if k else np.nan)
            for o, m, k in zip(rng.integers(0, 8, shots), rng.integers(0, 5, shots), rng.random(shots) < 0.5, strict=True)
        ]
    )
    label = (rng.random(2 * shots) < np.repeat([0.12, 0.08], shots)).astype(np.float64)
    return np.concatenate([whole, part]), label, np.repeat([0, 1], shots)


def test_levels_make_every_case_sum_to_its_goals() -> None:
    rows, label, case = pictures()
    cell = sight.cell_of(rows)
    margin = np.full(len(label), np.log(0.1 / 0.9))
    level, added = sight.levels(margin, label, case, cell)
    chance = 1.0 / (1.0 + np.exp(-(margin + added[cell])))
    np.testing.assert_allclose(np.bincount(case, chance), np.bincount(case, label), rtol=1e-6)
    assert level[0] > 0.0 > level[1]
    # a picture that only one case shows has that case's level, one that both show lies between
    only = sight.cell_of(np.stack([shown(10.0, 7.0, 9.0), shown(0.0, 0.0, np.nan)]))
    np.testing.assert_allclose(added[only], level)
    between = added[sight.cell_of(shown(6.0, 3.0, 9.0)[None])[0]]
    assert level[1] < between < level[0]


def test_cases_without_goals_are_refused() -> None:
    rows, label, case = pictures(shots=300)
    label[case == 1] = 0.0
    with pytest.raises(ValueError, match="every case"):
        sight.levels(np.zeros(len(label)), label, case, sight.cell_of(rows))


def test_the_tree_adds_the_value_of_its_cell_and_nothing_without_players() -> None:
    blob = model_file("xgoals@real").read_bytes()
    rng = np.random.default_rng(5)
    added = rng.normal(size=sight.CELLS).astype(np.float32).astype(np.float64)
    after = sight.with_cells(blob, added, np.full(sight.CELLS, 10, np.int64), 50)
    rows = np.stack([shown(o, m, k) for o in range(12) for m in range(9) for k in (np.nan, 9.0)] + [np.full(FEATURES, np.nan)])
    cell = sight.cell_of(rows)
    assert cell[-1] == -1
    assert len(np.unique(cell)) == sight.CELLS + 1
    moved = Margins(read_forest(after))(rows)[:, 0] - Margins(read_forest(blob))(rows)[:, 0]
    np.testing.assert_allclose(moved, np.append(added, 0.0)[cell], atol=1e-5)
    # contributions still sum to the margin
    forest = read_forest(after)
    np.testing.assert_allclose(Attribution(forest)(rows)[:, 0].sum(1), Margins(forest)(rows)[:, 0], atol=1e-5)


def test_xgboost_evaluates_the_tree_alike() -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    blob = model_file("xgoals@real").read_bytes()
    rows = np.stack([shown(o, m, k) for o in range(12) for m in range(9) for k in (np.nan, 9.0)] + [np.full(FEATURES, np.nan)])
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(blob))
    names = json.loads(blob)["learner"]["feature_names"] or None
    theirs = booster.predict(xgboost.DMatrix(rows, feature_names=names), output_margin=True)
    np.testing.assert_allclose(Margins(read_forest(blob))(rows)[:, 0], theirs, atol=2e-5)
    levels = load("xgoals@real").card.parameters["levels"]
    assert levels["a random part of the players"] < 0.0 < levels["everybody in sight"]
