"""The spline regression and the trees it is written down as."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.artefact import SHIPPED, load, shipped
from models.base import Floats
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.specs import spec_of
from models.training.training import grow

xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")


def shots(count: int = 6000) -> tuple[Floats, Floats]:
    """Kicks fall off gently with distance, headers steeply beyond 8 m and not at all before: a slope alone cannot say that."""
    rng = np.random.default_rng(1)
    spec = spec_of("xgoals")
    names = [f.name for f in spec.features]
    rows = rng.normal(0.0, 1.0, (count, len(names)))
    for j, feature in enumerate(spec.features):
        if feature.unit == "0..1":
            rows[:, j] = rng.random(count) < 0.5
    distance, header = rng.uniform(2.0, 25.0, count), (rng.random(count) < 0.4).astype(np.float64)
    rows[:, names.index("distance_m")], rows[:, names.index("header")] = distance, header
    margin = np.where(header > 0.5, -0.5 - 0.6 * np.maximum(distance - 8.0, 0.0), -0.12 * distance)
    return rows, (rng.random(count) < 1.0 / (1.0 + np.exp(-margin))).astype(np.float64)


def by_distance(blob: bytes, rows: Floats, header: float) -> Floats:
    """Margins of a typical row at distances of 3 to 24 m."""
    names = [f.name for f in spec_of("xgoals").features]
    spec = np.repeat(np.median(rows, axis=0)[None], 64, axis=0)
    spec[:, names.index("header")] = header
    spec[:, names.index("distance_m")] = np.linspace(3.0, 24.0, 64)
    return Margins(read_forest(blob))(spec)[:, 0]


def test_headers_have_curves_of_their_own() -> None:
    spec, (rows, label) = spec_of("xgoals"), shots()
    assert spec.real is not None
    # one forest of it: which one answers is another matter
    recipe = replace(spec.real, smooth=0.999, boosters=((spec.real.boosters[0][0], 1),), own=3.0, gate_feature="", present=None)
    own = by_distance(grow(spec, recipe, rows, label, 1), rows, 1.0)
    slopes = by_distance(grow(spec, replace(recipe, own=0.0), rows, label, 1), rows, 1.0)
    # what is lost within 8 m, of all that is lost: nothing in truth
    near = [float(np.ptp(curve[:15]) / np.ptp(curve)) for curve in (own, slopes)]
    assert near[0] < 0.85 * near[1]


@pytest.mark.slow
def test_the_game_s_demands_are_kept_and_contributions_add_up() -> None:
    """Farther is never better, all else being equal: not for kicks, not for headers, in any part of the forest."""
    spec, (rows, label) = spec_of("xgoals"), shots()
    assert spec.real is not None
    boosters = tuple((parameters, 20) for parameters, _ in spec.real.boosters)
    blob = grow(spec, replace(spec.real, boosters=boosters), rows, label, 1)
    for header in (0.0, 1.0):
        assert (np.diff(by_distance(blob, rows, header)) <= 1e-6).all()
    forest = read_forest(blob)
    some = np.ascontiguousarray(rows[:200])
    some[::7, 5] = np.nan
    parts = Attribution(forest)(some)[:, 0]
    np.testing.assert_allclose(parts.sum(1), Margins(forest)(some)[:, 0], atol=1e-9)
    booster = xgboost.Booster()
    booster.load_model(bytearray(blob))
    theirs = booster.predict(xgboost.DMatrix(some, feature_names=[f.name for f in spec.features]), pred_contribs=True)
    np.testing.assert_allclose(parts, theirs, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_contributions_of_what_ships_are_xgboost_s_own(name: str) -> None:
    model, rng = load(name), np.random.default_rng(0)
    rows = rng.uniform(0.0, 20.0, (60, len(model.features)))
    for j, feature in enumerate(model.features):
        if feature.unit == "0..1":
            rows[:, j] = rng.random(60) < 0.5
    rows[rng.random(rows.shape) < 0.05] = np.nan
    booster = xgboost.Booster()
    booster.load_model(str(next((SHIPPED / "simulated" / name).glob("model.*"))))
    matrix = xgboost.DMatrix(rows, feature_names=booster.feature_names)
    ours = model.attribute(rows)
    np.testing.assert_allclose(ours, booster.predict(matrix, pred_contribs=True).reshape(ours.shape), atol=1e-4)
    margins = model.margin(rows)
    np.testing.assert_allclose(ours.sum(-1), margins if ours.ndim == 3 else margins[:, 0], atol=1e-9)
