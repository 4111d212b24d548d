"""What soccer tells: at most one sentence per event, when a stat of it crossed a threshold."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Final

from features import story
from features.facts import number, roster_of
from features.frames import Roster
from features.moments import Moment
from features.soccer.highlights import new_top_speed
from features.soccer.ledger import Ledger, counts, xgoals_of
from features.soccer.match import scorer, sent_off
from features.soccer.phrases import GOALS, OPPONENTS, PHRASES, PLAYERS
from features.soccer.vocabulary import EVENT_TYPES, ON_TARGET
from features.sport import Stat
from features.story import Counted, Line, Number, Percent, Score, Spoken

BIG_CHANCE: Final = 0.3
UNLIKELY_GOAL: Final = 0.08
UNLIKELY_PASS: Final = 0.2
BYPASSED: Final = 7.0
HARD_SHOT_MPS: Final = 110.0 / 3.6
MPS_TO_KMH: Final = 3.6


def line_of(moment: Moment, ledger: Ledger) -> Line | None:
    """Key and values of the first phrase that is worth saying; ``ledger`` is the account before the event."""
    roster = roster_of(moment)
    return next(_lines(moment, ledger, roster), None) if roster is not None else None


def tell(moment: Moment, ledger: Ledger) -> str | None:
    """The sentence in every language, as JSON; ``None`` when there is nothing to say."""
    return story.value(PHRASES, line_of(moment, ledger))


def _lines(moment: Moment, ledger: Ledger, roster: Roster) -> Iterator[Line]:
    """Everything that could be said, the most important first."""
    who: dict[str, str | Spoken] = {"home": roster.team_names[0], "away": roster.team_names[1]}
    if moment.player >= 0:
        who["player"] = roster.names[moment.player]
    if counts(moment):
        who["team"] = roster.team_names[moment.team]
        if moment.player >= 0:
            yield from _goals(moment, ledger, who)
            if sent_off(moment):
                left = max(11 - ledger.reds[moment.team] - 1, 0)
                yield "red_card", {**who, "left": Counted(left, PLAYERS)}
            if moment.type == "shot" and moment.outcome != "goal":
                yield from _chances(moment, ledger, roster, who)
            elif moment.type == "pass" and moment.outcome == "complete":
                yield from _passes(moment, who)
        if moment.type == "shot":
            yield from _sums(moment, ledger, who)
    if moment.type == "period_end" and moment.period in (1, 2) and ledger.period == moment.period and ledger.running:
        yield "half_time" if moment.period == 1 else "full_time", {
            **who, "score": Score(*ledger.goals),
            "home_xgoals": Number(ledger.team_xgoals[0], 1), "away_xgoals": Number(ledger.team_xgoals[1], 1),
        }  # fmt: skip
    fast = new_top_speed(moment, ledger)
    if fast == fast:
        runner = int(number(moment.facts["fastest"]))
        yield "top_speed", {
            "player": roster.names[runner], "team": roster.team_names[int(roster.team[runner])],
            "speed": Number(fast * MPS_TO_KMH, 1),
        }  # fmt: skip


def _goals(moment: Moment, ledger: Ledger, who: dict[str, str | Spoken]) -> Iterator[Line]:
    team = scorer(moment)
    if team < 0:
        return
    goals = list(ledger.goals)
    goals[team] += 1
    said = {**who, "score": Score(goals[0], goals[1])}
    xgoals = xgoals_of(moment)
    if moment.type == "own_goal":
        yield "own_goal", said
    elif xgoals != xgoals:
        yield "goal_plain", said
    elif xgoals < UNLIKELY_GOAL:
        yield "goal_unlikely", {**said, "share": Percent(max(xgoals, 0.01))}
    else:
        yield "goal", {**said, "xgoals": Number(xgoals, 2)}


def _chances(moment: Moment, ledger: Ledger, roster: Roster, who: dict[str, str | Spoken]) -> Iterator[Line]:
    xgoals, keeper = xgoals_of(moment), int(number(moment.facts.get("keeper", -1)))
    if xgoals >= BIG_CHANCE and moment.outcome == "saved" and keeper >= 0:
        yield "chance_saved", {**who, "xgoals": Number(xgoals, 2), "keeper": roster.names[keeper]}
    elif xgoals >= BIG_CHANCE:
        yield "chance_missed", {**who, "xgoals": Number(xgoals, 2)}
    if moment.outcome in ON_TARGET and 0 <= keeper < ledger.players and xgoals == xgoals:
        before = ledger.keeper_faced[keeper] - ledger.keeper_conceded[keeper]
        if floor(before + xgoals) > max(floor(before), 0):
            yield "keeper", {
                "player": roster.names[keeper], "team": roster.team_names[1 - moment.team],
                "prevented": Number(before + xgoals, 1),
            }  # fmt: skip
    speed = number(moment.facts.get("soccer.shot.speed"))
    if speed >= HARD_SHOT_MPS:
        yield "shot_speed", {**who, "speed": Number(speed * MPS_TO_KMH)}


def _sums(moment: Moment, ledger: Ledger, who: dict[str, str | Spoken]) -> Iterator[Line]:
    before, xgoals = ledger.team_xgoals[moment.team], xgoals_of(moment)
    if xgoals == xgoals and floor(before + xgoals) > floor(before):
        scored = ledger.team_scored[moment.team] + int(moment.outcome == "goal")
        yield "team_xgoals", {**who, "xgoals": Number(before + xgoals, 1), "goals": Counted(scored, GOALS)}


def _passes(moment: Moment, who: dict[str, str | Spoken]) -> Iterator[Line]:
    opponents = number(moment.facts.get("soccer.pass.opponents_bypassed"))
    if opponents >= BYPASSED:
        yield "packing", {**who, "opponents": Counted(int(opponents), OPPONENTS)}
    likely = number(moment.facts.get("soccer.pass.completion_probability"))
    if likely < UNLIKELY_PASS:
        yield "pass_unlikely", {**who, "share": Percent(max(likely, 0.01))}


STATS = (
    Stat(
        "game.story", "text",
        "One sentence in en, de, ru and es (JSON by language) when a stat of this event crossed a threshold.",
        per="match", compute=tell, of_account=True, on=tuple(sorted(EVENT_TYPES)), air="commentary, subtitles",
    ),
)  # fmt: skip
