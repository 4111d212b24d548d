"""Commentary of a race: at most one sentence per event. The start, the lead, the safety car, retirements and the winner always go
on air."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Localised, Number, Sentence
from features.core.event_context import EventContext
from features.core.frames import Roster
from features.core.sport import Stat
from features.f1.highlights import SLOW_STOP_S, Seen, basis_of, prominence, seen
from features.f1.ledger import SENTENCES, Car, Ledger, at_line, car_of, lap_time_s, number, order_at, racing, whole
from features.f1.templates import TEMPLATES
from features.f1.vocabulary import EVENT_TYPES

#: places that are worth a sentence when they change hands
COMMENTARY_PLACES: Final = 10
#: as close as this to the car ahead is a fight, s; the gap of the second goes on air every so many laps
FIGHT_S: Final = 1.0
EVERY_LAPS: Final = 10

Fields = dict[str, str | Localised]


def offers_of(event: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could go on air; ``ledger`` is the account before it."""
    roster = event.roster
    return list(_offers(event, ledger, roster)) if roster is not None else []


def render(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when no sentence goes on air."""
    return commentary.value(TEMPLATES, offers_of(event, ledger), ledger.said, SENTENCES, event.t_s)


def _offers(event: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    car, kind, source = car_of(event, ledger), event.type, basis.of_event(event)
    what = seen(event, ledger)
    if kind == "lights_out" and whole(event, "laps"):
        yield Sentence("lights_out", {"laps": Number(whole(event, "laps"))}, 0.8, [source], True)
    if kind == "track_status" and what is not None:
        yield Sentence(str(event.attrs["status"]), {}, 0.8, [source], True)
    if car is None:
        return
    fields: Fields = {
        "player": roster.names[event.player],
        "team": roster.team_names[int(roster.team[event.player])] if roster.team[event.player] >= 0 else "",
    }
    if what is not None:
        yield from _seen(event, ledger, roster, fields, what)
    if kind == "undercut" and event.outcome == "complete":
        target = roster.index.get(str(event.attrs.get("target", "")), -1)
        if target >= 0:
            yield Sentence("undercut", {**fields, "target": roster.names[target]}, 0.35 + 0.4 * prominence(car.place), [source])
    if kind == "loop" and at_line(event, ledger):
        yield from _line(event, ledger, roster, fields, car)


def _seen(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields, what: Seen) -> Iterator[Sentence]:
    """What a highlight would show, in words."""
    rests, watched = basis_of(event, what), prominence(what.place)
    if what.passing is not None:
        names = roster.names
        values: Fields = {
            **fields,
            "player": names[what.passing.car],
            "target": names[what.passing.target],
            "place": Number(what.place),
        }
        if what.label == "lead":
            if what.place == 1:
                yield Sentence("lead", values, 0.6, rests)
        elif what.place == 1:
            yield Sentence("overtake_lead", values, 0.95, rests, True)
        elif what.place <= COMMENTARY_PLACES:
            yield Sentence("overtake", values, 0.1 + 0.6 * watched, rests)
    elif what.label == "finish":
        key = "winner" if what.place == 1 else "podium"
        yield Sentence(key, {**fields, "place": Number(what.place)}, 0.9 if what.place == 1 else 0.5, rests, what.place == 1)
    elif what.label == "retirement":
        key = "retirement_from" if what.place else "retirement"
        yield Sentence(key, {**fields, "place": Number(what.place)}, 0.5 + 0.3 * watched, rests, True)
    elif what.label == "disqualification":
        yield Sentence("disqualification", fields, 0.7, rests, True)
    elif what.label == "off_track":
        yield Sentence("off_track", fields, 0.3 + 0.3 * watched, rests)
    elif what.label == "stop":
        n = ledger.cars[event.player].stops + 1
        if n > 0:
            yield Sentence("stop", {**fields, "place": Number(what.place), "n": Number(n)}, 0.2 + 0.3 * watched, rests)
    elif what.label == "slow_stop" and number(event, "stationary_s") > SLOW_STOP_S[0]:
        yield Sentence("slow_stop", {**fields, "time": Number(number(event, "stationary_s"), 1)}, 0.5, rests)
    elif what.label == "fastest_lap":
        lap_s = lap_time_s(event, ledger.cars[event.player])
        gone = whole(event, "lap") / ledger.laps if ledger.laps else 0.0
        time = [*rests, basis.of_stat("f1.car.lap_time", basis.player_of(event), lap_s, "s")]
        yield Sentence("fastest_lap", {**fields, "time": Number(lap_s, 3)}, 0.2 + 0.3 * min(gone, 1.0), time)


def _line(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields, car: Car) -> Iterator[Sentence]:
    """How close it is at the line: the gap of the second, now and then, and a car that has come within a second of the next."""
    lap = whole(event, "lap")
    place, _, interval_s, ahead = order_at(ledger, event.player, lap, whole(event, "loop"), event.t_s)
    if ahead < 0 or lap < 3 or ledger.status or not racing(ledger):
        return
    values: Fields = {**fields, "target": roster.names[ahead], "gap": Number(interval_s, 1), "place": Number(place)}
    rests = [basis.of_event(event), basis.of_stat("f1.car.interval", basis.player_of(event), interval_s, "s")]
    if place == 2 and lap % EVERY_LAPS == 0:
        yield Sentence("gap", {**values, "lap": Number(lap)}, 0.3, rests)
    # a lap ago at the line it was farther behind the same car
    if interval_s < FIGHT_S <= car.line_interval_s and ahead == car.line_ahead and place <= COMMENTARY_PLACES:
        yield Sentence("fight", values, 0.25 + 0.35 * prominence(place - 1), rests)


def update_line(event: EventContext, ledger: Ledger) -> None:
    """The interval at the line, for the next lap."""
    car = car_of(event, ledger)
    if car is not None and at_line(event, ledger):
        lap, loop = whole(event, "lap"), whole(event, "loop")
        _, _, car.line_interval_s, car.line_ahead = order_at(ledger, event.player, lap, loop, event.t_s)


STATS: Final = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: the start, the lead, the safety car and "
        "the winner, and what else is worth saying, as much as a race has room for.",
        per="match",
        compute=render,
        depends_on_ledger=True,
        on=tuple(sorted(EVENT_TYPES)),
        on_screen_name="commentary, subtitles",
    ),
)
