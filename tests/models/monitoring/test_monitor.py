"""Drift of inputs and calibration, missing values and latency raise alerts, and rows like those of training do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.artefact import load
from models.evaluation.comparison import as_text, compare
from models.monitoring.calibration import LIMIT, SHIFT, CalibrationDrift
from models.monitoring.monitor import MIN_ROWS, ModelMonitor, top_class
from models.monitoring.profile import PSI_ALERT, drift, profile_of
from models.training.training import Table

NAMES = ("a", "b", "c")


def rows(n: int, seed: int) -> np.ndarray:
    """A bell, a number of three values, and something that is missing in a fifth."""
    rng = np.random.default_rng(seed)
    c = rng.random(n)
    c[rng.random(n) < 0.2] = np.nan
    return np.stack([rng.normal(size=n), rng.integers(0, 3, n).astype(float), c], axis=1)


def test_rows_like_those_of_training_have_no_drift() -> None:
    profile = profile_of(rows(2_000, 1), NAMES)
    called = sum(d.drifted for seed in range(2, 202) for d in drift(profile, rows(150, seed)))
    assert called <= 2  # of 600: one in a thousand of the 200 samples is allowed by chance, by an approximation


def test_psi_equals_the_formula_worked_out_by_hand() -> None:
    profile = profile_of(np.repeat([[0.0], [1.0]], 50, axis=0), ["a"])
    found = drift(profile, np.repeat([[0.0], [1.0]], [80, 20], axis=0))[0]
    a, e = np.array([80.5, 20.5]) / 101.0, np.array([50.5, 50.5]) / 101.0
    assert found.psi == pytest.approx(float(((a - e) * np.log(a / e)).sum()))
    assert found.drifted
    assert found.psi > PSI_ALERT


@pytest.mark.parametrize("column", [0, 1, 2])
def test_only_the_shifted_feature_has_drift(column: int) -> None:
    profile = profile_of(rows(2_000, 1), NAMES)
    moved = rows(500, 2)
    moved[:, column] = [moved[:, 0] + 1.0, np.minimum(moved[:, 1], 1.0), np.where(moved[:, 2] < 0.5, np.nan, moved[:, 2])][column]
    assert [d.feature for d in drift(profile, moved) if d.drifted] == [NAMES[column]]


def test_calibrated_probabilities_raise_no_drift() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(1.0, 8.0, 40_000)
    drift_of, raised = CalibrationDrift(), 0
    for chance, outcome_value in zip(p.tolist(), (rng.random(40_000) < p).tolist(), strict=True):
        if drift_of.outcome(np.array([chance]), np.array([float(outcome_value)])):
            raised += 1
            drift_of.reset()
    assert raised <= 40_000 / math.exp(LIMIT) * 2 + 1  # each of the two sums, once in exp(LIMIT) on average at most


@pytest.mark.slow
def test_predictions_with_one_labelling_event_are_one_outcome() -> None:
    """A thousand seconds of a match that goes one way say as much as one; worked out by hand for two of them."""
    drift_of = CalibrationDrift()
    drift_of.outcome(np.array([0.2, 0.5]), np.array([1.0, 1.0]))
    shifted = [math.exp(SHIFT) * odds / (1.0 + math.exp(SHIFT) * odds) for odds in (0.25, 1.0)]
    assert drift_of.up == pytest.approx((math.log(shifted[0] / 0.2) + math.log(shifted[1] / 0.5)) / 2)
    rng = np.random.default_rng(8)
    raised = 0
    for _ in range(4_000):
        p = np.full(200, rng.beta(2.0, 2.0)) + rng.normal(0.0, 0.02, 200)
        outcome_value = float(rng.random() < np.clip(p, 0.0, 1.0).mean())
        if drift_of.outcome(p, np.full(200, outcome_value)):
            raised += 1
            drift_of.reset()
    assert raised <= 2
    predicted, observed, off = drift_of.recent()
    assert predicted == pytest.approx(observed, abs=0.05)
    assert abs(off) < 4.0


def test_monitor_watches_the_likeliest_of_several_classes() -> None:
    answers = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [np.nan] * 3, [0.1, 0.1, 0.8]])
    probability, observed = top_class(answers, np.array([1.0, 2.0, 0.0, np.nan]))
    np.testing.assert_array_equal(probability, [0.7, 0.5, np.nan, 0.8])
    np.testing.assert_array_equal(observed, [1.0, 0.0, np.nan, np.nan])
    monitor = ModelMonitor("soccer-win-probability", "v1", NAMES, None)
    monitor.outcome("g", answers, np.array([1.0, 2.0, 0.0, np.nan]))
    report = monitor.report()
    assert (report["labelled"], report["outcomes"], report["unlabelled"]) == (2, 1, 2)


@pytest.mark.parametrize(("shift", "way"), [(1.0, "more"), (-1.0, "less")])
def test_shifted_odds_raise_a_calibration_alert_with_its_direction(shift: float, way: str) -> None:
    rng = np.random.default_rng(6)
    monitor = ModelMonitor("xgoals", "v1", NAMES, None)
    for i in range(1_500):
        p = float(rng.beta(1.0, 8.0))
        true = 1.0 / (1.0 + (1.0 - p) / p * math.exp(-shift))
        monitor.outcome(f"game {i // 25}", np.array([p]), np.array([float(rng.random() < true)]))
    assert [alert.kind for alert in monitor.alerts()] == ["calibration"]
    assert f"{way} often" in monitor.alerts()[0].reason
    assert monitor.raised_after_games < (25 if shift > 0 else 45)
    monitor.switch_version("v2", None)  # another version is another question
    assert monitor.alerts() == []


def test_dependent_rows_of_one_game_are_one_draw() -> None:
    """Two thousand seconds of one match that looks like no other are no drift; a season of such matches is."""
    profile = profile_of(rows(2_000, 1), NAMES)
    one, season, shots = (ModelMonitor(name, "v1", NAMES, profile) for name in ("f1-overtake", "f1-overtake", "xgoals"))
    for monitor, games in ((one, 1), (season, 40), (shots, 1)):
        for k in range(games):
            moved = rows(2_000 // games, k + 2)
            moved[:, 0] = moved[:, 0] * 0.1 + 2.0
            for start in range(0, len(moved), 10):
                monitor.predicted(f"game {k}", moved[start : start + 10], 5.0)
    assert [d.feature for d in one.drifts() if d.drifted] == []
    assert [d.feature for d in season.drifts() if d.drifted] == ["a"]
    assert [d.feature for d in shots.drifts() if d.drifted] == ["a"]
    assert one.drifts()[0].psi > 1.0


def test_missing_values_and_latency_raise_their_own_alerts() -> None:
    monitor = ModelMonitor("xgoals", "v1", NAMES, profile_of(rows(2_000, 1), NAMES))
    gone = rows(400, 3)
    gone[:, 0] = np.nan
    monitor.predicted("g", gone[: MIN_ROWS - 1], 5.0)
    assert monitor.alerts() == []  # too few to say anything
    monitor.predicted("g", gone, 5_000.0)
    reasons = {alert.kind: alert.reason for alert in monitor.alerts()}
    assert reasons["missing"].startswith("a is missing in 100% of rows")
    assert reasons["latency"] == "the 99th percentile of a prediction is 4950 us, more than 1000"
    monitor.add_unlabelled(1)
    monitor.outcome("g", np.array([math.nan]), np.array([1.0]))
    assert (monitor.report()["labelled"], monitor.report()["unlabelled"]) == (0, 2)


def test_compare_names_a_better_version_only_beyond_the_interval() -> None:
    class Shifted:
        def __init__(self, version: str, shift: float) -> None:
            self.name, self.version, self.shift, self.features = "xgoals", version, shift, load("xgoals").features

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return 1.0 / (1.0 + np.exp(-(rows[:, 0] + self.shift)))

    rng = np.random.default_rng(7)
    inputs = np.zeros((4_000, len(load("xgoals").features)))
    inputs[:, 0] = rng.normal(-2.0, 1.0, 4_000)
    label = (rng.random(4_000) < 1.0 / (1.0 + np.exp(-inputs[:, 0]))).astype(float)
    table = Table(inputs, label, np.arange(4_000) // 25, {"source": "made up"})
    right, wrong, as_good = Shifted("right", 0.0), Shifted("wrong", 0.8), Shifted("as good", 0.02)
    assert compare(wrong, right, table, rounds=300)["better"] == "right"
    assert compare(right, wrong, table, rounds=300)["better"] == "right"
    report = compare(right, as_good, table, rounds=300)
    assert report["better"] is None
    assert "no difference beyond luck" in as_text(report)
    with pytest.raises(ValueError, match="4 games are too few"):
        compare(right, wrong, Table(inputs[:100], label[:100], np.arange(100) // 25, {}))
