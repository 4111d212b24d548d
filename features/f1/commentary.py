"""What a race tells: at most one sentence per event. The start, the lead, the safety car, who is out and who wins are always
told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Number, Sentence, Spoken
from features.core.event_context import EventContext
from features.core.frames import Roster
from features.core.sport import Stat
from features.f1.highlights import SLOW_STOP_S, Seen, basis_of, prominence, seen
from features.f1.ledger import SENTENCES, Car, Ledger, at_line, car_of, lap_time_s, number, order_at, racing, whole
from features.f1.templates import PHRASES
from features.f1.vocabulary import EVENT_TYPES

#: places that are worth a sentence when they change hands
TOLD_PLACES: Final = 10
#: as close as this to the car ahead is a fight, s; the gap of the second is told every so many laps
FIGHT_S: Final = 1.0
EVERY_LAPS: Final = 10

Who = dict[str, str | Spoken]


def offers_of(moment: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could be said; ``ledger`` is the account before it."""
    roster = moment.roster
    return list(_offers(moment, ledger, roster)) if roster is not None else []


def tell(moment: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when there is nothing to say."""
    return commentary.value(PHRASES, offers_of(moment, ledger), ledger.said, SENTENCES, moment.t_s)


def _offers(moment: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    car, kind, event = car_of(moment, ledger), moment.type, basis.of_event(moment)
    what = seen(moment, ledger)
    if kind == "lights_out" and whole(moment, "laps"):
        yield Sentence("lights_out", {"laps": Number(whole(moment, "laps"))}, 0.8, [event], True)
    if kind == "track_status" and what is not None:
        yield Sentence(str(moment.attrs["status"]), {}, 0.8, [event], True)
    if car is None:
        return
    who: Who = {
        "player": roster.names[moment.player],
        "team": roster.team_names[int(roster.team[moment.player])] if roster.team[moment.player] >= 0 else "",
    }
    if what is not None:
        yield from _seen(moment, ledger, roster, who, what)
    if kind == "undercut" and moment.outcome == "complete":
        target = roster.index.get(str(moment.attrs.get("target", "")), -1)
        if target >= 0:
            yield Sentence("undercut", {**who, "target": roster.names[target]}, 0.35 + 0.4 * prominence(car.place), [event])
    if kind == "loop" and at_line(moment, ledger):
        yield from _line(moment, ledger, roster, who, car)


def _seen(moment: EventContext, ledger: Ledger, roster: Roster, who: Who, what: Seen) -> Iterator[Sentence]:
    """What a highlight would show, in words."""
    rests, watched = basis_of(moment, what), prominence(what.place)
    if what.passing is not None:
        names = roster.names
        values: Who = {
            **who,
            "player": names[what.passing.car],
            "target": names[what.passing.target],
            "place": Number(what.place),
        }
        if what.label == "lead":
            if what.place == 1:
                yield Sentence("lead", values, 0.6, rests)
        elif what.place == 1:
            yield Sentence("overtake_lead", values, 0.95, rests, True)
        elif what.place <= TOLD_PLACES:
            yield Sentence("overtake", values, 0.1 + 0.6 * watched, rests)
    elif what.label == "finish":
        key = "winner" if what.place == 1 else "podium"
        yield Sentence(key, {**who, "place": Number(what.place)}, 0.9 if what.place == 1 else 0.5, rests, what.place == 1)
    elif what.label == "retirement":
        key = "retirement_from" if what.place else "retirement"
        yield Sentence(key, {**who, "place": Number(what.place)}, 0.5 + 0.3 * watched, rests, True)
    elif what.label == "disqualification":
        yield Sentence("disqualification", who, 0.7, rests, True)
    elif what.label == "off_track":
        yield Sentence("off_track", who, 0.3 + 0.3 * watched, rests)
    elif what.label == "stop":
        n = ledger.cars[moment.player].stops + 1
        if n > 0:
            yield Sentence("stop", {**who, "place": Number(what.place), "n": Number(n)}, 0.2 + 0.3 * watched, rests)
    elif what.label == "slow_stop" and number(moment, "stationary_s") > SLOW_STOP_S[0]:
        yield Sentence("slow_stop", {**who, "time": Number(number(moment, "stationary_s"), 1)}, 0.5, rests)
    elif what.label == "fastest_lap":
        lap_s = lap_time_s(moment, ledger.cars[moment.player])
        gone = whole(moment, "lap") / ledger.laps if ledger.laps else 0.0
        time = [*rests, basis.of_stat("f1.car.lap_time", basis.player_of(moment), lap_s, "s")]
        yield Sentence("fastest_lap", {**who, "time": Number(lap_s, 3)}, 0.2 + 0.3 * min(gone, 1.0), time)


def _line(moment: EventContext, ledger: Ledger, roster: Roster, who: Who, car: Car) -> Iterator[Sentence]:
    """How close it is at the line: the gap of the second, now and then, and a car that has come within a second of the next."""
    lap = whole(moment, "lap")
    place, _, interval_s, ahead = order_at(ledger, moment.player, lap, whole(moment, "loop"), moment.t_s)
    if ahead < 0 or lap < 3 or ledger.status or not racing(ledger):
        return
    values: Who = {**who, "target": roster.names[ahead], "gap": Number(interval_s, 1), "place": Number(place)}
    rests = [basis.of_event(moment), basis.of_stat("f1.car.interval", basis.player_of(moment), interval_s, "s")]
    if place == 2 and lap % EVERY_LAPS == 0:
        yield Sentence("gap", {**values, "lap": Number(lap)}, 0.3, rests)
    # a lap ago at the line it was farther behind the same car
    if interval_s < FIGHT_S <= car.line_interval_s and ahead == car.line_ahead and place <= TOLD_PLACES:
        yield Sentence("fight", values, 0.25 + 0.35 * prominence(place - 1), rests)


def keep_line(moment: EventContext, ledger: Ledger) -> None:
    """The interval at the line, for the next lap."""
    car = car_of(moment, ledger)
    if car is not None and at_line(moment, ledger):
        lap, loop = whole(moment, "lap"), whole(moment, "loop")
        _, _, car.line_interval_s, car.line_ahead = order_at(ledger, moment.player, lap, loop, moment.t_s)


STATS: Final = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: the start, the lead, the safety car and "
        "the winner, and what else is worth saying, as much as a race has room for.",
        per="match",
        compute=tell,
        depends_on_ledger=True,
        on=tuple(sorted(EVENT_TYPES)),
        on_screen_name="commentary, subtitles",
    ),
)
