"""Plain counts of a match, each worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from features.soccer import SPORT
from features.soccer.counts import SHOWN
from tests.features.soccer.events import PLAYERS, event, fold, shot, tick

NAN = float("nan")


def team(name: str, *moments: object) -> list[float]:
    value = tick(f"soccer.team.{name}", fold([event("period_start", 0.0), *moments]))  # type: ignore[list-item]
    return [float(v) for v in value]


def player(name: str, *moments: object) -> dict[int, float]:
    value = tick(f"soccer.player.{name}", fold([event("period_start", 0.0), *moments]))  # type: ignore[list-item]
    assert len(value) == PLAYERS
    return {n: float(v) for n, v in enumerate(value) if not math.isnan(v)}


def test_every_count_is_a_timeless_tick_of_teams_and_what_players_have_of_players() -> None:
    for name, (definition, players) in SHOWN.items():
        stat = SPORT.stat(f"soccer.team.{name}")
        assert (stat.unit, stat.per, stat.kind, stat.ledger_only) == ("count", "team", "tick", True)
        assert stat.definition == definition
        ids = {s.id for s in SPORT.stats}
        assert (f"soccer.player.{name}" in ids) == players
    assert {
        "shots",
        "shots_on_target",
        "passes",
        "corners",
        "fouls",
        "offsides",
        "yellow_cards",
        "red_cards",
        "duels_won",
        "tackles",
        "interceptions",
        "clearances",
        "saves",
        "crosses",
    } <= set(SHOWN)


def test_before_anything_nothing_is_known() -> None:
    """What no event has shown to be reported is no nil."""
    for name, (_, players) in SHOWN.items():
        assert all(math.isnan(v) for v in team(name)), name
        if players:
            assert player(name) == {}
    assert all(math.isnan(v) for v in team("pass_accuracy"))
    assert player("pass_accuracy") == {}


@pytest.mark.parametrize(
    ("kind", "words", "known"),
    [
        ("shot", {"outcome": "off_target"}, {"shots", "shots_on_target", "goals", "saves"}),
        ("pass", {"outcome": "incomplete"}, {"passes", "passes_complete"}),
        ("pass", {}, {"passes"}),
        ("pass", {"outcome": "complete", "set_piece": "corner"}, {"passes", "passes_complete", "corners"}),
        ("card", {"card": "yellow"}, {"yellow_cards", "red_cards"}),
        ("foul", {}, {"fouls"}),
        ("recovery", {}, set()),
    ],
)
def test_a_zero_is_counted_only_of_what_the_feed_reports(kind: str, words: dict[str, Any], known: set[str]) -> None:
    one = event(kind, 10.0, 1, 13, **words)
    assert {name for name in SHOWN if not any(math.isnan(v) for v in team(name, one))} == known
    assert all(team(name, one)[0] == 0.0 for name in known), "the other team has none"


def test_shots_goals_and_saves() -> None:
    moments = [
        shot(10.0, 0, 9, 0.1, "goal"),
        shot(20.0, 0, 9, NAN, "saved", keeper="a0"),
        shot(30.0, 1, 20, 0.1, "off_target"),
        shot(40.0, 1, 20, 0.1, "blocked"),
        shot(50.0, 1, -1, 0.1, "post"),
        event("own_goal", 60.0, 1, 13),
        shot(70.0, 0, 9, 0.76, "saved", set_piece="penalty"),
        shot(9000.0, 0, 9, 0.76, "goal", period=5),
        event("save", 20.5, 1, 11),
        event("shot", 80.0, -1, -1, outcome="goal"),
    ]
    assert team("shots", *moments) == [3.0, 3.0]
    assert team("shots_on_target", *moments) == [3.0, 0.0]
    assert team("goals", *moments) == [1.0, 0.0]
    assert player("shots", *moments) == {9: 3.0, 20: 2.0}
    assert player("goals", *moments) == {9: 1.0}
    # a saved shot is a save whether or not the keeper's own event comes, of the keeper last seen in that goal where nobody says
    assert team("saves", *moments) == [0.0, 2.0]
    assert player("saves", *moments) == {11: 2.0}


def test_passes_and_their_accuracy() -> None:
    moments = [
        event("pass", 1.0, 0, 5, outcome="complete"),
        event("pass", 2.0, 0, 5, outcome="incomplete", cross=True),
        event("pass", 3.0, 0, 5, outcome=""),
        event("pass", 4.0, 0, 6, outcome=""),
        event("pass", 5.0, 1, 15, outcome="out", set_piece="corner", cross=True),
    ]
    assert team("passes", *moments) == [4.0, 1.0]
    assert all(math.isnan(v) for v in team("pass_accuracy", *moments)), "two passes are no share"
    more = [*moments, *(event("pass", 10.0 + k, 0, 5, outcome="complete") for k in range(2))]
    assert all(math.isnan(v) for v in team("pass_accuracy", *more)), "nor are four whose end is known"
    more.append(event("pass", 20.0, 0, 5, outcome="complete"))
    np.testing.assert_array_equal(team("pass_accuracy", *more), [4 / 5, NAN])
    assert player("pass_accuracy", *more) == {5: 4 / 5}
    assert team("crosses", *moments) == [1.0, 1.0]
    assert team("corners", *moments) == [0.0, 1.0]


@pytest.mark.parametrize("both", [True, False])
def test_an_offside_that_is_reported_twice_is_one(both: bool) -> None:
    caught = event("pass", 100.0, 0, 5, outcome="offside")
    again = [event("offside", 101.0, 0, 9)] if both else []
    assert team("offsides", caught, *again) == [1.0, 0.0]
    assert team("offsides", caught, *again, event("offside", 115.0, 0, 9), event("offside", 115.0, 1, 20)) == [2.0, 1.0]


def test_cards_duels_and_the_rest() -> None:
    moments = [
        event("card", 1.0, 0, 3, card="yellow"),
        event("card", 2.0, 0, 3, card="second_yellow"),
        event("card", 3.0, 1, 13, card="red"),
        event("card", 3.5, 1, 13),
        event("foul", 4.0, 0, 3),
        event("duel", 5.0, 0, 4, outcome="won"),
        event("duel", 5.0, 1, 14, outcome="lost"),
        event("tackle", 6.0, 1, 14, outcome="won"),
        event("tackle", 7.0, 1, 14),
        event("dribble", 8.0, 0, 9, outcome="complete"),
        event("dribble", 9.0, 0, 9, outcome="incomplete"),
        event("interception", 10.0, 1, 14),
        event("clearance", 11.0, 1, 14),
    ]
    assert (team("yellow_cards", *moments), team("red_cards", *moments)) == ([1.0, 0.0], [1.0, 1.0])
    assert (team("fouls", *moments), player("fouls", *moments)) == ([1.0, 0.0], {3: 1.0})
    assert (team("duels_won", *moments), player("duels_won", *moments)) == ([2.0, 1.0], {4: 1.0, 9: 1.0, 14: 1.0})
    assert (team("tackles", *moments), team("take_ons", *moments)) == ([0.0, 2.0], [1.0, 0.0])
    assert (team("interceptions", *moments), team("clearances", *moments)) == ([0.0, 1.0], [0.0, 1.0])


def test_the_account_stays_small() -> None:
    import msgspec

    ledger = fold([event("period_start", 0.0), *(event("pass", float(t), t % 2, 5, outcome="complete") for t in range(5400))])
    assert len(msgspec.msgpack.encode(ledger)) < 20_000
    assert np.array(ledger.minutes).shape[0] <= 10
