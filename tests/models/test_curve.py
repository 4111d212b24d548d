"""The lead curve: one walk per tree gives what 21 rows give, to the bit by our own walker and within 1e-6 of xgboost, and never
falls as the lead grows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.axis import Axis
from features.mlb.steal_features import COLUMN, CURVE, LEADS_M, STEAL_FEATURES, WIDTH, derive
from models.artefact import load
from models.curve import Curve, curve_of
from models.forest.rewrite import strip_training_data

MODEL = load("lead-probability")
LEAD = curve_of(MODEL)
#: what can stand in a row, by the feature's name
REACH = {
    "lead_m": (0.0, 8.0), "sprint_mps": (6.5, 9.6), "pop_second_s": (1.7, 2.3), "pop_third_s": (1.3, 1.8), "delivery_s": (1.0, 1.8),
    "balls": (0.0, 3.0), "strikes": (0.0, 2.0), "third": (0.0, 1.0), "rules_2023": (0.0, 1.0),
}  # fmt: skip


def random_rows(seed: int, count: int, missing: float = 0.25) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = np.empty((count, WIDTH))
    for i, (name, _, _) in enumerate(STEAL_FEATURES):
        low, high = REACH.get(name, (-0.5, 0.5))
        rows[:, i] = rng.uniform(low, high, count)
    for name in ("third", "rules_2023", "balls", "strikes"):
        rows[:, COLUMN[name]] = np.round(rows[:, COLUMN[name]])
    rows[rng.random(rows.shape) < missing] = np.nan
    rows[rng.random(count) < 0.5, COLUMN["gain_m"]] = np.nan
    derive(rows)
    return rows


def test_curve_equals_twenty_one_rows_to_the_bit() -> None:
    for row in random_rows(1, 200):
        alone = MODEL.margin(LEAD.rows(row))[:, 0]
        together = LEAD.margins(row.reshape(1, -1))[0]
        assert together.tobytes() == alone.tobytes()


def test_curve_equals_xgboost() -> None:
    xgboost = pytest.importorskip("xgboost")
    from models.artefact import SHIPPED

    booster = xgboost.Booster(model_file=str(SHIPPED / "simulated" / "lead-probability" / "model.json"))
    for row in random_rows(2, 60):
        points = LEAD.rows(row)
        names = [f.name for f in MODEL.features]
        theirs = booster.predict(xgboost.DMatrix(points, feature_names=names), output_margin=True)
        ours = LEAD.margins(row.reshape(1, -1))[0]
        p, q = 1 / (1 + np.exp(-ours)), 1 / (1 + np.exp(-theirs.astype(np.float64)))
        np.testing.assert_allclose(p, q, rtol=0, atol=1e-6)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.floats(-3.0, 30.0), st.just(float("nan"))), min_size=WIDTH, max_size=WIDTH))
def test_curve_never_falls_as_the_lead_grows(values: list[float]) -> None:
    row = np.array(values)
    row[COLUMN["sprint_mps"]] = abs(row[COLUMN["sprint_mps"]])  # a speed is none below zero
    curve = LEAD.predict(row.reshape(1, -1))[0]
    assert curve.shape == (21,)
    assert ((curve >= 0.0) & (curve <= 1.0)).all()
    assert (np.diff(curve) >= 0.0).all()


def test_curve_at_a_lead_equals_the_model_at_that_lead() -> None:
    rows = random_rows(3, 40)
    curve = LEAD.predict(rows)
    for k, lead in enumerate(LEADS_M):
        rows[:, COLUMN["lead_m"]] = lead
        derive(rows)
        np.testing.assert_array_equal(MODEL.predict(rows), curve[:, k])


def test_row_without_a_lead_has_no_curve_and_others_keep_theirs() -> None:
    rows = random_rows(4, 6, missing=0.0)
    whole = MODEL.predict(rows)
    rows[[1, 4], COLUMN["lead_m"]] = np.nan
    found = MODEL.predict(rows)
    assert np.isnan(found[[1, 4]]).all()
    np.testing.assert_array_equal(found[[0, 2, 3, 5]], whole[[0, 2, 3, 5]])


def test_a_column_that_bends_along_the_axis_is_walked_row_by_row() -> None:
    def bent(row, points, out):
        out[:, 0] = points
        out[:, 1] = np.sin(5.0 * points)

    curve = Curve(MODEL, Axis("lead", LEADS_M, ("lead_m", "left_s"), bent))
    row = random_rows(5, 1)[0]
    alone = MODEL.margin(curve.rows(row))[:, 0]
    np.testing.assert_array_equal(curve.margins(row.reshape(1, -1))[0], alone)


def test_curve_along_an_unknown_feature_or_of_many_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="takes rows of"):
        LEAD.predict(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="has no curve along"):
        Curve(MODEL, Axis("speed", LEADS_M, ("no_such",), CURVE.spread))
    with pytest.raises(ValueError, match="xgoals has no curve"):
        curve_of(load("xgoals"))


def test_a_stripped_model_predicts_the_same() -> None:
    from models.artefact import SHIPPED
    from models.forest.evaluate import Margins
    from models.forest.format import read_forest

    blob = (SHIPPED / "simulated" / "xgoals" / "model.json").read_bytes()
    rows = np.random.default_rng(6).normal(size=(50, load("xgoals").forest.features))
    plain, less = Margins(read_forest(blob)), Margins(read_forest(strip_training_data(blob)))
    np.testing.assert_allclose(less(rows), plain(rows), rtol=0, atol=1e-3)
    assert len(strip_training_data(blob)) < 0.8 * len(blob)
