"""Drift of inputs, of calibration, of what is missing and of latency: found when it is there, and quiet when it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.artefact import load
from models.evaluation.comparison import as_text, compare
from models.monitoring.calibration import LIMIT, SHIFT, CalibrationDrift
from models.monitoring.monitor import LEAST, ModelMonitor, top_of
from models.monitoring.profile import PSI_ALERT, drift, profile_of
from models.training.training import Table

NAMES = ("a", "b", "c")


def rows(n: int, seed: int) -> np.ndarray:
    """A bell, a number of three values, and something that is missing in a fifth."""
    rng = np.random.default_rng(seed)
    c = rng.random(n)
    c[rng.random(n) < 0.2] = np.nan
    return np.stack([rng.normal(size=n), rng.integers(0, 3, n).astype(float), c], axis=1)


def test_no_drift_is_called_among_rows_like_those_of_training() -> None:
    profile = profile_of(rows(2_000, 1), NAMES)
    called = sum(d.drifted for seed in range(2, 202) for d in drift(profile, rows(150, seed)))
    assert called <= 2  # of 600: one in a thousand of the 200 samples is allowed by chance, by an approximation


def test_psi_is_the_formula_worked_out_by_hand() -> None:
    profile = profile_of(np.repeat([[0.0], [1.0]], 50, axis=0), ["a"])
    found = drift(profile, np.repeat([[0.0], [1.0]], [80, 20], axis=0))[0]
    a, e = np.array([80.5, 20.5]) / 101.0, np.array([50.5, 50.5]) / 101.0
    assert found.psi == pytest.approx(float(((a - e) * np.log(a / e)).sum()))
    assert found.drifted
    assert found.psi > PSI_ALERT


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_feature_that_moves_is_named_and_only_that(column: int) -> None:
    profile = profile_of(rows(2_000, 1), NAMES)
    moved = rows(500, 2)
    moved[:, column] = [moved[:, 0] + 1.0, np.minimum(moved[:, 1], 1.0), np.where(moved[:, 2] < 0.5, np.nan, moved[:, 2])][column]
    assert [d.feature for d in drift(profile, moved) if d.drifted] == [NAMES[column]]


def test_calibration_keeps_still_while_probabilities_are_right() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(1.0, 8.0, 40_000)
    watch, raised = CalibrationDrift(), 0
    for chance, happened in zip(p.tolist(), (rng.random(40_000) < p).tolist(), strict=True):
        if watch.outcome(np.array([chance]), np.array([float(happened)])):
            raised += 1
            watch.reset()
    assert raised <= 40_000 / math.exp(LIMIT) * 2 + 1  # each of the two sums, once in exp(LIMIT) on average at most


@pytest.mark.slow
def test_predictions_that_share_one_fate_are_one_outcome() -> None:
    """A thousand seconds of a match that goes one way say as much as one; worked out by hand for two of them."""
    watch = CalibrationDrift()
    watch.outcome(np.array([0.2, 0.5]), np.array([1.0, 1.0]))
    shifted = [math.exp(SHIFT) * odds / (1.0 + math.exp(SHIFT) * odds) for odds in (0.25, 1.0)]
    assert watch.up == pytest.approx((math.log(shifted[0] / 0.2) + math.log(shifted[1] / 0.5)) / 2)
    rng = np.random.default_rng(8)
    raised = 0
    for _ in range(4_000):
        p = np.full(200, rng.beta(2.0, 2.0)) + rng.normal(0.0, 0.02, 200)
        happened = float(rng.random() < np.clip(p, 0.0, 1.0).mean())
        if watch.outcome(p, np.full(200, happened)):
            raised += 1
            watch.reset()
    assert raised <= 2
    said, was, off = watch.recent()
    assert said == pytest.approx(was, abs=0.05)
    assert abs(off) < 4.0


def test_of_several_classes_the_likeliest_is_watched() -> None:
    answers = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [np.nan] * 3, [0.1, 0.1, 0.8]])
    said, was = top_of(answers, np.array([1.0, 2.0, 0.0, np.nan]))
    np.testing.assert_array_equal(said, [0.7, 0.5, np.nan, 0.8])
    np.testing.assert_array_equal(was, [1.0, 0.0, np.nan, np.nan])
    monitor = ModelMonitor("soccer-win-probability", "v1", NAMES, None)
    monitor.outcome("g", answers, np.array([1.0, 2.0, 0.0, np.nan]))
    report = monitor.report()
    assert (report["labelled"], report["outcomes"], report["unlabelled"]) == (2, 1, 2)


@pytest.mark.parametrize(("shift", "way"), [(1.0, "more"), (-1.0, "less")])
def test_calibration_that_is_off_is_found_with_its_direction(shift: float, way: str) -> None:
    rng = np.random.default_rng(6)
    monitor = ModelMonitor("xgoals", "v1", NAMES, None)
    for i in range(1_500):
        p = float(rng.beta(1.0, 8.0))
        true = 1.0 / (1.0 + (1.0 - p) / p * math.exp(-shift))
        monitor.outcome(f"game {i // 25}", np.array([p]), np.array([float(rng.random() < true)]))
    assert [alert.kind for alert in monitor.alerts()] == ["calibration"]
    assert f"{way} often" in monitor.alerts()[0].reason
    assert monitor.raised_after_games < (25 if shift > 0 else 45)
    monitor.switched("v2", None)  # another version is another question
    assert monitor.alerts() == []


def test_a_game_is_one_draw_where_its_rows_hang_together() -> None:
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


def test_missing_and_slow_are_alerts_of_their_own() -> None:
    monitor = ModelMonitor("xgoals", "v1", NAMES, profile_of(rows(2_000, 1), NAMES))
    gone = rows(400, 3)
    gone[:, 0] = np.nan
    monitor.predicted("g", gone[: LEAST - 1], 5.0)
    assert monitor.alerts() == []  # too few to say anything
    monitor.predicted("g", gone, 5_000.0)
    told = {alert.kind: alert.reason for alert in monitor.alerts()}
    assert told["missing"].startswith("a is missing in 100% of rows")
    assert "5000 us" in told["latency"] or "more than 1000" in told["latency"]
    monitor.unsaid(1)
    monitor.outcome("g", np.array([math.nan]), np.array([1.0]))
    assert (monitor.report()["labelled"], monitor.report()["unlabelled"]) == (0, 2)


def test_compare_calls_a_winner_only_beyond_luck() -> None:
    class Shifted:
        def __init__(self, version: str, shift: float) -> None:
            self.name, self.version, self.shift, self.features = "xgoals", version, shift, load("xgoals").features

        def predict(self, asked: np.ndarray) -> np.ndarray:
            return 1.0 / (1.0 + np.exp(-(asked[:, 0] + self.shift)))

    rng = np.random.default_rng(7)
    asked = np.zeros((4_000, len(load("xgoals").features)))
    asked[:, 0] = rng.normal(-2.0, 1.0, 4_000)
    label = (rng.random(4_000) < 1.0 / (1.0 + np.exp(-asked[:, 0]))).astype(float)
    table = Table(asked, label, np.arange(4_000) // 25, {"source": "made up"})
    right, wrong, as_good = Shifted("right", 0.0), Shifted("wrong", 0.8), Shifted("as good", 0.02)
    assert compare(wrong, right, table, rounds=300)["better"] == "right"
    assert compare(right, wrong, table, rounds=300)["better"] == "right"
    report = compare(right, as_good, table, rounds=300)
    assert report["better"] is None
    assert "no difference beyond luck" in as_text(report)
    with pytest.raises(ValueError, match="4 games are too few"):
        compare(right, wrong, Table(asked[:100], label[:100], np.arange(100) // 25, {}))
