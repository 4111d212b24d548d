"""What a race tells: at most one sentence per event."""

from __future__ import annotations

from typing import Final

from features import story
from features.f1.highlights import SLOW_STOP_S
from features.f1.ledger import Ledger, car_of, lap_time_s, number, whole
from features.f1.passing import fastest, passed_by
from features.f1.phrases import PHRASES
from features.f1.vocabulary import EVENT_TYPES
from features.moments import Moment
from features.sport import Stat
from features.story import Line, Number, Spoken

#: places that are worth a sentence when they change hands
TOLD_PLACES: Final = 10


def line_of(moment: Moment, ledger: Ledger) -> Line | None:
    """Key and values of the phrase, if there is one; ``ledger`` is the account before the event."""
    roster, car, kind = moment.roster, car_of(moment, ledger), moment.type
    if kind == "lights_out":
        return ("lights_out", {"laps": Number(whole(moment, "laps"))}) if whole(moment, "laps") else None
    if kind == "track_status":
        word = str(moment.attrs.get("status", ""))
        return (word, {}) if word in ("safety_car", "red") else None
    if roster is None or car is None:
        return None
    who: dict[str, str | Spoken] = {
        "player": roster.names[moment.player],
        "team": roster.team_names[int(roster.team[moment.player])] if roster.team[moment.player] >= 0 else "",
    }
    target = roster.index.get(str(moment.attrs.get("target", "")), -1)
    if kind == "overtake_attempt" and moment.outcome == "complete" and target >= 0:
        place = ledger.cars[target].place
        who["target"] = roster.names[target]
        if place == 1:
            return "overtake_lead", who
        return ("overtake", {**who, "place": Number(place)}) if 0 < place <= TOLD_PLACES else None
    if kind == "undercut" and moment.outcome == "complete" and target >= 0:
        return "undercut", {**who, "target": roster.names[target]}
    if kind == "loop":
        by = passed_by(moment, ledger)
        if by >= 0:
            who = {"player": roster.names[by], "target": roster.names[moment.player]}
            return ("overtake_lead", who) if car.place == 1 else ("overtake", {**who, "place": Number(car.place)})
        return ("fastest_lap", {**who, "time": Number(lap_time_s(moment, car), 3)}) if fastest(moment, ledger) else None
    if kind == "pit_exit" and number(moment, "stationary_s") > SLOW_STOP_S[0]:
        return "slow_stop", {**who, "time": Number(number(moment, "stationary_s"), 1)}
    if kind in ("off_track", "retirement", "disqualification") and moment.outcome != "withdrawn":
        return kind, who
    return ("winner", who) if kind == "finish" and number(moment, "position") == 1 else None


def tell(moment: Moment, ledger: Ledger) -> str | None:
    """The sentence in every language, as JSON; ``None`` when there is nothing to say."""
    return story.value(PHRASES, line_of(moment, ledger))


STATS: Final = (
    Stat(
        "game.story", "text", "One sentence in en, de, ru and es (JSON by language) when something worth telling happened.",
        per="match", compute=tell, of_account=True, on=tuple(sorted(EVENT_TYPES)), air="commentary, subtitles",
    ),
)  # fmt: skip
