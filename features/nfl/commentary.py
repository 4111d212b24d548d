"""What a game tells: at most one sentence per event. Every score is told; the rest as there is room, and as it has not been heard
lately."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Counted, Number, Percent, Score, Sentence, Spoken
from features.common.highlights import ramp
from features.core.event_context import EventContext
from features.core.facts import attr, number, roster_of
from features.core.frames import Roster
from features.core.sport import Stat
from features.core.units import factor
from features.nfl.columns import YD
from features.nfl.game import CHOICES
from features.nfl.highlights import gained_yd, scores
from features.nfl.ledger import SENTENCES, Ledger, late, of_this_play, played_s
from features.nfl.templates import PHRASES, YARDS
from features.nfl.vocabulary import COMPLETE, ENDS

UNLIKELY: Final = 0.4
LONG_OVER_M: Final = 8.0 * YD
LONG_YD: Final = 20.0
FAST_MPS: Final = 20.0 / factor("mph")
ON: Final = (*ENDS, "pass_outcome_caught", "pass_outcome_touchdown", "pass_outcome_interception", "field_goal", "down")

Who = dict[str, str | Spoken]


def offers_of(moment: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could be said; ``ledger`` is the account before it."""
    roster = roster_of(moment)
    return list(_offers(moment, ledger, roster)) if roster is not None else []


def tell(moment: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when there is nothing to say."""
    return commentary.value(PHRASES, offers_of(moment, ledger), ledger.said, SENTENCES, played_s(moment, ledger))


def _offers(moment: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    of_play = moment.type == "down" or of_this_play(moment, ledger)
    if moment.team not in (0, 1) or not (of_play or scores(moment, ledger)):
        return
    event = basis.of_event(moment)
    who: Who = {
        "home": roster.team_names[0],
        "away": roster.team_names[1],
        "team": roster.team_names[moment.team],
        "player": roster.names[moment.player] if moment.player >= 0 else roster.team_names[moment.team],
    }
    points, scored = attr(moment, "points"), scores(moment, ledger)
    if moment.type in ("touchdown", "field_goal", "pass_outcome_touchdown"):
        yield from _score(moment, ledger, who, points, scored)
    if not of_play:
        return  # of the rest of the play nobody knows where it began
    if moment.type == "field_goal" and not scored and moment.outcome:
        yield Sentence("field_goal_missed", who, 0.5, [event])
    if moment.type == "pass_outcome_interception":
        yield Sentence("interception", who, 0.75, [event])
    if moment.type == "qb_sack":
        yield Sentence("sack", who, 0.35, [event])
    if moment.type in COMPLETE and ledger.pass_chance < UNLIKELY:
        chance = basis.of_stat("nfl.pass.completion_probability_at_arrival", basis.player_of(moment), ledger.pass_chance, "0..1")
        share = Percent(max(ledger.pass_chance, 0.01))
        yield Sentence("unlikely_catch", {**who, "share": share}, 0.45 + 0.4 * (UNLIKELY - ledger.pass_chance), [event, chance])
    if moment.type in ENDS:
        yield from _ends(moment, ledger, who)
    values = moment.facts.get("nfl.decision.fourth_down_values")
    label = moment.facts.get("nfl.decision.fourth_down")
    if isinstance(values, list) and isinstance(label, str):
        best = values[CHOICES.index(label)]
        rests = [event, basis.of_stat("nfl.decision.fourth_down_values", basis.team_of(moment, moment.team), values, "0..1")]
        yield Sentence(f"fourth_{label}", {**who, "share": Percent(best)}, 0.25, rests)


def _score(moment: EventContext, ledger: Ledger, who: Who, points: float, first: bool) -> Iterator[Sentence]:
    """A touchdown is told with the score by the event that has its points, else without it by the first that reports it."""
    known = isfinite(points) and all(isfinite(side) for side in ledger.score)
    if known and points > 0.0:
        now = list(ledger.score)
        now[moment.team] += points
        rests = [basis.of_event(moment), basis.of_stat("nfl.game.score", "match", now, "points")]
        key = "field_goal" if moment.type == "field_goal" else "touchdown"
        yield Sentence(key, {**who, "score": Score(int(now[0]), int(now[1]))}, 0.95, rests, True)
    elif first:
        key = "field_goal_plain" if moment.type == "field_goal" else "touchdown_plain"
        yield Sentence(key, who, 0.95, [basis.of_event(moment)], True)


def _ends(moment: EventContext, ledger: Ledger, who: Who) -> Iterator[Sentence]:
    event, player = basis.of_event(moment), basis.player_of(moment)
    for stat, key in (("nfl.rusher.yards_over_expected", "long_run"), ("nfl.receiver.yac_over_expected", "after_catch")):
        over = number(moment.facts.get(stat))
        if over > LONG_OVER_M:
            strength = 0.45 + 0.3 * ramp(over, LONG_OVER_M, 25.0 * YD)
            yield Sentence(key, {**who, "yards": Number(over / YD, 1)}, strength, [event, basis.of_stat(stat, player, over, "yd")])
    gained = gained_yd(moment)
    if gained >= LONG_YD and moment.player >= 0 and moment.type != "qb_sack":
        rests = [event, {"event": moment.id, "type": moment.type, "attr": "gained_yd", "value": round(gained, 2)}]
        yield Sentence("long_gain", {**who, "yards": Counted(round(gained), YARDS)}, 0.4 + 0.3 * ramp(gained, LONG_YD, 60.0), rests)
    fast = number(moment.facts.get("carrier.top_mps"))
    if fast >= FAST_MPS and fast > ledger.fastest_mps and not late(moment, ledger):
        rests = [event, basis.of_stat("nfl.carrier.top_speed", player, fast, "mph")]
        yield Sentence("top_speed", {**who, "speed": Number(fast * factor("mph"), 1)}, 0.5, rests)


STATS: Final = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: every score, and what else is "
        "worth saying, as much as a game has room for.",
        "match",
        tell,
        depends_on_ledger=True,
        on=ON,
        on_screen_name="commentary, subtitles",
    ),
)
