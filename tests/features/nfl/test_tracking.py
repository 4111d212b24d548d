"""What the tags tell of a play, each case worked by hand; and what every step owes: no future, no memory of how it was cut."""

from __future__ import annotations

import re

import numpy as np
import pytest

from features.nfl import SPORT, alignment, carrier, flight, pocket, secondary, separation
from features.nfl import thrown as throw
from features.nfl.columns import AGE, CARRIER, CONTACT_T, LIVE, LOS, PASSER, SNAP_T, TARGET, THROW_T, YD
from features.nfl.motion import DISPLACEMENTS
from tests.features.nfl.scenes import KEEP, Scene, line_up, simulated, still

STATS = [stat for stat in SPORT.stats if stat.kind == "window"]


def snapped(rows: int = 40, at: int = 15, after: float = 2.0) -> Scene:
    """Still until row ``at``, when the ball is snapped to the passer; nobody else moves."""
    scene = still(rows)
    scene.phase[at:] = after
    scene.xy[at:, -1] = line_up()[0]
    return scene


# -- motion ------------------------------------------------------------------------------------------------------------------


def test_the_filter_is_exact_for_a_straight_run() -> None:
    scene = still(20)
    scene.xy[:, 8, 0] += 0.1 * 8.0 * np.arange(20)
    frames = scene.run()
    assert DISPLACEMENTS.sum() == pytest.approx(1.0)
    assert frames["speed"][-1, 8] == pytest.approx(8.0)
    assert frames["acceleration"][-1, 8] == pytest.approx(0.0, abs=1e-9)
    assert np.degrees(frames["direction"][-1, 8]) == pytest.approx(90.0), "along +x is 90 degrees"
    assert np.isnan(frames["direction"][-1, 9]), "who stands has no direction"
    assert frames["top_speed"][-1, 8] == pytest.approx(8.0)


@pytest.mark.parametrize(("facing", "degrees"), [(0.0, 90.0), (np.pi / 2, 0.0), (np.pi, 270.0), (-np.pi / 2, 180.0)])
def test_orientation_is_at_right_angles_to_the_shoulders(facing: float, degrees: float) -> None:
    scene = still(6)
    scene.facing[:] = facing
    frames = scene.run()
    assert np.degrees(frames["orientation"][-1, :22]) % 360.0 == pytest.approx(degrees, abs=1e-6)
    assert frames["shoulders"][-1, 3] == pytest.approx(0.44)


def test_tags_that_are_on_no_pair_of_shoulders_give_no_orientation() -> None:
    scene = still(6)
    frames = scene.run()
    lone = scene.run()
    lone["left.x"][:] = np.nan
    step = next(s for s in SPORT.steps if s.name == "motion.shoulders")
    lone.lo, lone.hi = KEEP, KEEP + 6
    step.compute(lone)
    next(s for s in SPORT.steps if s.name == "motion.orientation").compute(lone)
    assert np.isfinite(frames["orientation"][-1, 0])
    assert np.isnan(lone["orientation"][-1, :]).all()


# -- the play ----------------------------------------------------------------------------------------------------------------


def test_a_play_begins_with_the_snap_where_the_ball_lay() -> None:
    frames = snapped(at=15).run()
    play = frames["play"]
    assert np.isnan(play[KEEP + 14, SNAP_T])
    assert play[KEEP + 14, LIVE] == 0.0
    assert play[KEEP + 15, SNAP_T] == pytest.approx(frames.t[KEEP + 15])
    assert play[-1, LOS] == 0.0, "not where the passer has it"
    assert play[-1, AGE] == pytest.approx(2.4)
    assert play[-1, PASSER] == 0.0
    assert play[-1, CARRIER] == 0.0


def test_a_label_that_comes_late_does_not_move_the_line() -> None:
    scene = snapped(at=15)
    scene.xy[11:15, -1] = line_up()[0] * np.linspace(0.2, 0.8, 4)[:, None]
    assert abs(scene.run()["play"][-1, LOS]) < 0.4


def test_a_feed_without_phases_gives_motion_and_no_play() -> None:
    scene = still(30)
    scene.phase[:] = np.nan
    frames = scene.run()
    assert np.isfinite(frames["speed"][-1, :22]).all()
    assert np.isnan(frames["play"][-1, SNAP_T])
    for stat in STATS:
        if stat.id.startswith(("nfl.receiver", "nfl.passer", "nfl.defender", "nfl.pass")):
            assert np.isnan(np.asarray(stat.compute(frames, np.array([frames.hi - 1])))).all(), stat.id


def test_a_play_without_a_snap_leaves_nothing_behind() -> None:
    scene = still(40)
    scene.phase[20:] = 0.0
    frames = scene.run()
    assert np.isnan(frames["play"][-1, SNAP_T])
    assert frames["play"][-1, LIVE] == 0.0


def test_the_carrier_has_the_ball_and_contact_is_a_yard() -> None:
    scene = snapped(rows=40, at=10, after=4.0)
    scene.xy[10:, -1] = line_up()[1]
    scene.xy[30:, 16] = line_up()[1] + (0.8 * YD, 0.0)
    frames = scene.run()
    assert frames["play"][-1, CARRIER] == 1.0
    assert frames["play"][-1, CONTACT_T] == pytest.approx(frames.t[KEEP + 30])
    assert frames["carry"][-1, carrier.CLOSE_U] == pytest.approx(-4.8)


# -- alignment ---------------------------------------------------------------------------------------------------------------


def test_the_box_the_receivers_and_the_cushion() -> None:
    scene = snapped()
    frames = scene.run()
    lineup = frames["lineup"][-1]
    assert lineup[alignment.BOX] == 7.0, "four linemen and three backers"
    assert (lineup[alignment.LEFT], lineup[alignment.RIGHT], lineup[alignment.BACKS]) == (1.0, 2.0, 1.0)
    assert lineup[alignment.DEEP] == 2.0
    assert lineup[alignment.TIGHT] == 1.0
    assert alignment.formation(lineup) == "shotgun 1x2, 1 back"
    # the wide man on the left: his corner stands 6.6 m off and 1 m inside
    assert frames["cushion"][-1, 8] == pytest.approx(np.hypot(6.6, 1.0))
    moved = snapped()
    moved.xy[20:, 18] = 0.0
    assert moved.run()["cushion"][-1, 8] == pytest.approx(np.hypot(6.6, 1.0)), "held from the snap"


def test_the_box_counts_an_eighth_defender_and_the_backfield_may_be_empty() -> None:
    scene = snapped()
    scene.xy[:, 20] = (6.5, 4.0)
    scene.xy[:, 1] = (-1.0, 11.0)
    lineup = scene.run()["lineup"][-1]
    assert lineup[alignment.BOX] == 8.0
    assert alignment.formation(lineup) == "empty 2x2, 0 backs"


# -- rush --------------------------------------------------------------------------------------------------------------------


def test_get_off_is_the_time_to_the_line_between_frames() -> None:
    scene = snapped(rows=40, at=15)
    # from a metre off, at 2 m/s from the snap on: at the line after 0.5 s; and one who comes at 3 m/s, between two frames
    steps = np.maximum(np.arange(40) - 15, 0) * 0.1
    scene.xy[:, 11, 0] = 1.0 - 2.0 * steps
    scene.xy[:, 12, 0] = 1.0 - 3.0 * steps
    frames = scene.run()
    assert frames["get_off"][-1, 11] == pytest.approx(0.5)
    assert frames["get_off"][-1, 12] == pytest.approx(1.0 / 3.0)
    assert np.isnan(frames["get_off"][-1, 13])
    assert np.isnan(frames["get_off"][-1, 2])


def test_pressure_is_the_nearest_rusher_and_is_frozen_at_the_throw() -> None:
    scene = snapped(rows=50, at=15)
    scene.xy[20:, 11] = (-2.5, 0.0)
    scene.phase[35:] = 3.0
    scene.xy[36:, 11] = (-4.4, 0.0)
    frames = scene.run()
    assert pocket.pressure_distance(frames, np.array([KEEP + 30]))[0, 0] == pytest.approx(2.0)
    assert np.isnan(pocket.pressure_distance(frames, np.array([KEEP + 40]))).all()
    assert frames["pocket"][-1, pocket.AT_THROW] == pytest.approx(2.0)
    assert pocket.time_in_pocket(frames, np.array([frames.hi - 1]))[0, 0] == pytest.approx(1.9)


# -- passes ------------------------------------------------------------------------------------------------------------------


def thrown() -> Scene:
    """A pass from the pocket to the wide man on the left, who runs upfield at 6 m/s: it leaves in row 30, at 15 m/s."""
    scene = snapped(rows=60, at=10)
    run = np.maximum(np.arange(60) - 10, 0) * 0.6
    scene.xy[:, 8, 0] += run
    scene.xy[:, 18, 0] = scene.xy[:, 8, 0] + 3.0
    scene.xy[:, 18, 1] = scene.xy[:, 8, 1]
    scene.phase[30:] = 3.0
    release, catch = line_up()[0], scene.xy[50, 8]
    scene.xy[30:51, -1] = release + np.linspace(0.0, 1.0, 21)[:, None] * (catch - release)
    scene.xy[51:, -1] = scene.xy[51:, 8]
    scene.phase[50:] = 4.0
    return scene


def test_a_pass_has_its_receiver_its_place_and_its_time() -> None:
    scene = thrown()
    frames = scene.run()
    play, row = frames["play"], KEEP + 40
    assert play[row, THROW_T] == pytest.approx(frames.t[KEEP + 30])
    assert play[row, TARGET] == 8.0
    assert frames["flight"][row, flight.LEFT_S] == pytest.approx(1.0, abs=0.02)
    assert frames["flight"][row, flight.LAND_X] == pytest.approx(scene.xy[50, 8, 0], abs=0.15)
    assert frames["flight"][row, flight.RELEASED] == pytest.approx(3.0)
    assert frames["flight"][row, flight.MEET] == pytest.approx(3.0 * 0.5, abs=0.05), "two seconds are enough to close up"
    asked = flight.completion_features(frames, np.array([row, KEEP + 20, KEEP + 55]))
    assert np.isfinite(asked[0]).all()
    assert np.isnan(asked[1:]).all()
    there = frames["flight"][KEEP + 50]
    assert there[flight.AIR] == pytest.approx(np.hypot(*(scene.xy[50, 8] - line_up()[0])))
    assert there[flight.MEET] == pytest.approx(3.0), "the gap itself, once the ball is there"


def test_a_throw_is_what_it_was_at_the_release() -> None:
    scene = thrown()
    frames = scene.run()
    at, rows = {name: k for k, (name, _, _) in enumerate(throw.THROW_FEATURES)}, frames["thrown"][KEEP:]
    assert np.isnan(rows[29]).all(), "nobody has thrown yet"
    np.testing.assert_array_equal(rows[40], rows[49])
    them, passer = scene.xy[30], scene.xy[30, 0]
    assert rows[40, at["throw_m"]] == pytest.approx(np.hypot(*(them[8] - passer)))
    assert rows[40, at["depth_m"]] == pytest.approx(them[8, 0])
    assert rows[40, at["held_s"]] == pytest.approx(2.0)
    assert rows[40, at["covered"]] == 2.0, "and a safety, who has no other receiver nearer"
    assert rows[40, at["first_near_m"]] == rows[40, at["first_ahead_m"]] == pytest.approx(3.0)
    assert rows[40, at["first_upfield_mps"]] == pytest.approx(6.0, abs=0.2)
    assert rows[40, at["second_near_m"]] == pytest.approx(np.hypot(*(them[20] - them[8])))
    assert rows[40, at["rushers"]] == 0.0
    asked = throw.completion_asked(frames, np.array([KEEP + 20, KEEP + 40]))
    assert np.isnan(asked[0]).all()
    np.testing.assert_array_equal(asked[1, 0, len(flight.COMPLETION_FEATURES) :], rows[40])
    np.testing.assert_array_equal(scene.run([7, 30, 1, 60])["thrown"], frames["thrown"])


def test_safeties_are_the_two_deepest_in_the_middle() -> None:
    scene = snapped(rows=40, at=20)
    scene.xy[:, 18] = (14.0, 15.0)  # deep, and outside: a corner
    scene.xy[:, 20, 0] = 12.0
    scene.xy[:, 21] = (13.0, -6.0)
    row = scene.run()["secondary"][KEEP + 35]
    assert (row[secondary.STRONG], row[secondary.WEAK], row[secondary.SAFETIES]) == (2.0, 2.0, 2.0)
    assert (row[secondary.FIRST_DEPTH], row[secondary.SECOND_DEPTH]) == (13.0, 12.0)
    assert (row[secondary.MIDDLE], row[secondary.BETWEEN]) == (6.0, 12.0)
    scene.xy[:, 20, 0] = 5.0
    row = scene.run()["secondary"][KEEP + 35]
    assert row[secondary.SAFETIES] == 1.0
    assert np.isnan(row[[secondary.SECOND_DEPTH, secondary.BETWEEN, secondary.SECOND_BACK]]).all()


def test_separation_is_to_the_nearest_defender_for_eligible_receivers() -> None:
    frames = thrown().run()
    shown = separation.separation(frames, np.array([KEEP + 35]))[0]
    assert shown[8] == pytest.approx(3.0)
    assert np.isnan(shown[[2, 18]]).all(), "no lineman, no defender"


def test_after_the_catch_the_runner_gains_ground() -> None:
    scene = thrown()
    frames = scene.run()
    carry = frames["carry"][-1]
    assert carry[carrier.CAUGHT] == 1.0
    assert carry[carrier.START_U] == pytest.approx(scene.xy[50, 8, 0])
    assert carry[carrier.GAINED] == pytest.approx(scene.xy[-1, 8, 0])
    assert carry[carrier.NEAR] == pytest.approx(3.0)
    share = frames["tackle"][-1, 18, carrier.T_SHARE]
    assert frames["tackle"][-1, 18, carrier.T_DISTANCE] == pytest.approx(3.0)
    assert 0.5 < share <= 1.0


# -- what every step owes ------------------------------------------------------------------------------------------------------


def window_values(scene: Scene, chunks: list[int] | None = None) -> dict[str, bytes]:
    frames = scene.run(chunks)
    return {s.name: frames[s.name][KEEP : frames.hi].tobytes() for s in SPORT.signals}


@pytest.mark.parametrize("scene", [thrown(), simulated()], ids=["by hand", "simulated"])
def test_signals_do_not_depend_on_how_the_play_is_cut(scene: Scene) -> None:
    whole = window_values(scene)
    for chunks in ([2] * len(scene.xy), [7, 1, 30, 2, 500]):
        cut = window_values(scene, chunks)
        odd = [name for name, value in whole.items() if cut[name] != value]
        assert not odd, odd


def test_rows_to_come_change_nothing() -> None:
    scene, other = simulated(), simulated(seed=4)
    half = min(len(scene.xy), len(other.xy)) // 2
    mixed = Scene(scene.xy.copy(), scene.phase.copy(), facing=scene.facing.copy(), attack=scene.attack)
    mixed.xy[half:], mixed.phase[half:] = 1.0, 2.0
    one, two = scene.run(), mixed.run()
    for signal in SPORT.signals:
        upto = KEEP + half
        assert one[signal.name][KEEP:upto].tobytes() == two[signal.name][KEEP:upto].tobytes(), signal.name


def test_a_stadium_turned_round_gives_the_same_play() -> None:
    scene = simulated()
    turned = Scene(-scene.xy, scene.phase, facing=scene.facing + np.pi, attack=-scene.attack)
    one, two = scene.run(), turned.run()
    for name in ("place", "lineup", "gap", "pocket", "rush", "carry", "tackle", "get_off", "cushion", "route", "speed"):
        np.testing.assert_allclose(one[name], two[name], atol=1e-6, err_msg=name)


def test_nothing_measured_gives_nothing_and_does_not_crash() -> None:
    scene = simulated()
    scene.xy[:] = np.nan
    frames = scene.run()
    ends = np.arange(KEEP + 4, frames.hi, 2)
    for stat in STATS:
        if stat.id != "game.momentum":
            assert np.isnan(np.asarray(stat.compute(frames, ends))).all(), stat.id


def test_the_table_is_consistent_and_a_window_has_its_hundred_steps() -> None:
    names = [signal.name for signal in SPORT.signals]
    written = [signal.name for step in SPORT.steps for signal in step.writes]
    assert len(set(names)) == len(names)
    assert sorted(written) == sorted(names), "each signal is declared by one step"
    assert len({step.name for step in SPORT.steps}) == len(SPORT.steps)
    each = 2 + len(SPORT.steps) + sum(stat.every_s == 0.0 for stat in STATS)
    assert each >= 100, "framing, steps and stats that run on each window"
    ids = [stat.id for stat in SPORT.stats]
    assert len(set(ids)) == len(ids)
    for stat in SPORT.stats:
        assert re.fullmatch(r"(nfl|game)\.[a-z_]+(\.[a-z_0-9]+)?", stat.id), stat.id
        assert stat.definition, stat.id


CATALOGUE = (
    "nfl.player.speed", "nfl.player.acceleration", "nfl.player.top_speed", "nfl.player.distance",
    "nfl.player.orientation", "nfl.player.direction", "nfl.receiver.cushion", "nfl.receiver.separation",
    "nfl.passer.time_to_throw", "nfl.passer.time_in_pocket", "nfl.passer.pressure_distance", "nfl.pass.air_yards",
    "nfl.pass.air_distance", "nfl.pass.air_yards_to_sticks", "nfl.pass.tight_window", "nfl.pass.completion_probability",
    "nfl.receiver.expected_yac", "nfl.rusher.expected_yards", "nfl.rusher.time_behind_los", "nfl.rusher.efficiency",
    "nfl.rusher.yards_before_close", "nfl.carrier.top_speed", "nfl.defender.get_off", "nfl.defender.pressure_probability",
    "nfl.defender.tackle_probability", "nfl.defense.men_in_box", "nfl.defense.box_8plus", "nfl.defense.coverage",
    "nfl.offense.formation", "nfl.receiver.route", "nfl.game.win_probability", "nfl.decision.fourth_down",
    "game.highlight", "game.story", "game.momentum",
)  # fmt: skip


@pytest.mark.parametrize("stat", CATALOGUE)
def test_every_row_of_the_catalogue_is_there(stat: str) -> None:
    assert SPORT.stat(stat).definition
