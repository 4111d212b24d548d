"""Groups: a group that is worse is found, one that is not is left alone, and the intervals mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from models.base import Feature
from models.evaluation.slices import by_group
from models.evaluation_set import EvaluationSet, feature_groups, thirds
from models.metrics import log_loss


def predictions(label: np.ndarray, probability: np.ndarray, game: np.ndarray, **groups: np.ndarray) -> EvaluationSet:
    several = probability.ndim == 2
    return EvaluationSet(
        "xgoals",
        "made up",
        label,
        probability,
        game,
        np.zeros((len(label), 1)),
        (Feature("f", "m"),),
        ("a", "b", "c") if several else ("no goal", "goal"),
        lambda at: np.zeros((len(at), 2)),
        groups,
    )


def season(seed: int, wrong: float = 0.0, games: int = 300, each: int = 25) -> EvaluationSet:
    """Shots with known chances; the predictions of those by "left" are off by ``wrong`` in log-odds."""
    rng = np.random.default_rng(seed)
    n = games * each
    margin = rng.normal(-1.5, 1.0, n)
    foot = rng.choice(["left", "right"], n, p=[0.3, 0.7])
    label = (rng.random(n) < 1.0 / (1.0 + np.exp(-margin))).astype(np.float64)
    predicted = 1.0 / (1.0 + np.exp(-(margin + wrong * (foot == "left"))))
    return predictions(label, predicted, np.repeat(np.arange(games), each), foot=foot, side=rng.choice(["home", "away"], n))


def test_only_a_miscalibrated_group_gets_a_warning() -> None:
    found = by_group(season(1, wrong=0.6))
    worse = {row["group"]: row["worse"] for rows in found["groups"].values() for row in rows}
    assert "calibration" in worse["left"]
    assert worse["right"] == worse["home"] == worse["away"] == []
    assert len(found["warnings"]) == len(worse["left"])
    assert all(warning.startswith("foot left (") and "games" in warning for warning in found["warnings"])
    left = found["groups"]["foot"][1]
    assert left["gap"] == pytest.approx(left["observed"] - left["predicted"])
    assert left["gap_low"] < left["gap"] < left["gap_high"] < 0.0


def test_true_probabilities_get_warnings_by_chance_only() -> None:
    warned = sum(len(by_group(season(seed), rounds=200)["warnings"]) for seed in range(100, 120))
    # 20 seasons of 4 groups, 3 in 40 by chance: 6 expected
    assert warned <= 14


def test_error_is_the_log_loss_over_the_entropy_of_the_group() -> None:
    """Saying the share always is 1, whatever the share; knowing more is less, and a group that is known less is warned of."""
    rng = np.random.default_rng(3)
    n = 6000
    place = np.where(np.arange(n) % 2, "seen", "unseen")
    margin = rng.normal(-1.0, 1.5, n)
    label = (rng.random(n) < 1.0 / (1.0 + np.exp(-margin))).astype(np.float64)
    predicted = 1.0 / (1.0 + np.exp(-margin))
    predicted[place == "unseen"] = label[place == "unseen"].mean()
    found = by_group(predictions(label, predicted, np.arange(n) // 10, place=place), rounds=300)
    rows = {row["group"]: row for row in found["groups"]["place"]}
    assert rows["unseen"]["error"] == pytest.approx(1.0)
    assert rows["seen"]["error"] < 0.9
    assert found["whole"]["log_loss"] == pytest.approx(log_loss(label, predicted))
    assert rows["unseen"]["worse"] == ["error"]
    assert rows["seen"]["worse"] == []
    assert "place unseen (3,000 rows of 600 games): the log loss is 1.000 of" in found["warnings"][0]


def test_a_group_in_which_nothing_happens_has_no_error() -> None:
    words = np.repeat(["never", "often"], 300)
    label = np.r_[np.zeros(300), np.arange(300) % 2].astype(np.float64)
    found = by_group(predictions(label, np.full(600, 0.25), np.arange(600), kind=words), rounds=100)
    never = next(row for row in found["groups"]["kind"] if row["group"] == "never")
    assert never["error"] is None
    assert never["worse"] == ["calibration"]


def test_games_are_drawn_whole() -> None:
    """Rows that always fall alike in a game count as one: the interval is as wide as for one row a game."""
    rng = np.random.default_rng(5)
    fell = (rng.random(200) < 0.3).astype(np.float64)
    one = by_group(predictions(fell, np.full(200, 0.3), np.arange(200)))["whole"]
    ten = by_group(predictions(np.repeat(fell, 10), np.full(2000, 0.3), np.repeat(np.arange(200), 10)))["whole"]
    assert ten["gap_high"] - ten["gap_low"] == pytest.approx(one["gap_high"] - one["gap_low"], rel=0.05)


def test_small_groups_are_not_tested_and_rows_without_a_group_left_out() -> None:
    words = np.array([""] * 900 + ["here"] * 80 + ["there"] * 20)
    found = by_group(predictions(np.ones(1000), np.full(1000, 0.2), np.arange(1000), place=words))
    rows = {row["group"]: row for row in found["groups"]["place"]}
    assert set(rows) == {"here", "there"}
    assert rows["there"]["too_few"] is True
    assert rows["there"]["worse"] == []
    assert found["judged"] == 1


def test_several_classes_are_grouped_by_the_first() -> None:
    rng = np.random.default_rng(6)
    p = rng.dirichlet([2.0, 1.0, 1.0], 4000)
    label = np.array([rng.choice(3, p=row) for row in p], np.float64)
    each = predictions(label, p, np.arange(4000), day=np.where(np.arange(4000) % 2, "odd", "even"))
    found = by_group(each, rounds=200)
    assert each.target_class == "a"
    assert found["whole"]["observed"] == pytest.approx((label == 0).mean())
    assert 0.5 < found["whole"]["error"] < 1.0


def test_groups_from_features_and_thirds() -> None:
    rows = np.array([[1.0, 0.2, 1.0], [0.0, 0.3, 1.0], [np.nan, 0.1, 1.0], [1.0, 0.4, 1.0]])
    features = (Feature("header", "0..1", "header"), Feature("distance", "m"), Feature("always", "0..1"))
    found = feature_groups(features, rows)
    assert {name: words.tolist() for name, words in found.items()} == {"header": ["yes", "no", "", "yes"]}
    names = thirds(np.array([3.0, 1.0, np.nan, 2.0]), ("low", "middle", "high"))
    assert names.tolist() == ["high", "low", "", "middle"]


def test_an_evaluation_set_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows to evaluate xgoals on"):
        predictions(np.empty(0), np.empty(0), np.empty(0))
