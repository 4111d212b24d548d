"""Highlights of a game: every score; then interceptions, long gains, swings of the odds, catches that should not have been made."""

from __future__ import annotations

from typing import Any, Final

from features.common import basis, highlights
from features.common.highlights import Offer, ramp
from features.core.event_context import EventContext
from features.core.facts import attr, number
from features.core.sport import Stat
from features.nfl.ledger import HIGHLIGHTS, Ledger, late, of_this_play, played_s
from features.nfl.vocabulary import ENDS

PLEASERS: Final = {
    "touchdown": 0.7,
    "pass_outcome_touchdown": 0.7,
    "pass_outcome_interception": 0.55,
    "qb_sack": 0.25,
    "fumble": 0.5,
}
LABELS: Final = {
    "touchdown": "touchdown", "pass_outcome_touchdown": "touchdown", "pass_outcome_interception": "interception", "qb_sack": "sack",
    "fumble": "fumble", "pass_outcome_caught": "catch", "field_goal": "field goal", "down": "turning point",
}  # fmt: skip
#: 20 mph and 22 mph
FAST_MPS, VERY_FAST_MPS = 8.94, 9.83
#: yards that a play gains before it is long, and before it is worth it by itself
LONG_YD: Final = (12.0, 50.0)
#: seconds before and after
TIMING_S: Final = (9.0, 6.0)
EVENTS: Final = (
    *ENDS, "pass_outcome_caught", "pass_outcome_touchdown", "pass_outcome_interception", "fumble", "field_goal", "down",
)  # fmt: skip


def scores(event: EventContext, ledger: Ledger) -> bool:
    """Whether this event is the first to report that its play brings points: a catch in the end zone may be reported twice, and its
    second clip then ``follows`` the first."""
    if event.type in ("touchdown", "pass_outcome_touchdown"):
        return not ledger.play or ledger.scored_play != ledger.play
    return event.type == "field_goal" and (event.outcome == "good" or attr(event, "points") > 0.0)


def update_scores(event: EventContext, ledger: Ledger) -> None:
    if event.type in ("touchdown", "pass_outcome_touchdown"):
        ledger.scored_play = ledger.play


def gained_yd(event: EventContext) -> float:
    """What the play gained, by the spot that tracking saw or by what was reported."""
    found = number(event.facts.get("play.gained_yd"))
    return found if found == found else attr(event, "gained_yd")


def reasons_of(event: EventContext, ledger: Ledger) -> dict[str, float]:
    """Every reason with its strength; ``ledger`` is the account before the event."""
    reasons: dict[str, float] = {}
    if event.type in PLEASERS:
        reasons[event.type.removeprefix("pass_outcome_")] = PLEASERS[event.type]
    if event.type == "down":
        swing = abs(number(event.facts.get("nfl.game.win_probability")) - ledger.win)
        reasons["win_probability"] = ramp(swing, 0.05, 0.35)
    if event.type in ("pass_outcome_caught", "pass_outcome_touchdown"):
        reasons["unlikely_catch"] = 0.6 * ramp(1.0 - ledger.pass_chance, 0.6, 0.9)
    if event.type in ENDS:
        over = number(event.facts.get("nfl.rusher.yards_over_expected"))
        after = number(event.facts.get("nfl.receiver.yac_over_expected"))
        reasons["yards_over_expected"] = 0.6 * max(ramp(over, 9.0, 27.0), ramp(after, 9.0, 27.0))
        reasons["long_gain"] = 0.6 * ramp(gained_yd(event), *LONG_YD)
        fast = number(event.facts.get("carrier.top_mps"))
        if fast > ledger.fastest_mps and not late(event, ledger):
            reasons["top_speed"] = 0.4 * ramp(fast, FAST_MPS, VERY_FAST_MPS)
    if event.type == "field_goal":
        good = scores(event, ledger)
        reasons["field_goal" if good else "field_goal_missed"] = 0.3 + 0.3 * ramp(attr(event, "length_yd"), 35.0, 58.0)
    return reasons


#: reason -> (stat that it was read from, unit)
_STATS: Final = {
    "yards_over_expected": (("nfl.rusher.yards_over_expected", "yd"), ("nfl.receiver.yac_over_expected", "yd")),
    "win_probability": (("nfl.game.win_probability", "0..1"),),
}


def basis_of(event: EventContext, ledger: Ledger, reasons: dict[str, float]) -> list[dict[str, Any]]:
    """The event, and the values of the stats that counted."""
    found = [basis.of_event(event)]
    for reason, stats in _STATS.items():
        for stat, unit in stats:
            value = number(event.facts.get(stat))
            if reasons.get(reason, 0.0) > 0.0 and value == value:
                subject = "match" if stat.startswith("nfl.game") else basis.player_of(event)
                found.append(basis.of_stat(stat, subject, value, unit))
    if reasons.get("unlikely_catch", 0.0) > 0.0:
        stat = "nfl.pass.completion_probability_at_arrival"
        found.append(basis.of_stat(stat, basis.player_of(event), ledger.pass_chance, "0..1"))
    if reasons.get("long_gain", 0.0) > 0.0:
        found.append({"event": event.id, "type": event.type, "attr": "gained_yd", "value": round(gained_yd(event), 2)})
    if reasons.get("top_speed", 0.0) > 0.0:
        found.append(
            basis.of_stat("nfl.carrier.top_speed", basis.player_of(event), number(event.facts.get("carrier.top_mps")), "mph")
        )
    return found


def offer_of(event: EventContext, ledger: Ledger) -> Offer | None:
    """The highlight that this event could make; of a play whose beginning was missed only that it scored. A swing of the odds is
    known when the next play begins, and cut around the play that made it."""
    if event.type == "down" or of_this_play(event, ledger):
        reasons = reasons_of(event, ledger)
    else:
        reasons = {event.type.removeprefix("pass_outcome_"): PLEASERS.get(event.type, 0.3)} if scores(event, ledger) else {}
    if not any(strength > 0.0 for strength in reasons.values()):
        return None
    t_s = ledger.down_s + TIMING_S[0] if event.type == "down" else highlights.seen_s(event)
    return Offer(
        LABELS.get(event.type, "play"),
        reasons,
        event.type == "touchdown" or scores(event, ledger),
        t_s,
        TIMING_S,
        lambda: basis_of(event, ledger, reasons),
    )


def highlight(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The highlight that this event makes; ``None`` for the many that make none."""
    return highlights.value(offer_of(event, ledger), ledger.shown, HIGHLIGHTS, played_s(event, ledger))


STATS: Final = (
    Stat(
        "game.highlight",
        "object",
        "Where a clip begins and ends, its score, label, reasons and basis: every score, and the best of the "
        "interceptions, long gains, swings of the odds, unlikely catches and top speeds, as many as a game has room "
        "for.",
        "match",
        highlight,
        depends_on_ledger=True,
        on=EVENTS,
        on_screen_name="clips",
    ),
)
