"""Baseball's highlights: home runs and every run; steals, great catches, hard-hit balls and plays that swing the game as there is
room."""

from __future__ import annotations

from typing import Any, Final

from features.common import basis, highlights
from features.common.highlights import Offer, ramp
from features.core.event_context import EventContext
from features.core.facts import number
from features.core.sport import Stat
from features.mlb.diamond import FT_M, MPH_MPS
from features.mlb.game import swing
from features.mlb.ledger import HIGHLIGHTS, Ledger, known, played_s, state_after

#: what the crowd makes of it, whatever the figures say
PLEASERS: Final = {
    "home_run": 0.7, "triple": 0.45, "stolen_base": 0.4, "caught_stealing": 0.4, "picked_off": 0.45, "double_play": 0.35,
    "double": 0.2, "strikeout": 0.06, "single": 0.05,
}  # fmt: skip
#: seconds before and after, by label
TIMING_S: Final = {
    "home_run": (10.0, 10.0), "run": (9.0, 8.0), "steal": (5.0, 4.0), "catch": (7.0, 5.0), "hard_hit": (3.0, 7.0),
    "play": (9.0, 6.0),
}  # fmt: skip
HARD_MPS, HARDEST_MPS = 105.0 * MPH_MPS, 115.0 * MPH_MPS
FAR_M, FARTHEST_M = 410.0 * FT_M, 460.0 * FT_M
EVENTS: Final = ("batted_ball", "fielded", "steal", "play")


def runs_in(event: EventContext, ledger: Ledger) -> list[int]:
    """What a play adds to the runs of home and away; a score that falls adds nothing, nor one from an unknown score."""
    if event.type != "play" or not known(event, ledger):
        return [0, 0]
    return [max(after - before, 0) for after, before in zip(state_after(event, ledger).runs, ledger.runs, strict=True)]


def label_of(event: EventContext, ledger: Ledger) -> str:
    if event.type == "play":
        if event.outcome == "home_run":
            return "home_run"
        if any(runs_in(event, ledger)):
            return "run"
        return {"stolen_base": "steal", "caught_stealing": "steal"}.get(event.outcome, "play")
    return {"fielded": "catch", "steal": "steal", "batted_ball": "hard_hit"}[event.type]


def reasons_of(event: EventContext, ledger: Ledger) -> dict[str, float]:
    """Every reason with its strength; ``ledger`` is the account before the event."""
    reasons: dict[str, float] = {}
    if event.type == "play":
        if event.outcome in PLEASERS:
            reasons[event.outcome] = PLEASERS[event.outcome]
        scored = sum(runs_in(event, ledger))
        if scored:
            reasons["run"] = min(0.35 + 0.1 * scored, 0.7)
        reasons["win_probability"] = ramp(abs(swing(event, ledger)), 0.05, 0.4)
    elif event.type == "fielded" and event.outcome == "caught":
        unlikely = 1.0 - number(event.facts.get("mlb.fielder.catch_probability"))
        reasons["unlikely_catch"] = 0.8 * ramp(unlikely, 0.25, 0.9)
        reasons["jump"] = 0.2 * ramp(number(event.facts.get("mlb.fielder.jump")), 9.0, 14.0)
    elif event.type == "steal":
        reasons["steal"] = 0.35
    elif event.type == "batted_ball":
        found = event.facts.get("batted")
        if isinstance(found, list):
            reasons["exit_velocity"] = 0.5 * ramp(found[0], HARD_MPS, HARDEST_MPS)
            reasons["distance"] = 0.5 * ramp(number(event.facts.get("mlb.batted_ball.projected_distance")), FAR_M, FARTHEST_M)
    return reasons


#: reason -> (stat of the event that it was read from, unit)
_STATS: Final = {
    "unlikely_catch": ("mlb.fielder.catch_probability", "0..1"), "jump": ("mlb.fielder.jump", "ft"),
    "distance": ("mlb.batted_ball.projected_distance", "ft"), "exit_velocity": ("mlb.batted_ball.exit_velocity", "mph"),
}  # fmt: skip


def basis_of(event: EventContext, ledger: Ledger, reasons: dict[str, float]) -> list[dict[str, Any]]:
    """The event, the values of its stats that counted, and the score after it."""
    found = [basis.of_event(event)]
    for reason, (stat, unit) in _STATS.items():
        value = number(event.facts.get(stat))
        if reasons.get(reason, 0.0) > 0.0 and value == value:
            found.append(basis.of_stat(stat, basis.player_of(event), value, unit))
    if event.type == "play" and (reasons.get("run") or reasons.get("win_probability")):
        found.append(basis.of_stat("mlb.game.score", "match", state_after(event, ledger).runs, "count"))
    return found


def offer_of(event: EventContext, ledger: Ledger) -> Offer | None:
    """The highlight that this event could make; ``ledger`` is the account before it."""
    reasons = reasons_of(event, ledger)
    if not any(strength > 0.0 for strength in reasons.values()):
        return None
    label = label_of(event, ledger)
    return Offer(
        label,
        reasons,
        label in ("home_run", "run"),
        highlights.seen_s(event),
        TIMING_S[label],
        lambda: basis_of(event, ledger, reasons),
    )


def highlight(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The highlight that this event makes; ``None`` for the many that make none."""
    return highlights.value(offer_of(event, ledger), ledger.shown, HIGHLIGHTS, played_s(ledger))


STATS: Final = (
    Stat(
        "game.highlight",
        "object",
        "Where a clip begins and ends, its score, label, reasons and basis: every run, and the best of the steals, "
        "catches that were hard to make, balls that were hit hard and swings of the odds, as many as a game has room "
        "for.",
        per="match",
        compute=highlight,
        depends_on_ledger=True,
        on=EVENTS,
        on_screen_name="clips",
    ),
)
