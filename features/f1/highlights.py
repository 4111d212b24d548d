"""A race's highlights: the start, every pass for the lead, the safety car, the winner; then passes, undercuts, fastest laps, cars
off the track or out, as there is room."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from features.common import basis, highlights
from features.common.highlights import Offer, ramp
from features.core.event_context import EventContext
from features.core.sport import Stat
from features.f1.ledger import HIGHLIGHTS as BUDGET
from features.f1.ledger import Ledger, car_of, number, order_at, racing, whole
from features.f1.passing import fastest, passed_by, stopped
from features.f1.vocabulary import EVENT_TYPES

#: seconds before and after, by label
TIMING_S: Final = {
    "start": (4.0, 20.0), "overtake": (10.0, 4.0), "lead": (8.0, 4.0), "undercut": (14.0, 6.0), "fastest_lap": (8.0, 4.0),
    "safety_car": (6.0, 8.0), "red_flag": (6.0, 8.0), "off_track": (5.0, 7.0), "retirement": (8.0, 8.0), "finish": (8.0, 10.0),
    "disqualification": (4.0, 6.0), "slow_stop": (8.0, 4.0), "stop": (6.0, 6.0),
}  # fmt: skip
#: seconds that a stop stands still before it is slow, and before it is a disaster
SLOW_STOP_S: Final = (4.0, 9.0)
#: places on the podium
PODIUM: Final = 3


class Pass(NamedTuple):
    """``car`` is ahead of ``target`` now, in ``place``; ``fought``: on the track, and not while the other one stopped."""

    car: int
    target: int
    place: int
    fought: bool


class Seen(NamedTuple):
    """What an event shows: its label, the reasons with their strengths, whether it has to be shown, the place that it is about (0
    unknown) and the pass it reports."""

    label: str
    reasons: dict[str, float]
    must: bool = False
    place: int = 0
    passing: Pass | None = None


def prominence(place: int) -> float:
    """How much a place is watched: 1 for the lead, fading by a fifth a place."""
    return 0.8 ** (place - 1) if place > 0 else 0.3


def seen(event: EventContext, ledger: Ledger) -> Seen | None:
    """What this event shows, ``None`` for most; ``ledger`` is the account before it."""
    car = car_of(event, ledger)
    place = car.place if car is not None else 0
    kind = event.type
    if kind == "lights_out":
        return Seen("start", {"start": 0.8}, True)
    if kind == "track_status":
        word = str(event.attrs.get("status", ""))
        label = {"safety_car": "safety_car", "red": "red_flag"}.get(word)
        return Seen(label, {label: 0.6 if label == "safety_car" else 0.8}, True) if label is not None else None
    if kind == "finish":
        place = whole(event, "position")
        return Seen("finish", {"finish": 0.9 if place == 1 else 0.4}, place == 1, place) if 0 < place <= PODIUM else None
    if kind == "retirement":
        if event.outcome == "withdrawn":
            return None
        return Seen("retirement", {"retirement": 0.5 + 0.4 * prominence(place)}, True, place)
    if kind == "off_track":
        lost = 0.4 * ramp(number(event, "lost_s"), 1.0, 8.0)
        return Seen("off_track", {"off_track": 0.3 + 0.3 * prominence(place), "lost": lost}, False, place)
    if kind == "undercut" and event.outcome == "complete":
        return Seen("undercut", {"undercut": 0.3 + 0.4 * prominence(place)}, False, place)
    if kind == "pit_entry" and 0 < place <= 2 * PODIUM and racing(ledger):
        return Seen("stop", {"stop": 0.25 * prominence(place)}, False, place)
    if kind == "pit_exit":
        slow = 0.7 * ramp(number(event, "stationary_s"), *SLOW_STOP_S)
        return Seen("slow_stop", {"slow_stop": slow}, False, place) if slow > 0.0 else None
    if kind == "disqualification":
        return Seen("disqualification", {"disqualification": 0.6}, True, place)
    found = passing(event, ledger)
    if found is not None:
        return _pass(found)
    if kind == "loop" and fastest(event, ledger):
        gone = whole(event, "lap") / ledger.laps if ledger.laps else 0.0
        return Seen("fastest_lap", {"fastest_lap": 0.03 + 0.3 * min(gone, 1.0) ** 2}, False, place)
    return None


def passing(event: EventContext, ledger: Ledger) -> Pass | None:
    """The change of places that this event reports: as the feed says it, as the ends of sectors do, or by a stop of the
    leader's."""
    car = car_of(event, ledger)
    if car is None:
        return None
    if event.type == "overtake_attempt":
        target = event.roster.index.get(str(event.attrs.get("target", "")), -1) if event.roster is not None else -1
        if event.outcome != "complete" or not 0 <= target < len(ledger.cars):
            return None
        return Pass(event.player, target, ledger.cars[target].place or car.place, True)
    if event.type != "loop":
        return None
    by = passed_by(event, ledger)
    if by >= 0:
        return Pass(by, event.player, car.place, True)
    leader = ledger.leader
    if not whole(event, "sector") or leader in (-1, event.player) or ledger.cars[leader].out or not racing(ledger):
        return None
    first = order_at(ledger, event.player, whole(event, "lap"), whole(event, "loop"), event.t_s)[0] == 1
    return Pass(event.player, leader, 1, False) if first and stopped(ledger.cars[leader], car.sector_s) else None


def _pass(found: Pass) -> Seen:
    """A pass on the track by the place that was fought for; for the lead it has to be shown. One who leads because the other
    stopped has not passed anybody."""
    if found.fought:
        reasons = {"overtake": 0.05 + 0.6 * prominence(found.place), "lead": 0.6 if found.place == 1 else 0.0}
        return Seen("overtake", reasons, found.place == 1, found.place, found)
    return Seen("lead", {"lead": 0.4 if found.place == 1 else 0.0}, False, found.place, found)


def basis_of(event: EventContext, what: Seen) -> list[dict[str, Any]]:
    """The event, and the places that it is about."""
    found = [basis.of_event(event)]
    if what.passing is not None and event.roster is not None:
        ids = event.roster.ids
        found.append(basis.of_stat("f1.car.position", ids[what.passing.car], float(what.passing.place), "place"))
        found.append({"passed": ids[what.passing.target]})
    elif what.place and event.player >= 0:
        found.append(basis.of_stat("f1.car.position", basis.player_of(event), float(what.place), "place"))
    return found


def offer_of(event: EventContext, ledger: Ledger) -> Offer | None:
    """The highlight that this event could make; ``ledger`` is the account before it."""
    what = seen(event, ledger)
    if what is None or not any(strength > 0.0 for strength in what.reasons.values()):
        return None
    return Offer(what.label, what.reasons, what.must, event.t_s, TIMING_S[what.label], lambda: basis_of(event, what))


def highlight(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The highlight that this event makes; ``None`` for the many that make none."""
    return highlights.value(offer_of(event, ledger), ledger.shown, BUDGET, event.t_s)


STATS: Final = (
    Stat(
        "game.highlight",
        "object",
        "Where a clip begins and ends, its score, label, reasons and basis: the start, every pass for the lead, the "
        "safety car, who is out and the winner, and the best of the passes and undercuts by the place that was fought "
        "for, fastest laps and stops, as many as a race has room for.",
        per="match",
        compute=highlight,
        depends_on_ledger=True,
        on=tuple(sorted(EVENT_TYPES)),
        on_screen_name="clips",
    ),
)
