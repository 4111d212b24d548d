"""One unknown field does not cost the whole record: an event of a player outside the line-up counts for the team, live too."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest

from streaming.errors import BadRecord
from streaming.factory import operator_for
from streaming.operator.game import GameOperator
from streaming.wire.records import Event, GameRecord
from tests.small_simulators import small_simulator
from tests.streaming import helpers

SCORES = {"soccer": "soccer.match.score", "nfl": "nfl.game.score", "mlb": "mlb.game.score"}


@cache
def _events(sport: str) -> tuple[GameRecord, tuple[Event, ...]]:
    """A game without its tracking; of soccer, in which little is scored, with a goal for either side."""
    world = small_simulator(sport, 9 if sport == "mlb" else 7, 6.0)  # a home run
    feeds = [feed for feed in world.record.feeds if feed.kind == "events"]
    record = msgspec.structs.replace(world.record, feeds=feeds)
    events = [one for one in world.stream(25) if isinstance(one, Event)]
    if sport == "soccer":
        for k, team in enumerate((record.teams[0], record.teams[1], record.teams[0])):
            who = next(e.id for e in record.entities if e.team == team.id)
            t_us = record.t0_us + (20 + 60 * k) * 1_000_000
            events.append(
                Event(
                    id=f"goal-{k}",
                    game=record.game,
                    type="shot",
                    t_us=t_us,
                    period=1,
                    team=team.id,
                    player=who,
                    outcome="goal",
                    x_m=40.0 * record.periods[0].home_attacks * (1 if k != 1 else -1),
                    y_m=0.0,
                    arrival_us=t_us + 1_000_000,
                )
            )
    return record, tuple(sorted(events, key=lambda event: (event.arrival_us, event.id)))


def _values(out: list[Any], stat: str) -> list[tuple[int, Any]]:
    return [(u.window_us[1], u.value) for u in helpers.updates(out, "final") if u.stat == stat]


@pytest.mark.slow
@pytest.mark.parametrize("sport", SCORES)
def test_score_counts_goals_of_players_not_in_the_roster(sport: str) -> None:
    record, events = _events(sport)
    known = helpers.play(operator_for(record), events)
    named = [event for event in events if event.player is not None and event.team is not None]
    strange = [msgspec.structs.replace(e, player=f"x-{e.player}") if e in named else e for e in events]
    operator = operator_for(record)
    out = helpers.play(operator, strange)
    score = _values(known, SCORES[sport])
    assert score, "the score is published"
    assert sum(score[-1][1]) > 0, "there are goals"
    assert _values(out, SCORES[sport]) == score
    assert helpers.dead(out) == {"unknown player": len(named)}, "and each is kept with its reason"
    assert operator.metrics.counts["accepted", "event"] == len(events)
    ids, theirs = {entity.id for entity in record.entities}, {e.id for e in named}
    wrong = {(u.stat, u.subject) for u in helpers.updates(out, "final") if u.event in theirs and u.subject in ids}
    assert not wrong, "no other player gets the goals of an unknown one"


def test_goal_under_an_unknown_team_counts_for_the_player_s_team() -> None:
    record, events = _events("soccer")
    known = helpers.play(operator_for(record), events)
    odd = [msgspec.structs.replace(e, team="guests") if e.id.startswith("goal") else e for e in events]
    out = helpers.play(operator_for(record), odd)
    assert _values(out, SCORES["soccer"]) == _values(known, SCORES["soccer"])
    assert helpers.dead(out) == {"unknown team": 3}


def test_event_without_a_known_team_is_a_dead_letter_and_changes_nothing() -> None:
    record, events = _events("soccer")
    goal = next(e for e in events if e.id == "goal-0")
    operator = operator_for(record)
    out = operator.on_record(msgspec.structs.replace(goal, player="x", team=None))
    out += operator.on_record(msgspec.structs.replace(goal, id="two", player="x", team="guests"))
    assert helpers.dead(out) == {"unknown player": 1, "unknown team": 1}
    assert operator.metrics.counts["accepted", "event"] == 0


def test_repeated_event_of_an_unknown_player_is_one_dead_letter_and_one_goal() -> None:
    record, events = _events("soccer")
    goal = msgspec.structs.replace(next(e for e in events if e.id == "goal-0"), player="x")
    twice = [again for e in events for again in ((goal, goal) if e.id == "goal-0" else (e,))]
    once = [goal if e.id == "goal-0" else e for e in events]
    assert helpers.finals(helpers.play(operator_for(record), twice)) == helpers.finals(helpers.play(operator_for(record), once))
    assert helpers.dead(helpers.play(operator_for(record), twice)) == {"unknown player": 1}


def test_correction_to_an_unknown_player_takes_the_goal_from_the_player_not_the_team() -> None:
    record, events = _events("soccer")
    goal = next(e for e in events if e.id == "goal-0")
    last = max(e.arrival_us for e in events)
    corrected = msgspec.structs.replace(goal, player="x", revision=1, arrival_us=last + 1)
    out = helpers.play(operator_for(record), [*events, corrected])
    assert _values(out, SCORES["soccer"]) == _values(helpers.play(operator_for(record), events), SCORES["soccer"])
    assert helpers.dead(out) == {"unknown player": 1}
    taken = [u for u in helpers.updates(out, "final") if u.event == "goal-0" and u.subject == goal.player and u.revision]
    assert taken
    assert all(u.value is None for u in taken)


def test_strict_operator_refuses_an_unknown_player() -> None:
    record, events = _events("soccer")
    goal = next(e for e in events if e.id == "goal-0")
    operator = operator_for(record, strict=True)
    assert isinstance(operator, GameOperator)
    with pytest.raises(BadRecord) as bad:
        operator.on_record(msgspec.structs.replace(goal, player="x"))
    assert bad.value.reason == "unknown player"
    assert not operator.finalizer.buffer.waiting
