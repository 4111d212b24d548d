"""What events add up to, each case worked by hand: expected yards, RYOE, CPOE, box share, fourth downs, stories, highlights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from features.common import highlights as shared
from features.common.commentary import from_value
from features.core.event_context import EventContext
from features.nfl import SPORT, commentary, defense, game, passing, rushing, yardage
from features.nfl.columns import YD
from features.nfl.highlights import highlight
from features.nfl.ledger import Ledger
from tests.features.nfl.scenes import KEEP, Scene, line_up, roster, still

NAN = float("nan")
PLAYERS = 23


def moment(
    kind: str, t_s: float = 0.0, *, player: int = -1, team: int = 0, x_m: float = NAN, facts: Any = None, **attrs: Any
) -> EventContext:
    return EventContext(
        id=f"{kind}-{t_s}",
        type=kind,
        t_s=t_s,
        period=1,
        team=team,
        player=player,
        x_m=x_m,
        y_m=NAN,
        end_x_m=NAN,
        end_y_m=NAN,
        outcome=str(attrs.pop("outcome", "")),
        attack=1,
        attrs=attrs,
        facts=dict(facts or {}),
        roster=roster(),
    )


def fold(ledger: Ledger, *moments: EventContext) -> Ledger:
    for one in moments:
        for step in SPORT.event_steps:
            if step.phase == "apply" and one.type in step.on:
                step.compute(one, ledger)
    return ledger


def down(t_s: float = 0.0, play: str = "p1", number: float = 1.0, **more: Any) -> EventContext:
    state: dict[str, Any] = {
        "play": play,
        "down": number,
        "to_go_yd": 10.0,
        "to_goal_yd": 60.0,
        "clock_s": 1800.0,
        "home_points": 7.0,
        "away_points": 3.0,
    }
    return moment("down", t_s, **{**state, **more})


# -- yards as a distribution ---------------------------------------------------------------------------------------------------


def test_the_mean_of_a_distribution_over_whole_yards() -> None:
    """A die of 1..6 yards: at least k with (7 - k) / 6, and 3.5 on average; the levels are all whole yards there."""
    chances = [max(min((7 - k) / 6, 1.0), 0.0) for k in yardage.LEVELS_YD["yac"]]
    assert yardage.expected("yac", chances) == pytest.approx(3.5 + 0.5 * (1 / 6) * 0, abs=0.1)
    sure = [1.0 if k <= 4 else 0.0 for k in yardage.LEVELS_YD["rush"]]
    assert yardage.expected("rush", sure) == pytest.approx(4.0)


def test_a_run_asks_for_every_level_and_for_first_down_and_goal() -> None:
    rows = yardage.rush_rows(np.array([2.0, 1.5, 3.0, 7.0]), 6.0, NAN)
    assert rows.shape == (len(yardage.distribution_names("rush")), len(yardage.RUSH_FEATURES))
    assert rows[-2, 0] == 6.0
    assert math.isnan(rows[-1, 0])
    assert (rows[:, 1] == 2.0).all()


def test_yards_over_expected_are_counted_from_the_line_or_from_the_catch() -> None:
    ledger = fold(Ledger(players=PLAYERS), down(), moment("ball_snap", 1.0, player=0, play="p1"))
    fold(ledger, moment("handoff", 2.0, player=1, facts={"rush.expected_yd": 4.2}))
    tackle = moment("tackle", 5.0, player=1, gained_yd=9.0)
    rushing.end_run(tackle)
    assert rushing.over_expected(tackle, ledger) == pytest.approx(4.8 * YD)
    fold(ledger, tackle)
    assert (ledger.carries[1], ledger.run_yd[1], ledger.run_expected_yd[1]) == (1, 9.0, 4.2)
    fold(ledger, down(10.0, "p2"), moment("ball_snap", 11.0, player=0, play="p2"))
    fold(ledger, moment("pass_outcome_caught", 13.0, player=8, facts={"yac.expected_yd": 3.0, "yac.caught_yd": 12.5}))
    tackle = moment("tackle", 15.0, player=8, gained_yd=20.0)
    rushing.end_run(tackle)
    assert rushing.over_expected(tackle, ledger) is None, "a catch is no run"
    assert passing.yac_over_expected(tackle, ledger) == pytest.approx(4.5 * YD)


def test_the_spot_of_the_end_gives_yards_that_are_not_reported() -> None:
    scene = still(30)
    scene.phase[10:] = 4.0
    scene.xy[10:, -1] = line_up()[1]
    frames = scene.run()
    tackle = moment("tackle", x_m=6.4 * YD)
    tackle.frames, tackle.row = frames, frames.hi - 1
    rushing.end_run(tackle)
    assert tackle.facts["play.gained_yd"] == pytest.approx(6.4, abs=0.01)


def test_the_top_speed_of_a_carrier_is_of_the_time_with_the_ball() -> None:
    scene = still(60)
    scene.phase[5:], scene.phase[10:] = 2.0, 4.0
    scene.xy[:, 9, 0] += 1.0 * np.arange(60.0)  # a receiver flies past at 10 m/s all the time
    scene.xy[10:, 1, 0] += np.cumsum(np.minimum(0.02 * np.arange(50.0), 0.7))  # who takes the hand-off comes to 7
    scene.xy[10:, -1] = scene.xy[10:, 1]
    frames = scene.run()
    tackle = moment("tackle", x_m=9.0)
    assert rushing.top_speed(tackle, Ledger(players=PLAYERS)) is None, "nobody saw it"
    tackle.frames, tackle.row = frames, frames.hi - 1
    rushing.end_run(tackle)
    assert rushing.top_speed(tackle, Ledger(players=PLAYERS)) == pytest.approx(7.0, abs=0.2)
    assert "qb_sack" not in SPORT.stat("nfl.carrier.top_speed").on, "a passer who is sacked carried nothing"


# -- passes ----------------------------------------------------------------------------------------------------------------------


def test_completion_over_expected_is_booked_with_the_outcome() -> None:
    ledger = Ledger(players=PLAYERS)
    thrown = [(0.6, "caught"), (0.3, "incomplete"), (0.8, "touchdown"), (0.5, "caught"), (0.4, "incomplete")]
    for k, (chance, kind) in enumerate(thrown):
        fold(ledger, down(20.0 * k, f"p{k}"), moment("ball_snap", 20.0 * k + 1, player=0, play=f"p{k}"))
        fold(ledger, moment("pass_forward", 20.0 * k + 3, player=0))
        fold(ledger, moment("pass_arrived", 20.0 * k + 4, player=8, facts={"nfl.pass.completion_probability_at_arrival": chance}))
        outcome = moment(f"pass_outcome_{kind}", 20.0 * k + 4.1, player=8)
        said = passing.cpoe(outcome, ledger)
        assert (said is None) == (k < 4), "five attempts are the least"
        fold(ledger, outcome)
    assert said == pytest.approx((3 - 2.6) / 5)
    assert (ledger.attempts[0], ledger.completions[0]) == (5, 3)


def test_a_catch_without_a_chance_counts_nothing() -> None:
    ledger = fold(Ledger(players=PLAYERS), moment("pass_forward", player=0))
    assert passing.cpoe(moment("pass_outcome_caught", player=8), ledger) is None
    fold(ledger, moment("pass_outcome_caught", player=8))
    assert ledger.attempts[0] == 0


# -- defence -----------------------------------------------------------------------------------------------------------------------


def test_the_share_of_plays_with_eight_in_the_box() -> None:
    ledger = Ledger(players=PLAYERS)
    for k, men in enumerate((7.0, 8.0, 9.0, 6.0, 7.0)):
        snap = moment("ball_snap", float(k), player=0, play=f"p{k}", facts={"nfl.defense.men_in_box": men})
        share = defense.box_8plus(snap, ledger)
        assert (share is None) == (k < 4), "five plays are the least"
        fold(ledger, snap)
    assert share == pytest.approx(2 / 5)
    assert (ledger.plays, ledger.boxes) == ([0, 5], [0, 2])


def test_formation_and_box_from_the_frame_of_the_snap() -> None:
    scene: Scene = still(40)
    scene.phase[20:] = 2.0
    frames = scene.run()
    snap = moment("ball_snap", 1.9, player=0)
    snap.frames, snap.row = frames, KEEP + 18  # told a frame or two early
    defense.line_up(snap)
    assert defense.men_in_box(snap, Ledger(players=PLAYERS)) == 7.0
    assert defense.offense_formation(snap, Ledger(players=PLAYERS)) == "shotgun 1x2, 1 back"


# -- the game ----------------------------------------------------------------------------------------------------------------------


def test_a_play_without_a_snap_is_counted_and_colours_nothing() -> None:
    ledger = fold(Ledger(players=PLAYERS), down(play="p1"), moment("ball_snap", 1.0, play="p1"))
    fold(ledger, moment("handoff", 2.0, player=1, facts={"rush.expected_yd": 4.0}))
    fold(ledger, down(30.0, "p2"), down(60.0, "p3"))
    assert ledger.no_snap == 1
    assert ledger.runner == -1
    assert math.isnan(ledger.expected_yd)
    late = moment("tackle", 61.0, player=1, gained_yd=3.0)
    rushing.end_run(late)
    assert rushing.over_expected(late, ledger) is None


def test_win_features_are_those_of_the_team_with_the_ball() -> None:
    ledger = Ledger(players=PLAYERS)
    home, away = game.win_features(down(), ledger), game.win_features(down(team=1), ledger)
    assert home is not None
    assert away is not None
    assert home[1] == 4.0
    assert away[1] == -4.0
    assert home[0] == 1800.0
    assert (home[7], away[7]) == (1.0, 0.0)
    assert game.win_features(down(number=0.0), ledger) is None, "no play from scrimmage"
    assert game.win_features(down(to_go_yd="ten"), ledger) is None, "nonsense is missing"
    assert game.home_win(down(team=1, facts={"nfl.offense.win_probability": 0.3}), ledger) == pytest.approx(0.7)


def test_fourth_downs_have_three_values_and_no_kick_from_afar() -> None:
    ledger = Ledger(players=PLAYERS)
    rows = game.fourth_features(down(number=4.0, to_goal_yd=30.0), ledger)
    assert rows is not None
    assert rows.shape == (3, len(game.FOURTH_FEATURES))
    assert rows[:, :3].tolist() == np.eye(3).tolist()
    assert rows[1, -2] == 47.0
    assert rows[0, -3] == 10.0
    assert game.fourth_features(down(number=3.0), ledger) is None
    near = down(number=4.0, to_goal_yd=30.0, facts={"nfl.decision.fourth_down_values": [0.4, 0.6, 0.3]})
    far = down(number=4.0, to_goal_yd=70.0, facts={"nfl.decision.fourth_down_values": [0.4, 0.6, 0.3]})
    assert game.fourth_label(near, ledger) == "kick"
    assert game.fourth_label(far, ledger) == "go"


def test_points_count_once_and_only_sane_ones() -> None:
    ledger = fold(Ledger(players=PLAYERS), moment("touchdown", player=8, points=7.0), moment("field_goal", team=1, points=3.0))
    fold(ledger, moment("touchdown", player=8, points=700.0), moment("touchdown", team=-1, points=7.0))
    assert game.score(ledger, 0.0).tolist() == [[7.0, 3.0]]


def test_a_touchdown_is_a_highlight_and_a_sentence() -> None:
    ledger = fold(Ledger(players=PLAYERS), down(), moment("ball_snap", 1.0, play="p1"))
    scored = moment("touchdown", 6.0, player=8, points=7.0)
    found = highlight(scored, ledger)
    assert found is not None
    clip = shared.from_value(found)
    assert clip.label == "touchdown"
    assert clip.reasons[0] == "touchdown"
    assert clip.start_s <= 0.0 < clip.end_s
    told = commentary.render(scored, ledger)
    assert told is not None
    assert set(from_value(told)) == {"en", "de", "ru", "es"}
    assert "14" in from_value(told)["en"]
    assert [part.get("stat") for part in told["basis"]] == [None, "nfl.game.score"]
    ledger.win = 0.4
    swing = highlight(down(30.0, "p2", facts={"nfl.game.win_probability": 0.75}), ledger)
    assert swing is not None
    assert shared.from_value(swing).reasons == ["win_probability"]
    assert highlight(moment("tackle", 40.0, player=1), ledger) is None
    assert commentary.render(moment("tackle", 40.0, player=1), ledger) is None


@pytest.mark.parametrize("key", sorted(commentary.TEMPLATES))
def test_every_phrase_is_there_in_every_language_with_the_same_fields(key: str) -> None:
    import string

    fields = {lang: {f for _, f, _, _ in string.Formatter().parse(text) if f} for lang, text in commentary.TEMPLATES[key].items()}
    assert set(fields) == {"en", "de", "ru", "es"}
    assert all(names == fields["en"] for names in fields.values())
    assert fields["en"] <= {"home", "away", "team", "player", "score", "share", "yards", "speed"}


def test_a_ledger_survives_the_wire() -> None:
    import msgspec

    ledger = fold(Ledger(players=PLAYERS), down(), moment("ball_snap", 1.0, play="p1"))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(ledger), type=Ledger)
    assert msgspec.msgpack.encode(again) == msgspec.msgpack.encode(ledger)
