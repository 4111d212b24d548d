"""The xT surface and the threat of passes."""

from __future__ import annotations

import numpy as np
import pytest

from features.soccer import SPORT
from features.soccer.ledger import Ledger, locate
from features.soccer.threat import fixed_point, surface, value_at
from tests.features.soccer.events import event, fold

STAT = SPORT.stat("soccer.pass.threat")


def threat_of(**how: object) -> float:
    moment = event("pass", 1.0, 0, 5, **how)  # type: ignore[arg-type]
    locate(moment)
    return float(STAT.compute(moment, Ledger()))


def test_surface_grows_towards_goal_and_is_symmetric() -> None:
    values = surface()
    assert values.shape == (16, 12)
    assert (np.diff(values, axis=0) >= 0.0).all()
    assert (values[-1] > 3.0 * values[0]).all()
    np.testing.assert_array_equal(values, values[:, ::-1])
    # in front of the goal the middle is worth more than the wing
    assert (np.diff(values[13:, :6], axis=1) > 0.0).all()
    assert 0.001 < values[0].min() < 0.01
    # as counted in other leagues (Singh 2018): a ball between penalty spot and goal is worth a third of a goal
    assert 0.2 < values.max() < 0.45


def test_fixed_point_is_the_chance_of_scoring_before_the_ball_is_lost() -> None:
    # from the first cell one moves on with 0.8, from the second one shoots half the time or moves back with 0.6
    value = fixed_point(np.array([0.0, 0.5]), np.array([0.0, 0.2]), np.array([[0.0, 0.8], [0.6, 0.0]]))
    far = 0.5 * 0.2 / (1.0 - 0.5 * 0.6 * 0.8)
    np.testing.assert_allclose(value, [0.8 * far, far], rtol=1e-9)


def test_surface_is_made_once_and_cannot_be_written() -> None:
    first = surface().copy()
    surface.cache_clear()
    assert surface().tobytes() == first.tobytes()
    assert surface() is surface()
    with pytest.raises(ValueError, match="read-only"):
        surface()[0, 0] = 1.0


def test_reading_between_the_centres_of_cells() -> None:
    values = surface()
    assert value_at(0.5 / 16, 0.5 / 12) == values[0, 0]
    assert value_at(15.5 / 16, 6.5 / 12) == pytest.approx(values[15, 6], abs=1e-15)
    assert value_at(1.0, 1.0) == values[15, 11]
    middle = (values[8, 4] + values[9, 4] + values[8, 5] + values[9, 5]) / 4
    assert value_at(9.0 / 16, 5.0 / 12) == pytest.approx(middle, abs=1e-15)
    assert np.isnan(value_at(np.nan, 0.5))


def test_threat_of_a_pass_is_the_difference_of_two_places() -> None:
    x = (np.arange(16) + 0.5) * 105.0 / 16 - 52.5
    y = (np.arange(12) + 0.5) * 68.0 / 12 - 34.0
    values = surface()
    way = {"at": (x[8], y[5]), "end": (x[14], y[6])}
    assert threat_of(**way, outcome="complete") == pytest.approx(values[14, 6] - values[8, 5], abs=1e-12)
    assert threat_of(**way, outcome="incomplete") == pytest.approx(-values[8, 5], abs=1e-12)
    back = {"at": (x[14], y[6]), "end": (x[8], y[5]), "outcome": "complete"}
    assert threat_of(**back) == pytest.approx(values[8, 5] - values[14, 6], abs=1e-12)
    # the same pass by a team that attacks the other way
    turned = {"at": (-x[8], -y[5]), "end": (-x[14], -y[6]), "outcome": "complete", "attack": -1}
    assert threat_of(**turned) == pytest.approx(values[14, 6] - values[8, 5], abs=1e-12)


def test_threat_needs_to_know_where_and_which_way() -> None:
    assert np.isnan(threat_of(outcome="complete", at=(0.0, 0.0)))
    assert np.isnan(threat_of(outcome="complete", at=(0.0, 0.0), end=(10.0, 0.0), attack=0))


def test_place_falls_back_on_the_ball_and_then_on_the_player() -> None:
    from tests.features.soccer.events import standing

    for positions, expected in (
        ({22: (10.5, 6.8), 5: (0.0, 0.0)}, [0.6, 0.6]),
        ({5: (-10.5, 0.0)}, [0.4, 0.5]),
        ({6: (0.0, 0.0)}, [np.nan, np.nan]),
    ):
        moment = event("pass", 0.2, 0, 5, frames=standing(positions), row=5)
        fold([moment])
        np.testing.assert_allclose(moment.facts["place"][:2], expected)  # type: ignore[index]
