"""The true probabilities on pictures worked by hand, and the physics that carries an outcome out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulators.soccer import state as st
from simulators.soccer.ball import fly, strike_air, strike_at, strike_ground
from simulators.soccer.random_numbers import uniform
from simulators.soccer.truth import pass_probability, pass_terms, shot_probability, shot_terms


def crowd() -> tuple[np.ndarray, np.ndarray]:
    """Home at x = -40, away at x = 40, all on the far touchline; all players on the pitch."""
    pos = np.zeros((22, 2))
    pos[:11, 0], pos[11:, 0] = -40.0, 40.0
    pos[:, 1] = 33.0
    pos[11] = 51.5, 0.0
    return pos, np.arange(22)


def shot(pos: np.ndarray, who: np.ndarray, x: float, y: float) -> np.ndarray:
    out = np.empty(5)
    shot_terms(pos, who, 0, 1, x, y, out)
    return out


def test_a_shot_from_the_penalty_spot_matches_a_calculation_by_hand() -> None:
    pos, who = crowd()
    terms = shot(pos, who, 41.5, 0.0)
    assert terms[0] == pytest.approx(11.0)
    assert terms[1] == pytest.approx(2 * math.atan(3.66 / 11.0))
    assert terms[2] == 0
    assert terms[4] == pytest.approx(0.0)
    pos[12] = 47.0, 0.5  # halfway, inside the triangle: 1.83 m wide on either side there
    pos[13] = 47.0, 2.5  # beside it
    pos[14] = 40.0, 0.0  # behind the ball
    terms = shot(pos, who, 41.5, 0.0)
    assert terms[2] == 1
    assert terms[3] == pytest.approx(1.5)
    who[12] = -1  # sent off
    assert shot(pos, who, 41.5, 0.0)[2] == 0


def test_a_shot_mirrored_to_the_other_goal_has_the_same_probability() -> None:
    pos, who = crowd()
    pos[15] = 46.0, 4.0
    one = shot(pos, who, 38.0, 6.0)
    turned = np.empty(5)
    swapped = np.concatenate([-pos[11:], -pos[:11]])
    shot_terms(swapped, who, 1, -1, -38.0, -6.0, turned)
    assert turned == pytest.approx(one)


def test_the_goal_probability_rises_and_falls_with_its_inputs() -> None:
    def p(
        distance: float = 14.0,
        angle: float = 0.5,
        blockers: float = 1,
        nearest: float = 3.0,
        keeper: float = 0.5,
        body: int = st.RIGHT,
    ) -> float:
        return float(shot_probability(np.array([distance, angle, blockers, nearest, keeper]), body, st.OPEN_PLAY))

    assert p(distance=8.0) > p() > p(distance=22.0)
    assert p(angle=0.8) > p() > p(angle=0.2)
    assert p(blockers=0) > p() > p(blockers=3)
    assert p(nearest=6.0) > p() > p(nearest=0.5)
    assert p(keeper=3.0) > p()
    assert p(body=st.HEAD) < p()
    terms = np.array([11.0, 0.64, 0, 5.0, 0.0])
    assert shot_probability(terms, st.RIGHT, st.PENALTY) == 0.76
    far, near = (shot_probability(np.array([d, 0.3, 4, 9.0, 0.5]), st.RIGHT, st.FREE_KICK) for d in (28.0, 20.0))
    assert 0.02 < far < near < 0.12


def test_a_pass_matches_a_calculation_by_hand() -> None:
    pos, who = crowd()
    pos[5] = 20.0, 0.0
    pos[12] = 10.0, 1.0  # 1 m beside the way, 10 m along it
    pos[13] = 20.0, 4.0  # 4 m from the receiver
    out = np.empty(4)
    pass_terms(pos, who, 0, 0.0, 0.0, 5, out)
    assert out[0] == pytest.approx(20.0)
    assert out[1] == pytest.approx(1.0 / (1.0 + 10.0 / 12.0))
    assert out[2] == pytest.approx(4.0)
    assert out[3] == pytest.approx(math.hypot(10.0, 1.0))


def test_the_pass_probability_rises_and_falls_with_its_inputs() -> None:
    easy, hard = np.array([8.0, 2.5, 8.0, 8.0]), np.array([30.0, 0.2, 1.0, 0.5])
    assert pass_probability(easy, False, False, False, st.OPEN_PLAY) > 0.95
    assert pass_probability(hard, False, False, False, st.OPEN_PLAY) < 0.4
    for terms in (easy, hard):
        plain = pass_probability(terms, True, False, False, st.OPEN_PLAY)
        assert pass_probability(terms, True, False, True, st.OPEN_PLAY) < plain
        assert pass_probability(terms, True, True, False, st.OPEN_PLAY) < plain
        assert pass_probability(terms, True, False, False, st.THROW_IN) > plain


def passes_by(ball: np.ndarray, x: float, y: float) -> tuple[float, float, float]:
    """How close the flying ball comes to (x, y), its height and its speed there."""
    best = (1e9, 0.0, 0.0)
    for _ in range(200):
        fly(ball, st.DT)
        gap = math.hypot(ball[0] - x, ball[1] - y)
        if gap < best[0]:
            best = gap, float(ball[2]), float(np.linalg.norm(ball[3:]))
    return best


@pytest.mark.parametrize(("x", "y"), [(12.0, 5.0), (-25.0, 8.0), (3.0, -4.0)])
def test_a_ground_pass_arrives_at_the_given_speed(x: float, y: float) -> None:
    ball = np.zeros(6)
    strike_ground(ball, x, y, 4.0)
    gap, height, speed = passes_by(ball, x, y)
    assert gap < 0.5
    assert height == 0.0
    assert speed == pytest.approx(4.0, abs=0.6)


@pytest.mark.parametrize(("x", "y", "height"), [(30.0, 10.0, 0.3), (-45.0, 0.0, 0.3), (20.0, -25.0, 1.75)])
def test_a_lofted_pass_lands_at_its_target(x: float, y: float, height: float) -> None:
    ball = np.zeros(6)
    strike_air(ball, x, y, height, 0.5)
    gap, z, _ = passes_by(ball, x, y)
    assert gap < 0.6
    assert z == pytest.approx(height, abs=0.6)


@pytest.mark.parametrize("z", [0.1, 1.0, 2.2])
def test_a_shot_passes_through_its_target(z: float) -> None:
    ball = np.array([38.0, 6.0, 0.0, 0.0, 0.0, 0.0])
    strike_at(ball, 52.5, -3.0, z, 24.0)
    gap, height, _ = passes_by(ball, 52.5, -3.0)
    assert gap < 0.6
    assert height == pytest.approx(z, abs=0.35)


def test_the_ball_comes_to_rest() -> None:
    ball = np.array([0.0, 0.0, 3.0, 8.0, 0.0, 2.0])
    for _ in range(2000):
        before = ball.copy()
        fly(ball, st.DT)
        assert ball[2] >= 0.0
        assert np.linalg.norm(ball[:3] - before[:3]) < 1.0
    assert np.abs(ball[2:]).max() == 0.0
    assert 8.0 < ball[0] < 40.0


def test_splitmix_matches_its_reference() -> None:
    """First outputs of splitmix64 for seed 1234567, as published with the reference code."""
    rng = np.array([1234567, 0], np.uint64)
    drawn = [uniform(rng, 0) for _ in range(3)]
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert drawn == [(v >> 11) / (1 << 53) for v in published]
    assert rng[1] == 0
