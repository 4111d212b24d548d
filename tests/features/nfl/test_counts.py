"""The plain counts of a game, play by play; and of which plays nothing is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from features.core.event_context import MISSED
from features.nfl import SPORT, defense, passing, rushing
from features.nfl.alignment import BOX, LEFT
from features.nfl.columns import LOS, PHASE, SNAP_T, THROW_T, YD
from features.nfl.flight import GAP, MEET, PRESSURE
from features.nfl.ledger import Ledger
from tests.features.nfl.scenes import Scene, line_up, still
from tests.features.nfl.test_events import PLAYERS, down, fold, moment

NAN = float("nan")


def count(ledger: Ledger, stat: str) -> Any:
    return np.asarray(SPORT.stat(stat).compute(ledger, 0.0), np.float64)


def ended(kind: str, t_s: float, gained: float, *, player: int, play: str, **more: Any) -> Any:
    one = moment(kind, t_s, player=player, play=play, gained_yd=gained, **more)
    rushing.end_run(one)
    return one


def snap(t_s: float, play: str, number: float, **more: Any) -> list[Any]:
    return [down(t_s, play, number, clock_s=3600.0, **more), moment("ball_snap", t_s + 1, player=0, play=play)]


def drive() -> Ledger:
    """Ten plays of the home team, one of each kind."""
    ledger = Ledger(players=PLAYERS)
    fold(ledger, *snap(0.0, "p1", 1.0))  # a run for 7
    fold(ledger, moment("handoff", 2.0, player=1, play="p1"), ended("tackle", 5.0, 7.0, player=1, play="p1"))
    fold(ledger, *snap(10.0, "p2", 2.0, to_go_yd=3.0))  # a catch for 12, and a first down
    fold(ledger, moment("pass_forward", 12.0, player=0, play="p2"), moment("pass_arrived", 13.0, player=8, play="p2"))
    fold(ledger, moment("pass_outcome_caught", 13.1, player=8, play="p2"), ended("tackle", 15.0, 12.0, player=8, play="p2"))
    fold(ledger, *snap(20.0, "p3", 1.0))  # nobody catches it
    fold(ledger, moment("pass_forward", 22.0, player=0, play="p3"), moment("pass_outcome_incomplete", 23.0, player=9, play="p3"))
    fold(ledger, *snap(30.0, "p4", 2.0))  # a fake hand-off, and a sack for -6
    fold(ledger, moment("handoff", 31.5, player=1, play="p4"), ended("qb_sack", 33.0, -6.0, player=0, play="p4"))
    fold(ledger, *snap(40.0, "p5", 3.0, to_go_yd=16.0))  # third down, short of it
    fold(ledger, moment("pass_forward", 42.0, player=0, play="p5"), moment("pass_outcome_caught", 43.0, player=7, play="p5"))
    fold(ledger, ended("out_of_bounds", 44.0, 9.0, player=7, play="p5"))
    fold(ledger, *snap(50.0, "p6", 4.0), moment("punt", 52.0, play="p6"), ended("tackle", 56.0, 30.0, player=20, play="p6"))
    fold(ledger, *snap(60.0, "p7", 3.0, to_go_yd=1.0))  # the passer keeps it himself
    fold(ledger, moment("run", 61.5, player=0, play="p7"), ended("tackle", 64.0, 2.0, player=0, play="p7"))
    fold(ledger, *snap(70.0, "p8", 4.0, to_go_yd=2.0, to_goal_yd=11.0))  # a touchdown
    fold(ledger, moment("handoff", 71.5, player=1, play="p8"), ended("touchdown", 75.0, NAN, player=1, play="p8"))
    fold(ledger, *snap(80.0, "p9", 0.0))  # the try is no down
    fold(ledger, moment("pass_forward", 82.0, player=0, play="p9"), moment("pass_outcome_incomplete", 83.0, player=9, play="p9"))
    fold(ledger, *snap(90.0, "p10", 1.0))  # intercepted, and carried back
    fold(ledger, moment("pass_forward", 92.0, player=0, play="p10"))
    fold(ledger, moment("pass_outcome_interception", 93.0, player=8, play="p10"))
    return fold(ledger, ended("touchdown", 97.0, NAN, player=20, play="p10", team=1))


@pytest.mark.parametrize(
    ("stat", "player", "value"),
    [
        ("nfl.passer.attempts", 0, 4.0),
        ("nfl.passer.completions", 0, 2.0),
        ("nfl.passer.yards", 0, 21.0 * YD),
        ("nfl.passer.touchdowns", 0, 0.0),
        ("nfl.passer.interceptions", 0, 1.0),
        ("nfl.rusher.carries", 1, 2.0),
        ("nfl.rusher.yards", 1, 18.0 * YD),
        ("nfl.rusher.touchdowns", 1, 1.0),
        ("nfl.rusher.carries", 0, 1.0),
        ("nfl.rusher.yards", 0, 2.0 * YD),
        ("nfl.receiver.targets", 8, 2.0),
        ("nfl.receiver.catches", 8, 1.0),
        ("nfl.receiver.yards", 8, 12.0 * YD),
        ("nfl.receiver.catches", 9, 0.0),
        ("nfl.receiver.targets", 9, 1.0),
    ],
)
def test_what_a_player_has_done(stat: str, player: int, value: float) -> None:
    found = count(drive(), stat)
    assert found.shape == (PLAYERS,)
    assert found[player] == pytest.approx(value)
    assert math.isnan(found[5]), "a lineman has thrown, run and caught nothing: that is no zero"


def test_what_the_teams_have_done() -> None:
    ledger = drive()
    # run 7, catch 12, incomplete 0, sack -6, catch 9, run 2, touchdown 11, intercepted 0; no kick and no try
    assert count(ledger, "nfl.team.plays").tolist() == [8.0, 0.0]
    assert count(ledger, "nfl.team.yards").tolist() == pytest.approx([35.0 * YD, 0.0])
    assert count(ledger, "nfl.team.first_downs").tolist() == [3.0, 0.0]
    assert count(ledger, "nfl.team.third_downs").tolist() == [[1.0, 2.0], [0.0, 0.0]]
    assert count(ledger, "nfl.team.fourth_downs").tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert count(ledger, "nfl.team.sacks").tolist() == [0.0, 1.0], "the sack is the defence's"
    assert count(ledger, "nfl.team.interceptions_thrown").tolist() == [1.0, 0.0]


def test_unknown_yards_are_in_no_sum() -> None:
    ledger = fold(Ledger(players=PLAYERS), *snap(0.0, "p1", 1.0), moment("handoff", 2.0, player=1, play="p1"))
    fold(ledger, ended("tackle", 5.0, NAN, player=1, play="p1"))
    assert count(ledger, "nfl.rusher.carries")[1] == 1.0
    assert math.isnan(count(ledger, "nfl.rusher.yards")[1])
    assert math.isnan(count(ledger, "nfl.team.yards")[0])


def test_a_hand_off_before_a_throw_or_a_sack_is_no_run() -> None:
    for kind in ("qb_sack", "pass_forward"):
        ledger = fold(Ledger(players=PLAYERS), *snap(0.0, "p1", 1.0))
        fold(ledger, moment("handoff", 2.0, player=1, play="p1", facts={"rush.expected_yd": 4.0}))
        last = ended("qb_sack", 4.0, -7.0, player=0, play="p1") if kind == "qb_sack" else moment(kind, 4.0, player=0, play="p1")
        if kind == "qb_sack":
            assert rushing.over_expected(last, ledger) is None
        fold(ledger, last, ended("tackle", 6.0, 20.0, player=1, play="p1"))
        assert (sum(ledger.carries), ledger.run_yd[1]) == (0, 0.0)


def test_a_touchdown_gains_the_way_to_the_goal_line_and_no_more() -> None:
    scene = still(40)
    scene.phase[6:], scene.phase[10:] = 2.0, 4.0
    scene.xy[10:, [1, -1], 0] = np.linspace(0.0, 58.0, 30)[:, None] * YD
    frames = scene.run()
    for kind, x_yd, gained in (("touchdown", 57.0, 50.0), ("tackle", 20.0, 20.0), ("out_of_bounds", 52.0, 50.0)):
        one = moment(kind, x_m=x_yd * YD, player=1)
        one.frames, one.row = frames, frames.hi - 1
        rushing.end_run(one)
        assert one.facts["play.gained_yd"] == pytest.approx(gained, abs=0.01)


# -- plays of which the beginning is missing -----------------------------------------------------------------------------------


def live(rows: int, at: int, *, first: float = 1.0) -> Scene:
    scene = still(rows, first)
    scene.phase[at:], scene.phase[at + 20 :] = 2.0, 3.0
    return scene


def test_a_play_that_was_on_already_has_no_snap_and_no_throw() -> None:
    """The same rows, of which the first are not seen."""
    whole = live(60, 10).run()
    assert whole["play"][-1, SNAP_T] == pytest.approx(whole.t[140 + 10])
    for first in (11, 15, 31):
        scene = live(60, 10)
        joined = Scene(scene.xy[first:], scene.phase[first:]).run()
        assert (joined["play"][140:, PHASE] == 0.0)[1:].all()
        assert np.isnan(joined["play"][140:, [SNAP_T, THROW_T, LOS]]).all()


def test_a_hole_over_the_snap_or_in_the_play_ends_what_is_known() -> None:
    scene = live(60, 10)
    scene.phase[10:12] = np.nan
    scene.phase[12:] = 4.0
    assert np.isnan(scene.run()["play"][-1, SNAP_T]), "between lined up and carried the snap was not seen"
    scene = live(80, 10)
    scene.phase[15:35] = np.nan
    frames = scene.run()
    assert frames["play"][140 + 14, PHASE] == 2.0
    assert (frames["play"][140 + 36 :, PHASE] == 0.0).all()


def test_nothing_is_counted_of_a_play_that_was_joined_after_its_snap() -> None:
    ledger = Ledger(players=PLAYERS)
    fold(ledger, moment("ball_snap", 100.0, player=0, play="p7", clock_s=900.0, facts={MISSED: True}))
    fold(ledger, moment("handoff", 101.0, player=1, play="p7", facts={"rush.expected_yd": 4.0}))
    end = ended("tackle", 104.0, 8.0, player=1, play="p7")
    assert rushing.over_expected(end, ledger) is None
    fold(ledger, end)
    assert (ledger.carries[1], ledger.runs[1][0]) == (0, 0.0)
    assert ledger.joined_late
    box = moment("ball_snap", 120.0, play="p8", facts={"nfl.defense.men_in_box": 8.0})
    assert defense.box_8plus(box, ledger) is None, "nobody knows of how many plays"
    ledger.passer, ledger.pass_chance = 0, 0.5
    assert passing.cpoe(moment("pass_outcome_caught", 125.0), ledger) is None


def test_the_line_is_not_where_another_ball_lies() -> None:
    """A spare ball beside the field has been tracked: no line, no box, no formation; not zero men."""
    scene = live(40, 10)
    scene.xy[:, -1] = (10.0, 28.0)
    frames = scene.run()
    assert np.isnan(frames["play"][-1, LOS])
    assert np.isnan(frames["lineup"][140 + 9, [BOX, LEFT]]).all()
    shot = moment("ball_snap")
    shot.frames, shot.row = frames, 140 + 10
    defense.line_up(shot)
    assert defense.men_in_box(shot, Ledger(players=PLAYERS)) is None
    assert defense.offense_formation(shot, Ledger(players=PLAYERS)) is None
    scene.xy[:, -1] = line_up()[-1]
    assert scene.run()["lineup"][140 + 9, BOX] == 7.0


# -- nothing is read off an absence --------------------------------------------------------------------------------------------


def test_an_unseen_defence_and_an_unknown_passer_give_no_figure() -> None:
    scene = live(60, 10)
    scene.xy[30:, -1] = line_up()[8] + np.linspace(-14.0, -1.0, 30)[:, None] * (0.3, 1.0)
    seen = scene.run()["flight"][140 + 50]
    assert np.isfinite(seen[[MEET, PRESSURE, GAP]]).all()
    scene.xy[:, 11:22] = np.nan
    blind = scene.run()["flight"][140 + 50]
    assert np.isnan(blind[[MEET, GAP]]).all(), "who is not seen is not three metres away"


def test_a_kick_off_has_no_receivers_and_no_rush() -> None:
    kick, snapped = still(40), still(40)
    kick.phase[10:], snapped.phase[10:] = 5.0, 2.0
    for scene in (kick, snapped):
        scene.xy[10:, 11, 0] = 1.0 - 0.3 * np.arange(30)  # a defender runs through the line
    ends = np.array([140 + 35])
    for stat in ("nfl.receiver.separation", "nfl.receiver.cushion", "nfl.defender.get_off"):
        assert np.isnan(SPORT.stat(stat).compute(kick.run(), ends)).all(), stat
        assert np.isfinite(SPORT.stat(stat).compute(snapped.run(), ends)).any(), stat
