"""A race's highlights: starts, passes, undercuts, fastest laps, the safety car, cars off the track or out, the finish."""

from __future__ import annotations

from typing import Final

from features import highlights
from features.f1.ledger import Ledger, car_of, number, whole
from features.f1.passing import fastest, passed_by
from features.f1.vocabulary import EVENT_TYPES
from features.highlights import ramp
from features.moments import Moment
from features.sport import Stat

#: seconds before and after, by label
TIMING_S: Final = {
    "start": (4.0, 20.0), "overtake": (10.0, 4.0), "undercut": (14.0, 6.0), "fastest_lap": (8.0, 4.0), "safety_car": (6.0, 8.0),
    "red_flag": (6.0, 8.0), "lead": (12.0, 4.0), "disqualification": (4.0, 6.0), "off_track": (5.0, 7.0), "retirement": (8.0, 8.0), "finish": (8.0, 10.0), "slow_stop": (8.0, 4.0),
}  # fmt: skip
#: seconds that a stop stands still before it is slow, and before it is a disaster
SLOW_STOP_S: Final = (4.0, 9.0)


def prominence(place: int) -> float:
    """How much a place is watched: 1 for the lead, fading by a fifth a place."""
    return 0.8 ** (place - 1) if place > 0 else 0.3


def reasons_of(moment: Moment, ledger: Ledger) -> tuple[str, dict[str, float]]:
    """Label and reasons with their strengths; ``ledger`` is the account before the event."""
    car = car_of(moment, ledger)
    place = car.place if car is not None else 0
    kind = moment.type
    if kind == "lights_out":
        return "start", {"start": 0.8}
    if kind == "overtake_attempt" and moment.outcome == "complete":
        target = moment.attrs.get("target")
        ahead = moment.roster.index.get(str(target), -1) if moment.roster is not None else -1
        fought = ledger.cars[ahead].place if 0 <= ahead < len(ledger.cars) else place
        return "overtake", {"overtake": 0.35 + 0.5 * prominence(max(fought, 1)), "lead": 0.6 if fought == 1 else 0.0}
    if kind == "undercut" and moment.outcome == "complete":
        return "undercut", {"undercut": 0.3 + 0.4 * prominence(place)}
    if kind == "loop" and car is not None:
        by = passed_by(moment, ledger)
        if by >= 0:
            label = "lead" if place == 1 and whole(moment, "lap") == 1 else "overtake"
            return label, {"overtake": 0.35 + 0.5 * prominence(place), "lead": 0.6 if place == 1 else 0.0}
        if fastest(moment, ledger):
            return "fastest_lap", {"fastest_lap": 0.35}
    elif kind == "track_status" and moment.attrs.get("status") == "safety_car":
        return "safety_car", {"safety_car": 0.6}
    elif kind == "track_status" and moment.attrs.get("status") == "red":
        return "red_flag", {"red_flag": 0.8}
    elif kind == "off_track":
        return "off_track", {"off_track": 0.3 + 0.3 * prominence(place), "lost": 0.4 * ramp(number(moment, "lost_s"), 1.0, 8.0)}
    elif kind == "retirement" and moment.outcome != "withdrawn":
        return "retirement", {"retirement": 0.5 + 0.4 * prominence(place)}
    elif kind == "pit_exit":
        return "slow_stop", {"slow_stop": 0.7 * ramp(number(moment, "stationary_s"), *SLOW_STOP_S)}
    elif kind == "disqualification":
        return "disqualification", {"disqualification": 0.6}
    elif kind == "finish" and number(moment, "position") <= 3:
        return "finish", {"finish": 0.9 if number(moment, "position") == 1 else 0.4}
    return "", {}


def highlight(moment: Moment, ledger: Ledger) -> str | None:
    """The highlight that this event makes, as JSON; ``None`` for the many that make none."""
    label, reasons = reasons_of(moment, ledger)
    return highlights.value(moment.t_s, label, reasons, TIMING_S[label]) if label else None


STATS: Final = (
    Stat(
        "game.highlight", "text",
        "Where a clip begins and ends, its score, label, reasons (JSON): from passes and undercuts by the "
        "place that was fought for, starts, fastest laps, neutralisations, retirements and the finish.",
        per="match", compute=highlight, of_account=True, on=tuple(sorted(EVENT_TYPES)), air="clips",
    ),
)  # fmt: skip
