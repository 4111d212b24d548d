"""The running account of a race, folded from its events in their order: what each car last passed and when, its bests, its tyres.

A car's *place* in the account is what timing gives, else what the loops say: when it passes a loop, each car that passed that loop
of that lap before it is ahead, and the gap is to the first of them. Nothing here sees a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import field

from features.common.airtime import Airtime, Budget
from features.core.event_context import EventContext
from features.core.frames import Floats
from features.f1.pace_model import PIT_LOSS_S, SUMS, PaceModel, add_lap

NAN: Final = float("nan")
#: how many highlights and sentences go on air: a whole race gets between 10 and 40 of each
HIGHLIGHTS: Final = Budget(
    every_s=210.0,
    purse=3.0,
    spacing_s=45.0,
    patience_s=600.0,
    repeat_s=0.0,
    again=1.0,
    usual=(0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.5),
)
SENTENCES: Final = Budget(
    every_s=210.0,
    purse=3.0,
    spacing_s=60.0,
    patience_s=540.0,
    repeat_s=240.0,
    again=0.85,
    usual=(0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5),
)
#: a lap has three sectors
LAST_SECTOR: Final = 3
#: how long a stop takes when nothing goes wrong, s
STOP_S: Final = 2.6
#: a car that has not been seen for so many laps of another one is no longer in the race
SETTLED_LAPS: Final = 2
#: closer than this to the car ahead at a loop is traffic, s; this share of a lap's loops in traffic makes the lap an unclean one
TRAFFIC_S: Final = 1.0
TRAFFIC_SHARE: Final = 0.25


class Car(msgspec.Struct, array_like=True):
    """One car. Times are s on the game's axis; NaN and 0 before anything is known."""

    # the lap in which it was first seen; the last loop, sector end and line that it passed; loops that it should have passed and
    # did not
    from_lap: int = 0
    lap: int = 0
    loop: int = 0
    loop_s: float = NAN
    sector: int = 0
    sector_s: float = NAN
    sector_loop: int = 0
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
    # whether timing itself says its place and gaps: then they are not worked out
    fed: bool = False
    # tyres and stops
    compound: int = -1
    age_laps: float = NAN
    stops: int = 0  # -1 where the feed was joined in the middle and does not say
    in_pit: bool = False
    pit_s: float = NAN  # when it last entered or left the pit lane
    # the present lap: loops in traffic, whether it is spoilt for pace (stop, neutralisation, off the track), what was lost
    traffic: int = 0
    spoilt: bool = True
    off: bool = False
    stopped: bool = False  # the race stood still in this lap
    lost_off_s: float = 0.0
    lost_traffic_s: float = 0.0
    lost_stop_s: float = 0.0
    # clean laps: sums of all and of those in free air (see pace_model.py), one after the other; and sums of the stint's regression
    # (see tyres.py)
    clean: list[float] = field(default_factory=lambda: [0.0] * (2 * SUMS))
    stint: list[float] = field(default_factory=lambda: [0.0] * 5)
    out: bool = False
    barred: bool = False  # disqualified
    best_given: bool = False  # its best lap is timing's own
    # commentary.py: at the line a lap ago, the car ahead and the interval to it
    line_ahead: int = -1
    line_interval_s: float = NAN
    # what the stop under way has cost so far, s; NaN without one, or when something else costs time, too
    stop_cost_s: float = NAN

    def __post_init__(self) -> None:
        # an account of version 0.1 kept laps corrected by constants: its clean laps and its stint begin anew
        if len(self.clean) != 2 * SUMS:
            self.clean, self.stint = [0.0] * (2 * SUMS), [0.0] * 5


class Ledger(msgspec.Struct, array_like=True):
    """``Ledger(players=N)`` is a race before its start."""

    players: int = 0
    lights_s: float = NAN
    #: index in vocabulary.SESSIONS, -1 where it is not reported; practice and qualifying have no order on the track
    kind: int = -1
    laps: int = 0
    #: whether cars that leave the track, and attempts to pass, are reported in this race
    tells_off: bool = False
    tells_passes: bool = False
    #: what a stop costs: as it is reported or as in other races, drawn towards what the stops so far have cost
    pit_loss_s: float = PIT_LOSS_S
    status: int = 0
    loops: int = 0
    leader: int = -1
    overall_lap: float = NAN
    overall_sector: list[float] = []
    overall_mini: list[float] = []
    cars: list[Car] = []
    #: on_air.py: highlights and sentences that went on air
    shown: Airtime = field(default_factory=HIGHLIGHTS.new)
    said: Airtime = field(default_factory=SENTENCES.new)
    #: what laps cost in this race, from those so far; and the number of stops that ``pit_loss_s`` is from
    pace: PaceModel = field(default_factory=PaceModel)
    stops_timed: int = 0

    def __post_init__(self) -> None:
        if not self.cars:
            self.cars = [Car() for _ in range(self.players)]


def number(event: EventContext, name: str) -> float:
    """An attr as a float; NaN when it is missing or no number."""
    value = event.attrs.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else NAN


def whole(event: EventContext, name: str) -> int:
    """The same as a whole number; 0 when it is missing, none, or absurd."""
    value = number(event, name)
    return int(value) if 0 <= value < 1000 else 0


def car_of(event: EventContext, ledger: Ledger) -> Car | None:
    return ledger.cars[event.player] if 0 <= event.player < len(ledger.cars) else None


def at_line(event: EventContext, ledger: Ledger) -> bool:
    """Whether a loop event is the finish line: it ends the last sector."""
    return event.type == "loop" and whole(event, "sector") == LAST_SECTOR


def racing(ledger: Ledger) -> bool:
    """Whether cars have an order on the track: in a race, or where the session is not reported."""
    return ledger.kind <= 0


def of_a_race(compute: Callable[[Ledger, float], Floats]) -> Callable[[Ledger, float], Floats | None]:
    """The same, and nothing at all where there is no race, or how long it is has not been said: a row of a practice is no row of a
    race that is empty."""

    def read(ledger: Ledger, t_s: float) -> Floats | None:
        return compute(ledger, t_s) if ledger.laps else None

    return read


def lap_time_s(event: EventContext, car: Car) -> float:
    """As timing gives it, else from line to line; NaN unless the line was also seen a lap ago."""
    given = number(event, "lap_time_s")
    if given > 0:
        return given
    return event.t_s - car.line_s if car.line_lap == whole(event, "lap") - 1 else NAN


def sector_time_s(event: EventContext, car: Car) -> float:
    sector, lap = whole(event, "sector"), whole(event, "lap")
    given = number(event, "sector_time_s")
    if given > 0 and sector:
        return given
    if sector == 1:
        return event.t_s - car.line_s if car.line_lap == lap - 1 else NAN
    return event.t_s - car.sector_s if sector > 1 and car.sector == sector - 1 and car.lap == lap else NAN


def mini_time_s(event: EventContext, car: Car) -> float:
    loop, lap = whole(event, "loop"), whole(event, "lap")
    if loop == 1:
        return event.t_s - car.line_s if car.line_lap == lap - 1 else NAN
    return event.t_s - car.loop_s if car.loop == loop - 1 and car.lap == lap else NAN


def order_at(ledger: Ledger, car_at: int, lap: int, loop: int, t_s: float) -> tuple[int, float, float, int]:
    """Place, gap to the first and interval to the next, s, and who that is, of a car that passes a loop at ``t_s``: ahead are
    those who passed it before in that lap, and those who have passed it in a later one. Behind by a lap there is no gap. Place 0
    and NaN where the race was joined in the middle and a car that has not been seen may have passed before."""
    joined = ledger.lights_s != ledger.lights_s and lap < (ledger.cars[car_at].from_lap or lap) + SETTLED_LAPS
    if joined and any(n != car_at and not other.loop and not other.out for n, other in enumerate(ledger.cars)):
        return 0, NAN, NAN, -1
    first_s, next_s, place, ahead = t_s, NAN, 1, -1
    for n, other in enumerate(ledger.cars):
        if n == car_at or len(other.passed_s) < loop or other.passed_lap[loop - 1] < lap:
            continue
        place += 1
        if other.passed_lap[loop - 1] > lap:
            first_s = NAN
            continue
        when = other.passed_s[loop - 1]
        first_s = min(first_s, when) if first_s == first_s else NAN
        if not when <= next_s:
            next_s, ahead = when, n
    return place, t_s - first_s, t_s - next_s, ahead


def add_clean_lap(model: PaceModel, clean: list[float], row: list[float], lap_s: float, *, free: bool) -> None:
    """One more clean lap of a car, ``free`` when it was driven in free air; only such a lap shows what laps cost."""
    every, free_air = clean[:SUMS], clean[SUMS:]
    if free:
        lap_s = model.add_lap(free_air, row, lap_s)
    add_lap(every, row, lap_s)
    clean[:] = every + free_air


def best_known(clean: list[float]) -> list[float]:
    """Sums of a car's clean laps in free air where there are two of them, else of all."""
    return clean[SUMS:] if clean[SUMS] >= 2 else clean[:SUMS]


def pace_s(model: PaceModel, clean: list[float]) -> float:
    """A car's own pace from its clean laps, see :func:`best_known`; NaN without any."""
    return model.pace_s(best_known(clean))


def better(time_s: float, best_s: float) -> bool:
    return time_s == time_s and not time_s >= best_s


def best_of(bests: list[float], number: int) -> float:
    return bests[number - 1] if 0 < number <= len(bests) else NAN


def update_best(bests: list[float], number: int, time_s: float) -> None:
    while len(bests) < number:
        bests.append(NAN)
    if better(time_s, bests[number - 1]):
        bests[number - 1] = time_s
