"""Reliability on paper: how much rows of one game say, and a picture for each class or question."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.base import Feature
from models.evaluation.plots.reliability import independent_rows, reliability, reliability_plot
from models.evaluation_set import EvaluationSet


def an_evaluation_set(classes: tuple[str, ...], **how: object) -> EvaluationSet:
    """400 rows of 40 games, each drawn from its chance, which the model knows but for 0.02."""
    rng = np.random.default_rng(5)
    truth = rng.dirichlet(np.ones(len(classes)), 400)
    label = np.array([rng.choice(len(classes), p=row) for row in truth], np.float64)
    probability = truth + 0.02 * rng.normal(size=truth.shape)
    probability = np.clip(probability, 0.01, None) / np.clip(probability, 0.01, None).sum(1, keepdims=True)
    if len(classes) == 2:
        truth, probability = truth[:, 1], probability[:, 1]
    feature = Feature("x", "m", "x")
    return EvaluationSet(
        "made-up",
        "made up",
        label,
        probability,
        np.arange(400) // 10,
        np.zeros((400, 1)),
        (feature,),
        classes,
        lambda at: np.zeros((len(at), 2)),
        **{"truth": truth, **how},
    )


def test_dependent_rows_count_as_fewer_independent_ones() -> None:
    outcomes = np.tile([0.0, 1.0, 1.0, 0.0, 1.0], 40)
    observed, at = np.array([outcomes.mean(), np.nan]), np.zeros(200, np.int64)
    rows = np.array([200.0, 0.0])
    alone = independent_rows(observed, rows, outcomes, at, np.arange(200))
    assert alone == pytest.approx(rows)
    # ten rows a game that always end alike are one row
    ten = independent_rows(observed * [1, 1], 10 * rows, np.repeat(outcomes, 10), np.repeat(at, 10), np.repeat(np.arange(200), 10))
    assert ten == pytest.approx(rows)
    # games that are all alike inside would say more than as many rows; that is not believed
    balanced = independent_rows(observed, rows, outcomes, at, np.repeat(np.arange(40), 5))
    assert balanced == pytest.approx(rows)


@pytest.mark.slow
def test_each_class_and_each_question_has_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: the [plots] extra")
    of_two = reliability(an_evaluation_set(("no", "yes")))
    assert len(of_two.axes) == 2  # the curve, and the rows under it
    shown = of_two.axes[0].get_legend_handles_labels()[1]
    assert set(shown) == {"ours", "true chance"}
    of_three = reliability(an_evaluation_set(("home", "draw", "away")))
    assert [axes.get_title().split(" (")[0] for axes in of_three.axes] == ["home", "draw", "away"]
    questions = np.repeat(np.array(["go", "kick"]), 200)
    by_question = reliability(an_evaluation_set(("loss", "win"), question=questions))
    assert {axes.get_title().split(" (")[0] for axes in by_question.axes} == {"go", "kick"}
    # a truth that equals the outcomes, or is unknown, is not drawn
    for truth in (an_evaluation_set(("no", "yes")).label, np.full(400, np.nan), np.empty(0)):
        bare = reliability(an_evaluation_set(("no", "yes"), truth=truth))
        assert "true chance" not in bare.axes[0].get_legend_handles_labels()[1]
    path = reliability_plot(an_evaluation_set(("no", "yes"), reading="at release"), tmp_path / "plot.png")
    assert path.name == "plot-at-release.png"
    assert path.read_bytes()[:4] == b"\x89PNG"
