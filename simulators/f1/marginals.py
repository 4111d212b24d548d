"""The facts of simulated races from which marginals are computed (``models.marginals.f1`` describes each column), and why a
figure is not that of real races where it is not."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulators.f1.game import FULL_LAPS
from simulators.f1.loops import SAFETY_OFF, SAFETY_ON
from simulators.f1.race import Race, pit_times

GAMES: Final = 60


def facts(seed: int, games: int = GAMES, laps: int = FULL_LAPS) -> dict[str, Any]:
    """Of ``games`` races with seeds ``seed``, ``seed + 1``, ..., at the level of their timing loops."""
    rows: dict[str, list[Any]] = {name: [] for name in ("race", "car", "lap", "end_s", "time_s", "stop", "green", "lane_s")}
    started, out = [], []
    for number in range(seed, seed + games):
        race = Race(number, laps)
        end = race.t[:, race.loops :: race.loops]
        start = race.t[:, : -1 : race.loops]
        car, lap = np.nonzero(np.isfinite(end))
        stops = np.isfinite(race.standing.T)
        after = np.zeros_like(stops)
        after[:, 1:] = stops[:, :-1]
        neutral = np.zeros(end.shape, np.bool_)
        on = [row[4] for row in race.events if row[0] == SAFETY_ON]
        off = [row[4] for row in race.events if row[0] == SAFETY_OFF]
        for a, b in zip(on, [*off, np.inf][: len(on)], strict=True):
            neutral |= (start < b) & (end > a)
        rows["race"].append(np.full(len(car), number - seed))
        rows["car"].append(car)
        rows["lap"].append(lap + 1.0)
        rows["end_s"].append(end[car, lap])
        rows["time_s"].append((end - np.where(np.isfinite(start), start, 0.0))[car, lap])
        rows["stop"].append((stops | after)[car, lap])
        rows["green"].append(~neutral[car, lap])
        rows["lane_s"].append(race.standing[np.isfinite(race.standing)] + sum(pit_times(race.track)))
        started.append(race.cars)
        out.append(int(np.sum(~np.isfinite(race.t[:, -1]))))
    return {name: np.concatenate(parts) for name, parts in rows.items()} | {"started": np.array(started), "out": np.array(out)}


_TEAMS: Final = "teams of this simulator are half as far apart as real ones: in a wider field the win model misses its target"
_TRAINS: Final = "so close a field drives in trains at 0.4 s, where real drivers keep more distance"
_PASSES: Final = "a pass at such a gap is likelier here than on a real circuit; f1-overtake learns it"
_TYRES: Final = "tyres last longer here, and most cars stop once"
_RARE: Final = "cars drop out and safety cars come less often than in 2023 and 2024"

#: figure -> why it is not that of real races
EXPLAINED: Final[dict[str, str]] = {
    "between drivers of a race, % of the lap": _TEAMS,
    "fastest to slowest driver, % of the lap": _TEAMS,
    "overtakes a race": _TRAINS,
    "cars within 3 s of the next, a lap": _TRAINS,
    "ahead a lap later, gap, 0.5 to 1 s": _PASSES,
    "ahead a lap later, gap, 1 to 1.5 s": _PASSES,
    "ahead a lap later, gap, 1.5 to 3 s": _PASSES,
    "stops a car": _TYRES,
    "retirements a race": _RARE,
    "laps that are not green": _RARE,
}
