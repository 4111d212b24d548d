"""The account of a race from a few events and rows of one's own: who passes whom, who is lapped, what is not known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from features.f1 import SPORT, corners, progress
from features.f1.ledger import Ledger, order_at
from simulators.providers._stream import NO_DATE_US as T0_US
from streaming.factory import operator_for
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team

CARS = ("A", "B", "C")
RECORD = GameRecord(
    game="race",
    sport="f1",
    t0_us=T0_US,
    teams=(Team(id="t", name="Team"),),
    entities=[Entity(id=car, name=car, team="t", role="car") for car in CARS],
    tags=[Tag(tag=n, entity=car) for n, car in enumerate(CARS, 1)],
    feeds=[Feed(name="timing", kind="events", lateness_ms=2000)],
    periods=[Period(number=1, start_us=T0_US, home_attacks=0)],
)


def event(kind: str, at_s: float, car: str | None = None, /, outcome: str = "", **attrs: Any) -> Event:
    at = T0_US + round(at_s * 1e6)
    return Event(
        id=f"{kind}-{at_s:09.3f}-{car}",
        game="race",
        type=kind,
        t_us=at,
        period=1,
        team="t" if car else None,
        player=car,
        outcome=outcome,
        attrs=attrs,
        arrival_us=at + 100_000,
    )


def sectors(car: str, ends: list[list[float]], first: int = 1) -> list[Event]:
    """The ends of sectors, s, lap by lap."""
    return [
        event("loop", at, car, lap=float(lap), loop=float(s), sector=float(s))
        for lap, lines in enumerate(ends, first)
        for s, at in enumerate(lines, 1)
    ]


def finals(*happened: Event) -> list[StatBlock]:
    operator = operator_for(RECORD, draw=False, strict=True)
    out = [o for e in sorted(happened, key=lambda e: (e.t_us, e.id)) for o in operator.on_record(e)] + operator.finish()
    return [block for block in out if isinstance(block, StatBlock) and block.quality == "final"]


def values(blocks: list[StatBlock], stat: str, car: str = "") -> list[Any]:
    chosen = [b for b in blocks if b.stat == stat and b.event and (not car or b.subjects[0] == car)]
    return [b.values[0][0] for b in sorted(chosen, key=lambda b: (int(b.end_us[0]), str(b.event)))]


def cuts(blocks: list[StatBlock]) -> list[tuple[str, list[str]]]:
    found = [json.loads(v) if isinstance(v, str) else v for v in values(blocks, "game.highlight")]
    return [(cut["label"], cut["reasons"]) for cut in found]


def stories(blocks: list[StatBlock]) -> list[str]:
    return [(json.loads(v) if isinstance(v, str) else v)["en"] for v in values(blocks, "game.story")]


LIGHTS = event("lights_out", 0.0, laps=6.0)
EVEN = [[20.0, 40.0, 60.0], [80.0, 100.0, 120.0], [140.0, 160.0, 180.0]]


def behind(by: list[list[float]]) -> list[list[float]]:
    return [[at + late for at, late in zip(line, lates, strict=True)] for line, lates in zip(EVEN, by, strict=True)]


def test_an_unreported_pass_for_the_lead_is_a_highlight() -> None:
    """B is a second behind, and before A from the second sector of lap 2 on."""
    blocks = finals(LIGHTS, *sectors("A", EVEN), *sectors("B", behind([[1.0] * 3, [1.0, -0.5, -0.5], [-0.5] * 3])))
    assert cuts(blocks)[1:] == [("overtake", ["overtake", "lead"])]
    assert "B passes A and leads the race." in stories(blocks)


def test_a_lead_that_changes_in_the_pit_lane_is_no_pass() -> None:
    stop = [event("pit_entry", 95.0, "A"), event("pit_exit", 115.0, "A", lane_s=20.0)]
    blocks = finals(LIGHTS, *sectors("A", EVEN), *sectors("B", behind([[1.0] * 3, [1.0, -0.5, -0.5], [-0.5] * 3])), *stop)
    assert not [label for label, _ in cuts(blocks) if label == "overtake"]
    assert not [text for text in stories(blocks) if "passes" in text]


@pytest.mark.parametrize("status", ["safety_car", "red"])
def test_a_neutralised_race_has_no_passes(status: str) -> None:
    flag = event("track_status", 85.0, status=status)
    blocks = finals(LIGHTS, flag, *sectors("A", EVEN), *sectors("B", behind([[1.0] * 3, [1.0, -0.5, -0.5], [-0.5] * 3])))
    assert [label for label, _ in cuts(blocks)] == ["start", "red_flag" if status == "red" else "safety_car"]


def test_a_lapped_car_is_behind_those_who_lapped_it() -> None:
    late = [[25.0, 55.0, 85.0], [115.0, 145.0, 175.0]]
    blocks = finals(LIGHTS, *sectors("A", EVEN), *sectors("B", behind([[1.0] * 3] * 3)), *sectors("C", late))
    assert values(blocks, "f1.timing.position", "C") == [3.0, 3.0]
    assert values(blocks, "f1.timing.gap", "C") == [25.0, 55.0]
    ledger = Ledger(players=3, lights_s=0.0)
    for car, lap in ((0, 5), (1, 4)):
        ledger.cars[car].passed_lap, ledger.cars[car].passed_s = [lap], [100.0 - car]
    place, gap, interval, ahead = order_at(ledger, 2, 4, 1, 110.0)
    assert (place, interval, ahead) == (3, 11.0, 1)
    assert np.isnan(gap), "a lap behind the leader there is no gap"


def test_a_joined_race_has_no_places_before_all_cars_were_seen() -> None:
    """From the middle of lap 3: who was before A at that line is not known, and no time is the best so far."""
    seen = [*sectors("A", EVEN, first=3), *sectors("B", behind([[1.0] * 3] * 3), first=3)[1:]]
    gone = [e for e in seen if e.t_us > T0_US + 55_000_000]
    blocks = finals(*gone, *sectors("C", behind([[2.0] * 3] * 3), first=3)[3:])
    assert values(blocks, "f1.timing.position", "A") == [1.0, 1.0], "not at its first line, where C had not been seen"
    assert [v[0] for v in values(blocks, "f1.car.lap_time", "A")] == [60.0, 60.0], "the lap that was joined has no time"
    for _, _, personal, overall in values(blocks, "f1.car.lap_time"):
        assert np.isnan(personal)
        assert np.isnan(overall)
    assert not values(blocks, "f1.car.time_lost")


def test_unreported_parts_of_a_lost_lap_are_missing_and_not_zero() -> None:
    slow = [[20.0, 40.0, 60.0], [80.0, 100.0, 120.0], [140.0, 160.0, 183.0]]
    stop = [event("pit_entry", 150.0, "A"), event("pit_exit", 170.0, "A", lane_s=20.0)]
    blocks = finals(LIGHTS, *sectors("A", slow), *stop)
    lost = values(blocks, "f1.car.time_lost", "A")[-1]
    assert lost[0] == 3.0
    assert np.isnan(lost[1]), "nobody reports who leaves the track"
    assert lost[2] == 0.0, "A leads: no traffic"
    assert np.isnan(lost[3]), "how long it stood was not reported"
    reported = event("lights_out", 0.0, laps=6.0, off_track=True)
    still = event("pit_exit", 170.0, "A", lane_s=20.0, stationary_s=4.6)
    lost = values(finals(reported, *sectors("A", slow), stop[0], still), "f1.car.time_lost", "A")[-1]
    assert lost == pytest.approx([3.0, 0.0, 0.0, 2.0])


def test_a_retired_car_that_drives_on_is_back_in_the_race() -> None:
    out = event("retirement", 70.0, "B")
    fight = sectors("B", behind([[1.0] * 3, [1.0, -0.5, -0.5], [-0.5] * 3]))
    back = finals(LIGHTS, out, *sectors("A", EVEN), *fight)
    assert ("overtake", ["overtake", "lead"]) in cuts(back), "it passes a loop: it is back"
    barred = event("disqualification", 70.0, "B")
    blocks = finals(LIGHTS, barred, *sectors("A", EVEN), *fight)
    assert [label for label, _ in cuts(blocks)] == ["start", "disqualification"], "it may drive on, and is not in the race"
    withdrawn = event("retirement", 75.0, "B", outcome="withdrawn")
    assert stories(finals(LIGHTS, out, withdrawn)).count("B of Team is out of the race.") == 1


def test_reported_lap_and_sector_times_are_used() -> None:
    own = [
        event(
            "loop",
            60.4,
            "A",
            lap=4.0,
            loop=3.0,
            sector=3.0,
            lap_time_s=59.9,
            sector_time_s=19.9,
            personal_best=True,
            overall_best=False,
            place=2.0,
            gap_s=1.25,
        ),
    ]
    blocks = finals(event("session", 0.0, kind="race", laps=6.0), *own)
    assert values(blocks, "f1.car.lap_time") == [[59.9, 4.0, 1.0, 0.0]]
    assert values(blocks, "f1.car.sector_time")[0][:2] == [19.9, 3.0]
    assert values(blocks, "f1.car.position_at_line") == [2.0]
    assert values(blocks, "f1.car.gap_at_line") == [1.25]


# -- rows ----------------------------------------------------------------------------------------------------------------------


def follow(lap: Any, distance: Any, speed: Any, dt: float = 0.1) -> dict[str, Any]:
    """Ranks and gaps of rows of one's own."""
    rows, cars = lap.shape
    shape = (cars, progress.LAPS, progress.POSTS)
    found: dict[str, Any] = {name: np.full((rows, cars), np.nan) for name in ("rank", "ahead", "gap", "interval", "closing")}
    state = np.zeros(shape), np.zeros(shape), np.zeros((cars, 6)), np.zeros((cars, cars))
    progress.follow(np.arange(rows) * dt, lap, distance, speed, 1, rows, *state, *found.values())
    return found


def two_cars(rows: int = 1400, back_m: float = 90.0) -> tuple[Any, Any, Any]:
    """Two cars at 60 m/s on a lap of 3 km, the second one ``back_m`` behind."""
    way = 6.0 * np.arange(rows)[:, None] + np.array([[500.0, 500.0 - back_m]])
    return np.floor(way / 3000.0) + 1.0, way % 3000.0, np.full(way.shape, 60.0)


def test_a_hole_in_the_leader_s_rows_is_none_in_the_others_gaps() -> None:
    lap, distance, speed = two_cars()
    whole = follow(lap, distance, speed)
    for k in (300, 910):  # two seconds on the lap, and over the line
        part = slice(k, k + 20)
        lap[part, 0] = distance[part, 0] = speed[part, 0] = np.nan
    found = follow(lap, distance, speed)
    assert np.isnan(found["rank"][300:320, 0]).all()
    assert set(found["rank"][40:, 1]) == {2.0}, "it is not passed by those who are farther behind than the hole is long"
    known = np.isfinite(found["gap"][:, 1])
    missing = set(np.flatnonzero(~known)[np.flatnonzero(~known) > 40].tolist())
    assert missing <= {*range(300, 320), *range(910, 930)}, "nothing is missing once it is back"
    assert np.nanmax(np.abs(found["gap"][40:, 1] - whole["gap"][40:, 1])) < 0.05
    assert whole["gap"][40:, 1] == pytest.approx(1.5, abs=0.02), "also at the last post before the line"


def test_a_gap_is_never_negative() -> None:
    lap, distance, speed = two_cars()
    way = (lap - 1.0) * 3000.0 + distance
    way[:, 1] += np.clip(np.arange(len(way)) - 500, 0, 200) * 1.0  # passes the other one between two posts
    found = follow(np.floor(way / 3000.0) + 1.0, way % 3000.0, speed)
    assert found["rank"][-1].tolist() == [2.0, 1.0]
    for name in ("gap", "interval"):
        known = found[name][np.isfinite(found[name])]
        assert known.min() >= 0.0
        assert len(known) > 1000


def test_a_silent_car_leaves_the_order_at_last() -> None:
    lap, distance, speed = two_cars(rows=100 + int(progress.LEFT_S * 10) + 20)
    lap[100:, 0] = np.nan
    found = follow(lap, distance, speed)
    assert found["rank"][101, 1] == 2.0
    assert found["rank"][-1, 1] == 1.0


def corner_rows(speed: Any, brake: Any, metres: Any) -> Any:
    out = np.full((len(speed), 1, 7), np.nan)
    column = speed[:, None]
    corners.follow(column, brake[:, None], column, np.full(column.shape, -20.0), metres[:, None], 1, len(speed), out)
    return out[:, 0]


def test_a_corner_that_is_not_braked_for_has_an_apex_of_its_own() -> None:
    """Down to 30 m/s at 200 m with the brakes, up to 45, and down to 40 at 320 m without them."""
    speed = np.concatenate(
        [
            np.linspace(80, 80, 20),
            np.linspace(80, 30, 20),
            np.linspace(30, 45, 20),
            np.linspace(45, 40, 10),
            np.linspace(40, 60, 20),
        ]
    )
    brake = np.concatenate([np.zeros(21), np.ones(18), np.zeros(51)])
    metres = np.concatenate([[0.0], np.cumsum(0.1 * speed[1:])])
    found = corner_rows(speed, brake, metres)
    first, second = found[55], found[-1]
    assert first[3] == pytest.approx(30.0)
    assert first[4] == pytest.approx(metres[39], abs=6.0)
    assert second[3] == pytest.approx(40.0, abs=0.1)
    assert second[4] == pytest.approx(metres[69], abs=6.0)
    assert second[0] == first[0], "the braking is still the first one's"


def test_braking_that_was_under_way_when_a_car_was_first_seen_is_not_followed() -> None:
    speed, brake = np.linspace(80, 30, 30), np.ones(30)
    assert np.isnan(corner_rows(speed, brake, np.cumsum(0.1 * speed))[:, 0]).all()
    brake[:3] = 0.0
    assert np.isfinite(corner_rows(speed, brake, np.cumsum(0.1 * speed))[-1, 0])


def test_events_and_stats_know_each_other() -> None:
    for kind in ("session", "standing", "disqualification"):
        assert kind in SPORT.event_types
    assert {"timing_place", "timing_gap_s", "timing_interval_s"} <= set(SPORT.channels)
