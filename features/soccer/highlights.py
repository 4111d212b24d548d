"""Soccer's highlights: goals, chances, saves, sendings-off, passes through the lines, top speeds."""

from __future__ import annotations

from typing import Final

from features import highlights
from features.facts import number
from features.highlights import ramp
from features.moments import Moment
from features.soccer.ledger import Ledger, counts, xgoals_of
from features.soccer.match import scorer, sent_off, swing
from features.soccer.vocabulary import EVENT_TYPES
from features.sport import EventStep, Stat

#: what the crowd makes of it, whatever the figures say
PLEASERS: Final = {"goal": 0.7, "own_goal": 0.7, "penalty": 0.6, "red_card": 0.5, "post": 0.4, "acrobatic": 0.35}
ACROBATIC: Final = frozenset({"overhead", "backheel", "diving_header"})
#: seconds before and after, by label: a goal shows its build-up and the joy, a run starts where it started
TIMING_S: Final = {
    "goal": (12.0, 14.0), "own_goal": (12.0, 12.0), "penalty": (5.0, 10.0), "red_card": (8.0, 12.0),
    "save": (8.0, 6.0), "chance": (8.0, 6.0), "pass": (4.0, 6.0), "top_speed": (6.0, 2.0),
}  # fmt: skip

#: m/s: from where a top speed of the match is worth showing, and where it is worth it by itself
FAST_MPS: Final = 33.0 / 3.6
VERY_FAST_MPS: Final = 36.0 / 3.6


def find_fastest(moment: Moment) -> None:
    """Facts ``fastest`` and ``fastest_mps``: whose top speed up to this frame is the match's, -1 and NaN if unknown."""
    moment.facts["fastest"], moment.facts["fastest_mps"] = -1, float("nan")
    frames = moment.frames
    if frames is None or moment.row < 0 or "top_speed" not in frames.signals:
        return
    top = frames["top_speed"][moment.row].tolist()
    best, best_mps = -1, 0.0
    for n in frames.roster.players.tolist():
        if top[n] > best_mps:
            best, best_mps = n, top[n]
    if best >= 0:
        moment.facts["fastest"], moment.facts["fastest_mps"] = best, best_mps


def keep_fastest(moment: Moment, ledger: Ledger) -> None:
    fastest = number(moment.facts.get("fastest_mps"))
    if fastest > ledger.fastest_mps:
        ledger.fastest_mps = fastest


def new_top_speed(moment: Moment, ledger: Ledger) -> float:
    """m/s when somebody has just become the fastest of the match and is worth telling; NaN otherwise."""
    fastest = number(moment.facts.get("fastest_mps"))
    return fastest if fastest >= FAST_MPS and fastest >= ledger.fastest_mps + 0.05 else float("nan")


def label_of(moment: Moment) -> str:
    if scorer(moment) >= 0:
        return "own_goal" if moment.type == "own_goal" else "goal"
    if sent_off(moment):
        return "red_card"
    if moment.type == "shot":
        if moment.attrs.get("set_piece") == "penalty":
            return "penalty"
        return "save" if moment.outcome == "saved" else "chance"
    return "pass" if moment.type == "pass" else "top_speed"


def reasons_of(moment: Moment, ledger: Ledger) -> dict[str, float]:
    """Every reason with its strength; ``ledger`` is the account before the event."""
    reasons: dict[str, float] = {}
    fast = new_top_speed(moment, ledger)
    if fast == fast:
        reasons["top_speed"] = 0.3 + 0.4 * ramp(fast, FAST_MPS, VERY_FAST_MPS)
    if not counts(moment):
        return reasons
    if moment.type == "pass":
        if moment.outcome == "complete":
            reasons["opponents_bypassed"] = 0.5 * ramp(number(moment.facts.get("soccer.pass.opponents_bypassed")), 5, 9)
            reasons["threat"] = 0.4 * ramp(number(moment.facts.get("soccer.pass.threat")), 0.05, 0.2)
            unlikely = 1.0 - number(moment.facts.get("soccer.pass.completion_probability"))
            reasons["unlikely_pass"] = 0.4 * ramp(unlikely, 0.75, 0.95)
        return reasons
    if moment.type == "shot":
        xgoals = xgoals_of(moment)
        reasons["xgoals"] = 0.8 * ramp(xgoals, 0.05, 0.5)
        if moment.outcome == "goal":
            reasons["unlikely_goal"] = 0.5 * ramp(1.0 - xgoals, 0.9, 0.98)
        reasons["shot_speed"] = 0.3 * ramp(number(moment.facts.get("soccer.shot.speed")), 27.0, 33.0)
        for word, holds in (
            ("penalty", moment.attrs.get("set_piece") == "penalty"),
            ("post", moment.outcome == "post"),
            ("acrobatic", moment.attrs.get("technique") in ACROBATIC),
        ):
            if holds:
                reasons[word] = PLEASERS[word]
    label = label_of(moment)
    if label in ("goal", "own_goal", "red_card"):
        reasons[label] = PLEASERS[label]
        reasons["win_probability"] = ramp(swing(moment, ledger), 0.0, 0.5)
    return reasons


def highlight(moment: Moment, ledger: Ledger) -> str | None:
    """The highlight that this event makes, as JSON; ``None`` for the many that make none."""
    label = label_of(moment)
    return highlights.value(
        highlights.seen_s(moment), label, reasons_of(moment, ledger), TIMING_S[label],
        not_before_s=ledger.period_start_s if ledger.running else 0.0,
    )  # fmt: skip


_ANY: Final = tuple(sorted(EVENT_TYPES))

EVENT_STEPS = (
    EventStep("highlights.find_fastest", find_fastest, on=_ANY, phase="extract"),
    EventStep("highlights.keep_fastest", keep_fastest, on=_ANY, phase="apply"),
)

STATS = (
    Stat(
        "game.highlight", "text",
        "Where a clip begins and ends, its score, label, reasons (JSON): from swings of the odds, xGoals, top speeds "
        "and what the crowd likes.",
        per="match", compute=highlight, of_account=True, on=_ANY, air="clips",
    ),
)  # fmt: skip
