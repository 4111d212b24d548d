"""Soccer's highlights: goals, sendings-off and penalties always; chances, saves, passes through the lines, top speeds as there is
room.

Facts carry them: what the feed reports, where a shot was struck, what tracking saw, and a closed form of the odds. What a model
says is added where it answers, and nothing is missing where it does not.
"""

from __future__ import annotations

from typing import Any, Final

from features.common import basis, highlights
from features.common.highlights import Offer, ramp
from features.core.event_context import EventContext
from features.core.facts import number
from features.core.sport import EventStep, Stat
from features.soccer.game import scorer, sent_off, stake, swing
from features.soccer.ledger import HIGHLIGHTS, Ledger, counts, place, xgoals_of
from features.soccer.thresholds import CLOSE_M, FAR_M, MOVE, THREAT, UNLIKELIEST_GOAL, UNLIKELY_GOAL, XGOALS
from features.soccer.vocabulary import EVENT_TYPES

#: what the crowd makes of it, whatever the figures say
PLEASERS: Final = {"goal": 0.7, "own_goal": 0.7, "penalty": 0.6, "red_card": 0.5, "post": 0.45, "acrobatic": 0.35}
ACROBATIC: Final = frozenset({"overhead", "backheel", "diving_header"})
#: what became of a shot, by itself
OUTCOMES: Final = {"saved": 0.2, "off_target": 0.08, "blocked": 0.05}
#: what the feed says of a shot
FLAGS: Final = {"one_on_one": 0.2, "open_goal": 0.3, "counter": 0.2}
#: these are always shown
ALWAYS: Final = frozenset({"goal", "own_goal", "red_card", "penalty"})
#: seconds before and after, by label: a goal shows its build-up and the joy, a run starts where it started
TIMING_S: Final = {
    "goal": (12.0, 14.0), "own_goal": (12.0, 12.0), "penalty": (5.0, 10.0), "red_card": (8.0, 12.0), "booking": (8.0, 6.0),
    "save": (8.0, 6.0), "chance": (8.0, 6.0), "pass": (4.0, 6.0), "take_on": (5.0, 5.0), "top_speed": (6.0, 2.0),
}  # fmt: skip

#: m/s: from where a top speed of the match is worth showing, and where it is worth it by itself
FAST_MPS: Final = 33.0 / 3.6
VERY_FAST_MPS: Final = 36.0 / 3.6
#: share of the pitch where the last third begins
LAST_THIRD: Final = 2 / 3


def find_fastest(event: EventContext) -> None:
    """Facts ``fastest`` and ``fastest_mps``: whose top speed up to this frame is the match's, -1 and NaN if unknown."""
    event.facts["fastest"], event.facts["fastest_mps"] = -1, float("nan")
    frames = event.frames
    if frames is None or event.row < 0 or "top_speed" not in frames.signals:
        return
    top = frames["top_speed"][event.row].tolist()
    best, best_mps = -1, 0.0
    for n in frames.roster.players.tolist():
        if top[n] > best_mps:
            best, best_mps = n, top[n]
    if best >= 0:
        event.facts["fastest"], event.facts["fastest_mps"] = best, best_mps


def update_fastest(event: EventContext, ledger: Ledger) -> None:
    fastest = number(event.facts.get("fastest_mps"))
    if fastest > ledger.fastest_mps:
        ledger.fastest_mps = fastest


def new_top_speed(event: EventContext, ledger: Ledger) -> float:
    """m/s when a player has just become the fastest of the match and that is worth a highlight; NaN otherwise."""
    fastest = number(event.facts.get("fastest_mps"))
    return fastest if fastest >= FAST_MPS and fastest >= ledger.fastest_mps + 0.05 else float("nan")


def label_of(event: EventContext) -> str:
    if scorer(event) >= 0:
        return "own_goal" if event.type == "own_goal" else "goal"
    if sent_off(event):
        return "red_card"
    if event.type == "shot":
        if event.attrs.get("set_piece") == "penalty":
            return "penalty"
        return "save" if event.outcome == "saved" else "chance"
    return {"pass": "pass", "card": "booking", "dribble": "take_on"}.get(event.type, "top_speed")


def reasons_of(event: EventContext, ledger: Ledger) -> dict[str, float]:
    """Every reason with its strength; ``ledger`` is the account before the event."""
    reasons: dict[str, float] = {}
    fast = new_top_speed(event, ledger)
    if fast == fast:
        reasons["top_speed"] = 0.3 + 0.4 * ramp(fast, FAST_MPS, VERY_FAST_MPS)
    if not counts(event):
        return reasons
    if event.type == "pass":
        if event.outcome == "complete":
            _pass(event, reasons)
    elif event.type == "shot":
        _shot(event, ledger, reasons)
    elif event.type == "card" and event.attrs.get("card") == "yellow":
        reasons["yellow_card"] = 0.1
    elif event.type == "dribble" and event.outcome == "complete" and place(event)[0] >= LAST_THIRD:
        reasons["take_on"] = 0.1
    label = label_of(event)
    if label in ("goal", "own_goal", "red_card"):
        reasons[label] = PLEASERS[label]
        reasons["win_probability"] = ramp(swing(event, ledger), 0.0, 0.5)
    return reasons


def _pass(event: EventContext, reasons: dict[str, float]) -> None:
    bypassed = number(event.facts.get("soccer.pass.opponents_bypassed"))
    if bypassed == bypassed:
        reasons["opponents_bypassed"] = 0.5 * ramp(bypassed, 5, 9)
    reasons["threat"] = 0.3 * ramp(number(event.facts.get("soccer.pass.threat")), *THREAT)
    if event.attrs.get("through_ball") is True and place(event)[2] >= LAST_THIRD:
        reasons["through_ball"] = 0.12
    unlikely = 1.0 - number(event.facts.get("soccer.pass.completion_probability"))
    if unlikely == unlikely:
        reasons["unlikely_pass"] = 0.4 * ramp(unlikely, 0.75, 0.95)


def _shot(event: EventContext, ledger: Ledger, reasons: dict[str, float]) -> None:
    attrs, xgoals = event.attrs, xgoals_of(event)
    reasons["outcome"] = OUTCOMES.get(event.outcome, 0.0)
    reasons["close"] = 0.25 * ramp(-number(event.facts.get("soccer.shot.distance")), -FAR_M, -CLOSE_M)
    reasons |= {flag: strength for flag, strength in FLAGS.items() if attrs.get(flag) is True}
    if ledger.move_team == event.team:
        reasons["move"] = 0.25 * ramp(float(ledger.move_passes), *MOVE)
    if event.outcome != "goal":
        reasons["stake"] = 0.2 * ramp(stake(event, ledger), 0.2, 0.6)
    if xgoals == xgoals:
        reasons["xgoals"] = 0.8 * ramp(xgoals, *XGOALS)
        if event.outcome == "goal":
            reasons["unlikely_goal"] = 0.5 * ramp(-xgoals, -UNLIKELY_GOAL, -UNLIKELIEST_GOAL)
    reasons["shot_speed"] = 0.3 * ramp(number(event.facts.get("soccer.shot.speed")), 27.0, 33.0)
    for word, holds in (
        ("penalty", attrs.get("set_piece") == "penalty"),
        ("post", event.outcome == "post"),
        ("acrobatic", attrs.get("technique") in ACROBATIC),
    ):
        if holds:
            reasons[word] = PLEASERS[word]


#: reason -> the stat of the event that it was read from
_STATS: Final = {
    "xgoals": ("soccer.shot.xgoals", "0..1"), "unlikely_goal": ("soccer.shot.xgoals", "0..1"),
    "close": ("soccer.shot.distance", "m"), "shot_speed": ("soccer.shot.speed", "km/h"),
    "opponents_bypassed": ("soccer.pass.opponents_bypassed", "count"), "threat": ("soccer.pass.threat", "goals"),
    "unlikely_pass": ("soccer.pass.completion_probability", "0..1"),
}  # fmt: skip


def basis_of(event: EventContext, ledger: Ledger, reasons: dict[str, float]) -> list[dict[str, Any]]:
    """The event, the values of its stats that counted, the score before it, and whose top speed it was."""
    found, named = [basis.of_event(event)], set[str]()
    for reason, strength in reasons.items():
        stat, unit = _STATS.get(reason, ("", ""))
        value = number(event.facts.get(stat))
        if strength > 0.0 and stat and stat not in named and value == value:
            named.add(stat)
            found.append(basis.of_stat(stat, basis.player_of(event), value, unit))
    if reasons.get("win_probability") or reasons.get("stake"):
        found.append(basis.of_stat("soccer.match.score", "match", ledger.goals, "goals"))
    if reasons.get("top_speed") and event.roster is not None:
        runner = event.roster.ids[int(number(event.facts["fastest"]))]
        found.append(basis.of_stat("soccer.player.top_speed", runner, number(event.facts["fastest_mps"]), "km/h"))
    return found


def offer_of(event: EventContext, ledger: Ledger) -> Offer | None:
    """The highlight that this event could make; ``ledger`` is the account before it."""
    reasons = reasons_of(event, ledger)
    if not any(strength > 0.0 for strength in reasons.values()):
        return None
    label = label_of(event)
    return Offer(
        label,
        reasons,
        counts(event) and label in ALWAYS,
        highlights.seen_s(event),
        TIMING_S[label],
        lambda: basis_of(event, ledger, reasons),
        ledger.period_start_s if ledger.running else 0.0,
    )


def highlight(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The highlight that this event makes; ``None`` for the many that make none."""
    return highlights.value(offer_of(event, ledger), ledger.shown, HIGHLIGHTS, ledger.clock_s(event.t_s))


_ANY: Final = tuple(sorted(EVENT_TYPES))

EVENT_STEPS = (
    EventStep("highlights.find_fastest", find_fastest, on=_ANY, phase="extract"),
    EventStep("highlights.keep_fastest", update_fastest, on=_ANY, phase="apply"),
)

STATS = (
    Stat(
        "game.highlight",
        "object",
        "Where a clip begins and ends, its score, label, reasons and basis: every goal, sending-off and penalty, and the best of "
        "the chances, saves, passes and top speeds, as many as a match has room for.",
        per="match",
        compute=highlight,
        depends_on_ledger=True,
        on=_ANY,
        on_screen_name="clips",
    ),
)
