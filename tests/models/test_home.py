"""For which rows a model is valid: required inputs, trained patterns of missing values, and ranges."""

from __future__ import annotations

import numpy as np
import pytest

from models.base import Feature
from models.home import INSIDE, JOINT, PATTERN, RANGE, REQUIRED, Inside, inputs_of

NAMES = ("distance_m", "angle_rad", "keeper_m", "defender_m", "header")
FEATURES = tuple(Feature(name, "", name.replace("_", " ")) for name in NAMES)


def table(rows: int = 2_000) -> np.ndarray:
    """Shots whose angle follows from the distance; keeper and defender are missing together in a third of them."""
    rng = np.random.default_rng(7)
    distance = rng.uniform(5.0, 30.0, rows)
    angle = 2.0 * np.arctan(3.66 / distance)
    found = np.stack(
        [
            distance,
            angle + rng.normal(0.0, 0.01, rows),
            distance - rng.uniform(1.0, 4.0, rows),
            rng.uniform(0.5, 10.0, rows),
            (rng.random(rows) < 0.2).astype(float),
        ],
        axis=1,
    )
    found[rng.random(rows) < 1 / 3, 2:4] = np.nan
    return found


@pytest.fixture(scope="module")
def inside() -> Inside:
    return Inside(inputs_of(table()), FEATURES)


def code(inside: Inside, *row: float) -> tuple[int, str]:
    found, which = inside.check(np.array([row]))
    return int(found[0]), inside.reason(int(found[0]), int(which[0]))


NAN = float("nan")
ANGLE_AT_15 = 2.0 * float(np.arctan(3.66 / 15.0))


def test_rows_like_those_of_training_are_inside(inside: Inside) -> None:
    found, _ = inside.check(table(4_000))
    assert (found != INSIDE).mean() < 0.002
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, 3.0, 0.0) == (INSIDE, "")
    assert code(inside, 15.0, ANGLE_AT_15, NAN, NAN, 1.0) == (INSIDE, "")


def test_row_without_an_input_that_was_never_missing_is_outside(inside: Inside) -> None:
    found, reason = code(inside, NAN, ANGLE_AT_15, 12.0, 3.0, 0.0)
    assert found == REQUIRED
    assert "distance m" in reason


def test_a_pattern_of_missing_values_that_was_not_trained_on_is_outside(inside: Inside) -> None:
    """Keeper and defender were missing together, or neither was."""
    assert code(inside, 15.0, ANGLE_AT_15, NAN, 3.0, 0.0)[0] == PATTERN
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, NAN, 0.0)[0] == PATTERN


def test_a_value_far_beyond_training_is_outside_and_a_little_beyond_is_not(inside: Inside) -> None:
    assert code(inside, 15.0, ANGLE_AT_15, NAN, 60.0, 0.0)[0] == PATTERN
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, 60.0, 0.0) == (RANGE, "defender m is far outside of what it was trained on")
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, 11.0, 0.0)[0] == INSIDE
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, 3.0, 7.0)[0] == RANGE


def test_inputs_that_are_each_possible_and_together_not_are_outside(inside: Inside) -> None:
    """The angle of 6 m at a distance of 28 m."""
    found, reason = code(inside, 28.0, 2.0 * float(np.arctan(3.66 / 6.0)), 25.0, 3.0, 0.0)
    assert found == JOINT
    assert "contradicts" in reason


def test_an_input_that_a_curve_sets_is_not_checked() -> None:
    inside = Inside(inputs_of(table()), FEATURES, skipped=(0,))
    assert code(inside, NAN, ANGLE_AT_15, 12.0, 3.0, 0.0)[0] == INSIDE
    assert code(inside, 9_000.0, ANGLE_AT_15, 12.0, 3.0, 0.0)[0] == INSIDE
    assert code(inside, NAN, NAN, 12.0, 3.0, 0.0)[0] == REQUIRED


def test_an_input_that_was_always_missing_in_training_makes_a_row_invalid() -> None:
    """A model that learnt without an input has not learnt what it means."""
    rows = table()
    rows[:, 3] = np.nan
    inside = Inside(inputs_of(rows), FEATURES)
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, NAN, 0.0)[0] == INSIDE
    assert code(inside, 15.0, ANGLE_AT_15, 12.0, 3.0, 0.0)[0] == PATTERN


def test_the_profile_survives_the_card(inside: Inside) -> None:
    import msgspec

    from models.home import Home

    home = Home("real", "some shots", inputs_of(table()), terms="CC BY 4.0", credit="a provider")
    again = msgspec.json.decode(msgspec.json.encode(home), type=Home)
    assert again == home
    assert [NAMES[i] for i in again.requires] == ["distance_m", "angle_rad", "header"]
    rows = table(500)
    rows[::3, 0] = 400.0
    assert np.array_equal(Inside(again.inputs, FEATURES).check(rows)[0], inside.check(rows)[0])
