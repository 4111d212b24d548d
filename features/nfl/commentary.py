"""Commentary of a game: at most one sentence per event. Every score goes on air; the rest as there is room, and as it has not been
lately."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Counted, Localised, Number, Percent, Score, Sentence
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
from features.nfl.templates import TEMPLATES, YARDS
from features.nfl.vocabulary import COMPLETE, ENDS

UNLIKELY: Final = 0.4
LONG_OVER_M: Final = 8.0 * YD
LONG_YD: Final = 20.0
FAST_MPS: Final = 20.0 / factor("mph")
EVENTS: Final = (*ENDS, "pass_outcome_caught", "pass_outcome_touchdown", "pass_outcome_interception", "field_goal", "down")

Fields = dict[str, str | Localised]


def offers_of(event: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could go on air; ``ledger`` is the account before it."""
    roster = roster_of(event)
    return list(_offers(event, ledger, roster)) if roster is not None else []


def render(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when no sentence goes on air."""
    return commentary.value(TEMPLATES, offers_of(event, ledger), ledger.said, SENTENCES, played_s(event, ledger))


def _offers(event: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    of_play = event.type == "down" or of_this_play(event, ledger)
    if event.team not in (0, 1) or not (of_play or scores(event, ledger)):
        return
    source = basis.of_event(event)
    fields: Fields = {
        "home": roster.team_names[0],
        "away": roster.team_names[1],
        "team": roster.team_names[event.team],
        "player": roster.names[event.player] if event.player >= 0 else roster.team_names[event.team],
    }
    points, scored = attr(event, "points"), scores(event, ledger)
    if event.type in ("touchdown", "field_goal", "pass_outcome_touchdown"):
        yield from _score(event, ledger, fields, points, scored)
    if not of_play:
        return  # where the rest of the play began is not known
    if event.type == "field_goal" and not scored and event.outcome:
        yield Sentence("field_goal_missed", fields, 0.5, [source])
    if event.type == "pass_outcome_interception":
        yield Sentence("interception", fields, 0.75, [source])
    if event.type == "qb_sack":
        yield Sentence("sack", fields, 0.35, [source])
    if event.type in COMPLETE and ledger.pass_chance < UNLIKELY:
        chance = basis.of_stat("nfl.pass.completion_probability_at_arrival", basis.player_of(event), ledger.pass_chance, "0..1")
        share = Percent(max(ledger.pass_chance, 0.01))
        yield Sentence("unlikely_catch", {**fields, "share": share}, 0.45 + 0.4 * (UNLIKELY - ledger.pass_chance), [source, chance])
    if event.type in ENDS:
        yield from _ends(event, ledger, fields)
    values = event.facts.get("nfl.decision.fourth_down_values")
    label = event.facts.get("nfl.decision.fourth_down")
    if isinstance(values, list) and isinstance(label, str):
        best = values[CHOICES.index(label)]
        rests = [source, basis.of_stat("nfl.decision.fourth_down_values", basis.team_of(event, event.team), values, "0..1")]
        yield Sentence(f"fourth_{label}", {**fields, "share": Percent(best)}, 0.25, rests)


def _score(event: EventContext, ledger: Ledger, fields: Fields, points: float, first: bool) -> Iterator[Sentence]:
    """A touchdown goes on air with the score by the event that has its points, else without it by the first that reports it."""
    known = isfinite(points) and all(isfinite(side) for side in ledger.score)
    if known and points > 0.0:
        now = list(ledger.score)
        now[event.team] += points
        rests = [basis.of_event(event), basis.of_stat("nfl.game.score", "match", now, "points")]
        key = "field_goal" if event.type == "field_goal" else "touchdown"
        yield Sentence(key, {**fields, "score": Score(int(now[0]), int(now[1]))}, 0.95, rests, True)
    elif first:
        key = "field_goal_plain" if event.type == "field_goal" else "touchdown_plain"
        yield Sentence(key, fields, 0.95, [basis.of_event(event)], True)


def _ends(event: EventContext, ledger: Ledger, fields: Fields) -> Iterator[Sentence]:
    source, player = basis.of_event(event), basis.player_of(event)
    for stat, key in (("nfl.rusher.yards_over_expected", "long_run"), ("nfl.receiver.yac_over_expected", "after_catch")):
        over = number(event.facts.get(stat))
        if over > LONG_OVER_M:
            strength = 0.45 + 0.3 * ramp(over, LONG_OVER_M, 25.0 * YD)
            yield Sentence(
                key, {**fields, "yards": Number(over / YD, 1)}, strength, [source, basis.of_stat(stat, player, over, "yd")]
            )
    gained = gained_yd(event)
    if gained >= LONG_YD and event.player >= 0 and event.type != "qb_sack":
        rests = [source, {"event": event.id, "type": event.type, "attr": "gained_yd", "value": round(gained, 2)}]
        yield Sentence(
            "long_gain", {**fields, "yards": Counted(round(gained), YARDS)}, 0.4 + 0.3 * ramp(gained, LONG_YD, 60.0), rests
        )
    fast = number(event.facts.get("carrier.top_mps"))
    if fast >= FAST_MPS and fast > ledger.fastest_mps and not late(event, ledger):
        rests = [source, basis.of_stat("nfl.carrier.top_speed", player, fast, "mph")]
        yield Sentence("top_speed", {**fields, "speed": Number(fast * factor("mph"), 1)}, 0.5, rests)


STATS: Final = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: every score, and what else is "
        "worth saying, as much as a game has room for.",
        "match",
        render,
        depends_on_ledger=True,
        on=EVENTS,
        on_screen_name="commentary, subtitles",
    ),
)
