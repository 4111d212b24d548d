"""The running account of a race, folded from its events in their order: what each car last passed and when, its bests, its tyres.

A car's *place* in the account is what the loops say: when it passes a loop, everybody who passed that loop of that lap before it is
ahead, and the gap is to the first of them. Nothing here sees a frame.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import field

from features.airtime import Airtime, Budget
from features.f1.usual import bare, with_full_tank
from features.f1.vocabulary import COMPOUNDS, STATUS
from features.moments import Moment
from features.sport import EventStep

NAN: Final = float("nan")
#: how much of a race is shown and said: a whole one gets between 10 and 40 of each
HIGHLIGHTS: Final = Budget(
    every_s=210.0, purse=3.0, spacing_s=45.0, patience_s=600.0, repeat_s=0.0, again=1.0,
    usual=(0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.5),
)  # fmt: skip
SENTENCES: Final = Budget(
    every_s=210.0, purse=3.0, spacing_s=60.0, patience_s=540.0, repeat_s=240.0, again=0.85,
    usual=(0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5),
)  # fmt: skip
#: a lap has three sectors
LAST_SECTOR: Final = 3
#: what a stop costs where nobody says, s
PIT_LOSS_S: Final = 22.0
#: closer than this to the car ahead at a loop is traffic, s; this share of a lap's loops in traffic makes the lap an unclean one
TRAFFIC_S: Final = 1.0
TRAFFIC_SHARE: Final = 0.25


class Car(msgspec.Struct, array_like=True):
    """One car. Times are s on the game's axis; NaN and 0 before anything is known."""

    # the last loop, sector end and line that it passed; loops that it should have passed and did not
    lap: int = 0
    loop: int = 0
    loop_s: float = NAN
    sector: int = 0
    sector_s: float = NAN
    line_lap: int = -1
    line_s: float = NAN
    missed: int = 0
    # bests so far: lap, by sector, by mini-sector
    best_lap: float = NAN
    best_sector: list[float] = []
    best_mini: list[float] = []
    # by loop: the lap in which it was last passed, and when
    passed_lap: list[int] = []
    passed_s: list[float] = []
    # at its last loop: place, gap to the first, interval, and who was ahead
    place: int = 0
    gap_s: float = NAN
    interval_s: float = NAN
    ahead: int = -1
    # tyres and stops
    compound: int = -1
    age_laps: float = NAN
    stops: int = 0
    in_pit: bool = False
    # the present lap: loops in traffic, whether it is spoilt for pace (stop, neutralisation, off the track), what was lost
    traffic: int = 0
    spoilt: bool = True
    off: bool = False
    lost_off_s: float = 0.0
    lost_traffic_s: float = 0.0
    lost_stop_s: float = 0.0
    # clean laps, as they would be with a full tank and new soft tyres: how many and their sum, all and those in free air; and
    # sums of the stint's regression (see tyres.py)
    clean: list[float] = field(default_factory=lambda: [0.0] * 4)
    stint: list[float] = field(default_factory=lambda: [0.0] * 5)
    out: bool = False
    # passes.py: the lap in which it was last in the pit lane
    stopped_lap: int = -1
    # story.py: at the line a lap ago, the car ahead and the interval to it
    line_ahead: int = -1
    line_interval_s: float = NAN


class Ledger(msgspec.Struct, array_like=True):
    """``Ledger(players=N)`` is a race before its start."""

    players: int = 0
    lights_s: float = NAN
    laps: int = 0
    pit_loss_s: float = PIT_LOSS_S
    status: int = 0
    loops: int = 0
    leader: int = -1
    overall_lap: float = NAN
    overall_sector: list[float] = []
    overall_mini: list[float] = []
    cars: list[Car] = []
    #: passes.py: whether the feed reports passes; airing.py: what has been shown and said
    passes_told: bool = False
    shown: Airtime = field(default_factory=HIGHLIGHTS.new)
    said: Airtime = field(default_factory=SENTENCES.new)

    def __post_init__(self) -> None:
        if not self.cars:
            self.cars = [Car() for _ in range(self.players)]


def number(moment: Moment, name: str) -> float:
    """An attr as a float; NaN when it is missing or no number."""
    value = moment.attrs.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else NAN


def whole(moment: Moment, name: str) -> int:
    """The same as a whole number; 0 when it is missing, none, or absurd."""
    value = number(moment, name)
    return int(value) if 0 <= value < 1000 else 0


def car_of(moment: Moment, ledger: Ledger) -> Car | None:
    return ledger.cars[moment.player] if 0 <= moment.player < len(ledger.cars) else None


def at_line(moment: Moment, ledger: Ledger) -> bool:
    """Whether a loop event is the finish line: it ends the last sector."""
    return moment.type == "loop" and whole(moment, "sector") == LAST_SECTOR


def lap_time_s(moment: Moment, car: Car) -> float:
    """From line to line; NaN unless the line was also seen a lap ago."""
    return moment.t_s - car.line_s if car.line_lap == whole(moment, "lap") - 1 else NAN


def sector_time_s(moment: Moment, car: Car) -> float:
    sector, lap = whole(moment, "sector"), whole(moment, "lap")
    if sector == 1:
        return moment.t_s - car.line_s if car.line_lap == lap - 1 else NAN
    return moment.t_s - car.sector_s if sector > 1 and car.sector == sector - 1 and car.lap == lap else NAN


def mini_time_s(moment: Moment, car: Car) -> float:
    loop, lap = whole(moment, "loop"), whole(moment, "lap")
    if loop == 1:
        return moment.t_s - car.line_s if car.line_lap == lap - 1 else NAN
    return moment.t_s - car.loop_s if car.loop == loop - 1 and car.lap == lap else NAN


def pace_s(clean: list[float]) -> float:
    """A car's own pace from its clean laps: those in free air where there are two of them, else all; NaN without any."""
    if clean[2] >= 2:
        return clean[3] / clean[2]
    return clean[1] / clean[0] if clean[0] else NAN


def better(time_s: float, best_s: float) -> bool:
    return time_s == time_s and not time_s >= best_s


def best_of(bests: list[float], number: int) -> float:
    return bests[number - 1] if 0 < number <= len(bests) else NAN


def keep_best(bests: list[float], number: int, time_s: float) -> None:
    while len(bests) < number:
        bests.append(NAN)
    if better(time_s, bests[number - 1]):
        bests[number - 1] = time_s


# -- folding ---------------------------------------------------------------------------------------------------------------


def lights(moment: Moment, ledger: Ledger) -> None:
    ledger.lights_s = moment.t_s
    ledger.laps = whole(moment, "laps")
    loss = number(moment, "pit_loss_s")
    ledger.pit_loss_s = loss if loss > 0 else PIT_LOSS_S
    for car in ledger.cars:
        car.line_lap, car.line_s = 0, moment.t_s


def status(moment: Moment, ledger: Ledger) -> None:
    word = str(moment.attrs.get("status", ""))
    ledger.status = STATUS.index(word) if word in STATUS else 0
    if ledger.status:
        for car in ledger.cars:
            car.spoilt = True


def passed(moment: Moment, ledger: Ledger) -> None:
    """A car has passed a loop: its place, what was missed on the way, its bests; at the line its lap begins anew."""
    car, loop, lap = car_of(moment, ledger), whole(moment, "loop"), whole(moment, "lap")
    if car is None or not loop:
        return
    line, sector = at_line(moment, ledger), whole(moment, "sector")
    ledger.loops = max(ledger.loops, loop)
    if car.loop and (lap, loop) > (car.lap, car.loop):
        car.missed += (lap - car.lap) * ledger.loops + loop - car.loop - 1
    lap_s, sector_s, mini_s = lap_time_s(moment, car), sector_time_s(moment, car), mini_time_s(moment, car)
    _place(moment, ledger, car, lap, loop)
    if car.interval_s < TRAFFIC_S:
        car.traffic += 1
    lost = mini_s - best_of(car.best_mini, loop)
    if lost > 0:
        if car.off:
            car.lost_off_s += lost
        elif car.interval_s < TRAFFIC_S and not car.in_pit and not ledger.status:
            car.lost_traffic_s += lost
    car.off = False
    keep_best(car.best_mini, loop, mini_s)
    keep_best(ledger.overall_mini, loop, mini_s)
    if sector:
        keep_best(car.best_sector, sector, sector_s)
        keep_best(ledger.overall_sector, sector, sector_s)
        car.sector, car.sector_s = sector, moment.t_s
    car.lap, car.loop, car.loop_s = lap, loop, moment.t_s
    if line:
        _line(car, ledger, moment.t_s, lap, lap_s)


def _place(moment: Moment, ledger: Ledger, car: Car, lap: int, loop: int) -> None:
    while len(car.passed_s) < loop:
        car.passed_s.append(NAN)
        car.passed_lap.append(-1)
    car.passed_lap[loop - 1], car.passed_s[loop - 1] = lap, moment.t_s
    first_s, next_s, place, ahead = moment.t_s, NAN, 1, -1
    for n, other in enumerate(ledger.cars):
        if n == moment.player or len(other.passed_s) < loop or other.passed_lap[loop - 1] != lap:
            continue
        when = other.passed_s[loop - 1]
        place += 1
        first_s = min(first_s, when)
        if not when <= next_s:
            next_s, ahead = when, n
    car.place, car.gap_s, car.interval_s, car.ahead = place, moment.t_s - first_s, moment.t_s - next_s, ahead
    if place == 1:
        ledger.leader = moment.player


def _line(car: Car, ledger: Ledger, t_s: float, lap: int, lap_s: float) -> None:
    if better(lap_s, car.best_lap) and lap > 1:
        car.best_lap = lap_s
        if better(lap_s, ledger.overall_lap):
            ledger.overall_lap = lap_s
    car.age_laps += 1
    if lap_s == lap_s and not car.spoilt and lap > 1 and car.age_laps == car.age_laps and car.compound >= 0:
        pace_s = bare(lap_s, lap, ledger.laps, car.compound, car.age_laps - 1)
        free = car.traffic <= TRAFFIC_SHARE * ledger.loops
        car.clean[0] += 1
        car.clean[1] += pace_s
        if free:
            car.clean[2] += 1
            car.clean[3] += pace_s
            _regress(car, ledger, lap, lap_s)
    car.line_lap, car.line_s = lap, t_s
    car.traffic, car.spoilt = 0, car.in_pit or ledger.status != 0
    car.lost_off_s = car.lost_traffic_s = car.lost_stop_s = 0.0


def _regress(car: Car, ledger: Ledger, lap: int, lap_s: float) -> None:
    """One more clean lap of the stint, its time as it would have been with a full tank: n, sums of age, time, age squared,
    age times time."""
    x, y = car.age_laps - 1, with_full_tank(lap_s, lap, ledger.laps)
    for k, term in enumerate((1.0, x, y, x * x, x * y)):
        car.stint[k] += term


def fit_tyres(moment: Moment, ledger: Ledger) -> None:
    car = car_of(moment, ledger)
    word = str(moment.attrs.get("compound", ""))
    if car is not None:
        car.compound = COMPOUNDS.index(word) if word in COMPOUNDS else -1
        car.age_laps, car.stint = number(moment, "age_laps"), [0.0] * 5


def enter_pit(moment: Moment, ledger: Ledger) -> None:
    if (car := car_of(moment, ledger)) is not None:
        car.in_pit = car.spoilt = True


#: how long a stop takes when nothing goes wrong, s
STOP_S: Final = 2.6


def leave_pit(moment: Moment, ledger: Ledger) -> None:
    car = car_of(moment, ledger)
    if car is not None:
        car.in_pit, car.spoilt = False, True
        car.stops += 1
        still = number(moment, "stationary_s")
        if still > STOP_S:
            car.lost_stop_s += still - STOP_S


def go_off(moment: Moment, ledger: Ledger) -> None:
    if (car := car_of(moment, ledger)) is not None:
        car.off = car.spoilt = True


def retire(moment: Moment, ledger: Ledger) -> None:
    if (car := car_of(moment, ledger)) is not None:
        car.out = True


EVENT_STEPS: Final = (
    EventStep("ledger.lights", lights, on=("lights_out",), phase="apply"),
    EventStep("ledger.status", status, on=("track_status",), phase="apply"),
    EventStep("ledger.loop", passed, on=("loop",), phase="apply"),
    EventStep("ledger.tyres", fit_tyres, on=("tyres",), phase="apply"),
    EventStep("ledger.pit_entry", enter_pit, on=("pit_entry",), phase="apply"),
    EventStep("ledger.pit_exit", leave_pit, on=("pit_exit",), phase="apply"),
    EventStep("ledger.off_track", go_off, on=("off_track",), phase="apply"),
    EventStep("ledger.retirement", retire, on=("retirement",), phase="apply"),
)
