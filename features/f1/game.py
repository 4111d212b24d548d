"""The chance of each car to win, from what the loops say: gaps, pace, tyres and stops, and how far it still is."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from features.core.frames import Floats, Ints
from features.core.sport import Stat
from features.f1.ledger import Ledger, of_a_race, pace_s
from features.f1.pace_model import PaceModel
from features.f1.vocabulary import SAFETY_CAR

#: (name, unit, label) in the model's order
WIN_FEATURES: Final = (
    ("laps_left", "laps", "laps to go"),
    ("place", "place", "place"),
    ("lead_s", "s", "lead, or gap to the leader"),
    ("margin_s", "s", "projected margin at the flag to the best other car"),
    ("projected_place", "place", "projected place at the flag"),
    ("margin_a_lap_s", "s", "that margin for each lap to go"),
    ("second_margin_s", "s", "projected margin to the second best other car"),
    ("pace_s", "s", "own pace against the fastest other car's, a lap"),
    ("stops", "count", "stops made"),
    ("stops_of_rival", "count", "stops of the best other car by projection"),
    ("tyre_age", "laps", "age of its tyres"),
    ("compound", "count", "compound, softest 0"),
    ("age_of_rival", "laps", "age of that car's tyres"),
    ("neutralised", "count", "behind the safety car"),
)
#: beyond this everything is far, s
FAR_S: Final = 120.0


class Standing(NamedTuple):
    """The cars of a race at one instant, (N,) each, NaN where unknown; ``running`` are the rows of those still in it."""

    laps_done: Floats
    #: to the leader
    gap_s: Floats
    #: see ``ledger.pace_s``
    pace_s: Floats
    stops: Floats
    #: of the tyres
    age_laps: Floats
    compound: Floats
    running: Ints


def win_rows(laps: int, cars: Standing, *, neutralised: bool, model: PaceModel, pit_loss_s: float) -> Floats:
    """(N, F) :data:`WIN_FEATURES` in a race of so many laps; the rows of cars that are out of it are NaN.

    A car's projection is its gap, its pace over the laps to go, what its tyres will cost, and the stop that it still owes.
    """
    lap, gap, pace, stops, age, compound, running = cars
    rows = np.full((len(lap), len(WIN_FEATURES)), np.nan)
    if len(running) < 2 or laps <= 0:
        return rows
    known = pace[running]
    usual = float(np.nanmedian(known)) if np.isfinite(known).any() else 0.0
    projected = np.full(len(lap), np.inf)
    for i in running.tolist():
        left, soft = float(laps - lap[i]), int(compound[i]) if compound[i] >= 0 else 1
        own = pace[i] if np.isfinite(pace[i]) else usual
        old = age[i] if np.isfinite(age[i]) else 0.0
        projected[i] = (
            gap[i] + (own - usual) * left + model.ahead_s(left, soft, old, owed=bool(stops[i] == 0), pit_loss_s=pit_loss_s)
        )
    by_flag = running[np.argsort(projected[running], kind="stable")]
    by_road = running[np.argsort(gap[running], kind="stable")]
    leads = float(gap[by_road[1]] - gap[by_road[0]])
    for i in running.tolist():
        rival = by_flag[1] if i == by_flag[0] else by_flag[0]
        third = by_flag[min(2, len(by_flag) - 1)] if i in by_flag[:2].tolist() else by_flag[1]
        others = pace[running[running != i]]
        others = others[np.isfinite(others)]
        lead = leads if i == by_road[0] else gap[by_road[0]] - gap[i]
        margin = min(max(projected[rival] - projected[i], -FAR_S), FAR_S)
        rows[i] = (
            laps - lap[i],
            1 + int(np.flatnonzero(by_road == i)[0]),
            min(max(lead, -FAR_S), FAR_S),
            margin,
            1 + int(np.flatnonzero(by_flag == i)[0]),
            margin / max(laps - lap[i], 0.5),
            min(max(projected[third] - projected[i], -FAR_S), FAR_S),
            pace[i] - others.min() if len(others) else np.nan,
            stops[i],
            stops[rival],
            age[i],
            compound[i],
            age[rival],
            float(neutralised),
        )
    return rows


def win_features(ledger: Ledger, t_s: float) -> Floats:
    """(N, F) from the account."""
    cars = ledger.cars
    lap, gap, pace, stops, age, compound = (
        np.array(column, np.float64)
        for column in (
            [car.line_lap for car in cars],
            [car.gap_s for car in cars],
            [pace_s(ledger.pace, car.clean) for car in cars],
            [car.stops if car.stops >= 0 else np.nan for car in cars],
            [car.age_laps for car in cars],
            [car.compound for car in cars],
        )
    )
    running = np.array([n for n, car in enumerate(cars) if car.place and not car.out and car.gap_s == car.gap_s], np.int64)
    neutral = ledger.status >= SAFETY_CAR
    cars_now = Standing(lap, gap, pace, stops, age, compound, running)
    return win_rows(ledger.laps, cars_now, neutralised=neutral, model=ledger.pace, pit_loss_s=ledger.pit_loss_s)


STATS: Final = (
    Stat(
        "f1.race.win_probability",
        "0..1",
        "chance of each car to win, from gaps, pace, tyres, stops and laps to go; those of one moment sum to 1",
        "player",
        of_a_race(win_features),
        every_s=5.0,
        ticks=True,
        ledger_only=True,
        normalise=True,
        model="f1-win-probability",
        on_screen_name="Win Probability",
    ),
)
