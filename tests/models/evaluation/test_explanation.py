"""Explanations of a whole model: contributions of held-out rows, the commands that write them, and tuned recipes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.artefact import load
from models.data.steals import FILE as STEALS
from models.evaluation.explanation import as_text, explain_whole
from models.evaluation_set import EvaluationSet
from models.holdout import is_held_out
from streaming.cli.app import run
from tests.models.recipes.test_lead_probability import made_up as steals
from tests.models.test_commands import made_up

PNG = b"\x89PNG"


def random_shots(count: int = 300) -> np.ndarray:
    """Rows with the look of xgoals' own: numbers, yes and no, some missing."""
    rng = np.random.default_rng(2)
    forest = load("xgoals")
    rows = rng.uniform(0.0, 20.0, (count, len(forest.features)))
    for j, feature in enumerate(forest.features):
        if feature.unit == "0..1":
            rows[:, j] = rng.random(count) < 0.5
    rows[rng.random(rows.shape) < 0.05] = np.nan
    return rows


def an_evaluation_set() -> EvaluationSet:
    forest, rows = load("xgoals"), random_shots()
    rng = np.random.default_rng(3)
    probability = forest.predict(rows)
    return EvaluationSet(
        "xgoals",
        "made up",
        (rng.random(len(rows)) < probability).astype(np.float64),
        probability,
        np.arange(len(rows)) // 10,
        rows,
        forest.features,
        forest.classes,
        lambda at: forest.attribute(rows[at]),
        {"foot": rng.choice(["left", "right"], len(rows))},
    )


def test_importance_is_the_mean_of_contributions() -> None:
    predictions = an_evaluation_set()
    found = explain_whole(predictions, rounds=100)
    forest = load("xgoals")
    parts = forest.attribute(predictions.rows)
    np.testing.assert_allclose(parts.sum(1), forest.margin(predictions.rows)[:, 0], atol=1e-9)
    size = dict(zip([f.name for f in forest.features], np.abs(parts[:, :-1]).mean(0), strict=True))
    importance = {row["feature"]: row["mean_abs"] for row in found.report["importance"]}
    assert importance == pytest.approx(size)
    order = [row["mean_abs"] for row in found.report["importance"]]
    assert order == sorted(order, reverse=True)
    assert sum(row["share"] for row in found.report["importance"]) == pytest.approx(1.0)


def test_a_curve_holds_every_row_once_and_follows_the_contributions() -> None:
    found = explain_whole(an_evaluation_set(), rounds=100)
    row = next(row for row in found.report["importance"] if row["feature"] == "distance_m")
    column = [f.name for f in found.predictions.features].index("distance_m")
    importance = np.isfinite(found.values[:, column])
    assert sum(point["rows"] for point in row["curve"]) == importance.sum()
    mean = sum(point["adds"] * point["rows"] for point in row["curve"]) / importance.sum()
    assert mean == pytest.approx(found.adds[importance, column].mean())
    assert row["direction"] < -0.5, "a shot from farther off is less likely to go in"
    assert all(point["low"] <= point["adds"] + 1e-9 for point in row["curve"])
    text = as_text(found.report)
    assert "distance to goal (m) falling" in text
    assert "right:" in text


@pytest.mark.slow
def test_explain_a_model_on_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: the [plots] extra")
    made_up(tmp_path, matches=30)
    model = Path(load("xgoals").card.name)
    out = tmp_path / "out"
    import models.artefact as artefact

    folder = artefact.SHIPPED / "simulated" / model
    assert run(["models", "explain", str(folder), "--data", str(tmp_path), "--out", str(out), "--json"]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert {path.name for path in out.iterdir()} == {"importance.png", "dependence.png", "groups.png", "report.json"}
    assert all(path.read_bytes()[:4] == PNG for path in out.glob("*.png"))
    assert json.loads((out / "report.json").read_text()) == report
    assert "seen" not in report
    assert set(report["groups"]["groups"]) == {"body part", "set piece"}
    assert all(f"wrote {path}" in captured.err for path in out.iterdir())
    assert run(["models", "evaluate", "xgoals", "--data", str(tmp_path), "--model", str(folder), "--out", str(out)]) == 0
    assert "provider" in capsys.readouterr().out
    assert {path.name for path in out.glob("*.png")} >= {"reliability.png", "lift.png", "residuals.png"}


BAD = {
    "plots of nothing": (["explain", "xgoals", "--out", "x"], "--out needs --data"),
    "no folder": (["explain", "xgoals", "--data", "nowhere"], "there is no folder nowhere"),
    "no model": (["explain", "nothing", "--data", "."], "nothing is neither a model folder"),
    "another model": (["evaluate", "lead-probability", "--data", ".", "--model", "xgoals"], "there is no file"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_sentence(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[what]
    assert run(["models", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert words in error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_tuned_recipe_is_recorded_on_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed: the [train] extra")
    made_up(tmp_path, matches=40)
    out = tmp_path / "tuned"
    assert run(["models", "train", "xgoals", "--data", str(tmp_path), "--out", str(out), "--tune", "3"]) == 0
    captured = capsys.readouterr()
    assert "tuned by 3 trials" in captured.out
    card = load(out).card
    tuned = card.parameters["tuned"]
    assert tuned["trials"] == 3
    assert tuned["taken"] == (tuned["aside"] < tuned["aside_before"])
    assert "--tune 3" in card.command
    assert run(["models", "explain", str(out), "--data", str(tmp_path), "--json"]) == 0
    predictions = json.loads(capsys.readouterr().out)
    held = sum(is_held_out("statsbomb", game) for game in range(40))
    assert predictions["matches"] == held, "the games held out are judged, which it has not seen"


@pytest.mark.slow
def test_steals_are_explained_by_runner_and_catcher(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: the [plots] extra")
    steals(tmp_path / STEALS)
    out = tmp_path / "out"
    assert run(["models", "explain", "lead-probability", "--data", str(tmp_path), "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"before the pitch", "at release"}
    for reading in report.values():
        assert {"runner", "catcher", "lead"} <= set(reading["groups"]["groups"])
        assert reading["days"] > 0
    late = {row["feature"]: row for row in report["before the pitch"]["importance"]}
    assert late["gain_m"]["missing"] == 1.0, "before the pitch nothing of the release is known"
    assert {f"groups-{name}.png" for name in ("before-the-pitch", "at-release")} <= {path.name for path in out.iterdir()}
    assert run(["models", "evaluate", "lead-probability", "--data", str(tmp_path), "--out", str(out)]) == 0
    assert (out / "residuals-at-release.png").read_bytes()[:4] == PNG
