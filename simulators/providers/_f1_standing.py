"""Place and gaps of a car by live timing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from simulators.providers._f1_merge import items, seconds


@dataclass
class Standing:
    """Place and gaps of a car as reported at one time; None what was not reported."""

    sent_us: int
    place: int | None
    gap_s: float | None
    interval_s: float | None
    laps_behind: int | None
    best_s: float | None

    def attrs(self) -> dict[str, Any]:
        """The reported values, as attrs of an event."""
        known = {
            "place": self.place,
            "gap_s": self.gap_s,
            "interval_s": self.interval_s,
            "laps_behind": self.laps_behind,
            "best_lap_s": self.best_s,
        }
        return {name: float(value) for name, value in known.items() if value is not None}


def standing(sent_us: int, line: dict[str, Any], race: bool) -> Standing:
    """Place and gaps by a whole line: on the track in a race, else by best laps (in a qualifying, for each part)."""
    place = line.get("Position")
    number = int(place) if isinstance(place, (str, int)) and str(place).isdigit() and 0 < int(place) < 100 else None
    best = line.get("BestLapTime")
    best_s = seconds(best.get("Value")) if isinstance(best, dict) else None
    behind = None
    if race:
        gap, ahead = line.get("GapToLeader"), line.get("IntervalToPositionAhead")
        interval = ahead.get("Value") if isinstance(ahead, dict) else ahead
        found = re.fullmatch(r"\+?(\d+) ?L(?:APS?)?", str(gap).strip().upper()) if gap else None
        behind = int(found[1]) if found else None
        best_s = None
    else:
        parts = [one for _, one in items(line.get("Stats")) if isinstance(one, dict) and one.get("TimeDiffToFastest")]
        part = parts[-1] if parts else line
        gap = part.get("TimeDiffToFastest")
        interval = part.get("TimeDiffToPositionAhead", part.get("TimeDifftoPositionAhead"))
    gap_s, interval_s = seconds(gap), seconds(interval)
    if number == 1 and (race or best_s is not None):
        gap_s, interval_s = 0.0, None
    gap_s = gap_s if gap_s is not None and gap_s >= 0 else None
    return Standing(sent_us, number, gap_s, interval_s if interval_s is not None and interval_s >= 0 else None, behind, best_s)
