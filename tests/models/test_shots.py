"""Shot geometry worked by hand, missing values, StatsBomb's grid, and the same numbers live and offline."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.event_context import EventContext
from features.core.frames import Field, Frames, Roster
from features.soccer import shots
from features.soccer.shots import SHOT_FEATURES, SHOT_INDEX, moment_features, shot_features
from models.data.statsbomb_shots import to_metres

NO_PLAYERS = np.empty((0, 2)), np.empty(0, bool), np.empty(0, bool)


def of(row: np.ndarray, name: str) -> float:
    return float(row[SHOT_INDEX[name]])


def shot(x: float, y: float, players: list[tuple[float, float, str]], **attrs: str | bool) -> np.ndarray:
    """``players`` are (x, y, "mate" | "opponent" | "keeper")."""
    xy = np.array([(px, py) for px, py, _ in players], float).reshape(-1, 2)
    mate = np.array([who == "mate" for _, _, who in players], bool)
    keeper = np.array([who == "keeper" for _, _, who in players], bool)
    return shot_features(x, y, xy, mate, keeper, attrs)


def test_penalty_spot_distance_and_angle() -> None:
    row = shot(41.5, 0.0, [])
    assert of(row, "distance_m") == 11.0
    assert of(row, "angle_rad") == pytest.approx(2 * math.atan(3.66 / 11.0))
    assert math.isnan(of(row, "keeper_distance_m"))
    assert math.isnan(of(row, "defenders_in_cone"))


def test_angle_from_the_side_is_the_law_of_cosines() -> None:
    row = shot(40.5, 9.0, [])
    a, b = math.hypot(12.0, 9.0 - 3.66), math.hypot(12.0, 9.0 + 3.66)
    assert of(row, "angle_rad") == pytest.approx(math.acos((a * a + b * b - 7.32**2) / (2 * a * b)))
    assert of(row, "distance_m") == 15.0


def test_angle_on_the_goal_line_is_half_a_turn_inside_and_nothing_outside() -> None:
    assert of(shot(52.5, 0.0, []), "angle_rad") == pytest.approx(math.pi)
    assert of(shot(52.5, 10.0, []), "angle_rad") == pytest.approx(0.0)


def test_cone_counts_outfield_opponents_only_and_its_edge_counts() -> None:
    row = shot(
        32.5,
        0.0,
        [
            (42.5, 0.0, "opponent"),  # in the middle
            (42.5, 1.83, "opponent"),  # halfway, exactly on the line to the post
            (42.5, 1.84, "opponent"),  # just outside
            (32.0, 0.0, "opponent"),  # behind the ball
            (45.0, 0.5, "mate"),
            (50.0, 0.0, "keeper"),
        ],
    )
    assert of(row, "defenders_in_cone") == 2
    assert of(row, "teammates_in_cone") == 1
    assert of(row, "blocker_distance_m") == 10.0
    assert of(row, "nearest_defender_m") == 0.5
    assert of(row, "nearest_goal_side_m") == 10.0


def test_keeper_numbers() -> None:
    row = shot(42.5, 0.0, [(50.5, 1.0, "keeper"), (0.0, 0.0, "mate")])
    assert of(row, "keeper_distance_m") == pytest.approx(math.hypot(8.0, 1.0))
    assert of(row, "keeper_off_line_m") == 2.0
    assert of(row, "keeper_off_axis_m") == 1.0
    assert of(row, "keeper_to_goal_m") == pytest.approx(math.hypot(2.0, 1.0))
    assert of(row, "keeper_shift_rad") == pytest.approx(math.atan(1.0 / 8.0))
    assert math.isnan(of(row, "nearest_defender_m"))


def test_one_body_hides_its_angular_width() -> None:
    row = shot(32.5, 0.0, [(42.5, 0.0, "opponent"), (42.5, 0.0, "mate")])
    hidden = 2 * math.asin(0.45 / 10.0) / (2 * math.atan(3.66 / 20.0))
    assert of(row, "blocked_share") == pytest.approx(hidden)
    assert of(row, "open_share") == pytest.approx(1.0 - hidden)
    assert of(row, "widest_gap_rad") == pytest.approx((2 * math.atan(3.66 / 20.0) - 2 * math.asin(0.045)) / 2)


def test_two_bodies_in_line_hide_no_more_than_the_nearer() -> None:
    one = of(shot(32.5, 0.0, [(36.5, 0.0, "opponent")]), "blocked_share")
    two = of(shot(32.5, 0.0, [(36.5, 0.0, "opponent"), (46.5, 0.0, "opponent")]), "blocked_share")
    assert one == two > 0.0


def test_a_clear_goal_is_open_and_a_wall_closes_it() -> None:
    clear = shot(42.5, 0.0, [(20.0, 30.0, "opponent"), (0.0, 0.0, "keeper")])
    assert of(clear, "open_share") == of(clear, "lane_open") == of(clear, "mouth_open") == 1.0
    wall = shot(42.5, 0.0, [(44.0, y / 2, "opponent") for y in range(-4, 5)] + [(52.0, 0.0, "keeper")])
    assert of(wall, "open_share") == pytest.approx(0.0, abs=1e-12)
    assert of(wall, "mouth_open") < 0.2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_mirrored_shot_is_the_same_shot(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(20, 52), rng.uniform(-30, 30)
    xy = np.stack([rng.uniform(0, 52.5, 12), rng.uniform(-34, 34, 12)], 1)
    mate, keeper = rng.random(12) < 0.4, np.arange(12) == 11
    mate[11] = False
    one = shot_features(x, y, xy, mate, keeper, {"body_part": "left_foot"})
    other = shot_features(x, -y, xy * [1, -1], mate, keeper, {"body_part": "right_foot"})
    np.testing.assert_allclose(one, other, atol=1e-9)
    assert ((one[: SHOT_INDEX["foot_side_m"]] >= -60) | np.isnan(one[: SHOT_INDEX["foot_side_m"]])).all()
    order = rng.permutation(12)
    shuffled = shot_features(x, y, xy[order], mate[order], keeper[order], {"body_part": "left_foot"})
    np.testing.assert_allclose(one, shuffled, atol=1e-9)


def test_players_out_of_sight_change_nothing() -> None:
    seen = [(45.0, 1.0, "opponent"), (51.0, 0.0, "keeper"), (40.0, 5.0, "mate")]
    gone = [(math.nan, math.nan, "opponent"), (math.nan, 2.0, "keeper")]
    np.testing.assert_array_equal(shot(40.0, 2.0, seen), shot(40.0, 2.0, seen + gone))


def test_words_of_the_feed_and_words_that_are_missing() -> None:
    bare = shot(40.0, 3.0, [])
    context = bare[SHOT_INDEX["foot_side_m"] :]
    assert np.isnan(context).all()
    described = shot(
        40.0,
        3.0,
        [],
        body_part="left_foot",
        technique="volley",
        phase="corner",
        set_piece="open_play",
        assist="rebound",
        first_time=True,
        one_on_one=False,
    )
    assert of(described, "foot_side_m") == -3.0
    expected = {"header": 0, "volley": 1, "lob": 0, "after_corner": 1, "free_kick": 0, "rebound": 1, "first_time": 1}
    assert {name: of(described, name) for name in expected} == expected
    assert of(described, "one_on_one") == 0
    assert math.isnan(of(described, "open_goal"))


def test_every_penalty_is_the_same_shot() -> None:
    one = shot(40.0, 1.0, [(50.0, 2.0, "keeper")], set_piece="penalty", body_part="left_foot")
    other = shot(41.9, -0.4, [], set_piece="penalty", under_pressure=True)
    np.testing.assert_array_equal(one, other)
    assert of(one, "penalty") == 1
    assert of(one, "distance_m") == of(one, "keeper_distance_m") == 11.0


def _moment(attack: int, xyz: np.ndarray, roster: Roster, **changes: object) -> EventContext:
    frames = Frames(
        roster,
        Field(105.0, 68.0),
        dt_s=0.04,
        hop=5,
        span=10,
        t=np.arange(len(xyz)) * 0.04,
        xyz=xyz,
        period=np.ones(len(xyz), np.int8),
        attack=np.full(len(xyz), attack, np.int8),
        signals={},
        state={},
        lo=0,
        hi=len(xyz),
    )
    given_: dict[str, object] = {
        "id": "e1",
        "type": "shot",
        "t_s": 0.04,
        "period": 1,
        "team": 0,
        "player": 1,
        "x_m": 40.0 * attack,
        "y_m": 3.0 * attack,
        "end_x_m": math.nan,
        "end_y_m": math.nan,
        "outcome": "goal",
        "attack": attack,
        "attrs": {"body_part": "head"},
        "row": 1,
        "frames": frames,
        "roster": roster,
    }
    return EventContext(**(given_ | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("attack", [1, -1])
def test_live_and_offline_are_one_function(attack: int) -> None:
    roster = Roster.of(
        [
            ("h1", 0, "keeper"),
            ("h9", 0, "player"),
            ("h7", 0, "player"),
            ("a1", 1, "keeper"),
            ("a4", 1, "player"),
            ("ball", -1, "ball"),
        ],
        ("home", "away"),
    )
    spots = np.array([[-50.0, 0.0], [40.0, 3.0], [44.0, -6.0], [51.0, 0.5], [43.0, 2.0], [40.2, 3.1]])
    xyz = np.zeros((3, 6, 3))
    xyz[1, :, :2] = spots * attack
    live = moment_features(_moment(attack, xyz, roster))
    offline = shot_features(
        40.0,
        3.0,
        spots[[0, 2, 3, 4]],
        np.array([True, True, False, False]),
        np.array([True, False, True, False]),
        {"body_part": "head"},
    )
    np.testing.assert_array_equal(live, offline)

    moment = _moment(attack, xyz, roster)
    for step in shots.EVENT_STEPS:
        if step.phase == "extract":
            step.compute(moment)
    read = {stat.id: stat.compute(moment, None) for stat in shots.STATS}
    np.testing.assert_array_equal(read["soccer.shot.xgoals"], offline)
    assert read["soccer.shot.distance"] == pytest.approx(math.hypot(12.5, 3.0))
    assert read["soccer.shot.keeper_distance"] == pytest.approx(math.hypot(11.0, 2.5))
    assert read["soccer.shot.defenders_in_cone"] == 1.0

    unplaced = moment_features(_moment(attack, xyz, roster, x_m=math.nan, y_m=math.nan))
    assert unplaced is not None
    assert of(unplaced, "distance_m") == pytest.approx(math.hypot(12.3, 3.1))
    untracked = moment_features(_moment(attack, xyz, roster, row=-1, frames=None))
    assert untracked is not None
    assert of(untracked, "distance_m") == pytest.approx(math.hypot(12.5, 3.0))
    assert math.isnan(of(untracked, "keeper_distance_m"))
    assert moment_features(replace(_moment(attack, xyz, roster), attack=0)) is None


def test_statsbomb_grid_keeps_the_painted_lines() -> None:
    x, y = to_metres([0, 60, 102, 114, 120, 120, 108], [0, 40, 18, 30, 36, 44, 62])
    np.testing.assert_allclose(x, [-52.5, 0.0, 36.0, 47.0, 52.5, 52.5, 41.5])
    np.testing.assert_allclose(y, [34.0, 0.0, 20.16, 9.16, 3.66, -3.66, -20.16], atol=1e-12)
    beyond, _ = to_metres([120.2], [40.0])
    assert beyond[0] > 52.5


def test_table_is_well_formed() -> None:
    names = [name for name, _, _ in SHOT_FEATURES]
    assert len(set(names)) == len(names)
    assert all(label and unit for _, unit, label in SHOT_FEATURES)
