"""Where a race ends for each car: its first crossing of the line at or after the winner's."""

from __future__ import annotations

from simulators.providers._f1_live_laps import JITTER_US, SECTORS, End
from simulators.providers._f1_state import Race


def finishes(race: Race, ends: dict[str, list[End]]) -> dict[str, End]:
    """The last end of a lap of every car that saw the flag; none where there is no race, or the recording ends before the flag.

    The winner is the first car to end the race's last lap; where the number of laps is not known, or the race was cut short, the
    first car to cross the line when the flag is reported. Lapped cars finish with the winner; a car that is out does not finish.
    """
    if race.kind != "race":
        return {}
    lines = {
        key: [end for end in mine if end.sector == SECTORS - 1] for key, mine in ends.items() if race.lines[key].retired_us is None
    }
    crossings = [end for mine in lines.values() for end in mine]
    flag_us = min((end.at_us for end in crossings if race.race_laps and end.lap >= race.race_laps), default=None)
    if flag_us is None and race.flag_us is not None:
        shown_us = race.flag_us - 2 * JITTER_US
        flag_us = min((end.at_us for end in crossings if end.sent_us >= shown_us), default=None)
    if flag_us is None:
        return {}
    found = {}
    for key, mine in lines.items():
        over = next((end for end in mine if end.at_us >= flag_us), None)
        if over is not None:
            found[key] = over
    return found
