"""Artefacts on disk, calibration, the smooth part as trees, and the commands that make and use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import artefact, metrics
from models.artefact import Card, CardFeature, load, save
from models.base import Explained, Model
from models.calibration import Calibration, choose, fit
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.holdout import folds_of
from models.specs import SPECS, Recipe
from models.training.gam import SplineLogistic, as_trees, merge
from models.training.training import Table, train

xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")
pytest.importorskip("sklearn", reason="scikit-learn is not installed: the [train] extra")


def _boosted(rows: np.ndarray, label: np.ndarray, rounds: int = 5) -> bytes:
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "tree_method": "hist"}, xgboost.DMatrix(rows, label), rounds
    )
    return bytes(booster.save_raw("json"))


def _noise(seed: int = 0, rows: int = 600, features: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    label = (rng.random(rows) < 1 / (1 + np.exp(1.0 - 1.5 * x[:, 0] + x[:, 1] ** 2))).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, label


def _card(features: int = 4, **changes: object) -> Card:
    made = Card("test", "a test", ["no", "yes"], [CardFeature(f"f{i}", "m") for i in range(features)], {"rows": 1}, "none", 0)
    return msgspec.structs.replace(made, **changes)


@pytest.fixture(scope="module")
def blob() -> bytes:
    return _boosted(*_noise())


@pytest.fixture
def folder(tmp_path: Path, blob: bytes) -> Path:
    save(tmp_path / "model", _card(calibration=Calibration(kind="platt", a=0.9, b=-0.1)), blob)
    return tmp_path / "model"


def test_a_loaded_artefact_predicts_and_explains_as_saved(folder: Path, blob: bytes) -> None:
    model = load(folder)
    assert isinstance(model, Model)
    assert isinstance(model, Explained)
    rows, _ = _noise(1, 50)
    before = rows.copy()
    once = model.predict(rows)
    assert once.tobytes() == model.predict(rows).tobytes()
    np.testing.assert_array_equal(rows, before)
    margin = Margins(read_forest(blob))(rows)[:, 0]
    np.testing.assert_allclose(once, 1 / (1 + np.exp(-(0.9 * margin - 0.1))), atol=1e-12)
    np.testing.assert_allclose(model.attribute(rows).sum(1), margin, atol=1e-9)
    top = model.top(rows[0], 2)
    assert len(top) == 2
    assert abs(top[0][1]) >= abs(top[1][1])
    assert len(model.version) == 12


def test_saving_twice_replaces_the_artefact_and_its_version_is_a_hash(folder: Path, blob: bytes) -> None:
    version = load(folder).version
    assert save(folder, _card(calibration=Calibration(kind="platt", a=0.9, b=-0.1)), blob).version == version
    assert save(folder, _card(seed=1), blob).version != version
    assert sorted(p.name for p in folder.parent.iterdir()) == ["model"]


def test_save_into_a_folder_of_other_files_is_refused(tmp_path: Path, blob: bytes) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="is not a model folder"):
        save(tmp_path, _card(), blob)
    assert (tmp_path / "thesis.txt").exists()


def _rewrite(folder: Path, **changes: object) -> None:
    card = msgspec.json.decode((folder / "card.json").read_bytes(), type=Card)
    card = msgspec.structs.replace(card, **changes)
    card = msgspec.structs.replace(card, version=artefact.version_of(card, (folder / "model.json").read_bytes()))
    (folder / "card.json").write_bytes(msgspec.json.encode(card))


def _tamper(folder: Path) -> None:
    text = (folder / "model.json").read_text()
    (folder / "model.json").write_text(text.replace("0", "1", 1))


HOSTILE = {
    "no model file": (lambda f: (f / "model.json").unlink(), "has no model.json"),
    "no card": (lambda f: (f / "card.json").unlink(), "neither a model folder"),
    "a card that is no JSON": (lambda f: (f / "card.json").write_text("{"), "cannot be read"),
    "a card of another schema": (lambda f: _rewrite(f, schema=9), "schema 9"),
    "a changed forest": (_tamper, "does not match version"),
    "too few features": (lambda f: _rewrite(f, features=[]), "lists 0 features"),
    "too many classes": (lambda f: _rewrite(f, classes=["a", "b", "c"]), "lists 3 classes"),
    "another model's features": (lambda f: _rewrite(f, name="xgoals"), "other features than xgoals"),
    "a falling calibration": (lambda f: _rewrite(f, calibration=Calibration(kind="platt", a=-1.0)), "not increasing"),
    "knots out of order": (
        lambda f: _rewrite(f, calibration=Calibration(kind="isotonic", x=[1.0, 0.0], y=[0.0, 1.0])), "do not rise"),
    "knots of probability 2": (
        lambda f: _rewrite(f, calibration=Calibration(kind="isotonic", x=[0.0, 1.0], y=[0.0, 2.0])), "do not rise"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_artefacts_are_refused_in_one_sentence(what: str, folder: Path) -> None:
    spoil, words = HOSTILE[what]
    spoil(folder)
    with pytest.raises(ValueError, match=words) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_rows_of_the_wrong_shape_are_refused(folder: Path) -> None:
    model = load(folder)
    for wrong in (np.zeros(4), np.zeros((1, 5)), np.zeros((2, 3, 4))):
        with pytest.raises(ValueError, match="takes rows of 4 features"):
            model.predict(wrong)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["identity", "platt", "beta", "isotonic"]), st.integers(0, 1000))
def test_calibration_is_monotone_and_within_bounds(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    margins = rng.normal(-2, 2, (300, 1))
    label = (rng.random(300) < 1 / (1 + np.exp(-0.6 * margins[:, 0]))).astype(float)
    fitted = fit(kind, margins, label)  # type: ignore[arg-type]
    fitted.check(1)
    grid = np.concatenate([[-800.0], np.linspace(-12, 12, 400), [800.0]])[:, None]
    p = fitted.applier()(grid)
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_choose_takes_the_calibration_with_the_least_held_out_loss() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(-1, 1.5, 4000)
    label = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(float)
    fold = np.arange(4000) % 5
    right, _ = choose(truth[:, None], label, fold, 2)
    assert right.kind == "identity"
    bold, losses = choose(3.0 * truth[:, None] + 1.0, label, fold, 2)
    assert bold.kind != "identity"
    assert losses[bold.kind] < losses["identity"]
    assert metrics.ece(label, bold.applier()(3.0 * truth[:, None] + 1.0)) < 0.03


def test_temperature_calibration_undoes_overconfidence() -> None:
    rng = np.random.default_rng(1)
    margins = rng.normal(0, 1, (5000, 3))
    p = np.exp(margins) / np.exp(margins).sum(1, keepdims=True)
    label = np.array([rng.choice(3, p=row) for row in p], float)
    fitted, _ = choose(4.0 * margins, label, np.arange(5000) % 5, 3)
    assert fitted.a == pytest.approx(0.25, rel=0.15)
    np.testing.assert_allclose(fitted.applier()(margins).sum(1), 1.0)


def test_scores_equal_those_by_hand_and_of_scikit_learn() -> None:
    label, p = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.8, 0.4, 0.4])
    assert metrics.brier(label, p) == pytest.approx((0.01 + 0.04 + 0.36 + 0.16) / 4)
    assert metrics.log_loss(label, p) == pytest.approx(-(np.log(0.9) + np.log(0.8) + np.log(0.4) + np.log(0.6)) / 4)
    assert metrics.auc(label, p) == pytest.approx(3.5 / 4)
    assert metrics.ece(label, p, bins=2) == pytest.approx((abs(1 - 0.9) + abs(1 - 0.8)) / 4)
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    label, p = rng.integers(0, 2, 500).astype(float), np.round(rng.random(500), 1)
    assert metrics.auc(label, p) == pytest.approx(roc_auc_score(label, p))
    often = rng.integers(0, 4, 500)
    again = np.repeat(np.arange(500), often)
    assert metrics.weighted_auc(label, p)(often.astype(float)) == pytest.approx(roc_auc_score(label[again], p[again]))
    found = metrics.paired_bootstrap(label, p, p, np.arange(500) // 10, rounds=20)
    assert found["brier"]["difference"] == found["brier"]["low"] == 0.0


@pytest.mark.parametrize("shrunk", [{}, {"bend": 0.3, "own": 1.0}])
def test_splines_written_as_trees_equal_the_regression_and_merge_with_boosters(shrunk: dict[str, Any]) -> None:
    rows, label = _noise(5, 3000)
    rows[:, 3] = np.where(np.isnan(rows[:, 3]), np.nan, rows[:, 3] > 0.5)
    smooth = SplineLogistic(rows, label, by=3, strength=0.1, **shrunk)
    one, other = _boosted(rows, label, 3), _boosted(rows[:1500], label[:1500], 4)
    trees, margin = as_trees(smooth, rows, 0.5)
    merged = merge([(0.3, one), (0.2, other)], trees, margin)
    got = Margins(read_forest(merged))(rows)[:, 0]
    boosted = 0.3 * Margins(read_forest(one))(rows)[:, 0] + 0.2 * Margins(read_forest(other))(rows)[:, 0]
    # steps of a sixty-fourth of each curve: the margin is off by a fraction of what it varies by
    off = (got - boosted) / 0.5 - smooth.margin(rows)
    assert np.abs(off).max() < 0.4
    assert np.sqrt(np.mean(off**2)) < 0.06 * smooth.margin(rows).std()
    reference = xgboost.Booster(model_file=bytearray(merged))
    np.testing.assert_allclose(reference.predict(xgboost.DMatrix(rows), output_margin=True), got, atol=1e-5)


def test_training_holds_out_whole_games_and_is_seeded() -> None:
    rows, label = _noise(9, 900, len(SPECS["soccer-win-probability"].features))
    label = np.where(rows[:, 2] > 0.7, 2.0, label)
    game = np.arange(900) // 9
    fold = folds_of(game, 3, 4)
    assert all(len(set(fold[game == g])) == 1 for g in range(100))
    table = Table(rows, label, game, {"source": "noise"})
    recipe = Recipe(boosters=(({"max_depth": 2, "eta": 0.3, "nthread": 1}, 5),), folds=3)
    first = train(SPECS["soccer-win-probability"], recipe, table, seed=4, command="test")
    assert train(SPECS["soccer-win-probability"], recipe, table, seed=4, command="test") == first
    with pytest.raises(ValueError, match="too few"):
        train(SPECS["soccer-win-probability"], recipe, Table(rows[:99], label[:99], game[:99], {}), seed=4, command="test")


@pytest.mark.parametrize("name", sorted(SPECS))
def test_shipped_artefacts_load_and_are_small(name: str) -> None:
    model = load(name)
    assert sum(p.stat().st_size for p in (artefact.SHIPPED / "simulated" / name).iterdir()) < 1_500_000
    answer = model.predict(np.full((2, len(model.features)), np.nan))
    assert answer.shape == ((2,) if len(model.classes) == 2 else (2, len(model.classes)))
    if SPECS[name].needs:
        assert np.isnan(answer).all(), "a model that cannot do without something does not guess"
    else:
        assert (answer > 0).all()
        assert (answer < 1).all()
    card = json.loads((artefact.SHIPPED / "simulated" / name / "card.json").read_text())
    assert card["command"].startswith("touchline models train")
    assert "simulated" in str(model.card.trained_on["source"])
