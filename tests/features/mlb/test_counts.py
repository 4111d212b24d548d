"""The plain counts of a ball game, worked by hand; and what is not known after a late start."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from features.core.event_context import EventContext
from features.mlb import SPORT, commentary, game, highlights, pitching, play
from features.mlb.ledger import Ledger, known
from features.mlb.running import EVENT_KEEP_S
from features.mlb.vocabulary import BATTED, PITCH

NAN = float("nan")
PITCHER, RELIEVER, BATTER, OTHER, PLAYERS = 0, 1, 10, 11, 20
STATE: dict[str, Any] = {
    "half": "top", "outs": 1.0, "first": True, "second": False, "third": False, "home_runs": 2.0, "away_runs": 5.0,
}  # fmt: skip


def moment(
    kind: str, t_s: float, player: int = -1, *, outcome: str = "", team: int = 1, period: int = 1, **attrs: Any
) -> EventContext:
    return EventContext(
        id=f"{kind}-{t_s}",
        type=kind,
        t_s=t_s,
        period=period,
        team=team,
        player=player,
        x_m=NAN,
        y_m=NAN,
        end_x_m=NAN,
        end_y_m=NAN,
        outcome=outcome,
        attack=0,
        attrs=attrs,
    )


def fold(ledger: Ledger, *moments: EventContext) -> Ledger:
    for one in moments:
        for step in SPORT.event_steps:
            if step.phase == "apply" and one.type in step.on:
                step.compute(one, ledger)
    return ledger


def pitches(start_s: float, player: int, *outcomes: str) -> list[EventContext]:
    return [moment("pitch", start_s + 15.0 * k, player, outcome=outcome, team=0) for k, outcome in enumerate(outcomes)]


def inning() -> Ledger:
    """A walk, a strikeout, a home run, and a single off the reliever."""
    ledger = fold(Ledger(players=PLAYERS), moment("half_start", 0.0, **{**STATE, "outs": 0.0}))
    fold(ledger, *pitches(10.0, PITCHER, "ball", "ball", "called_strike", "ball", "ball"))
    fold(ledger, moment("play", 75.0, BATTER, outcome="walk"))
    fold(ledger, *pitches(90.0, PITCHER, "foul", "swinging_strike", "called_strike"))
    fold(ledger, moment("play", 125.0, OTHER, outcome="strikeout"))
    fold(ledger, *pitches(140.0, PITCHER, "in_play"), moment("play", 146.0, BATTER, outcome="home_run"))
    fold(ledger, moment("play", 150.0, OTHER, outcome="stolen_base"))  # ends no plate appearance
    return fold(ledger, *pitches(160.0, RELIEVER, "in_play", "nonsense"), moment("play", 180.0, OTHER, outcome="single"))


def count(ledger: Ledger, stat: str) -> Any:
    return np.asarray(SPORT.stat(stat).compute(ledger, 0.0), np.float64)


@pytest.mark.parametrize(
    ("stat", "player", "value"),
    [
        ("mlb.pitcher.pitches", PITCHER, 9.0),
        ("mlb.pitcher.balls", PITCHER, 4.0),
        ("mlb.pitcher.strikes", PITCHER, 5.0),
        ("mlb.pitcher.batters_faced", PITCHER, 3.0),
        ("mlb.pitcher.hits", PITCHER, 1.0),
        ("mlb.pitcher.walks", PITCHER, 1.0),
        ("mlb.pitcher.strikeouts", PITCHER, 1.0),
        ("mlb.pitcher.pitches", RELIEVER, 1.0),
        ("mlb.pitcher.hits", RELIEVER, 1.0),
        ("mlb.batter.plate_appearances", BATTER, 2.0),
        ("mlb.batter.hits", BATTER, 1.0),
        ("mlb.batter.home_runs", BATTER, 1.0),
        ("mlb.batter.walks", BATTER, 1.0),
        ("mlb.batter.strikeouts", OTHER, 1.0),
        ("mlb.batter.plate_appearances", OTHER, 2.0),
    ],
)
def test_what_a_player_has_done(stat: str, player: int, value: float) -> None:
    found = count(inning(), stat)
    assert found.shape == (PLAYERS,)
    assert found[player] == value
    assert math.isnan(found[15]), "who has neither pitched nor batted has no count, which is no zero"


def test_what_the_team_at_bat_has_done() -> None:
    ledger = inning()
    assert [count(ledger, f"mlb.team.{name}").tolist() for name in ("hits", "home_runs", "walks", "strikeouts")] == [
        [0.0, 2.0],
        [0.0, 1.0],
        [0.0, 1.0],
        [0.0, 1.0],
    ]


def test_after_a_late_start_nothing_is_known_until_it_is_reported() -> None:
    ledger = fold(Ledger(players=PLAYERS), *pitches(900.0, PITCHER, "ball"))
    assert ledger.joined_late
    assert np.isnan(game.score(ledger, 901.0)).all(), "no 0:0 in the fifth inning"
    assert np.isnan(count(ledger, "mlb.pitcher.pitches")).all()
    half = moment("play", 930.0, BATTER, outcome="single", period=5, outs=1.0)
    assert not known(half, ledger)
    assert game.win_features(half, ledger) is None, "score and bases are not said"
    assert game.swing(half, ledger) == 0.0
    full = moment("play", 940.0, BATTER, outcome="single", period=5, **STATE)
    assert game.win_features(full, ledger) is not None
    assert game.swing(full, ledger) == 0.0, "from a state that nobody knew there is no swing"
    fold(ledger, full)
    assert game.score(ledger, 941.0).tolist() == [[2.0, 5.0]]
    assert known(half, ledger)
    assert np.isnan(count(ledger, "mlb.team.hits")).all(), "the hits before are not known, and never will be"
    first = moment("play", 900.0, BATTER, outcome="single", period=5, **STATE)
    assert game.swing(first, Ledger(players=PLAYERS)) == 0.0, "the very first event has nothing before it"
    assert commentary.offers_of(moment("batted_ball", 900.0, BATTER), Ledger(players=PLAYERS)) == []
    late = fold(Ledger(players=PLAYERS), *pitches(900.0, PITCHER, "ball"))
    assert highlights.runs_in(full, late) == [0, 0], "runs that were scored before are no news"
    assert {offer.topic for offer in commentary.offers_of(full, late)}.isdisjoint({"run", "loaded"})


def test_what_was_on_when_the_feed_was_joined_has_no_beginning() -> None:
    """Rows of the ball's phase (T, 1): a pitch that was on the way already, then the whole of the next."""
    phase = np.array([[np.nan], [PITCH], [PITCH], [BATTED], [0.0], [PITCH], [BATTED]], np.float64)
    t, began = np.arange(7.0), np.full((7, 8), np.nan)
    play._began(phase, 0, t, 1, 7, began)
    assert np.isnan(began[4, PITCH]), "nobody saw that pitch begin"
    assert began[4, BATTED] == 3.0
    assert (began[6, PITCH], began[6, BATTED]) == (5.0, 6.0)
    xyz, route = np.zeros((7, 1, 3)), np.full((7, 1, 5), np.nan)
    xyz[:, 0, 0] = t
    play._route(xyz, phase, 0, t, began, 1, 7, route)
    assert np.isnan(route[4]).all(), "and nobody knows where he stood then"
    assert route[6, 0, 0] == 5.0
    assert EVENT_KEEP_S > 0.0


def test_the_feeds_own_measure_of_a_delivery_is_taken() -> None:
    ledger = fold(Ledger(players=PLAYERS), moment("first_move", 10.0, PITCHER))
    assert pitching.delivery_time(moment("pitch", 11.4, PITCHER, move_s=1.38), ledger) == 1.38
    assert pitching.delivery_time(moment("pitch", 11.4, PITCHER), ledger) == pytest.approx(1.4)
    assert pitching.delivery_time(moment("pitch", 11.4, PITCHER), Ledger(players=PLAYERS)) is None
