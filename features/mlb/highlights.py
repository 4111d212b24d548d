"""Baseball's highlights: home runs, steals, great catches, hard-hit balls, plays that swing the game."""

from __future__ import annotations

from typing import Final

from features import highlights
from features.facts import number
from features.highlights import ramp
from features.mlb.ground import FT_M, MPH_MPS
from features.mlb.ledger import Ledger
from features.mlb.win import swing
from features.moments import Moment
from features.sport import Stat

#: what the crowd makes of it, whatever the figures say
PLEASERS: Final = {
    "home_run": 0.7, "triple": 0.45, "stolen_base": 0.4, "caught_stealing": 0.4, "picked_off": 0.45, "double_play": 0.35,
}  # fmt: skip
#: seconds before and after, by label
TIMING_S: Final = {
    "home_run": (10.0, 10.0), "steal": (5.0, 4.0), "catch": (7.0, 5.0), "hard_hit": (3.0, 7.0), "play": (9.0, 6.0),
}  # fmt: skip
HARD_MPS, HARDEST_MPS = 105.0 * MPH_MPS, 115.0 * MPH_MPS
FAR_M, FARTHEST_M = 410.0 * FT_M, 460.0 * FT_M
ON: Final = ("batted_ball", "fielded", "steal", "play")


def label_of(moment: Moment) -> str:
    if moment.type == "play":
        return {"home_run": "home_run", "stolen_base": "steal", "caught_stealing": "steal"}.get(moment.outcome, "play")
    return {"fielded": "catch", "steal": "steal", "batted_ball": "hard_hit"}[moment.type]


def reasons_of(moment: Moment, ledger: Ledger) -> dict[str, float]:
    """Every reason with its strength; ``ledger`` is the account before the event."""
    reasons: dict[str, float] = {}
    if moment.type == "play":
        if moment.outcome in PLEASERS:
            reasons[moment.outcome] = PLEASERS[moment.outcome]
        reasons["win_probability"] = ramp(abs(swing(moment, ledger)), 0.05, 0.4)
    elif moment.type == "fielded" and moment.outcome == "caught":
        unlikely = 1.0 - number(moment.facts.get("mlb.fielder.catch_probability"))
        reasons["unlikely_catch"] = 0.8 * ramp(unlikely, 0.25, 0.9)
        reasons["jump"] = 0.2 * ramp(number(moment.facts.get("mlb.fielder.jump")), 9.0, 14.0)
    elif moment.type == "steal":
        reasons["steal"] = 0.35
    elif moment.type == "batted_ball":
        found = moment.facts.get("batted")
        if isinstance(found, list):
            reasons["exit_velocity"] = 0.5 * ramp(found[0], HARD_MPS, HARDEST_MPS)
            reasons["distance"] = 0.5 * ramp(number(moment.facts.get("mlb.batted_ball.projected_distance")), FAR_M, FARTHEST_M)
    return reasons


def highlight(moment: Moment, ledger: Ledger) -> str | None:
    """The highlight that this event makes, as JSON; ``None`` for the many that make none."""
    label = label_of(moment)
    return highlights.value(highlights.seen_s(moment), label, reasons_of(moment, ledger), TIMING_S[label])


STATS: Final = (
    Stat(
        "game.highlight", "text",
        "Where a clip begins and ends, its score, label, reasons (JSON): from swings of the odds, home runs, steals, catches that "
        "were hard to make and balls that were hit hard.",
        per="match", compute=highlight, of_account=True, on=ON, air="clips",
    ),
)  # fmt: skip
