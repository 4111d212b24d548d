"""The account of a match, on cases worked by hand."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from features.soccer import SPORT
from features.soccer.game import result_odds, swing, time_left_s
from features.soccer.highlights import highlight as moment_highlight
from features.soccer.ledger import Ledger
from tests.features.soccer.events import NAN, PLAYERS, event, fold, shot, standing, tick


def test_score_counts_shots_and_own_goals_but_no_shoot_out() -> None:
    ledger = fold(
        [
            shot(60.0, 0, 9, 0.2, "goal"),
            shot(70.0, 0, 9, 0.4, "saved"),
            event("own_goal", 80.0, 0, 3),
            shot(90.0, 1, 20, 0.1, "goal"),
            shot(9000.0, 1, 20, 0.76, "goal", period=5),
        ]
    )
    assert tick("soccer.match.score", ledger).tolist() == [[1.0, 2.0]]


def test_a_shootout_has_a_score_of_its_own_and_counts_nowhere_else() -> None:
    """Kicks with everything that a shot in play has: an xGoals value, a keeper, a place."""
    played = [event("period_start", 0.0), shot(60.0, 0, 9, 0.2, "goal"), shot(90.0, 1, 20, 0.1, "goal")]
    kicks = [
        shot(9000.0 + 60.0 * k, k % 2, (9, 20)[k % 2], 0.76, outcome, period=5, set_piece="penalty", keeper=("a0", "h0")[k % 2])
        for k, outcome in enumerate(["goal", "saved", "goal", "goal", "goal"])
    ]
    before, after = fold(played), fold([*played, event("period_start", 8990.0, period=5), *kicks])
    for name in (
        "soccer.match.score",
        "soccer.team.xgoals",
        "soccer.team.shot_efficiency",
        "soccer.player.xgoals",
        "soccer.keeper.goals_prevented",
        "soccer.team.set_piece_threat",
    ):
        np.testing.assert_array_equal(tick(name, after), tick(name, before), err_msg=name)
    assert np.isnan(tick("soccer.match.shootout", before)).all()
    assert tick("soccer.match.shootout", after).tolist() == [[3.0, 1.0]]
    assert time_left_s(after, 9100.0) == 0.0
    assert all(swing(kick, after) == 0.0 for kick in kicks)
    assert all(moment_highlight(kick, after) is None for kick in kicks)


def test_a_kick_of_a_shootout_has_no_xgoals() -> None:
    spot = standing({22: (41.5, 0.0), 9: (41.0, 0.0), 11: (52.5, 0.0)})
    (extract,) = (step for step in SPORT.event_steps if step.name == "shot_geometry")
    for period, known in ((2, True), (5, False)):
        kick = event("shot", 10.0, 0, 9, at=(41.5, 0.0), outcome="goal", period=period, frames=spot, row=5, set_piece="penalty")
        extract.compute(kick)
        assert (kick.facts["shot.features"] is not None) == known


def test_extra_time_has_its_halves_and_its_end() -> None:
    """A feed that says neither when its halves begin nor when they end: each has had its time before the next begins."""
    ledger = fold([event("period_start", 0.0), event("period_end", 2800.0), event("period_start", 3700.0, period=2)])
    fold([event("period_end", 6500.0, period=2), event("pass", 6900.0, 0, 5, period=3)], ledger)
    assert (ledger.period, time_left_s(ledger, 6900.0)) == (3, 1800.0 + 240.0)
    fold([event("pass", 7000.0, 0, 5, period=4)], ledger)
    assert ledger.period == 3  # a wrong number: the half is not over
    fold([event("pass", 7850.0, 0, 5), event("pass", 7900.0, 0, 5, period=4)], ledger)
    assert (ledger.period, ledger.clock_s(7900.0)) == (4, 2800.0 + 2800.0 + 950.0)
    fold([event("period_end", 8850.0, period=4)], ledger)
    assert time_left_s(ledger, 8860.0) == 0.0


def test_a_withdrawn_goal_is_as_if_it_had_never_been() -> None:
    played = [shot(60.0, 0, 9, 0.2, "goal"), shot(300.0, 1, 20, 0.3, "goal"), shot(400.0, 0, 8, 0.05, "off_target")]
    without = fold(played[:1] + played[2:])
    assert tick("soccer.match.score", fold(played)).tolist() == [[1.0, 1.0]]
    assert tick("soccer.match.score", without).tolist() == [[1.0, 0.0]]
    assert tick("soccer.team.xgoals", without).tolist() == [0.2 + 0.05, 0.0]


def test_xgoals_and_efficiency_of_teams_and_players() -> None:
    ledger = fold(
        [
            shot(60.0, 0, 9, 0.25, "goal"),
            shot(70.0, 0, 9, 0.5, "post"),
            shot(80.0, 0, 8, 0.125, "off_target"),
            shot(90.0, 1, 20, 0.0625, "goal"),
            event("own_goal", 95.0, 1, 12),
            shot(99.0, 0, 7, NAN, "goal"),
            event("shot", 100.0, 1, 21, outcome="goal"),
        ]
    )
    assert tick("soccer.team.xgoals", ledger).tolist() == [0.875, 0.0625]
    # the two goals that no model spoke of and the own goal are nobody's efficiency
    assert tick("soccer.team.shot_efficiency", ledger).tolist() == [0.125, 0.9375]
    players = tick("soccer.player.xgoals", ledger)
    assert players.shape == (PLAYERS,)
    assert players[[9, 8, 20]].tolist() == [0.75, 0.125, 0.0625]
    assert tick("soccer.player.shot_efficiency", ledger)[[9, 8, 20]].tolist() == [0.25, -0.125, 0.9375]
    assert np.isnan(np.delete(players, [9, 8, 20])).all()


def test_goals_prevented_follows_the_keeper_in_goal() -> None:
    ledger = fold(
        [
            shot(10.0, 0, 9, 0.5, "saved", keeper="a0"),
            shot(20.0, 0, 9, 0.25, "goal", keeper="a0"),
            shot(30.0, 0, 9, 0.9, "off_target", keeper="a0"),  # he had not to save it
            shot(40.0, 0, 9, 0.125, "saved"),  # not said: still the same man
            event("save", 50.0, 1, 13),  # an outfield player in goal
            shot(60.0, 0, 9, 0.75, "goal"),
            event("own_goal", 70.0, 1, 14),
        ]
    )
    prevented = tick("soccer.keeper.goals_prevented", ledger)
    assert prevented[11] == 0.5 + 0.25 + 0.125 - 1
    assert prevented[13] == 0.75 - 1
    assert np.isnan(np.delete(prevented, [11, 13])).all()


def test_the_keeper_on_the_pitch_is_found_in_the_frame() -> None:
    frames = standing({0: (-50.0, 0.0), 11: (50.0, 0.0), 9: (40.0, 0.0)})
    ledger = fold([shot(0.2, 0, 9, 0.5, "saved", frames=frames, row=5)])
    assert tick("soccer.keeper.goals_prevented", ledger)[11] == 0.5
    unseen = standing({0: (-50.0, 0.0), 9: (40.0, 0.0)})
    ledger = fold([shot(0.2, 0, 9, 0.5, "saved", frames=unseen, row=5)])
    assert np.isnan(tick("soccer.keeper.goals_prevented", ledger)).all()


def test_ppda_counts_the_build_up_zone_of_the_other_team() -> None:
    build_up, beyond = (10.0, 0.0), (11.0, 0.0)  # 60 % of 105 m from -52.5 is 10.5
    ledger = fold(
        [
            event("pass", 1.0, 0, 5, at=build_up, outcome="complete"),
            event("pass", 2.0, 0, 5, at=build_up, outcome="incomplete"),
            event("pass", 3.0, 0, 5, at=(-40.0, 3.0), outcome="complete"),
            event("pass", 4.0, 0, 5, at=beyond, outcome="complete"),  # past the zone
            *(event("tackle", 5.0 + k / 10, 1, 15, at=build_up) for k in range(4)),
            event("foul", 6.0, 1, 15, at=(-30.0, 0.0)),
            event("interception", 7.0, 1, 15, at=beyond),  # not up the pitch for the away team
            event("pass", 8.0, 1, 15, at=(-9.0, 0.0), outcome="complete"),
        ]
    )
    assert tick("soccer.team.pressing", ledger, 10.0)[1] == 3 / 5
    assert np.isnan(tick("soccer.team.pressing", ledger, 10.0)[0])
    assert tick("soccer.team.pressing", ledger, 602.5)[1] == 1 / 5  # the first two passes are ten minutes old
    assert np.isnan(tick("soccer.team.pressing", ledger, 605.05)[1])  # and now the first of five actions, and four are too few


def test_ppda_wants_five_actions() -> None:
    passes = [event("pass", 1.0 + k, 0, 5, at=(-40.0, 0.0), outcome="complete") for k in range(80)]
    actions = [event("tackle", 100.0 + k, 1, 15, at=(-40.0, 0.0)) for k in range(5)]
    assert np.isnan(tick("soccer.team.pressing", fold(passes + actions[:4]), 110.0)[1])
    assert tick("soccer.team.pressing", fold(passes + actions), 110.0)[1] == 80 / 5


def test_ppda_window_stands_still_in_the_break() -> None:
    ledger = fold(
        [
            event("period_start", 0.0),
            event("pass", 2600.0, 0, 5, at=(-40.0, 0.0)),
            *(event("tackle", 2610.0 + k, 1, 15, at=(-40.0, 0.0)) for k in range(5)),
            event("period_end", 2700.0),
            event("period_start", 3600.0, period=2),
            event("pass", 3700.0, 0, 5, at=(-40.0, 0.0), period=2),
        ]
    )
    assert tick("soccer.team.pressing", ledger, 3710.0)[1] == 2 / 5
    assert ledger.clock_s(3710.0) == 2810.0


def test_set_piece_threat_is_the_mean_yield_of_the_latest_ten() -> None:
    corner = {"set_piece": "corner", "phase": "corner", "at": (52.0, 34.0), "outcome": "complete"}
    ledger = fold(
        [
            event("pass", 10.0, 0, 7, **corner),
            shot(12.0, 0, 9, 0.25, "saved", phase="corner"),
            shot(14.0, 0, 8, 0.5, "blocked", phase="corner"),  # the rebound belongs to the same corner
            event("pass", 100.0, 0, 7, **corner),
            shot(200.0, 0, 9, 0.125, "goal", set_piece="free_kick", phase="free_kick", at=(30.0, 0.0)),
            event("pass", 300.0, 0, 7, set_piece="free_kick", at=(-30.0, 0.0)),  # in the own half: no set piece
            event("pass", 310.0, 0, 7, set_piece="throw_in", at=(40.0, 34.0)),
            shot(312.0, 0, 9, 0.5, "goal", phase="throw_in"),
            shot(400.0, 0, 9, 0.75, "goal", set_piece="penalty", phase="penalty"),
        ]
    )
    threat = tick("soccer.team.set_piece_threat", ledger)
    assert threat[0] == (0.75 + 0.0 + 0.125) / 3
    assert np.isnan(threat[1])
    fold([shot(500.0, 0, 9, 0.0625, "saved", phase="corner")], ledger)  # a corner that nobody reported
    assert tick("soccer.team.set_piece_threat", ledger)[0] == (0.75 + 0.0 + 0.125 + 0.0625) / 4
    fold([event("pass", 600.0 + 100 * k, 0, 7, **corner) for k in range(10)], ledger)
    assert tick("soccer.team.set_piece_threat", ledger)[0] == 0.0
    assert len(ledger.set_pieces[0]) == 10


def test_a_feed_without_phases_credits_shots_soon_after_the_set_piece() -> None:
    corner = event("pass", 10.0, 0, 7, set_piece="corner", at=(52.0, 34.0))
    ledger = fold(
        [
            shot(5.0, 0, 9, 0.5, "saved"),
            corner,
            shot(19.0, 0, 9, 0.25, "saved"),
            shot(19.5, 1, 20, 0.25, "saved"),
            shot(21.0, 0, 9, 0.5, "saved"),
            shot(22.0, 0, 9, 0.5, "saved", phase="open_play"),
        ]
    )
    assert tick("soccer.team.set_piece_threat", ledger)[0] == 0.25
    assert ledger.set_pieces == [[0.25], []]


def test_time_left_in_a_match_of_short_halves() -> None:
    ledger = fold([event("period_start", 0.0, length_s=150.0)])
    assert time_left_s(ledger, 50.0) == 250.0 + 150.0 * 4 / 45
    fold([event("period_end", 150.0), event("period_start", 200.0, period=2, length_s=150.0)], ledger)
    assert time_left_s(ledger, 350.0 + 60.0) == 150.0 / 90
    fold([event("period_start", 500.0, period=3, length_s=1e9)], ledger)
    assert time_left_s(ledger, 500.0) == pytest.approx(100.0 + 150.0 * 4 / 45)


def test_time_left_over_a_whole_match() -> None:
    ledger = fold([])
    assert time_left_s(ledger, -100.0) == 5640.0
    fold([event("period_start", 0.0)], ledger)
    assert time_left_s(ledger, 600.0) == 5040.0
    assert time_left_s(ledger, 2800.0) == 2940.0  # added time of the first half
    fold([event("period_end", 2820.0)], ledger)
    assert time_left_s(ledger, 3000.0) == 2940.0
    fold([event("pass", 3720.0, 0, 5, period=2)], ledger)  # nobody said that the half had begun
    assert time_left_s(ledger, 3720.0 + 2600.0) == 340.0
    assert time_left_s(ledger, 3720.0 + 2990.0) == 30.0
    fold([event("period_end", 6700.0, period=2)], ledger)
    assert time_left_s(ledger, 6800.0) == 0.0


def test_a_period_number_from_nowhere_does_not_stop_the_clock() -> None:
    ledger = fold([event("period_start", 0.0), event("pass", 5.0, 0, 5, period=50), event("period_end", 10.0)])
    assert (ledger.period, ledger.running, ledger.played_s) == (1, False, 10.0)


def test_a_mislabelled_event_does_not_begin_the_second_half() -> None:
    ledger = fold([event("period_start", 0.0), event("pass", 60.0, 0, 5, period=2), event("pass", 61.0, 0, 5)])
    assert (ledger.period, ledger.clock_s(100.0)) == (1, 100.0)
    # a feed that never says when halves begin and end
    fold([event("pass", 2760.0, 0, 5), event("pass", 3700.0, 0, 5, period=2)], ledger)
    assert (ledger.period, ledger.clock_s(3700.0), ledger.clock_s(3710.0)) == (2, 2760.0, 2770.0)


def test_win_features_are_home_minus_away() -> None:
    ledger = fold(
        [
            event("period_start", 0.0),
            shot(60.0, 1, 20, 0.25, "goal"),
            event("card", 70.0, 0, 3, card="second_yellow"),
            event("card", 80.0, 0, 4, card="yellow"),
        ]
    )
    stat = SPORT.stat("soccer.match.win_probability")
    assert stat.compute(ledger, 600.0).tolist() == [[5040.0, -1.0, 1.0, 0.0, 0.25]]


def test_result_odds_are_odds() -> None:
    even = result_odds(5400.0, 0, 0, 0)
    assert even.sum() == pytest.approx(1.0, abs=1e-12)
    assert even[0] > even[2]
    assert result_odds(0.0, 1, 0, 0).tolist() == [1.0, 0.0, 0.0]
    assert result_odds(0.0, 0, 0, 0).tolist() == [0.0, 1.0, 0.0]
    leads = [result_odds(1800.0, d, 0, 0)[0] for d in range(-3, 4)]
    assert leads == sorted(leads)
    assert result_odds(1800.0, 0, 1, 0)[0] < result_odds(1800.0, 0, 0, 0)[0] < result_odds(1800.0, 0, 0, 1)[0]


def test_odds_of_one_goal_to_come_are_those_of_two_poisson_counts() -> None:
    from math import exp, factorial

    home, away = 1.35 * 1.12 / 9, 1.35 / 1.12 / 9  # ten minutes
    draw = sum(exp(-home - away) * (home * away) ** k / factorial(k) ** 2 for k in range(20))
    assert result_odds(600.0, 0, 0, 0)[1] == pytest.approx(draw, abs=1e-12)


def test_swing_is_largest_late_and_level() -> None:
    early, late = shot(60.0, 0, 9, 0.2, "goal"), shot(5200.0, 0, 9, 0.2, "goal", period=2)
    first = fold([event("period_start", 0.0)])
    second = fold([event("period_start", 0.0), event("period_end", 2700.0), event("period_start", 2700.0, period=2)])
    assert 0.1 < swing(early, first) < swing(late, second) < 1.0
    assert swing(shot(60.0, 0, 9, 0.9, "saved"), first) == 0.0
    assert swing(event("card", 60.0, 1, 12, card="red"), first) > 0.05


def test_round_trip_of_the_ledger() -> None:
    moments = [
        event("period_start", 0.0),
        shot(60.0, 0, 9, 0.1, "goal"),
        event("card", 70.0, 1, 13, card="red"),
        event("pass", 80.0, 0, 5, at=(-3.0, 1.0), outcome="complete"),
        event("pass", 81.0, 0, 5, at=(52.0, 33.0), set_piece="corner"),
    ]
    ledger = fold(moments)
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(ledger), type=Ledger)
    assert copy == ledger
    assert copy.set_pieces is not ledger.set_pieces
    later = [shot(90.0, 0, 9, 0.7, "saved", phase="corner", keeper="a0"), event("period_end", 100.0)]
    fold(later, copy)
    assert copy != ledger
    assert fold(later, ledger) == copy
    assert len(msgspec.msgpack.encode(ledger)) < 2100
