"""What a game tells: at most one sentence per event, when a stat of it crossed a threshold."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final

from features import story
from features.facts import attr, number, roster_of
from features.frames import Roster
from features.moments import Moment
from features.nfl.columns import YD
from features.nfl.game import CHOICES
from features.nfl.ledger import Ledger, late, of_this_play
from features.nfl.phrases import PHRASES
from features.nfl.vocabulary import COMPLETE, ENDS
from features.sport import Stat
from features.story import Line, Number, Percent, Score, Spoken
from features.units import factor

UNLIKELY: Final = 0.4
LONG_OVER_M: Final = 8.0 * YD
FAST_MPS: Final = 20.0 / factor("mph")
ON: Final = (*ENDS, "pass_outcome_caught", "pass_outcome_touchdown", "pass_outcome_interception", "field_goal", "down")


def tell(moment: Moment, ledger: Ledger) -> str | None:
    """The sentence in every language, as JSON; ``None`` when there is nothing to say."""
    roster = roster_of(moment)
    return story.value(PHRASES, next(_lines(moment, ledger, roster), None) if roster is not None else None)


def _lines(moment: Moment, ledger: Ledger, roster: Roster) -> Iterator[Line]:
    """Everything that could be said, the most important first."""
    if moment.team not in (0, 1) or (moment.type != "down" and not of_this_play(moment, ledger)):
        return
    who: dict[str, str | Spoken] = {
        "home": roster.team_names[0], "away": roster.team_names[1], "team": roster.team_names[moment.team],
        "player": roster.names[moment.player] if moment.player >= 0 else roster.team_names[moment.team],
    }  # fmt: skip
    points = attr(moment, "points")
    scored = moment.type == "touchdown" or (moment.type == "field_goal" and points > 0)
    if scored and all(isfinite(side) for side in ledger.score):
        now = list(ledger.score)
        now[moment.team] += points if isfinite(points) else 0.0
        yield moment.type, {**who, "score": Score(int(now[0]), int(now[1]))}
    if moment.type == "pass_outcome_interception":
        yield "interception", who
    if moment.type in COMPLETE and ledger.pass_chance < UNLIKELY:
        yield "unlikely_catch", {**who, "share": Percent(max(ledger.pass_chance, 0.01))}
    if moment.type in ENDS:
        over = number(moment.facts.get("nfl.rusher.yards_over_expected"))
        if over > LONG_OVER_M:
            yield "long_run", {**who, "yards": Number(over / YD, 1)}
        after = number(moment.facts.get("nfl.receiver.yac_over_expected"))
        if after > LONG_OVER_M:
            yield "after_catch", {**who, "yards": Number(after / YD, 1)}
        fast = number(moment.facts.get("carrier.top_mps"))
        if fast >= FAST_MPS and fast > ledger.fastest_mps and not late(moment, ledger):
            yield "top_speed", {**who, "speed": Number(fast * factor("mph"), 1)}
    values = moment.facts.get("nfl.decision.fourth_down_values")
    label = moment.facts.get("nfl.decision.fourth_down")
    if isinstance(values, list) and isinstance(label, str):
        yield f"fourth_{label}", {**who, "share": Percent(values[CHOICES.index(label)])}


STATS: Final = (
    Stat(
        "game.story", "text", "One sentence in en, de, ru and es (JSON by language) when a stat of this event crossed a threshold.",
        "match", tell, of_account=True, on=ON, air="commentary, subtitles",
    ),
)  # fmt: skip
