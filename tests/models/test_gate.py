"""The gate on real outcomes: better than the base rate, better than a line, and calibrated; held-out games by one rule."""

from __future__ import annotations

import numpy as np
import pytest

from models.artefact import shipped
from models.choice import default_model, packaged
from models.gate import ECE_LIMIT, gate
from models.guard import guard_of, off_reason
from models.holdout import held_out, is_held_out

pytest.importorskip("sklearn", reason="scikit-learn is not installed: the [train] extra")


def games(seed: int = 3, rows: int = 6_000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows, labels, their true chances, and 60 games: a bump in the middle that no line can follow."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0, 1.0, (rows, 2))
    x[rng.random(rows) < 0.1, 1] = np.nan
    truth = 0.1 + 0.7 * np.exp(-2.0 * x[:, 0] ** 2)
    return x, (rng.random(rows) < truth).astype(float), truth, rng.integers(0, 60, rows)


def test_gate_passes_for_true_probabilities() -> None:
    x, label, truth, game = games()
    found = gate("bumps", x, label, truth, game)
    assert found.passed
    assert found.log_loss < found.logistic_log_loss < found.base_rate_log_loss + 0.01
    assert found.high < 0.0, "the whole interval lies on our side"
    assert found.better == 1.0
    assert (found.rows, found.games) == (len(x), 60)


def test_gate_fails_for_the_base_rate_a_line_and_a_wrong_scale() -> None:
    x, label, truth, game = games()
    assert "base rate" in gate("bumps", x, label, np.full(len(x), label.mean()), game).reason
    assert "base rate" in gate("bumps", x, label, 1.0 - truth, game).reason
    flat = 0.5 * truth + 0.5 * label.mean()
    found = gate("bumps", x, label, flat, game)
    assert found.log_loss < found.logistic_log_loss
    assert found.ece > ECE_LIMIT
    assert "calibration" in found.reason


def test_gate_measures_several_classes() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(0.0, 1.0, (5_000, 1))
    bump = np.exp(-2.0 * x[:, 0] ** 2)
    truth = np.stack([0.15 + 0.6 * bump, 0.5 * (0.85 - 0.6 * bump), 0.5 * (0.85 - 0.6 * bump)], axis=1)
    label = (rng.random((5_000, 1)) > truth.cumsum(1)).sum(1).astype(float)
    game = rng.integers(0, 50, 5_000)
    assert gate("three", x, label, truth, game).passed
    assert not gate("three", x, label, truth[:, [1, 0, 2]], game).passed


def test_hold_out_takes_the_same_fifth_of_whole_games() -> None:
    game = np.repeat(np.arange(2_000), 3)
    held = held_out("wyscout", game)
    assert (held.reshape(-1, 3).all(1) == held.reshape(-1, 3).any(1)).all()
    assert 0.16 < held.mean() < 0.24
    assert held[::3].tolist() == [is_held_out("wyscout", int(g)) for g in range(2_000)]
    assert held_out("wyscout", np.array([7, 7])).tolist() == held_out("wyscout", np.array(["7", "7"])).tolist()
    assert (held_out("statsbomb", game) != held).any(), "another source holds out other games"


@pytest.mark.parametrize("name", shipped())
def test_a_model_of_simulated_games_is_off_in_a_real_one_unless_it_passed_or_is_requested(name: str) -> None:
    model = packaged(f"{name}@simulated")
    assert guard_of(model, "simulated").off == ""
    assert guard_of(model, "simulated").experimental is False
    if off_reason(model):
        assert guard_of(model, "real").off == off_reason(model)
        assert guard_of(model, "real", requested=True).off == ""
        assert guard_of(model, "real", requested=True).experimental is True


@pytest.mark.parametrize("name", shipped("real"))
def test_a_model_of_real_games_is_what_a_real_game_gets(name: str) -> None:
    assert default_model(name, "real") == f"{name}@real"
    assert default_model(name, "simulated") == f"{name}@simulated"
    model = packaged(default_model(name, "real"))
    assert model.home is not None
    assert model.home.origin == "real"
    assert model.home.terms
    assert model.home.credit
    assert model.home.gate is not None
    assert model.home.gate.passed, model.home.gate.reason
    assert guard_of(model, "real").off == ""
