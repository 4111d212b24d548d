"""Highlights of a game: scores, swings of the odds, passes that should not have been caught, runs that nobody expected."""

from __future__ import annotations

from typing import Final

from features import highlights
from features.facts import attr, number
from features.highlights import ramp
from features.moments import Moment
from features.nfl.ledger import Ledger, late, of_this_play
from features.nfl.vocabulary import ENDS
from features.sport import Stat

PLEASERS: Final = {"touchdown": 0.7, "pass_outcome_interception": 0.55, "qb_sack": 0.3, "fumble": 0.5}
LABELS: Final = {
    "touchdown": "touchdown", "pass_outcome_interception": "interception", "qb_sack": "sack", "fumble": "fumble",
    "pass_outcome_caught": "catch", "field_goal": "field goal", "down": "turning point",
}  # fmt: skip
#: 20 mph and 22 mph
FAST_MPS, VERY_FAST_MPS = 8.94, 9.83
#: seconds before and after
TIMING_S: Final = (9.0, 6.0)
ON: Final = (
    *ENDS, "pass_outcome_caught", "pass_outcome_touchdown", "pass_outcome_interception", "fumble", "field_goal", "down",
)  # fmt: skip


def reasons_of(moment: Moment, ledger: Ledger) -> dict[str, float]:
    """Every reason with its strength; ``ledger`` is the account before the event."""
    reasons: dict[str, float] = {}
    if moment.type in PLEASERS:
        reasons[moment.type.removeprefix("pass_outcome_")] = PLEASERS[moment.type]
    if moment.type == "down":
        swing = abs(number(moment.facts.get("nfl.game.win_probability")) - ledger.win)
        reasons["win_probability"] = ramp(swing, 0.05, 0.35)
    if moment.type in ("pass_outcome_caught", "pass_outcome_touchdown"):
        reasons["unlikely_catch"] = 0.6 * ramp(1.0 - ledger.pass_chance, 0.6, 0.9)
    if moment.type in ENDS:
        over = number(moment.facts.get("nfl.rusher.yards_over_expected"))
        after = number(moment.facts.get("nfl.receiver.yac_over_expected"))
        reasons["yards_over_expected"] = 0.6 * max(ramp(over, 9.0, 27.0), ramp(after, 9.0, 27.0))
        fast = number(moment.facts.get("carrier.top_mps"))
        if fast > ledger.fastest_mps and not late(moment, ledger):
            reasons["top_speed"] = 0.4 * ramp(fast, FAST_MPS, VERY_FAST_MPS)
    if moment.type == "field_goal" and moment.outcome == "good":
        reasons["field_goal"] = 0.35 * ramp(attr(moment, "length_yd"), 35.0, 58.0)
    return reasons


def highlight(moment: Moment, ledger: Ledger) -> str | None:
    """The highlight that this event makes, as JSON; none of a play whose beginning was missed. A swing of the odds is shown when
    the next play begins, and cut around the play that made it."""
    if moment.type != "down" and not of_this_play(moment, ledger):
        return None
    t_s = ledger.down_s + TIMING_S[0] if moment.type == "down" else highlights.seen_s(moment)
    return highlights.value(t_s, LABELS.get(moment.type, "play"), reasons_of(moment, ledger), TIMING_S)


STATS: Final = (
    Stat(
        "game.highlight", "text", "Where a clip begins and ends, its score, label, reasons (JSON): from scores, swings of the "
        "odds, unlikely catches, yards over expected, top speeds.",
        "match", highlight, of_account=True, on=ON, air="clips",
    ),
)  # fmt: skip
