"""What timing and race control report of a race: its events, with their arrival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from features.f1.vocabulary import COMPOUNDS
from simulators.f1.loops import ATTEMPT, OFF, OUT, SAFETY_OFF, SAFETY_ON, UNDERCUT
from simulators.f1.motion import Motion
from simulators.f1.race import Race, pit_times
from simulators.f1.track import SECTOR_ENDS
from streaming.wire.records import Event, GameRecord

#: how long a loop's message takes, and one of race control, us
LOOP_DELAY_US: Final = 120_000
CONTROL_DELAY_US: Final = 900_000
#: a start is reported when the car has passed 200 km/h, s later
START_REPORT_S: Final = 0.5


def reports(race: Race, record: GameRecord, t0_us: int, lights_s: float) -> Iterator[Event]:
    """Everything but the corners, in no particular order."""
    loops, cars = race.loops, record.entities

    def event(
        kind: str, name: str, t_s: float, car: int = -1, delay_us: int = LOOP_DELAY_US, outcome: str = "", **attrs: Any
    ) -> Event:
        at = t0_us + round((lights_s + t_s) * 1e6)
        who = cars[car] if car >= 0 else None
        return Event(
            id=f"{kind}-{name}",
            game=record.game,
            type=kind,
            t_us=at,
            period=1,
            team=who.team if who else None,
            player=who.id if who else None,
            outcome=outcome,
            attrs=attrs,
            arrival_us=at + delay_us,
        )

    to_line, _ = pit_times(race.track)
    yield event(
        "lights_out", "0", 0.0, laps=float(race.laps), loops=float(loops), pit_loss_s=race.pit_loss_s, off_track=True, passes=True
    )
    for n in range(race.cars):
        motion, ident = Motion(race, n), cars[n].id
        yield event("tyres", f"00-{ident}", -lights_s + 0.5, n, compound=COMPOUNDS[int(race.history[0, n, 1])], age_laps=0.0)
        moments = np.arange(0.0, 25.0, 0.05)
        fast = np.flatnonzero(motion.at(moments)[1] >= 200.0 / 3.6)
        if len(fast):
            yield event("start", ident, float(moments[fast[0]]) + START_REPORT_S, n)
        for g in range(1, motion.last + 1):
            lap, loop = (g - 1) // loops + 1, (g - 1) % loops + 1
            sector: dict[str, Any] = {"sector": float(SECTOR_ENDS.index(loop) + 1)} if loop in SECTOR_ENDS else {}
            name = f"{lap:02d}-{loop:02d}-{ident}"
            yield event("loop", name, float(motion.times[g]), n, lap=float(lap), loop=float(loop), **sector)
        for stop, g in enumerate(sorted(motion.stops), 1):
            entry, leave = motion.pit_span(g)
            lap = g // loops
            still = float(motion.times[g + 1] - motion.times[g]) - to_line
            yield event("pit_entry", f"{stop}-{ident}", entry, n)
            yield event("pit_exit", f"{stop}-{ident}", leave, n, lane_s=round(leave - entry, 3), stationary_s=round(still, 3))
            fitted = COMPOUNDS[int(race.history[lap + 1, n, 1])]
            yield event("tyres", f"{stop:02d}-{ident}", leave, n, compound=fitted, age_laps=0.0)
    order = np.argsort(race.t[:, -1], kind="stable")
    for place, n in enumerate(order.tolist(), 1):
        if np.isfinite(race.t[n, -1]):
            yield event("finish", cars[n].id, float(race.t[n, -1]), n, position=float(place))
    for k, row in enumerate(race.events):
        kind, g, n, other = (int(v) for v in row[:4])
        t_s, p = float(row[4]), float(row[5])
        result = "complete" if row[6] else "incomplete"
        if kind == ATTEMPT and np.isfinite(race.t[n, g]) and np.isfinite(race.t[other, g]):
            yield event(
                "overtake_attempt",
                f"{k:05d}",
                float(race.t[n, g]),
                n,
                200_000,
                result,
                target=cars[other].id,
                true_probability=p,
                began_s=round(lights_s + t_s, 6),
            )
        elif kind == UNDERCUT:
            yield event("undercut", f"{k:05d}", t_s, n, 200_000, result, target=cars[other].id, true_probability=p)
        elif kind == OFF:
            yield event("off_track", f"{k:05d}", t_s, n, CONTROL_DELAY_US, lost_s=round(float(row[7]), 3))
        elif kind == OUT:
            yield event("retirement", f"{k:05d}", t_s, n, CONTROL_DELAY_US)
        elif kind in (SAFETY_ON, SAFETY_OFF):
            word = "safety_car" if kind == SAFETY_ON else "clear"
            yield event("track_status", f"{k:05d}", t_s, -1, CONTROL_DELAY_US, status=word)
