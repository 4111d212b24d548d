"""How each event changes the account of a race: loops, stops, standings, retirements, and what timing itself reports."""

from __future__ import annotations

from typing import Final

from features.core.event_context import EventContext
from features.core.sport import EventStep
from features.f1.ledger import (
    NAN,
    STOP_S,
    TRAFFIC_S,
    TRAFFIC_SHARE,
    Car,
    Ledger,
    add_clean_lap,
    at_line,
    best_known,
    best_of,
    better,
    car_of,
    lap_time_s,
    mini_time_s,
    number,
    order_at,
    racing,
    sector_time_s,
    update_best,
    whole,
)
from features.f1.pace_model import PIT_LOSS_S, lap_row, with_stop
from features.f1.vocabulary import COMPOUNDS, SESSIONS, STATUS

RED: Final = STATUS.index("red")


def open_session(event: EventContext, ledger: Ledger) -> None:
    """What the session is, where a feed begins. Before the lights nothing is known of stops that were made."""
    word = str(event.attrs.get("kind", ""))
    ledger.kind = SESSIONS.index(word) if word in SESSIONS else -1
    ledger.laps = whole(event, "laps") if ledger.kind == 0 else 0
    if ledger.lights_s != ledger.lights_s:
        for car in ledger.cars:
            if not car.lap:
                car.stops = -1


def lights(event: EventContext, ledger: Ledger) -> None:
    ledger.lights_s, ledger.kind = event.t_s, 0
    ledger.laps = whole(event, "laps")
    ledger.tells_off = event.attrs.get("off_track") is True
    ledger.tells_passes = event.attrs.get("passes") is True
    loss = number(event, "pit_loss_s")
    ledger.pit_loss_s, ledger.stops_timed = loss if loss > 0 else PIT_LOSS_S, 0
    for car in ledger.cars:
        car.line_lap, car.line_s = 0, event.t_s
        car.stops = max(car.stops, 0)


def status(event: EventContext, ledger: Ledger) -> None:
    word = str(event.attrs.get("status", ""))
    ledger.status = STATUS.index(word) if word in STATUS else 0
    if ledger.status:
        for car in ledger.cars:
            car.spoilt, car.stop_cost_s = True, NAN
            car.stopped |= ledger.status == RED


def pass_loop(event: EventContext, ledger: Ledger) -> None:
    """A car has passed a loop: its place, what was missed on the way, its bests; at the line its lap begins anew."""
    car, loop, lap = car_of(event, ledger), whole(event, "loop"), whole(event, "lap")
    if car is None or not loop:
        return
    line, sector = at_line(event, ledger), whole(event, "sector")
    car.from_lap = car.from_lap or lap
    ledger.loops = max(ledger.loops, loop)
    if car.loop and (lap, loop) > (car.lap, car.loop):
        car.missed += (lap - car.lap) * ledger.loops + loop - car.loop - 1
    lap_s, sector_s, mini_s = lap_time_s(event, car), sector_time_s(event, car), mini_time_s(event, car)
    _pass(event, car, lap, loop)
    if racing(ledger) and not car.fed:
        _place(event, ledger, car, lap, loop)
    # a car that was reported out and drives on is not
    car.out &= car.barred
    if car.interval_s < TRAFFIC_S:
        car.traffic += 1
    lost = mini_s - best_of(car.best_mini, loop)
    if lost > 0:
        if car.off:
            car.lost_off_s += lost
        elif car.interval_s < TRAFFIC_S and not car.in_pit and not ledger.status:
            car.lost_traffic_s += lost
    car.off = False
    update_best(car.best_mini, loop, mini_s)
    update_best(ledger.overall_mini, loop, mini_s)
    if sector:
        update_best(car.best_sector, sector, sector_s)
        update_best(ledger.overall_sector, sector, sector_s)
        car.sector, car.sector_s, car.sector_loop = sector, event.t_s, loop
    car.lap, car.loop, car.loop_s = lap, loop, event.t_s
    if line:
        _line(car, ledger, event.t_s, lap, lap_s)


def _pass(event: EventContext, car: Car, lap: int, loop: int) -> None:
    while len(car.passed_s) < loop:
        car.passed_s.append(NAN)
        car.passed_lap.append(-1)
    car.passed_lap[loop - 1], car.passed_s[loop - 1] = lap, event.t_s


def _place(event: EventContext, ledger: Ledger, car: Car, lap: int, loop: int) -> None:
    car.place, car.gap_s, car.interval_s, car.ahead = order_at(ledger, event.player, lap, loop, event.t_s)
    if car.place == 1:
        ledger.leader = event.player


def _line(car: Car, ledger: Ledger, t_s: float, lap: int, lap_s: float) -> None:
    if better(lap_s, car.best_lap) and lap > 1:
        car.best_lap = lap_s
        if better(lap_s, ledger.overall_lap):
            ledger.overall_lap = lap_s
        if not racing(ledger):
            rank_by_best(ledger)
    car.age_laps += 1
    if car.age_laps == car.age_laps and car.compound >= 0:
        row = lap_row(lap, ledger.laps, car.compound, car.age_laps - 1)
        _count_stop(car, ledger, row, lap_s)
        if lap_s == lap_s and not car.spoilt and lap > 1:
            free = car.traffic <= TRAFFIC_SHARE * ledger.loops
            add_clean_lap(ledger.pace, car.clean, row, lap_s, free=free)
            if free:
                _regress(car, lap_s)
    car.line_lap, car.line_s = lap, t_s
    car.traffic, car.spoilt, car.stopped = 0, car.in_pit or ledger.status != 0, ledger.status == RED
    car.lost_off_s = car.lost_traffic_s = car.lost_stop_s = 0.0


def rank_by_best(ledger: Ledger) -> None:
    """Places of a practice or qualifying: by best laps, with the differences between them, where timing does not report them."""
    ranked = sorted((n for n, car in enumerate(ledger.cars) if car.best_lap == car.best_lap), key=lambda n: ledger.cars[n].best_lap)
    for place, n in enumerate(ranked, 1):
        car = ledger.cars[n]
        if not car.fed:
            car.place, car.gap_s = place, car.best_lap - ledger.cars[ranked[0]].best_lap
            car.interval_s = NAN  # nothing that could be traffic


def apply_standing(event: EventContext, ledger: Ledger) -> None:
    """Place and gaps as timing gives them."""
    car = car_of(event, ledger)
    if car is None:
        return
    best = number(event, "best_lap_s")
    if better(best, car.best_lap):
        car.best_lap, car.best_given = best, True
        if better(best, ledger.overall_lap):
            ledger.overall_lap = best
    place = whole(event, "place")
    if not place:
        return
    car.place, car.fed = place, True
    car.gap_s = number(event, "gap_s")
    car.interval_s = number(event, "interval_s") if racing(ledger) else NAN
    car.ahead = next((n for n, other in enumerate(ledger.cars) if other is not car and other.place == place - 1), -1)
    if place == 1:
        ledger.leader = event.player


def _regress(car: Car, lap_s: float) -> None:
    """One more clean lap of the stint: n, sums of age, time, age squared, age times time."""
    x, y = car.age_laps - 1, lap_s
    for k, term in enumerate((1.0, x, y, x * x, x * y)):
        car.stint[k] += term


def _count_stop(car: Car, ledger: Ledger, row: list[float], lap_s: float) -> None:
    """What this lap adds to the cost of the stop under way; the stop ends at the first line after the pit lane."""
    if car.stop_cost_s != car.stop_cost_s:
        return
    car.stop_cost_s += lap_s - ledger.pace.expected_s(best_known(car.clean), row)
    if not car.in_pit:
        ledger.pit_loss_s, ledger.stops_timed = with_stop(ledger.pit_loss_s, ledger.stops_timed, car.stop_cost_s)
        car.stop_cost_s = NAN


def fit_tyres(event: EventContext, ledger: Ledger) -> None:
    car = car_of(event, ledger)
    word = str(event.attrs.get("compound", ""))
    if car is not None:
        car.compound = COMPOUNDS.index(word) if word in COMPOUNDS else -1
        car.age_laps, car.stint = number(event, "age_laps"), [0.0] * 5
        if "stops" in event.attrs:
            car.stops = whole(event, "stops")


def enter_pit(event: EventContext, ledger: Ledger) -> None:
    if (car := car_of(event, ledger)) is not None:
        car.stop_cost_s = NAN if ledger.status or car.off else 0.0
        car.in_pit = car.spoilt = True
        car.pit_s = event.t_s


def leave_pit(event: EventContext, ledger: Ledger) -> None:
    car = car_of(event, ledger)
    if car is not None:
        car.in_pit, car.spoilt, car.pit_s = False, True, event.t_s
        car.stops += car.stops >= 0
        # how long it stood may be unknown: then so is what it lost
        car.lost_stop_s += max(number(event, "stationary_s") - STOP_S, 0.0) if "stationary_s" in event.attrs else NAN


def go_off(event: EventContext, ledger: Ledger) -> None:
    if (car := car_of(event, ledger)) is not None:
        car.off = car.spoilt = True
        car.stop_cost_s = NAN


def retire(event: EventContext, ledger: Ledger) -> None:
    if (car := car_of(event, ledger)) is not None:
        car.out = car.barred or event.outcome != "withdrawn"


def disqualify(event: EventContext, ledger: Ledger) -> None:
    if (car := car_of(event, ledger)) is not None:
        car.out = car.barred = True


EVENT_STEPS: Final = (
    EventStep("ledger.session", open_session, on=("session",), phase="apply"),
    EventStep("ledger.lights", lights, on=("lights_out",), phase="apply"),
    EventStep("ledger.status", status, on=("track_status",), phase="apply"),
    EventStep("ledger.loop", pass_loop, on=("loop",), phase="apply"),
    EventStep("ledger.standing", apply_standing, on=("standing",), phase="apply"),
    EventStep("ledger.tyres", fit_tyres, on=("tyres",), phase="apply"),
    EventStep("ledger.pit_entry", enter_pit, on=("pit_entry",), phase="apply"),
    EventStep("ledger.pit_exit", leave_pit, on=("pit_exit",), phase="apply"),
    EventStep("ledger.off_track", go_off, on=("off_track",), phase="apply"),
    EventStep("ledger.retirement", retire, on=("retirement",), phase="apply"),
    EventStep("ledger.disqualification", disqualify, on=("disqualification",), phase="apply"),
)
