"""Commentary of a match: at most one sentence per event, chosen among those that are true of it and have not been on air for a
while.

Goals, sendings-off, missed penalties and the ends of halves always go on air. The rest rests on facts and plain counts; what a
model says makes a sentence only where it has answered, and sums of its answers only where it has answered for every shot.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Counted, Localised, Number, Percent, Score, Sentence
from features.common.highlights import ramp
from features.core.event_context import EventContext
from features.core.facts import number, roster_of
from features.core.frames import Roster
from features.core.sport import Stat
from features.soccer.count_commentary import from_counts, keeper_in_goal, of_count, total
from features.soccer.game import scorer, sent_off
from features.soccer.highlights import new_top_speed
from features.soccer.ledger import SENTENCES, SHOOTOUT, Ledger, counts, xgoals_of
from features.soccer.templates import GOALS, OPPONENTS, PLAYERS, TEMPLATES
from features.soccer.thresholds import BIG_CHANCE, UNLIKELY_GOAL
from features.soccer.vocabulary import EVENT_TYPES, ON_TARGET

UNLIKELY_PASS: Final = 0.2
BYPASSED: Final = 7.0
#: share of the second half after which a goal is a late one
LATE: Final = 0.8
HARD_SHOT_MPS: Final = 110.0 / 3.6
MPS_TO_KMH: Final = 3.6

Fields = dict[str, str | Localised]


def offers_of(event: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could go on air; ``ledger`` is the account before it."""
    roster = roster_of(event)
    return list(_offers(event, ledger, roster)) if roster is not None else []


def render(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when no sentence goes on air."""
    return commentary.value(TEMPLATES, offers_of(event, ledger), ledger.said, SENTENCES, ledger.clock_s(event.t_s))


def _offers(event: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    kind = event.type
    fast = new_top_speed(event, ledger)
    if fast == fast:
        yield _top_speed(event, roster, fast)
    if kind == "period_end":
        yield from _period_end(event, ledger, roster)
    if not counts(event):
        return
    fields: Fields = {"home": roster.team_names[0], "away": roster.team_names[1], "team": roster.team_names[event.team]}
    if event.player >= 0:
        fields["player"] = roster.names[event.player]
    yield from _goals(event, ledger, fields)
    if sent_off(event):
        left = {"left": Counted(max(11 - ledger.reds[event.team] - 1, 0), PLAYERS)}
        yield Sentence(
            "red_card" if "player" in fields else "red_card_team", {**fields, **left}, 0.8, [basis.of_event(event)], True
        )
    if kind == "shot" and event.outcome != "goal":
        yield from _chances(event, ledger, roster, fields)
    elif kind == "pass" and event.outcome == "complete" and "player" in fields:
        yield from _passes(event, fields)
    if kind == "shot":
        yield from _sums(event, ledger, roster, fields)
    if scorer(event) < 0:
        yield from from_counts(event, ledger, roster, fields)


def _top_speed(event: EventContext, roster: Roster, fast_mps: float) -> Sentence:
    runner = int(number(event.facts["fastest"]))
    values: Fields = {
        "player": roster.names[runner],
        "team": roster.team_names[int(roster.team[runner])],
        "speed": Number(fast_mps * MPS_TO_KMH, 1),
    }
    top = basis.of_stat("soccer.player.top_speed", roster.ids[runner], fast_mps, "km/h")
    return Sentence("top_speed", values, 0.6, [basis.of_event(event), top])


def _period_end(event: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    """The score at the end of a half, with xGoals when every shot has one, else with the shots; who has won a shoot-out."""
    if event.period == SHOOTOUT and ledger.shootout[0] != ledger.shootout[1]:
        won = roster.team_names[0 if ledger.shootout[0] > ledger.shootout[1] else 1]
        kicks = basis.of_stat("soccer.match.shootout", "match", ledger.shootout, "goals")
        yield Sentence("shootout", {"team": won, "score": Score(*ledger.shootout)}, 0.9, [basis.of_event(event), kicks], True)
    if event.period not in (1, 2) or ledger.period != event.period or not ledger.running or not ledger.whole:
        return
    values: Fields = {"home": roster.team_names[0], "away": roster.team_names[1], "score": Score(*ledger.goals)}
    key = "half_time" if event.period == 1 else "full_time"
    rests = [basis.of_event(event), basis.of_stat("soccer.match.score", "match", ledger.goals, "goals")]
    shots = [total(ledger, "shots", side) for side in (0, 1)]
    if ledger.shots == shots and any(shots):
        values |= {"home_xgoals": Number(ledger.team_xgoals[0], 1), "away_xgoals": Number(ledger.team_xgoals[1], 1)}
        rests += [basis.of_stat("soccer.team.xgoals", roster.teams[i], ledger.team_xgoals[i], "goals") for i in (0, 1)]
    elif any(shots):
        key += "_shots"
        values |= {"home_shots": Number(shots[0]), "away_shots": Number(shots[1])}
        rests += [of_count(event, "shots", side, shots[side]) for side in (0, 1)]
    else:
        key += "_plain"
    yield Sentence(key, values, 0.6, rests, True)


def _goals(event: EventContext, ledger: Ledger, fields: Fields) -> Iterator[Sentence]:
    team = scorer(event)
    if team < 0:
        return
    goals = list(ledger.goals)
    goals[team] += 1
    values = {**fields, "score": Score(goals[0], goals[1])}
    rests = [basis.of_event(event), basis.of_stat("soccer.match.score", "match", goals, "goals")]
    xgoals, key = xgoals_of(event), "goal_plain"
    own = event.type == "own_goal"
    scored = 0 if own or event.player < 0 else total(ledger, "goals", event.player, of_player=True) + 1
    if not ledger.whole:  # a match that was joined late: the score is not known
        key, rests = "own_goal_only" if own else "goal_only" if "player" in fields else "goal_team_only", rests[:1]
    elif "player" not in fields:
        key = "own_goal_team" if own else "goal_team"
    elif own:
        key = "own_goal"
    elif event.attrs.get("set_piece") == "penalty":
        key = "goal_penalty"
    elif xgoals < UNLIKELY_GOAL:
        key, values = "goal_unlikely", {**values, "share": Percent(max(xgoals, 0.01))}
    elif scored > 1 and ledger.whole:
        key, values = "goal_more", {**values, "goals": Counted(scored, GOALS)}
    elif goals[0] == goals[1]:
        key = "goal_equaliser"
    elif ledger.goals[0] == ledger.goals[1] and event.period == 2 and ledger.in_period_s(event.t_s) >= LATE * ledger.half_s:
        key = "goal_late"
    elif xgoals == xgoals:
        key, values = "goal", {**values, "xgoals": Number(xgoals, 2)}
    if key in ("goal", "goal_unlikely"):
        rests.append(basis.of_stat("soccer.shot.xgoals", basis.player_of(event), xgoals, "0..1"))
    yield Sentence(key, values, 0.95, rests, True)


def _chances(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields) -> Iterator[Sentence]:
    source, player, xgoals = basis.of_event(event), basis.player_of(event), xgoals_of(event)
    keeper = keeper_in_goal(event, ledger)
    if "player" not in fields:
        return
    if event.attrs.get("set_piece") == "penalty":
        if not ledger.whole:
            yield Sentence("penalty_only", fields, 0.85, [source], True)
            return
        stays = {**fields, "score": Score(*ledger.goals)}
        score = basis.of_stat("soccer.match.score", "match", ledger.goals, "goals")
        yield Sentence("penalty_saved" if event.outcome == "saved" else "penalty_missed", stays, 0.85, [source, score], True)
        return
    if xgoals >= BIG_CHANCE:
        worth = basis.of_stat("soccer.shot.xgoals", player, xgoals, "0..1")
        values, strength = {**fields, "xgoals": Number(xgoals, 2)}, 0.7 + 0.2 * xgoals
        if event.outcome == "saved" and keeper >= 0:
            yield Sentence("chance_saved", {**values, "keeper": roster.names[keeper]}, strength, [source, worth])
        elif event.outcome != "saved":
            yield Sentence("chance_missed", values, strength, [source, worth])
    if event.outcome == "post":
        yield Sentence("woodwork", fields, 0.75, [source])
    speed = number(event.facts.get("soccer.shot.speed"))
    if speed >= HARD_SHOT_MPS:
        hard = basis.of_stat("soccer.shot.speed", player, speed, "km/h")
        yield Sentence("shot_speed", {**fields, "speed": Number(speed * MPS_TO_KMH)}, 0.6, [source, hard])


def _sums(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields) -> Iterator[Sentence]:
    """Sums of xGoals that pass a whole number, where every shot of the team has had one."""
    team, xgoals = event.team, xgoals_of(event)
    if xgoals != xgoals or ledger.shots[team] != total(ledger, "shots", team):
        return
    keeper = int(number(event.facts.get("keeper", -1)))
    if event.outcome in ON_TARGET and event.outcome != "goal" and 0 <= keeper < ledger.players:
        before = ledger.keeper_faced[keeper] - ledger.keeper_conceded[keeper]
        if floor(before + xgoals) > max(floor(before), 0):
            prevented = basis.of_stat("soccer.keeper.goals_prevented", roster.ids[keeper], before + xgoals, "goals")
            values: Fields = {
                "player": roster.names[keeper],
                "team": roster.team_names[1 - team],
                "prevented": Number(before + xgoals, 1),
            }
            yield Sentence("keeper", values, 0.5, [basis.of_event(event), prevented])
    before = ledger.team_xgoals[team]
    if floor(before + xgoals) > floor(before) and scorer(event) < 0:
        summed = basis.of_stat("soccer.team.xgoals", basis.team_of(event, team), before + xgoals, "goals")
        scored = Counted(ledger.team_scored[team], GOALS)
        yield Sentence(
            "team_xgoals", {**fields, "xgoals": Number(before + xgoals, 1), "goals": scored}, 0.45, [basis.of_event(event), summed]
        )


def _passes(event: EventContext, fields: Fields) -> Iterator[Sentence]:
    source, player = basis.of_event(event), basis.player_of(event)
    opponents = number(event.facts.get("soccer.pass.opponents_bypassed"))
    if opponents >= BYPASSED:
        rests = [source, basis.of_stat("soccer.pass.opponents_bypassed", player, opponents, "count")]
        strength = 0.45 + 0.05 * (opponents - BYPASSED)
        yield Sentence("packing", {**fields, "opponents": Counted(int(opponents), OPPONENTS)}, strength, rests)
    likely = number(event.facts.get("soccer.pass.completion_probability"))
    if likely < UNLIKELY_PASS:
        rests = [source, basis.of_stat("soccer.pass.completion_probability", player, likely, "0..1")]
        strength = 0.3 + 0.3 * ramp(-likely, -UNLIKELY_PASS, 0.0)
        yield Sentence("pass_unlikely", {**fields, "share": Percent(max(likely, 0.01))}, strength, rests)


STATS = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: every goal, sending-off and end of a half, and what "
        "else is worth saying, as much as a match has room for.",
        per="match",
        compute=render,
        depends_on_ledger=True,
        on=tuple(sorted(EVENT_TYPES)),
        on_screen_name="commentary, subtitles",
    ),
)
