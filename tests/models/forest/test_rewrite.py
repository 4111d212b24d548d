"""Two forests in one file, recipes that forget, and smooth curves that may only rise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.base import Feature
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.specs import SPECS, Recipe
from models.training.gam import SplineLogistic, as_trees, merge
from models.training.training import grow

pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")

MODEL = SPECS["catch-probability"]  # any model of two classes: six features, of which two may only fall and one only rise
ASK = [f.name for f in MODEL.features].index("spray_rad")
SMALL = Recipe(boosters=(({"max_depth": 3, "eta": 0.3}, 12),))


def table(seed: int, rows: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(MODEL.features)))
    late = rng.random(rows) < 0.5
    x[late, ASK] = np.nan
    chance = 1 / (1 + np.exp(-np.where(late, 2.0, 0.5) * x[:, 1] + x[:, 0]))
    return x, (rng.random(rows) < chance).astype(np.float64)


def test_each_half_of_a_gated_file_predicts_as_its_own_forest() -> None:
    assert isinstance(MODEL.features[0], Feature)
    x, y = table(1)
    gone = np.isnan(x[:, ASK])
    both = Margins(read_forest(grow(MODEL, replace(SMALL, gate_feature="spray_rad"), x, y, 3)))
    for among in (gone, ~gone):
        alone = Margins(read_forest(grow(MODEL, SMALL, x[among], y[among], 3)))
        np.testing.assert_allclose(both(x[among]), alone(x[among]), rtol=0, atol=1e-5)


def test_xgboost_reads_the_joined_file_and_agrees() -> None:
    import xgboost

    x, y = table(2)
    blob = grow(MODEL, replace(SMALL, gate_feature="spray_rad", smooth=0.5), x, y, 3)
    booster = xgboost.Booster(model_file=bytearray(blob))
    names = [f.name for f in MODEL.features]
    theirs = booster.predict(xgboost.DMatrix(x, feature_names=names), output_margin=True)
    np.testing.assert_allclose(Margins(read_forest(blob))(x)[:, 0], theirs, rtol=0, atol=1e-4)


def test_old_rows_weigh_less() -> None:
    x, y = table(3)
    old = np.arange(len(y)) < 700
    turned = np.where(old, 1.0 - y, y)
    age = np.where(old, 40.0, 0.0)
    plain = Margins(read_forest(grow(MODEL, replace(SMALL, half_life_years=2.0), x, turned, 3, age)))
    only = Margins(read_forest(grow(MODEL, SMALL, x[~old], y[~old], 3)))
    assert np.corrcoef(plain(x)[:, 0], only(x)[:, 0])[0, 1] > 0.97


def test_bias_fits_the_latest_rows() -> None:
    x, y = table(6, 4000)
    age = np.linspace(9.0, 0.0, len(y))
    lucky = np.where(age < 1.0, np.maximum(y, np.random.default_rng(6).random(len(y)) < 0.5), y)
    late = age < 1.0
    grown = [grow(MODEL, replace(SMALL, level_half_life_years=half), x, lucky, 3, age) for half in (0.0, 0.2)]
    chance = [1 / (1 + np.exp(-Margins(read_forest(blob))(x)[late, 0])) for blob in grown]
    assert chance[0].mean() < lucky[late].mean() - 0.03
    assert chance[1].mean() == pytest.approx(lucky[late].mean(), abs=0.02)


def test_the_present_half_may_have_another_recipe() -> None:
    x, y = table(7)
    gone = np.isnan(x[:, ASK])
    other = replace(SMALL, boosters=(({"max_depth": 2, "eta": 0.1}, 3),))
    both = Margins(read_forest(grow(MODEL, replace(SMALL, gate_feature="spray_rad", present=other), x, y, 3)))
    alone = Margins(read_forest(grow(MODEL, other, x[~gone], y[~gone], 3)))
    np.testing.assert_allclose(both(x[~gone]), alone(x[~gone]), rtol=0, atol=1e-5)


def test_boosters_may_correct_the_smooth_curves() -> None:
    x, y = table(4)
    smooth = SplineLogistic(x, y, -1, 0.01)
    blob = grow(MODEL, replace(SMALL, smooth=1.0, strength=0.01, boosters=(({"max_depth": 2, "eta": 0.1}, 1),)), x, y, 3)
    found = Margins(read_forest(blob))(x)[:, 0]
    # one small step away from the curves as trees, whose steps are themselves not quite the curves
    assert np.abs(found - smooth.margin(x)).mean() < 0.3
    assert np.corrcoef(found, smooth.margin(x))[0, 1] > 0.97


def test_smooth_curves_keep_to_the_constraint() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(2000, 2))
    y = (rng.random(2000) < 1 / (1 + np.exp(-np.sin(3.0 * x[:, 0]) - 0.5 * x[:, 1]))).astype(np.float64)
    smooth = SplineLogistic(x, y, -1, 0.1)
    booster = grow(SPECS["xgoals"], SMALL, rng.normal(size=(300, len(SPECS["xgoals"].features))), y[:300], 1)
    line = np.zeros((200, len(SPECS["xgoals"].features)))
    line[:, 0] = np.linspace(-2.5, 2.5, 200)

    def curve(monotone: dict[int, int]) -> np.ndarray:
        wide = np.zeros((len(x), line.shape[1]))
        wide[:, :2] = x
        trees, margin = as_trees(smooth, x, 1.0, monotone)
        forest = Margins(read_forest(merge([(0.0, booster)], trees, margin)))
        return forest(line)[:, 0]

    free, bent = curve({}), curve({0: 1})
    assert (np.diff(free) < -1e-3).any(), "the data do rise and fall"
    assert (np.diff(bent) >= -1e-9).all()


def test_a_curve_that_is_shrunk_hard_is_a_line() -> None:
    rng = np.random.default_rng(6)
    x = rng.uniform(-2.0, 2.0, size=(3000, 2))
    y = (rng.random(3000) < 1 / (1 + np.exp(-(x[:, 0] + x[:, 1] + x[:, 0] ** 2 - 1.0)))).astype(np.float64)

    def departs(bend: float = 1.0) -> float:
        """What is left of the curve of the first feature, in its own spread, once the best line is taken off."""
        curve = SplineLogistic(x, y, -1, 0.02, bend=bend).parts(x)[0][:, 0]
        return float(np.std(curve - np.polyval(np.polyfit(x[:, 0], curve, 1), x[:, 0])) / np.std(curve))

    free, shrunk, hardly = departs(), departs(bend=0.1), departs(bend=1e-3)
    assert hardly < 1e-3 < shrunk < 0.9 * free
