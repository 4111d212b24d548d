"""The training tables of baseball: labels, truths, and that neither is a feature; the shipped models against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from models.artefact import SHIPPED, load
from models.evaluation.evaluation import on_simulated
from models.specs import SPECS, sport_of
from simulators.mlb.training_data import TABLES

GAMES = {"lead-probability": 60, "hit-probability": 60, "catch-probability": 60, "mlb-win-probability": 400}


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_labels_and_truths_that_are_no_features(name: str) -> None:
    assert sport_of(name) == "mlb"
    table = TABLES[name](11, GAMES[name])
    again = TABLES[name](11, GAMES[name])
    assert table.rows.tobytes() == again.rows.tobytes()
    assert table.rows.shape == (len(table.label), len(SPECS[name].features))
    assert set(np.unique(table.label)) == {0.0, 1.0}
    assert ((table.truth >= 0) & (table.truth <= 1)).all()
    assert abs(table.label.mean() - table.truth.mean()) < 0.05
    for column in table.rows.T:
        assert not np.array_equal(column, table.truth)
        assert not np.array_equal(column, table.label)
    assert not np.isinf(table.rows).any()


@pytest.mark.parametrize("name", TABLES)
def test_the_shipped_models_are_near_the_truth(name: str) -> None:
    """On fewer games than ``touchline models evaluate`` plays."""
    report = on_simulated(name, TABLES[name](2_000_000, GAMES[name]))
    assert report["truth"]["mean_absolute_error"] <= 0.02
    assert sum(path.stat().st_size for path in (SHIPPED / "simulated" / name).iterdir()) < 340_000


def test_the_lead_model_is_near_the_truth_at_both_readings() -> None:
    table = TABLES["lead-probability"](3_000_000, 100)
    model = load("lead-probability")
    gain = [f.name for f in model.features].index("gain_m")
    before = np.isnan(table.rows[:, gain])
    assert 0.4 < before.mean() < 0.6
    off = np.abs(model.predict(table.rows) - table.truth)
    assert off[before].mean() <= 0.02
    assert off[~before].mean() <= 0.02
