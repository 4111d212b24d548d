"""What soccer tells: at most one sentence per event, chosen among those that are true of it and have not been heard for a while.

Goals, sendings-off, missed penalties and the ends of halves are always told. The rest rests on facts and plain counts; what a model
says makes a sentence only where it has answered, and sums of its answers only where it has answered for every shot.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Counted, Number, Percent, Score, Sentence, Spoken
from features.common.highlights import ramp
from features.core.event_context import EventContext
from features.core.facts import number, roster_of
from features.core.frames import Roster
from features.core.sport import Stat
from features.soccer.count_commentary import from_counts, keeper_in_goal, of_count, total
from features.soccer.game import scorer, sent_off
from features.soccer.highlights import new_top_speed
from features.soccer.ledger import SENTENCES, SHOOTOUT, Ledger, counts, xgoals_of
from features.soccer.templates import GOALS, OPPONENTS, PHRASES, PLAYERS
from features.soccer.thresholds import BIG_CHANCE, UNLIKELY_GOAL
from features.soccer.vocabulary import EVENT_TYPES, ON_TARGET

UNLIKELY_PASS: Final = 0.2
BYPASSED: Final = 7.0
#: share of the second half after which a goal is a late one
LATE: Final = 0.8
HARD_SHOT_MPS: Final = 110.0 / 3.6
MPS_TO_KMH: Final = 3.6

Who = dict[str, str | Spoken]
Basis = list[dict[str, Any]]


def offers_of(moment: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could be said; ``ledger`` is the account before it."""
    roster = roster_of(moment)
    return list(_offers(moment, ledger, roster)) if roster is not None else []


def tell(moment: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when there is nothing to say."""
    return commentary.value(PHRASES, offers_of(moment, ledger), ledger.said, SENTENCES, ledger.clock_s(moment.t_s))


def _offers(moment: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    kind = moment.type
    fast = new_top_speed(moment, ledger)
    if fast == fast:
        yield _top_speed(moment, roster, fast)
    if kind == "period_end":
        yield from _period_end(moment, ledger, roster)
    if not counts(moment):
        return
    who: Who = {"home": roster.team_names[0], "away": roster.team_names[1], "team": roster.team_names[moment.team]}
    if moment.player >= 0:
        who["player"] = roster.names[moment.player]
    yield from _goals(moment, ledger, who)
    if sent_off(moment):
        left = {"left": Counted(max(11 - ledger.reds[moment.team] - 1, 0), PLAYERS)}
        yield Sentence("red_card" if "player" in who else "red_card_team", {**who, **left}, 0.8, [basis.of_event(moment)], True)
    if kind == "shot" and moment.outcome != "goal":
        yield from _chances(moment, ledger, roster, who)
    elif kind == "pass" and moment.outcome == "complete" and "player" in who:
        yield from _passes(moment, who)
    if kind == "shot":
        yield from _sums(moment, ledger, roster, who)
    if scorer(moment) < 0:
        yield from from_counts(moment, ledger, roster, who)


def _top_speed(moment: EventContext, roster: Roster, fast_mps: float) -> Sentence:
    runner = int(number(moment.facts["fastest"]))
    values: Who = {
        "player": roster.names[runner],
        "team": roster.team_names[int(roster.team[runner])],
        "speed": Number(fast_mps * MPS_TO_KMH, 1),
    }
    top = basis.of_stat("soccer.player.top_speed", roster.ids[runner], fast_mps, "km/h")
    return Sentence("top_speed", values, 0.6, [basis.of_event(moment), top])


def _period_end(moment: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    """The score at the end of a half, with xGoals when every shot has one, else with the shots; who has won a shoot-out."""
    if moment.period == SHOOTOUT and ledger.shootout[0] != ledger.shootout[1]:
        won = roster.team_names[0 if ledger.shootout[0] > ledger.shootout[1] else 1]
        kicks = basis.of_stat("soccer.match.shootout", "match", ledger.shootout, "goals")
        yield Sentence("shootout", {"team": won, "score": Score(*ledger.shootout)}, 0.9, [basis.of_event(moment), kicks], True)
    if moment.period not in (1, 2) or ledger.period != moment.period or not ledger.running or not ledger.whole:
        return
    values: Who = {"home": roster.team_names[0], "away": roster.team_names[1], "score": Score(*ledger.goals)}
    key = "half_time" if moment.period == 1 else "full_time"
    rests = [basis.of_event(moment), basis.of_stat("soccer.match.score", "match", ledger.goals, "goals")]
    shots = [total(ledger, "shots", side) for side in (0, 1)]
    if ledger.shots == shots and any(shots):
        values |= {"home_xgoals": Number(ledger.team_xgoals[0], 1), "away_xgoals": Number(ledger.team_xgoals[1], 1)}
        rests += [basis.of_stat("soccer.team.xgoals", roster.teams[i], ledger.team_xgoals[i], "goals") for i in (0, 1)]
    elif any(shots):
        key += "_shots"
        values |= {"home_shots": Number(shots[0]), "away_shots": Number(shots[1])}
        rests += [of_count(moment, "shots", side, shots[side]) for side in (0, 1)]
    else:
        key += "_plain"
    yield Sentence(key, values, 0.6, rests, True)


def _goals(moment: EventContext, ledger: Ledger, who: Who) -> Iterator[Sentence]:
    team = scorer(moment)
    if team < 0:
        return
    goals = list(ledger.goals)
    goals[team] += 1
    values = {**who, "score": Score(goals[0], goals[1])}
    rests = [basis.of_event(moment), basis.of_stat("soccer.match.score", "match", goals, "goals")]
    xgoals, key = xgoals_of(moment), "goal_plain"
    own = moment.type == "own_goal"
    scored = 0 if own or moment.player < 0 else total(ledger, "goals", moment.player, of_player=True) + 1
    if not ledger.whole:  # a match that was joined late: nobody knows the score
        key, rests = "own_goal_only" if own else "goal_only" if "player" in who else "goal_team_only", rests[:1]
    elif "player" not in who:
        key = "own_goal_team" if own else "goal_team"
    elif own:
        key = "own_goal"
    elif moment.attrs.get("set_piece") == "penalty":
        key = "goal_penalty"
    elif xgoals < UNLIKELY_GOAL:
        key, values = "goal_unlikely", {**values, "share": Percent(max(xgoals, 0.01))}
    elif scored > 1 and ledger.whole:
        key, values = "goal_more", {**values, "goals": Counted(scored, GOALS)}
    elif goals[0] == goals[1]:
        key = "goal_equaliser"
    elif ledger.goals[0] == ledger.goals[1] and moment.period == 2 and ledger.in_period_s(moment.t_s) >= LATE * ledger.half_s:
        key = "goal_late"
    elif xgoals == xgoals:
        key, values = "goal", {**values, "xgoals": Number(xgoals, 2)}
    if key in ("goal", "goal_unlikely"):
        rests.append(basis.of_stat("soccer.shot.xgoals", basis.player_of(moment), xgoals, "0..1"))
    yield Sentence(key, values, 0.95, rests, True)


def _chances(moment: EventContext, ledger: Ledger, roster: Roster, who: Who) -> Iterator[Sentence]:
    event, player, xgoals = basis.of_event(moment), basis.player_of(moment), xgoals_of(moment)
    keeper = keeper_in_goal(moment, ledger)
    if "player" not in who:
        return
    if moment.attrs.get("set_piece") == "penalty":
        if not ledger.whole:
            yield Sentence("penalty_only", who, 0.85, [event], True)
            return
        stays = {**who, "score": Score(*ledger.goals)}
        score = basis.of_stat("soccer.match.score", "match", ledger.goals, "goals")
        yield Sentence("penalty_saved" if moment.outcome == "saved" else "penalty_missed", stays, 0.85, [event, score], True)
        return
    if xgoals >= BIG_CHANCE:
        worth = basis.of_stat("soccer.shot.xgoals", player, xgoals, "0..1")
        values, strength = {**who, "xgoals": Number(xgoals, 2)}, 0.7 + 0.2 * xgoals
        if moment.outcome == "saved" and keeper >= 0:
            yield Sentence("chance_saved", {**values, "keeper": roster.names[keeper]}, strength, [event, worth])
        elif moment.outcome != "saved":
            yield Sentence("chance_missed", values, strength, [event, worth])
    if moment.outcome == "post":
        yield Sentence("woodwork", who, 0.75, [event])
    speed = number(moment.facts.get("soccer.shot.speed"))
    if speed >= HARD_SHOT_MPS:
        hard = basis.of_stat("soccer.shot.speed", player, speed, "km/h")
        yield Sentence("shot_speed", {**who, "speed": Number(speed * MPS_TO_KMH)}, 0.6, [event, hard])


def _sums(moment: EventContext, ledger: Ledger, roster: Roster, who: Who) -> Iterator[Sentence]:
    """Sums of xGoals that pass a whole number, where every shot of the team has had one."""
    team, xgoals = moment.team, xgoals_of(moment)
    if xgoals != xgoals or ledger.shots[team] != total(ledger, "shots", team):
        return
    keeper = int(number(moment.facts.get("keeper", -1)))
    if moment.outcome in ON_TARGET and moment.outcome != "goal" and 0 <= keeper < ledger.players:
        before = ledger.keeper_faced[keeper] - ledger.keeper_conceded[keeper]
        if floor(before + xgoals) > max(floor(before), 0):
            prevented = basis.of_stat("soccer.keeper.goals_prevented", roster.ids[keeper], before + xgoals, "goals")
            values: Who = {
                "player": roster.names[keeper],
                "team": roster.team_names[1 - team],
                "prevented": Number(before + xgoals, 1),
            }
            yield Sentence("keeper", values, 0.5, [basis.of_event(moment), prevented])
    before = ledger.team_xgoals[team]
    if floor(before + xgoals) > floor(before) and scorer(moment) < 0:
        summed = basis.of_stat("soccer.team.xgoals", basis.team_of(moment, team), before + xgoals, "goals")
        scored = Counted(ledger.team_scored[team], GOALS)
        yield Sentence(
            "team_xgoals", {**who, "xgoals": Number(before + xgoals, 1), "goals": scored}, 0.45, [basis.of_event(moment), summed]
        )


def _passes(moment: EventContext, who: Who) -> Iterator[Sentence]:
    event, player = basis.of_event(moment), basis.player_of(moment)
    opponents = number(moment.facts.get("soccer.pass.opponents_bypassed"))
    if opponents >= BYPASSED:
        rests = [event, basis.of_stat("soccer.pass.opponents_bypassed", player, opponents, "count")]
        strength = 0.45 + 0.05 * (opponents - BYPASSED)
        yield Sentence("packing", {**who, "opponents": Counted(int(opponents), OPPONENTS)}, strength, rests)
    likely = number(moment.facts.get("soccer.pass.completion_probability"))
    if likely < UNLIKELY_PASS:
        rests = [event, basis.of_stat("soccer.pass.completion_probability", player, likely, "0..1")]
        strength = 0.3 + 0.3 * ramp(-likely, -UNLIKELY_PASS, 0.0)
        yield Sentence("pass_unlikely", {**who, "share": Percent(max(likely, 0.01))}, strength, rests)


STATS = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: every goal, sending-off and end of a half, and what "
        "else is worth saying, as much as a match has room for.",
        per="match",
        compute=tell,
        depends_on_ledger=True,
        on=tuple(sorted(EVENT_TYPES)),
        on_screen_name="commentary, subtitles",
    ),
)
