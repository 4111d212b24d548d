"""Packing and the features of pass completion."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.event_context import EventContext
from features.soccer import SPORT
from features.soccer.ledger import Ledger, locate
from features.soccer.moves import MOVE_CONTEXT, PASS_END
from features.soccer.pass_geometry import PASS_GEOMETRY, find_target
from features.soccer.passes import PASS_FEATURES, completion_features, opponents_bypassed
from features.soccer.threat import value_at
from tests.features.soccer.events import NAN, event, frames_of, standing

INDEX = {name: i for i, (name, _, _) in enumerate(PASS_FEATURES)}
#: passer 5, ball 22, target 9 ahead, a teammate behind; opponents: one presses, one in the lane, one far, the keeper
SCENE = {
    22: (0.0, 0.0), 5: (-1.0, 0.0), 9: (20.0, 0.0), 4: (-15.0, 10.0),
    12: (-1.0, 3.0), 13: (10.0, 1.0), 14: (24.0, 3.0), 11: (50.0, 0.0),
}  # fmt: skip


def a_pass(positions: dict[int, tuple[float, float]] | None = None, **how: object) -> EventContext:
    how = {"at": (0.0, 0.0), "end": (20.0, 0.0), "outcome": "complete", **how}
    return event("pass", 0.2, 0, 5, frames=standing(positions or SCENE), row=5, **how)  # type: ignore[arg-type]


def test_packing_by_hand() -> None:
    ledger = Ledger()
    assert opponents_bypassed(a_pass(), ledger) == 1.0  # 13; the presser is behind the ball already
    assert opponents_bypassed(a_pass(end=(25.0, 0.0)), ledger) == 2.0
    assert opponents_bypassed(a_pass(end=(51.0, 0.0)), ledger) == 3.0
    assert opponents_bypassed(a_pass(end=(-10.0, 0.0)), ledger) == 0.0
    assert opponents_bypassed(a_pass(outcome="incomplete", end=(51.0, 0.0)), ledger) == 0.0
    assert opponents_bypassed(a_pass(end=(NAN, NAN), receiver="h9"), ledger) == 1.0
    assert opponents_bypassed(a_pass(end=(NAN, NAN)), ledger) is None
    assert opponents_bypassed(a_pass({22: (0.0, 0.0), 5: (0.0, 0.0)}), ledger) is None
    untracked = event("pass", 0.2, 0, 5, at=(0.0, 0.0), end=(20.0, 0.0), outcome="complete")
    assert opponents_bypassed(untracked, ledger) is None


def test_packing_of_the_team_that_attacks_the_other_way() -> None:
    positions = {22: (0.0, 0.0), 16: (0.0, 0.0), 3: (-10.0, 5.0), 4: (-20.0, 5.0), 5: (10.0, 0.0), 0: (-51.0, 0.0)}
    moment = event("pass", 0.2, 1, 16, at=(0.0, 0.0), end=(-15.0, 0.0), outcome="complete", frames=standing(positions), row=5)
    assert opponents_bypassed(moment, Ledger()) == 1.0


def test_completion_features_by_hand() -> None:
    words = {"height": "low", "body_part": "head", "set_piece": "free_kick", "cross": True, "through_ball": False}
    found = dict(zip(INDEX, completion_features(a_pass(**words))))
    expected = {
        "target_distance_m": 20.0,
        "target_forward_m": 20.0,
        "bearing_rad": 0.0,
        "start_to_goal_m": 52.5,
        "start_off_centre_m": 0.0,
        "target_to_goal_m": 32.5,
        "target_off_centre_m": 0.0,
        "passer_opponent_m": 3.0,
        "target_opponent_m": 5.0,
        "target_opponents_5m": 1.0,
        "lane_opponents": 1.0,
        "lane_opponent_m": 1.0,
        "opponents_between": 1.0,
        "opponents_goal_side": 2.0,
        "passer_mps": 0.0,
        "target_mps": 0.0,
        "teammates_ahead": 1.0,
        "start_threat": value_at(0.5, 0.5),
        "target_threat": value_at(20 / 105 + 0.5, 0.5),
        "height": 0.5,
        "header": 1.0,
        "dead_ball": 1.0,
        "throw_in": 0.0,
        "cross": 1.0,
        "through_ball": 0.0,
        "goal_kick": 0.0,
        "lane_gap_m": 1.0 / (1.0 + 10.0 / 12.0),
        "target_beyond_line_m": 20.0 - 24.0,
        # the man in the lane needs no step, only his reaction, while the ball takes 10 of 15 m/s x 1.33 s:
        # lane point 7 of 12 is 11.67 m off, reached after 0.778 s, and he can be there after 0.4 + (1.944 - 1) / 6
        # lane point 8 is 13.33 m off, after 0.889 s; 0.4 + (3.480 - 1) / 6 = 0.813; point 6: 0.667 s, 0.4 s
        "lane_margin_s": min(0.4 + max(np.hypot(20 * k / 12 - 10, 1) - 1, 0) / 6 - 20 * k / 12 / 15 for k in range(1, 13)),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name
    pressure = 1 - np.prod([1 - 0.8 * np.exp(-d / 2) for d in (3.0, np.hypot(11, 1), np.hypot(25, 3), 51.0)])
    assert found["passer_pressure"] == pytest.approx(pressure, abs=1e-12)
    # with positions there is no move, and nothing of the end in any case
    others = {name for name, _, _ in (*MOVE_CONTEXT, *PASS_END)}
    assert {name for name, value in found.items() if np.isnan(value)} == others
    assert len(expected) + 1 + len(others) == len(PASS_FEATURES)


def test_only_an_opponent_beside_the_way_narrows_the_lane() -> None:
    lane = INDEX["lane_gap_m"]
    behind_the_ball, past_the_target = (-1.0, 0.2), (20.6, 0.2)
    row = completion_features(a_pass(SCENE | {15: behind_the_ball, 16: past_the_target}))
    assert row[lane] == pytest.approx(1.0 / (1.0 + 10.0 / 12.0))
    assert completion_features(a_pass(SCENE | {15: (18.0, -0.5)}))[lane] == pytest.approx(0.5 / (1.0 + 18.0 / 12.0))
    assert completion_features(a_pass(SCENE | {13: (10.0, 12.0)}))[lane] == 5.0  # open: no wider than that counts


def test_features_do_not_know_how_the_pass_ended() -> None:
    whole = completion_features(a_pass(receiver="h9"))
    cut_out = completion_features(a_pass(outcome="incomplete", end=(10.0, 0.0)))
    assert whole.tobytes() == cut_out.tobytes()


def test_a_reported_aim_gives_the_target() -> None:
    positions = SCENE | {7: (35.0, 1.0), 10: (20.0, 8.0)}
    aimed = {"target_x_m": 34.0, "target_y_m": 1.0}
    row = completion_features(a_pass(positions, **aimed))
    assert row[INDEX["target_distance_m"]] == pytest.approx(np.hypot(35, 1))
    assert row[INDEX["target_beyond_line_m"]] == 35.0 - 24.0
    cut_out = completion_features(a_pass(positions, outcome="incomplete", end=(10.0, 3.0), **aimed))
    assert cut_out.tobytes() == row.tobytes()


def test_the_target_is_the_teammate_on_the_bearing_and_not_behind_it() -> None:
    positions = SCENE | {10: (20.0, 8.0), 7: (35.0, 1.0)}
    row = completion_features(a_pass(positions, end=(8.0, 3.0)))
    assert row[INDEX["target_distance_m"]] == pytest.approx(np.hypot(20, 8))
    row = completion_features(a_pass(positions))
    assert row[INDEX["target_distance_m"]] == 20.0  # nearer than the man behind him on the same line
    row = completion_features(a_pass(positions, end=(0.0, -20.0)))  # nobody there
    assert np.isnan(row[INDEX["target_distance_m"]])
    assert row[INDEX["bearing_rad"]] == pytest.approx(np.pi / 2)
    assert row[INDEX["passer_opponent_m"]] == 3.0


def test_a_running_target_is_led() -> None:
    xy = np.array([[0.0, 0.0], [15.0, 0.0], [15.0, 7.0]])
    team, still = np.zeros(3, np.int8), np.zeros((3, 2))
    up = np.array([0.9, 0.43588989])
    assert find_target(xy, still, team, 0, 0, 0.0, 0.0, *up, NAN) == 2
    running = np.array([[0.0, 0.0], [0.0, 7.0], [7.0, 7.0]])
    assert find_target(xy, running, team, 0, 0, 0.0, 0.0, *up, NAN) == 1


def test_without_a_reported_end_the_ball_shows_the_bearing() -> None:
    frames = standing(SCENE)
    frames.xyz[6:, 22, 0] = 0.6 * np.arange(1, 6)
    moment = event("pass", 0.2, 0, 5, frames=frames, row=5)
    reported = completion_features(a_pass())
    assert completion_features(moment).tobytes() == reported.tobytes()
    moment.row = 10  # and what comes after this frame is not known yet
    assert np.isnan(completion_features(moment)[INDEX["target_distance_m"]])


def test_speeds_look_back_only() -> None:
    xyz = np.full((11, 23, 3), np.nan)
    for n, (x, y) in SCENE.items():
        xyz[:, n] = (x, y, 0.0)
    xyz[:, 9, 1] = 4.0 * 0.04 * (np.arange(11) - 5)
    xyz[6:, 5, 0] += 100.0
    row = completion_features(event("pass", 0.2, 0, 5, at=(0.0, 0.0), end=(20.0, 0.0), frames=frames_of(xyz), row=5))
    assert row[INDEX["target_mps"]] == pytest.approx(4.0)
    assert row[INDEX["passer_mps"]] == 0.0


def test_the_offside_line_is_the_second_last_opponent_the_ball_or_halfway() -> None:
    def beyond(positions: dict[int, tuple[float, float]], **how: object) -> float:
        return float(completion_features(a_pass(positions, **how))[INDEX["target_beyond_line_m"]])

    assert beyond({22: (0.0, 0.0), 5: (0.0, 0.0), 9: (20.0, 0.0), 12: (15.0, 0.0), 11: (50.0, 0.0)}) == 5.0
    assert beyond({22: (18.0, 0.0), 5: (0.0, 0.0), 9: (20.0, 0.0), 12: (15.0, 0.0), 11: (50.0, 0.0)}) == 2.0
    behind = {22: (-30.0, 0.0), 5: (-30.0, 0.0), 9: (-10.0, 0.0), 12: (-15.0, 0.0), 11: (50.0, 0.0)}
    assert beyond(behind, at=(-30.0, 0.0), end=(-10.0, 0.0)) == -10.0
    assert np.isnan(beyond({22: (0.0, 0.0), 5: (0.0, 0.0), 9: (20.0, 0.0), 11: (50.0, 0.0)}))


def test_mirrored_games_have_the_same_features() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        positions = {n: tuple(rng.uniform((-52, -34), (52, 34))) for n in range(23)}
        end = tuple(rng.uniform((-52, -34), (52, 34)))
        ahead = completion_features(a_pass(positions, at=positions[22], end=end))
        turned = {n: (-x, -y) for n, (x, y) in positions.items()}
        back = completion_features(a_pass(turned, at=turned[22], end=(-end[0], -end[1]), attack=-1))
        np.testing.assert_allclose(ahead, back, rtol=0, atol=1e-9)
        assert opponents_bypassed(a_pass(positions, at=positions[22], end=end), Ledger()) == opponents_bypassed(
            a_pass(turned, at=turned[22], end=(-end[0], -end[1]), attack=-1), Ledger()
        )


def test_untracked_passes_have_all_words_or_none() -> None:
    words = ("height", "header", "dead_ball", "throw_in", "cross", "through_ball", "goal_kick")

    def row(**said: object) -> dict[str, float]:
        moment = event("pass", 1.0, 0, 5, at=(0.0, 0.0), end=(9.0, 0.0), **said)
        locate(moment)
        return dict(zip(INDEX, completion_features(moment, Ledger())))

    some = row(height="high")
    assert np.isnan([some[name] for name in words]).all()
    every = row(height="high", set_piece="open_play", through_ball=False, cross=False)
    assert [every[name] for name in ("height", "dead_ball", "through_ball", "cross", "goal_kick")] == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert row(height="low", set_piece="kick_off", through_ball=False)["dead_ball"] == 0.0
    # crosses that were blocked have no height in the data, so that it would tell which arrived
    assert np.isnan(row(height="high", set_piece="open_play", through_ball=False, cross=True)["height"])
    # of the frame there is nothing but the place
    geometry = {name for name, _, _ in PASS_GEOMETRY}
    assert {name for name in geometry if every[name] == every[name]} == {"start_to_goal_m", "start_off_centre_m"}
    assert every["depth_m"] == 52.5


def test_features_have_unique_names_and_units() -> None:
    assert len(INDEX) == len(PASS_FEATURES)
    assert SPORT.stat("soccer.pass.completion_probability").compute is completion_features
    assert all(unit and label for _, unit, label in PASS_FEATURES)
